"""Which calls cannot change a frame in place, so that its content need not be looked at.

A list of what is known to be harmless: whatever is not in it may change a frame, which then costs
hashing it, and nothing else."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType, ModuleType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


READING = _words(
    """
    T agg apply approx_n_unique asof assign astype at bottom_k cast clone collect
    collect_schema columns copy corr count describe diff drop drop_duplicates drop_nulls
    dropna dtypes duplicated empty equals estimated_size explain explode fill_nan fill_null
    fillna filter flatten gather_every get glimpse group_by group_by_dynamic groupby head
    height hist iat iloc index info interpolate is_duplicated is_empty is_unique isin isna
    isnull item items iter_rows iter_slices iterrows itertuples join join_asof join_where
    lazy limit loc map max mean median melt memory_usage merge merge_asof min mode n_chunks
    n_unique nbytes ndim nlargest notna notnull nsmallest null_count num_columns num_rows
    nunique partition_by pct_change pivot pivot_table plot product quantile query rank
    reindex rename reset_index reverse rolling round row rows sample schema select
    select_dtypes select_seq set_index shape shift size slice sort sort_by sort_index
    sort_values sql std style sum tail take to_arrow to_csv to_dict to_dicts to_dummies
    to_json to_markdown to_pandas to_parquet to_string to_struct top_k transform transpose
    unique unnest unpivot unstack upsample value_counts var width with_columns
    with_columns_seq with_row_count with_row_index write_csv write_excel write_json
    write_ndjson write_parquet xs
    """
)
"""Attributes and methods of frames that read: without ``inplace=True`` they change nothing."""

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
