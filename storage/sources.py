"""Sources: the outlets as their files define them, what their addresses taught, and the slots that were not run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import crawl_schema, schema
from storage.database import Database
from storage.errors import NotFound
from storage.frontier import Writing
from storage.leases import clock
from storage.links import Skipped, SourceRecord

_source, _shape, _skipped, _run = crawl_schema.source.c, crawl_schema.shape.c, crawl_schema.skipped.c, schema.run.c
_RECORD = [_source[name] for name in SourceRecord.__dataclass_fields__]


class Sources:
    """The outlets that an archive knows. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, writing: Writing) -> None:
        self._database = database
        self._writing = writing

    def sync(self, records: Sequence[SourceRecord], *, all_there_are: bool = False) -> None:
        """Take over what the files say. all_there_are: others are switched off; what they brought stays."""
        with self._writing() as connection:
            now = clock(connection)
            dialect_insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
            upsert = dialect_insert(crawl_schema.source)
            changed = {
                name: upsert.excluded[name]
                for name in (*SourceRecord.__dataclass_fields__, "synced_at")
                if name not in ("name", "verified_at")
            }
            if records:
                connection.execute(
                    upsert.on_conflict_do_update(index_elements=["name"], set_=changed),
                    [asdict(record) | {"synced_at": now} for record in records],
                )
            if all_there_are:
                names = [record.name for record in records]
                connection.execute(
                    update(crawl_schema.source)
                    .where(_source.enabled, _source.name.not_in(names))
                    .values(enabled=False, synced_at=now)
                )

    def all(self) -> tuple[SourceRecord, ...]:
        """Every outlet, by name."""
        with self._database.reading() as connection:
            return tuple(SourceRecord(*row) for row in connection.execute(select(*_RECORD).order_by(_source.name)))

    def get(self, name: str) -> SourceRecord:
        """An outlet. Raises NotFound."""
        with self._database.reading() as connection:
            row = connection.execute(select(*_RECORD).where(_source.name == name)).one_or_none()
        if row is None:
            raise NotFound(f"no source {name!r}", "copydesk sources list")
        return SourceRecord(*row)

    def shapes(self, source: str) -> Mapping[str, tuple[int, int]]:
        """The shapes of a source's addresses: how many of each were articles, how many were not."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(_shape.shape, _shape.articles, _shape.others).where(_shape.source == source)
            )
            return {row.shape: (row.articles, row.others) for row in rows}

    def last_slot(self, source: str, until: str | None = None) -> str | None:
        """The latest slot of a source, up to ``until``, that was run or skipped; slots sort as their times do."""
        of_runs = select(func.max(_run.slot)).where(_run.source == source)
        of_skips = select(func.max(_skipped.last_slot)).where(_skipped.source == source)
        if until is not None:
            of_runs, of_skips = of_runs.where(_run.slot <= until), of_skips.where(_skipped.last_slot <= until)
        with self._database.reading() as connection:
            ends = (connection.scalar(of_runs), connection.scalar(of_skips))
            return max((slot for slot in ends if slot), default=None)

    def last_slots(self, names: Collection[str]) -> Mapping[str, str]:
        """Of each of these sources, the latest slot that was run or skipped; those without any left out."""
        of_runs = select(func.max(_run.slot)).where(_run.source == _source.name).scalar_subquery()
        of_skips = select(func.max(_skipped.last_slot)).where(_skipped.source == _source.name).scalar_subquery()
        asked = select(_source.name, of_runs.label("ran"), of_skips.label("skipped")).where(_source.name.in_(names))
        with self._database.reading() as connection:
            ends = {row.name: max(row.ran or "", row.skipped or "") for row in connection.execute(asked)}
        return {name: slot for name, slot in ends.items() if slot}

    def skip(self, skipped: Skipped) -> None:
        """Note that slots were not run."""
        with self._writing() as connection:
            connection.execute(insert(crawl_schema.skipped).values(**asdict(skipped)))

    def skipped(self, source: str | None = None, limit: int = 1000) -> tuple[Skipped, ...]:
        """The slots that were not run, latest first."""
        columns = [_skipped[name] for name in Skipped.__dataclass_fields__]
        asked = select(*columns).order_by(_skipped.id.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(asked.where(_skipped.source == source) if source else asked)
            return tuple(Skipped(*row) for row in rows)
