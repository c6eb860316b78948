"""Tells encodings of one byte a letter apart, and asks charset-normalizer about all others.

Most old files are in Latin letters, where charset-normalizer takes Windows-1252 for its neighbours:
there, the letters that a language has decide. Cyrillic is read where case and frequent letters make
sense. Texts in Greek, Hebrew, Arabic, Chinese, Japanese and Korean are left to the package.
"""

from __future__ import annotations

import codecs
import re
from itertools import pairwise
from typing import Final

USUAL: Final = "cp1252"
_BYTES = 1 << 13
_OTHERS = ("cp1250", "iso8859-2", "cp1254", "cp1257", "mac_roman", "cp850")
_LANGUAGES = (
    "äöüß",
    "éèêëàâçîïôûùœæ",
    "áéíóúñüï",
    "ãõáéíóúâêôçà",
    "àèéìòùî",
    "æøåé",
    "åäöé",
    "þðæöáéíóúý",
    "ëïéöü",
    "ąćęłńóśźż",
    "áčďéěíňóřšťúůýž",
    "áäčďéíĺľňóôŕšťúýž",
    "áéíóöőúüű",
    "čćđšž",
    "ăâîşţ",
    "çğıiöşü",
    "āčēģīķļņšūž",
    "ąčęėįšųūž",
    "äöüõšž",
)
_WESTERN = "äöüßéèêëàâçîïôûùœæáíóúñãõìòøå"
_SIGNS = "€£¥¢§°©®™«»“”„’‘–—…•·½¼¾±²³µ×¿¡ªº´ \xa0"
_CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic")
_FREQUENT = frozenset("оеаинтсрвлкмдпу")
_HIGH = re.compile(rb"[\x80-\xff]")
_BEYOND = re.compile(r"[^\x00-\x7f]")
_HIGH_SHARE = 0.45
"""Share of letters beyond ASCII from which a text is not in Latin letters."""
_LIKELY, _SURE = 0.7, 0.95
_CLEARLY, _CAUTION = 0.02, 0.1
_SIGNS_ONLY = 0.95
_LETTER_WORDS = "àèéóåö"
_POWER_OF_WORD = re.compile(r"[^\W\d_]{3}[²³]")
"""Units are shorter."""
_BETWEEN = " \xa0"


def legacy_encoding(head: bytes, *, complete: bool) -> str:
    """The encoding of text that is not UTF-8, as Python names it. Never fails: Windows-1252 is the
    answer where nothing is better, and Latin-1 where that has no such bytes."""
    sample = _telling_lines(head)
    high = len(_HIGH.findall(sample))
    letters = high + sum(1 for byte in sample if 65 <= byte <= 90 or 97 <= byte <= 122)
    latin, likely = _latin(sample)
    together = sum(map(len, re.findall(rb"[\x80-\xff]{2,}", sample)))
    apart = together * 2 < high
    few = high < _HIGH_SHARE * letters
    if (few and (likely > _LIKELY or apart)) or (apart and (likely > _LIKELY or high < 6)):
        return _decodable(head, latin, complete)
    cyrillic, share = max(
        ((name, _cyrillic_share(sample, name)) for name in _CYRILLIC), key=lambda found: found[1]
    )
    if share > _SURE:
        return _decodable(head, cyrillic, complete)
    from charset_normalizer import from_bytes

    found = from_bytes(sample).best()
    # UTF-16 shows itself by zero bytes, of which there are none here.
    if found is None or found.encoding.startswith("utf"):
        return _decodable(head, latin, complete)
    return _decodable(head, found.encoding, complete)


def _telling_lines(head: bytes) -> bytes:
    """The first lines that are not ASCII, whole ones if there is more than one."""
    lines: list[bytes] = []
    size = 0
    for line in head.splitlines():
        if _HIGH.search(line):
            if lines and size + len(line) > _BYTES:
                break
            lines.append(line)
            size += len(line)
    return b"\n".join(lines)[: 4 * _BYTES]


def _decodable(head: bytes, encoding: str, complete: bool) -> str:
    """The encoding, or one that has every byte: a wrong letter is better than no file."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head, complete)
    except UnicodeDecodeError:
        return "latin-1" if encoding == USUAL else _decodable(head, USUAL, complete)
    return encoding


def _latin(sample: bytes) -> tuple[str, float]:
    best = (_latin_score(sample.decode(USUAL, "replace")), USUAL)
    # The fewer letters there are, the more another encoding must explain to be believed.
    margin = _CLEARLY + _CAUTION / max(1, len(set(_HIGH.findall(sample))))
    for encoding in _OTHERS:
        value = _latin_score(sample.decode(encoding, "replace"))
        if value > best[0] + margin:
            best, margin = (value, encoding), _CLEARLY
    return best[1], best[0]


def _latin_score(text: str) -> float:
    """How much the letters beyond ASCII are those of one language, from -1 to 1."""
    odd: list[str] = []
    padded = f"\n{text}\n"
    penalty = float(len(_POWER_OF_WORD.findall(padded)))
    total = 0
    for found in _BEYOND.finditer(padded):
        at = found.start()
        before, here, after = padded[at - 1], padded[at], padded[at + 1]
        total += 1
        if here.isalpha() and here not in _SIGNS:
            odd.append(here.lower()[0])
            # A capital within a word is the mark of a wrong encoding, and so is a lone letter.
            penalty += before.islower() and here.isupper()
            lone = not (before.isalpha() or after.isalpha() or here in _LETTER_WORDS)
            penalty += 0.3 * (lone and any(c in _BETWEEN or c.isdigit() for c in before + after))
        elif (
            here not in _SIGNS
            or (before.isalpha() and here in "¿¡£¥±¼½¾")
            or (before.isalpha() and after.isalpha() and here not in "’‘–—")
        ):
            penalty += 1
    if not odd:
        return _SIGNS_ONLY - penalty / max(1, total)
    best = max(sum(letter in language for letter in odd) for language in _LANGUAGES)
    western = 0.97 * sum(letter in _WESTERN for letter in odd)
    return max(best, western) / len(odd) - 2 * penalty / total


def _cyrillic_share(sample: bytes, encoding: str) -> float:
    """Share of the letters beyond ASCII that are Cyrillic, capitals at the start of words only."""
    text = sample.decode(encoding, "replace")
    good = frequent = total = 0
    for before, here in pairwise(" " + text):
        if here < "\x80":
            continue
        total += 1
        if "\u0400" <= here <= "\u045f":
            good += here.islower() or not before.isalpha()
            frequent += here in _FREQUENT
    if total == 0 or frequent * 5 < total * 3:
        return 0.0
    return good / total
