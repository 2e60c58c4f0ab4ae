"""One run of taking inputs into the archive: clean in the sandbox, save in batches, count what became of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from crawler.profiles import CleanBySource, profiles_of
from crawler.sandbox import Cleaned, clean_all
from storage import Archive
from storage.records import Failed, Outcome, Page, Rejected, Saved

BATCH = 200
"""Inputs in one transaction: enough to share the cost of making it durable, few enough to lose at a kill."""

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
    profiles = profiles_of(archive)
    cleaner = CleanBySource(profiles) if profiles else None
    cleaned = map(_unreadable_failed, clean_all(inputs, cleaner, workers=workers))
    while group := list(islice(cleaned, BATCH)):
        with archive.batch():
            archive.expect([each for each in group if not isinstance(each, Failed)])
            saved = [_save(archive, each, run) for each in group]
        for each, outcome in zip(group, saved, strict=True):
            report.outcomes[outcome.outcome] += 1
            watch(each, outcome)
    archive.finish_run(run)
    report.seconds = time.monotonic() - started
    return report


def _save(archive: Archive, each: Cleaned | Failed, run: int) -> Saved:
    return archive.fail(each, run) if isinstance(each, Failed) else archive.save(*each, run=run)


def _unreadable_failed(each: Cleaned | Failed) -> Cleaned | Failed:
    """A page that is no page at all counts as an input that could not be read."""
    if isinstance(each, Failed):
        return each
    page, result = each
    if isinstance(result, Rejected) and result.unreadable:
        return Failed(page.origin or page.url or "page", result.reason, result.detail, page.url)
    return each
