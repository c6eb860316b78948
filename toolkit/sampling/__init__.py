"""Reproducible random samples of datasets, simple and stratified, in one pass."""

from toolkit.sampling.service import SamplingService

__all__ = ["SamplingService"]
