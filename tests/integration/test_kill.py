"""A process that dies at any moment loses nothing that it acknowledged."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import toolkit as tk

KILLS = 100
MOST_KILLS = 1000
SHORTEST, LONGEST = 0.1, 3.5
"""How long a process lives, in units of the time that opening the workspace takes here."""
VERBS = ("frame", "bytes", "drop", "optimize", "gc")
ENOUGH = 10
"""How often each verb must have been acknowledged by a process that was killed later."""

SERVER = """
import json, os, random, sys
from datetime import timedelta

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import polars as pl
import toolkit as tk
import toolkit.analysis.profile, toolkit.catalog.catalog, toolkit.datasets.service
from toolkit.datasets.sharing import SharingPolicy
import toolkit.query.service, toolkit.sampling.service, toolkit.storage.backends.factory
import toolkit.storage.services.artifact_producer, toolkit.storage.services.checker
import toolkit.storage.services.garbage_collector

home, log = sys.argv[1:]
VERBS = "save save large known derive derive append add drop optimize optimize gc".split()


def work(seed):
    chance = random.Random(seed)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def say(*what):
        os.write(out, (json.dumps(what) + "\\n").encode())

    def rows(count):
        return [chance.randrange(1 << 62) for _ in range(count)]

    ws = tk.Workspace(home)
    # Small frames share their columns too.
    ws._services.datasets._saver._sharer.policy = SharingPolicy(min_bytes=0, min_gain=1)
    say("open")
    kept = []
    while True:
        verb = chance.choice(VERBS)
        if verb == "save":
            values = rows(20)
            kept.append(ws.save(pl.DataFrame({"v": values}), f"own_{seed % 5}").ref)
            say("frame", kept[-1], sum(values), 20)
        elif verb == "large":
            first = chance.randrange(1 << 30)
            frame = pl.DataFrame({"v": pl.int_range(first, first + 200_000, eager=True).hash(1)})
            kept.append(ws.save(frame, "large").ref)
            say("frame", kept[-1], frame["v"].cast(pl.Int128).sum(), len(frame))
        elif verb == "known":
            value = chance.randrange(5)
            ref = ws.save(pl.DataFrame({"v": [value]}), f"known_{chance.randrange(3)}").ref
            say("frame", ref, value, 1)
        elif verb == "derive":
            frame = pl.DataFrame({"v": rows(500)})
            for name in ("base", "wide", "wider"):
                kept.append(ws.save(frame, name).ref)
                say("frame", kept[-1], sum(frame["v"].to_list()), 500)
                frame = frame.with_columns(pl.Series(f"after_{name}", rows(500)))
        elif verb == "optimize" and kept:
            ws.optimize(chance.choice(kept))
            say("optimize")
        elif verb == "append" and kept:
            value = chance.randrange(1 << 62)
            name = f"grown_{seed}"
            base = ws.save(pl.DataFrame({"v": [seed]}), name)
            say("frame", base.ref, seed, 1)
            say("frame", ws.append(name, pl.DataFrame({"v": [value]})).ref, seed + value, 2)
        elif verb == "add":
            data = chance.randbytes(3000)
            say("bytes", ws.add(data, f"raw_{seed % 3}").ref, data.hex())
        elif verb == "drop" and len(kept) > 1:
            ref = kept.pop(0)
            say("drop", ref)
            ws.drop(ref)
        elif verb == "gc":
            ws.gc(grace=timedelta(0))
            say("gc")


print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            work(int(line))
        finally:
            os._exit(1)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def age_files(home: Path, age: timedelta) -> None:
    """Let everything in the store look as old as ``age``."""
    then = time.time() - age.total_seconds()
    for path in (home / "files").rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


class Log:
    """What the killed processes acknowledged."""

    def __init__(self, path: Path) -> None:
        self.frames: dict[str, tuple[int, int]] = {}
        self.raw: dict[str, bytes] = {}
        self.seen: Counter[str] = Counter()
        for line in path.read_text().splitlines():
            verb, *what = json.loads(line)
            self.seen[verb] += 1
            if verb == "frame":
                self.frames[what[0]] = (what[1], what[2])
            elif verb == "bytes":
                self.raw[what[0]] = bytes.fromhex(what[1])
            elif verb == "drop":
                # It is said before it is done, so that either may have happened.
                self.frames.pop(what[0])

    @property
    def enough(self) -> bool:
        """Whether the processes got far, often enough for their deaths to prove anything."""
        return min(self.seen[verb] for verb in VERBS) >= ENOUGH


@pytest.fixture
def killed(start, tmp_path, home):
    """The log of processes that were killed, and the workspace looked at after each of them."""
    log = tmp_path / "log"
    log.touch()
    server = start(SERVER, home, log)
    assert server.stdout.readline() == "ready\n"
    chance = random.Random(20_000)
    problems = []
    opening = 0.0
    for seed in range(MOST_KILLS):
        # How far a process gets in its time is the machine's affair: go on until it was far enough.
        if seed >= KILLS and Log(log).enough:
            break
        server.stdin.write(f"{seed}\n")
        server.stdin.flush()
        child = int(server.stdout.readline())
        started = time.monotonic()
        if not opening:
            while '"open"' not in log.read_text():
                time.sleep(0.001)
            opening = min(time.monotonic() - started, 0.12)
        time.sleep(opening * chance.uniform(SHORTEST, LONGEST))
        os.kill(child, signal.SIGKILL)
        assert int(server.stdout.readline()) == -signal.SIGKILL, "the process failed by itself"
        with tk.Workspace(home) as ws:
            problems += ws.check(rehash=seed % 20 == 0).problems
    server.stdin.close()
    assert (server.wait(10), server.stderr.read()) == (0, "")
    return Log(log), problems


def test_a_hundred_kills_lose_nothing_that_was_acknowledged(killed, home, ws):
    log, problems = killed
    assert problems == []
    assert log.enough, log.seen

    for ref, expected in log.frames.items():
        values = ws.load(ref).collect()["v"]
        assert (values.cast(pl.Int128).sum(), len(values)) == expected
    for ref, data in log.raw.items():
        ws.export(ref, home / "raw.bin")
        assert (home / "raw.bin").read_bytes() == data

    # Nothing is left of what was not acknowledged, once it is old enough to be nobody's.
    age_files(home, timedelta(hours=2))
    swept = ws.gc(grace=timedelta(0))
    assert swept.orphans > 0
    report = ws.check()
    assert report.problems == ()
    assert report.orphans == 0
    assert list((home / "files" / ".staging").iterdir()) == []
    assert ws.gc(grace=timedelta(0)).files == 0
    for ref, expected in log.frames.items():
        values = ws.load(ref).collect()["v"]
        assert (values.cast(pl.Int128).sum(), len(values)) == expected
