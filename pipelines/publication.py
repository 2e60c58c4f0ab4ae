"""When an article was published and changed: the surest moment that a page states, and what states it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pipelines.dates import Moment, is_plausible, read_date
from pipelines.page_head import PageHead, lines_of
from pipelines.phrases import load_phrases
from pipelines.stamps import read_stamp
from pipelines.structured_data import Structured
from storage.records import Claims, Page, Precision

if TYPE_CHECKING:  # the plain-text path needs the record, not the parser
    from selectolax.lexbor import LexborHTMLParser

_PUBLISHED = (
    *("article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date"),
    *("cxenseparse:recs:publishtime", "citation_publication_date", "dcterms.created", "dc.date.issued", "dc.date"),
    *("pubdate", "publishdate", "publish-date", "publication_date", "date"),
)
_NAMED = re.compile(r"(?:^|[.:_-])publi(?:sh(?:ed)?|cation)[._-]?(?:date|time|at|on)$")
_MODIFIED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
_EXACTNESS: dict[Precision, int] = {"year": 0, "month": 1, "day": 2, "minute": 3, "second": 4}
_AGREE_SECONDS = 36 * 3600  # a date alone, in whatever zone, and a time of the same day are no further apart
_IN_TITLE = re.compile(r"[|–—-]\s*(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})\s*$")
_IN_ADDRESS = re.compile(r"/(?P<year>(?:19|20)\d\d)(?P<sign>[/-]?)(?P<month>\d\d)(?P=sign)(?P<day>\d\d)(?!\d)")

_DATED = (
    "time,[class*=date i],[class*=publish i],[class*=posted i],[class*=time i],[class*=byline i],[class*=meta i],"
    "[class*=author i],[class*=info i],h1"
)
_MOST_DATED = 100
_MOST_LINES = 6
_SHORT_YEAR = re.compile(r"(?<![\d.])(\d\d)\.(\d\d)\.(\d\d)(?![\d.])")
_STAMP = range(6, 91)  # characters of a text that says when, and little else


@dataclass(frozen=True, slots=True)
class Published:
    """moment: None where nothing tells. origin: what told it; ``…, zone unknown`` for a time without its zone."""

    moment: Moment | None = None
    origin: str | None = None


def published_of(tree: LexborHTMLParser, head: PageHead, structured: Structured, page: Page) -> Published:
    """The first that is stated, or a more exact one that agrees with it; else the first that can be found."""
    claimed = page.claims.published_at
    stated = [
        ("json-ld", [structured.published or ""]),
        ("meta", [value for name in (*_PUBLISHED, *filter(_NAMED.search, head.metas)) for value in head.all(name)]),
        ("time", head.times[:1]),
        ("claims", [claimed.isoformat()] if claimed else []),
    ]
    found = [(moment, origin) for origin, values in stated for moment in moments(values, page)]
    if not found:
        found = [(moment, origin) for origin, moment in islice(_elsewhere(tree, head, page), 1)]
    if not found:
        return Published()
    best = surest(moment for moment, _ in found)
    origin = next(origin for moment, origin in found if moment is best)
    exact = best is not None and best.precision in {"minute", "second"}
    return Published(best, f"{origin}, zone unknown" if exact and best and not best.zoned else origin)


def modified_of(head: PageHead, structured: Structured, page: Page) -> Published:
    """When it was changed last, as the page says, else as others do."""
    claimed = page.claims.modified_at
    stated = [
        ("json-ld", [structured.modified or ""]),
        ("meta", list(head.all(*_MODIFIED))),
    ]
    found = [(moment, origin) for origin, values in stated for moment in moments(values, page)]
    best = surest(moment for moment, _ in found)
    if best is not None:
        return Published(best, next(origin for moment, origin in found if moment is best))
    return Published(Moment(claimed, "second", zoned=True), "claims") if claimed else Published()


def moments(values: Iterable[str], page: Page) -> list[Moment]:
    """The plausible ones among machine-written dates."""
    return [moment for value in values if (moment := read_date(value)) and is_plausible(moment, page.fetched_at)]


def surest(candidates: Iterable[Moment]) -> Moment | None:
    """The first moment, or the most exact of those that agree with it: a time with a zone tells most."""
    found = list(candidates)
    if not found:
        return None
    agreeing = [m for m in found if abs((m.at - found[0].at).total_seconds()) <= _AGREE_SECONDS]
    return max(agreeing, key=lambda moment: (_EXACTNESS[moment.precision], moment.zoned))


def agrees(published: Moment, claims: Claims) -> bool:
    """Whether page and claims tell the same day, or one of them none."""
    claimed = claims.published_at
    return claimed is None or abs((published.at - claimed).total_seconds()) <= 2 * _AGREE_SECONDS


def _elsewhere(tree: LexborHTMLParser, head: PageHead, page: Page) -> Iterator[tuple[str, Moment]]:
    """Dates for pages that state none: behind the title, in the address, in elements named after dates."""
    for title in (head.title or "", head.first("og:title") or ""):
        if match := _IN_TITLE.search(title):
            yield from (("title", moment) for moment in moments([_iso(match)], page))
    if match := _IN_ADDRESS.search(page.url or ""):
        yield from (("url", moment) for moment in moments([_iso(match)], page))
    yield from (("search", moment) for moment in _stamped(tree) if is_plausible(moment, page.fetched_at))


def _stamped(tree: LexborHTMLParser) -> list[Moment]:
    """Dates in elements that are named after dates, those nearest to the headline first.

    At the head of a page stands what day it is, as often as not, and at its foot those of other articles.
    """
    headline = 0
    found: list[tuple[int, Moment]] = []
    for at, element in enumerate(tree.css(_DATED)[:_MOST_DATED]):
        if element.tag == "h1":
            headline = headline or at
            continue
        for line in lines_of(element)[:_MOST_LINES]:
            if len(line) not in _STAMP or not any(map(str.isdigit, line)):
                continue
            if stamp := read_stamp(_SHORT_YEAR.sub(r"\1.\2.20\3", line), load_phrases()):
                found.append((at, Moment(stamp.at, stamp.precision, zoned=False)))
    return [moment for _, moment in sorted(found, key=lambda each: abs(each[0] - headline))]


def _iso(match: re.Match[str]) -> str:
    return "{year}-{month}-{day}".format(**match.groupdict())
