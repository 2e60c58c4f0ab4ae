"""Preview of a source: what a crawl would find and store now. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crawler.errors import Unreadable
from crawler.fetching.visit import NotFetched
from crawler.outlets import listings_of
from crawler.probe import Probe, Sample
from storage.links import Named


@dataclass(frozen=True, slots=True)
class Attempt:
    """An address that brought nothing, and why."""

    url: str
    why: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a crawl would begin with. url: the listing that named the articles; None where no place names any, or where
    the place names articles itself. named: how many addresses; outside: how many of them are not to be fetched.

    place: 1 for the first [[place]]; 0 for none. samples: of the newest articles. barren: what brought nothing.
    """

    place: int
    url: str | None
    named: int
    outside: int
    samples: tuple[Sample, ...]
    barren: tuple[Attempt, ...]


async def preview_source(probe: Probe, articles: int, tell: Callable[[int], None]) -> Preview:
    """Look for a place that names articles, and clean some. tell: of addresses done.

    Raises CrawlerError where the worker processes cannot be started.
    """
    barren: list[Attempt] = []
    place, url, found = await _found(probe, barren, tell)
    wanted = [each for each in found if each.verdict is None]
    samples = []
    for each in wanted[:articles]:
        try:
            samples.append(await probe.article(each))
        except (NotFetched, Unreadable) as error:
            barren.append(_attempt(each.url, error))
        tell(1)
    return Preview(place, url, len(found), len(found) - len(wanted), tuple(samples), tuple(barren))


async def _found(
    probe: Probe, barren: list[Attempt], tell: Callable[[int], None]
) -> tuple[int, str | None, tuple[Named, ...]]:
    """What the first place names that names something to be fetched."""
    for at, place in enumerate(probe.source.places, start=1):
        named = listings_of(probe.source, at - 1)
        if place.kind == "urls":
            return at, None, named
        for each in named:
            try:
                looked = await probe.listing(each)
            except (NotFetched, Unreadable) as error:
                barren.append(_attempt(each.url, error))
            else:
                if looked.wanted:
                    return at, looked.visited.fetched.url, looked.articles
                why = f"all {len(looked.articles):,} addresses are outside" if looked.articles else "lists no article"
                barren.append(Attempt(each.url, why, f"copydesk sources check {probe.source.name}"))
            tell(1)
    return 0, None, ()


def _attempt(url: str, error: NotFetched | Unreadable) -> Attempt:
    step = f"{error.step}: " if isinstance(error, NotFetched) else ""
    return Attempt(url, f"{step}{error}", error.hint)
