"""The search page: how many articles answer, when they were, where they stand, and the first of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from storage.archive import Archive
from storage.counts import Count
from storage.records import ArchivedArticle, CountedBy, Query
from storage.snippet import Snippet, snippet
from storage.spread import FirstSights
from storage.web.asking import Asked
from storage.web.facets import facets
from storage.web.front_desk import desk_of
from storage.web.rendering import page
from storage.web.timeline import timeline

_MOST_FILTERS = 8  # that are left out one by one, where nothing was found
_PIECE = re.compile(r'\S*"[^"]*"\*?|\S+')
_EXPORTS = (("JSON Lines", "jsonl"), ("CSV", "csv"), ("Parquet", "parquet"), ("Atom", "atom"))


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
    asked = Asked.read(request.query_params)
    now = datetime.now(UTC)
    query = asked.query(now.date())
    safety = desk.safety
    counter = _Counter(desk.archive, safety.seconds if asked.counts == "all" else safety.counting_seconds)
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
        narrowed=_narrowed(asked), exports=_exports(asked), lines=_lines(asked, query),
        watch=_watch(asked, query),
        sources=[source.name for source in desk.archive.sources.all()],
    )  # fmt: skip


class _Counter:
    """Counts while there is time left."""

    def __init__(self, archive: Archive, seconds: float) -> None:
        self._overview = archive.overview
        self._end = monotonic() + seconds

    def count(self, query: Query) -> int | None:
        return self._overview.count(query, self._end - monotonic())

    def counts(self, query: Query, by: CountedBy) -> Sequence[Count] | None:
        return self._overview.counts(query, by, self._end - monotonic())


def _narrowed(asked: Asked) -> list[tuple[str, str, str]]:
    """What narrows beside the words: its name, its value, and the address without it."""
    names = (("source", "source"), ("language", "language"), ("since", "since"), ("until", "until"))
    return [(what, value, asked.address(**{name: ""})) for name, what in names if (value := getattr(asked, name))]


def _culprit(asked: Asked, now: datetime, counter: _Counter) -> Culprit | None:
    """The most restrictive filter: that without which most would be found."""
    looser = [(f"{name} {value}", asked.without(name)) for name, value, _ in _narrowed(asked)]
    if asked.since and asked.until:
        looser.append(("the period", asked.without("since", "until")))
    pieces = _PIECE.findall(asked.q)
    if len(pieces) > 1:
        rest = ((each, " ".join(pieces[:at] + pieces[at + 1 :])) for at, each in enumerate(pieces))
        looser += [(each, replace(asked, q=q, after="")) for each, q in rest]
    elif pieces and looser:
        looser.append((pieces[0], asked.without("q")))
    counted = [
        Culprit(what, number, other.address())
        for what, other in looser[:_MOST_FILTERS]
        if (number := counter.count(other.query(now.date())))
    ]
    return max(counted, key=lambda culprit: culprit.number, default=None)


def _exports(asked: Asked) -> list[tuple[str, str]]:
    """The same question as files."""
    said = asked.without("by", "counts", "sort").parameters()
    return [(title, f"/api/v1/export?{urlencode({'format': form} | said)}") for title, form in _EXPORTS]


def _lines(asked: Asked, query: Query) -> list[tuple[str, str]]:
    """The same question as a command, in Python, and over HTTP."""
    sort = None if query.sort == "newest" else query.sort
    since, until = query.since and asked.since, query.until and asked.until
    options = {"source": query.source, "language": query.language, "since": since, "until": until, "sort": sort}
    said = {name: value for name, value in options.items() if value}
    words = [*(f"--{name} {shlex.quote(value)}" for name, value in said.items())]
    pieces = _PIECE.findall(asked.q)  # each an argument of its own: one with spaces would be a phrase
    words += [*(["--"] if any(piece.startswith("-") for piece in pieces) else []), *map(shlex.quote, pieces)]
    fields = {"words": query.words, "source": query.source, "since": query.since, "until": query.until,
              "language": query.language, "sort": sort}  # fmt: skip
    written = ", ".join(f"{name}={_python(value)}" for name, value in fields.items() if value is not None)
    parameters = urlencode(({"q": asked.q} if asked.q else {}) | said)
    return [
        ("Command", " ".join(["copydesk search", *words])),
        ("Python", f"archive.find(Query({written}))"),
        ("HTTP", f"/api/v1/search?{parameters}" if parameters else "/api/v1/search"),
    ]


def _watch(asked: Asked, query: Query) -> str | None:
    """The command that has new answers told; None where nothing is asked for."""
    said = {"source": query.source, "lang": query.language, "since": query.since and asked.since,
            "until": query.until and asked.until}  # fmt: skip
    pieces = _PIECE.findall(asked.q) + [f"{name}:{value}" for name, value in said.items() if value]
    if not pieces:
        return None
    return " ".join(["copydesk watch add NAME --webhook URL --", *map(shlex.quote, pieces)])


def _python(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"datetime.fromisoformat({value.isoformat()!r})"
    return repr(value)
