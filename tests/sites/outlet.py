"""An outlet: what a generated news site is made of, as a frozen record that can be sent to the server as JSON."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from tests.sites.behaviour import Fault, styled
from tests.sites.prose import Story, lexicon, story

_KINDS = {
    "feeds": {"rss", "rdf", "atom", "json"},
    "sitemaps": {"plain", "index", "news"},
    "twins": {"amp", "mobile", "parameter"},
    "traps": {"calendar", "facets", "session", "growth", "endless", "farm", "hosts"},
}
_ROBOTS = re.compile(r"open|closed|text|html|huge|stars|hang|reset|redirect-\d+|\d{3}")
NEWEST = "2026-11-20T12:00:00+00:00"
POISON = "/poison"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One news site on its own host. Every field may be changed while it runs, by ``Site.control``.

    The addresses of the articles hang on language, seed, articles and the times; new ones come out by ``released``.
    host: an address of 127/8. seed: another seed, other articles. template: 0, 1 or 2 (of pages.TEMPLATES).
    released: how many of the articles are out, oldest first; None for all. newest_at: when the last one came out.
    wire: articles 1 … wire are those of ``wire_seed``, word for word, in every outlet of that seed and language.
    feeds: of rss, rdf, atom, json. sitemaps: of plain, index, news. twins: of amp, mobile, parameter (?amp=1).
    link_styles: of the links in feeds, one after another: plain, tracking, amp, mobile, 301, 302, 303, 307, 308,
    relative, chain-N, loop, away:HOST. robots: a state of behaviour.ROBOTS. edits: article number to version, from the
    time ``edit_at`` (seconds since 1970) on if given. removed: article number to status; it is listed no more (a Fault
    takes away what stays listed). traps: of traps.TRAPS. poison: the last article but one stands at /poison and is
    sent with the header X-Poison: 1. headers: added to every article. delay_ms: before every answer.
    furniture: links of menus around each article, and as many scripts of 600 bytes: real pages have some 110.
    """

    host: str = "127.0.0.1"
    name: str = "The Morning Ledger"
    seed: int = 1
    language: str = "en"
    articles: int = 100
    released: int | None = None
    template: int = 0
    newest_at: str = NEWEST
    minutes_between: int = 30
    wire: int = 0
    wire_seed: int = 0
    feeds: tuple[str, ...] = ("rss",)
    feed_items: int = 50
    link_styles: tuple[str, ...] = ("plain",)
    sitemaps: tuple[str, ...] = ("plain", "index", "news")
    sitemap_size: int = 50
    page_size: int = 20
    twins: tuple[str, ...] = ()
    robots: str = "open"
    robots_text: str = ""
    disallow: tuple[str, ...] = ("/private/",)
    crawl_delay: float | None = None
    robots_sitemaps: bool = True
    conditional: bool = True
    compress: bool = True
    edits: Mapping[int, int] = field(default_factory=dict)
    edit_at: float | None = None
    removed: Mapping[int, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    traps: tuple[str, ...] = ()
    poison: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    delay_ms: float = 0
    furniture: int = 0

    def __post_init__(self) -> None:
        for name, known in _KINDS.items():
            if unknown := set(getattr(self, name)) - known:
                raise ValueError(f"{name}: there is no {', '.join(unknown)}")
        if not _ROBOTS.fullmatch(self.robots):
            raise ValueError(f"robots: there is no {self.robots!r}")
        for style in self.link_styles:
            styled(style, "/")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Outlet:
        """The outlet of ``to_json``. Raises TypeError for a field that no outlet has, ValueError for a wrong one."""
        return cls(**{name: _read(name, value) for name, value in values.items()})

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON can carry them."""
        return asdict(self)

    def changed(self, values: Mapping[str, Any]) -> Outlet:
        """The outlet with some fields set anew. Raises like ``from_json``."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        return Outlet(**kept | {name: _read(name, value) for name, value in values.items()})

    @property
    def sections(self) -> list[tuple[str, str]]:
        """Slug and name of each section."""
        return [(slug, name) for slug, name in lexicon(self.language)["furniture"]["sections"]]

    @property
    def out(self) -> int:
        """How many articles are out."""
        return self.articles if self.released is None else min(self.released, self.articles)

    def newest_first(self, section: str | None = None) -> Iterator[Piece]:
        """The articles that are out and not removed, newest first."""
        for number in range(self.out, 0, -1):
            if number not in self.removed and (piece := self.piece(number)) and section in (None, piece.section):
                yield piece

    def piece(self, number: int) -> Piece:
        """The article of that number (1 is the oldest), without the edits that are known to the server alone."""
        seed = f"wire/{self.wire_seed}/{number}" if number <= self.wire else f"{self.seed}/{number}"
        age = (self.articles - number) * self.minutes_between
        is_poison = self.poison and number == max(1, self.articles - 1)
        return _piece(number, self.language, seed, self.newest_at, age, is_poison)

    def written(self, piece: Piece, version: int) -> Story:
        """The text of an article in one of its versions."""
        return _story(self.language, piece.seed, version)

    def modified_at(self, piece: Piece, version: int) -> datetime:
        """When that version came out."""
        if not version:
            return piece.published_at
        return datetime.fromisoformat(self.newest_at).astimezone(UTC) + timedelta(minutes=version)


@dataclass(frozen=True, slots=True)
class Piece:
    """What does not change of an article. path: of its own address, from the host on."""

    number: int
    seed: str
    section: str
    path: str
    title: str
    author: str
    published_at: datetime


def slug(text: str) -> str:
    """Lower-case ASCII words joined by hyphens; at most eight."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("đ", "d").replace("ß", "ss"))
    return "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode())[:8])


@lru_cache(maxsize=40_000)
def _piece(number: int, language: str, seed: str, newest_at: str, age_minutes: int, is_poison: bool) -> Piece:
    published_at = datetime.fromisoformat(newest_at) - timedelta(minutes=age_minutes)
    first = _story(language, seed, 0)
    sections = lexicon(language)["furniture"]["sections"]
    section = sections[number % len(sections)][0]
    path = POISON if is_poison else f"/{section}/{published_at:%Y/%m/%d}/{slug(first.title)}-{number}.html"
    return Piece(number, seed, section, path, first.title, first.author, published_at)


@lru_cache(maxsize=40_000)
def _story(language: str, seed: str, version: int) -> Story:
    return story(language, seed, version)


def _read(name: str, value: Any) -> Any:
    if name == "faults":
        return tuple(each if isinstance(each, Fault) else Fault(**each) for each in value)
    if name in ("edits", "removed"):
        return {int(number): int(what) for number, what in value.items()}
    if name == "headers":
        return tuple((key, what) for key, what in value)
    return tuple(value) if isinstance(value, list) else value
