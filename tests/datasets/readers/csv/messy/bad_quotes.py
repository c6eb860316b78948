"""Quotes that stand where they must not, or are never closed, in every place of row and file."""

from __future__ import annotations

from .case import Sheet, case

ODD = "misplaced quote/unclosed quote"
MAYBE = ("misplaced quote?", "unclosed quote?", "stray quote?")

# Quotes are used, so an odd one is a fault.
QUOTED = Sheet(
    (
        "id,name,price,day",
        '1,"Alpha, Ltd",10.5,2024-01-02',
        '2,"Beta",7.25,2024-01-03',
        '3,"Gamma & Co",12,2024-02-11',
        '4,"Delta, Inc",3.75,2024-02-20',
        '5,"Epsilon",8.5,2024-03-05',
        '6,"Zeta",9.99,2024-03-09',
    ),
    "id|name|price|day",
    (
        "1|Alpha, Ltd|10.5|2024-01-02",
        "2|Beta|7.25|2024-01-03",
        "3|Gamma & Co|12|2024-02-11",
        "4|Delta, Inc|3.75|2024-02-20",
        "5|Epsilon|8.5|2024-03-05",
        "6|Zeta|9.99|2024-03-09",
    ),
)

# Quotes are not used, so a quote may as well be text.
PLAIN = Sheet(
    (
        "part;size;count;bin",
        "pipe;10;100;A1",
        "rod;20;200;A2",
        "bolt;30;300;B1",
        "nut;40;400;B2",
        "tube;50;500;C1",
    ),
    "part|size|count|bin",
    ("pipe|10|100|A1", "rod|20|200|A2", "bolt|30|300|B1", "nut|40|400|B2", "tube|50|500|C1"),
)

ALL = Sheet(
    (
        '"part","note","bin"',
        '"pipe","cut, and cleaned","A1"',
        '"rod","raw","A2"',
        '"bolt","zinc, M8","B1"',
        '"nut","","B2"',
    ),
    "part|note|bin",
    ("pipe|cut, and cleaned|A1", "rod|raw|A2", "bolt|zinc, M8|B1", 'nut|""|B2'),
)

DAMAGED = (
    QUOTED.damaged("quote in a quoted cell, first row, start", 1, '1,""Alpha, Ltd",10.5,2024-01-02',
                   '1|"Alpha, Ltd|10.5|2024-01-02', ODD, "too many fields?"),
    QUOTED.damaged("quote in a quoted cell, first row, middle", 1,
                   '1,"Al"pha, Ltd",10.5,2024-01-02', '1|Al"pha, Ltd|10.5|2024-01-02', ODD),
    QUOTED.damaged("quote in a quoted cell, first row, end", 1, '1,"Alpha, Ltd"",10.5,2024-01-02',
                   '1|Alpha, Ltd"|10.5|2024-01-02', ODD),
    QUOTED.damaged("quote in a quoted cell, middle row, start", 3, '3,""Gamma & Co",12,2024-02-11',
                   '3|"Gamma & Co|12|2024-02-11', ODD),
    QUOTED.damaged("quote in a quoted cell, middle row, middle", 3, '3,"Gamma" & Co",12,2024-02-11',
                   '3|Gamma" & Co|12|2024-02-11', ODD),
    QUOTED.damaged("quote in a quoted cell, middle row, end", 3, '3,"Gamma & Co"",12,2024-02-11',
                   '3|Gamma & Co"|12|2024-02-11', ODD),
    QUOTED.damaged("quote in a quoted cell, last row, start", 6, '6,""Zeta",9.99,2024-03-09',
                   '6|"Zeta|9.99|2024-03-09', ODD),
    QUOTED.damaged("quote in a quoted cell, last row, middle", 6, '6,"Ze"ta",9.99,2024-03-09',
                   '6|Ze"ta|9.99|2024-03-09', ODD),
    QUOTED.damaged("quote in a quoted cell, last row, end", 6, '6,"Zeta"",9.99,2024-03-09',
                   '6|Zeta"|9.99|2024-03-09', ODD),
    # tidyverse/readr #932
    QUOTED.damaged("a quotation in a quoted cell", 2, '2,"Beta "the second" one",7.25,2024-01-03',
                   '2|Beta "the second" one|7.25|2024-01-03', ODD),
    QUOTED.damaged("a quotation at the end of a quoted cell", 5,
                   '5,"Epsilon "fifth"",8.5,2024-03-05', '5|Epsilon "fifth"|8.5|2024-03-05', ODD),
    QUOTED.damaged("unclosed quote, first row", 1, '1,"Alpha,10.5,2024-01-02',
                   '1|"Alpha|10.5|2024-01-02', ODD),
    QUOTED.damaged("unclosed quote, middle row", 3, '3,"Gamma & Co,12,2024-02-11',
                   '3|"Gamma & Co|12|2024-02-11', ODD),
    QUOTED.damaged("unclosed quote, last row", 6, '6,"Zeta,9.99,2024-03-09',
                   '6|"Zeta|9.99|2024-03-09', ODD),
    QUOTED.damaged("a closing quote that was never opened, first row", 1,
                   '1,Alpha",10.5,2024-01-02', '1|Alpha"|10.5|2024-01-02', *MAYBE),
    QUOTED.damaged("a closing quote that was never opened, last row", 6,
                   '6,Zeta",9.99,2024-03-09', '6|Zeta"|9.99|2024-03-09', *MAYBE),
    QUOTED.damaged("quote at the start of a number", 2, '2,"Beta","7.25,2024-01-03',
                   '2|Beta|"7.25|2024-01-03', ODD),
    QUOTED.damaged("quote within the first column", 4, '4",'
                   '"Delta, Inc",3.75,2024-02-20', '4"|Delta, Inc|3.75|2024-02-20', *MAYBE),
    QUOTED.damaged("quote at the end of the last column", 4, '4,"Delta, Inc",3.75,2024-02-20"',
                   '4|Delta, Inc|3.75|2024-02-20"', *MAYBE),
    QUOTED.damaged("quote at the end of the last row", 6, '6,"Zeta",9.99,2024-03-09"',
                   '6|Zeta|9.99|2024-03-09"', *MAYBE),
    QUOTED.damaged("text after the closing quote", 2, '2,"Beta"B,7.25,2024-01-03',
                   '2|"Beta"B|7.25|2024-01-03', ODD),
    PLAIN.damaged("quote in a plain cell, first row, start", 1, '"pipe;10;100;A1',
                  '"pipe|10|100|A1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, first row, middle", 1, 'pi"pe;10;100;A1',
                  'pi"pe|10|100|A1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, first row, end", 1, 'pipe";10;100;A1',
                  'pipe"|10|100|A1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, middle row, start", 3, 'bolt;"30;300;B1',
                  'bolt|"30|300|B1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, middle row, middle", 3, 'bolt;3"0;300;B1',
                  'bolt|3"0|300|B1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, middle row, end", 3, 'bolt;30";300;B1',
                  'bolt|30"|300|B1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, last row, start", 5, 'tube;50;500;"C1',
                  'tube|50|500|"C1', *MAYBE),
    PLAIN.damaged("quote in a plain cell, last row, end", 5, 'tube;50;500;C1"',
                  'tube|50|500|C1"', *MAYBE),
    PLAIN.damaged("quote in the header", 0, 'part;size in ";count;bin', 'part|size in "|count|bin',
                  *MAYBE),
    ALL.damaged("all quoted, quote in the first column, start", 2, '""rod","raw","A2"',
                '"rod|raw|A2', ODD),
    ALL.damaged("all quoted, quote in the middle column, middle", 1,
                '"pipe","cut, "and" cleaned","A1"', 'pipe|cut, "and" cleaned|A1', ODD),
    ALL.damaged("all quoted, quote in the last column, end", 3, '"bolt","zinc, M8","B1""',
                'bolt|zinc, M8|B1"', ODD),
    ALL.damaged("all quoted, the last cell is not closed", 2, '"rod","raw","A2', 'rod|raw|"A2',
                ODD),
    ALL.damaged("all quoted, the last cell of the file is not closed", 4, '"nut","","B2',
                'nut|""|"B2', ODD),
    ALL.damaged("all quoted, a missing delimiter", 2, '"rod","raw"', "rod|raw|",
                "too few fields"),
    ALL.damaged("all quoted, a delimiter too many", 2, '"rod","raw","A2",', "rod|raw|A2",
                "too many fields"),
)  # fmt: skip

CASES = (
    QUOTED.clean("the quoted sheet"),
    PLAIN.clean("the sheet without quotes", delimiter=";"),
    ALL.clean("the sheet all in quotes"),
    *DAMAGED,
    case("unclosed quote before quoted line breaks",
         'id,text,n\n1,"a\nb",5\n2,"c,6\n3,"d\ne",7\n4,"f",8\n5,"g, h",9\n',
         "id|text|n", "1|a\nb|5", '2|"c|6', "3|d\ne|7", "4|f|8", "5|g, h|9", problems=(ODD,)),
    case("a delimiter missing before a quoted one",
         'id,kind,text,day\n1,Toy,"red, 7cm",2024-01-02\n2,Toy"blue, 9cm",2024-01-03\n'
         '3,Book,"grey, 5cm",2024-02-11\n4,Toy,"pink, 1cm",2024-02-20\n',
         "id|kind|text|day", "1|Toy|red, 7cm|2024-01-02", "2|Toy|blue, 9cm|2024-01-03",
         "3|Book|grey, 5cm|2024-02-11", "4|Toy|pink, 1cm|2024-02-20", problems=("too few fields",)),
    case("a delimiter missing before a quoted one, in a row that goes on in the next line",
         'id,kind,text,note\n1,Toy,"red, 7cm",ok\n2,Toy"blue, 9cm","one\ntwo, three"\n'
         '3,Book,"grey, 5cm","four\nfive"\n4,Toy,"pink, 1cm",\n',
         "id|kind|text|note", "1|Toy|red, 7cm|ok", "2|Toy|blue, 9cm|one\ntwo, three",
         "3|Book|grey, 5cm|four\nfive", "4|Toy|pink, 1cm|", problems=("too few fields",)),
    case("a delimiter missing after a quoted one",
         'id,kind,text,day\n1,Toy,"red, 7cm",2024-01-02\n2,Toy,"blue, 9cm"2024-01-03\n'
         '3,Book,"grey, 5cm",2024-02-11\n4,Toy,"pink, 1cm",2024-02-20\n',
         "id|kind|text|day", "1|Toy|red, 7cm|2024-01-02", "2|Toy|blue, 9cm|2024-01-03",
         "3|Book|grey, 5cm|2024-02-11", "4|Toy|pink, 1cm|2024-02-20", problems=("too few fields",)),
    case("two unclosed quotes in two rows",
         'id,text,n\n1,"a, b",5\n2,"c,6\n3,d,7\n4,"e,8\n5,"f",9\n',
         "id|text|n", "1|a, b|5", '2|"c|6', "3|d|7", '4|"e|8', "5|f|9", problems=(ODD,)),
    case("single quotes, one within a cell",
         "id,text,n\n1,'a, b',5\n2,'it's',6\n3,'c, d',7\n4,'e',8\n",
         "id|text|n", "1|a, b|5", "2|it's|6", "3|c, d|7", "4|e|8", problems=(ODD,)),
    case("backslash escapes, one quote without",
         'id,text,n\n1,"a \\"b\\", c",5\n2,"d "e" f",6\n3,"\\"g\\", h",7\n4,"i",8\n',
         "id|text|n", '1|a "b", c|5', '2|d "e" f|6', '3|"g", h|7', "4|i|8", problems=(ODD,)),
    case("a closing quote that was never opened, beside a quoted delimiter",
         'id,word,state,mark\n0,"a, b",RI,p\n1,"amet,",NY",x\n2,"c, d",TX,y\n3,"e, f",CA,z\n',
         "id|word|state|mark", "0|a, b|RI|p", '1|amet,|NY"|x', "2|c, d|TX|y", "3|e, f|CA|z",
         problems=("stray quote",)),
    case("a single quote as a cell, beside a quoted delimiter",
         'id,word,state,mark\n0,"a, b",RI,p\n1,"amet,",",x\n2,"c, d",TX,y\n3,"e, f",CA,z\n',
         "id|word|state|mark", "0|a, b|RI|p", '1|amet,|"|x', "2|c, d|TX|y", "3|e, f|CA|z",
         problems=(f"{ODD}/stray quote",)),
    case("many texts of several lines with odd quotes near the beginning",
         "id,title,artist,begin,end,note,public,link\n" + "".join(
             f"{n},Vase,Hokusai,{1700 + n},{1800 + n},{note},True,http://a.example/{n}\n"
             for n in range(1, 24)
             for note in [f'"Made by "Oak {n}".\n\nSee file {n}, box 2.\nEnd."' * (4 < n < 14)]),
         "id|title|artist|begin|end|note|public|link", *(
             (str(n), "Vase", "Hokusai", str(1700 + n), str(1800 + n),
              f'Made by "Oak {n}".\n\nSee file {n}, box 2.\nEnd.' if 4 < n < 14 else None,
              "True", f"http://a.example/{n}") for n in range(1, 24)), problems=(ODD,)),
    case("a row that is quoted as a whole",
         'id,name,price\n1,alpha,10.5\n2,"beta, x",7.25\n"3,""gamma, y"",12"\n4,delta,3.75\n'
         "5,eta,8.5\n6,theta,9\n", "id|name|price", "1|alpha|10.5", "2|beta, x|7.25",
         "3|gamma, y|12", "4|delta|3.75", "5|eta|8.5", "6|theta|9", problems=("too few fields",)),
    case("a sentence in quotes with as many commas as a row is no row",
         'id,name,price\n1,alpha,10.5\n2,"beta, x",7.25\n"Sold, paid, and shipped"\n4,delta,3.75\n'
         "5,eta,8.5\n6,theta,9\n", "id|name|price", "1|alpha|10.5", "2|beta, x|7.25",
         "Sold, paid, and shipped||", "4|delta|3.75", "5|eta|8.5", "6|theta|9",
         problems=("too few fields",)),
    *(case(f"another delimiter beside {what}",
           'id,name,price\n1,"alpha, x",10.5\n' + row + '\n3,"gamma, y",12\n4,"delta",3.75\n',
           "id|name|price", "1|alpha, x|10.5", "2|beta, z|7.25", "3|gamma, y|12", "4|delta|3.75",
           problems=("too few fields",))
      for what, row in (("a quote that opens", '2;"beta, z",7.25'),
                        ("a quote that closes", '2,"beta, z"\t7.25'),
                        ("two quotes", '"2";"beta, z",7.25'))),
)  # fmt: skip
