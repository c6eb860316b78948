"""From what a person passes to files that can be opened, wherever they are."""

from toolkit.datasets.readers.sources.resolving import ResolvedSource, resolve

__all__ = ["ResolvedSource", "resolve"]
