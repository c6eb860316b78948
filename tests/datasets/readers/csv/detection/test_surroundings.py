"""What lies around a table: preambles, footers, comments, blank lines, other tables."""

from __future__ import annotations

import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection import Given, Sample, detect

TABLE = b"name,age,city\nAnn,31,Rome\nBob,42,Oslo\nCid,53,Bonn\nDora,64,Bern\n"
NAMES = ("name", "age", "city")
OTHER = b"day,sold\n2020-01-01,5\n2020-01-02,6\n2020-01-03,7\n"
SAME_WIDTH = b"day,sold,left\n2020-01-01,5,9\n2020-01-02,6,8\n2020-01-03,7,7\n"
PADDED = b"name,age,city\nAnn,31,Rome\nBob,42,Oslo\nCid,53,Bonn\n"
WIDE = b"".join(
    b",".join(b"%d" % (row * column) for column in range(1, 9)) + b"\n" for row in range(1, 30)
)
WIDE_NAMES = tuple("abcdefgh")
WIDE_TABLE = b"a,b,c,d,e,f,g,h\n" + WIDE

# What is before the table, the table, what is after it; the comment mark; kinds of the notes.
CASES = {
    "nothing": (b"", TABLE, b"", None, ()),
    # preambles
    "a title": (b"Members 2020\n", TABLE, b"", None, ("preamble",)),
    "a title and a blank line": (b"Members 2020\n\n", TABLE, b"", None, ("preamble",)),
    "blank lines": (b"\n\n\n", TABLE, b"", None, ()),
    "blank lines with blanks": (b"  \n\t\n", TABLE, b"", None, ()),
    "prose": (
        b"All members of the club.\nAs of January, by name.\n\n",
        TABLE,
        b"",
        None,
        ("preamble",),
    ),
    "keys and values": (
        b"Title,Members\nYear,2020\nBy,Ann\n\n",
        WIDE_TABLE,
        b"",
        None,
        ("preamble",),
    ),
    "a padded title": (b"Members 2020,,\n,,\n", TABLE, b"", None, ("preamble",)),
    "padded titles": (b"Members,,\nof 2020,,\nby name,,\n", TABLE, b"", None, ("preamble",)),
    "a title above numbers": (b"Products of numbers\n", WIDE, b"", None, ("preamble",)),
    # footers
    "a source": (b"", TABLE, b"Source: the club\n", None, ("footer",)),
    "a source after a blank line": (b"", TABLE, b"\nSource: the club\n", None, ("footer",)),
    "a source with commas": (
        b"",
        TABLE,
        b"\nSource: the club, 2020, by Ann, Bob\n",
        None,
        ("footer",),
    ),
    "notes": (b"", TABLE, b"\n* estimated\n** corrected\n", None, ("footer",)),
    "a count": (b"", TABLE, b"4 rows\n", None, ("footer",)),
    "a short sum": (b"", TABLE, b"Total,190\n", None, ("footer",)),
    "a padded source": (b"", TABLE, b",,\nSource: the club,,\n", None, ("footer",)),
    "both": (b"Members\n\n", TABLE, b"\nSource: the club\n", None, ("preamble", "footer")),
    "blank lines below": (b"", TABLE, b"\n\n\n", None, ()),
    # comments
    "comments within": (
        b"",
        b"name,age,city\n# the first\nAnn,31,Rome\nBob,42,Oslo\n# the last\nCid,53,Bonn\n",
        b"",
        "#",
        (),
    ),
    "comments of two characters": (
        b"",
        b"name,age,city\n// the first\nAnn,31,Rome\nBob,42,Oslo\n// the last\nCid,53,Bonn\n",
        b"",
        "//",
        (),
    ),
    "comments above": (b"# members\n# of 2020, by name\n", TABLE, b"", None, ("preamble",)),
    "comments above numbers": (b"# products\n# of numbers\n", WIDE_TABLE, b"", "#", ()),
    "percent comments": (b"% products\n% of numbers\n", WIDE_TABLE, b"", "%", ()),
    "a commented header": (b"## of 2020\n", b"#" + TABLE, b"", "##", ()),
    "colours are no comments": (
        b"",
        b"colour,n,name\n#ff0000,1,red\n#00ff00,2,green\n#0000ff,3,blue\n",
        b"",
        None,
        (),
    ),
    "a row that is commented out": (
        b"",
        b"n,age,city\n1,31,Rome\n#2,42,Oslo\n3,53,Bonn\n4,64,Bern\n",
        b"",
        "#",
        (),
    ),
    "spreadsheet errors are no comments": (
        b"",
        b"n,age,city\n1,31,Rome\n#N/A,42,Oslo\n#REF!,53,Bonn\n4,64,Bern\n5,1,Kiel\n",
        b"",
        None,
        (),
    ),
    "a delimiter of another kind is no comment": (
        b"",
        b"a|n|c\n|1|x\n;2|y\n|3|z\n|4|u\n",
        b"",
        None,
        (),
    ),
    # several tables
    "another table": (b"", TABLE, b"\n" + OTHER, None, ("table",)),
    "another table without a blank line": (b"", TABLE, OTHER, None, ("table",)),
    "another table of the same width": (b"", TABLE, b"\n" + SAME_WIDTH, None, ("table",)),
    "the same width, no blank line": (
        b"",
        TABLE,
        SAME_WIDTH.replace(b"day", b"day"),
        None,
        ("table",),
    ),
    "another table of words": (
        b"",
        SAME_WIDTH,
        b"first,last\nAnn,Lee\nBob,Roe\nCid,Mae\nDora,Poe\n",
        None,
        ("table",),
    ),
    "a title between tables": (b"", TABLE, b"\nSales\n" + OTHER, None, ("table",)),
    "two others": (b"", TABLE, b"\n" + OTHER + b"\n" + SAME_WIDTH, None, ("table", "table")),
    "a wider one after": (b"", TABLE, b"\n" + WIDE_TABLE, None, ("table",)),
    "a preamble and another table": (
        b"Members\n\n",
        TABLE,
        b"\nSales\n\n" + OTHER,
        None,
        ("preamble", "footer", "table"),
    ),
}


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", CASES)
def test_the_table_is_found(name, newline):
    before, table, after, comment, kinds = (
        part.replace(b"\n", newline) if isinstance(part, bytes) else part for part in CASES[name]
    )
    layout = detect(Sample(before + table + after, complete=True), Given())
    assert layout.dialect.comment == comment
    assert tuple(note.kind for note in layout.notes) == kinds
    assert layout.start == len(before)
    assert layout.start_line == before.count(b"\n")
    blank = len(after) - len(after.lstrip())
    if after.strip():
        assert layout.end in range(len(before + table), len(before + table) + blank + 1)
    else:
        assert layout.end is None


WITHIN = {
    "a blank line": b"name,age,city\nAnn,31,Rome\n\nBob,42,Oslo\nCid,53,Bonn\nDora,64,Bern\n",
    "blank lines": b"name,age,city\n\nAnn,31,Rome\n\n\nBob,42,Oslo\n\nCid,53,Bonn\n\n",
    "a blank line after the header": b"name,age,city\n\nAnn,31,Rome\nBob,42,Oslo\nCid,53,Bonn\n",
    "the header again": TABLE + TABLE,
    "an empty record": b"name,age,city\nAnn,31,Rome\n,,\nBob,42,Oslo\nCid,53,Bonn\n",
    "a short record": b"name,age,city\nAnn,31\nBob,42,Oslo\nCid,53,Bonn\n",
    "a short last record": TABLE + b"Eve,75\n",
    "a cut last record": TABLE + b"Eve\n",
    "a long last record": TABLE + b"Eve,75,Kiel,x\n",
    "a sum": TABLE + b"Total,190,\n",
    "two bad records below the header": b"name,age,city\nAnn,31\nBob,42\n" + TABLE[14:],
    "text in a number": TABLE + b"Eve,unknown,Kiel\n",
}


@pytest.mark.parametrize("name", WITHIN)
def test_what_belongs_to_the_table_stays_in_it(name):
    layout = detect(Sample(WITHIN[name], complete=True), Given())
    assert (layout.start, layout.end, layout.notes) == (0, None, ())
    assert (layout.names, layout.header_rows) == (NAMES, 1)


def test_notes_say_where_and_what():
    data = b"Members\n2020\n\n" + TABLE + b"\nSource: x\ny\n\n" + OTHER
    layout = detect(Sample(data, complete=True), Given())
    told = [(note.kind, note.line, note.lines, note.text) for note in layout.notes]
    assert told[0] == ("preamble", 1, 2, "Members\n2020")
    assert told[1] == ("footer", 10, 2, "Source: x\ny")
    assert told[2][:3] == ("table", 13, 4)
    assert told[2][3] == OTHER.decode().strip()


def test_a_note_shows_the_beginning_of_its_text():
    data = b"x" * 500 + b"\n\n" + TABLE
    assert detect(Sample(data, complete=True), Given()).notes[0].text == "x" * 200


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t\n", b"\r\r"])
def test_a_text_without_a_row_is_an_error(data):
    with pytest.raises(SourceError, match="empty"):
        detect(Sample(data, complete=True), Given())


def test_a_text_of_comments_is_an_error():
    with pytest.raises(SourceError, match="every line is blank or a comment"):
        detect(Sample(b"# a\n# b\n", complete=True), Given(comment="#"))


def test_skipped_lines_are_a_preamble():
    data = b"a,b,c\nx,y,z\n" + TABLE
    layout = detect(Sample(data, complete=True), Given(skip_lines=2))
    assert (layout.start, layout.start_line, layout.names) == (12, 2, NAMES)
    assert [note.kind for note in layout.notes] == ["preamble"]
    with pytest.raises(SourceError, match="skip_lines=7"):
        detect(Sample(data, complete=True), Given(skip_lines=7))


def test_a_given_comment_mark_is_not_doubted():
    data = b"name,n\n~1,2\nx,1\ny,2\n"
    layout = detect(Sample(data, complete=True), Given(comment="~"))
    assert (layout.dialect.comment, layout.names) == ("~", ("name", "n"))
    commented = b"name,n\n# 1\nx,1\n# 2\ny,2\nz,3\nu,4\n"
    assert detect(Sample(commented, complete=True), Given()).dialect.comment == "#"
    assert detect(Sample(commented, complete=True), Given(comment=None)).dialect.comment is None


ROWS = b"".join(b"%d,x%d,%d.5\n" % (n, n % 7, n) for n in range(20_000))
LARGE = b"id,kind,value\n" + ROWS


def cut(data, size=1 << 16, tail=4096):
    return Sample(data[:size], complete=False, tail=data[-tail:], tail_offset=len(data) - tail)


def test_a_cut_sample_is_enough():
    layout = detect(cut(LARGE), Given())
    assert (layout.names, layout.end, layout.notes) == (("id", "kind", "value"), None, ())


@pytest.mark.parametrize(
    "footer",
    [b"Source: x\n", b"\nSource: x, y, z\nand others\n", b"\n20000 rows\n", b"(20000 rows)"],
)
def test_a_footer_is_found_in_the_tail(footer):
    layout = detect(cut(LARGE + footer), Given())
    assert [note.kind for note in layout.notes] == ["footer"]
    assert (LARGE + footer)[layout.end :].strip() == footer.strip()
    assert layout.notes[0].text.strip() == footer.decode().strip()


@pytest.mark.parametrize("last", [b"20000,x", b"20000,x,1.5,", b"20000", b"20000,x,1.5"])
def test_a_damaged_last_record_is_no_footer(last):
    assert detect(cut(LARGE + last), Given()).end is None


def test_a_sample_cut_within_quotes_is_enough():
    data = b"id,text\n" + b"".join(b'%d,"some, text\nand more"\n' % n for n in range(5000))
    for size in range(3000, 3040):
        layout = detect(Sample(data[:size], complete=False), Given())
        assert layout.names == ("id", "text")
        assert (layout.dialect.delimiter, layout.dialect.quote, layout.end) == (",", '"', None)


def test_columns_that_are_added_on_the_way_are_no_other_table():
    narrow = b"".join(b"%d,x,%d\n" % (n, n) for n in range(30))
    wide = b"".join(b"%d,x,%d,new\n" % (n, n) for n in range(30))
    layout = detect(Sample(b"a,b,c\n" + narrow + wide, complete=True), Given())
    assert (layout.names, layout.end, layout.notes) == (("a", "b", "c"), None, ())


@pytest.mark.parametrize("last", [b"x\n" * 5, b"Source: x\n", b"1\n", b"\nnote\n" * 3])
def test_bad_records_at_the_end_of_a_sample_do_not_end_the_table(last):
    head = LARGE[:30_000].rpartition(b"\n")[0] + b"\n" + last
    assert detect(Sample(head + b"1,x", complete=False), Given()).end is None


@pytest.mark.parametrize("line", [b"sep=;\n", b"sep=;\r\n", b'"sep=;"\n', b"SEP=;\n"])
def test_the_line_that_names_the_separator_is_taken_at_its_word(line):
    layout = detect(Sample(line + b"a;b,c\n1;2,5\n3;4,5\n", complete=True), Given())
    assert (layout.dialect.delimiter, layout.names) == (";", ("a", "b,c"))
    assert (layout.start, layout.start_line) == (len(line), 1)
    with pytest.raises(SourceError, match="empty"):
        detect(Sample(line, complete=True), Given())


@pytest.mark.parametrize(
    "data",
    [
        b"id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n6,f\n\n7,g,x\n8,h,x\n9,i,x\n",
        b"id,name,day\n"
        + b"1,a,2024-01-02\n" * 9
        + b"void,Bob,missing\n"
        + b"1,b,2024-01-03\n" * 9,
        b"id,name,day\n" + b"1,a,2024-01-02\n" * 9 + b"left,Bob,early\n" + b"1,b,2024-01-03\n" * 9,
        b"id,name\n" + b"1,a\n" * 9 + b"\nleft,Bob\n" + b"1,b\n" * 9,
    ],
    ids=["more fields below a gap", "no values in a row", "words in a row", "words below a gap"],
)
def test_rows_are_not_taken_for_another_table_on_a_doubt(data):
    layout = detect(Sample(data, complete=True), Given())
    assert layout.end is None
    assert layout.notes == ()
