"""Profiles: what sites have shown so far, in versions, and the lessons that wait to be part of the next.

What the bytes mean is for those who clean. A site is the host of an address: all sources learn of it together, since
its pages look alike whoever named them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Connection, and_, delete, func, insert, select

from storage import profile_schema
from storage.blobs import Blobs
from storage.database import Database
from storage.learned import Learned, Traits
from storage.url_key import host_of

LARGEST_LESSON = 256 << 10
"""Bytes: a page that has more to teach is no usual page, and teaches nothing."""

_LONGEST_SITE = 255  # characters; a name of the internet has no more
_RELEARNED = 5  # pages after which a new layout is known again

_lesson, _profile = profile_schema.lesson.c, profile_schema.profile.c


def site_of(url: str | None) -> str | None:
    """What the profile of an address is known by: its host, twins such as ``www.`` and ``m.`` as one."""
    site = host_of(url) if url else None
    return site if site and len(site) <= _LONGEST_SITE else None


@dataclass(frozen=True, slots=True)
class KeptLesson:
    """What a page taught. seq: lessons of a site are numbered in the order of their coming, not without gaps."""

    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Profile:
    """The newest version of what is known of a site. sha256: names its bytes. Traits as ``storage.learned`` has them.

    changed_at: when the site's layout was found to have changed, the last time; None where it never was.
    """

    site: str
    number: int
    sha256: str
    made_at: datetime
    pages: int
    layout: int
    layout_pages: int
    changed_at: datetime | None

    @property
    def is_learning_again(self) -> bool:
        """Whether the layout has changed so lately that little is known of the new one."""
        return self.changed_at is not None and self.layout_pages < _RELEARNED


class Making(Protocol):
    """The part of a transaction that enters profiles: see ``storage.intake``."""

    def learn(self, learned: Learned, body: bytes | None) -> bool:
        """Enter a profile."""


class Profiles:
    """The profiles of an archive. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(
        self, database: Database, blobs: Blobs, taking_in: Callable[[], AbstractContextManager[Making]]
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._taking_in = taking_in

    def newest(self, site: str) -> Profile | None:
        """The newest profile of a site; None where nothing was learned yet."""
        return next(iter(self._newest(site)), None)

    def all(self) -> tuple[Profile, ...]:
        """The newest profile of each site, by site."""
        return self._newest()

    def body(self, sha256: str) -> bytes:
        """The bytes of a profile. Raises NotFound, and Damaged where they are not what their name says."""
        return self._blobs.get(sha256)

    def keep(self, body: bytes) -> str:
        """Keep bytes that a page is going to be cleaned with; their sha256. They are durable when this returns."""
        sha256 = self._blobs.put(body)
        self._blobs.flush()
        return sha256

    def waiting(self, sites: Sequence[str]) -> dict[str, int]:
        """How many lessons of each site wait; a site without one is left out."""
        asked = select(_lesson.site, func.count()).where(_lesson.site.in_(sites)).group_by(_lesson.site)
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(asked)}

    def lessons(self, site: str, limit: int) -> tuple[KeptLesson, ...]:
        """The lessons of a site that have waited longest."""
        asked = select(_lesson.seq, _lesson.body).where(_lesson.site == site).order_by(_lesson.seq).limit(limit)
        with self._database.reading() as connection:
            return tuple(KeptLesson(*row) for row in connection.execute(asked))

    def put(self, site: str, number: int, body: bytes, lessons: Sequence[KeptLesson], traits: Traits) -> bool:
        """Make ``body`` the number-th profile of a site, and take the lessons that are part of it off the waiting.

        False, with nothing changed, where somebody else was first. lessons: the longest waiting ones, in order.
        """
        with self._taking_in() as intake:
            return intake.learn(Learned(site, number, "", len(lessons), traits, datetime.now(UTC)), body)

    def restore(self, learned: Learned) -> bool:
        """Enter a profile as the log has it; its bytes are kept already. False where it or a later one is there."""
        with self._taking_in() as intake:
            return intake.learn(learned, None)

    def _newest(self, site: str | None = None) -> tuple[Profile, ...]:
        asked = select(_profile.site, func.max(_profile.number).label("number")).group_by(_profile.site)
        last = (asked.where(_profile.site == site) if site is not None else asked).subquery()
        columns = [_profile[name] for name in Profile.__dataclass_fields__]
        rows = select(*columns).join(last, and_(_profile.site == last.c.site, _profile.number == last.c.number))
        with self._database.reading() as connection:
            return tuple(Profile(*row) for row in connection.execute(rows.order_by(_profile.site)))


def enter(connection: Connection, learned: Learned, *, gaps: bool = False) -> bool:
    """Enter a profile, and delete the lessons in it; False where its number is not the next, or with gaps, a later."""
    last = connection.execute(
        select(_profile.number, _profile.layout, _profile.changed_at)
        .where(_profile.site == learned.site)
        .order_by(_profile.number.desc())
        .limit(1)
    ).one_or_none()
    following = (last.number if last else 0) + 1
    if learned.number < following or (learned.number > following and not gaps):
        return False
    changed_at = last and last.changed_at
    if learned.traits.layout > (last.layout if last else 0):
        changed_at = learned.made_at
    connection.execute(
        insert(profile_schema.profile).values(
            site=learned.site, number=learned.number, sha256=learned.sha256, made_at=learned.made_at,
            changed_at=changed_at, **asdict(learned.traits),
        )
    )  # fmt: skip
    folded = select(_lesson.seq).where(_lesson.site == learned.site).order_by(_lesson.seq).limit(learned.folded)
    connection.execute(delete(profile_schema.lesson).where(_lesson.seq.in_(folded)))
    return True
