"""Which calls cannot change a frame in place, so that its content need not be looked at.

A list of what is known to be harmless: whatever is not in it may change a frame, which then costs
hashing it, and nothing else."""

from __future__ import annotations

import ast
from types import BuiltinFunctionType, FunctionType, ModuleType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READING = _words(
    """
    T abs add_prefix add_suffix agg aggregate apply approx_n_unique asfreq asof assign
    astype at between_time bottom_k cast clone collect collect_schema columns combine_first
    convert_dtypes copy corr corrwith count cov cummax cummin cumprod cumsum describe diff
    dot drop drop_duplicates drop_nulls dropna dtypes duplicated empty equals estimated_size
    ewm expanding explain explode fill_nan fill_null fillna filter flatten gather_every get
    get_column glimpse group_by group_by_dynamic groupby hash_rows head height hist iat
    idxmax idxmin iloc index infer_objects info interpolate is_duplicated is_empty is_unique
    isin isna isnull item items iter_columns iter_rows iter_slices iterrows itertuples join
    join_asof join_where kurt lazy limit loc map max max_horizontal mean mean_horizontal
    median melt memory_usage merge merge_asof merge_sorted min min_horizontal mode n_chunks
    n_unique nbytes ndim nlargest notna notnull nsmallest null_count num_columns num_rows
    nunique partition_by pct_change pivot pivot_table plot product quantile query rank
    rechunk reindex rename rename_axis replace resample reset_index reverse rolling round
    row rows rows_by_key sample schema select select_dtypes select_seq sem set_index shape
    shift size skew slice sort sort_by sort_index sort_values sql squeeze stack std style
    sum sum_horizontal tail take to_arrow to_csv to_dict to_dicts to_dummies to_excel
    to_feather to_frame to_html to_json to_latex to_markdown to_numpy to_pandas to_parquet
    to_period to_records to_series to_sql to_string to_struct to_timestamp top_k transform
    transpose tz_convert tz_localize unique unnest unpivot unstack upsample value_counts
    var width with_columns with_columns_seq with_row_count with_row_index write_csv
    write_excel write_json write_ndjson write_parquet xs
    """
)
"""Attributes and methods of frames that read: without ``inplace=True`` they change nothing."""

CONTAINER = _words(
    "add append appendleft clear count discard extend get index insert items keys pop popitem "
    "popleft remove reverse setdefault sort update values"
)
"""Methods of Python's own containers, which leave the elements as they are."""

_LIBRARIES = _words(
    """
    IPython altair builtins collections copy duckdb great_tables ibis itertools matplotlib
    narwhals numpy pandas plotly polars pyarrow scipy seaborn sklearn statsmodels toolkit
    """
)
"""Packages whose functions change no frame that they are passed."""


def library_of(value: object) -> str:
    """The package that a module, function, class or object comes from."""
    if isinstance(value, ModuleType):
        module: object = value.__name__
    elif isinstance(value, type | FunctionType | BuiltinFunctionType):
        module = value.__module__
    else:
        module = type(value).__module__
    return str(module or "builtins").partition(".")[0]


def is_library(value: object) -> bool:
    """Whether calls of the object, or of its methods, leave their arguments as they are."""
    return library_of(value) in _LIBRARIES


def is_of_result(function: ast.AST) -> bool:
    """Whether a method of a frame is one of what reading the frame has made, such as the last of
    ``df.groupby("k").size()``: it does nothing to the frame."""
    node = function.value if isinstance(function, ast.Attribute) else function
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Call):
            node = node.func
            if isinstance(node, ast.Attribute) and node.attr in READING:
                return True
        else:
            node = node.value
    return False
