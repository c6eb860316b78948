"""Finds out how a CSV file is written, with no options given, from a bounded part of it."""

from toolkit.datasets.readers.csv.detection.encoding import detect_encoding
from toolkit.datasets.readers.csv.detection.finding import detect
from toolkit.datasets.readers.csv.detection.sample import UNSET, Given, Sample, Unset

__all__ = ["UNSET", "Given", "Sample", "Unset", "detect", "detect_encoding"]
