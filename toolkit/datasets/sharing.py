"""Which columns of a frame are stored already, and how a manifest is made of them.

A column is shared where a stored one has its very digest (type, rows and values), or where all rows
of a stored version are its first rows. What is left goes into one new file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from toolkit.core.interfaces import ICatalog, IStoredFiles
from toolkit.core.types import (
    ColumnRecord,
    FileId,
    FileRecord,
    Fragment,
    HeldColumns,
    InputRecord,
    NewFragment,
    NewFragmentFile,
    StoredColumn,
    VersionId,
)
from toolkit.datasets.drafts import NEW_FILE, Content, Layout
from toolkit.datasets.fingerprint.tree import BLOCK_ROWS, DIGEST_BYTES
from toolkit.datasets.loading import ARROW_ONLY, stored_files

_TWINS = 8
"""Versions that are looked at for each column: the newest that have it."""


@dataclass(frozen=True, slots=True)
class SharingPolicy:
    """When a frame is written whole although some of its columns are stored."""

    min_bytes: int = 1 << 20
    """Frames of fewer bytes in memory are written whole: one small file reads best."""
    max_files: int = 8
    """A frame that would lie in more files is written whole."""
    min_gain: int = 64 << 10
    """A stored file that saves fewer bytes than these is not worth opening on every read."""


DEFAULT_POLICY = SharingPolicy()


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of one column in one stored file."""

    rows: int
    file: FileRecord
    name: str
    """The column's name in the file."""
    offset: int | None
    """The first row in the file, or None for exactly all of its rows."""
    beside: tuple[str, ...] | None
    """All columns of the file, where that is known."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column lies, and how many bytes it takes there."""

    segments: tuple[Segment, ...]
    byte_size: int

    @property
    def files(self) -> frozenset[FileId]:
        return frozenset(segment.file.id for segment in self.segments)


@dataclass(frozen=True, slots=True)
class SharePlan:
    """What of a frame is stored, and what is to be written."""

    content: Content
    places: Mapping[int, Place]
    """By the position of the column. A place of fewer rows than the frame is its beginning."""
    columns: tuple[int, ...]
    """Positions of the columns of the new file; none when every column is stored."""
    start: int
    """The first row of the new file in the frame."""

    def settle(self, sizes: Sequence[int] = ()) -> tuple[Content, Layout]:
        """Content and manifest, given the bytes of the new file's columns."""
        stored = {i: place.byte_size for i, place in self.places.items()}
        written = dict(zip(self.columns, sizes, strict=True))
        columns = tuple(
            replace(column, byte_size=stored.get(i, 0) + written.get(i, 0))
            for i, column in enumerate(self.content.columns)
        )
        files = {s.file.id: s.file for place in self.places.values() for s in place.segments}
        layout = Layout(tuple(self._fragments()), tuple(files.values()), sum(stored.values()))
        return replace(self.content, columns=columns), layout

    def _fragments(self) -> Iterator[NewFragment]:
        """Cut the rows wherever a column goes on in another file, and say for every cut where
        each column lies."""
        columns = [tuple(self._ranges(i)) for i in range(len(self.content.columns))]
        bounds = sorted({bound for ranges in columns for r in ranges for bound in (r.start, r.end)})
        for start, end in pairwise(bounds):
            files: dict[tuple[FileId, int | None], list[_Range | None]] = {}
            for index, ranges in enumerate(columns):
                part = next(r for r in ranges if r.start <= start < r.end)
                held = files.setdefault(part.at(start, end), [None] * len(columns))
                held[index] = part
            yield NewFragment(
                end - start,
                tuple(
                    NewFragmentFile(file_id, self._held(held), offset)
                    for (file_id, offset), held in files.items()
                ),
            )

    def _ranges(self, index: int) -> Iterator[_Range]:
        start = 0
        place = self.places.get(index)
        for s in place.segments if place is not None else ():
            yield _Range(start, start + s.rows, s.file.id, s.name, s.offset, s.beside)
            start += s.rows
        if start < self.content.rows:
            names = tuple(self.content.columns[i].name for i in self.columns)
            own = self.content.columns[index].name
            yield _Range(start, self.content.rows, NEW_FILE, own, None, names)

    def _held(self, held: Sequence[_Range | None]) -> HeldColumns:
        names = tuple(part.name if part is not None else None for part in held)
        beside = next(part.beside for part in held if part is not None)
        exact = names == beside == tuple(column.name for column in self.content.columns)
        return None if exact else names


@dataclass(frozen=True, slots=True)
class _Range:
    """Rows of one column of the frame, and where they are."""

    start: int
    end: int
    file_id: FileId
    name: str
    offset: int | None
    beside: tuple[str, ...] | None

    def at(self, start: int, end: int) -> tuple[FileId, int | None]:
        """The file and where in it these rows of the frame begin."""
        if self.offset is None and (start, end) == (self.start, self.end):
            return self.file_id, None
        return self.file_id, (self.offset or 0) + start - self.start


Head = Callable[[int, Sequence[int]], "Sequence[ColumnRecord]"]
"""The records of some columns of the frame over its first rows alone."""


class Sharer:
    """Plans how a frame shares what is stored."""

    def __init__(
        self, catalog: ICatalog, files: IStoredFiles, policy: SharingPolicy = DEFAULT_POLICY
    ) -> None:
        self._catalog = catalog
        self._files = files
        self.policy = policy

    def plan(
        self, content: Content, name: str, inputs: Sequence[InputRecord], head: Head
    ) -> SharePlan | None:
        """What can be shared, or None when the frame is to be written whole.

        ``head`` is asked only where a stored version may be the frame's beginning: the newest of
        the same name, or one of ``inputs``."""
        if content.rows == 0 or content.metadata.get(ARROW_ONLY):
            return None
        places = self._twins(content)
        rest = tuple(i for i in range(len(content.columns)) if i not in places)
        beginning = self._beginning(content, name, inputs, rest, head) if rest else None
        start = 0
        if beginning is not None:
            start, found = beginning
            places |= found
        files = frozenset[FileId]().union(*(place.files for place in places.values()))
        if not files or len(files) + bool(rest) > self.policy.max_files:
            return None
        return SharePlan(content, places, rest, start)

    def _twins(self, content: Content) -> dict[int, Place]:
        """The columns of which a stored one has the digest, from as few versions as possible."""
        digests = [column.digest for column in content.columns]
        with self._catalog.transaction() as tx:
            stored = tx.versions.with_digests(digests, _TWINS)
        versions: dict[VersionId, dict[bytes, StoredColumn]] = defaultdict(dict)
        for column in stored:
            versions[column.version_id][column.digest] = column
        found: dict[bytes, Place] = {}
        while versions:
            gains = {
                version: sum(c.byte_size for digest, c in held.items() if digest not in found)
                for version, held in versions.items()
            }
            best = max(gains, key=lambda version: (gains[version], version))
            if gains[best] < self.policy.min_gain:
                break
            held = versions.pop(best)
            found |= self._worthwhile(best, [c for d, c in held.items() if d not in found])
        return {i: found[digest] for i, digest in enumerate(digests) if digest in found}

    def _worthwhile(
        self, version_id: VersionId, wanted: Sequence[StoredColumn]
    ) -> dict[bytes, Place]:
        """The wanted columns of one version, without those for whose few bytes a file would be
        opened."""
        opened = self._open(version_id)
        if opened is None:
            return {}
        places = {c.digest: Place(opened.segments(c.ordinal), c.byte_size) for c in wanted}
        gains: dict[frozenset[FileId], int] = defaultdict(int)
        for place in places.values():
            gains[place.files] += place.byte_size
        enough = self.policy.min_gain
        return {digest: place for digest, place in places.items() if gains[place.files] >= enough}

    def _beginning(
        self,
        content: Content,
        name: str,
        inputs: Sequence[InputRecord],
        rest: Sequence[int],
        head: Head,
    ) -> tuple[int, dict[int, Place]] | None:
        """The rows of a stored version that every column in ``rest`` begins with."""
        for version_id, rows in self._shorter_versions(content, name, inputs):
            opened = self._open(version_id)
            if opened is None or not opened.may_begin(content, rest, rows):
                continue
            ordinals = {column.digest: i for i, column in reversed([*enumerate(opened.columns)])}
            heads = [ordinals.get(record.digest) for record in head(rows, rest)]
            found = {
                i: Place(opened.segments(ordinal), opened.columns[ordinal].byte_size)
                for i, ordinal in zip(rest, heads, strict=True)
                if ordinal is not None
            }
            gain = sum(place.byte_size for place in found.values())
            if len(found) == len(rest) and gain >= self.policy.min_gain:
                return rows, found
        return None

    def _shorter_versions(
        self, content: Content, name: str, inputs: Sequence[InputRecord]
    ) -> list[tuple[VersionId, int]]:
        """The versions with which the frame may begin, the longest first."""
        ids = dict.fromkeys(edge.version_id for edge in inputs if edge.version_id is not None)
        with self._catalog.transaction() as tx:
            versions = [tx.versions.newest(name), *(tx.versions.by_id(i) for i in ids)]
        rows = {v.id: v.rows for v in versions if v is not None and v.kind == "frame"}
        shorter = [(id_, count) for id_, count in rows.items() if 0 < count < content.rows]
        return sorted(shorter, key=lambda version: -version[1])

    def _open(self, version_id: VersionId) -> _Opened | None:
        """A version's manifest, or None when it cannot be shared."""
        with self._catalog.transaction() as tx:
            version = tx.versions.by_id(version_id)
            manifest = tx.versions.manifest(version_id)
            columns = tx.versions.columns(version_id)
        if version is None or version.metadata.get(ARROW_ONLY):
            return None
        if not all(self._files.usable(file) for file in stored_files(manifest)):
            return None
        return _Opened(tuple(fragment for fragment in manifest if fragment.rows), columns)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A stored version whose files are there."""

    manifest: tuple[Fragment, ...]
    columns: tuple[ColumnRecord, ...]

    def segments(self, ordinal: int) -> tuple[Segment, ...]:
        """Where one column lies."""
        return tuple(self._segment(fragment, ordinal) for fragment in self.manifest)

    def _segment(self, fragment: Fragment, ordinal: int) -> Segment:
        for part in fragment.files:
            if part.columns is None:
                names = tuple(column.name for column in self.columns)
                return Segment(fragment.rows, part.file, names[ordinal], part.offset, names)
            name = part.columns[ordinal]
            if name is not None:
                return Segment(fragment.rows, part.file, name, part.offset, None)
        raise AssertionError("every column is in a file of its fragment")

    def may_begin(self, content: Content, rest: Sequence[int], rows: int) -> bool:
        """Whether the full blocks of these rows are those that the columns begin with."""
        blocks = rows // BLOCK_ROWS * DIGEST_BYTES
        known = {(column.type, column.block_digests) for column in self.columns}
        frame = (content.columns[i] for i in rest)
        return all((column.type, column.block_digests[:blocks]) in known for column in frame)
