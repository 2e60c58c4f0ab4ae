"""The ledger: each run, and what became of each input it read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, false, func, insert, or_, select, update

from storage import crawl_schema, schema
from storage.duplicates import key_of
from storage.errors import NotFound
from storage.links import LONG_AGO
from storage.records import Fate, FateOutcome, Run
from storage.times import rfc3339
from storage.url_key import url_key

BAD: tuple[FateOutcome, ...] = ("failed", "set-aside")
"""The outcomes that somebody should look at."""

_DIGITS = 7  # of a link's key, that its number is made of

_run, _fate, _link, _host = schema.run.c, schema.fate.c, crawl_schema.link.c, crawl_schema.host.c


def begin_run(connection: Connection, kind: str, detail: str | None, at: datetime) -> int:
    """Enter a run; its number."""
    row = connection.execute(
        insert(schema.run).values(kind=kind, detail=detail, started_at=at).returning(_run.id)
    ).one()
    return int(row.id)


def finish_run(connection: Connection, run_id: int, at: datetime) -> None:
    """Note that a run ended well. Raises NotFound."""
    if not connection.execute(update(schema.run).where(_run.id == run_id).values(finished_at=at)).rowcount:
        raise NotFound(f"no run {run_id}")


def note_forgotten(connection: Connection, run: int, article_id: str | None, address: str | None, at: datetime) -> None:
    """Note that an article, or what an address showed, was forgotten. address: its key."""
    why = f"forgotten on {at:%Y-%m-%d}"
    row = {"run_id": run, "at": at, "url_key": address, "outcome": "forgotten", "why": why, "article_id": article_id}
    connection.execute(insert(schema.fate).values(row))


def runs(connection: Connection, limit: int, run_id: int | None = None) -> tuple[Run, ...]:
    """The latest runs, newest first; or the one."""
    asked = select(_run.id).order_by(_run.id.desc()).limit(limit)
    return runs_of(connection, connection.scalars(asked if run_id is None else asked.where(_run.id == run_id)).all())


def runs_of(connection: Connection, ids: Sequence[int]) -> tuple[Run, ...]:
    """The runs of these numbers, newest first."""
    rows = connection.execute(select(schema.run).where(_run.id.in_(ids)).order_by(_run.id.desc())).all()
    counts: dict[tuple[int, bool], list[tuple[FateOutcome, int]]] = defaultdict(list)
    counted = (
        select(_fate.run_id, func.coalesce(_fate.listing, false()), _fate.outcome, func.count())
        .where(_fate.run_id.in_(ids))
        .group_by(_fate.run_id, func.coalesce(_fate.listing, false()), _fate.outcome)
        .order_by(_fate.run_id, _fate.outcome)
    )
    for number, is_listing, outcome, count in connection.execute(counted):
        counts[number, bool(is_listing)].append((outcome, count))
    for row in rows:
        for is_listing, outcome, count in row.summed or ():
            counts[row.id, is_listing] = _added(counts[row.id, is_listing], outcome, count)
    waiting = (
        select(_link.run_id, func.count().label("number"))
        .where(_link.run_id.in_(ids), _link.state != "done", _link.kind == "article")
        .group_by(_link.run_id)
    )
    pending = {row.run_id: row.number for row in connection.execute(waiting)}
    return tuple(
        Run(
            row.id, row.kind, row.started_at, row.finished_at, tuple(counts[row.id, False]), row.source, row.slot,
            row.named, row.known, row.left_out, pending.get(row.id, 0), tuple(counts[row.id, True]),
        )
        for row in rows
    )  # fmt: skip


def _added(counts: list[tuple[FateOutcome, int]], outcome: FateOutcome, number: int) -> list[tuple[FateOutcome, int]]:
    known = dict(counts)
    known[outcome] = known.get(outcome, 0) + number
    return sorted(known.items())


def fates(connection: Connection, named: str, article_id: str | None) -> tuple[Fate, ...]:
    """What became of an address, an origin or an article each time, newest first; what waits stands before them."""
    asked = [_fate.origin == named]
    waiting: tuple[Fate, ...] = ()
    if key := url_key(named):
        asked.append(_fate.url_key == key_of(key))
        waiting = tuple(_pending(row) for row in connection.execute(_waits(_link.key == key_of("article", key))))
        led_to = connection.scalar(select(_link.url).where(_link.key == key_of("article", key)))
        if led_to and (moved := url_key(led_to)):
            asked.append(_fate.url_key == key_of(moved))  # redirects ended there
    if article_id:
        asked.append(_fate.article_id == article_id)
    rows = connection.execute(
        select(_fate.run_id, _fate.at, _fate.origin, _fate.url, _fate.outcome, _fate.why, _fate.article_id)
        .where(or_(*asked))
        .order_by(_fate.id.desc())
    )
    return waiting + tuple(Fate(*row) for row in rows)


def last_outcome(connection: Connection, url: str) -> FateOutcome | None:
    """What became of an address the last time."""
    asked = select(_fate.outcome).where(_fate.url_key == key_of(url_key(url) or "")).order_by(_fate.id.desc())
    found: FateOutcome | None = connection.scalar(asked.limit(1))
    return found


def failures(connection: Connection, run_id: int, limit: int) -> tuple[Fate, ...]:
    """What failed in a run, latest first."""
    rows = connection.execute(inputs(run_id, *BAD).limit(limit))
    return tuple(Fate(*row[1:]) for row in rows)


def inputs(run_id: int, *outcomes: FateOutcome) -> Select[Any]:
    """What had one of these outcomes in a run, latest first: a number, and the fields of a ``Fate``."""
    fields = (_fate.run_id, _fate.at, _fate.origin, _fate.url, _fate.outcome, _fate.why, _fate.article_id)
    asked = select(_fate.id, *fields).where(_fate.run_id == run_id, _fate.outcome.in_(outcomes))
    return asked.order_by(_fate.id.desc())


def waiting(connection: Connection, run_id: int, limit: int, after: int = 0) -> tuple[tuple[int, Fate], ...]:
    """The articles of a run that are to be fetched, each with a number, in the order of these. after: those beyond it.

    The number is of the first digits of a link's key: two links may have the same.
    """
    asked = _waits(_link.run_id == run_id, _link.kind == "article", _link.key >= f"{after:0{_DIGITS}x}")
    rows = connection.execute(asked.order_by(_link.key).limit(limit))
    return tuple((int(row.key[:_DIGITS], 16) + 1, _pending(row)) for row in rows)


def _waits(*which: ColumnElement[bool]) -> Select[Any]:
    return (
        select(crawl_schema.link, _host.not_before.label("host_not_before"))
        .outerjoin(crawl_schema.host, _host.name == _link.host)
        .where(_link.state != "done", *which)
    )


def _pending(row: Row[Any]) -> Fate:
    if row.state == "ready":
        at = max(row.not_before, row.host_not_before or row.not_before)
        when = f"not before {rfc3339(at)}" if at > LONG_AGO else "its turn comes when a worker runs"
    else:
        when = "a worker has it"
    why = "; ".join(part for part in (when, row.why) if part)
    return Fate(row.run_id, row.named_at, row.found_on, row.url, "pending", why, row.article_id)
