"""What kind of value a cell is: enough to compare cells, not to convert them."""

from __future__ import annotations

import re
from typing import Final

from toolkit.datasets.readers.csv.detection.splitting import text_of

EMPTY: Final = "empty"
NULL: Final = "null"
NUMBER: Final = "number"
TEMPORAL: Final = "temporal"
BOOLEAN: Final = "boolean"
ADDRESS: Final = "address"
WORD: Final = "word"
CODE: Final = "code"
TEXT: Final = "text"

TYPED = frozenset({NUMBER, TEMPORAL, BOOLEAN, ADDRESS})
"""Kinds that a name of a column does not have."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?"
_DATE = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})"
    rf"|\d{{1,2}}[- ]{_MONTH}[- ](?:\d{{4}}|\d{{2}})"
    rf"|(?:{_DAY},? )?{_MONTH} \d{{1,2}},? \d{{4}}|\d{{4}}-\d{{2}})"
)
_TIME = (
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?: ?[ap]\.?m\.?)?(?: ?(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?)"
)
_NUMBER = (
    r"(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:[ '\xa0]\d{3})+)"
    r"(?:[.,]\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?"
)
_CURRENCY = r"(?:[$£¥€]|(?-i:USD|EUR|GBP|CHF|US\$))"

_KINDS = re.compile(
    r"(?P<null>na|n/a|n\.a\.|nan|null|none|nil|-|--|\?|\\n|#n/a|:|\.{1,3}|…)"
    rf"|(?P<boolean>true|false)"
    rf"|(?P<number>[-+(]?{_CURRENCY}? ?[-+]?(?:{_NUMBER})\)?(?: ?(?:{_CURRENCY}|%))?|[-+]?inf)"
    rf"|(?P<temporal>{_DATE}(?:[t ,]{{1,2}}{_TIME})?|{_TIME})"
    r"|(?P<address>(?:/[\w.@+-]+)+/?|[a-z]:\\[^,;|]*|\{.*\}|"
    rf"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?|ftp|s3|file)://\S+|www\.\S+"
    r"|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?"
    r"|[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<word>[^\W\d_][^\W_]*(?:[-'.][^\W_]+)*)"
    r"|(?P<code>[^\s,;|\"']+)",
    re.IGNORECASE,
)

PLACEHOLDER = re.compile(
    r"unknown|missing|error|invalid|unavailable|not \w+|absent|undefined|pending|tb[ad]|void|empty",
    re.IGNORECASE,
)
"""What people write where there is no value: no names."""

_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))

_known: dict[str, str] = {}
_KNOWN_LIMIT = 50_000


def kind_of(cell: str) -> str:
    """The kind of a cell; blanks around it do not matter."""
    found = _known.get(cell)
    if found is None:
        text = text_of(cell).strip()
        if not text:
            found = EMPTY
        elif len(text) > 80:
            found = (
                ADDRESS if text.startswith(("http://", "https://")) and " " not in text else TEXT
            )
        else:
            match = _KINDS.fullmatch(text)
            found = match.lastgroup or TEXT if match else TEXT
        if len(_known) >= _KNOWN_LIMIT:
            _known.clear()
        if len(cell) <= 80:
            _known[cell] = found
    return found


_GOODNESS = {
    EMPTY: 0.8,
    NULL: 0.9,
    NUMBER: 1.0,
    TEMPORAL: 1.0,
    BOOLEAN: 1.0,
    ADDRESS: 1.0,
    WORD: 0.95,
    CODE: 0.9,
    TEXT: 0.85,
}


_MARKS = frozenset(",;|:")
_TORN = re.compile(r"//|\d{4}-\d{2}-\d{2}[ T]\d{2}$")
"""What is left of an address and of a time where a colon is taken for the delimiter."""


def goodness(cell: str) -> float:
    """How likely the text of an unquoted cell is to be one value, from 0 to 1."""
    kind = kind_of(cell)
    good = _GOODNESS[kind]
    if cell.strip() in _MARKS or _TORN.match(cell):
        return 0.1
    if kind in (CODE, TEXT, ADDRESS):
        if "\t" in cell.strip() or "|" in cell or ";" in cell:
            good *= 0.5 if kind != ADDRESS else 0.8
        elif kind == TEXT and "," in cell:
            good *= 0.8
        if kind != ADDRESS and any(cell.count(a) != cell.count(b) for a, b in _BRACKETS):
            good *= 0.6
        if cell[:1] in "\"'" or cell[-1:] in "\"'":
            good *= 0.35
        elif '"' in cell:
            good *= 0.8
    if cell[:1] == " ":
        good *= 0.85
    elif cell[:1] in _MARKS and len(cell) > 1:
        # The delimiter stands before it.
        good *= 0.6
    if cell[-1:] == "\\" and cell.count("\\") == 1:
        # Not a path: a delimiter was escaped.
        good *= 0.4
    return good
