"""Keep the frames of the session with one other library, as its documentation shows it.

    python peers_child.py PEER FRAMES.json FOLDER

Runs in the environment of the peers, and imports nothing of this project. Prints the bytes that
are on disk afterwards, and the seconds of saving, as JSON. Reading the frames, and bringing them
into the form that the library takes, is outside of the clock.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Save = Callable[[dict[str, Any], Any], object]
"""Keep one frame; the form of the frame is that of the peer."""


def _pins(folder: Path) -> Save:
    """A pin a name, a version a save; content that is the newest version's is not written."""
    import pins

    board = pins.board_folder(str(folder))
    return lambda told, frame: board.pin_write(frame, told["name"], type="parquet")


def _arcticdb(folder: Path) -> Save:
    """A symbol a name, versions kept, segments that an earlier version has not stored again."""
    from arcticdb import Arctic, LibraryOptions

    store = Arctic(f"lmdb://{folder}?map_size=20GB")
    library = store.create_library("session", LibraryOptions(dedup=True))

    def save(told: dict[str, Any], frame: Any) -> object:
        if told["appends"]:
            # Its rows are numbered: those that are appended follow on.
            return library.append(told["name"], frame.iloc[told["before"] :])
        return library.write(told["name"], frame)

    return save


def _deltalake(folder: Path) -> Save:
    """A table a name, a version a save."""
    from deltalake import write_deltalake

    def save(told: dict[str, Any], frame: Any) -> object:
        table = folder / told["name"]
        if told["appends"]:
            return write_deltalake(table, frame.slice(told["before"]), mode="append")
        return write_deltalake(table, frame, mode="overwrite", schema_mode="overwrite")

    return save


def _pylance(folder: Path) -> Save:
    """A dataset a name, a version a save."""
    import lance

    def save(told: dict[str, Any], frame: Any) -> object:
        table = folder / f"{told['name']}.lance"
        if told["appends"]:
            return lance.write_dataset(frame.slice(told["before"]), table, mode="append")
        return lance.write_dataset(frame, table, mode="overwrite")

    return save


def _joblib(folder: Path) -> Save:
    """A cached function a cell: one that is run again is known by its arguments."""
    import joblib

    memory = joblib.Memory(folder, verbose=0)

    def cell(number: int, frame: Any) -> Any:
        return frame

    cached = memory.cache(cell, ignore=["frame"])
    return lambda told, frame: cached(told["cell"], frame)


PEERS: Mapping[str, tuple[Callable[[Path], Save], str]] = {
    "pins": (_pins, "to_pandas"),
    "arcticdb": (_arcticdb, "to_pandas"),
    "deltalake": (_deltalake, "to_arrow"),
    "pylance": (_pylance, "to_arrow"),
    "joblib": (_joblib, "to_pandas"),
}
"""How each keeps a frame, and the form that it takes."""


def main() -> None:
    """Keep every frame with the peer that the arguments name."""
    import polars as pl

    warnings.simplefilter("ignore")
    peer, frames, target = sys.argv[1:]
    folder = Path(target)
    start, form = PEERS[peer]
    save = start(folder)
    seconds, rows = 0.0, 0
    for told in json.loads(Path(frames).read_text(encoding="utf-8")):
        frame = getattr(pl.read_parquet(told["file"]), form)()
        told["before"], rows = rows, len(frame)
        begun = time.perf_counter()
        save(told, frame)
        seconds += time.perf_counter() - begun
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    version = importlib.metadata.version(peer)
    print(json.dumps({"version": version, "bytes": size, "seconds": seconds}))


if __name__ == "__main__":
    main()
