"""Tombstones: what keeps forgotten articles away, in the tables and in the log. They are hashes, and nothing else.

article   the id of what was forgotten
address   the key of an address that it was known under
content   the key of one of its texts; of a short one, with its title
bytes     the sha256 of a page that showed it: such bytes are neither kept nor taken in again
erased    the sha256 of bytes that are not kept any more, yet may come with something else, such as an empty page
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Literal, cast, get_args

from sqlalchemy import Connection, exists, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage.captures import Capture
from storage.duplicates import SHORT_WORDS, identity_of, key_of
from storage.raw_fields import RawFields
from storage.reader_schema import tombstone
from storage.records import Article, Page, Rejected
from storage.times import rfc3339
from storage.url_key import url_key

KeyKind = Literal["article", "address", "content", "bytes", "erased"]
Key = tuple[KeyKind, str]

_AT_ONCE = 400  # keys in one question
_STAYS = {
    "bytes": "these bytes are not kept again",
    "address": "what this address shows is not taken in again",
    "content": "this text is not taken in again",
}

_tombstone = tombstone.c


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What the log says of an article that was forgotten, so that it stays away when the archive is made again.

    kept_at: when the log took it.
    """

    article_id: str
    at: datetime
    keys: tuple[Key, ...]
    kept_at: datetime | None = field(default=None, compare=False)

    def line(self) -> bytes:
        """One line of JSON with its line break."""
        fields = {
            "kept_at": self.kept_at and rfc3339(self.kept_at),
            "forgotten": self.article_id,
            "at": rfc3339(self.at),
            "keys": [list(key) for key in self.keys],
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def read(cls, fields: object) -> Forgotten:
        """From the fields of a line. Raises ValueError where it is none of something forgotten."""
        raw = RawFields(fields)
        article_id, at, keys = raw.text("forgotten"), raw.time("at"), raw.pairs("keys")
        if not article_id or at is None or any(kind not in get_args(KeyKind) for kind, _ in keys):
            raise ValueError("nothing forgotten, or no time")
        return cls(article_id, at, cast("tuple[Key, ...]", keys), raw.time("kept_at"))


def put(connection: Connection, forgotten: Forgotten) -> None:
    """Enter the keys; those that are there already stay, but for bytes that may not come again from now on."""
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    rows = [
        {"key": key, "kind": kind, "article_id": forgotten.article_id, "at": forgotten.at}
        for kind, key in forgotten.keys
    ]
    upsert = insert(tombstone)
    refused = upsert.on_conflict_do_update(
        index_elements=["key"], set_={"kind": upsert.excluded.kind}, where=_tombstone.kind == "erased"
    )
    if rows:
        connection.execute(refused, rows)


def forgotten_at(connection: Connection, named: str) -> datetime | None:
    """When the article of that id, or of its first digits, or at that address, was forgotten; None where it was not."""
    address = url_key(named)
    if address is not None:
        which = _tombstone.key == key_of(address), _tombstone.kind == "address"
    elif (id_ := forgotten_id(connection, named)) is not None:
        which = _tombstone.key == id_, _tombstone.kind == "article"
    else:
        return None
    return connection.scalar(select(_tombstone.at).where(*which))


def forgotten_id(connection: Connection, short: str) -> str | None:
    """The id of the one forgotten article that begins with these digits, 4 or more."""
    digits = short.strip().lower()
    if len(digits) < 4:
        return None
    asked = select(_tombstone.key).where(_tombstone.kind == "article", _tombstone.key.between(digits, digits + "g"))
    found = connection.scalars(asked.limit(2)).all()
    return str(found[0]) if len(found) == 1 else None


def text_key(content_hash: str, title_hash: str, words: int) -> str:
    """The key of a text. One that is short is the same only under the same title: see ``storage.duplicates``."""
    return content_hash if words >= SHORT_WORDS else key_of(content_hash, title_hash)


class Tombstones:
    """What one transaction must not take in. Archives that have forgotten nothing pay one question for it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked: set[str] = set()
        self._found: dict[str, tuple[KeyKind, datetime]] = {}
        self._has_some: bool | None = None

    @property
    def has_some(self) -> bool:
        """Whether anything was ever forgotten."""
        if self._has_some is None:
            self._has_some = bool(self._connection.scalar(select(exists().select_from(tombstone))))
        return self._has_some

    def expect(self, pages: Sequence[tuple[Page, Article | Rejected]]) -> None:
        """Look up what is to come in few questions."""
        if self.has_some:
            self._look_up({key for page, result in pages for key in _keys_of(page, result)})

    def refusal(self, page: Page, result: Article | Rejected) -> str | None:
        """Why a page is not taken in: what it is, or shows, was forgotten. None where it may come."""
        return self._why(_keys_of(page, result)) if self.has_some else None

    def refuses(self, capture: Capture) -> bool:
        """Whether a page is one that was forgotten, as far as the log tells."""
        return self.has_some and self._why(capture_keys(capture)) is not None

    def among(self, addresses: Iterable[str]) -> frozenset[str]:
        """Those keys of addresses under which something was forgotten."""
        asked = set(addresses) if self.has_some else set()
        self._look_up(asked)
        return frozenset(key for key in asked if self._is(key, "address"))

    def _why(self, keys: Sequence[str]) -> str | None:
        self._look_up(set(keys))
        for key in keys:
            kind, at = self._found.get(key, (None, None))
            if kind in _STAYS:
                return f"forgotten on {at:%Y-%m-%d}: {_STAYS[kind]}"
        return None

    def _is(self, key: str, kind: KeyKind) -> bool:
        return key in self._found and self._found[key][0] == kind

    def _look_up(self, keys: set[str]) -> None:
        asked = sorted(keys - self._asked)
        for at in range(0, len(asked), _AT_ONCE):
            some = asked[at : at + _AT_ONCE]
            rows = self._connection.execute(
                select(_tombstone.key, _tombstone.kind, _tombstone.at).where(_tombstone.key.in_(some))
            )
            self._found |= {row.key: (cast(KeyKind, row.kind), row.at) for row in rows}
        self._asked.update(asked)


def capture_keys(capture: Capture) -> list[str]:
    """What a kept page may have been forgotten by: its address, the one that led there, its bytes."""
    return _place_keys(capture.url, capture.asked_url, capture.sha256)


def _keys_of(page: Page, result: Article | Rejected) -> list[str]:
    keys = _place_keys(page.url, page.asked_url, sha256(page.body).hexdigest())
    if isinstance(result, Article):
        keys.append(text_key(result.content_hash, result.title_hash, result.words))
    return keys


def _place_keys(url: str | None, asked_url: str | None, sha: str) -> list[str]:
    asked = asked_url and url_key(asked_url)
    return [key_of(identity_of(url, sha)), *([key_of(asked)] if asked else []), sha]
