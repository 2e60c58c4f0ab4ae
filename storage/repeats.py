"""Repeats: what the ledger says of an address once more, between the first and the latest that it says of it.

A look at a listing, or at an article that is as it was, is a row each. Old ones go, and their numbers are added to
those of their runs; what an address showed first and last stays, and so does every outcome of another kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, exists, func, literal, or_, select, update

from storage import health_schema, schema
from storage.records import FateOutcome

REPEATED: tuple[FateOutcome, ...] = ("unchanged", "listed")
"""The outcomes of fates that may go."""

_ROW = 96  # bytes of a fate and its entries in indexes, without what it says

_fate, _run = schema.fate.c, schema.run.c
_other = schema.fate.alias("other").c


def repeats(
    connection: Connection, after: int, upto: int, before: datetime, *, told: bool = True
) -> Sequence[Row[Any]]:
    """The fates with a number in (after, upto] that may go: id, run_id, listing, outcome, bytes. told: only those that
    the pulses have, or need not."""
    asked = _asked(before).where(_fate.id > after, _fate.id <= upto)
    if told:
        folded = connection.scalar(select(health_schema.folded.c.fate_id)) or 0
        asked = asked.where(or_(_run.kind != "crawl", _fate.id <= folded))
    return connection.execute(asked.order_by(_fate.id)).all()


def fold(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Take fates out, and add their numbers to those of their runs."""
    if not rows:
        return
    added: dict[int, Counter[tuple[bool, str]]] = {}
    for row in rows:
        added.setdefault(row.run_id, Counter())[bool(row.listing), row.outcome] += 1
    summed = select(_run.id, _run.summed).where(_run.id.in_(added))
    for run, known in connection.execute(summed).all():
        counted = added[run]
        for is_listing, outcome, number in known or ():
            counted[is_listing, outcome] += number
        told = [[*which, number] for which, number in sorted(counted.items())]
        connection.execute(update(schema.run).where(_run.id == run).values(summed=told))
    connection.execute(delete(schema.fate).where(_fate.id.in_([row.id for row in rows])))


def _asked(before: datetime) -> Select[Any]:
    said = (func.coalesce(func.length(each), 0) for each in (_fate.origin, _fate.url, _fate.why))
    weight = reduce(add, said, literal(_ROW))
    return (
        select(_fate.id, _fate.run_id, _fate.listing, _fate.outcome, weight.label("bytes"))
        .join_from(schema.fate, schema.run, _run.id == _fate.run_id)
        .where(
            _fate.outcome.in_(REPEATED), _fate.at < before, _run.finished_at.is_not(None),
            or_(
                and_(_fate.url_key.is_not(None), *_between(_other.url_key == _fate.url_key)),
                and_(
                    _fate.url_key.is_(None), _fate.origin.is_not(None),
                    *_between(_other.origin == _fate.origin, _other.url_key.is_(None)),
                ),
            ),
        )
    )  # fmt: skip


def _between(*is_there: ColumnElement[bool]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Of a fate: that there is one before it and one after it at the same place."""
    return exists().where(*is_there, _other.id < _fate.id), exists().where(*is_there, _other.id > _fate.id)
