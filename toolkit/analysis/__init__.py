"""Profiles of datasets: statistics a column, in one pass, as a frame and as HTML."""

from toolkit.analysis.profile import Profile, ProfileService

__all__ = ["Profile", "ProfileService"]
