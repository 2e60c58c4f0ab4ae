"""Cron expressions, checked: five fields, in ranges, on a day that exists."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ITEM = re.compile(r"(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class _Field:
    """first, last: the range. names: of the values, from the first on; numbers are refused where only_names."""

    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()
    only_names: bool = False


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    # Some programs count weekdays from Sunday and some from Monday: a name is never wrong.
    _Field("weekday", 0, 6, _WEEKDAYS, only_names=True),
)


def check_cron(expression: str) -> None:
    """Raise ValueError, saying what is wrong, unless ``expression`` is minute, hour, day, month and weekday.

    Each field: ``*``, a value, a range ``a-b``, with a step ``/n`` after ``*`` or a range of numbers, or a list of
    these with commas. Months may have names (``jan``); weekdays must (``mon-fri``).
    """
    parts = expression.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"five fields are needed (minute hour day month weekday), not {len(parts)}")
    _, _, days, months, _ = (_values(field, part) for field, part in zip(_FIELDS, parts, strict=True))
    if min(days) > max(_LONGEST_MONTHS[month - 1] for month in months):
        raise ValueError("no such day in these months: it would never run")


def _values(field: _Field, part: str) -> set[int]:
    values: set[int] = set()
    for item in part.split(","):
        if not (match := _ITEM.fullmatch(item)):
            raise ValueError(f"{field.name}: not a value, a range or a step")
        first, last, step = match.groups()
        if step is not None and (int(step) == 0 or (first is not None and (last is None or not first.isdigit()))):
            raise ValueError(f"{field.name}: a step above 0 follows * or a range of numbers")
        start = field.first if first is None else _value(field, first)
        end = field.last if first is None else start if last is None else _value(field, last)
        if start > end:
            raise ValueError(f"{field.name}: the range ends before it starts")
        if step is not None and int(step) > end - start:
            raise ValueError(f"{field.name}: a step longer than its range")
        values.update(range(start, end + 1, int(step or 1)))
    return values


def _value(field: _Field, text: str) -> int:
    if text in field.names:
        return field.first + field.names.index(text)
    if field.only_names:
        raise ValueError(f"{field.name}: named {', '.join(field.names)}")
    if not text.isdigit() or not field.first <= int(text) <= field.last:
        raise ValueError(f"{field.name}: not between {field.first} and {field.last}")
    return int(text)
