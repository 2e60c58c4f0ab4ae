"""One run of reading saved files into the archive: read, clean in the sandbox, save in batches."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from crawler.sandbox import Cleaned, clean_all
from storage import Archive
from storage.records import Failed, Outcome, Page, Saved

BATCH = 200
"""Inputs in one transaction: enough to share the cost of making it durable, few enough to lose at a kill."""


@dataclass(slots=True)
class Report:
    """What a run has read so far and what became of it; the outcomes add up to ``read``."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def read(self) -> int:
        """How many inputs were read."""
        return self.outcomes.total()


Watcher = Callable[[Page | Failed, Saved], None]
"""Called with each input once it is committed."""


def take_in(
    archive: Archive,
    inputs: Iterable[Page | Failed],
    kind: str,
    detail: str,
    watch: Watcher,
    *,
    workers: int | None = None,
    kept: bool = False,
) -> Report:
    """Clean and save every input as one run of the ledger.

    workers: processes that clean; None for one a core. kept: the bytes are in the blob store already.
    Raises StorageError; what was committed before stays.
    """
    started = time.monotonic()
    report = Report()
    run = archive.begin_run(kind, detail)
    for group in _groups(clean_all(inputs, workers=workers), BATCH):
        with archive.batch():
            saved = [(_input(each), _save(archive, each, run, kept)) for each in group]
        for read, outcome in saved:
            report.outcomes[outcome.outcome] += 1
            watch(read, outcome)
    archive.finish_run(run)
    report.seconds = time.monotonic() - started
    return report
