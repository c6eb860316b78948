"""Each delimiter, with and without itself inside quoted cells, and texts that look like others."""

from __future__ import annotations

from .case import case

COLUMNS = "id|name|price"
PLAIN = ("1|alpha|10.5", "2|beta|7.25", "3|gamma|12")


def written(delimiter: str, *, quoted: bool) -> str:
    """Three rows in one delimiter; ``quoted`` puts it into every name."""
    names = ("alpha", "beta", "gamma")
    if quoted:
        names = tuple(f'"{name}{delimiter}{name[:1]}"' for name in names)
    rows = zip("123", names, ("10.5", "7.25", "12"), strict=True)
    lines = [("id", "name", "price"), *rows]
    return "".join(delimiter.join(line) + "\n" for line in lines)


def with_inside(delimiter: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("1", f"alpha{delimiter}a", "10.5"),
        ("2", f"beta{delimiter}b", "7.25"),
        ("3", f"gamma{delimiter}g", "12"),
    )


EACH = tuple(
    made
    for name, delimiter in (
        ("comma", ","),
        ("semicolon", ";"),
        ("tab", "\t"),
        ("pipe", "|"),
        ("space", " "),
    )
    for made in (
        case(
            f"{name} plain",
            written(delimiter, quoted=False),
            COLUMNS,
            *PLAIN,
            python={"delimiter": delimiter},
        ),
        case(
            f"{name} within quotes",
            written(delimiter, quoted=True),
            COLUMNS,
            *with_inside(delimiter),
            python={"delimiter": delimiter},
        ),
    )
)

CASES = (
    *EACH,
    case("comma and blank plain", written(", ", quoted=False), COLUMNS, *PLAIN,
         python={"skipinitialspace": True}),
    case("comma and blank within quotes", written(", ", quoted=True), COLUMNS, *with_inside(", "),
         python={"skipinitialspace": True}),
    # tidyverse/readr #668: written by hand, with a blank after each comma.
    case("comma and blank, everything quoted",
         '"foo", "bar"\n"a", "b"\n"c, d", "e"\n',
         "foo|bar", "a|b", "c, d|e",
         python={"skipinitialspace": True}),
    # CLARIAH/COW #59: the header has no blanks, the rows have.
    case("comma and blank in the rows only",
         'column1,column2\n0, "a, b"\n1, "c, d"\n2, "e, f"\n',
         "column1|column2", "0|a, b", "1|c, d", "2|e, f",
         problems=("misplaced quote?", "stray quote?"),
         python={"skipinitialspace": True}),
    # python/cpython #119123: lists in cells, with more commas than there are semicolons.
    case("semicolon, lists with commas and single quotes in cells",
         "id;flag;cost;group;sub_group;merge\n"
         "1;False;62.25;['345'];['10'];UNKNOWN\n"
         "2;False;54.00;['235'];['256'];UNKNOWN\n"
         "3;True;237.00;['567'];['ALL'];UNKNOWN\n"
         "4;False;46.50;['112', '112'];['765', '766'];UNKNOWN\n"
         "5;True;13.27;['510'];['23'];UNKNOWN\n",
         "id|flag|cost|group|sub_group|merge",
         "1|False|62.25|['345']|['10']|UNKNOWN",
         "2|False|54.00|['235']|['256']|UNKNOWN",
         "3|True|237.00|['567']|['ALL']|UNKNOWN",
         "4|False|46.50|['112', '112']|['765', '766']|UNKNOWN",
         "5|True|13.27|['510']|['23']|UNKNOWN",
         python={"delimiter": ";"}),
    # python/cpython #97611: a tab after each quote is part of the text.
    case("semicolon, a tab inside quotes",
         'Surname;First Name;Year of birth\n"\tDoe";Jane;1971\n"\tRoe";John;1969\n',
         "Surname|First Name|Year of birth", "\tDoe|Jane|1971", "\tRoe|John|1969",
         python={"delimiter": ";"}),
    case("semicolon, decimal commas",
         "Land;Wert;Anteil\nBerlin;3,75;0,12\nHamburg;1,90;0,06\nBremen;0,68;0,02\n",
         "Land|Wert|Anteil", "Berlin|3,75|0,12", "Hamburg|1,90|0,06", "Bremen|0,68|0,02",
         python={"delimiter": ";"}),
    case("semicolon, a single column of numbers has decimal commas",
         "tag;kurs\n1;10,5\n2;10,7\n3;10,6\n4;11,0\n",
         "tag|kurs", "1|10,5", "2|10,7", "3|10,6", "4|11,0",
         python={"delimiter": ";"}),
    case("tab, sentences with commas",
         "id\ttext\n1\tYes, of course, sir\n2\tNo, thanks\n3\tWell, maybe, or not\n",
         "id|text", "1|Yes, of course, sir", "2|No, thanks", "3|Well, maybe, or not",
         python={"delimiter": "\t"}),
    case("tab, empty cells side by side",
         "a\tb\tc\td\n1\t\t\t4\n\t2\t\t\n5\t\t7\t8\n",
         "a|b|c|d", "1|||4", "|2||", "5||7|8",
         python={"delimiter": "\t"}),
    case("comma, times and paths with colons",
         "at,path,state\n12:30:00,C:/data/in,ok\n12:31:05,C:/data/out,ok\n12:33:10,D:/tmp,bad\n",
         "at|path|state", "12:30:00|C:/data/in|ok", "12:31:05|C:/data/out|ok",
         "12:33:10|D:/tmp|bad",
         python={}),
    case("comma, pipes and semicolons as lists in cells",
         "id,tags,codes\n1,red|green,a;b\n2,blue,c\n3,red|blue|black,a;c;d\n",
         "id|tags|codes", ("1", "red|green", "a;b"), "2|blue|c", ("3", "red|blue|black", "a;c;d"),
         python={}),
    case("pipe, text with commas and blanks",
         "name|city|since\nDoe, Jane|New York, NY|1999\nRoe, Richard|Boston, MA|2004\n",
         "name|city|since", "Doe, Jane|New York, NY|1999", "Roe, Richard|Boston, MA|2004",
         python={"delimiter": "|"}),
    # pandas-dev/pandas #16682: a web server's log.
    case("space, quoted requests",
         'host request status size\n'
         '10.0.0.1 "GET /index.html HTTP/1.1" 200 7765\n'
         '10.0.0.2 "GET /a.png HTTP/1.1" 404 312\n'
         '10.0.0.9 "POST /form HTTP/1.1" 200 12\n',
         "host|request|status|size",
         "10.0.0.1|GET /index.html HTTP/1.1|200|7765",
         "10.0.0.2|GET /a.png HTTP/1.1|404|312",
         "10.0.0.9|POST /form HTTP/1.1|200|12",
         python={"delimiter": " "}),
    case("space, numbers only below a header",
         "x y z\n0.1 0.2 0.3\n1.1 1.2 1.3\n2.1 2.2 2.3\n",
         "x|y|z", "0.1|0.2|0.3", "1.1|1.2|1.3", "2.1|2.2|2.3",
         python={"delimiter": " "}),
    case("comma, names with blanks",
         "first name,last name,home town\nAnna Maria,van den Berg,Den Haag\n"
         "Jan,de Vries,Sint Maarten\n",
         "first name|last name|home town", "Anna Maria|van den Berg|Den Haag",
         "Jan|de Vries|Sint Maarten",
         python={}),
    # dathere/qsv #1719
    case("comma, names that share capital letters",
         "Quarter,Completions NEW,Completions > Commencements,%YoY Completions,YoY Commencements\n"
         "Q1 2015,120,TRUE,4.5,-3\nQ2 2015,131,FALSE,2.1,7\nQ3 2015,118,TRUE,-0.7,5\n",
         "Quarter|Completions NEW|Completions > Commencements|%YoY Completions|YoY Commencements",
         "Q1 2015|120|TRUE|4.5|-3", "Q2 2015|131|FALSE|2.1|7", "Q3 2015|118|TRUE|-0.7|5",
         python={}),
    case("semicolon, quoted decimal and thousands",
         'item;total\n"Chair";"1.234,50"\n"Table; round";"12.000,00"\n"Lamp";"99,95"\n',
         "item|total", "Chair|1.234,50", "Table; round|12.000,00", "Lamp|99,95",
         python={"delimiter": ";"}),
    case("comma, web addresses with semicolons and ampersands",
         "id,url\n1,http://a.example/?x=1;y=2&z=3\n2,http://b.example/;s=9\n3,http://c.example/\n",
         "id|url", "1|http://a.example/?x=1;y=2&z=3", "2|http://b.example/;s=9",
         "3|http://c.example/",
         python={}),
    case("blanks, and days that are padded with one more",
         "".join(f"Jan {day:2d} 10:00:00 host sshd[{day}]: Accepted for user{day}\n"
                 for day in range(1, 21)),
         [f"column_{position}" for position in range(1, 9)],
         *(f"Jan|{day}|10:00:00|host|sshd[{day}]:|Accepted|for|user{day}" for day in range(1, 21)),
         problems=("too many fields",)),
    case("one column of texts with two blanks each",
         "precinct\n058 Ward 3\n059 City 1\n060 Ward 2\n061 Town 7\n", "precinct", "058 Ward 3",
         "059 City 1", "060 Ward 2", "061 Town 7", python={}),
    case("colons between words",
         "name:role:city\nAnn Lee:guest:Rome\nBob:the admin:Oslo\nCy Poe:guest:Bonn\n"
         "Dee:editor:New York\n", "name|role|city", "Ann Lee|guest|Rome", "Bob|the admin|Oslo",
         "Cy Poe|guest|Bonn", "Dee|editor|New York", python={"delimiter": ":"}),
    case("one column of addresses with colons",
         "00:1a:2b:cc:dd:ee\n00:1a:2b:cc:dd:ef\n00:1a:2c:ab:cd:ef\naa:bb:cc:dd:ee:ff\n", "column_1",
         "00:1a:2b:cc:dd:ee", "00:1a:2b:cc:dd:ef", "00:1a:2c:ab:cd:ef", "aa:bb:cc:dd:ee:ff"),
    case("a tab behind each cell",
         "School Code\t,School Name\t,District\t,Grades\t,Enrolled\t,% Free Lunch\t,Open\t\n"
         "05148\t,Marsh High School\t,Ridge USD 201\t,9-12\t,1424\t,1.6%\t,Y\t\n"
         "06867\t,Delta Elementary\t,Plaza USD 131\t,6-8\t,131\t,24.3%\t,N\t\n"
         "03791\t,Fjord High School\t,Shore USD 205\t,9-12\t,1234\t,15.5%\t,N\t\n",
         "School Code|School Name|District|Grades|Enrolled|% Free Lunch|Open",
         "05148\t|Marsh High School\t|Ridge USD 201\t|9-12\t|1424\t|1.6%\t|Y\t",
         "06867\t|Delta Elementary\t|Plaza USD 131\t|6-8\t|131\t|24.3%\t|N\t",
         "03791\t|Fjord High School\t|Shore USD 205\t|9-12\t|1234\t|15.5%\t|N\t"),
)  # fmt: skip
