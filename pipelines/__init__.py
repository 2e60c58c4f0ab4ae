"""Cleaning: from a page as it came to an article. Pure: no network, clock, database or settings."""

from pipelines.clean import clean

__all__ = ["clean"]
