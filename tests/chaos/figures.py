"""Figures: what a run of the harness measured, beside what each figure may be."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from tests.chaos.jobdir import JobdirToll
from tests.chaos.kills import Toll
from tests.chaos.oracle import Findings
from tests.chaos.poison import Poisoned
from tests.chaos.workers import Worked

_RESUME_SECONDS = 5.0
_ORPHAN_SECONDS = 5.0
_LEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one trial. bound: in words; is_met: None for what is only told."""

    trial: str
    name: str
    value: float | str
    bound: str = ""
    is_met: bool | None = None


def of_kills(trial: str, toll: Toll, most_refetches: float) -> list[Figure]:
    """Of a crawl that was killed. most_refetches: a kill may cost."""
    kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(toll.kinds.items()))
    return [
        Figure(trial, "kills", toll.kills, kinds),
        Figure(trial, "crawls, articles", f"{toll.crawls}, {toll.articles}"),
        *_of_findings(trial, toll.findings),
        _at_most(trial, "refetches", toll.refetches, toll.under_way, "under way at the kills"),
        _at_most(
            trial, "refetches a kill", toll.refetches / max(1, toll.kills), most_refetches, "in flight and in a batch"
        ),
        Figure(trial, "seconds from start to first request, median", _median(toll.resumed)),
        _at_most(trial, "the same, most", max(toll.resumed, default=0), _RESUME_SECONDS, "seconds"),
        _at_most(trial, "seconds that orphans live, most", max(toll.orphaned, default=0), _ORPHAN_SECONDS, "seconds"),
        Figure(trial, "seconds in all", round(toll.seconds)),
    ]


def of_workers(trial: str, worked: Worked) -> list[Figure]:
    """Of two workers that were disturbed."""
    return [
        Figure(trial, "stops beyond the lease, kills", f"{worked.stops}, {worked.kills}"),
        Figure(trial, "articles", worked.articles),
        *_of_findings(trial, worked.findings),
        Figure(trial, "ends that came too late and were dropped", worked.late),
        Figure(trial, "refetches", worked.refetches),
        _none(trial, "workers that gave up", worked.ended),
    ]


def of_poison(trial: str, poisoned: Poisoned) -> list[Figure]:
    """Of an article over which engines die."""
    return [
        Figure(trial, "engines that died", poisoned.deaths, "one among others, three alone", poisoned.deaths == 4),
        Figure(trial, "neighbours stored", poisoned.stored),
        Figure(trial, "why it was set aside", poisoned.why),
        Figure(trial, "exit code", str(poisoned.code)),
        *_of_findings(trial, poisoned.findings),
    ]


def of_lease(trial: str, seconds: float) -> list[Figure]:
    """Of the leases of a worker that died elsewhere."""
    return [_at_most(trial, "seconds until another machine fetches", seconds, _LEASE_SECONDS, "seconds")]


def of_jobdir(trial: str, toll: JobdirToll) -> list[Figure]:
    """Of Scrapy's own JOBDIR: the harness must see it fail."""
    share = f"{toll.lost / toll.articles:.0%} of {toll.articles}"
    return [
        Figure(trial, "kills", toll.kills),
        Figure(trial, "articles lost", toll.lost, f"{share}; the harness must see some", toll.lost > 0),
        Figure(trial, "exit code of the last crawl", toll.code),
    ]


def of_broken(trial: str, findings: Findings) -> list[Figure]:
    """Of a crawl that was broken on purpose: the harness must see it fail."""
    seen = {name: number for name, number in asdict(findings).items() if name != "words" and number}
    return [Figure(trial, "seen", str(seen), "the harness must see some", not findings.is_clean)]


def table(figures: Sequence[Figure]) -> Iterable[str]:
    """Lines for people."""
    trial = ""
    for each in figures:
        if each.trial != trial:
            trial = each.trial
            yield f"\n{trial}"
        value = f"{each.value:.1f}" if isinstance(each.value, float) else str(each.value)
        verdict = {None: "", True: "ok", False: "NOT MET"}[each.is_met]
        yield f"  {each.name:46} {value:>8}  {verdict:7} {each.bound}".rstrip()


def as_json(figures: Sequence[Figure]) -> str:
    """One line of JSON."""
    return json.dumps([asdict(each) for each in figures], ensure_ascii=False)


def _of_findings(trial: str, findings: Findings) -> list[Figure]:
    return [
        _none(trial, "acknowledged articles lost", findings.lost),
        _none(trial, "articles missing at the end", findings.missing),
        _none(trial, "addresses unaccounted for", findings.unaccounted),
        _none(trial, "duplicate articles", findings.duplicates),
        _none(trial, "links with two ends in a run", findings.doubles),
        _none(trial, "set aside without fault", findings.set_aside),
        _none(trial, "damages", findings.damages),
        *(Figure(trial, "  seen", words[:300]) for words in findings.words[:5]),
    ]


def _none(trial: str, name: str, value: int) -> Figure:
    return Figure(trial, name, value, "0", value == 0)


def _at_most(trial: str, name: str, value: float, most: float, of: str) -> Figure:
    return Figure(trial, name, value, f"at most {most:g} {of}", value <= most)


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0
