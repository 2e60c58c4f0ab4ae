"""Tray: what one transaction has decided and not written yet, so that rows go in by the hundred."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import change_log, profile_schema, schema
from storage.captures import Capture
from storage.change_log import ChangeKind
from storage.duplicates import key_of
from storage.safe_text import safe_text
from storage.times import rfc3339
from storage.url_key import url_key
from storage.word_index import Entry, index

_article, _version = schema.article.c, schema.version.c
_HEAD = select(
    _article.current,
    select(func.max(_version.number)).where(_version.article_id == _article.id).scalar_subquery(),
    _article.seen_at,
    _article.dated_at,
    _article.source,
    _article.language,
    _article.agency,
).where(_article.id == bindparam("id"))
_SEQ = select(_article.id, _article.seq)
_OF_HEAD = ("current", "seen_at", "dated_at", "source", "language", "agency")
_MOVE = (
    update(schema.article).where(_article.id == bindparam("moved")).values({name: bindparam(name) for name in _OF_HEAD})
)
_IN_ORDER = (schema.version, schema.removal, schema.sighting, schema.fate, profile_schema.lesson)
# each after what it refers to


@dataclass(frozen=True, slots=True)
class Head:
    """Which version stands for an article, and its facts that are counted; when it was last seen. last: the highest
    number."""

    current: int
    last: int
    seen_at: datetime
    dated_at: datetime
    source: str | None
    language: str | None
    agency: str | None


class Tray:
    """The rows of one transaction. A capture, a sighting or an address that is there already is not added twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
        self._captures: dict[str, Capture] = {}
        self._cleaners: dict[str, str | None] = {}
        self._first_seen: dict[str, datetime] = {}
        self._heads: dict[str, Head] = {}
        self._changed: dict[str, ChangeKind] = {}
        self._words: dict[str, Entry] = {}
        self._addresses: dict[str, dict[str, object]] = {}
        self._rows: dict[Table, list[dict[str, object]]] = defaultdict(list)

    def __len__(self) -> int:
        """How many inputs wait."""
        return len(self._rows[schema.fate])

    def put(self, table: Table, **row: object) -> None:
        """A row for ``table``: version, removal, sighting, fate or lesson."""
        self._rows[table].append(row)

    def put_capture(self, capture: Capture, cleaner: str | None = None) -> str:
        """A capture; its key. cleaner: the edition that read it."""
        key = capture_key(capture)
        self._captures.setdefault(key, capture)
        self._cleaners.setdefault(key, cleaner)
        return key

    def put_address(self, key: str, identity: str, article_id: str, kind: str) -> None:
        """An address, in place of what was known under its key."""
        self._addresses[key] = {"key": key, "identity": identity, "article_id": article_id, "kind": kind}

    def put_article(self, article_id: str, head: Head, first_seen_at: datetime) -> None:
        """A new article."""
        self._first_seen[article_id] = first_seen_at
        self._heads[article_id] = head
        self._changed[article_id] = "stored"

    def put_head(self, article_id: str, head: Head, *, is_seen: bool = False) -> None:
        """What an article's head becomes. is_seen: nothing but the time at which it was seen is other in it."""
        self._heads[article_id] = head
        if not is_seen:
            self._changed.setdefault(article_id, "version")

    def put_words(self, article_id: str, title: str, text: str, authors: Sequence[str], agency: str | None) -> None:
        """What an article is to be found by."""
        names = tuple(map(safe_text, authors))
        self._words[article_id] = Entry(safe_text(title), safe_text(text), names, agency and safe_text(agency))

    def head(self, article_id: str) -> Head:
        """The head of an article, waiting or written."""
        if article_id not in self._heads:
            return Head(*self._connection.execute(_HEAD, {"id": article_id}).one())
        return self._heads[article_id]

    def write(self) -> list[Capture]:
        """Write all that waits; the captures that were not known before."""
        fresh = self._write_captures()
        seqs = self._write_articles()
        change_log.enter(self._connection, self._changed, {id_: self._heads[id_].current for id_ in self._changed})
        for table in _IN_ORDER:
            if rows := self._rows[table]:
                unique = self._insert(table).on_conflict_do_nothing() if table is schema.sighting else insert(table)
                self._connection.execute(unique, rows)
        if self._addresses:
            upsert = self._insert(schema.address)
            changed = {name: upsert.excluded[name] for name in ("article_id", "kind")}
            self._connection.execute(
                upsert.on_conflict_do_update(index_elements=["key"], set_=changed), list(self._addresses.values())
            )
        index(self._connection, [(seqs[id_], entry) for id_, entry in self._words.items()])
        for waiting in (
            self._captures, self._cleaners, self._first_seen, self._heads, self._changed, self._words, self._addresses,
            self._rows,
        ):  # fmt: skip
            waiting.clear()
        return fresh

    def _write_captures(self) -> list[Capture]:
        if not self._captures:
            return []
        entered = self._connection.execute(
            self._insert(schema.capture).on_conflict_do_nothing().returning(schema.capture.c.key),
            [_capture_row(key, capture, self._cleaners[key]) for key, capture in self._captures.items()],
        )
        keys = set(entered.scalars())
        return [capture for key, capture in self._captures.items() if key in keys]

    def _write_articles(self) -> dict[str, int]:
        """Write new articles and moved heads; the number under which the index knows each article to be indexed."""
        seqs: dict[str, int] = {}
        if self._first_seen:
            rows = [
                {"id": id_, "story_id": id_, "first_seen_at": first_seen_at}
                | {name: getattr(head, name) for name in _OF_HEAD}
                for id_, first_seen_at in self._first_seen.items()
                for head in [self._heads[id_]]
            ]
            entered = self._connection.execute(insert(schema.article).returning(_article.id, _article.seq), rows)
            seqs.update({row.id: row.seq for row in entered})
        moved = {id_: head for id_, head in self._heads.items() if id_ not in self._first_seen}
        if moved:
            self._connection.execute(_MOVE, [{"moved": id_} | asdict(head) for id_, head in moved.items()])
        if older := [id_ for id_ in self._words if id_ not in seqs]:
            seqs.update({row.id: row.seq for row in self._connection.execute(_SEQ.where(_article.id.in_(older)))})
        return seqs


def capture_key(capture: Capture) -> str:
    """What a capture is known by: the same bytes from the same place at the same time are the same."""
    return key_of(capture.sha256, capture.url, capture.source, rfc3339(capture.fetched_at))


def _capture_row(key: str, capture: Capture, cleaner: str | None) -> dict[str, object]:
    as_logged = capture.fields()  # headers and claims stand in the table as they stand in the log
    url = capture.url and url_key(capture.url)
    return {
        "key": key,
        "sha256": capture.sha256,
        "url": capture.url,
        "url_key": url and key_of(url),
        "source": capture.source,
        "status": capture.status,
        "content_type": capture.content_type,
        "headers": as_logged["headers"],
        "claims": as_logged["claims"],
        "fetched_at": capture.fetched_at,
        "origin": capture.origin,
        "size": capture.size,
        "cut": capture.cut,
        "profile": capture.profile,
        "cleaner": cleaner,
        "asked_url": capture.asked_url,
    }
