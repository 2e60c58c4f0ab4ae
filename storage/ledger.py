"""The ledger: each run, and what became of each input it read."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, update

from storage import schema
from storage.duplicates import key_of
from storage.errors import NotFound
from storage.records import Fate, Outcome, Run
from storage.url_key import url_key

_run, _fate = schema.run.c, schema.fate.c


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


def runs(connection: Connection, limit: int) -> tuple[Run, ...]:
    """The latest runs, newest first."""
    rows = connection.execute(select(schema.run).order_by(_run.id.desc()).limit(limit)).all()
    counts: dict[int, list[tuple[Outcome, int]]] = defaultdict(list)
    counted = (
        select(_fate.run_id, _fate.outcome, func.count())
        .where(_fate.run_id.in_([row.id for row in rows]))
        .group_by(_fate.run_id, _fate.outcome)
        .order_by(_fate.run_id, _fate.outcome)
    )
    for run_id, outcome, number in connection.execute(counted):
        counts[run_id].append((outcome, number))
    return tuple(Run(row.id, row.kind, row.started_at, row.finished_at, tuple(counts[row.id])) for row in rows)


def fates(connection: Connection, named: str, article_id: str | None) -> tuple[Fate, ...]:
    """What became of an address, an origin or an article each time, newest first."""
    asked = [_fate.origin == named]
    if key := url_key(named):
        asked.append(_fate.url_key == key_of(key))
    if article_id:
        asked.append(_fate.article_id == article_id)
    rows = connection.execute(
        select(_fate.run_id, _fate.at, _fate.origin, _fate.url, _fate.outcome, _fate.why, _fate.article_id)
        .where(or_(*asked))
        .order_by(_fate.id.desc())
    )
    return tuple(Fate(*row) for row in rows)
