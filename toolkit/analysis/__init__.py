"""Profiles of datasets."""
