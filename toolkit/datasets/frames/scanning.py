"""Scanning pyarrow datasets in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def scan_options(dataset: Any, batch_rows: int) -> Mapping[str, Any]:
    """Options with which a scan in order reads little ahead.

    Whatever the consumer is behind is in memory: by default gigabytes, with threads or large
    batches still hundreds of megabytes. Reading ahead costs more time than it saves (12M rows of
    three columns on two cores: 2.4 s against 4.3)."""
    import pyarrow.dataset as pads

    options: dict[str, Any] = {
        "batch_size": batch_rows,
        "batch_readahead": 2,
        "fragment_readahead": 1,
        "use_threads": False,
    }
    if _is_parquet(dataset):
        options["fragment_scan_options"] = pads.ParquetFragmentScanOptions(pre_buffer=False)
    return options


def _is_parquet(dataset: Any) -> bool:
    import pyarrow.dataset as pads

    if isinstance(dataset, pads.UnionDataset):
        return all(map(_is_parquet, dataset.children))
    return isinstance(getattr(dataset, "format", None), pads.ParquetFileFormat)
