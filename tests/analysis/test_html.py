from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from toolkit.analysis import ProfileService
from toolkit.analysis.html import MAX_COLUMNS

ALLOWED = {
    *("style", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "br", "span", "p"),
    *("svg", "rect", "title"),
}


class Reader(HTMLParser):
    """Collects tags, attributes, balanced nesting and text."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def html_of(datasets: Any, frame: pl.DataFrame) -> str:
    return ProfileService(datasets).profile(datasets.save(frame, "t").ref)._repr_html_()


ATTACK = "\"><script>alert(1)</script><img onerror=a()>&amp;'\u202e"


def test_names_and_values_are_escaped(datasets):
    frame = pl.DataFrame(
        {
            ATTACK: [ATTACK + "\x00", ATTACK + "b"],
            "category": pl.Series([ATTACK, "x"], dtype=pl.Enum([ATTACK, "x"])),
            "struct": [{ATTACK: 1}, {ATTACK: 2}],
        }
    )
    html = html_of(datasets, frame)
    reader = Reader(html)
    assert reader.tags <= ALLOWED
    assert not any(name.startswith("on") for name in reader.attributes)
    assert "<script" not in html
    assert "\u202e" not in html
    assert "\x00" not in html
    shown = ATTACK.replace("\u202e", "·")
    assert shown in reader.text
    assert reader.open == []


def test_nothing_is_loaded_and_no_script_runs(datasets):
    frame = pl.DataFrame({"x": [1.0, 2.0], "s": ["http://example.org", "b"]})
    html = html_of(datasets, frame)
    assert {"src", "href", "id"}.isdisjoint(Reader(html).attributes)
    assert "url(" not in html
    assert "@import" not in html


def test_histograms_are_well_formed_svg_with_a_bar_a_bin(datasets):
    html = html_of(datasets, pl.DataFrame({"n": [1, 1, 1, 3]}))
    (svg,) = re.findall(r"<svg.*?</svg>", html)
    bars = list(ElementTree.fromstring(svg))
    assert [bar.findtext("title") for bar in bars] == ["1 to 2: 3", "2 to 3: 0", "3 to 4: 1"]
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert heights[0] == 28
    assert heights[1] == 0
    assert 9 < heights[2] < 10


def test_colors_are_those_of_the_page(datasets):
    html = html_of(datasets, pl.DataFrame({"n": [1, 2]}))
    assert 'fill="currentColor"' in html
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b|\b(white|black)\b(?!-)", html)


@pytest.mark.parametrize(
    ("values", "median", "spread"),
    [
        ([date(2020, 1, 1), date(2020, 1, 3)], "2020-01-01", "1 day, 9:56:28"),
        ([datetime(2020, 1, 1)] * 2, "2020-01-01 00:00:00", "0:00:00"),
        ([time(10), time(14)], "10:00:00", "2:49:42"),
        ([timedelta(days=1)] * 2, "1 day, 0:00:00", "0:00:00"),
        ([12_345.678, 12_345.678], "1.235e+04", "0"),
        ([7, 9], "7", "1.414"),
    ],
    ids=["date", "datetime", "time", "duration", "float", "integer"],
)
def test_numbers_read_as_what_the_column_holds(datasets, values, median: str, spread: str):
    text = Reader(html_of(datasets, pl.DataFrame({"x": values}))).text
    assert median in text
    assert f"± {spread}" in text


def test_moments_and_durations_beyond_the_calendar_are_shown(datasets):
    frame = pl.DataFrame(
        {
            "when": pl.Series([9 * 10**17]).cast(pl.Datetime("us")),
            "long": pl.Series([9 * 10**18]).cast(pl.Duration("ms")),
        }
    )
    text = " ".join(Reader(html_of(datasets, frame)).text)
    assert "30489-" in text
    assert "9e+15 s" in text


def test_nulls_nans_and_infinities_are_told(datasets):
    frame = pl.DataFrame({"x": [None, float("nan"), float("inf"), 1.0]})
    text = Reader(html_of(datasets, frame)).text
    assert {"1", "25.0%", "1 NaN", "1 inf"} <= set(text)


def test_long_names_and_values_are_cut(datasets):
    html = html_of(datasets, pl.DataFrame({"n" * 500: ["v" * 500]}))
    assert "n" * 59 + "…" in html
    assert "n" * 60 not in html
    assert "v" * 60 not in html


def test_a_very_wide_table_is_cut_and_says_so(datasets):
    html = html_of(datasets, pl.DataFrame({f"c{i}": [i] for i in range(MAX_COLUMNS + 7)}))
    assert html.count('scope="row"') == MAX_COLUMNS
    assert "and 7 more columns" in html
    assert Reader(html).open == []
