"""The change log: a number for each time that an article came, changed, moved between stories or was forgotten.

Whoever has followed it, and read each article it named, has what the view ``articles`` shows. Numbers only rise, they
are committed in their order, and each archive has its own: one that was made again begins at 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import ColumnElement, Connection, func, insert, literal, select

from storage import schema
from storage.columns import UtcTime
from storage.database import Database
from storage.errors import NotFound
from storage.reader_schema import change

ChangeKind = Literal["stored", "version", "grouped", "forgotten"]
"""What became of an article. stored: it is new. version: it has another version, or another one stands for it. grouped:
it is of another story, or a copy of another article. forgotten: it is there no more."""

MOST = 10_000
"""Changes that one question gets."""

_AT_ONCE = 500  # ids in one question

_article, _change = schema.article.c, change.c


@dataclass(frozen=True, slots=True)
class Change:
    """One change. number: the version that stood for the article then; None where it was forgotten."""

    seq: int
    at: datetime
    kind: ChangeKind
    article_id: str
    number: int | None


class Changes:
    """What has changed in an archive, in the order in which it was committed. Any method may raise ArchiveUnavailable.

    An article that was forgotten later cannot be read when its earlier changes are met: it is passed over, and a change
    of the kind ``forgotten`` follows.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, seq: int, limit: int = MOST) -> tuple[Change, ...]:
        """The changes after number ``seq``, at most ``limit`` (1 to ``MOST``); 0 begins at the first.

        Nothing is missed and nothing comes twice where each question goes on behind the last answer. Raises NotFound
        for a number that this archive has not given: the mirror is of another archive.
        """
        asked = select(*_change).where(_change.seq > seq).order_by(_change.seq).limit(max(1, min(limit, MOST)))
        with self._database.reading() as connection:
            found = tuple(Change(row.seq, row.at, row.kind, row.article_id, row.number)
                          for row in connection.execute(asked))  # fmt: skip
            if not found and seq > (newest := last(connection)):
                raise NotFound(
                    f"no change {seq:,} in this archive: the last one is {newest:,}",
                    "it was made again, or is a backup of an earlier day: make the mirror again from --since 0",
                )
        return found

    def last(self) -> int:
        """The number of the last change; 0 for none."""
        with self._database.reading() as connection:
            return last(connection)


def enter(connection: Connection, kinds: Mapping[str, ChangeKind], numbers: Mapping[str, int | None]) -> None:
    """Enter a change of each article in ``kinds``; numbers: of the versions that stand for them."""
    if kinds:
        now = datetime.now(UTC)
        rows = [{"at": now, "kind": kind, "article_id": id_, "number": numbers[id_]} for id_, kind in kinds.items()]
        connection.execute(insert(change), rows)


def enter_moved(connection: Connection, ids: Collection[str]) -> None:
    """Enter that articles of the tables are grouped otherwise."""
    moved = sorted(ids)
    for at in range(0, len(moved), _AT_ONCE):
        enter_all(connection, "grouped", _article.id.in_(moved[at : at + _AT_ONCE]))


def enter_all(connection: Connection, kind: ChangeKind, which: ColumnElement[bool]) -> None:
    """Enter a change of every article that the condition holds for."""
    now = literal(datetime.now(UTC), UtcTime)
    rows = select(now, literal(kind), _article.id, _article.current).where(which).order_by(_article.seq)
    connection.execute(insert(change).from_select(["at", "kind", "article_id", "number"], rows))


def last(connection: Connection) -> int:
    """The number of the last change that a transaction sees; 0 for none."""
    return cast(int, connection.scalar(select(func.coalesce(func.max(_change.seq), 0))))
