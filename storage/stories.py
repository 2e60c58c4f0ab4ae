"""Stories: one text in many papers; who had it, why it is one, and the say that people have in it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol

from storage import reading, regrouping
from storage.database import Database
from storage.explaining import Link, explain
from storage.likeness import Likeness
from storage.records import Query
from storage.regrouping import StoryEvent
from storage.rulings import Ruling, RulingKind
from storage.spread import Spread, Story, likenesses, story, widest


class Bench(Protocol):
    """The part of a transaction that carries out rulings: see ``storage.intake``."""

    def rule(self, ruling: Ruling, *, is_known: bool = False) -> str | None:
        """Carry out a ruling."""


class Stories:
    """The stories of an archive. Articles are named as everywhere. Every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database, taking_in: Callable[[], AbstractContextManager[Bench]]) -> None:
        self._database = database
        self._taking_in = taking_in

    def widest(self, query: Query) -> tuple[Spread, ...]:
        """The stories that most outlets had, widest first; those of one address are left out. ``words`` are ignored."""
        with self._database.reading() as connection:
            return widest(connection, query)

    def of(self, article: str) -> Story:
        """The story that an article is of; it may be its only one."""
        with self._database.reading() as connection:
            return story(connection, reading.full_id(connection, article))

    def likenesses(self, article: str) -> tuple[Likeness, ...]:
        """What an article is to others, and others to it, the closest first."""
        with self._database.reading() as connection:
            return likenesses(connection, reading.full_id(connection, article))

    def links(self, article: str) -> tuple[Link, ...]:
        """Why an article is a copy of another, and what it is related to."""
        with self._database.reading() as connection:
            return explain(connection, reading.full_id(connection, article))

    def events(self, article: str | None = None, limit: int = 50) -> tuple[StoryEvent, ...]:
        """What moved articles between stories, newest first; with ``article``, those that moved it, or copies of it."""
        with self._database.reading() as connection:
            id_ = None if article is None else reading.full_id(connection, article)
            return regrouping.events(connection, id_, limit)

    def split(self, article: str) -> str:
        """Take an article out of its story; the id of the event. Raises Unruly where it is alone."""
        return self._rule("split", self._full_id(article))

    def merge(self, article: str, other: str) -> str:
        """Make the story of ``other`` part of that of ``article``; the id of the event. Raises Unruly where it is."""
        return self._rule("merge", self._full_id(article), self._full_id(other))

    def undo(self, event: str) -> str:
        """Take an event back; the id of the event that did. Raises Unruly where others came after, and NotFound."""
        return self._rule("undo", event=event)

    def restore(self, ruling: Ruling) -> None:
        """Carry out a ruling that the log has."""
        with self._taking_in() as intake:
            intake.rule(ruling, is_known=True)

    def _rule(
        self, kind: RulingKind, article: str | None = None, other: str | None = None, event: str | None = None
    ) -> str:
        with self._taking_in() as intake:
            return intake.rule(Ruling(kind, datetime.now(UTC), article, other, event)) or ""

    def _full_id(self, article: str) -> str:
        with self._database.reading() as connection:
            return reading.full_id(connection, article)
