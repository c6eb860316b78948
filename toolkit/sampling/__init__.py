"""Reproducible samples of datasets."""
