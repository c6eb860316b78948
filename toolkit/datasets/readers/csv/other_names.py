"""What pandas, polars, DuckDB and pyarrow call what is said of CSV files: who passes a name of
theirs is told ours."""

from __future__ import annotations

from collections.abc import Mapping

_HEAD = "take head(n) of the frame"
_SELECT = "select columns of the frame: no others are read"

OTHER_NAMES: Mapping[str, str] = {
    **dict.fromkeys(["sep", "separator", "delim"], "pass delimiter"),
    **dict.fromkeys(["quotechar", "quote_char", "quoting"], "pass quote"),
    **dict.fromkeys(["escapechar", "escape_char", "doublequote", "double_quote"], "pass escape"),
    "comment_prefix": "pass comment",
    "header": "pass has_header or header_rows",
    **dict.fromkeys(["skiprows", "skip_rows", "skip"], "pass skip_lines"),
    **dict.fromkeys(["dtype", "dtypes", "schema_overrides", "column_types"], "pass schema"),
    **dict.fromkeys(
        ["names", "column_names", "new_columns"],
        "pass schema, whose names are those of a file without a header",
    ),
    **dict.fromkeys(["na_values", "nullstr"], "pass null_values"),
    **dict.fromkeys(
        ["parse_dates", "try_parse_dates", "date_format", "dateformat", "timestampformat"],
        "pass dates",
    ),
    **dict.fromkeys(["infer_schema_length", "sample_size"], "pass infer_rows"),
    **dict.fromkeys(["infer_schema", "all_varchar"], "pass infer_types"),
    **dict.fromkeys(
        ["on_bad_lines", "ignore_errors", "truncate_ragged_lines", "null_padding"],
        "pass on_bad_rows",
    ),
    **dict.fromkeys(["decimal_comma", "decimal_separator", "decimal_point"], "pass decimal"),
    **dict.fromkeys(["nrows", "n_rows"], _HEAD),
    **dict.fromkeys(["usecols", "columns", "include_columns"], _SELECT),
    "compression": "it is found out by content",
}
"""The name elsewhere, and what to do here."""
