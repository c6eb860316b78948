"""Runs ``parquet_child.py``: a crash or a hang of a reader is then a failure of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def verdicts(folder: Path, faces: str, how: str) -> dict[str, dict[str, str]]:
    """What each face made of each Parquet file in the folder; ``how`` is "small" or "large"."""
    paths = sorted(str(path) for path in folder.glob("*.parquet"))
    command = [sys.executable, str(HERE / "parquet_child.py"), faces, how, *paths]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[2])}
    with open(folder / "errors.txt", "w+") as errors:
        child = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, check=False
        )
        errors.seek(0)
        told = dict(map(json.loads, child.stdout.splitlines()))
        if child.returncode:
            ending = paths[len(told)] if len(told) < len(paths) else "the end of the process"
            pytest.fail(
                f"{os.path.basename(ending)} ended its reader with "
                f"{child.returncode}\n{errors.read()[-2000:]}"
            )
    return told
