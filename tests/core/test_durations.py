"""Lengths of time, as people give them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from toolkit.core.durations import in_seconds
from toolkit.core.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("length", "seconds"), [(0, 0), (2.5, 2.5), (timedelta(hours=1), 3600), (timedelta(0), 0)]
)
def test_numbers_are_seconds(length, seconds):
    assert in_seconds(length, "grace period") == seconds


@pytest.mark.parametrize(
    "length",
    [None, "30", b"3", -1, timedelta(-1), timedelta.max, float("nan"), float("inf"), 10**400, []],
)
def test_what_is_no_length_of_time_is_refused(length):
    with pytest.raises(InvalidArgumentError, match=r"The grace period is .*number of seconds"):
        in_seconds(length, "grace period")
