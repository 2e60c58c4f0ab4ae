"""Timing: processor time a page with cold caches, beside trafilatura on the same pages in the same process."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.extractors import Asked
from benchmarks.workers import NotInstalled, Worker

ROUNDS = 5
PAGES = 48


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds a page, of the extractor and of trafilatura, and their ratio: medians of the rounds' means.

    lowest, highest: ratio of the rounds. failed: pages that one of the two hung or died on.
    """

    milliseconds: float
    base: float
    ratio: float
    lowest: float
    highest: float
    failed: int


def cost(
    name: str, pages: Sequence[Asked], rounds: int = ROUNDS, done: Callable[[int], None] = lambda _: None
) -> Cost | None:
    """What an extractor costs; None where it is not installed or does no page.

    The page's other reader goes first on every second page, and on the others in the next round.
    """
    worker = Worker(name)
    means, failed = [], 0
    try:
        for turn in range(rounds):
            measured = [worker.cold_seconds(asked, first=(at + turn) % 2 == 0) for at, asked in enumerate(pages)]
            known = [pair for pair in measured if pair]
            failed = max(failed, len(pages) - len(known))
            if not known:
                return None
            means.append(tuple(1000 * statistics.fmean(pair[at] for pair in known) for at in range(2)))
            done(len(pages))
    except NotInstalled:
        return None
    finally:
        worker.stop()
    ratios = [ours / theirs for ours, theirs in means]
    ours, theirs = (statistics.median(pair[at] for pair in means) for at in range(2))
    return Cost(ours, theirs, statistics.median(ratios), min(ratios), max(ratios), failed)
