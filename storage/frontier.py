"""The frontier: who fetches what next. Leases are rows; those of a worker that is gone return by themselves.

A worker holds hosts, one at a time each, with some of their links; only the holder sends requests there, so the delay
between two of them holds across all workers. A fetch is charged when it starts. A link whose worker died during it is
fetched alone from then on, and is set aside when three workers more died over it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from storage import crawl_schema, schema
from storage.database import Database
from storage.deaths import bury
from storage.leases import clock, due_hosts, free_hosts, hold, take
from storage.links import Host, Released, RobotsRecord

LEASE = timedelta(seconds=45)
"""A worker that was not heard of for so long is taken for dead; it should be heard of every ``HEARTBEAT``."""

HEARTBEAT = timedelta(seconds=10)

NETWORK = ("dns:", "connect:", "timeout:", "protocol:")
"""How the reasons begin for which nothing was fetched that a machine without a network has."""

_PATIENCE = timedelta(minutes=2)  # a run whose links all wait longer than this ends, and they stay pending

_link, _host, _worker = crawl_schema.link.c, crawl_schema.host.c, crawl_schema.worker.c
_run = schema.run.c
_LEASED = ("leased", "fetching", "alone")


class Writing(Protocol):
    """Gives the connection of the one transaction that writes."""

    def __call__(self) -> AbstractContextManager[Connection]: ...


class Frontier:
    """What workers ask of an archive. For one thread, like the archive; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def sign_on(
        self,
        worker: str,
        node: str,
        process: str,
        gone: Collection[str] = (),
        run: int | None = None,
        swept: Collection[str] = (),
    ) -> None:
        """Enter a worker. node, process: of which it is part. gone: ids of workers known to have died; swept: those of
        them that did not die alone. run: the only one that it carries out."""
        with self._writing() as connection:
            now = clock(connection)
            connection.execute(
                insert(crawl_schema.worker).values(id=worker, node=node, process=process, run_id=run, seen_at=now)
            )
            bury(connection, [*gone, *_silent(connection, now)], now, swept)

    def workers(self, node: str) -> tuple[tuple[str, str], ...]:
        """The workers of a node, with their processes: those whose process is no more have died."""
        with self._database.reading() as connection:
            rows = connection.execute(select(_worker.id, _worker.process).where(_worker.node == node))
            return tuple((row.id, row.process) for row in rows)

    def attended(self, run: int, gone: Collection[str] = ()) -> bool:
        """Whether a living worker carries out a run, or all runs. gone: ids of workers known to have died."""
        with self._database.reading() as connection:
            asked = select(_worker.id).where(
                _worker.id.not_in(gone),
                _worker.seen_at >= clock(connection) - LEASE,
                or_(_worker.run_id.is_(None), _worker.run_id == run),
            )
            return connection.execute(asked).first() is not None

    def heartbeat(self, worker: str) -> bool:
        """Say that a worker lives, and take back what others hold who do not. False: it was taken for dead itself."""
        with self._writing() as connection:
            now = clock(connection)
            alive = connection.execute(update(crawl_schema.worker).where(_worker.id == worker).values(seen_at=now))
            bury(connection, _silent(connection, now), now)
            return bool(alive.rowcount)

    def sign_off(self, worker: str) -> None:
        """Give back everything that a worker holds; what it had begun does not count against a link."""
        with self._writing() as connection:
            now = clock(connection)
            connection.execute(
                update(crawl_schema.link).where(_link.worker == worker).values(state="ready", worker=None)
            )
            free_hosts(connection, [worker], now)
            connection.execute(delete(crawl_schema.worker).where(_worker.id == worker))

    def lease(
        self, worker: str, hosts: int, per_host: int, run: int | None = None, held: Sequence[str] = ()
    ) -> tuple[Host, ...]:
        """Take up to ``hosts`` hosts that are due, each with up to ``per_host`` of its best links.

        run: only links of this run. held: hosts that the worker holds and wants more links of; they come first.
        """
        with self._writing() as connection:
            now = clock(connection)
            if not _lives(connection, worker):
                return ()
            due = [*held, *due_hosts(connection, hosts, run, now)] if hosts else list(held)
            taken = [take(connection, worker, name, per_host, run, now) for name in due]
            return tuple(host for host in taken if host is not None)

    def has_suspects(self, run: int | None = None) -> bool:
        """Whether a link is ready that is to be fetched alone."""
        with self._database.reading() as connection:
            return connection.execute(_suspects(run, clock(connection)).limit(1)).first() is not None

    def lease_suspect(self, worker: str, run: int | None = None) -> Host | None:
        """Take one link that is to be fetched alone: the caller must have nothing else in hand."""
        with self._writing() as connection:
            now = clock(connection)
            if not _lives(connection, worker):
                return None
            asked = _suspects(run, now).order_by(_link.deaths, _link.priority.desc()).limit(1)
            row = connection.execute(asked).one_or_none()
            return row and hold(connection, worker, row.host, [row.key])

    def pace(self, worker: str, host: str, delay: float) -> None:
        """Note that a held host is to be left alone for so many seconds after a request, at least, also when the worker
        dies. As quick as ``charge``."""
        with self._database.marking() as connection:
            connection.execute(
                update(crawl_schema.host)
                .where(_host.name == host, _host.worker == worker, _host.delay < delay)
                .values(delay=delay)
            )

    def rest(self, worker: str, host: str, not_before: datetime, failures: int) -> None:
        """Note at once that a held host is to be left alone until then, whatever becomes of the worker."""
        with self._writing() as connection:
            connection.execute(
                update(crawl_schema.host)
                .where(_host.name == host, _host.worker == worker)
                .values(not_before=_later(_host.not_before, not_before), failures=failures)
            )

    def charge(self, worker: str, *keys: str, alone: bool = False, delay: float | None = None) -> frozenset[str]:
        """Note that the fetches of leased links of one host start now; of which the lease still holds.

        Quick: it survives the end of the process, and need not survive a power cut, which is no page's fault. delay: of
        the host, see ``pace``; None for as before.
        """
        with self._database.marking() as connection:
            charged = connection.execute(
                update(crawl_schema.link)
                .where(_link.key.in_(keys), _link.worker == worker)
                .values(state="alone" if alone else "fetching", attempts=_link.attempts + 1)
                .returning(_link.key)
            )
            held = frozenset(charged.scalars())
            if delay is not None:
                of_link = select(_link.host).where(_link.key == keys[0]).scalar_subquery()
                connection.execute(
                    update(crawl_schema.host).where(_host.name == of_link, _host.worker == worker).values(delay=delay)
                )
            return held

    def release(self, worker: str, hosts: Sequence[Released]) -> None:
        """Let go of hosts, and of those of their links whose fetch has not begun."""
        if not hosts:
            return
        with self._writing() as connection:
            now = clock(connection)
            for released in hosts:
                of_host = and_(_link.host == released.name, _link.worker == worker)
                back = update(crawl_schema.link).values(state="ready", worker=None)
                connection.execute(back.where(of_host, _link.state == "leased"))
                if released.spared:
                    spared = back.where(of_host, _link.key.in_(released.spared)).values(attempts=_link.attempts - 1)
                    connection.execute(spared)
                connection.execute(
                    update(crawl_schema.host)
                    .where(_host.name == released.name, _host.worker == worker)
                    .values(
                        worker=None, due_at=now, not_before=_later(_host.not_before, released.not_before),
                        failures=released.failures, delay=released.delay,
                    )
                )  # fmt: skip

    def waiting(self) -> int:
        """How many addresses wait to be fetched, or are being fetched."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).where(_link.state != "done")) or 0

    def runs(self) -> dict[str, int]:
        """How many crawls are under way, and how many have ended."""
        of_crawls = select(func.count(), func.count(_run.finished_at)).where(_run.kind == "crawl")
        with self._database.reading() as connection:
            filed, ended = connection.execute(of_crawls).one()
        return {"under_way": filed - ended, "ended": ended}

    def forgive(self, most: int | None = None) -> int:
        """Let hosts be asked again that are left alone because they could not be reached; how many.

        To be called where that was this machine's fault. Those that asked to wait, or answered with an error, wait on.
        most: so many, at random; None for all.
        """
        unreachable = or_(*(_link.why.startswith(reason) for reason in NETWORK))
        asked = (
            select(_host.name)
            .where(_host.failures > 0, _host.worker.is_(None))
            .where(select(_link.key).where(_link.host == _host.name, _link.state == "ready", unreachable).exists())
            .order_by(func.random())
            .limit(most)
        )
        with self._writing() as connection:
            now = clock(connection)
            names = list(connection.scalars(asked))
            if names:
                freed = update(crawl_schema.host).where(_host.name.in_(names))
                connection.execute(freed.values(failures=0, not_before=now, due_at=now))
                waiting = update(crawl_schema.link).where(_link.host.in_(names), _link.state == "ready", unreachable)
                connection.execute(waiting.values(not_before=now))
            return len(names)

    def robots(self, origin: str) -> RobotsRecord | None:
        """What an origin answered last."""
        columns = [crawl_schema.robots.c[name] for name in RobotsRecord.__dataclass_fields__]
        with self._database.reading() as connection:
            row = connection.execute(select(*columns).where(columns[0] == origin)).one_or_none()
            return None if row is None else RobotsRecord(*row)

    def keep_robots(self, record: RobotsRecord) -> None:
        """Keep the answer of an origin, in place of the one before."""
        with self._writing() as connection:
            connection.execute(delete(crawl_schema.robots).where(crawl_schema.robots.c.origin == record.origin))
            connection.execute(insert(crawl_schema.robots).values(**asdict(record)))

    def close_runs(self) -> tuple[int, ...]:
        """End the crawls that have nothing to do within the next two minutes; their numbers."""
        with self._database.reading() as connection:
            if not connection.execute(select(_run.id).where(*_idle(clock(connection)))).first():
                return ()
        with self._writing() as connection:
            now = clock(connection)
            ended = update(schema.run).where(*_idle(now)).values(finished_at=now).returning(_run.id)
            return tuple(connection.execute(ended).scalars())

    def next_due(self, run: int | None = None) -> datetime | None:
        """When the next link of a run, or of any, may be ready; None where none waits or is under way."""
        with self._database.reading() as connection:
            of_run = [_link.run_id == run] if run is not None else []
            due: datetime | str | None = connection.scalar(
                select(func.min(_ready_at(connection)))
                .join_from(crawl_schema.link, crawl_schema.host, _host.name == _link.host)
                .where(_link.state != "done", *of_run)
            )
            if isinstance(due, str):  # SQLite's max() of two columns has no type
                due = datetime.fromisoformat(due)
            return None if due is None else due.replace(tzinfo=due.tzinfo or UTC)


def _suspects(run: int | None, now: datetime) -> Select[tuple[str, str]]:
    """Key and host of the links that are ready to be fetched alone."""
    of_run = [_link.run_id == run] if run is not None else []
    return (
        select(_link.key, _link.host)
        .join(crawl_schema.host, _host.name == _link.host)
        .where(
            _link.state == "ready", _link.deaths > 0, _link.not_before <= now,
            _host.worker.is_(None), _host.not_before <= now, *of_run,
        )
    )  # fmt: skip


def _idle(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Crawls under way that have nothing to do soon."""
    waits_little = and_(_link.not_before <= now + _PATIENCE, _host.not_before <= now + _PATIENCE)
    busy = (
        select(_link.key)
        .join_from(crawl_schema.link, crawl_schema.host, _host.name == _link.host)
        .where(_link.run_id == _run.id, or_(_link.state.in_(_LEASED), and_(_link.state == "ready", waits_little)))
        .exists()
    )
    return _run.kind == "crawl", _run.finished_at.is_(None), ~busy


def _lives(connection: Connection, worker: str) -> bool:
    """Whether the worker was not taken for dead; its leases are others' by then."""
    return connection.scalar(select(_worker.id).where(_worker.id == worker)) is not None


def _silent(connection: Connection, now: datetime) -> list[str]:
    return list(connection.scalars(select(_worker.id).where(_worker.seen_at < now - LEASE)))


def _later(kept: Any, stated: datetime) -> ColumnElement[datetime]:
    said = literal(stated, crawl_schema.host.c.not_before.type)
    return case((kept > said, kept), else_=said)


def _ready_at(connection: Connection) -> ColumnElement[Any]:
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    return greatest(_link.not_before, _host.not_before)
