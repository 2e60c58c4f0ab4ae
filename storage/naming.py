"""Naming: how an address that a place names enters the frontier, or is known there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema, schema
from storage.captures import claims_fields
from storage.duplicates import key_of
from storage.links import LONG_AGO, LinkKind, Named, Order, Passed
from storage.tombstones import Tombstones
from storage.url_key import host_of, url_key

_AT_ONCE = 400  # keys in one question; PostgreSQL takes 65,535 parameters, older SQLites 999
_FIRST = 1e10  # added to the priority of listings: without them there is nothing to fetch
_AGAIN = {  # how long an outcome holds when the address is named again, and may be another by then
    "failed": timedelta(hours=6),
    "refused": timedelta(hours=24),
    "set-aside": timedelta(days=7),
    "outside": timedelta(0),
}
_MOST_ATTEMPTS = 12  # begun over its life, for an address that always fails

_link, _address = crawl_schema.link.c, schema.address.c


def link_key(kind: LinkKind, url: str, source: str | None) -> str | None:
    """The key of a link; None for what is no address."""
    key = url_key(url)
    if key is None:
        return None
    return key_of("article", key) if kind == "article" else key_of(kind, source, key)


def enter(
    connection: Connection, run: int, source: str | None, named: Sequence[Named], order: Order, now: datetime
) -> int:
    """Enter addresses for a run, and count them there: those named, those known, those left out; how many were named.

    An address counts once in a run, however often it is named. What is no address at all is left out.
    """
    fresh: dict[str, Named] = {}
    left_out = 0
    for each in named:
        key = link_key(each.kind, each.url, each.source or source)
        if key is None or _is_outside(each, order):
            left_out += 1
        else:
            fresh.setdefault(key, each)
    entries = _Entries(connection, run, source, order, now)
    waiting = iter(fresh.items())
    while some := dict(islice(waiting, _AT_ONCE)):
        entries.take(some)
    entries.write(left_out)
    return entries.named


def _is_outside(named: Named, order: Order) -> bool:
    """Whether a crawl asked for other days. What has no date is fetched: only its page can tell."""
    dated = named.claims.published_at or named.changed_at
    if named.kind != "article" or dated is None:
        return False
    return (order.since is not None and dated < order.since) or (order.until is not None and dated >= order.until)


class _Entries:
    """Decides on each address what its naming means, and writes all of it."""

    def __init__(self, connection: Connection, run: int, source: str | None, order: Order, now: datetime) -> None:
        self.named = 0
        self._connection = connection
        self._run, self._source, self._order, self._now = run, source, order, now
        self._tombstones = Tombstones(connection)
        self._known = 0
        self._left_out = 0
        self._room = self._room_left(order.limit)
        self._new: list[dict[str, Any]] = []
        self._back: list[dict[str, Any]] = []
        self._seen: list[str] = []
        self._fates: list[dict[str, Any]] = []
        self._taken_over: dict[int, int] = {}
        self._count = 0

    def _room_left(self, limit: int | None) -> int | None:
        if limit is None:
            return None
        entered: int = self._connection.execute(
            select(schema.run.c.named - schema.run.c.known).where(schema.run.c.id == self._run)
        ).scalar_one()
        return max(0, limit - entered)

    def take(self, some: dict[str, Named]) -> None:
        """Look up which of them are known, and decide."""
        asked = select(
            _link.key, _link.state, _link.outcome, _link.run_id, _link.named_in, _link.done_at, _link.attempts
        ).where(_link.key.in_(some))
        rows = {row.key: row for row in self._connection.execute(asked)}
        strange = {key: named for key, named in some.items() if key not in rows and named.kind == "article"}
        held, forgotten = self._held(strange), self._forgotten(strange)
        for key, named in some.items():
            self._count += 1
            row = rows.get(key)
            if row is None and key in forgotten:
                self.named += 1  # with an outcome from before, and nothing of it is entered
                self._known += 1
            elif row is None and key in held and not named.again and not self._order.again:
                self._enter_held(key, named, held[key])
            elif row is None:
                self._enter(key, named)
            elif named.kind != "article":
                if row.state == "done" or row.run_id != self._run:  # one of a run that ended while it waited
                    self._bring_back(key, named)
            elif row.named_in != self._run:
                self._meet(key, named, row)

    def _held(self, strange: dict[str, Named]) -> dict[str, str]:
        """The articles that the archive holds from elsewhere, a saved file or an alias, by the keys of their links."""
        keys = {key_of(url_key(named.url)): key for key, named in strange.items()}
        known = select(_address.key, _address.article_id).where(_address.key.in_(keys), _address.kind != "shared")
        return {keys[row.key]: row.article_id for row in self._connection.execute(known)}

    def _forgotten(self, strange: dict[str, Named]) -> set[str]:
        """The keys of links to what was forgotten."""
        if not self._tombstones.has_some:
            return set()
        keys = {key_of(url_key(named.url)): key for key, named in strange.items()}
        return {keys[address] for address in self._tombstones.among(keys)}

    def _enter_held(self, key: str, named: Named, article_id: str) -> None:
        """An address that needs no fetch, since the archive has its article."""
        self.named += 1
        self._known += 1
        why = f"article {article_id} was there before this address was named"
        self._new.append(self._new_row(key, named) | {
            "state": "done", "outcome": "unchanged", "why": why, "done_at": self._now, "article_id": article_id,
        })  # fmt: skip

    def _new_row(self, key: str, named: Named) -> dict[str, Any]:
        return self._row(key, named) | {
            "named_at": self._now, "hops": 0, "attempts": 0, "deaths": 0,
            "article_id": None, "etag": None, "last_modified": None,
        }  # fmt: skip

    def _enter(self, key: str, named: Named) -> None:
        if named.kind == "article" and not self._may_enter():
            return
        verdict = named.verdict
        self._new.append(self._new_row(key, named) | {
            "state": "done" if verdict else "ready",
            "outcome": verdict and verdict.outcome, "why": verdict and verdict.why,
            "done_at": self._now if verdict else None,
        })  # fmt: skip
        if verdict:
            self._note(named, verdict)

    def _meet(self, key: str, named: Named, row: Any) -> None:
        """An address from before, that this run has not met yet."""
        if row.state != "done" and not named.again:
            self._count_known(key)
        elif not (named.again or self._order.again or self._is_worth_it(named, row)):
            self._count_known(key)
        elif named.verdict:
            self._count_known(key)
        elif self._may_enter():
            if row.state != "done":  # another run has it waiting: this one takes it over
                self._taken_over[row.run_id] = self._taken_over.get(row.run_id, 0) + 1
            self._bring_back(key, named)

    def _is_worth_it(self, named: Named, row: Any) -> bool:
        """Whether a known address is to be fetched once more."""
        if named.changed_at is not None and row.outcome in ("stored", "version", "unchanged", "duplicate"):
            return bool(named.changed_at > row.done_at)
        holds = _AGAIN.get(row.outcome)
        return holds is not None and self._now - row.done_at >= holds and row.attempts < _MOST_ATTEMPTS

    def _may_enter(self) -> bool:
        if self._room is None:
            self.named += 1
            return True
        if self._room == 0:
            self._left_out += 1
            return False
        self._room -= 1
        self.named += 1
        return True

    def _count_known(self, key: str) -> None:
        self.named += 1
        self._known += 1
        self._seen.append(key)

    def _bring_back(self, key: str, named: Named) -> None:
        self._back.append({f"new_{name}": value for name, value in self._row(key, named).items()})

    def _row(self, key: str, named: Named) -> dict[str, Any]:
        is_listing = named.kind != "article"
        priority = named.priority
        if priority is None:
            priority = self._now.timestamp() - self._count * 1e-3
        return {
            "key": key, "kind": named.kind, "url": named.url, "asked_url": None, "host": host_of(named.url),
            "found_on": named.found_on,
            "source": named.source or self._source, "run_id": self._run, "named_in": self._run,
            "claims": claims_fields(named.claims), "depth": named.depth, "place": named.place, "failures": 0,
            "priority": priority + (_FIRST if is_listing else 0), "not_before": LONG_AGO,
        }  # fmt: skip

    def _note(self, named: Named, verdict: Passed) -> None:
        key = url_key(named.url)
        self._fates.append({
            "run_id": self._run, "at": self._now, "origin": named.found_on, "url": named.url,
            "url_key": key and key_of(key), "outcome": verdict.outcome, "why": verdict.why,
            "listing": named.kind != "article",
        })  # fmt: skip

    def _conditions(self) -> dict[str, Any]:
        """What is not asked with conditions: lists, where more is wanted of them than what is new."""
        if self._order == Order():
            return {}
        return {name: case((_link.kind == "article", _link[name])) for name in ("etag", "last_modified")}

    def write(self, left_out: int) -> None:
        """Write what was decided."""
        if self._new:
            self._connection.execute(insert(crawl_schema.link), self._new)
        if self._back:
            fields = [name.removeprefix("new_") for name in self._back[0] if name != "new_key"]
            self._connection.execute(
                update(crawl_schema.link)
                .where(_link.key == bindparam("new_key"))
                .values(
                    {name: bindparam(f"new_{name}") for name in fields}
                    | self._conditions()
                    | {"state": "ready", "worker": None, "outcome": None, "why": None, "done_at": None, "hops": 0}
                ),
                self._back,
            )
        for at in range(0, len(self._seen), _AT_ONCE):
            self._connection.execute(
                update(crawl_schema.link)
                .where(_link.key.in_(self._seen[at : at + _AT_ONCE]))
                .values(named_in=self._run)
            )
        if self._fates:
            self._connection.execute(insert(schema.fate), self._fates)
        ready = [row["host"] for row in self._new if row["state"] == "ready"]
        call(self._connection, {*ready, *(row["new_host"] for row in self._back)}, self._now)
        for run, number in self._taken_over.items():
            _count(self._connection, run, named=-number)
        _count(self._connection, self._run, named=self.named, known=self._known, left_out=self._left_out + left_out)


def call(connection: Connection, hosts: Iterable[str], now: datetime) -> None:
    """Say that hosts have links which are ready now."""
    rows = [
        {"name": name, "due_at": now, "not_before": LONG_AGO, "delay": 0.0, "failures": 0} for name in sorted(hosts)
    ]
    if rows:
        dialect_insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
        upsert = dialect_insert(crawl_schema.host)
        connection.execute(upsert.on_conflict_do_update(index_elements=["name"], set_={"due_at": now}), rows)


def _count(connection: Connection, run: int, **more: int) -> None:
    counted = schema.run.c
    values = {name: func.coalesce(counted[name], 0) + number for name, number in more.items() if number}
    if values:
        connection.execute(update(schema.run).where(counted.id == run).values(values))
