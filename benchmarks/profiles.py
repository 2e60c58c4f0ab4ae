"""Profiles in benchmarks: what copydesk learns of a site from pages that nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pipelines import clean
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from pipelines.site_memory import Lesson
from storage.records import Article, Page, Rejected


class SiteReader:
    """A site read page after page. profile: what is known after the last of them."""

    def __init__(self) -> None:
        self.profile: SiteProfile = NOTHING_KNOWN

    def read(self, page: Page) -> Article | Rejected:
        """Clean a page with what is known, then learn from it."""
        result = clean(page, self.profile)
        if isinstance(result, Article) and result.lesson and (lesson := Lesson.decode(result.lesson)):
            self.profile = replace(self.profile, memory=self.profile.memory.learn(lesson))
        return result


def profile_of(pages: Iterable[Page]) -> SiteProfile:
    """What is known of a site after these pages of it, in this order."""
    reader = SiteReader()
    for page in pages:
        reader.read(page)
    return reader.profile


def read(pages: Iterable[Page]) -> list[Article | Rejected]:
    """The pages of a site in their order, the profile learning as they come."""
    reader = SiteReader()
    return [reader.read(page) for page in pages]
