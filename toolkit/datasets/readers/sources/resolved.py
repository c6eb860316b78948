"""The files behind what a person passed, and how each is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NoReturn, TypeAlias, cast

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.packing.limits import UnpackLimits
from toolkit.datasets.readers.sources import handles
from toolkit.datasets.readers.sources.objects import ObjectFileSystem
from toolkit.datasets.readers.sources.read_ahead import Beginnings, ReadAhead
from toolkit.datasets.readers.sources.spooling import SpoolingFileSystem
from toolkit.datasets.readers.sources.web import WebFileSystem

Select: TypeAlias = Callable[[Sequence[str]], Sequence[str]]
"""Picks the data files out of the listing of a folder or an archive."""

_IN_ORDER = (ObjectFileSystem, SpoolingFileSystem, WebFileSystem)
"""They know themselves how to read a file from its beginning."""


@dataclass(frozen=True, slots=True)
class ResolvedSource:
    """The files behind what a person passed, in reading order."""

    given: str
    """What was passed, shortened, for messages; without credentials."""
    paths: tuple[str, ...]
    """Absolute local paths, or paths as ``filesystem`` takes them."""
    urls: tuple[str, ...]
    """Absolute local paths, full URLs without credentials, or what an object is called."""
    filesystem: Any = None
    """The fsspec filesystem, or None for local files."""
    partitions: tuple[Mapping[str, str | None], ...] = ()
    """The hive keys and values (None: null) in each path below the folder or glob passed."""
    select: Select | None = None
    """Picks the data file out of an archive."""
    limits: UnpackLimits = field(default_factory=UnpackLimits)
    beginnings: Beginnings = field(default_factory=Beginnings, repr=False, compare=False)

    @property
    def remote(self) -> bool:
        return self.filesystem is not None

    def hive(self, index: int) -> Mapping[str, str | None]:
        """The hive keys and values of one of ``paths``."""
        return self.partitions[index] if self.partitions else {}

    def __reduce__(self) -> NoReturn:
        raise InvalidArgumentError(
            f"A reader of {self.given}, or a lazy frame of it, cannot be pickled or copied. Make "
            "it in the process that reads, or pass what collect() gives."
        )

    def state(self, path: str) -> str | None:
        """What changes when a remote file is written anew; None where nothing tells."""
        if not self.remote or isinstance(self.filesystem, _IN_ORDER):
            return None
        # A listing remembered from before would hide that it was.
        self.filesystem.invalidate_cache(path)
        return handles.state_of(self.filesystem, path)

    def open(self, path: str, *, random_access: bool = False) -> BinaryIO:
        """Open one of ``paths`` to read it in order; with ``random_access`` it is seekable."""
        if not self.remote:
            return open(path, "rb")
        if isinstance(self.filesystem, _IN_ORDER) and not random_access:
            return handles.in_order(self.filesystem, path)
        if random_access:
            return handles.random_access(self.filesystem, path)
        if self.beginnings.has(path):
            # A listing remembered from before would hide that it was written anew.
            self.filesystem.invalidate_cache(path)
        file = handles.random_access(self.filesystem, path)
        state = handles.state_of(self.filesystem, path, file)
        return cast(BinaryIO, ReadAhead(file, path, state, self.beginnings))
