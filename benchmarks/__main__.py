"""``python -m benchmarks [group …]``: measure, print the table, write ``bench.json``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import (
    capturing,
    catalog,
    csv_files,
    importing,
    loading,
    parquet_files,
    processes,
    raw_files,
    report,
    saving,
    session,
    sharing,
    sizes,
)

Measure = Callable[[sizes.Sizes, Path], Iterator[report.Figure]]

GROUPS: Mapping[str, Measure] = {
    "saving": saving.measure,
    "loading": loading.measure,
    "raw_files": raw_files.measure,
    "csv_files": csv_files.measure,
    "parquet_files": parquet_files.measure,
    "session": session.measure,
    "sharing": sharing.measure,
    "catalog": catalog.measure,
    "processes": processes.measure,
    "capturing": capturing.measure,
    "importing": importing.measure,
}

RESULT = Path(__file__).resolve().parent.parent / "bench.json"


def run(groups: Sequence[str], chosen: sizes.Sizes) -> list[report.Figure]:
    """Measure the groups one after the other, each in a temporary folder that does not stay."""
    figures = []
    for group in groups:
        with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
            for figure in GROUPS[group](chosen, Path(folder)):
                print(
                    f"  {group}: {figure.what}: {figure.measured:.3g} {figure.unit}",
                    file=sys.stderr,
                    flush=True,
                )
                figures.append(figure)
    return figures


def main() -> None:
    """Read the arguments and report; a goal that is not reached is shown, and is no error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(GROUPS)}")
    parser.add_argument("--output", type=Path, default=RESULT, help="the JSON file to write")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.groups) - GROUPS.keys())
    if unknown:
        parser.error(f"no group {', '.join(unknown)}: choose of {', '.join(GROUPS)}")
    chosen = sizes.chosen()
    figures = run(arguments.groups or list(GROUPS), chosen)
    report.write_json(figures, chosen, arguments.output)
    print(report.table(figures))


if __name__ == "__main__":
    main()
