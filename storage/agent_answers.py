"""What agents are answered: bounded records, with what strangers wrote in fields named ``quoted_…``.

What a tool answers with has no slots: the library of the protocol (mcp 2.3) takes them for default values.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from storage.records import ArchivedArticle, Results
from storage.snippet import snippet
from storage.spread import Member, Story
from storage.terms import Term
from storage.times import rfc3339

CHARACTERS = 20_000
"""Of an article's text in one answer."""

MEMBERS = 50
"""Articles of a story in one answer."""

_TITLE = 500  # characters of what is one line to a reader


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found. published_at is empty where it is unknown."""

    id: str
    quoted_title: str
    source: str | None
    url: str | None
    language: str | None
    published_at: str | None
    fetched_at: str
    story_id: str
    copy_of: str | None
    quoted_snippet: str

    @classmethod
    def of(cls, article: ArchivedArticle, words: str) -> Self:
        """With a snippet that shows ``words``."""
        return cls(
            article.id, _line(article.title), article.source, _shown(article.url), article.language,
            _written(article.published_at), rfc3339(article.fetched_at), article.story_id, article.copy_of,
            snippet(article.text, words).text,
        )  # fmt: skip


@dataclass(frozen=True)
class Found:
    """count: all that answer. after: give it back to get the next articles; null where there are no more.

    notes: what of the query was read otherwise than it may have been meant.
    """

    count: int
    articles: list[Hit]
    after: str | None
    notes: list[str]

    @classmethod
    def of(cls, count: int, results: Results, notes: tuple[str, ...], words: str) -> Self:
        """Some of the articles that were found."""
        hits = [Hit.of(article, words) for article in results.articles]
        return cls(count, hits, None if results.after is None else str(results.after), list(notes))


@dataclass(frozen=True)
class Reading:
    """An article, and a stretch of its text. next_start: give it as start to read on; null at the end."""

    id: str
    quoted_title: str
    quoted_text: str
    start: int
    characters: int
    next_start: int | None
    source: str | None
    url: str | None
    quoted_authors: list[str]
    agency: str | None
    language: str | None
    published_at: str | None
    published_precision: str | None
    fetched_at: str
    story_id: str
    copy_of: str | None
    flags: list[str]

    @classmethod
    def of(cls, article: ArchivedArticle, start: int) -> Self:
        """From the character ``start`` on."""
        whole, end = len(article.text), start + CHARACTERS
        return cls(
            article.id, _line(article.title), article.text[start:end], start, whole, end if end < whole else None,
            article.source, _shown(article.url), [_line(name) for name in article.authors[:50]], article.agency,
            article.language, _written(article.published_at), article.published_precision,
            rfc3339(article.fetched_at), article.story_id, article.copy_of, list(article.flags),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """One article of a story. share: how much of the centre's text stands in it, 0 to 1."""

    id: str
    quoted_title: str
    source: str | None
    url: str | None
    published_at: str | None
    first_seen_at: str
    places: int
    share: float | None

    @classmethod
    def of(cls, member: Member) -> Self:
        """A member of a story."""
        return cls(
            member.article_id, _line(member.title), member.source, _shown(member.url), _written(member.published_at),
            rfc3339(member.first_seen_at), member.places, member.share,
        )  # fmt: skip


@dataclass(frozen=True)
class Telling:
    """A story: an article in its centre, and its copies, first seen first. left_out: articles beyond those."""

    id: str
    centre: str
    quoted_title: str
    outlets: int
    places: int
    agency: str | None
    language: str | None
    first_seen_at: str
    articles: list[Copy]
    left_out: int

    @classmethod
    def of(cls, story: Story) -> Self:
        """Its first members."""
        members = [Copy.of(member) for member in story.members[:MEMBERS]]
        return cls(
            story.id, story.centre, _line(story.title), story.outlets, story.places, story.agency, story.language,
            rfc3339(story.first_seen_at), members, len(story.members) - len(members),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """key: null where it is unknown."""

    key: str | None
    number: int


@dataclass(frozen=True)
class Counted:
    """total: of all keys. left_out: keys beyond those."""

    total: int
    counts: list[Number]
    left_out: int


@dataclass(frozen=True)
class TopTerms:
    """Terms of a result, the most surprising first; each with its articles in the result and elsewhere."""

    quoted_terms: list[Term]


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TITLE else line[:_TITLE] + "…"


def _shown(url: str | None) -> str | None:
    return url if url is None or len(url) <= 2_000 else url[:2_000] + "…"


def _written(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
