"""Rechecks: when a known article is looked at again, by its age, and how many of a source are."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.links import Link

MOST_AT_ONCE = 10
"""Known articles that are looked at again beside one look at a source."""

_AGES = (
    (timedelta(hours=3), timedelta(minutes=15)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=7), timedelta(hours=3)),
    (timedelta(days=28), timedelta(days=1)),
    (timedelta(days=366), timedelta(days=28)),
)
"""Up to which age, how often: as newsdiffs did it for the first week. Later, edits are rare, and it is withdrawals that
are looked for."""


def ask_at(link: Link, now: datetime, fresh: timedelta, published_at: datetime | None = None) -> datetime | None:
    """When a link is to be asked again, or, of a listing, may be; None for an article that is too old.

    fresh: for how long the answer says that it holds.
    """
    if link.kind != "article":
        return now + max(fresh, timedelta(seconds=link.rest or 0))
    stated = published_at or link.claims.published_at
    age = now - min(link.found_at, stated or link.found_at)
    return next((now + max(every, fresh) for most, every in _AGES if age < most), None)


def earned(credit: float, requests: int, share: float) -> float:
    """The credit of a source after a look: how many known articles may be looked at again, so that they are the given
    share of its requests. requests: of the look."""
    return min(credit + requests * share / (1 - share), float(MOST_AT_ONCE))
