"""Settling: what one transaction ends leases with. An outcome, its article, and what its page named go together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema
from storage.filing import order_of, yields_nothing
from storage.leases import clock
from storage.links import Link, Named, Order, Postponed, Taught, Validators
from storage.naming import call, enter
from storage.records import Saved
from storage.url_key import host_of

_shape, _source, _link = crawl_schema.shape.c, crawl_schema.source.c, crawl_schema.link.c


def owned(connection: Connection, worker: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of the links the worker still holds."""
    asked = select(_link.key).where(_link.key.in_(keys), _link.worker == worker)
    return frozenset(connection.scalars(asked))


def postpone(connection: Connection, link: Link, postponed: Postponed) -> None:
    """Put a leased link back."""
    moved: dict[str, Any] = {}
    if postponed.url is not None:
        host = host_of(postponed.url)
        moved = {
            "url": postponed.url, "asked_url": func.coalesce(_link.asked_url, _link.url), "host": host,
            "hops": _link.hops + 1, "etag": None, "last_modified": None,
        }  # fmt: skip
        call(connection, [host or link.host], clock(connection))
    connection.execute(
        update(crawl_schema.link)
        .where(_link.key == link.key)
        .values(
            state="ready", worker=None, not_before=postponed.not_before, why=postponed.why,
            failures=_link.failures + int(postponed.failed),
            deaths=case((_link.state == "leased", _link.deaths), else_=0), **moved,  # fetched, it is innocent
        )
    )  # fmt: skip


def strip(connection: Connection, link: Link) -> None:
    """Drop what was claimed of an address when it was named: it shows what was forgotten."""
    connection.execute(update(crawl_schema.link).where(_link.key == link.key).values(claims={}))


_END = (
    update(crawl_schema.link)
    .where(_link.key == bindparam("ended"))
    .values({name: bindparam(name) for name in ("outcome", "why", "article_id", "done_at", "failures")})
    .values(state="done", worker=None, deaths=0)
)
_VALIDATE = (
    update(crawl_schema.link)
    .where(_link.key == bindparam("ended"))
    .values({name: bindparam(name) for name in ("etag", "last_modified")})
)


def end(connection: Connection, rows: Sequence[dict[str, Any]], validators: Sequence[dict[str, Any]]) -> None:
    """Write the outcomes of leased links, and what makes the next request for them conditional."""
    if rows:
        connection.execute(_END, rows)
    if validators:
        connection.execute(_VALIDATE, validators)


class Settlements:
    """The ends of leases that one transaction has decided and not written yet."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._ended: list[dict[str, Any]] = []
        self._validators: list[dict[str, Any]] = []
        self._insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
        self._taught: dict[tuple[str, str], tuple[int, int]] = {}
        self._verified: set[str] = set()
        self._orders: dict[int, Order] = {}

    def put(self, link: Link, outcome: str, saved: Saved, now: datetime, validators: Validators | None) -> None:
        """The outcome of a link."""
        self._ended.append({
            "ended": link.key, "outcome": outcome, "why": saved.why, "article_id": saved.article_id, "done_at": now,
            "failures": link.failures + 1 if outcome == "failed" else 0,
        })  # fmt: skip
        if validators is not None:
            self._validators.append(
                {"ended": link.key, "etag": validators.etag, "last_modified": validators.last_modified}
            )
        if link.source and outcome in ("stored", "duplicate", "unchanged", "version"):
            self._verified.add(link.source)

    def learn(self, source: str, taught: Taught) -> None:
        """What an address taught of its source."""
        articles, others = self._taught.get((source, taught.shape), (0, 0))
        self._taught[source, taught.shape] = articles + taught.is_article, others + (not taught.is_article)

    def name(self, link: Link, named: Sequence[Named], otherwise: Sequence[Named], now: datetime) -> None:
        """Enter what a listing named; ``otherwise`` where that is nothing, and its run has no listing left."""
        self.write()
        order = self._orders.get(link.run)
        if order is None:
            order = self._orders[link.run] = order_of(self._connection, link.run)
        enter(self._connection, link.run, link.source, named, order, now)
        if otherwise and yields_nothing(self._connection, link.run):
            enter(self._connection, link.run, link.source, otherwise, order, now)

    def write(self) -> None:
        """Write what waits."""
        end(self._connection, self._ended, self._validators)
        if self._taught:
            upsert = self._insert(crawl_schema.shape)
            sums = {name: _shape[name] + upsert.excluded[name] for name in ("articles", "others")}
            self._connection.execute(
                upsert.on_conflict_do_update(index_elements=["source", "shape"], set_=sums),
                [
                    {"source": source, "shape": shape, "articles": articles, "others": others}
                    for (source, shape), (articles, others) in sorted(self._taught.items())
                ],
            )
        if self._verified:
            self._connection.execute(
                update(crawl_schema.source)
                .where(_source.name.in_(sorted(self._verified)), _source.verified_at.is_(None))
                .values(verified_at=max(row["done_at"] for row in self._ended))
            )
        for waiting in (self._ended, self._validators, self._taught, self._verified):
            waiting.clear()
