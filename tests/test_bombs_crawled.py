"""Bombs and drips in a crawl: good neighbours are served, memory stays flat, and nothing bad is stored."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crawling import CrawlDesk, adds_up, definition, differences, lately, memory
from tests.sites import Fault, Outlet, Site, serve

MOST_MEMORY = 768 << 20
"""Bytes that all processes of a worker may take together."""

_QUICK = {
    "bomb": Fault("/bad/*", "bomb"), "bare-bomb": Fault("/*.xml", "bare-bomb"), "endless": Fault("/bad/*", "endless"),
    "headers": Fault("/bad/*", "headers", size=8_000_000), "endless-feed": Fault("/*.xml", "endless"),
    "bomb-feed": Fault("/*.xml", "bomb"),
}  # fmt: skip
_SLOW = {
    "hang": Fault("/bad/*", "hang"), "drip": Fault("/bad/*", "drip", seconds=1.0), "reset": Fault("/bad/*", "reset"),
}  # fmt: skip
_REASONS = {
    "bomb": "too-large", "endless": "too-large", "headers": "headers", "hang": "timeout", "drip": "timeout",
    "reset": "",
}  # fmt: skip
_BAD_PAGES = 4


@dataclass(frozen=True, slots=True)
class Bombed:
    """What a crawl beside bombs came to. alone_seconds, beside_seconds: until the good outlets were done."""

    alone_seconds: float
    beside_seconds: float
    peak_bytes: int
    wrong: Sequence[str]


def bombed(desk: CrawlDesk, articles: int, *, slow: bool) -> Bombed:
    """Good outlets alone, then others of their kind beside hostile ones. articles: of each good one. slow: also hostile
    ones that only take time."""
    good, later = _good("good", 1, articles), _good("later", 11, articles)
    faults = {**_QUICK, **(_SLOW if slow else {})}
    bad = {kind: Outlet(f"127.0.10.{at}", kind, 500 + at, articles=2, newest_at=lately(), faults=(fault,))
           for at, (kind, fault) in enumerate(faults.items(), start=1)}  # fmt: skip
    with serve([*good, *later, *bad.values()], desk.folder / "bombs.log") as site:
        addresses = _add_bad(desk, site, bad)
        for outlet in (*good, *later):
            desk.add(outlet.name, site.source_toml(outlet.host))
        with desk.workers() as started, memory([each.pid for each in started]) as seen:
            desk.work("good-0")  # until everything has started
            begun = time.monotonic()
            desk.work("good-1", "good-2")
            alone = time.monotonic() - begun
            hostile = [desk.file(f"bad-{kind}") for kind in bad]
            begun = time.monotonic()
            desk.work("later-1", "later-2")
            beside = time.monotonic() - begun
            desk.work("later-0")
            ended = desk.over(*hostile, when=lambda run: bool(run.finished_at) and not run.pending, patience=900)
        wrong = [f"{run}" for run in ended if not adds_up(run)]
        for outlet in (*good, *later):
            found = desk.articles(outlet.name)
            unlike = differences(found, site.articles(outlet.host).values())
            wrong += [
                each if each.split()[0] != "missing" else f"{each}: {desk.why(each.split()[1])}" for each in unlike
            ]
        wrong += _bad_faults(desk, addresses)
    return Bombed(alone, beside, seen["peak"], wrong)


def _good(name: str, first: int, articles: int) -> list[Outlet]:
    return [
        Outlet(f"127.0.9.{first + at}", f"{name}-{at}", 400 + first + at, articles=articles, newest_at=lately(),
               template=at, feed_items=articles)
        for at in range(3)
    ]  # fmt: skip


def _add_bad(desk: CrawlDesk, site: Site, bad: Mapping[str, Outlet]) -> dict[str, list[str]]:
    """Sources whose pages, or whose feed, are bad; the addresses."""
    addresses = {}
    for kind, outlet in bad.items():
        base = site.bases[outlet.host]
        if outlet.faults[0].path == "/*.xml":
            addresses[kind] = [f"{base}/{'sitemap' if kind == 'bare-bomb' else 'rss'}.xml"]
            place = ("sitemap" if kind == "bare-bomb" else "feed", addresses[kind])
        else:
            pages = 1 if kind in _SLOW else _BAD_PAGES  # each of them is tried three times
            addresses[kind] = [f"{base}/bad/page-of-some-length-{number}.html" for number in range(pages)]
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
    result = bombed(CrawlDesk(tmp_path), 6, slow=False)
    assert list(result.wrong) == []
    assert result.peak_bytes <= MOST_MEMORY
