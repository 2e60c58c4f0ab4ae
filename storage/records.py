"""One frozen record per moment of the journey: Page, then Article or Rejected, then Saved, then ArchivedArticle.

Times are aware and in UTC, and named ``…_at``; offsets count characters. Nothing here opens, fetches or decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storage.positions import Position

Reason = Literal[
    "title",  # the headline: it has its own field
    "byline",
    "dateline",  # place and date stamps: they have fields of their own
    "agency",
    "caption",
    "credit",
    "related",
    "widget",
    "hotline",
    "imprint",
    "nav",
    "separator",
    "repeated",  # a text that stands in the input twice, or on the site's other pages too
    "comment",  # of readers, and the invitation to write one
    "appeal",  # to subscribe, register or donate
    "bio",  # who the author is
    "embed",  # a post from elsewhere
    "other",
]
"""Why a block is not part of the article's text."""

Outcome = Literal["stored", "unchanged", "version", "duplicate", "rejected", "failed"]
"""What became of one input; the outcomes of a run add up to what was read."""

FateOutcome = Outcome | Literal["listed", "refused", "outside", "set-aside", "withdrawn", "pending", "forgotten"]
"""What became of an address besides: a listing was read; robots.txt refused it; it is out of the source's scope; it
was set aside because workers died over it; the page of a known article is gone; it waits; somebody had it forgotten."""

_FEW_PAGES = 2  # fewer than make a line a repeated one: it was known as such from pages that are not held any more

Precision = Literal["second", "minute", "day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What others say of a page: a feed's title, a JSONL field. Evidence for the cleaner, never taken unchecked."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    description: str | None = None


RENDERED = "X-Copydesk-Rendered"
"""The header of a page whose bytes are not the server's: what made them of the page by running its scripts, such as
``Chromium/150.0``. We add it ourselves, and take none from a server."""


@dataclass(frozen=True, slots=True)
class Page:
    """Bytes as they came, with what is known of where and when. It is kept before anything is cut.

    url: None for a saved text. content_type: as the server or the reader says, charset parameter included.
    origin: where a person finds the input again, such as ``saved/0412.jsonl:88``. cut: why the body is not whole.
    asked_url: the address that was asked for, where it redirected to ``url``.
    """

    url: str | None
    body: bytes = field(repr=False)
    content_type: str
    fetched_at: datetime
    source: str | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    claims: Claims = Claims()
    origin: str | None = None
    cut: str | None = None
    asked_url: str | None = None

    @property
    def rendered(self) -> str | None:
        """What made the body by running the scripts of the page that came; None for bytes as they came."""
        return next((value for name, value in self.headers if name.lower() == RENDERED.lower()), None)


@dataclass(frozen=True, slots=True)
class Block:
    """A kept piece of the decoded input: ``text`` stands at ``[start, end)``, first on 1-based ``line``.

    The blocks of an article tile its input with only white space between; HTML tiles its visible text.
    """

    start: int
    end: int
    line: int
    text: str

    @property
    def reason(self) -> Reason | None:
        """Why the block was removed; None for a kept one."""
        return None


@dataclass(frozen=True, slots=True)
class Removed(Block):
    """A piece that is not part of the text: why, and by which rule (``family.name``).

    score: how likely the model took it to be article, 0..1; None where no model was asked. pages: of ``of_pages``
    other pages of its site that were remembered then, how many had it too; None where that was not what decided.
    """

    because: Reason
    rule: str
    score: float | None = None
    pages: int | None = None
    of_pages: int | None = None

    @property
    def reason(self) -> Reason:
        """Why the block was removed."""
        return self.because

    @property
    def evidence(self) -> str | None:
        """On how many of the site's pages it stood, in words; None where that did not decide."""
        if self.pages is None:
            return None
        before = " and on others before" if self.pages < _FEW_PAGES else ""
        return f"on {self.pages} of the {self.of_pages} other pages of its site seen last{before}"


@dataclass(frozen=True, slots=True)
class Sketch:
    """What an article is likened to others by, made by ``pipelines.sketch``; those of other versions never compare.

    words: of the text; in scripts without spaces two characters count as one. anchors: the lowest hashes of long word
    sequences, of 48 bits; none where the text is too short to be likened. probes: the next ones, of a long text: it
    finds what it holds by them too, and is not found by them. shingles: hashes of short word sequences, distinct and
    rising, of 24 bits in uint32 little-endian; of a long text those below ``reach`` alone, a fair sample.
    vocabulary: hashes of its words, distinct and rising, uint16 little-endian; empty of a very long text.
    numbers: of the text, in order, grouped digits joined. names: of the lead, in order, all words with a capital in a
    row as one. number_slots, name_slots: for each a hash of the words around it, uint32 little-endian; 0 for none.
    title_numbers: of the title, names of days and months among them. title_pattern: its other words, ``#`` for each.
    """

    version: int
    language: str | None
    words: int
    anchors: tuple[int, ...] = field(default=(), repr=False)
    shingles: bytes = field(default=b"", repr=False)
    reach: int = 1 << 24
    numbers: tuple[str, ...] = field(default=(), repr=False)
    title_numbers: tuple[str, ...] = ()
    title_pattern: str = ""
    names: tuple[str, ...] = field(default=(), repr=False)
    number_slots: bytes = field(default=b"", repr=False)
    name_slots: bytes = field(default=b"", repr=False)
    vocabulary: bytes = field(default=b"", repr=False)
    probes: tuple[int, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Article:
    """What ``clean`` makes of a page. ``text``: paragraphs joined by one blank line; the title is not in it.

    content_hash, title_hash: hex blake2b-128 of the normal form ``norm_version``.
    published_origin: what gave the date, such as ``json-ld``, ``text`` or ``claims``. published_zone: the offset as it
    was stated, such as ``UTC+02:00``: it tells which day it was there. image_caption, image_credit: of ``image``.
    access: ``free``, ``paid`` or None where the page does not say. flags: doubts, such as ``charset-guessed``.
    origins: the fields that have a value, in order of names, with what each came from: ``(("title", "heading"), …)``.
    profile: what was known of the site, by the sha256 of its bytes. lesson: what the page teaches of it.
    cleaner: the edition of the cleaner that made it. sketch: what it is likened to others by.
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    content_hash: str
    title_hash: str
    norm_version: int
    words: int
    authors: tuple[str, ...] = ()
    agency: str | None = None
    dateline: str | None = None
    published_at: datetime | None = None
    published_precision: Precision | None = None
    published_origin: str | None = None
    modified_at: datetime | None = None
    language: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()
    image: str | None = None
    canonical_url: str | None = None
    access: str | None = None
    flags: tuple[str, ...] = ()
    published_zone: str | None = None
    image_caption: str | None = None
    image_credit: str | None = None
    amp_url: str | None = None
    origins: tuple[tuple[str, str], ...] = ()
    profile: str | None = None
    lesson: bytes | None = field(default=None, repr=False, compare=False)
    cleaner: str | None = None
    sketch: Sketch | None = field(default=None, repr=False, compare=False)

    @property
    def removed(self) -> tuple[Removed, ...]:
        """The blocks with a reason, in reading order."""
        return tuple(block for block in self.blocks if isinstance(block, Removed))


@dataclass(frozen=True, slots=True)
class Rejected:
    """A page that holds no article. reason: a short code such as ``no-text``; detail: for people.

    unreadable: the bytes are no page at all (binary, or beyond what a parser may be given): that is a failure.
    profile, cleaner: as of an Article.
    """

    reason: str
    detail: str
    unreadable: bool = False
    profile: str | None = None
    cleaner: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An input that could not be read. origin: file, and line or record where known. hint: a command or step to try."""

    origin: str
    reason: str
    detail: str
    url: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What the archive decided of one page, and why in words. The ids are None where nothing was stored."""

    outcome: Outcome
    article_id: str | None
    story_id: str | None
    why: str


Sort = Literal["newest", "relevance", "recent"]
"""In which order the hits of a query come."""

CountedBy = Literal["hour", "day", "week", "source", "language", "agency"]
"""By what the hits of a query are counted."""


Scope = Literal["read", "write"]
"""What a token allows; write includes read."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the archive. Every field narrows; None asks for all. since is inclusive, until exclusive.

    words: in the query language (``storage.query_language``): all must occur, in any order; "quoted words" stand
    together; OR, -not, prefix*, title:, source: and so on. Dates compare with the publication time, and with the time
    of fetching where that is unknown. limit: None for no limit. sort: relevance puts those first that have the words
    more often, closer together or in the title; how they are weighed is the database's. recent halves what an article
    weighs for every 30 days of its age. after: only what comes behind that position in the order asked for.
    by: ``sighting`` asks for each place that showed an article, with the address, source, title and dates that it had
    there; one article may answer several times.
    """

    words: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    language: str | None = None
    limit: int | None = 50
    by: Literal["article", "sighting"] = "article"
    sort: Sort = "newest"
    after: Position | None = None


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """The record of an article as exports, ``--json`` and the SQL view ``articles`` give it; the names are stable.

    origins: as of an ``Article``; in JSON an object.
    """

    id: str
    url: str | None
    canonical_url: str | None
    source: str | None
    title: str
    text: str
    authors: tuple[str, ...]
    agency: str | None
    dateline: str | None
    published_at: datetime | None
    published_precision: Precision | None
    modified_at: datetime | None
    language: str | None
    section: str | None
    keywords: tuple[str, ...]
    image: str | None
    access: str | None
    flags: tuple[str, ...]
    content_hash: str
    norm_version: int
    fetched_at: datetime
    story_id: str
    copy_of: str | None
    published_zone: str | None = None
    image_caption: str | None = None
    image_credit: str | None = None
    amp_url: str | None = None
    origins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """Some of the answers to a query, in order. after: the position of the last where more come behind it."""

    articles: tuple[ArchivedArticle, ...]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One time an article was seen: where, under which title, and what the archive decided then."""

    article_id: str
    url: str | None
    source: str | None
    title: str
    published_at: datetime | None
    fetched_at: datetime
    outcome: Outcome
    origin: str | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one input of a run: a row of the ledger."""

    run_id: int
    at: datetime
    origin: str | None
    url: str | None
    outcome: FateOutcome
    why: str
    article_id: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run and its outcomes. finished_at: None while it is under way, or when it was killed.

    Of a crawl: ``named`` addresses are ``known`` from before, or have an outcome, or are ``pending``; ``left_out``
    ones were beyond its limit or its dates and are none of these. Listings that were read have the outcome ``listed``
    or ``failed`` too, and are not among the named: ``listings`` counts them, ``counts`` does not.
    """

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    counts: tuple[tuple[FateOutcome, int], ...]
    source: str | None = None
    slot: str | None = None
    named: int = 0
    known: int = 0
    left_out: int = 0
    pending: int = 0
    listings: tuple[tuple[FateOutcome, int], ...] = ()

    @property
    def read(self) -> int:
        """How many inputs the run has read: the sum of its outcomes."""
        return sum(count for _, count in self.counts)
