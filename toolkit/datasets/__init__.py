"""Frames: reading sources, fingerprints, writing Parquet, versions."""
