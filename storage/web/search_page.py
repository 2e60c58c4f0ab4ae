"""The search page: how many articles answer, when they were, where they stand, and the first of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from storage.records import ArchivedArticle
from storage.snippet import Snippet, snippet
from storage.spread import FirstSights
from storage.web.asking import Asked
from storage.web.comparison_page import compare
from storage.web.counter import Counter
from storage.web.doors import exports, lines, pieces, watched_words, watching_line
from storage.web.facets import facets
from storage.web.front_desk import desk_of
from storage.web.rendering import page
from storage.web.timeline import timeline
from storage.web.watches_page import WAYS

_MOST_FILTERS = 8  # that are left out one by one, where nothing was found


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: the article, the piece of it that shows why, and how wide its story went."""

    article: ArchivedArticle
    snippet: Snippet
    story: FirstSights | None


@dataclass(frozen=True, slots=True)
class Culprit:
    """A filter without which something would be found: so many articles, there."""

    what: str
    number: int
    address: str


def search(request: Request) -> Response:
    """The page of what stands in the address."""
    desk = desk_of(request)
    asked = Asked.read(request.query_params.multi_items())
    safety = desk.safety
    hurry = safety.counting_seconds * len(asked.questions)
    counter = Counter(desk.archive, safety.seconds if asked.counts == "all" else hurry)
    if asked.versus:
        return compare(request, desk, asked, counter)
    now = datetime.now(UTC)
    query = asked.query(now.date())
    found = desk.archive.results(query)
    total = counter.count(query)  # the quickest of them, and what a reader looks at first
    line = timeline(
        lambda by: counter.counts(query, by), asked, (query.since, query.until), now,
        lambda spans: desk.archive.overview.covered(spans, query.source),
    )  # fmt: skip
    if total is None and query.after is None and found.after is None:
        total = len(found.articles)
    sights = desk.archive.overview.sights(sorted({article.story_id for article in found.articles}))
    hits = [
        Hit(article, snippet(article.text, query.words or "", 240), sights.get(article.story_id))
        for article in found.articles
    ]
    return page(
        request, "search", asked=asked, hits=hits, total=total, timeline=line, notes=asked.notes(query),
        facets=facets(asked, query, counter.counts), culprit=None if hits else _culprit(asked, now, counter),
        next=asked.address(after=str(found.after)) if found.after else None, is_first=query.after is None,
        narrowed=asked.narrowed, exports=exports(asked), lines=lines(asked, query),
        watch=watching_line(asked, query), said={"q": " ".join(watched_words(asked, query))}, ways=WAYS, faults=(),
    )  # fmt: skip


def _culprit(asked: Asked, now: datetime, counter: Counter) -> Culprit | None:
    """The most restrictive filter: that without which most would be found."""
    looser = [(f"{name} {value}", asked.without(name)) for name, value, _ in asked.narrowed]
    if asked.since and asked.until:
        looser.append(("the period", asked.without("since", "until")))
    said = pieces(asked.q)
    if len(said) > 1:
        rest = ((each, " ".join([*said[:at], *said[at + 1 :]])) for at, each in enumerate(said))
        looser += [(each, replace(asked, q=q, after="")) for each, q in rest]
    elif said and looser:
        looser.append((said[0], asked.without("q")))
    counted = [
        Culprit(what, number, other.address())
        for what, other in looser[:_MOST_FILTERS]
        if (number := counter.count(other.query(now.date())))
    ]
    return max(counted, key=lambda culprit: culprit.number, default=None)
