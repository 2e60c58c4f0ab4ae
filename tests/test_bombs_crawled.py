"""Bombs and drips in a crawl: good neighbours are served, memory stays flat, and nothing bad is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crawling import CrawlDesk, adds_up, definition, differences, lately, memory
from tests.sites import Fault, Outlet, Site, serve

MOST_MEMORY = 768 << 20
"""Bytes that all processes of a worker may take together."""

_GOOD = [
    Outlet(f"127.0.9.{at}", f"good {at}", 400 + at, articles=12, newest_at=lately(), template=at % 3)
    for at in (1, 2, 3)
]
_QUICK = {
    "bomb": Fault("/bad/*", "bomb"), "bare-bomb": Fault("/*.xml", "bare-bomb"), "endless": Fault("/bad/*", "endless"),
    "headers": Fault("/bad/*", "headers", size=8_000_000), "endless-feed": Fault("/*.xml", "endless"),
    "bomb-feed": Fault("/*.xml", "bomb"),
}  # fmt: skip
_SLOW = {
    "hang": Fault("/bad/*", "hang"), "drip": Fault("/bad/*", "drip", seconds=0.5), "reset": Fault("/bad/*", "reset"),
    "half-gzip": Fault("/bad/*", "half-gzip"),
}  # fmt: skip
_REASONS = {
    "bomb": "too-large", "endless": "too-large", "headers": "headers", "hang": "timeout", "drip": "timeout",
    "reset": "", "half-gzip": "",
}  # fmt: skip
_BAD_PAGES = 4


@dataclass(frozen=True, slots=True)
class Bombed:
    """What a crawl beside bombs came to. alone_seconds, beside_seconds: until the good outlets were done. fates: of the
    bad addresses, by kind of fault."""

    alone_seconds: float
    beside_seconds: float
    peak_bytes: int
    wrong: Sequence[str]
    fates: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)


def bombed(desk: CrawlDesk, *, slow: bool) -> Bombed:
    """Good outlets alone, then others of their kind beside hostile ones. slow: also those that only take time."""
    faults = {**_QUICK, **(_SLOW if slow else {})}
    bad = {kind: Outlet(f"127.0.10.{at}", kind, 500 + at, articles=2, newest_at=lately(), faults=(fault,))
           for at, (kind, fault) in enumerate(faults.items(), start=1)}  # fmt: skip
    later = [Outlet(f"127.0.9.{at + 10}", f"later {at}", 410 + at, articles=12, newest_at=lately(), template=at % 3)
             for at in (1, 2, 3)]  # fmt: skip
    with serve([*_GOOD, *later, *bad.values()], desk.folder / "bombs.log") as site:
        addresses = _add_bad(desk, site, bad)
        for outlet in (*_GOOD, *later):
            desk.add(outlet.name.replace(" ", "-"), site.source_toml(outlet.host))
        with desk.workers() as started, memory([each.pid for each in started]) as seen:
            desk.work("good-1")  # until everything has started
            begun = time.monotonic()
            desk.work("good-2", "good-3")
            alone = time.monotonic() - begun
            hostile = [desk.file(f"bad-{kind}") for kind in bad]
            begun = time.monotonic()
            desk.work("later-2", "later-3")
            beside = time.monotonic() - begun
            desk.work("later-1")
            ended = desk.over(*hostile, when=lambda run: bool(run.finished_at) and not run.pending)
        wrong = [f"{run}" for run in ended if not adds_up(run)]
        for outlet in (*_GOOD, *later):
            found = desk.articles(outlet.name.replace(" ", "-"))
            wrong += differences(found, site.articles(outlet.host).values())
        wrong += _bad_faults(desk, addresses)
    fates = {kind: [desk.why(address) for address in urls] for kind, urls in addresses.items()}
    return Bombed(alone, beside, seen["peak"], wrong, fates)


def _add_bad(desk: CrawlDesk, site: Site, bad: Mapping[str, Outlet]) -> dict[str, list[str]]:
    """Sources whose pages, or whose feed, are bad; the addresses."""
    addresses = {}
    for kind, outlet in bad.items():
        base = site.bases[outlet.host]
        if outlet.faults[0].path == "/*.xml":
            addresses[kind] = [f"{base}/{'sitemap' if kind == 'bare-bomb' else 'rss'}.xml"]
            place = ("sitemap" if kind == "bare-bomb" else "feed", addresses[kind])
        else:
            addresses[kind] = [f"{base}/bad/page-of-some-length-{number}.html" for number in range(_BAD_PAGES)]
            place = ("urls", addresses[kind])
        desk.add(f"bad-{kind}", definition(f"{base}/", place))
    return addresses


def _bad_faults(desk: CrawlDesk, addresses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for kind in addresses:
        if desk.articles(f"bad-{kind}"):
            yield f"{kind}: something was stored"
        outcomes = {outcome for outcome, _ in map(desk.why, addresses[kind])}
        reasons = {why for _, why in map(desk.why, addresses[kind])}
        if not outcomes <= {"failed", "rejected"}:
            yield f"{kind}: {outcomes}"
        if not all(_REASONS.get(kind, "too-large") in why for why in reasons):
            yield f"{kind}: {reasons}"


def test_bombs_cost_no_memory_and_no_neighbour(tmp_path: Path) -> None:
    result = bombed(CrawlDesk(tmp_path), slow=False)
    assert list(result.wrong) == []
    assert result.peak_bytes <= MOST_MEMORY
