"""Filing: a crawl is a row, at most one under way for a source, one for each slot of its schedule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from storage import crawl_schema, schema
from storage.links import Filing, Named, Order
from storage.naming import enter
from storage.times import rfc3339

_run, _link = schema.run.c, crawl_schema.link.c
_RECHECKS = "rechecks"  # in the order of a run: addresses that it starts from and that no listing has named


def file_run(
    connection: Connection, source: str | None, named: Sequence[Named], order: Order, slot: str | None,
    detail: str | None, now: datetime, rechecks: Sequence[Named] = (),
) -> Filing:  # fmt: skip
    """Enter a crawl and the addresses it starts from, unless there is one of that slot or one under way."""
    if source is not None:
        of_source = select(_run.id, _run.finished_at).where(_run.source == source, _run.kind == "crawl")
        if slot is not None and (row := connection.execute(of_source.where(_run.slot == slot)).first()):
            return Filing(row.id, False, f"slot {slot} of {source} is run {row.id}")
        if row := connection.execute(of_source.where(_run.finished_at.is_(None))).first():
            return Filing(row.id, False, f"run {row.id} of {source} is under way")
    elif detail is not None:
        of_these = select(_run.id).where(_run.source.is_(None), _run.detail == detail, _run.kind == "crawl")
        if row := connection.execute(of_these.where(_run.finished_at.is_(None))).first():
            return Filing(row.id, False, f"run {row.id} of these addresses is under way")
    run = connection.execute(
        insert(schema.run)
        .values(
            kind="crawl",
            detail=detail,
            started_at=now,
            source=source,
            slot=slot,
            order=_written(order) | ({_RECHECKS: len(rechecks)} if rechecks else {}),
        )
        .returning(_run.id)
    ).scalar_one()
    enter(connection, run, source, rechecks, order, now)
    enter(connection, run, source, named, order, now)
    return Filing(run, True)


def order_of(connection: Connection, run: int) -> Order:
    """What a run was asked for."""
    said: dict[str, Any] = connection.scalar(select(_run.order).where(_run.id == run)) or {}
    since, until = said.get("since"), said.get("until")
    return Order(
        since and datetime.fromisoformat(since), until and datetime.fromisoformat(until),
        said.get("limit"), bool(said.get("again")), is_second_look(said),
    )  # fmt: skip


def is_second_look(said: Mapping[str, Any] | None) -> bool:
    """Whether a run was one, by its order as it is written."""
    return bool(said and said.get("second_look"))


def yields_nothing(connection: Connection, run: int) -> bool:
    """Whether all listings of a run were read and named nothing, so that its next place is to be tried."""
    named, order = connection.execute(select(_run.named + _run.left_out, _run.order).where(_run.id == run)).one()
    if named > (order or {}).get(_RECHECKS, 0):
        return False
    waiting = select(func.count()).where(_link.run_id == run, _link.state != "done", _link.kind != "article")
    return not connection.scalar(waiting)


def _written(order: Order) -> dict[str, Any]:
    said = {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in asdict(order).items()}
    return {name: value for name, value in said.items() if value}
