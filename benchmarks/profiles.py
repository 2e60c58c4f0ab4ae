"""Profiles in benchmarks: what copydesk learns of a site from pages that nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.profile import NOTHING_KNOWN, SiteProfile
from storage.records import Page


def learns() -> bool:
    """Whether profiles learn yet; until then siblings are read in vain, and the benchmarks say so."""
    return False


def profile_of(pages: Iterable[Page]) -> SiteProfile:
    """What is known of a site after these pages of it were read, in this order."""
    for _ in pages:
        pass  # here a profile learns from each page as it is cleaned
    return NOTHING_KNOWN
