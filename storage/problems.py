"""Problems: what was wrong with a source, or with this machine; opened once, closed once, and each change told once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Select, and_, func, insert, or_, select, update

from storage import health_schema
from storage.database import Database
from storage.frontier import Writing
from storage.leases import clock
from storage.notices import ATTEMPTS, HELD, delay

ProblemKind = Literal["failing", "unread", "late", "volume", "listing", "layout", "offline"]
"""Its listings cannot be read · links, but no article in them · silent · too little, or too much · one of its listings
cannot be read · its pages are made otherwise · this machine reaches nobody."""

ChangeKind = Literal["opened", "closed"]

STATES: dict[ProblemKind, str] = {
    "failing": "broken", "unread": "broken", "volume": "broken", "listing": "broken", "layout": "broken",
    "late": "late", "offline": "offline",
}  # fmt: skip
"""The state that a problem gives its source."""

TOGETHER = 200
"""Changes of one notice at most; those beyond come with the next."""

QUIET = timedelta(minutes=15)
"""Between two notices, so that what happens to many within minutes is told in one."""

_FRESH = timedelta(days=3)  # a change that nobody was to be told of for so long is no news

_problem, _change = health_schema.problem.c, health_schema.problem_change.c
_UNTOLD = and_(_change.told_at.is_(None), _change.given_up_at.is_(None))


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem. source: None for this machine. since: when it began, as far as can be told; opened_at: when it was
    found. article_id: of the last article before it. detail: in words; hint: what to try, mostly a command."""

    id: int
    source: str | None
    kind: ProblemKind
    opened_at: datetime
    since: datetime
    article_id: str | None
    detail: str
    hint: str
    closed_at: datetime | None

    @property
    def state(self) -> str:
        """The state that it gives its source: ``broken``, ``late``, or ``offline`` of this machine."""
        return STATES[self.kind]


@dataclass(frozen=True, slots=True)
class ProblemChange:
    """A problem that was opened or closed."""

    problem: Problem
    change: ChangeKind
    at: datetime


@dataclass(frozen=True, slots=True)
class ProblemDelivery:
    """Changes to be told together, in their order. id: the same at every attempt; attempt: from 1."""

    id: str
    changes: tuple[ProblemChange, ...]
    attempt: int


class Problems:
    """The problems of an archive. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def open(self) -> tuple[Problem, ...]:
        """Those that are open, oldest first."""
        return self._read(_asked().where(_problem.closed_at.is_(None)).order_by(_problem.since, _problem.id))

    def all(self, limit: int = 1000) -> tuple[Problem, ...]:
        """The latest, open or closed, newest first."""
        return self._read(_asked().order_by(_problem.id.desc()).limit(limit))

    def of(self, source: str | None, limit: int = 1000) -> tuple[Problem, ...]:
        """Those of a source, None for this machine, newest first."""
        return self._read(_asked().where(_problem.source == (source or "")).order_by(_problem.id.desc()).limit(limit))

    def since(self, at: datetime) -> tuple[Problem, ...]:
        """Those that were open at some time since, oldest first."""
        lately = or_(_problem.closed_at.is_(None), _problem.closed_at >= at)
        return self._read(_asked().where(lately).order_by(_problem.since, _problem.id))

    def enter(
        self, source: str | None, kind: ProblemKind, since: datetime, detail: str, hint: str, article_id: str | None,
        now: datetime,
    ) -> bool:  # fmt: skip
        """Open a problem. False where one of its source is open, or was closed after ``now``: somebody was quicker.

        now: when it was judged, by what was known before.
        """
        with self._writing() as connection:
            others = or_(_problem.closed_at.is_(None), _problem.closed_at > now)
            if connection.execute(select(_problem.id).where(_problem.source == (source or ""), others)).first():
                return False
            number = connection.scalar(
                insert(health_schema.problem)
                .values(
                    source=source or "", kind=kind, opened_at=now, since=since, article_id=article_id, detail=detail,
                    hint=hint,
                )
                .returning(_problem.id)
            )  # fmt: skip
            _enter(connection, number, "opened", now)
        return True

    def close(self, problem: Problem, now: datetime) -> bool:
        """Close a problem. False where it was closed already."""
        with self._writing() as connection:
            closed = update(health_schema.problem).where(_problem.id == problem.id, _problem.closed_at.is_(None))
            if not connection.execute(closed.values(closed_at=now)).rowcount:
                return False
            _enter(connection, problem.id, "closed", now)
        return True

    def due(self) -> ProblemDelivery | None:
        """A notice to be given now, held for some minutes; None where none is due.

        One is given at a time. What is opened and closed before it was told, is told with both.
        """
        with self._database.reading() as connection:
            if not connection.execute(
                select(_change.id).where(_UNTOLD, _change.not_before <= clock(connection))
            ).first():
                return None  # without waiting for those who write
        with self._writing() as connection:
            now = clock(connection)
            if connection.execute(
                select(_change.id).where(_UNTOLD, _change.not_before > now, _change.attempts > 0)
            ).first():
                return None
            begun = connection.execute(
                select(_change.delivery, _change.attempts).where(_UNTOLD, _change.attempts > 0).order_by(_change.id)
            ).first()
            which = _change.delivery == begun.delivery if begun else _change.delivery.is_(None)
            ids = connection.scalars(
                select(_change.id).where(_UNTOLD, which, _change.not_before <= now).order_by(_change.id).limit(TOGETHER)
            ).all()
            if not ids:
                return None
            id_, attempt = (begun.delivery, begun.attempts + 1) if begun else (uuid4().hex, 1)
            held = update(health_schema.problem_change).where(_change.id.in_(ids))
            connection.execute(held.values(delivery=id_, attempts=attempt, not_before=now + HELD))
            rows = connection.execute(
                _asked(_change.change, _change.at)
                .join(health_schema.problem_change, _change.problem_id == _problem.id)
                .where(_change.id.in_(ids))
                .order_by(_change.id)
            )
            changes = tuple(ProblemChange(_of(row), row.change, row.at) for row in rows)
        return ProblemDelivery(id_, changes, attempt)

    def pass_over(self) -> None:
        """Give up the changes that have waited for days: nobody wants to be told of them any more."""
        with self._database.reading() as connection:
            old = and_(_UNTOLD, _change.at < clock(connection) - _FRESH)
            if not connection.execute(select(_change.id).where(old)).first():
                return
        with self._writing() as connection:
            now = clock(connection)
            given_up = update(health_schema.problem_change).where(_UNTOLD, _change.at < now - _FRESH)
            connection.execute(given_up.values(given_up_at=now, why="nobody was to be told"))

    def told(self, delivery: ProblemDelivery) -> None:
        """Note that a notice has arrived; the next one waits a little."""
        with self._writing() as connection:
            now = clock(connection)
            mine = update(health_schema.problem_change).where(_change.delivery == delivery.id)
            connection.execute(mine.values(told_at=now, given_up_at=None, why=None))
            waiting = update(health_schema.problem_change).where(_UNTOLD, _change.not_before < now + QUIET)
            connection.execute(waiting.values(not_before=now + QUIET))

    def failed(self, delivery: ProblemDelivery, why: str, wait: timedelta | None = None) -> None:
        """Note that a notice did not arrive: it is due again after a delay that grows, and not before ``wait``. After
        some three days it is given up."""
        with self._writing() as connection:
            now = clock(connection)
            mine = update(health_schema.problem_change).where(
                _UNTOLD, _change.delivery == delivery.id, _change.attempts == delivery.attempt
            )
            given_up_at = now if delivery.attempt >= ATTEMPTS else None
            not_before = now + max(delay(delivery.attempt), wait or timedelta())
            connection.execute(mine.values(not_before=not_before, given_up_at=given_up_at, why=why))

    def _read(self, asked: Select[Any]) -> tuple[Problem, ...]:
        with self._database.reading() as connection:
            return tuple(_of(row) for row in connection.execute(asked))


_FIELDS = [_problem[name] for name in Problem.__dataclass_fields__]


def _asked(*more: Any) -> Select[Any]:
    return select(*_FIELDS, *more)


def _of(row: Any) -> Problem:
    fields = list(row[: len(_FIELDS)])
    fields[1] = fields[1] or None
    return Problem(*fields)


def _enter(connection: Any, number: int | None, change: ChangeKind, now: datetime) -> None:
    last = connection.scalar(select(func.max(_change.told_at)))
    not_before = max(now, last + QUIET) if last else now
    connection.execute(
        insert(health_schema.problem_change).values(
            problem_id=number, change=change, at=now, attempts=0, not_before=not_before
        )
    )
