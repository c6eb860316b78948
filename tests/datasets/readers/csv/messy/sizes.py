"""Files at the ends of what is a table: empty, one cell, one column, long cells, many columns."""

from __future__ import annotations

from .case import Case, case


def refused(name: str, data: bytes, error: str = "empty") -> Case:
    return Case(name, data, (), (), error=error)


LONG = "lorem ipsum " * 4000 + "end"

CASES = (
    refused("an empty file", b""),
    refused("a newline only", b"\n"),
    refused("blank lines only", b"\r\n\r\n  \r\n"),
    refused("a byte order mark only", b"\xef\xbb\xbf"),
    case("a single cell, a word", "name\n", "name"),
    case("a single cell without a newline", "name", "name"),
    case("one column of words", "name\nalpha\nbeta\ngamma\n", "name", ("alpha",), ("beta",),
         ("gamma",), python={}),
    case("one column of numbers below a name", "n\n1\n2\n3\n", "n", "1", "2", "3", python={}),
    case("one column of numbers without a name", "1\n2\n3\n", "column_1", "1", "2", "3",
         python={"header": 0}),
    case("one column of numbers with points", "kurs\n1.5\n2.5\n3.25\n", "kurs", "1.5", "2.5",
         "3.25", python={}),
    case("one column, CRLF, no newline at the end", "n\r\n1\r\n2", "n", "1", "2", python={}),
    case("one column of quoted texts with commas",
         'quote\n"to be, or not"\n"that is, well"\n"a question"\n',
         "quote", "to be, or not", "that is, well", "a question", python={}),
    case("one column of quoted empty texts", 'a\n""\nx\n""\n', "a", '""', "x", '""', python={}),
    # duckdb/duckdb #25827
    case("one column, a semicolon in a value", "word\nalpha\nbeta\na;b\ngamma\n", "word", "alpha",
         "beta", "a;b", "gamma", python={}),
    case("one column of sentences with blanks",
         "sentence\nThe dog runs\nA cat sits on the mat\nBirds fly\nWe all sleep at night\n",
         "sentence", "The dog runs", "A cat sits on the mat", "Birds fly", "We all sleep at night",
         python={"delimiter": "\t"}),
    case("one column of times", "at\n12:30:00\n12:31:00\n13:05:10\n", "at", "12:30:00", "12:31:00",
         "13:05:10", python={}),
    case("two columns, one row", "key,value\na,1\n", "key|value", "a|1", python={}),
    case("a very long cell", f"id,text\n1,{LONG}\n2,b\n3,c\n", "id|text", ("1", LONG), "2|b", "3|c",
         python={}),
    case("a very long cell of many lines",
         'id,text,n\n1,"' + "first, and\nsecond\n" * 400 + '",5\n2,b,6\n3,c,7\n',
         "id|text|n", ("1", "first, and\nsecond\n" * 400, "5"), "2|b|6", "3|c|7", python={}),
    case("two hundred columns",
         "\n".join(",".join(f"{word}{n}" for n in range(200)) for word in ("c", "1", "2")) + "\n",
         [f"c{n}" for n in range(200)], [f"1{n}" for n in range(200)],
         [f"2{n}" for n in range(200)], python={}),
)  # fmt: skip
