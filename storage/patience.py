"""Patience: how long a question to the archive may take, for those who answer strangers.

Whoever works for themselves waits as long as it takes. Within ``patience(10)`` the database ends whatever it is asked
after ten seconds, and the asker gets OutOfTime; that holds for this thread or task, and what it hands on to others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_seconds: ContextVar[float | None] = ContextVar("seconds", default=None)


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """What is asked within the block may take so many seconds, and no more than those around it have; None: as long as
    it takes, whatever is around it."""
    around = _seconds.get()
    before = _seconds.set(min(seconds, around) if seconds is not None and around is not None else seconds)
    try:
        yield
    finally:
        _seconds.reset(before)


def given() -> float | None:
    """How many seconds a question may take that is begun now."""
    return _seconds.get()
