"""Lines that are not of the table: titles and notes before it, sources and totals after it."""

from __future__ import annotations

from .case import case

TABLE = (
    "id,name,price,day\n1,alpha,10.5,2024-01-02\n2,beta,7.25,2024-01-03\n3,gamma,12,2024-02-11\n"
)
COLUMNS = "id|name|price|day"
ROWS = ("1|alpha|10.5|2024-01-02", "2|beta|7.25|2024-01-03", "3|gamma|12|2024-02-11")
BEFORE = ("preamble", "blank line?", "comment?")
AFTER = ("footer", "blank line?", "comment?")


def before(name, text):
    return case(name, text + TABLE, COLUMNS, *ROWS, problems=BEFORE)


def after(name, text):
    return case(name, TABLE + text, COLUMNS, *ROWS, problems=AFTER)


KEYS = """\
Umsatzanzeige;Datei erstellt am: 01.02.2024 10:00

IBAN;DE12 3456 7890
Kontoname;Girokonto
Bank;ING
Kunde;Max Muster
Zeitraum;01.01.2024 - 31.01.2024
Saldo;1.234,56;EUR

Sortierung;Datum absteigend

Buchung;Wertstellungsdatum;Auftraggeber;Zweck;Saldo;Währung;Betrag;Währung
"""

CASES = (
    before("a title", "Sales report\n"),
    before("a title and a blank line", "Sales report\n\n"),
    before("a title in quotes", '"Sales report, first quarter"\n'),
    before("a title with a comma", "Sales report, first quarter\n"),
    before("several lines", "Sales report\nCompany Inc.\nConfidential\n"),
    before("several lines with commas and a blank line",
           "Sales report, first quarter\nMade by: Ann, Bob\nGenerated on Monday\n\n"),
    case("keys and values before the table", "Report,Sales\nAuthor,Ann\nVersion,3\n\n" + TABLE,
         COLUMNS, *ROWS, problems=("preamble/other table", "blank line?")),
    before("a title filled up with delimiters", "Sales report,,,\n,,,\n"),
    case("a title filled up to two columns",
         "Sales of the year,\nyear,value\n2001,983\n2002,715\n2003,4\n",
         "year|value", "2001|983", "2002|715", "2003|4", problems=BEFORE),
    # Excel reads this line as the name of the delimiter.
    case("sep= in the first line",
         "sep=;\nid;name;price\n1;alpha;10,5\n2;beta;7,25\n3;gamma;12\n",
         "id|name|price", "1|alpha|10,5", "2|beta|7,25", "3|gamma|12", problems=BEFORE),
    # quentinsf/icsv2ledger #9 and firefly-iii/import-configurations #17
    case("a bank's statement",
         '"Konto:";"1234567890 / Girokonto";\n\n"Von:";"01.01.2024";\n"Bis:";"01.02.2024";\n'
         '"Saldo:";"123,45 EUR";\n\n'
         '"Datum";"Text";"Empfänger";"Betrag"\n'
         '"02.01.2024";"Miete";"Haus GmbH";"-850,00"\n'
         '"03.01.2024";"Gehalt; Januar";"Firma AG";"2.500,00"\n'
         '"05.01.2024";"Einkauf";"Markt";"-35,20"\n',
         "Datum|Text|Empfänger|Betrag", "02.01.2024|Miete|Haus GmbH|-850,00",
         "03.01.2024|Gehalt; Januar|Firma AG|2.500,00", "05.01.2024|Einkauf|Markt|-35,20",
         problems=BEFORE),
    # aniav/ynab-csv #5
    case("three lines of text before semicolons",
         "Számlatörténet\nIdőszak: 2018.02.28-2018.03.31\nInformáció időpontja: 2018.03.31 09:57\n"
         "Számla;Típus;Összeg;Deviza\n10100716;Átvezetés;40000;HUF\n10100717;Jutalék;-300;HUF\n"
         "10100718;Átvezetés;1500;HUF\n",
         "Számla|Típus|Összeg|Deviza", "10100716|Átvezetés|40000|HUF", "10100717|Jutalék|-300|HUF",
         "10100718|Átvezetés|1500|HUF", problems=BEFORE),
    case("a title before tabs",
         "Measured in June, all values in mm\n\nx\ty\tz\n1\t2\t3\n4\t5\t6\n7\t8\t9\n",
         "x|y|z", "1|2|3", "4|5|6", "7|8|9", problems=BEFORE),
    case("a title before a table without a header",
         "Readings of station 5\n\n2024-01-02,3.5,101\n2024-01-03,4.5,102\n2024-01-04,2.5,103\n",
         "column_1|column_2|column_3", "2024-01-02|3.5|101", "2024-01-03|4.5|102",
         "2024-01-04|2.5|103", problems=BEFORE),
    after("a source", "Source: national statistics\n"),
    after("a source after a blank line", "\nSource: national statistics\n"),
    after("a source with a comma", "\nSource: national statistics, 2024\n"),
    after("a source in quotes", '\n"Source: national statistics, 2024"\n'),
    after("several lines of notes", "\nNotes:\nAll prices are net.\nSource: own work\n"),
    after("a count, as SQL Server writes it", "\n(3 rows affected)\n"),
    after("a count without a newline", "(3 rows)"),
    # plaintextaccounting/hledger #1076
    after("an end mark", "***END OF FILE***\n"),
    after("a note filled up with delimiters", ",,,\nSource: national statistics,,,\n"),
    case("title and source",
         "Sales report\n\n" + TABLE + "\nSource: own work\n", COLUMNS, *ROWS,
         problems=("preamble", "footer", "blank line?")),
    case("title with delimiters, semicolons, and notes after it",
         "Bericht; Stand: 2024\n\na;b;c\n1;2,5;x\n2;3,5;y\n3;4,5;z\n\nQuelle: eigene; geprüft\n",
         "a|b|c", "1|2,5|x", "2|3,5|y", "3|4,5|z", problems=("preamble", "footer", "blank line?")),
    *(case(f"keys and values above a bank's bookings, {len(days)} of them", KEYS + "".join(
               f"0{day}.01.2024;0{day}.01.2024;REWE;Einkauf;1.00{day},50;EUR;-{day},50;EUR\n"
               for day in days),
           "Buchung|Wertstellungsdatum|Auftraggeber|Zweck|Saldo|Währung|Betrag|Währung_2",
           *(f"0{day}.01.2024|0{day}.01.2024|REWE|Einkauf|1.00{day},50|EUR|-{day},50|EUR"
             for day in days), problems=("preamble", "blank line?"))
      for days in ((1,), (1, 2, 3, 4))),
    case("a line of underscores above a footer",
         "Land;2019;2020\nDE-BW;100;200\nDE-BY;130;240\nDE-BE;120;250\n__________\nQuelle: x\n",
         "Land|2019|2020", "DE-BW|100|200", "DE-BY|130|240", "DE-BE|120|250", problems=("footer",)),
    case("padded lines of underscores and of a source",
         "Jahr;Land;Wert\n2019;DE;3\n2020;DE;4\n2021;DE;6\n__________;;\nQuelle: x;;\n",
         "Jahr|Land|Wert", "2019|DE|3", "2020|DE|4", "2021|DE|6", problems=("footer",)),
    case("a first line of a log with a comma less",
         "2024-01-01 10:00:00,123 INFO start\n" + "".join(
             f"2024-01-01 10:00:0{n},{n}23 INFO host {n}, took {n} ms\n" for n in range(1, 7)),
         "column_1|column_2|column_3", "2024-01-01 10:00:00|123 INFO start|",
         *(f"2024-01-01 10:00:0{n}|{n}23 INFO host {n}| took {n} ms" for n in range(1, 7)),
         problems=("too few fields",)),
    case("a line under the names, as psql draws it",
         "id | name\n---+-----\n1 | a\n2 | b\n3 | c\n(3 rows)\n", "id|name", "1 |a", "2 |b",
         "3 |c", problems=("comment", "footer")),
    case("lines around the table and its names, as mysql draws them",
         "+----+------+\n|id|name|\n+----+------+\n|1|a|\n|2|b|\n|3|c|\n+----+------+\n",
         "column_1|id|name|column_4", "|1|a|", "|2|b|", "|3|c|", problems=("preamble", "comment")),
    case("a line under the names, as in Markdown",
         "| id | name |\n| --- | ---: |\n| 1 | a |\n| 2 | b |\n| -3 | c |\n",
         "column_1|id|name|column_4", "| 1 | a |", "| 2 | b |", "| -3 | c |",
         problems=("comment",)),
    case("cells of dashes in a table of pipes",
         "id|name|x\n1|a|5\n--|--|--\n2|b|--\n3|c|7\n", "id|name|x", "1|a|5", "--|--|--",
         "2|b|--", "3|c|7"),
    *(case(f"{what} below, padded to the width of the table", "id,name,price,day\n"
           f"1,alpha,10.5,2024-01-02\n2,beta,7.25,2024-01-03\n3,gamma,12,2024-02-11\n{text},,,\n",
           "id|name|price|day", "1|alpha|10.5|2024-01-02", "2|beta|7.25|2024-01-03",
           "3|gamma|12|2024-02-11", problems=("footer",))
      for what, text in (("a sentence", '"Values are rounded, so sums may differ."'),
                         ("who has the rights", "(c) 2024 Office"))),
    *(case(f"{what}, padded to the width of the table", "id,name,price,day\n"
           "x1,alpha,10.5,2024-01-02\nx2,beta,7.25,2024-01-03\nx3,gamma,12,2024-02-11\n"
           f"{text}", "id|name|price|day", "x1|alpha|10.5|2024-01-02",
           "x2|beta|7.25|2024-01-03", "x3|gamma|12|2024-02-11", problems=("footer", "blank line?"))
      for what, text in (
          ("several lines of a footer", "n = 3,,,\n© 2024,,,\nContact a@example.org,,,\n"),
          ("lines of a footer after a blank one", "\nn = 3,,,\nContact a@example.org,,,\n"),
          ("lines of a footer after an empty one", ",,,\nn = 3,,,\nContact a@example.org,,,\n"))),
    case("an address below, right under the last row",
         "id,name,price,day\nx1,alpha,10.5,2024-01-02\nx2,beta,7.25,2024-01-03\n"
         "x3,gamma,12,2024-02-11\nhttp://www.example.org/terms\n", "id|name|price|day",
         "x1|alpha|10.5|2024-01-02", "x2|beta|7.25|2024-01-03", "x3|gamma|12|2024-02-11",
         problems=("footer",)),
    case("a line under the names, as some databases draw it",
         "id,name,price\n-------------\n1,alpha,10.5\n2,beta,7.25\n3,gamma,12\n", "id|name|price",
         "1|alpha|10.5", "2|beta|7.25", "3|gamma|12", problems=("comment",)),
    *(case(f"a title with as many commas as the table, {what} below it",
           f"City of Springfield, Adopted Budget\n{blank}Year,Sum\n2015,10.5\n2016,7.25\n2017,12\n",
           "Year|Sum", "2015|10.5", "2016|7.25", "2017|12", problems=("preamble", "blank line?"))
      for what, blank in (("nothing", ""), ("a blank line", "\n"))),
    case("keys and values of texts above a wider table",
         "Title;Report of sales\nAuthor;Ann Lee\nDepartment;Sales and more\nRegion;North\n\n"
         "id;day;price;city\n1;2024-01-01;5.5;Rome\n2;2024-01-02;6.5;Oslo\n3;2024-01-03;7.5;Bonn\n",
         "id|day|price|city", "1|2024-01-01|5.5|Rome", "2|2024-01-02|6.5|Oslo",
         "3|2024-01-03|7.5|Bonn", problems=("preamble", "blank line?")),
    case("padded titles above rows without a header",
         "Sales by day,,\nas of Monday,,\n,,\n1,alpha,10.5\n2,beta,7.25\n3,gamma,12\n4,delta,3\n",
         "column_1|column_2|column_3", "1|alpha|10.5", "2|beta|7.25", "3|gamma|12", "4|delta|3",
         problems=("preamble",)),
    case("the mark that ends a file in DOS",
         "name,city\nAnn,Rome\nBob,Oslo\nCy,Bonn\n\x1a", "name|city", "Ann|Rome", "Bob|Oslo",
         "Cy|Bonn", problems=("footer",)),
    case("lines of text around one column of numbers",
         "Rain of the week\nin the north\nmm\n1.5\n2\n0\n3.5\n4\n\nSource: the station\n",
         "mm", "1.5", "2", "0", "3.5", "4", problems=("preamble", "footer", "blank line")),
    case("words in place of the first numbers of one column",
         "mm\nnot measured\nnot measured\n1.5\n2\n0\n3.5\n4\n", "mm", "not measured",
         "not measured", "1.5", "2", "0", "3.5", "4"),
    case("a padded word above two names, an empty line between",
         "Rainfall,\n,\nday,mm\n2020-01-01,1.5\n2020-01-02,2\n2020-01-03,0\n", "day|mm",
         "2020-01-01|1.5", "2020-01-02|2", "2020-01-03|0", problems=("preamble",)),
    case("a comment that has delimiters above rows without a header",
         "# was: a, b, c\nx1,10,20,n1,u\nx1,11,21,n2,v\nx2,12,22,n3,u\nx3,14,24,n5,v\n",
         "column_1|column_2|column_3|column_4|column_5", "x1|10|20|n1|u", "x1|11|21|n2|v",
         "x2|12|22|n3|u", "x3|14|24|n5|v", problems=("preamble",)),
)  # fmt: skip
