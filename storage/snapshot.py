"""A snapshot: the answers to a query at one moment, however long it takes to read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from storage import change_log, reading, search
from storage.records import ArchivedArticle, Query


@dataclass(frozen=True, slots=True)
class Snapshot:
    """number: how many articles there are, whatever the query's limit. seq: the last change that is in it."""

    number: int
    seq: int
    articles: Iterator[ArchivedArticle]


def snapshot(connection: Connection, query: Query) -> Snapshot:
    """What a transaction sees. The articles are read one after the other, as long as it is open."""
    dialect = connection.dialect.name
    number = connection.scalar(search.number_of_hits(query, dialect)) or 0
    return Snapshot(number, change_log.last(connection), reading.stream(connection, search.hits(query, dialect)))
