"""Which rows are the header, and what names they make."""

from __future__ import annotations

import pytest

from toolkit.datasets.readers.csv.detection import Given, Sample, detect
from toolkit.datasets.readers.csv.detection.headers import unique_names


def found(data, **given):
    layout = detect(Sample(data, complete=True), Given(**given))
    return layout.header_rows, layout.names


def made_up(width):
    return tuple(f"column_{position}" for position in range(1, width + 1))


CASES = {
    # one header row
    "over numbers": (b"a,b\n1,2\n3,4\n", 1, ("a", "b")),
    "over dates": (b"when,what\n2020-01-01,x\n2020-01-02,y\n", 1, ("when", "what")),
    "over words": (b"name,city\nAnn,Rome\nBob,Oslo\nCid,Bonn\n", 1, ("name", "city")),
    "over codes": (b"code,kind\nA001,x\nB002,y\nC003,x\nD004,x\n", 1, ("code", "kind")),
    "over gaps": (b"a,b,c\n,,\n1,,\n,2,x\n", 1, ("a", "b", "c")),
    "alone": (b"a,b,c\n", 1, ("a", "b", "c")),
    "alone without its end": (b"a,b,c", 1, ("a", "b", "c")),
    "over one row": (b"a,b,c\n1,2,3\n", 1, ("a", "b", "c")),
    "over one row of words": (b"a,b,c\nx,y,z\n", 1, ("a", "b", "c")),
    "of one column": (b"size\n1\n2\n", 1, ("size",)),
    "of one column of words": (b"name\nAnn\nBob\n", 1, ("name",)),
    "a single word": (b"name\n", 1, ("name",)),
    "with years": (
        b"country,2019,2020,2021\nX,1.5,2.5,3.5\nY,2.5,3.5,4.5\n",
        1,
        ("country", "2019", "2020", "2021"),
    ),
    "quoted": (b'"a","b c"\n"1","x"\n"2","y"\n', 1, ("a", "b c")),
    "quoted with delimiters": (b'"a, b",c\n1,2\n3,4\n', 1, ("a, b", "c")),
    "quoted with quotes": (b'"a ""b""",c\n1,2\n3,4\n', 1, ('a "b"', "c")),
    "with a line break": (b'"a\nb",c\n1,2\n3,4\n', 1, ("a\nb", "c")),
    "in another alphabet": ("größe,имя,名前\n1,x,y\n2,z,u\n".encode(), 1, ("größe", "имя", "名前")),
    "blanks around names": (b" a , b \n1,2\n3,4\n", 1, ("a", "b")),
    "with units": (b"time (s),speed [m/s]\n1,2\n3,4\n", 1, ("time (s)", "speed [m/s]")),
    # no header
    "none over numbers": (b"1,2\n3,4\n5,6\n", 0, made_up(2)),
    "none over dates and numbers": (b"2020-01-01,1.5\n2020-01-02,2.5\n", 0, made_up(2)),
    "none over mixed rows": (b"1,Ann,2.5\n2,Bob,3.5\n3,Cid,4.5\n", 0, made_up(3)),
    "none over one row of values": (b"1,2,3\n", 0, made_up(3)),
    "none over one column of numbers": (b"1\n2\n3\n", 0, made_up(1)),
    "none where the first row has a gap": (b"1,,x\n2,3,y\n3,4,z\n", 0, made_up(3)),
    "none over e-mails": (b"a@x.org,1\nb@x.org,2\nc@x.org,3\n", 0, made_up(2)),
    "none over codes alike": (b"AB-0001,x1\nAB-0002,x2\nAB-0003,x3\nAB-0004,x4\n", 0, made_up(2)),
    "none where values come again": (
        b"red,small\nblue,large\nred,large\nblue,small\nred,small\n",
        0,
        made_up(2),
    ),
    # names
    "empty names": (b"a,,c\n1,2,3\n4,5,6\n", 1, ("a", "column_2", "c")),
    "an empty first name": (b",a,b\n0,x,1\n1,y,2\n", 1, ("column_1", "a", "b")),
    "repeated names": (b"a,a,b,a\n1,2,3,4\n4,5,6,7\n", 1, ("a", "a_2", "b", "a_3")),
    "repeated names beside a numbered one": (b"a,a_2,a\n1,2,3\n4,5,6\n", 1, ("a", "a_2", "a_3")),
    "a made up name that is taken": (
        b"column_2,,x\n1,2,3\n4,5,6\n",
        1,
        ("column_2", "column_2_2", "x"),
    ),
    "a name too few": (b"a,b,c\n1,2,3,4\n5,6,7,8\n9,1,2,3\n", 1, ("a", "b", "c", "column_4")),
    "a name too many": (b"a,b,c,d\n1,2,3\n5,6,7\n9,1,2\n", 1, ("a", "b", "c", "d")),
    "a comma of a name": (b"a,b, and c,d\n1,2,3\n5,6,7\n9,1,2\n", 1, ("a", "b, and c", "d")),
    "an empty name too many": (b"a,b,c,\n1,2,3\n5,6,7\n9,1,2\n", 1, ("a", "b", "c")),
    "an empty name too many within": (b"a,,b,c\n1,2,3\n5,6,7\n9,1,2\n", 1, ("a", "b", "c")),
    "row numbers without a name": (
        b'"x","y"\n"1",5.5,2\n"2",6.5,3\n"3",7.5,4\n',
        1,
        ("column_1", "x", "y"),
    ),
    "a name with many more fields below": (b"a\n7,200\n3,45\n5,6\n", 1, ("a", "column_2")),
    "an empty first name over words": (
        b",last,city\nAnn,Lee,Rome\nBob,Roe,Oslo\nCid,Mae,Bonn\n",
        1,
        ("column_1", "last", "city"),
    ),
    "one name for all columns of words": (
        b"x,x,x\nAnn,Lee,Rome\nBob,Roe,Oslo\nCid,Mae,Bonn\n",
        1,
        ("x", "x_2", "x_3"),
    ),
    # several header rows
    "groups and names": (
        b",2019,,2020,\nregion,Q1,Q2,Q1,Q2\nN,1,2,3,4\nS,1,2,3,4\nW,1,2,3,5\n",
        2,
        ("region", "2019 Q1", "2019 Q2", "2020 Q1", "2020 Q2"),
    ),
    "groups of words": (
        b"id,Home,,Work,\n,Street,City,Street,City\n1,A 1,Rome,B 2,Oslo\n2,C 3,Bonn,D 4,Bern\n"
        b"3,E 5,Graz,F 6,Lund\n",
        2,
        ("id", "Home Street", "Home City", "Work Street", "Work City"),
    ),
    "groups over nothing but words": (
        b"id,Home,,Work,\n,Street,City,Street,City\nx,A,Rome,B,Oslo\ny,C,Bonn,D,Bern\n",
        2,
        ("id", "Home Street", "Home City", "Work Street", "Work City"),
    ),
    "names and units": (
        b"time,speed,place\ns,m/s,-\n1,2.5,x\n2,3.5,y\n3,4.5,z\n",
        2,
        ("time s", "speed m/s", "place -"),
    ),
    "names and some units": (
        b"name,weight,height\n,kg,cm\nAnn,60,170\nBob,80,180\nCid,70,175\n",
        2,
        ("name", "weight kg", "height cm"),
    ),
    "full groups": (
        b"2019,2019,2020,2020\nQ1,Q2,Q1,Q2\n1,2,3,4\n1,2,3,4\n1,2,3,5\n",
        2,
        ("2019 Q1", "2019 Q2", "2020 Q1", "2020 Q2"),
    ),
    "three rows": (
        b",Men,,Women,\n,young,old,young,old\nregion,n,n,n,n\nN,1,2,3,4\nS,1,2,3,4\nW,1,2,3,5\n",
        3,
        ("region", "Men young n", "Men old n", "Women young n", "Women old n"),
    ),
    "a first row of words is no second header": (
        b"name,age,city\nAnn,NA,Rome\nBob,3,Oslo\nCid,4,Bonn\n",
        1,
        ("name", "age", "city"),
    ),
    "a shifted first row is no second header": (
        b"name,age,city\n,Ann,3\nBob,3,Oslo\nCid,4,Bonn\nDora,5,Bern\n",
        1,
        ("name", "age", "city"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_header_rows_and_names_are_found(name):
    data, rows, names = CASES[name]
    assert found(data) == (rows, names)


def test_given_headers_are_not_doubted():
    numbers = b"1,2\n3,4\n5,6\n"
    words = b"a,b\nc,d\n1,2\n3,4\n"
    assert found(numbers, has_header=True) == (1, ("1", "2"))
    assert found(words, has_header=False) == (0, made_up(2))
    assert found(words, header_rows=2) == (2, ("a c", "b d"))
    assert found(words, header_rows=1) == (1, ("a", "b"))
    assert found(words, header_rows=0) == (0, made_up(2))
    assert found(words, names=["x", "y"], header_rows=1) == (1, ("x", "y"))
    assert found(numbers, names=["x", "y"]) == (0, ("x", "y"))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_header_is_found_in_each_dialect(delimiter, newline):
    rows = ["name,n", "Ann,1", "Bob,2", "Cid,3"]
    data = newline.join(row.replace(",", delimiter) for row in rows).encode()
    assert found(data) == (1, ("name", "n"))


def test_a_header_that_stands_twice_is_one_header():
    assert found(b"a,b\na,b\n1,2\n3,4\n5,6\n") == (1, ("a", "b"))


def test_thousands_of_equal_names_are_numbered_beside_those_that_have_a_number():
    names = ["a_3", *["a"] * 20_000, "b", *["b"] * 3]
    numbers = [f"a_{number}" for number in range(2, 20_002) if number != 3]
    assert unique_names(names) == ("a_3", "a", *numbers, "b", "b_2", "b_3", "b_4")
