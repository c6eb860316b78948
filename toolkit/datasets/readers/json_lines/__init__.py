"""JSON lines (NDJSON): one object a line."""

from toolkit.datasets.readers.json_lines.reader import (
    JSONLinesDatasetReader,
    looks_like_json_lines,
)

__all__ = ["JSONLinesDatasetReader", "looks_like_json_lines"]
