"""What the browser says of a version: words, pictures of columns, changes and lineage."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from toolkit import Workspace
from toolkit.notebook.display import panes
from toolkit.notebook.display.graph import MOST_NODES, lineage_html
from toolkit.notebook.display.overview import DatasetRow, matching, ordered
from toolkit.notebook.display.sample import MOST_ROWS, picture, sampled_columns
from toolkit.notebook.display.words import age, cut, html_table, size, text_table

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path):
    with Workspace(tmp_path / "ws") as ws:
        yield ws


def newest(workspace, name):
    return workspace.history(name).row(-1, named=True)


def seen(html):
    """The text of a piece of HTML."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.S)).strip()


def described(workspace, name):
    return panes.columns(workspace, name, newest(workspace, name), lambda: None)


def datasets(*rows):
    return [
        DatasetRow(name, kind, rows, 1, size, NOW - timedelta(hours=hours), 1, 1, tags)
        for name, kind, rows, size, hours, tags in rows
    ]


SOME = datasets(
    ("flights", "frame", 9, 500, 3, ("paper",)),
    ("air.Delays", "frame", 10, 400, 1, ()),
    ("notes", "file", 0, 900, 2, ()),
)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["flights", "air.Delays", "notes"]),
        ("delays", ["air.Delays"]),
        ("LIGHT paper", ["flights"]),
        ("paper notes", []),
        ("file", ["notes"]),
    ],
)
def test_a_search_finds_every_word_in_name_kind_or_tags(search, found):
    assert [row.name for row in matching(SOME, search)] == found


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("name", ["air.Delays", "flights", "notes"]),
        ("rows", ["notes", "flights", "air.Delays"]),
        ("size", ["air.Delays", "flights", "notes"]),
        ("age", ["air.Delays", "notes", "flights"]),
        ("versions", ["air.Delays", "flights", "notes"]),
    ],
)
def test_an_order_is_of_values_and_not_of_their_text(column, order):
    assert [row.name for row in ordered(SOME, column, descending=False)] == order


def test_equal_datasets_stay_by_name_in_either_direction():
    names = [row.name for row in ordered(SOME, "versions", descending=True)]
    assert names == ["air.Delays", "flights", "notes"]


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=31), "2026-10-23"),
    ],
)
def test_an_age_is_told_roughly(ago, text):
    assert age(NOW - ago, NOW) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (999_949, "999.9 kB"), (999_960, "1.0 MB")],
)
def test_a_size_has_at_most_four_digits(number, text):
    assert size(number) == text


def test_a_cell_is_one_printable_line():
    assert cut("a\nb\x1b[0m") == "a·b·[0m"
    assert cut("x" * 100) == "x" * 59 + "…"


def test_tables_align_numbers_to_the_right():
    rows = [("a", "1,000"), ("long", "2")]
    text = text_table(("name", "rows"), rows, numbers=(1,))
    assert text.splitlines() == ["name   rows", "a     1,000", "long      2"]
    html = html_table(("name", "rows"), rows, numbers=(1,))
    assert html.count('<td style="text-align:right">') == 2


def test_a_preview_shows_the_first_rows_and_escapes_values(workspace):
    workspace.save(pl.DataFrame({"<i>": ["<b>bold</b>", *("x" * 12)], "n": range(13)}), "texts")
    html = panes.preview(workspace, "texts", newest(workspace, "texts"))
    assert "The first 10 of 13 rows." in seen(html)
    assert "&lt;b&gt;bold" in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert ">9<" in html
    assert ">10<" not in html


def test_a_preview_of_a_wide_frame_says_how_many_columns_it_leaves_out(workspace):
    workspace.save(pl.DataFrame({f"c{i}": [i] for i in range(40)}), "wide")
    text = seen(panes.preview(workspace, "wide", newest(workspace, "wide")))
    assert text.startswith("The first 1 of 1 row and the first 30 of 40 columns.")
    assert "c29" in text
    assert "c30" not in text


def test_a_small_preview_says_that_it_is_all(workspace):
    workspace.save(pl.DataFrame({"a": [1]}), "one")
    assert seen(panes.preview(workspace, "one", newest(workspace, "one"))).startswith("All rows.")


@pytest.mark.parametrize("show", ["preview", "columns"])
def test_a_raw_file_has_no_rows_to_show(workspace, show):
    workspace.add(b"any", "notes")
    version = newest(workspace, "notes")
    extra = (lambda: None,) if show == "columns" else ()
    assert "byte for byte" in getattr(panes, show)(workspace, "notes@1", version, *extra)


def test_columns_have_types_exact_nulls_and_pictures(workspace):
    rows = 50_000
    workspace.save(
        pl.DataFrame(
            {
                "n": pl.arange(0, rows, eager=True),
                "s": pl.Series(["x", None] * (rows // 2)),
                "l": [[1]] * rows,
            }
        ),
        "mixed",
    )
    html = described(workspace, "mixed")
    text = seen(html)
    assert "values of 10,000 rows, taken in 40 places" in text
    assert "n int64 0 " in text
    assert 'aria-label="Histogram from 0 to 49,999"' in html
    assert "s string 25,000 50.0% x 100%" in text
    assert "list&lt;int64&gt;" in html


def test_a_version_in_several_files_is_sampled_from_its_first_rows(workspace):
    frame = pl.DataFrame({f"c{i}": np.random.default_rng(i).random(60_000) for i in range(6)})
    workspace.save(frame, "wide")
    workspace.save(workspace.load("wide").with_columns(z=pl.col("c0") * 2), "wide")
    assert "values of 10,000 rows, taken in 40 places" in seen(
        panes.columns(workspace, "wide@1", workspace.history("wide").row(0, named=True), list)
    )
    assert "values of the first 10,000 rows" in seen(described(workspace, "wide"))


def test_looking_saves_nothing(workspace):
    workspace.save(pl.DataFrame({"a": [1, 2]}), "one")
    before = workspace.datasets(), workspace.stats()
    version = newest(workspace, "one")
    panes.preview(workspace, "one", version)
    described(workspace, "one")
    assert workspace.datasets().equals(before[0])
    assert workspace.stats().equals(before[1])


def test_a_frame_without_rows_or_columns_is_described(workspace):
    workspace.save(pl.DataFrame(schema={"a": pl.Int64}), "empty")
    assert "a int64 0" in seen(described(workspace, "empty"))
    workspace.save(pl.DataFrame(), "nothing")
    assert "Nulls are of all rows" in seen(described(workspace, "nothing"))
    assert panes.column_steps(newest(workspace, "nothing")) == 0


def test_steps_are_as_many_as_were_announced(workspace):
    workspace.save(pl.DataFrame({f"c{i}": [i] for i in range(40)}), "wide")
    version, steps = newest(workspace, "wide"), []
    panes.columns(workspace, "wide", version, lambda: steps.append(1))
    assert len(steps) == panes.column_steps(version) == 3


def test_a_sample_is_bounded_and_reaches_both_ends():
    rows = 1_000_000
    frame = pl.LazyFrame({"n": pl.arange(0, rows, eager=True)})
    ((values,),) = sampled_columns(frame, rows, ["n"])
    assert values.len() == MOST_ROWS
    assert (values.min(), values.max()) == (0, rows - 1)
    assert values.n_unique() == MOST_ROWS


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1e308, -1e308, 5e-324]),
        pl.Series([float("nan"), float("inf")]),
        pl.Series([None, None]),
        pl.Series([10**30, 1], dtype=pl.Int128),
        pl.Series([date(2020, 1, 1), date(9999, 12, 31)]),
        pl.Series([6_600_000], dtype=pl.Int32).cast(pl.Date),
        pl.Series([2**62], dtype=pl.Int64).cast(pl.Datetime("ms")),
        pl.Series([1, 2]).cast(pl.Duration("us")),
        pl.Series(["1.5", "2.5"]).cast(pl.Decimal(10, 2)),
        pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
        pl.Series(["a", "b"], dtype=pl.Categorical),
        pl.Series([True, False]),
        pl.Series([b"x"]),
        pl.Series([[1], []]),
        pl.Series([{"a": 1}]),
        pl.Series([], dtype=pl.Null),
    ],
    ids=lambda values: str(values.dtype),
)
def test_any_column_has_a_picture_or_none(values):
    html = picture(values)
    assert "nan" not in html.lower()
    assert html.count("<") == html.count(">")


@pytest.mark.parametrize(
    ("values", "heights"),
    [
        (range(1, 13), [24.0] * 12),
        ([1, 1, 2], [24.0, 12.0]),
        ([7], [24.0]),
        (range(100), [24.0] * 20),
        ([0.0, 0.5, 1.0], [24.0, 24.0, 24.0]),
    ],
)
def test_a_histogram_has_no_gaps_between_whole_numbers(values, heights):
    html = picture(pl.Series(list(values)))
    assert [float(h) for h in re.findall(r'height="([\d.]+)"><title', html)] == heights


def test_the_most_frequent_texts_are_escaped_and_counted():
    html = picture(pl.Series(["<b>"] * 5 + list("wxyz")))
    assert html.startswith('&lt;b&gt; <span class="toolkit-dim">56%</span>')
    assert "and 2 more" in html


def test_changes_name_what_differs_and_count_the_rest(workspace):
    first = pl.DataFrame({"a": [1, 2], "b": [1, None], "c": ["x", "y"]})
    workspace.save(first, "t")
    workspace.save(first.drop("c").with_columns(b=pl.lit(2.5), d=pl.lit(1)), "t")
    before, after = workspace.history("t").rows(named=True)
    text = seen(panes.changes(workspace, before, after, "t"))
    assert "Rows: 2 → 2." in text
    assert "1 same" in text
    assert "b changed int64 → float64 1 → 0" in text
    assert "c removed string" in text
    assert "d added int32" in text


def test_versions_stand_the_newest_first_with_their_marks(workspace):
    workspace.save(pl.DataFrame({"a": [1]}), "t")
    workspace.save(workspace.load("t").select(pl.col("a") + 1), "t", how="one more")
    workspace.tag("t@1", "paper")
    workspace.hold("t@1", "why")
    rows = re.findall(r"<tr>.*?</tr>", panes.versions(workspace.history("t")), flags=re.S)
    assert seen(rows[1]).endswith("t@1 one more")
    assert "paper held" in seen(rows[2])


def test_lineage_is_drawn_from_the_sources_to_the_version(workspace, tmp_path):
    source = tmp_path / "a<b.csv"
    source.write_text("n\n1\n2\n")
    workspace.save(workspace.read(source), "raw")
    workspace.save(workspace.load("raw").filter(pl.col("n") > 1), "some")
    html = lineage_html("some@1", workspace.lineage("some@1"))
    texts = re.findall(r'<text x="(\d+)"[^>]*>([^<]*)</text>', html)
    places = {name: int(x) for x, name in texts}
    assert sorted(places, key=places.__getitem__) == ["a&lt;b.csv", "raw@1", "some@1"]
    assert html.count("marker-end") == 2


def test_a_long_name_in_a_drawing_keeps_its_version():
    long = "a_very_long_name_of_a_notebook.and_of_a_variable@12"
    html = lineage_html(long, pl.DataFrame({"ref": long, "input": "t@1", "kind": "version"}))
    (shown,) = re.findall(r">(a_very[^<]*)</text>", html)
    assert shown == "a_very_long_name_…d_of_a_variable@12"
    boxes = [int(width) for width in re.findall(r'<rect [^>]* width="(\d+)"', html)]
    assert min(boxes) < max(boxes) / 3


def test_a_version_without_inputs_says_so(workspace):
    workspace.save(pl.DataFrame({"a": [1]}), "t")
    assert "t@1 has no known inputs." in lineage_html("t@1", workspace.lineage("t@1"))


def test_a_large_lineage_is_a_list():
    edges = pl.DataFrame(
        {
            "ref": [f"t@{i + 1}" for i in range(MOST_NODES)],
            "input": [f"t@{i}" for i in range(MOST_NODES)],
            "kind": ["version"] * MOST_NODES,
        }
    )
    assert "<svg" not in lineage_html("t@60", edges)
    assert lineage_html("t@60", edges).count("<tr>") == MOST_NODES + 1
    assert "<svg" in lineage_html("t@60", edges.head(MOST_NODES - 1))
