"""Byte order marks, UTF-16, Latin-1, Windows-1252, and signs of every script in UTF-8."""

from __future__ import annotations

from .case import case

TEXT = "id,name,city\n1,André,Besançon\n2,Zoë,Málaga\n3,Jürgen,Düsseldorf\n4,Søren,Ærø\n"
COLUMNS = "id|name|city"
ROWS = ("1|André|Besançon", "2|Zoë|Málaga", "3|Jürgen|Düsseldorf", "4|Søren|Ærø")


def in_encoding(name, encoding, mark=b""):
    return case(name, mark + TEXT.encode(encoding), COLUMNS, *ROWS, python={},
                encoding="utf-16" if mark and "16" in encoding else encoding)  # fmt: skip


CASES = (
    in_encoding("UTF-8", "utf-8"),
    in_encoding("UTF-8 with a mark", "utf-8-sig"),
    in_encoding("UTF-16 LE with a mark", "utf-16-le", b"\xff\xfe"),
    in_encoding("UTF-16 BE with a mark", "utf-16-be", b"\xfe\xff"),
    in_encoding("UTF-16 LE without a mark", "utf-16-le"),
    in_encoding("UTF-16 BE without a mark", "utf-16-be"),
    in_encoding("Latin-1", "latin-1"),
    case("Windows-1252 with a euro and curly quotes",
         "id;name;preis\n1;“Café”;5 €\n2;Händler’s;7 €\n3;naïve – so;9 €\n",
         "id|name|preis", "1|“Café”|5 €", "2|Händler’s|7 €", "3|naïve – so|9 €",
         encoding="cp1252", python={"delimiter": ";"}),
    case("Latin-1, the first special sign far down",
         "id,name\n" + "".join(f"{n},plain\n" for n in range(1, 9)) + "9,Müller\n",
         "id|name", *(f"{n}|plain" for n in range(1, 9)), "9|Müller",
         encoding="latin-1", python={}),
    case("a mark before a quoted header",
         '\ufeff"id","name"\n"1","a, b"\n"2","c"\n',
         "id|name", "1|a, b", "2|c", encoding="utf-8"),
    case("a mark before semicolons and CRLF, as Excel writes it",
         "id;größe;preis\r\n1;klein;10,50\r\n2;groß;20,00\r\n",
         "id|größe|preis", "1|klein|10,50", "2|groß|20,00",
         encoding="utf-8-sig", python={"delimiter": ";"}),
    case("a mark and the header only", "\ufeffid,name\n", "id|name"),
    # Excel calls this «Unicode Text».
    case("UTF-16 with tabs and CRLF",
         "id\tname\tnote\r\n1\tŁukasz\tok\r\n2\tЮлия\tда\r\n3\t李雷\t好\r\n",
         "id|name|note", "1|Łukasz|ok", "2|Юлия|да", "3|李雷|好",
         encoding="utf-16", python={"delimiter": "\t"}),
    case("UTF-16 with quoted line breaks",
         'id,text\n1,"a\nb, é"\n2,"c"\n3,d\n',
         "id|text", "1|a\nb, é", "2|c", "3|d", encoding="utf-16", python={}),
    case("UTF-8, many scripts and emoji",
         "код,名前,🙂\n1,東京,🎉\n2,Ελλάδα,👩‍👩‍👧\n3,العربية,é\n",
         "код|名前|🙂", "1|東京|🎉", "2|Ελλάδα|👩‍👩‍👧", "3|العربية|é", python={}),
    case("UTF-8, a sign in two code points stays so",
         "id,name\n1,Zoe\u0308\n2,Zo\u00eb\n3,x\n",
         "id|name", "1|Zoe\u0308", "2|Zo\u00eb", "3|x", python={}),
    case("UTF-8, unusual blanks are text",
         "id,name\n1,a\u00a0b\n2,c\u2003d\n3,e\u200bf\n",
         "id|name", "1|a\u00a0b", "2|c\u2003d", "3|e\u200bf", python={}),
    case("UTF-8, line separators of Unicode are text",
         "id,name\n1,a\u2028b\n2,c\u0085d\n3,e\x0bf\n",
         "id|name", "1|a\u2028b", "2|c\u0085d", "3|e\x0bf", python={}),
    case("UTF-8, full-width commas and semicolons are text",
         "id,\u6587\n1,\u4e00\uff0c\u4e8c\uff1b\u4e09\n2,\u56db\n3,\u4e94\u3001\u516d\n",
         "id|\u6587", "1|\u4e00\uff0c\u4e8c\uff1b\u4e09", "2|\u56db", "3|\u4e94\u3001\u516d",
         python={}),
    case("Latin-1, one special sign in a cell of its own", "a;b\n1.5;\xfc\n", "a|b", "1.5|\xfc",
         encoding="latin-1", python={"delimiter": ";"}),
)  # fmt: skip
