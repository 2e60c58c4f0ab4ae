"""Traps: sites that make addresses without end cost few fetches, and their articles are found all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.records import Run
from tests.crawling import CrawlDesk, adds_up, definition, lately
from tests.sites import Outlet, Site, serve
from tests.sites.traps import HOSTS, TRAPS

MOST_FETCHES = 200
LEAST_FOUND = 0.95
_DOORS = {
    "calendar": "/calendar/", "facets": "/search/", "session": "/visit/", "growth": "/a/", "endless": "/archive/",
    "farm": "/farm/", "hosts": "/partners/",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trapped:
    """What a crawl of a trap site came to. fetches: requests but those for robots.txt."""

    trap: str
    fetches: int
    found: int
    articles: int
    beyond: int
    run: Run

    @property
    def holds(self) -> bool:
        """Whether the bars are met, and nothing was fetched from hosts that only a trap names."""
        return (
            self.fetches <= MOST_FETCHES and self.found >= LEAST_FOUND * self.articles and not self.beyond
            and adds_up(self.run)
        )  # fmt: skip


def crawled_traps(desk: CrawlDesk, articles: int) -> list[Trapped]:
    """Eight sites, each with one kind of trap and the last with all of them, crawled through their sections, into which
    the doors of the traps are put as well, and then through their sitemaps."""
    kinds: list[tuple[str, Sequence[str]]] = [*((trap, (trap,)) for trap in TRAPS), ("all", tuple(TRAPS))]
    outlets = [
        Outlet(f"127.0.8.{at}", trap, 300 + at, articles=articles, traps=tuple(traps), newest_at=lately(), feeds=())
        for at, (trap, traps) in enumerate(kinds, start=1)
    ]
    with serve(outlets, desk.folder / "traps.log") as site:
        for outlet in outlets:
            base = site.bases[outlet.host]
            doors = [_DOORS[trap] for trap in outlet.traps]
            lists = [base + path for path in ["/", *(f"/{slug}/" for slug, _ in outlet.sections), *doors]]
            desk.add(f"trap-{outlet.name}", definition(f"{base}/", ("section", lists, 10)))
            desk.add(f"maps-{outlet.name}", definition(f"{base}/", ("sitemap", [f"{base}/sitemap-index.xml"])))
        with desk.workers():
            runs = desk.work(*(f"trap-{outlet.name}" for outlet in outlets))
            desk.work(*(f"maps-{outlet.name}" for outlet in outlets))
        return [_trapped(desk, site, outlet, run) for outlet, run in zip(outlets, runs, strict=True)]


def _trapped(desk: CrawlDesk, site: Site, outlet: Outlet, run: Run) -> Trapped:
    log = site.read_log()
    truths = site.articles(outlet.host)
    found = {each.canonical_url for each in desk.articles(f"trap-{outlet.name}").values()} & truths.keys()
    fetched = len(log.of(outlet.host).where(lambda record: record.path != "/robots.txt"))
    beyond = len(log.where(lambda record: record.host in HOSTS))
    return Trapped(outlet.name, fetched, len(found), len(truths), beyond, run)


def test_traps_cost_little_and_hide_nothing(tmp_path: Path) -> None:
    results = crawled_traps(CrawlDesk(tmp_path), 10)
    assert [result for result in results if not result.holds] == []
