"""Second looks: at the front page of a source whose listings bring less than usual, and what they did not name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, func, select

from storage import crawl_schema, schema
from storage.database import Database
from storage.filing import is_second_look
from storage.naming import link_key
from storage.pulses import published

_AT_ONCE = 400  # keys in one question

_fate, _run, _link = schema.fate.c, schema.run.c, crawl_schema.link.c
_sighting, _version = schema.sighting.c, schema.version.c


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The second looks at a source of late. at: the last of them. unlisted: when the articles were published that they
    found, and that no listing has named since. read: those at which its front page could be read."""

    at: datetime
    unlisted: tuple[datetime, ...]
    read: tuple[datetime, ...] = ()


class SecondLooks:
    """The second looks of an archive. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, at: datetime) -> Mapping[str, SecondLook]:
        """Of each source, those that began since then; a source without any is left out."""
        with self._database.reading() as connection:
            runs = {row.id: row for row in _runs(connection, at)}
            found = [row for some in _some(runs) for row in _found(connection, some)]
            named = _named_by_listings(connection, {row.url for row in found}, runs)
            read = {run for some in _some(runs) for run in _read(connection, some)}
        unlisted: dict[str, list[datetime]] = defaultdict(list)
        for row in found:
            if row.url not in named:
                unlisted[runs[row.run_id].source].append(published(row))
        began: dict[str, list[Any]] = defaultdict(list)
        for row in runs.values():
            began[row.source].append(row)
        return {
            source: SecondLook(
                rows[-1].started_at, tuple(unlisted[source]), tuple(row.started_at for row in rows if row.id in read)
            )
            for source, rows in began.items()
        }


def _runs(connection: Connection, since: datetime) -> Iterator[Any]:
    asked = select(_run.id, _run.source, _run.started_at, _run.order).where(
        _run.id > _last_before(connection, since), _run.kind == "crawl", _run.slot.is_(None), _run.started_at >= since
    )
    return (row for row in connection.execute(asked.order_by(_run.id)) if is_second_look(row.order))


def _last_before(connection: Connection, at: datetime) -> int:
    """The last run that began before then, by halves: their numbers follow time, which has no index."""
    before, upto = 0, connection.scalar(select(func.max(_run.id))) or 0
    while before < upto:
        asked = select(_run.id, _run.started_at).where(_run.id > (before + upto) // 2).order_by(_run.id).limit(1)
        run = connection.execute(asked).one()
        if run.started_at < at:
            before = run.id
        else:
            upto = (before + upto) // 2
    return before


def _read(connection: Connection, runs: Collection[int]) -> Iterator[int]:
    """Those that read a front page."""
    return iter(
        connection.scalars(select(_fate.run_id).where(_fate.run_id.in_(runs), _fate.listing, _fate.outcome == "listed"))
    )


def _found(connection: Connection, runs: Collection[int]) -> Iterable[Any]:
    """The articles that came by them, and that say when they were published."""
    asked = (
        select(
            _fate.run_id, _fate.at, _fate.url, _sighting.published_at, _version.published_precision.label("precision")
        )
        .join(schema.sighting, _sighting.capture_key == _fate.capture_key)
        .outerjoin(
            schema.version, and_(_version.article_id == _sighting.article_id, _version.number == _sighting.number)
        )
        .where(
            _fate.run_id.in_(runs), _fate.outcome.in_(("stored", "duplicate")), _fate.url.is_not(None),
            _sighting.published_at.is_not(None),
        )
    )  # fmt: skip
    return connection.execute(asked)


def _named_by_listings(connection: Connection, urls: Collection[str], runs: Collection[int]) -> set[str]:
    """Of the addresses, those that a listing has named since: in a run that did not look at them again of itself."""
    keys = {link_key("article", url, None): url for url in urls}
    named: dict[str, int] = {}
    for some in _some(keys):
        asked = select(_link.key, _link.named_in).where(_link.key.in_(some))
        named |= {keys[row.key]: row.named_in for row in connection.execute(asked) if row.named_in not in runs}
    again = set()
    for some in _some(named):
        fetched = select(_fate.run_id, _fate.url).where(_fate.run_id.in_({named[url] for url in some}))
        again |= {row.url for row in connection.execute(fetched) if named.get(row.url) == row.run_id}
    return set(named) - again


def _some(these: Iterable[Any]) -> Iterator[list[Any]]:
    waiting = iter(these)
    while some := list(islice(waiting, _AT_ONCE)):
        yield some
