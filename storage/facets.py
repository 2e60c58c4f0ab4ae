"""Facets: of each article when, where and in which language it is, in a narrow table that is quick to count.

    article_facets   seq, dated_at (its hour alone), source, language, agency, copy_of: as ``article`` has them

It is SQLite's own: a row of ``article`` is six times as wide there, and to look up each hit of a frequent word in it
is most of what counting takes. The database keeps it by itself, with triggers. PostgreSQL counts articles.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    FromClause,
    Integer,
    and_,
    cast,
    column,
    func,
    table,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator

from storage.columns import SafeText
from storage.query_language import Filter

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
_TO_1970 = 62_135_596_800  # seconds from the beginning of the year 1


class Hour(TypeDecorator[datetime]):
    """A time whose minutes are left out, kept as ``hour_of``."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Into the database."""
        return None if value is None else hour_of(value)


facets = table(
    "article_facets",
    column("seq", BigInteger),
    column("dated_at", Hour),
    column("source", SafeText),
    column("language", SafeText),
    column("agency", SafeText),
    column("copy_of", SafeText),
)


def tells(wanted: Filter) -> bool:
    """Whether facets tell whether a filter holds: of times, whole hours alone."""
    at = wanted.value
    if isinstance(at, datetime):
        return at.tzinfo is not None and at == at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return wanted.fact in {"source", "lang", "copy"}


def hour_of(at: datetime) -> int:
    """The hour that a time is of, from the beginning of the year 1: a Monday."""
    return (at.astimezone(UTC) - _BEGINNING) // timedelta(hours=1)


def beginning_of(hour: int) -> datetime:
    """When an hour begins."""
    return _BEGINNING + timedelta(hours=hour)


def are_of(article: FromClause) -> ColumnElement[bool]:
    """Whether facets are those of an article, in its table."""
    since_1970 = cast(func.strftime("%s", article.c.dated_at), Integer)
    same = (
        facets.c[name].is_not_distinct_from(article.c[name]) for name in ("source", "language", "agency", "copy_of")
    )
    hour = (since_1970 + _TO_1970) // 3600
    return and_(facets.c.seq == article.c.seq, type_coerce(facets.c.dated_at, Integer) == hour, *same)
