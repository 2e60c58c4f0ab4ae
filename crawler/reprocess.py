"""Reprocess: the archive's pages cleaned again, with the newest cleaner and what is known of their sites by now.

What was kept stays: another text is another version. A page that the newest cleaner has read with the newest profile is
passed over, so that a run that was killed goes on where it stood.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from crawler.ingest import batches
from crawler.profiles import NO_ADVICE, Briefing, advice_of
from crawler.sandbox import Assigned, Cleaned, clean_all
from crawler.site_desk import SiteDesk, taught
from pipelines.edition import edition
from storage import Archive
from storage.errors import Damaged, NotFound
from storage.records import Article, Failed, Outcome, Saved
from storage.rereading import Reread, differences
from storage.words import tokens

Fate = Literal["current", "unchanged", "text", "facts", "rescued", "rejected", "failed"]
FATES: tuple[Fate, ...] = ("current", "unchanged", "text", "facts", "rescued", "rejected", "failed")
"""What came of a page. current: not cleaned, since nothing is newer. text: another text or title. facts: another date,
author … under the same text. rescued: it had been rejected. rejected: it is no article to the newest cleaner; one that
was made of it stays."""

WIDEST = 10
"""Changes that a report names."""

_AT_ONCE = 200  # pages that are looked up


@dataclass(frozen=True, slots=True)
class Change:
    """A page that came out otherwise. fields: that are other. removed, added: words of the text."""

    fate: Fate
    article_id: str | None
    url: str | None
    source: str | None
    title: str
    fields: tuple[str, ...]
    removed: int
    added: int


@dataclass(slots=True)
class Reprocessed:
    """What came of all pages. widest: the changes of most words, widest first."""

    fates: Counter[Fate] = field(default_factory=Counter)
    removed: int = 0
    added: int = 0
    widest: list[Change] = field(default_factory=list)
    seconds: float = 0.0

    def count(self, change: Change) -> None:
        """One more that came out otherwise."""
        self.removed += change.removed
        self.added += change.added
        self.widest.append(change)
        self.widest.sort(key=lambda each: -(each.removed + each.added))
        del self.widest[WIDEST:]


class Reprocessing:
    """One run over the pages of an archive.

    source, since: only pages of that source, and fetched then or later. dry_run: nothing is written. changed, failed:
    told of each, after it was committed. advance: told of pages done.
    """

    def __init__(
        self,
        archive: Archive,
        changed: Callable[[Change], None],
        failed: Callable[[Failed], None],
        advance: Callable[[int], None],
        *,
        source: str | None = None,
        since: datetime | None = None,
        dry_run: bool = False,
    ) -> None:
        self._archive = archive
        self._changed = changed
        self._failed = failed
        self._advance = advance
        self._source, self._since, self._dry_run = source, since, dry_run
        self._sites = SiteDesk(archive, keeps=not dry_run)
        self._under_way: deque[Reread] = deque()
        self._report = Reprocessed()

    def work(self, workers: int | None = None) -> Reprocessed:
        """Clean all that is to be cleaned; what was committed stays. Raises StorageError and SandboxBroken."""
        started = time.monotonic()
        run = None if self._dry_run else self._archive.begin_run("reprocess", self._source)
        for group in batches(clean_all(self._inputs(), workers=workers)):
            rereads = [self._under_way.popleft() for _ in group]
            saved = self._decide(group, run)
            self._sites.learn(site for site in map(_taught, group, saved, rereads) if site)
            for each in zip(group, saved, rereads, strict=True):
                self._tell(*each)
            self._advance(len(group))
        if run is not None:
            self._archive.finish_run(run)
        self._report.seconds = time.monotonic() - started
        return self._report

    def _inputs(self) -> Iterator[Assigned | Failed]:
        """The pages to be cleaned, each with what is known by now."""
        advice, after = advice_of(self._archive), ""
        while some := self._archive.rereads(_AT_ONCE, after, self._source, self._since):
            after = some[-1].key
            for each in some:
                capture = each.capture
                known = self._sites.briefing(capture.page(b""), advice.get(capture.source or "", NO_ADVICE))
                briefing = known or Briefing()
                if each.cleaner == edition() and capture.profile == briefing.name:
                    self._report.fates["current"] += 1
                    self._advance(1)
                    continue
                self._under_way.append(each)
                try:
                    yield Assigned(capture.page(self._archive.body(capture.sha256)), briefing)
                except (Damaged, NotFound) as error:
                    yield Failed(capture.origin or capture.url or capture.sha256, "damaged", str(error), capture.url)

    def _decide(self, group: list[Cleaned | Failed], run: int | None) -> list[Saved | None]:
        if self._dry_run:
            return [None for _ in group]
        with self._archive.batch():
            return [
                self._archive.fail(each, run) if isinstance(each, Failed) else self._archive.clean_again(*each, run=run)
                for each in group
            ]

    def _tell(self, each: Cleaned | Failed, saved: Saved | None, reread: Reread) -> None:
        outcome = saved.outcome if saved else _foreseen(each, reread)
        if isinstance(each, Failed):
            self._report.fates["failed"] += 1
            self._failed(each)
            return
        page, result = each
        if not isinstance(result, Article):
            self._report.fates["rejected"] += 1
            if reread.article_id is None:
                return
            change = Change("rejected", reread.article_id, page.url, page.source, str(reread.before["title"]), (), 0, 0)
        elif outcome == "unchanged":
            self._report.fates["unchanged"] += 1
            return
        else:
            change = _change(reread, result, saved.article_id if saved else None)
            self._report.fates[change.fate] += 1
            self._report.count(change)
        self._changed(change)


def _change(reread: Reread, article: Article, article_id: str | None) -> Change:
    before, after = Counter(tokens(reread.text)), Counter(tokens(article.text))
    fields = differences(reread.before, article) if reread.before else ()
    fate: Fate = "rescued" if not reread.before else "text" if {"text", "title"} & set(fields) else "facts"
    return Change(
        fate, reread.article_id or article_id, reread.capture.url, reread.capture.source, article.title, fields,
        (before - after).total(), (after - before).total(),
    )  # fmt: skip


def _foreseen(each: Cleaned | Failed, reread: Reread) -> Outcome:
    """What saving would come to; a page that was rejected might prove to be a duplicate."""
    if isinstance(each, Failed):
        return "failed"
    if not isinstance(each[1], Article):
        return "rejected"
    if not reread.before:
        return "stored"
    return "version" if differences(reread.before, each[1]) else "unchanged"


def _taught(each: Cleaned | Failed, saved: Saved | None, reread: Reread) -> str | None:
    """The site that may learn: what a cleaner without lessons had read has taught nothing yet."""
    if isinstance(each, Failed) or saved is None:
        return None
    if reread.article_id and reread.cleaner is None and saved.outcome in ("version", "unchanged"):
        return taught(*each, Saved("stored", None, None, ""))
    return taught(*each, saved) if reread.article_id is None else None
