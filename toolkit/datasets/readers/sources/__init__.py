"""From what a person passes to files that can be opened, wherever they are."""

from toolkit.datasets.readers.sources.resolved import ResolvedSource
from toolkit.datasets.readers.sources.resolving import resolve

__all__ = ["ResolvedSource", "resolve"]
