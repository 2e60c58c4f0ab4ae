"""Leases: who holds which host, and which of its links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from storage import crawl_schema
from storage.captures import read_claims
from storage.links import Host, Link

_AHEAD = 20.0  # seconds for which a host's links are leased at most, by its delay: newer ones come before the rest
_FAILING = 5  # failures of a host in a row, from which on it is probed with one link

_link, _host = crawl_schema.link.c, crawl_schema.host.c


def clock(connection: Connection) -> datetime:
    """The time by which leases are counted: the database's, where several machines share it."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return at.astimezone(UTC)


def due_hosts(connection: Connection, limit: int, run: int | None, now: datetime) -> list[str]:
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


def take(connection: Connection, worker: str, name: str, limit: int, run: int | None, now: datetime) -> Host | None:
    """Hold a host with its best links; one without any is not due before the next of its links is."""
    of_host: list[ColumnElement[bool]] = [_link.host == name, _link.state == "ready", _link.deaths == 0]
    mine = [*of_host, _link.not_before <= now] + ([_link.run_id == run] if run is not None else [])
    failures, delay = connection.execute(select(_host.failures, _host.delay).where(_host.name == name)).one()
    most = 1 if failures >= _FAILING else min(limit, max(1, int(_AHEAD / delay))) if delay else limit
    keys = connection.scalars(select(_link.key).where(*mine).order_by(_link.priority.desc()).limit(most)).all()
    if keys:
        return hold(connection, worker, name, keys)
    due_at = connection.scalar(select(func.min(_link.not_before)).where(*of_host))
    connection.execute(update(crawl_schema.host).where(_host.name == name).values(due_at=due_at))
    return None


def hold(connection: Connection, worker: str, name: str, keys: Sequence[str]) -> Host:
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
            row.article_id, worker, row.asked_url, row.named_at, row.rest,
        )  # fmt: skip


def free_hosts(connection: Connection, workers: Sequence[str], now: datetime) -> None:
    """Let go of hosts whose last request may have been this moment."""
    held = connection.execute(select(_host.name, _host.delay, _host.not_before).where(_host.worker.in_(workers))).all()
    for name, delay, not_before in held:
        connection.execute(
            update(crawl_schema.host)
            .where(_host.name == name)
            .values(worker=None, due_at=now, not_before=max(not_before, now + timedelta(seconds=delay)))
        )
