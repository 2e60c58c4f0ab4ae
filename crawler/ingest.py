"""One run of taking inputs into the archive: clean in the sandbox, save in batches, count what became of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from crawler.profiles import NO_ADVICE, advice_of
from crawler.sandbox import Assigned, Cleaned, clean_all
from crawler.site_desk import SiteDesk, is_markup, taught
from storage import Archive
from storage.records import Failed, Outcome, Page, Rejected, Saved

BATCH = 200
"""Inputs in one transaction: enough to share the cost of making it durable, few enough to lose at a kill."""

_MARKUP = 8  # inputs that a web page counts as: it takes longer to clean, and what it teaches counts for the next batch

Watch = Callable[[Cleaned | Failed, Saved], None]
"""Called with each input, and what was made of it, after it was committed."""


@dataclass(slots=True)
class Report:
    """What became of the inputs of a run; the outcomes add up to ``read``."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def read(self) -> int:
        """How many inputs were read."""
        return self.outcomes.total()


def take_in(
    archive: Archive,
    inputs: Iterable[Page | Failed],
    kind: str,
    detail: str,
    watch: Watch,
    *,
    workers: int | None = None,
) -> Report:
    """Clean and save every input as one run of the ledger; what was committed stays, whatever happens after.

    workers: processes that clean; None for one a core. Raises StorageError and SandboxBroken.
    """
    started = time.monotonic()
    report = Report()
    run = archive.begin_run(kind, detail)
    sites = SiteDesk(archive)
    for group in batches(map(as_input, clean_all(_assigned(archive, sites, inputs), workers=workers))):
        with archive.batch():
            archive.expect([each for each in group if not isinstance(each, Failed)])
            saved = [save(archive, each, run) for each in group]
        learned = {site_taught(each, outcome) for each, outcome in zip(group, saved, strict=True)}
        sites.learn(site for site in learned if site)
        for each, outcome in zip(group, saved, strict=True):
            report.outcomes[outcome.outcome] += 1
            watch(each, outcome)
    archive.finish_run(run)
    report.seconds = time.monotonic() - started
    return report


def batches(read: Iterable[Cleaned | Failed]) -> Iterator[list[Cleaned | Failed]]:
    """What has been read, in groups that are saved together."""
    group: list[Cleaned | Failed] = []
    weight = 0
    for each in read:
        group.append(each)
        weight += 1 if isinstance(each, Failed) or not is_markup(each[0]) else _MARKUP
        if weight >= BATCH:
            yield group
            group, weight = [], 0
    if group:
        yield group


def save(archive: Archive, each: Cleaned | Failed, run: int) -> Saved:
    """Have the archive decide on an input."""
    return archive.fail(each, run) if isinstance(each, Failed) else archive.save(*each, run=run)


def as_input(each: Cleaned | Failed) -> Cleaned | Failed:
    """A page that is no page at all counts as an input that could not be read."""
    if isinstance(each, Failed):
        return each
    page, result = each
    if isinstance(result, Rejected) and result.unreadable:
        return Failed(page.origin or page.url or "page", result.reason, result.detail, page.url)
    return each


def site_taught(each: Cleaned | Failed, saved: Saved) -> str | None:
    """The site that learns of an input; None for none."""
    return None if isinstance(each, Failed) else taught(*each, saved)


def _assigned(archive: Archive, sites: SiteDesk, inputs: Iterable[Page | Failed]) -> Iterator[Page | Assigned | Failed]:
    """Each page with what is known of its site by now."""
    advice = advice_of(archive)
    for each in inputs:
        if isinstance(each, Failed):
            yield each
        else:
            briefing = sites.briefing(each, advice.get(each.source or "", NO_ADVICE))
            yield Assigned(each, briefing) if briefing else each
