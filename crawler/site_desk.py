"""Site desk: knows what each site has shown, tells whoever is about to clean its pages, and has it learn."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from crawler.profiles import NO_ADVICE, Briefing, Memory
from crawler.source import Cleaning
from pipelines.learning import grown, is_due
from storage import Archive
from storage.errors import Damaged, NotFound
from storage.learned import Traits
from storage.profiles import Profile, site_of
from storage.records import Article, Page, Saved

_FRESH = 60.0  # seconds that what was read is trusted: another process may have had the site learn
_SITES = 256  # whose memories are held
_AT_ONCE = 200  # lessons
_TRIES = 5  # to be the first, before somebody else has it learn

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    read_at: float
    number: int
    pages: int
    memory: Memory | None


class SiteDesk:
    """For one archive, and its thread. keeps: False where nothing is to be written."""

    def __init__(self, archive: Archive, *, keeps: bool = True) -> None:
        self._archive = archive
        self._keeps = keeps
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._kept: set[str] = set()

    def briefing(self, page: Page, advice: Cleaning = NO_ADVICE) -> Briefing | None:
        """What is known before a page is cleaned; None for nothing. advice: what its source's file says.

        When this returns, the archive has the bytes that the briefing names.
        """
        site = site_of(page.url) if is_markup(page) else None
        memory = self._look_up(site).memory if site else None
        if memory is None and advice == NO_ADVICE:
            return None
        told = Briefing.of(advice, memory)
        if self._keeps and advice != NO_ADVICE and told.name not in self._kept:
            self._kept.add(self._archive.profiles.keep(told.body or b""))
        return told

    def at_hand(self, page: Page, advice: Cleaning = NO_ADVICE) -> tuple[Briefing | None] | None:
        """``briefing`` where the archive need not be asked, as a tuple of it alone; else None. For any thread."""
        site = site_of(page.url) if is_markup(page) else None
        known = self._known.get(site) if site else None
        if site and (known is None or time.monotonic() - known.read_at >= _FRESH):
            return None
        memory = known.memory if known else None
        if memory is None and advice == NO_ADVICE:
            return (None,)
        told = Briefing.of(advice, memory)
        return (told,) if advice == NO_ADVICE or told.name in self._kept else None

    def learn(self, sites: Iterable[str]) -> None:
        """Have sites learn what their pages taught, where enough of it waits. Call it after that is committed."""
        names = sorted(set(sites))
        waiting = self._archive.profiles.waiting(names) if names else {}
        for site, number in waiting.items():
            if is_due(self._look_up(site).pages, number):
                self._learn(site)

    def _learn(self, site: str) -> None:
        for _ in range(_TRIES):
            known = self._read(site)
            lessons = self._archive.profiles.lessons(site, _AT_ONCE)
            if not is_due(known.pages, len(lessons)):
                return
            new = grown(known.memory.body if known.memory else None, (lesson.body for lesson in lessons))
            traits = Traits(new.pages, new.layout, new.layout_pages)
            if self._archive.profiles.put(site, known.number + 1, new.body, lessons, traits):
                self._hold(site, _Known(time.monotonic(), known.number + 1, new.pages, Memory.of(new.body)))
                return
        _log.warning("%s: others have it learn all the time; its lessons wait", site)

    def _look_up(self, site: str) -> _Known:
        known = self._known.get(site)
        return known if known and time.monotonic() - known.read_at < _FRESH else self._read(site)

    def _read(self, site: str) -> _Known:
        newest, known = self._archive.profiles.newest(site), self._known.get(site)
        now = time.monotonic()
        if newest is None:
            return self._hold(site, _Known(now, 0, 0, None))
        if known and known.number == newest.number:
            return self._hold(site, _Known(now, known.number, known.pages, known.memory))
        return self._hold(site, _Known(now, newest.number, newest.pages, self._memory(newest)))

    def _memory(self, newest: Profile) -> Memory | None:
        try:
            return Memory(newest.sha256, self._archive.profiles.body(newest.sha256))
        except (Damaged, NotFound) as error:
            _log.warning("%s: what it has shown is lost, and it learns anew: %s", newest.site, error)
            return None

    def _hold(self, site: str, known: _Known) -> _Known:
        self._known[site] = known
        self._known.move_to_end(site)
        if len(self._known) > _SITES:
            self._known.popitem(last=False)
        return known


def taught(page: Page | None, result: object, saved: Saved | None) -> str | None:
    """The site that learns of a page, by what was made of it and what the archive decided; None for none."""
    if page is None or saved is None or not isinstance(result, Article) or not result.lesson:
        return None
    return site_of(page.url) if saved.outcome in ("stored", "version") else None


def is_markup(page: Page) -> bool:
    """Whether a page has a layout that its site may repeat."""
    return "html" in page.content_type.partition(";")[0].lower()
