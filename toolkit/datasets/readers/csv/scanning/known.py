"""What was found out about the files of a reader, for as long as they do not change."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from toolkit.datasets.readers.csv.planning import planned_text
from toolkit.datasets.readers.csv.records import Verdict, verify
from toolkit.datasets.readers.csv.scanning.native import Wanted
from toolkit.datasets.readers.csv.typed_file import TypedFile
from toolkit.datasets.readers.sources import ResolvedSource

_Stamp: TypeAlias = tuple[int, int, int] | str

Quotes: TypeAlias = Literal["none", "sound", "unsound"]
"""Whether the quotes of a file stand where polars takes them for what they are."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What scans of a file have shown."""

    stamp: _Stamp | None = None
    quotes: Quotes | None = None
    reach: int = -1
    """The column up to which all rows have a field, and none too many."""
    columns: frozenset[str] = frozenset()
    """Those of numbers that are written as such."""

    def after(self, scan: Wanted, *, watched: bool, quoted: bool) -> Proof:
        """With what a scan to the end has shown."""
        # Of a column of which a predicate keeps some values only these are seen.
        seen = scan.read if scan.predicate is None else ()
        reach = max(self.reach, scan.proven) if watched else self.reach
        quotes: Quotes = "sound" if quoted else "none"
        return replace(self, quotes=quotes, reach=reach, columns=self.columns.union(seen))


class Known:
    """Proofs and verdicts of files, by their paths."""

    def __init__(self, source: ResolvedSource) -> None:
        self._source = source
        self._verdicts: dict[str, tuple[_Stamp | None, Verdict]] = {}
        self._proofs: dict[str, Proof] = {}

    def verdict(self, file: TypedFile) -> Verdict:
        """What the records of a file are like; all of it is read for that, once."""
        path = file.plan.path
        stamp = self._stamp(file)
        known, verdict = self._verdicts.get(path, (None, None))
        if verdict is None or known != stamp:
            with closing(planned_text(self._source, file.plan)) as parts:
                verdict = verify(parts, file.plan.layout)
            self._verdicts[path] = stamp, verdict
        return verdict

    def differs(self, file: TypedFile) -> bool:
        """Whether polars would give other rows than the file has."""
        verdict = self.verdict(file)
        return bool(verdict.bad or verdict.dropped or verdict.by_kind.get("stray quote"))

    def proof(self, file: TypedFile) -> Proof:
        """What is known of a file as it is."""
        stamp = self._stamp(file)
        known = self._proofs.get(file.plan.path)
        return known if known is not None and known.stamp == stamp else Proof(stamp)

    def learn(self, file: TypedFile, proof: Proof) -> None:
        """Keep what was shown of a file, unless it changed meanwhile."""
        if proof.stamp is not None and proof.stamp == self._stamp(file):
            self._proofs[file.plan.path] = proof

    def _stamp(self, file: TypedFile) -> _Stamp | None:
        """What changes when a file does."""
        if not file.plan.local:
            return self._source.state(file.plan.path)
        found = os.stat(file.plan.path)
        return found.st_mtime_ns, found.st_size, found.st_ino
