"""How much a packed file may unpack to, so that a small file cannot fill a disk or run for ever."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from toolkit.core.errors import InvalidArgumentError
from toolkit.datasets.readers.failures import AdvisedError

FREE_BYTES = 1 << 30
RATIO = 250


class UnpackingError(AdvisedError):
    """Packed data that is damaged, cut short, encrypted, or unpacks to too much."""


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """The bound on one file. Without ``total`` a file may unpack to 1 GiB whatever its size, and
    to 250 times its size beyond that: tables seldom pack better than 1:50, while deflate reaches
    1:1032 on a bomb and the other codecs 1:10,000 and more."""

    total: int | None = None
    """Bytes that a file may unpack to, however small it is; None: the rule above."""

    def __post_init__(self) -> None:
        given: object = self.total
        whole = isinstance(given, Integral) and not isinstance(given, bool)
        if self.total is not None and not (whole and self.total >= 1):
            raise InvalidArgumentError(
                f"max_unpacked={self.total!r}: pass a number of bytes from 1, or None for the rule "
                f"of {RATIO} times the packed size."
            )

    def require(self, packed: int, unpacked: int) -> None:
        """Raise UnpackingError when ``packed`` bytes gave ``unpacked``, and that is too much."""
        allowed = max(FREE_BYTES, RATIO * packed) if self.total is None else self.total
        if unpacked > allowed:
            raise UnpackingError(
                f"{packed:,} packed bytes unpack to more than {allowed:,} bytes. Pass "
                "max_unpacked=… (bytes) if that is right"
            )
