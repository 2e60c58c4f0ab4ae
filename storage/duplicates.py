"""Same, version, copy or new: the decision for one page, and the facts of the archive that it rests on.

Identity is the URL key, or the sha256 of the bytes where there is no address. An address is known in one of four ways:

    own        the article was stored from it
    alias      the article named it as its own address; it counts as if it were
    duplicate  it showed the text of an article that was known before
    shared     several articles named it as their own, so it is nobody's until something is stored from it
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from typing import Literal, Protocol

from sqlalchemy import Connection, bindparam, select

from storage import schema
from storage.records import Article, Outcome
from storage.url_key import url_key

SHORT_WORDS = 30
"""A text with fewer words is the same only under the same title: "More to follow." stands below many."""

AddressKind = Literal["own", "alias", "duplicate", "shared"]


def identity_of(url: str | None, sha256: str) -> str:
    """What makes a page the same page as one seen before."""
    return (url and url_key(url)) or f"sha256:{sha256}"


def key_of(*parts: str | None) -> str:
    """The parts as a key for an indexed column: hex, 128 bits."""
    joined = "\0".join(part or "" for part in parts)
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def article_id(identity: str, attempt: int = 0) -> str:
    """The id of the article first stored under ``identity``: 16 hex digits, the same in every archive.

    attempt: from 1 on where the id before is taken by another identity.
    """
    named = f"{identity}#{attempt}" if attempt else identity
    return blake2b(named.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Address:
    """What is known of an identity."""

    article_id: str
    kind: AddressKind

    @property
    def is_own(self) -> bool:
        """Whether a new text there is a new version of the article."""
        return self.kind in ("own", "alias")


@dataclass(frozen=True, slots=True)
class Match:
    """A version with the same text. place: where it was seen, for people."""

    article_id: str
    number: int
    place: str


@dataclass(frozen=True, slots=True)
class Decision:
    """article_id: None for ``stored``; number: the version that the page shows, None where it is a new one."""

    outcome: Outcome
    article_id: str | None
    number: int | None
    why: str


class Facts(Protocol):
    """What the decision may ask. ``titled``: the title must be the same too."""

    def match(self, article: Article, titled: bool, within: str | None = None) -> Match | None:
        """The earliest version with the text of ``article``, of all articles or of the one ``within``."""


def decide(article: Article, address: Address | None, facts: Facts) -> Decision:
    """The outcome for an article from ``address``."""
    is_own = address is not None and address.is_own
    titled = is_own or article.words < SHORT_WORDS
    if address is not None and address.kind != "shared":
        if same := facts.match(article, titled, within=address.article_id):
            why = f"same text as {address.article_id}, seen before at this address"
            return Decision("unchanged", address.article_id, same.number, why)
        if is_own:
            title_only = facts.match(article, titled=False, within=address.article_id)
            why = f"the {'title' if title_only else 'text'} of {address.article_id} has changed"
            return Decision("version", address.article_id, None, why)
    if copied := facts.match(article, titled):
        why = f"same text as {copied.article_id}, seen at {copied.place}"
        return Decision("duplicate", copied.article_id, copied.number, why)
    return Decision("stored", None, None, "new text")


_version, _capture = schema.version.c, schema.capture.c
_same_text = (
    select(_version.article_id, _version.number, _version.url, _capture.origin)
    .join_from(schema.version, schema.article, schema.article.c.id == _version.article_id)
    .join(schema.capture, _capture.key == _version.capture_key)
    .where(_version.content_hash == bindparam("content"), _version.norm_version == bindparam("norm"))
    .order_by(schema.article.c.seq, _version.number)
    .limit(1)
)
_same_title = _version.title_hash == bindparam("title")
_within = _version.article_id == bindparam("within")
_QUESTIONS = {
    (False, False): _same_text,
    (False, True): _same_text.where(_within),
    (True, False): _same_text.where(_same_title),
    (True, True): _same_text.where(_same_title, _within),
}
_ADDRESS = select(schema.address.c.article_id, schema.address.c.kind).where(schema.address.c.key == bindparam("key"))
_TAKEN = select(schema.article.c.id).where(schema.article.c.id == bindparam("id"))


class Known:
    """The facts as the one writing transaction has them: its tables, and what it has decided but not written yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._addresses: dict[str, Address] = {}
        self._texts: dict[tuple[object, ...], Match] = {}
        self._ids: set[str] = set()

    def address(self, key: str) -> Address | None:
        """What is known under the key of an identity."""
        if key in self._addresses:
            return self._addresses[key]
        row = self._connection.execute(_ADDRESS, {"key": key}).one_or_none()
        return row and Address(*row)

    def match(self, article: Article, titled: bool, within: str | None = None) -> Match | None:
        """See ``Facts``."""
        asked = {"content": article.content_hash, "norm": article.norm_version}
        if titled:
            asked["title"] = article.title_hash
        if within:
            asked["within"] = within
        row = self._connection.execute(_QUESTIONS[titled, within is not None], asked).one_or_none()
        if row is not None:
            return Match(row.article_id, row.number, row.url or row.origin or _NOWHERE)
        return self._texts.get(_text_key(article, titled, within))

    def free_id(self, identity: str) -> str:
        """An article id for ``identity`` that no other has."""
        for attempt in count():
            found = article_id(identity, attempt)
            if found not in self._ids and self._connection.execute(_TAKEN, {"id": found}).one_or_none() is None:
                return found
        raise AssertionError  # a count has no end

    def learn_address(self, key: str, address: Address) -> None:
        """The transaction will write this address."""
        self._addresses[key] = address

    def learn_text(self, article: Article, article_id: str, number: int, place: str | None) -> None:
        """The transaction will write this version."""
        match = Match(article_id, number, place or _NOWHERE)
        self._ids.add(article_id)
        for titled in (False, True):
            for within in (None, article_id):
                self._texts.setdefault(_text_key(article, titled, within), match)

    def forget(self) -> None:
        """All that was learned is written: the tables have it."""
        self._addresses.clear()
        self._texts.clear()
        self._ids.clear()


_NOWHERE = "no address"


def _text_key(article: Article, titled: bool, within: str | None) -> tuple[object, ...]:
    return article.content_hash, article.norm_version, article.title_hash if titled else None, within
