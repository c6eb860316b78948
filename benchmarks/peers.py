"""Other libraries that keep frames, on the very frames of the session.

They need other releases of pandas than this project does, so that they live in an environment of
their own: ``make bench-peers`` makes it, in ``.venv-peers``. ``BENCH_PEERS`` names another one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.analyst import STEPS, PlainFiles
from benchmarks.report import Figure

ENVIRONMENT = "BENCH_PEERS"
_DEFAULT = Path(__file__).resolve().parent.parent / ".venv-peers"
_CHILD = Path(__file__).with_name("peers_child.py")
PEERS = ("pins", "arcticdb", "deltalake", "pylance", "joblib")
"""The packages, each of which is measured in a process of its own."""


def measure(plain: PlainFiles, folder: Path) -> Iterator[Figure]:
    """A figure a peer, without a goal; none where their environment is missing."""
    python = Path(os.environ.get(ENVIRONMENT) or _DEFAULT) / "bin" / "python"
    if not python.exists():
        print("  session: peers are not measured: make bench-peers installs them", file=sys.stderr)
        return
    base = sum(path.stat().st_size for _, path in plain.written)
    frames = folder / "frames.json"
    frames.write_text(json.dumps(_frames(plain)), encoding="utf-8")
    for peer in PEERS:
        target = folder / f"peer-{peer}"
        target.mkdir()
        command = [str(python), str(_CHILD), peer, str(frames), str(target)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            shutil.rmtree(target)
        if done.returncode:
            print(f"  session: {peer} failed:\n{done.stderr[-2_000:]}", file=sys.stderr)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        yield Figure(
            f"… the same with {peer} {found['version']}",
            found["bytes"] / base,
            None,
            "×",
            "the sum of their Parquet files",
            f"{found['bytes'] / 1e6:.1f} MB, {found['seconds']:.1f} s of saving",
        )


def _frames(plain: PlainFiles) -> list[dict[str, object]]:
    """What a peer is told of each frame."""
    first_run = {step.what: number for number, step in enumerate(STEPS) if not step.again}
    return [
        {
            "name": name,
            "file": str(path),
            "appends": step.appends,
            "cell": first_run.get(step.again, number),
        }
        for number, (step, (name, path)) in enumerate(zip(STEPS, plain.written, strict=True))
    ]
