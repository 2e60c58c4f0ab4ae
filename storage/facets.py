"""Facets: of each article when, where and in which language it is, in a narrow table that is quick to count.

    article_facets   seq, dated_at (its hour alone), source, language, agency, copy_of: as ``article`` has them

It is SQLite's own: a row of ``article`` is six times as wide there, and to look up each hit of a frequent word in it
is most of what counting takes. The database keeps it by itself, with triggers. PostgreSQL counts articles.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Dialect, Integer, column, table, type_coerce
from sqlalchemy.types import TypeDecorator

from storage.columns import SafeText
from storage.query_language import Filter


class Hour(TypeDecorator[datetime]):
    """A time whose minutes are left out, kept as the hours since the year 1 began: on a Monday."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Into the database."""
        if value is None:
            return None
        at = value.astimezone(UTC)
        return (at.toordinal() - 1) * 24 + at.hour


facets = table(
    "article_facets",
    column("seq", BigInteger),
    column("dated_at", Hour),
    column("source", SafeText),
    column("language", SafeText),
    column("agency", SafeText),
    column("copy_of", SafeText),
)


def are_told(filters: Sequence[Filter]) -> bool:
    """Whether facets tell whether filters hold: of times, whole hours alone."""
    return all(
        _is_whole(each.value) if isinstance(each.value, datetime) else each.fact in {"source", "lang", "copy"}
        for each in filters
    )


def span(hours: int) -> ColumnElement[int]:
    """The number of the span, each of so many hours, that an article is dated in; see ``beginning_of``."""
    return type_coerce(facets.c.dated_at, Integer).op("/")(hours)


def beginning_of(number: int, hours: int) -> datetime:
    """When a span begins, in UTC."""
    return datetime.min.replace(tzinfo=UTC) + timedelta(hours=number * hours)


def _is_whole(at: datetime) -> bool:
    return not (at.minute or at.second or at.microsecond)
