"""Rereading: what can be cleaned again from the kept bytes, and what that would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, exists, func, not_, or_, select

from storage import schema
from storage.captures import Capture, read_claims
from storage.changes import ChangeKind
from storage.records import Article
from storage.safe_text import safe_text

_article, _version, _capture, _sighting = schema.article.c, schema.version.c, schema.capture.c, schema.sighting.c

CONTENT = tuple(column.name for column in _version if column.name in Article.__dataclass_fields__)
"""The fields of an article that its versions have."""

_MADE_WITH = ("profile", "cleaner")
_OF_TEXT = ("text", "title", "content_hash", "title_hash", "words")
_FACTS = tuple(name for name in CONTENT if name not in (*_MADE_WITH, *_OF_TEXT))
_COPIED = (
    "url",
    "source",
    "status",
    "content_type",
    "fetched_at",
    "origin",
    "sha256",
    "size",
    "cut",
    "profile",
    "asked_url",
)


@dataclass(frozen=True, slots=True)
class Reread:
    """A page that stands for an article, or was rejected. cleaner: that read it last; its profile: as of the capture.

    article_id, number: the version that was made of it; None for a rejected page. before: the fields of that version.
    """

    key: str
    capture: Capture
    cleaner: str | None
    article_id: str | None
    number: int | None
    before: Mapping[str, object]

    @property
    def text(self) -> str:
        """The text as it is; empty for a rejected page."""
        return str(self.before["text"]) if self.before else ""


@dataclass(frozen=True, slots=True)
class Making:
    """How a version came about. came_by: ``reprocess``; None for a page as it came. cleaner, profile: None in versions
    from before they were noted, and where nothing was known of the site.

    change and what follows: as of ``storage.changes``, beside version ``changed_since``; None for the first.
    stands: whether it is the one that stands for the article.
    """

    number: int
    came_by: str | None
    cleaner: str | None
    profile: str | None
    fetched_at: datetime
    words: int
    change: ChangeKind | None
    changed_since: int | None
    words_added: int | None
    words_removed: int | None
    numbers_changed: bool | None
    names_changed: bool | None
    stands: bool


def makings(connection: Connection, article_id: str) -> tuple[Making, ...]:
    """How each version of an article came about."""
    columns = [_version[name] for name in Making.__dataclass_fields__ if name != "stands"]
    asked = (
        select(*columns, _article.current == _version.number)
        .join_from(schema.version, schema.article, _article.id == _version.article_id)
        .where(_article.id == article_id)
        .order_by(_version.number)
    )
    return tuple(Making(*tuple(row)) for row in connection.execute(asked))


def rereads(
    connection: Connection, limit: int, after: str = "", source: str | None = None, since: datetime | None = None
) -> tuple[Reread, ...]:
    """The next pages to be read again, in the order of their keys. since: fetched then or later."""
    asked = _asked(source, since).where(_capture.key > after).order_by(_capture.key).limit(limit)
    return tuple(_read(dict(row)) for row in connection.execute(asked).mappings())


def number_of_rereads(connection: Connection, source: str | None = None, since: datetime | None = None) -> int:
    """How many pages there are to be read again."""
    asked = _asked(source, since).with_only_columns(func.count(), maintain_column_froms=True)
    return connection.scalar(asked) or 0


def reread(connection: Connection, key: str) -> Reread | None:
    """The page of that key, if it still is one to be read again."""
    row = connection.execute(_asked().where(_capture.key == key)).mappings().one_or_none()
    return None if row is None else _read(dict(row))


def capture_of(connection: Connection, article_id: str) -> Capture:
    """The page that the current version of an article was made of."""
    asked = (
        select(*_capture)
        .join_from(schema.capture, schema.version, _capture.key == _version.capture_key)
        .join(schema.article, schema.current)
        .where(_article.id == article_id)
    )
    return _capture_of(dict(connection.execute(asked).mappings().one()))


def differences(before: Mapping[str, object], article: Article) -> tuple[str, ...]:
    """The names of the fields that an article has otherwise: ``text`` and ``title`` first, if they are among them."""
    is_new_form = before["norm_version"] != article.norm_version
    other = {
        "text": before["text"] != safe_text(article.text)
        if is_new_form
        else before["content_hash"] != article.content_hash,
        "title": before["title"] != safe_text(article.title)
        if is_new_form
        else before["title_hash"] != article.title_hash,
    }
    other |= {name: before[name] != _as_kept(getattr(article, name)) for name in _FACTS}
    return tuple(name for name, is_other in other.items() if is_other)


def _asked(source: str | None = None, since: datetime | None = None) -> Select[tuple[object, ...]]:
    standing = (
        select(*(column.label(f"was_{column.name}") for column in _version))
        .join_from(schema.version, schema.article, schema.current)
        .subquery()
    )
    seen = exists().where(_sighting.capture_key == _capture.key)
    narrowed = [*([_capture.source == source] if source else []), *([_capture.fetched_at >= since] if since else [])]
    return (
        select(*_capture, *standing.c)
        .join_from(schema.capture, standing, standing.c.was_capture_key == _capture.key, isouter=True)
        .where(or_(standing.c.was_number.is_not(None), not_(seen)), *narrowed)
    )


def _read(row: dict[str, object]) -> Reread:
    number = row["was_number"]
    before = {name: row[f"was_{name}"] for name in CONTENT} if number is not None else {}
    return Reread(str(row["key"]), _capture_of(row), row["cleaner"], row["was_article_id"], number, before)  # type: ignore[arg-type]  # as above


def _capture_of(row: dict[str, object]) -> Capture:
    headers = row["headers"]
    return Capture(
        **{name: row[name] for name in _COPIED},  # type: ignore[arg-type]  # as the columns have them
        headers=tuple((name, value) for name, value in headers) if isinstance(headers, list) else (),
        claims=read_claims(row["claims"]),
    )


def _as_kept(value: object) -> object:
    """A value as it comes out of the tables."""
    if isinstance(value, str):
        return safe_text(value)
    return tuple(_as_kept(part) for part in value) if isinstance(value, tuple) else value
