"""Same, version, copy or new: the decision for one page, and the facts of the archive that it rests on.

Identity is the URL key, or the sha256 of the bytes where there is no address. An address is known in one of four ways:

    own        the article was stored from it
    alias      the article named it as its own address, it redirected there, or it named the article's and shows its
               text: it counts as if it were
    duplicate  it showed the text of an article that was known before
    shared     several articles named it as their own, so it is nobody's until something is stored from it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, Protocol, cast

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    literal,
    select,
    union_all,
)

from storage import schema
from storage.changes import Change, Standing, change
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
    """What is known of an identity. story_id: None where the article waits to be written."""

    article_id: str
    kind: AddressKind
    story_id: str | None = None

    @property
    def is_own(self) -> bool:
        """Whether a new text there is a new version of the article."""
        return self.kind in ("own", "alias")


@dataclass(frozen=True, slots=True)
class Match:
    """A version with the same text. place: where it was seen, for people. story_id: as of an Address."""

    article_id: str
    number: int
    place: str
    story_id: str | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What one look into the archive says of a page.

    address: what is known of its identity. copy: the earliest version of any article with the same text.
    is_taken: another identity has the id that an article of this one would get. is_named: the identity is new, and the
    address that the page names as its own is known.
    """

    address: Address | None
    copy: Match | None
    is_taken: bool = False
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """article_id: None for ``stored``; number: the version that the page shows, None where it is a new one.

    story_id: of the article, as far as the tables know. change: of a version, what is other in it. reused: the article
    whose address shows another one now.
    """

    outcome: Outcome
    article_id: str | None
    number: int | None
    why: str
    story_id: str | None = None
    change: Change | None = None
    reused: str | None = None


class Facts(Protocol):
    """What the decision asks where a glance was not enough."""

    def version_like(self, article: Article, article_id: str, titled: bool) -> int | None:
        """The first version of an article with the text of ``article``, and with its title if ``titled``."""

    def change(self, article: Article, article_id: str) -> Change:
        """What is other in ``article`` than in the version that stands for an article."""


def is_short(article: Article) -> bool:
    """Whether the text alone does not tell an article from others."""
    return article.words < SHORT_WORDS


def decide(article: Article, seen: Glance, facts: Facts) -> Decision:
    """The outcome for an article from the identity that ``seen`` is about."""
    reused: str | None = None
    if (address := seen.address) and address.kind != "shared":
        same = facts.version_like(article, address.article_id, titled=address.is_own or is_short(article))
        if same is not None:
            why = f"same text as {address.article_id}, seen before at this address"
            return Decision("unchanged", address.article_id, same, why, address.story_id)
        if address.is_own:
            other = facts.change(article, address.article_id)
            if other.kind != "reused":
                why = _said(other, address.article_id)
                return Decision("version", address.article_id, None, why, address.story_id, other)
            reused = address.article_id
    if copy := seen.copy:
        why = f"same text as {copy.article_id}, seen at {copy.place}"
        return Decision("duplicate", copy.article_id, copy.number, why, copy.story_id, reused=reused)
    why = f"new text at an address that showed {reused} before" if reused else "new text"
    return Decision("stored", None, None, why, reused=reused)


def _said(change: Change, article_id: str) -> str:
    if change.kind == "title":
        return f"the title of {article_id} has changed"
    if change.kind == "collapsed":
        return f"little is left of {article_id}, as behind a wall: version {change.since} stands for it"
    return f"the text of {article_id} has changed ({change.said})"


_NOWHERE = "no address"

_article, _address, _version, _capture = schema.article.c, schema.address.c, schema.version.c, schema.capture.c
_is_same_text = and_(_version.content_hash == bindparam("content"), _version.norm_version == bindparam("norm"))
_is_same_title = _version.title_hash == bindparam("title")


def _glance(*same: ColumnElement[bool]) -> CompoundSelect[str, str, str, int, str]:
    copy = (
        select(
            literal("copy"),
            _version.article_id,
            func.coalesce(_version.url, _capture.origin, _NOWHERE),
            _version.number,
            _article.story_id,
        )
        .join_from(schema.version, schema.article, _article.id == _version.article_id)
        .join(schema.capture, _capture.key == _version.capture_key)
        .where(*same)
        .order_by(_article.seq, _version.number)
        .limit(1)
        .subquery()
    )
    return union_all(
        select(literal("address"), _address.article_id, _address.kind, literal(0), _article.story_id)
        .join_from(schema.address, schema.article, _article.id == _address.article_id)
        .where(_address.key == bindparam("key")),
        select(literal("taken"), _article.id, literal(""), literal(0), literal("")).where(
            _article.id == bindparam("id")
        ),
        select(copy),
    )


def _version_like(*same: ColumnElement[bool]) -> Select[int]:
    return select(func.min(_version.number)).where(_version.article_id == bindparam("article_id"), *same)


_GLANCE = {False: _glance(_is_same_text), True: _glance(_is_same_text, _is_same_title)}
_VERSION_LIKE = {False: _version_like(_is_same_text), True: _version_like(_is_same_text, _is_same_title)}
_KNOWN_AMONG = union_all(
    select(_address.key).where(_address.key.in_(bindparam("keys", expanding=True))),
    select(_article.id).where(_article.id.in_(bindparam("ids", expanding=True))),
    select(_version.content_hash).where(_version.content_hash.in_(bindparam("contents", expanding=True))),
)
_ADDRESS = (
    select(_address.article_id, _address.kind, _article.story_id)
    .join_from(schema.address, schema.article, _article.id == _address.article_id)
    .where(_address.key == bindparam("key"))
)
_STANDING = (
    select(_version.number, _version.title, _version.text, _version.words, _version.flags)
    .join_from(schema.version, schema.article, schema.current)
    .where(_article.id == bindparam("id"))
)
_TAKEN = select(_article.id).where(_article.id == bindparam("id"))


class Known:
    """The facts as the one writing transaction has them: its tables, and what it has decided but not written yet."""

    def __init__(self, connection: Connection, write: Callable[[], None]) -> None:
        self._connection = connection
        self._write = write  # all that waits, so that the tables have it; ``forget`` is called then
        self._addresses: dict[str, Address] = {}
        self._copies: dict[tuple[object, ...], Match] = {}
        self._ids: set[str] = set()
        self._strange: set[tuple[str, str]] = set()  # identities and texts that the tables do not know

    def expect(self, coming: Sequence[tuple[str, Article]]) -> None:
        """Find out in one question which identities and texts are new to the tables: a glance then need not ask."""
        names = {identity: (key_of(identity), article_id(identity)) for identity, _ in coming}
        asked = {
            "keys": [key for key, _ in names.values()],
            "ids": [id_ for _, id_ in names.values()],
            "contents": [article.content_hash for _, article in coming],
        }
        known = set(self._connection.scalars(_KNOWN_AMONG, asked))
        self._strange = {
            (identity, article.content_hash)
            for identity, article in coming
            if known.isdisjoint({*names[identity], article.content_hash})
        }

    def is_strange(self, identity: str, article: Article) -> bool:
        """Whether the tables are known to know neither the identity nor the text."""
        return (identity, article.content_hash) in self._strange

    def glance(self, identity: str, article: Article) -> Glance:
        """What is known of an identity and of a text, in at most one question to the tables."""
        key, id_, titled = key_of(identity), article_id(identity), is_short(article)
        if self.is_strange(identity, article):
            return Glance(self._addresses.get(key), self._copies.get(_text_key(article, titled)), id_ in self._ids)
        asked = _asked(article, titled) | {"key": key, "id": id_}
        address, copy, is_taken = None, None, id_ in self._ids
        for what, found, said, number, story_id in self._connection.execute(_GLANCE[titled], asked):
            match what:
                case "address":
                    address = Address(found, cast(AddressKind, said), story_id)
                case "taken":
                    is_taken = True
                case _:
                    copy = Match(found, number, said, story_id)
        return Glance(self._addresses.get(key, address), copy or self._copies.get(_text_key(article, titled)), is_taken)

    def address(self, key: str) -> Address | None:
        """What is known under the key of an identity."""
        if key in self._addresses:
            return self._addresses[key]
        row = self._connection.execute(_ADDRESS, {"key": key}).one_or_none()
        return None if row is None else Address(row[0], cast(AddressKind, row[1]), row[2])

    def version_like(self, article: Article, article_id: str, titled: bool) -> int | None:
        """See ``Facts``."""
        asked = _asked(article, titled) | {"article_id": article_id}
        number: int | None = self._connection.execute(_VERSION_LIKE[titled], asked).scalar()
        if number is None and (waiting := self._copies.get(_text_key(article, titled, article_id))):
            number = waiting.number
        return number

    def standing(self, article_id: str) -> Standing:
        """The version that stands for an article."""
        if article_id in self._ids:
            self._write()
        return Standing(*self._connection.execute(_STANDING, {"id": article_id}).one())

    def change(self, article: Article, article_id: str) -> Change:
        """See ``Facts``."""
        return change(self.standing(article_id), article.title, article.text, article.words, article.flags)

    def free_id(self, identity: str, seen: Glance) -> str:
        """An article id for ``identity`` that no other has: with some effort two addresses of one id can be found."""
        found, attempt = article_id(identity), 0
        is_taken = seen.is_taken
        while is_taken:
            attempt += 1
            found = article_id(identity, attempt)
            is_taken = found in self._ids or self._connection.execute(_TAKEN, {"id": found}).first() is not None
        return found

    def learn_address(self, key: str, address: Address) -> None:
        """The transaction will write this address."""
        self._addresses[key] = address

    def learn_version(self, article: Article, article_id: str, number: int, place: str | None) -> None:
        """The transaction will write this version."""
        match = Match(article_id, number, place or _NOWHERE)
        self._ids.add(article_id)
        for titled in (False, True):
            for within in (None, article_id):
                self._copies.setdefault(_text_key(article, titled, within), match)

    def forget(self) -> None:
        """All that was learned is written: the tables have it."""
        self._addresses.clear()
        self._copies.clear()
        self._ids.clear()
        self._strange.clear()


def _asked(article: Article, titled: bool) -> dict[str, object]:
    asked = {"content": article.content_hash, "norm": article.norm_version}
    return asked | {"title": article.title_hash} if titled else asked


def _text_key(article: Article, titled: bool, within: str | None = None) -> tuple[object, ...]:
    return article.content_hash, article.norm_version, article.title_hash if titled else None, within
