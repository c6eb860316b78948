"""The encoding of a file, from its first bytes."""

from __future__ import annotations

import pytest

from toolkit.core.errors import SourceError
from toolkit.datasets.readers.csv.detection import detect_encoding

TEXT = "name,größe,prix €\nÄnne,1,5\nBjörn,2,6\nChloé,3,7\n" * 20


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (b"a,b\n1,2\n", "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-32-le"), "utf-32-le"),
        (TEXT.encode("utf-32-be"), "utf-32-be"),
        (TEXT.encode("cp1252"), "cp1252"),
        (b"ORC,b\n1,2\n", "utf-8"),
        (b"", "utf-8"),
    ],
)
def test_the_encoding_is_found(data, encoding):
    assert detect_encoding(data, complete=True) == encoding


def test_a_character_may_be_cut_at_the_end_of_a_part():
    data = ("x" * 50 + "é€😀").encode()
    for size in range(50, len(data)):
        assert detect_encoding(data[:size], complete=False) == "utf-8"
    assert detect_encoding(data[:-1], complete=True) == "cp1252"


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1\x15\x04\x15\x00",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n\x00",
        b"\x00\x01\x02\x03" * 50,
        b"a,b\n1,\x00\x00\x00\x00\x00\x07,2\n" * 3,
    ],
)
def test_binary_data_is_an_error(data):
    with pytest.raises(SourceError, match="not text"):
        detect_encoding(data, complete=True)
