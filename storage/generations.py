"""Generations: passes of one rule over the archive. The last that ended stands; the next is made beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from storage.story_schema import generation

_generation = generation.c


@dataclass(frozen=True, slots=True)
class Generation:
    """One pass. rule, sketch, norm: the versions of the rule, of the sketches and of the normal form that it goes by;
    a rule of 0 likened nothing. done: the seq of the last article that it has decided on. ended_at: None under way."""

    number: int
    rule: int
    sketch: int
    norm: int
    begun_at: datetime
    done: int
    ended_at: datetime | None

    @property
    def made_by(self) -> tuple[int, int, int]:
        """What another generation must differ in to be worth making."""
        return self.rule, self.sketch, self.norm


def standing(connection: Connection) -> Generation | None:
    """The generation that stands; None in an archive that has no article with a sketch yet."""
    return _last(connection, _generation.ended_at.is_not(None))


def coming(connection: Connection) -> Generation | None:
    """The generation that is being made."""
    return _last(connection, _generation.ended_at.is_(None))


def begin(connection: Connection, number: int, rule: int, sketch: int, norm: int, *, ended: bool = False) -> None:
    """Enter a generation. ended: it is that of a fresh archive, and stands at once."""
    now = datetime.now(UTC)
    row = {"number": number, "rule": rule, "sketch": sketch, "norm": norm, "begun_at": now, "done": 0}
    connection.execute(insert(generation).values(row | {"ended_at": now if ended else None}))


def _last(connection: Connection, condition: object) -> Generation | None:
    columns = [_generation[name] for name in Generation.__dataclass_fields__]
    row = connection.execute(
        select(*columns).where(condition).order_by(_generation.number.desc()).limit(1)  # type: ignore[arg-type]  # a condition
    ).one_or_none()
    return None if row is None else Generation(*row)
