"""Readers: saved files to Pages."""

from crawler.readers.fields import field_mapping
from crawler.readers.places import Reading, read_inputs
from crawler.readers.saved import ReaderLimits, ReaderOptions

__all__ = ["ReaderLimits", "ReaderOptions", "Reading", "field_mapping", "read_inputs"]
