"""Profiles of the sources: what their files say of cleaning, for whoever cleans their pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawler.errors import BadSource
from crawler.source import Source
from storage import Archive
from storage.records import Article, Page, Rejected

if TYPE_CHECKING:
    from pipelines.profile import SiteProfile


def profile_of(source: Source) -> SiteProfile:
    """What a source's file says of cleaning."""
    from pipelines.profile import SiteProfile  # noqa: PLC0415 - it brings the rules along, which workers alone need

    return SiteProfile(source.clean.remove, source.clean.keep)


def profiles_of(archive: Archive) -> dict[str, SiteProfile]:
    """The profiles of the sources that say anything, as the archive knows them."""
    profiles = {}
    for record in archive.sources.all():
        try:
            source = Source.parse(record.name, record.definition)
        except BadSource:  # an older or newer copydesk wrote it: its pages are cleaned as those of a stranger
            continue
        if source.clean.remove or source.clean.keep:
            profiles[record.name] = profile_of(source)
    return profiles


@dataclass(frozen=True, slots=True)
class CleanBySource:
    """``pipelines.clean`` with the profile of each page's source; other processes can be given it."""

    profiles: Mapping[str, SiteProfile]

    def __call__(self, page: Page) -> Article | Rejected:
        """Clean a page."""
        from pipelines.cleaning import clean  # noqa: PLC0415 - as above
        from pipelines.profile import NOTHING_KNOWN  # noqa: PLC0415 - as above

        return clean(page, self.profiles.get(page.source or "", NOTHING_KNOWN))
