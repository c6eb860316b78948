"""Delimiter, quote, escape and record ends of small files, found with no options."""

from __future__ import annotations

import pytest

from toolkit.datasets.readers.csv.detection import Given, Sample, detect

PEOPLE = (
    ("id", "name", "born", "score"),
    ("1", "Ann Lee", "1990-01-31", "3.5"),
    ("2", "Bob", "1985-12-01", "4.25"),
    ("3", "Cid Mae", "2001-07-14", "1"),
    ("4", "Dora", "1999-09-09", "0.5"),
)


def written(rows, delimiter, newline="\n", quote=None):
    def cell(text):
        return text if quote is None else f"{quote}{text}{quote}"

    return "".join(delimiter.join(map(cell, row)) + newline for row in rows).encode()


def people(delimiter, **how):
    return written(PEOPLE, delimiter, **how)


def dialect(delimiter=",", quote='"', escape="same", newline="\n", comment=None):
    return (delimiter, quote, quote if escape == "same" else escape, newline, comment)


CASES = {
    # delimiters
    "comma": (people(","), dialect(), 4),
    "semicolon": (people(";"), dialect(";"), 4),
    "tab": (people("\t"), dialect("\t"), 4),
    "pipe": (people("|"), dialect("|"), 4),
    "caret": (people("^"), dialect("^"), 4),
    "tilde": (people("~"), dialect("~"), 4),
    "unit separator": (people("\x1f"), dialect("\x1f"), 4),
    "comma and blank": (people(", "), dialect(", "), 4),
    "semicolon and blank": (people("; "), dialect("; "), 4),
    "comma and blank, quoted": (people(", ", quote='"'), dialect(", "), 4),
    "space": (b"x y z\n1 2.5 3\n4 5.5 6\n7 8.25 9\n", dialect(" "), 3),
    "space without header": (b"1 2.5\n4 5.5\n7 8.25\n", dialect(" "), 2),
    "space, quoted text": (b'id text\n1 "a b"\n2 "c d e"\n3 "f"\n', dialect(" "), 2),
    "colon": (b"root:0:admin\nann:1000:user\nbob:1001:user\ncid:1002:user\n", dialect(":"), 3),
    "two columns of numbers": (b"1,2\n3,4\n5,6\n", dialect(), 2),
    "one record": (b"a,b,c\n", dialect(), 3),
    "one record without its end": (b"1;2;3", dialect(";"), 3),
    "comma stands in cells of comma and blank": (
        b"n, pos, w\na, 1,5, x\nb, 2,5, y\nc, 3,5, z\n",
        dialect(", "),
        3,
    ),
    "some blanks after commas": (b"a, b,c\n1, 2,3\n4,5, 6\n7,8,9\n", dialect(), 3),
    # false delimiters
    "decimal commas": (b"n;p;q\nx;1,5;2,5\ny;2,5;3,5\nz;0,1;0,2\n", dialect(";"), 3),
    "decimal commas and tabs": (b"p\tq\n1,5\t2,5\n2,5\t3,5\n", dialect("\t"), 2),
    "times": (b"t,v\n12:30:00,1\n12:31:00,2\n12:32:00,3\n", dialect(), 2),
    "timestamps": (b"t,v\n2020-01-01 12:30:00,a\n2020-01-02 12:31:00,b\n", dialect(), 2),
    "timestamps alone": (b"t\n2020-01-01 12:30:00\n2020-01-02 12:31:00\n", dialect(), 1),
    "dates with slashes": (b"d;v\n1/2/2020;1\n2/2/2020;2\n", dialect(";"), 2),
    "semicolons in text": (b"id,tags\n1,a;b;c\n2,b;c\n3,d\n4,a;d\n", dialect(), 2),
    "semicolons in text, always two": (b"id,tags\n1,a;b;c\n2,b;c;d\n3,d;e;f\n", dialect(), 2),
    "pipes in text": (b"id,tags,n\n1,a|b,1\n2,b|c,2\n3,d|e,3\n", dialect(), 3),
    "paths": (b"id,path\n1,/usr/lib/x y\n2,C:\\tmp\\z\n3,/var/log\n", dialect(), 2),
    "quoted thousands": (b'id,p\n1,"1,234.50"\n2,"12,000.00"\n3,"7,250.10"\n', dialect(), 2),
    "thousands and semicolons": (b"id;p\n1;1,234.50\n2;12,000.00\n3;7,250.10\n", dialect(";"), 2),
    "urls": (
        b"id,url\n1,http://a.org/x?y=1&z=2\n2,http://b.org:80/x\n3,https://c.org/\n",
        dialect(),
        2,
    ),
    "json in cells": (
        b'id,doc\n1,"{""a"": 1, ""b"": [1, 2]}"\n2,"{""a"": 2, ""b"": []}"\n',
        dialect(),
        2,
    ),
    "json in single quotes": (
        b'id,doc\n1,\'{"a": 1, "b": 2}\'\n2,\'{"a": 2, "b": 3}\'\n3,\'{"a": 3, "b": 4}\'\n',
        dialect(quote="'"),
        2,
    ),
    "sentences": (
        b"id;text\n1;Well, this, is it.\n2;No, it is not\n3;Yes, no, perhaps, well\n",
        dialect(";"),
        2,
    ),
    "names turned around": (
        b"id;name\n1;Lee, Ann\n2;Roe, Bob\n3;Mae, Cid\n",
        dialect(";"),
        2,
    ),
    "e-mails": (
        b'from,to,subject\na@x.org,b@y.org,"Re: hi; you"\nc@x.org,d@y.org,Hello\n',
        dialect(),
        3,
    ),
    "coordinates": (b"name|at\nx|52.5, 13.4\ny|48.1, 11.6\nz|50.1, 8.7\n", dialect("|"), 2),
    "coordinates in quotes": (b'name,at\nx,"52.5, 13.4"\ny,"48.1, 11.6"\n', dialect(), 2),
    "empty cells": (b"a;b;c\n;;1\n;2;\n3;;\n;;4\n", dialect(";"), 3),
    "mostly empty tabs": (b"a\tb\tc\td\n1\t\t\t\n\t2\t\t\n\t\t3\t\n", dialect("\t"), 4),
    # one column
    "words alone": (b"name\nAnn\nBob\nCid\n", dialect(), 1),
    "numbers alone": (b"1\n2\n3\n", dialect(), 1),
    "quoted alone": (b'text\n"a, b"\n"c, d, e"\n"f"\n', dialect(), 1),
    "names alone": (b"full name\nAnn Lee\nBob Roe\nCid Mae\nDora Poe\n", dialect(), 1),
    "e-mails alone": (b"mail\na@x.org\nb@y.org\n", dialect(), 1),
    # quotes
    "all quoted": (people(",", quote='"'), dialect(), 4),
    "all in single quotes": (people(",", quote="'"), dialect(quote="'"), 4),
    "single quotes and semicolons": (people(";", quote="'"), dialect(";", "'"), 4),
    "single quotes where needed": (b"a,b\n1,'x, y'\n2,z\n3,'u, v'\n", dialect(quote="'"), 2),
    "apostrophes": (b"id,t\n1,don't\n2,it's\n3,'tis\n4,o'clock\n", dialect(), 2),
    "apostrophes in quotes": (b'id,t\n1,"don\'t, no"\n2,"it\'s"\n3,x\n', dialect(), 2),
    "apostrophes in single quotes": (
        b"id,t\n1,'don''t, no'\n2,'it''s'\n3,'x'\n",
        dialect(quote="'"),
        2,
    ),
    "inches quote nothing": (b'id,size\n1,5"\n2,7"\n3,11"\n', dialect(), 2),
    "backslashes in texts, and quotes doubled": (
        b'"a","b","c"\n"1","red","\\n"\n"2","blue","C:\\dir\\"\n',
        dialect(),
        3,
    ),
    "a stray quote does not abolish quoting": (b'a,b\n1,"x\n2,y\n3,z\n', dialect(), 2),
    "line breaks in quotes": (b'id,t,n\n1,"a\nb",1\n2,"c\n\nd",2\n3,e,3\n', dialect(), 3),
    "delimiters and line breaks in quotes": (
        b'id,t,n\n1,"a,\nb,c",1\n2,"c,,,\nd",2\n3,e,3\n',
        dialect(),
        3,
    ),
    "empty quoted cells": (b'a,b\n1,""\n"",2\n"",""\n', dialect(), 2),
    # escapes
    "doubled": (b'id,t\n1,"say ""hi"", she"\n2,"a ""b"""\n3,x\n', dialect(), 2),
    "backslash": (b'id,t\n1,"say \\"hi\\", she"\n2,"a \\"b\\""\n3,x\n', dialect(escape="\\"), 2),
    "backslash in single quotes": (
        b"id,t\n1,'don\\'t, no'\n2,'it\\'s'\n3,'x'\n",
        dialect(quote="'", escape="\\"),
        2,
    ),
    "backslash without quotes": (
        b"id,t,n\n1,a\\,b,1\n2,c\\,d\\,e,2\n3,f,3\n",
        dialect(quote=None, escape="\\"),
        3,
    ),
    "backslashes in paths": (
        b'id,path,n\n1,"C:\\dir\\",1\n2,"D:\\x, y\\",2\n3,"E:\\",3\n',
        dialect(),
        3,
    ),
    # record ends
    "crlf": (people(",", newline="\r\n"), dialect(), 4),
    "cr": (people(",", newline="\r"), dialect(newline="\r"), 4),
    "cr and line feeds in quotes": (
        b'a,b\r1,"x\ny"\r2,"z\nu"\r3,w\r',
        dialect(newline="\r"),
        2,
    ),
    "lf and returns in quotes": (b'a,b\n1,"x\ry"\n2,"z\ru"\n3,w\n', dialect(), 2),
    "lf and crlf": (b"a,b\n1,2\r\n3,4\n5,6\r\n", dialect(), 2),
    "cr in one place": (b"a,b,c\n1,2,3\r4,5,6\n7,8,9\n1,2,3\n", dialect(newline="any"), 3),
    "each of three": (b"a,b,c\r\n1,2,3\r4,5,6\n7,8,9\r\n1,2,3\n", dialect(newline="any"), 3),
    "a stray return in text": (b"a,b,c\n1,x\ry,3\n4,z,6\n7,u,9\n", dialect(), 3),
    "no end at the end": (people(",")[:-1], dialect(), 4),
    "many ends at the end": (people(",") + b"\n\n\n", dialect(), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_the_dialect_is_found(name):
    data, expected, width = CASES[name]
    layout = detect(Sample(data, complete=True), Given())
    found = layout.dialect
    assert (found.delimiter, found.quote, found.escape, found.newline, found.comment) == expected
    assert len(layout.names) == width
    assert (layout.start, layout.end, layout.notes) == (0, None, ())


def damaged(data, row, how):
    """The data with one of its lines changed."""
    lines = data.splitlines(keepends=True)
    lines[row] = how(lines[row])
    return b"".join(lines)


DAMAGE = {
    "a missing delimiter": lambda line: line.replace(b",", b"", 1),
    "an extra delimiter": lambda line: line.replace(b",", b",,", 1),
    "an extra delimiter at the start": lambda line: b"," + line,
    "an extra delimiter at the end": lambda line: line[:-1] + b",\n",
    "a quote that opens": lambda line: b'"' + line,
    "a quote in a word": lambda line: line.replace(b"n", b'n"', 1),
    "a quote before a delimiter": lambda line: line.replace(b",", b'",', 1),
}

GOODS = b"""code,description,price,stock,added
A1,"Bolt, small",0.15,1200,2020-01-05
A2,"Nut, small",0.10,800,2020-01-06
B7,Washer,0.05,15000,2020-02-11
C3,"Screw ""Torx"", long",0.35,430,2020-02-12
C4,"Screw, short",0.25,,2020-03-01
D9,Hinge,2.40,75,2020-03-02
E1,"Lock, brass",14.00,12,2020-04-20
F2,Handle,6.75,60,2020-05-05
"""


@pytest.mark.parametrize("row", range(9))
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_record_changes_nothing(damage, row):
    sane = detect(Sample(GOODS, complete=True), Given())
    found = detect(Sample(damaged(GOODS, row, DAMAGE[damage]), complete=True), Given())
    assert found.dialect == sane.dialect
    assert (found.start, found.end, found.header_rows) == (0, None, 1)
    assert len(found.names) == 5


def test_what_is_given_is_not_doubted():
    data = b"a;b,c;d\n1;2,3;4\n5;6,7;8\n"
    for delimiter, names in ((",", ("a;b", "c;d")), (";", ("a", "b,c", "d")), ("|", ("a;b,c;d",))):
        layout = detect(Sample(data, complete=True), Given(delimiter=delimiter))
        assert layout.dialect.delimiter == delimiter
        assert layout.names == names
    quoted = b"a,b\n1,'x'\n2,'y'\n"
    assert detect(Sample(quoted, complete=True), Given(quote=None)).dialect.quote is None
    assert detect(Sample(quoted, complete=True), Given(quote='"')).dialect.quote == '"'
    assert detect(Sample(quoted, complete=True), Given(escape="\\")).dialect.escape == "\\"
