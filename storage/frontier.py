"""The frontier: who fetches what next. Leases are rows; those of a worker that is gone return by themselves.

A worker holds hosts, one at a time each, with some of their links; only the holder sends requests there, so the delay
between two of them holds across all workers. A fetch is charged when it starts. A link whose worker died during it is
fetched alone from then on, and is set aside when three workers more died over it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
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
from storage.captures import read_claims
from storage.database import Database
from storage.duplicates import key_of
from storage.links import Host, Link, Postponed, Released, RobotsRecord
from storage.naming import call
from storage.url_key import host_of, url_key

LEASE = timedelta(seconds=45)
"""A worker that was not heard of for so long is taken for dead; it should be heard of every ``HEARTBEAT``."""

HEARTBEAT = timedelta(seconds=10)

_PATIENCE = timedelta(minutes=2)  # a run whose links all wait longer than this ends, and they stay pending
_ALONE_DEATHS = 3
_FAILING = 5  # failures of a host in a row, from which on it is probed with one link

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

    def sign_on(self, worker: str, node: str, process: str, gone: Collection[str] = (), run: int | None = None) -> None:
        """Enter a worker. node, process: of which it is part. gone: ids of workers known to have died. run: the only
        one that it carries out."""
        with self._writing() as connection:
            now = clock(connection)
            connection.execute(
                insert(crawl_schema.worker).values(id=worker, node=node, process=process, run_id=run, seen_at=now)
            )
            _bury(connection, [*gone, *_silent(connection, now)], now)

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
            _bury(connection, _silent(connection, now), now)
            return bool(alive.rowcount)

    def sign_off(self, worker: str) -> None:
        """Give back everything that a worker holds; what it had begun does not count against a link."""
        with self._writing() as connection:
            now = clock(connection)
            connection.execute(
                update(crawl_schema.link).where(_link.worker == worker).values(state="ready", worker=None)
            )
            _free_hosts(connection, [worker], now)
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
            due = [*held, *_due(connection, hosts, run, now)] if hosts else list(held)
            taken = [_take(connection, worker, name, per_host, run, now) for name in due]
            return tuple(host for host in taken if host is not None)

    def suspects(self, run: int | None = None) -> int:
        """How many links wait to be fetched alone."""
        with self._database.reading() as connection:
            of_run = [_link.run_id == run] if run is not None else []
            asked = select(func.count()).where(_link.state == "ready", _link.deaths > 0, *of_run)
            return connection.scalar(asked) or 0

    def lease_suspect(self, worker: str, run: int | None = None) -> Host | None:
        """Take one link that is to be fetched alone: the caller must have nothing else in hand."""
        with self._writing() as connection:
            now = clock(connection)
            if not _lives(connection, worker):
                return None
            of_run = [_link.run_id == run] if run is not None else []
            row = connection.execute(
                select(_link.key, _link.host)
                .join(crawl_schema.host, _host.name == _link.host)
                .where(
                    _link.state == "ready", _link.deaths > 0, _host.worker.is_(None),
                    _link.not_before <= now, _host.not_before <= now, *of_run,
                )
                .order_by(_link.deaths, _link.priority.desc())
                .limit(1)
            ).one_or_none()  # fmt: skip
            return row and _hold(connection, worker, row.host, [row.key])

    def charge(self, worker: str, key: str, *, alone: bool = False, delay: float | None = None) -> bool:
        """Note that the fetch of a leased link starts now. False: the lease is lost, leave it alone.

        delay: seconds that its host is to be left alone afterwards, also when this worker dies; None for as before.

        Quick: it survives the end of the process, and need not survive a power cut, which is no page's fault.
        """
        with self._database.marking() as connection:
            charged = connection.execute(
                update(crawl_schema.link)
                .where(_link.key == key, _link.worker == worker)
                .values(state="alone" if alone else "fetching", attempts=_link.attempts + 1)
            )
            if delay is not None:
                of_link = select(_link.host).where(_link.key == key).scalar_subquery()
                connection.execute(
                    update(crawl_schema.host).where(_host.name == of_link, _host.worker == worker).values(delay=delay)
                )
            return bool(charged.rowcount)

    def release(self, worker: str, hosts: Sequence[Released]) -> None:
        """Let go of hosts, and of those of their links whose fetch has not begun."""
        if not hosts:
            return
        with self._writing() as connection:
            now = clock(connection)
            for released in hosts:
                connection.execute(
                    update(crawl_schema.link)
                    .where(_link.host == released.name, _link.worker == worker, _link.state == "leased")
                    .values(state="ready", worker=None)
                )
                connection.execute(
                    update(crawl_schema.host)
                    .where(_host.name == released.name, _host.worker == worker)
                    .values(
                        worker=None, due_at=now, not_before=_later(_host.not_before, released.not_before),
                        failures=released.failures, delay=released.delay,
                    )
                )  # fmt: skip

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


def clock(connection: Connection) -> datetime:
    """The time by which leases are counted: the database's, where several machines share it."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return at.astimezone(UTC)


def owned(connection: Connection, worker: str, keys: Sequence[str]) -> frozenset[str]:
    """Which of the links the worker still holds."""
    asked = select(_link.key).where(_link.key.in_(keys), _link.worker == worker)
    return frozenset(connection.scalars(asked))


def postpone(connection: Connection, link: Link, postponed: Postponed) -> None:
    """Put a leased link back."""
    moved: dict[str, Any] = {}
    if postponed.url is not None:
        host = host_of(postponed.url)
        moved = {"url": postponed.url, "host": host, "hops": _link.hops + 1, "etag": None, "last_modified": None}
        call(connection, [host or link.host], clock(connection))
    connection.execute(
        update(crawl_schema.link)
        .where(_link.key == link.key)
        .values(
            state="ready", worker=None, not_before=postponed.not_before, why=postponed.why,
            failures=_link.failures + int(postponed.failed), deaths=0, **moved,
        )
    )  # fmt: skip


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


def _bury(connection: Connection, dead: Sequence[str], now: datetime) -> None:
    """Take back what dead workers held. Over which of its links a worker died cannot be known: all are suspected."""
    if not dead:
        return
    of_dead = _link.worker.in_(dead)
    connection.execute(
        update(crawl_schema.link).where(of_dead, _link.state == "fetching", _link.deaths == 0).values(deaths=1)
    )
    connection.execute(update(crawl_schema.link).where(of_dead, _link.state == "alone").values(deaths=_link.deaths + 1))
    for row in connection.execute(
        select(_link.key, _link.run_id, _link.url, _link.found_on, _link.kind).where(
            of_dead, _link.deaths > _ALONE_DEATHS
        )
    ).all():
        _set_aside(connection, row, now)
    connection.execute(
        update(crawl_schema.link).where(of_dead, _link.state != "done").values(state="ready", worker=None)
    )
    _free_hosts(connection, dead, now)
    connection.execute(delete(crawl_schema.worker).where(_worker.id.in_(dead)))


def _set_aside(connection: Connection, row: Any, now: datetime) -> None:
    why = f"{_ALONE_DEATHS} workers died while nothing else was being fetched"
    connection.execute(
        update(crawl_schema.link)
        .where(_link.key == row.key)
        .values(state="done", worker=None, outcome="set-aside", why=why, done_at=now)
    )
    key = url_key(row.url)
    connection.execute(
        insert(schema.fate).values(
            run_id=row.run_id, at=now, origin=row.found_on, url=row.url, url_key=key and key_of(key),
            outcome="set-aside", why=why, listing=row.kind != "article",
        )
    )  # fmt: skip


def _free_hosts(connection: Connection, workers: Sequence[str], now: datetime) -> None:
    """Let go of hosts whose last request may have been this moment."""
    held = connection.execute(select(_host.name, _host.delay, _host.not_before).where(_host.worker.in_(workers))).all()
    for name, delay, not_before in held:
        connection.execute(
            update(crawl_schema.host)
            .where(_host.name == name)
            .values(worker=None, due_at=now, not_before=max(not_before, now + timedelta(seconds=delay)))
        )


def _due(connection: Connection, limit: int, run: int | None, now: datetime) -> list[str]:
    """Hosts that nobody holds and that may be asked now."""
    free = and_(_host.worker.is_(None), _host.not_before <= now)
    if run is None:
        asked = select(_host.name).where(free, _host.due_at <= now).order_by(_host.due_at).limit(limit)
    else:
        asked = (
            select(_link.host)
            .join(crawl_schema.host, _host.name == _link.host)
            .where(free, _link.run_id == run, _link.state == "ready", _link.not_before <= now, _link.deaths == 0)
            .group_by(_link.host)
            .order_by(func.max(_link.priority).desc())
            .limit(limit)
        )
    return list(connection.scalars(asked))


def _take(connection: Connection, worker: str, name: str, limit: int, run: int | None, now: datetime) -> Host | None:
    """Hold a host with its best links; one without any is not due before the next of its links is."""
    of_host: list[ColumnElement[bool]] = [_link.host == name, _link.state == "ready", _link.deaths == 0]
    mine = [*of_host, _link.not_before <= now] + ([_link.run_id == run] if run is not None else [])
    failures = connection.scalar(select(_host.failures).where(_host.name == name)) or 0
    keys = connection.scalars(
        select(_link.key).where(*mine).order_by(_link.priority.desc()).limit(1 if failures >= _FAILING else limit)
    ).all()
    if keys:
        return _hold(connection, worker, name, keys)
    due_at = connection.scalar(select(func.min(_link.not_before)).where(*of_host))
    connection.execute(update(crawl_schema.host).where(_host.name == name).values(due_at=due_at))
    return None


def _hold(connection: Connection, worker: str, name: str, keys: Sequence[str]) -> Host:
    connection.execute(update(crawl_schema.link).where(_link.key.in_(keys)).values(state="leased", worker=worker))
    connection.execute(update(crawl_schema.host).where(_host.name == name).values(worker=worker))
    host = connection.execute(select(crawl_schema.host).where(_host.name == name)).one()
    return Host(name, host.not_before, host.failures, tuple(_links(connection, keys, worker)))


def _links(connection: Connection, keys: Sequence[str], worker: str) -> Iterator[Link]:
    rows = connection.execute(
        select(crawl_schema.link).where(_link.key.in_(keys)).order_by(_link.priority.desc(), _link.key)
    )
    for row in rows:
        yield Link(
            row.key, row.kind, row.url, row.host, row.source, row.run_id, read_claims(row.claims), row.found_on,
            row.depth, row.place, row.hops, row.attempts, row.failures, row.deaths > 0, row.etag, row.last_modified,
            row.article_id, worker,
        )  # fmt: skip


def _later(kept: Any, stated: datetime) -> ColumnElement[datetime]:
    said = literal(stated, crawl_schema.host.c.not_before.type)
    return case((kept > said, kept), else_=said)


def _ready_at(connection: Connection) -> ColumnElement[Any]:
    greatest = func.max if connection.dialect.name == "sqlite" else func.greatest
    return greatest(_link.not_before, _host.not_before)
