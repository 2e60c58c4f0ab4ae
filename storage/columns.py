"""The kinds of columns: whatever enters a table is made safe here, and leaves it as Python has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from sqlalchemy import JSON, DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from storage.safe_text import safe_text

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | dict[str, Json] | None"

PLAIN_JSON = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""What a JSON column is in the database itself."""


class SafeText(TypeDecorator[str]):
    """Text of any length, through ``safe_text`` on its way in."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Into the database."""
        return value if value is None else safe_text(value)


class SafeJson(TypeDecorator[Json]):
    """JSON, every string in it through ``safe_text`` on its way in."""

    impl = PLAIN_JSON
    cache_ok = True

    def process_bind_param(self, value: Json, _dialect: Dialect) -> Json:
        """Into the database."""
        return _safe(value)


class Strings(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, kept as a JSON array."""

    impl = PLAIN_JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, _dialect: Dialect) -> list[str] | None:
        """Into the database."""
        return value if value is None else [safe_text(part) for part in value]

    def process_result_value(self, value: Sequence[str] | None, _dialect: Dialect) -> tuple[str, ...] | None:
        """Out of the database."""
        return value if value is None else tuple(value)


class Origins(TypeDecorator[tuple[tuple[str, str], ...]]):
    """Pairs of a field's name and what it came from; in the database a JSON object. They come back in order."""

    impl = PLAIN_JSON
    cache_ok = True

    def process_bind_param(self, value: Sequence[tuple[str, str]] | None, _dialect: Dialect) -> dict[str, str] | None:
        """Into the database."""
        return value if value is None else {safe_text(name): safe_text(origin) for name, origin in value}

    def process_result_value(self, value: dict[str, str] | None, _dialect: Dialect) -> tuple[tuple[str, str], ...]:
        """Out of the database; articles from before have none."""
        return tuple(sorted((value or {}).items()))


class UtcTime(TypeDecorator[datetime]):
    """An aware time, UTC in and out; SQLite itself keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database; ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be kept: {value.isoformat()}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Out of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _safe(value: Json) -> Json:
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, dict):
        return {safe_text(key): _safe(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(part) for part in value]
    return value
