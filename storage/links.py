"""The records of the crawl: an address as it is named, as it is leased, and what ends the lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from storage.records import Claims, FateOutcome

LinkKind = Literal["article", "feed", "sitemap", "section"]
"""What an address is expected to hold; all but ``article`` are listings."""


LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Named:
    """An address as a place names it.

    priority: seconds since 1970, the newest are fetched first; None for the order of naming. changed_at: when the
    place says that it last changed: one that was fetched before that is fetched again. verdict: given where it is
    decided without a fetch. again: fetch it although it is known. source: where that is not its run's.
    """

    url: str
    kind: LinkKind = "article"
    claims: Claims = Claims()
    found_on: str | None = None
    priority: float | None = None
    changed_at: datetime | None = None
    depth: int = 0
    place: int = 0
    verdict: Passed | None = None
    again: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a link without a page to keep: ``listed``, ``unchanged`` (304), ``refused`` or ``outside``."""

    outcome: FateOutcome
    why: str


@dataclass(frozen=True, slots=True)
class Order:
    """What a crawl was asked for. Articles dated outside [since, until) are left out, and those beyond the limit.

    second_look: at a front page, for what listings do not name. It tells nothing of how the listings are.
    """

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    again: bool = False
    second_look: bool = False


@dataclass(frozen=True, slots=True)
class Filing:
    """What came of filing a run. is_new: False where that slot was filed before, or a run of the source is under way;
    ``run`` is that one, and ``why`` says so."""

    run: int
    is_new: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address leased by a worker. attempts: fetches begun before this one; failures: how many of them in a row
    failed. alone: a worker died over it, so nothing else may be fetched beside it. article_id: of what was there
    before. asked_url: as it was named, where that redirected to ``url``. found_at: when it was named first. rest: of a
    listing, seconds that it wants between two requests, by its own words."""

    key: str
    kind: LinkKind
    url: str
    host: str
    source: str | None
    run: int
    claims: Claims
    found_on: str | None
    depth: int
    place: int
    hops: int
    attempts: int
    failures: int
    alone: bool
    etag: str | None
    last_modified: str | None
    article_id: str | None
    worker: str
    asked_url: str | None = None
    found_at: datetime = LONG_AGO
    rest: float | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """A host that a worker holds, and its links in hand. not_before: no request earlier. failures: in a row."""

    name: str
    not_before: datetime
    failures: int
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """What a worker says of a host that it lets go. delay: seconds between requests, as it kept it. spared: keys of
    links whose fetch was charged and never began."""

    name: str
    not_before: datetime
    failures: int
    delay: float
    spared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Postponed:
    """A lease that ends without an outcome: the link comes back. failed: whether that counts against it.

    url: where the link leads now, after a redirect to another host.
    """

    not_before: datetime
    why: str
    failed: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Validators:
    """What the next request for the same address goes by: what makes it conditional, and the rest of a ``Link``."""

    etag: str | None = None
    last_modified: str | None = None
    rest: float | None = None


@dataclass(frozen=True, slots=True)
class Taught:
    """What an address taught of its source: whether one of its shape was an article."""

    shape: str
    is_article: bool


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source as the archive knows it. verified_at: when an article was first stored from it; None: unverified."""

    name: str
    title: str
    language: str | None
    country: str | None
    homepage: str
    enabled: bool
    definition: str
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaceRecord:
    """What is known of when a source is to be looked at. since: from when on it is known what came. rhythm: articles
    expected in each hour of the week; None for not learned yet. next_at: the slot that is due next, where the pace
    decides it. credit: how many known articles may be looked at again now."""

    source: str
    since: datetime
    rhythm: tuple[float, ...] | None
    learned_at: datetime | None
    next_at: datetime | None
    credit: float


@dataclass(frozen=True, slots=True)
class RobotsRecord:
    """The answer of an origin (``https://host:port``) to the question for its robots.txt."""

    origin: str
    verdict: str
    body: bytes
    why: str
    fetched_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """Slots of a source's schedule that were not run, first to last, and why."""

    source: str
    first_slot: str
    last_slot: str
    number: int
    why: str
    at: datetime
