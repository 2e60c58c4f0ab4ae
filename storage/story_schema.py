"""The tables of copies and stories: what articles are found by, what they are to each other, and what people ruled.

    anchor        which articles have a long run of words in common: a number, see ``storage.anchors``
    sketch        what an article's first and current text are likened to others by
    likeness      what one article is to another: a copy, or related; why, and by which rule
    story_event   what moved articles between stories; each can be undone
    generation    one pass of one rule over the archive; the next one is made beside the one that stands
    regrouped     where the next generation puts articles

Which story an article is of, and which article it is a copy of, stands in ``article`` itself: the articles of a story
have one ``story_id``; the one in its centre is a copy of none, the others are copies of it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table

from storage.columns import SafeJson, Strings, UtcTime
from storage.schema import article, count_type, metadata

anchor = Table(
    "anchor",
    metadata,
    Column("key", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,  # half the size
)

sketch = Table(
    "sketch",
    metadata,
    Column("article", ForeignKey(article.c.seq, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # the version that it is of
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  # of ``storage.sketches``
)

likeness = Table(
    "likeness",
    metadata,
    Column("article_id", ForeignKey(article.c.id, ondelete="CASCADE"), primary_key=True),
    Column("other_id", ForeignKey(article.c.id, ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(9), nullable=False),  # near, contains, contained, related
    Column("jaccard", Float, nullable=False),
    Column("containment", Float, nullable=False),
    Column("guard", String(9)),  # what spoke against a copy
    Column("differing", Strings, nullable=False),  # numbers that only one of them has
    Column("rule", Integer, nullable=False),
    Column("number", Integer, nullable=False),  # the version that was compared
    Column("other_number", Integer, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    Index("ix_likeness_other_id", "other_id"),
)

story_event = Table(
    "story_event",
    metadata,
    Column("seq", count_type, primary_key=True),  # in the order of their coming
    Column("id", String(12), nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(9), nullable=False),  # split, merge, undo; recentred
    Column("article_id", String(16), nullable=False),
    Column("other_id", String(16)),
    Column("undoes", String(12)),  # the event that this one took back
    Column("moved", SafeJson, nullable=False),  # [article, story before, copy of before, story, copy of] each
    Index("ix_story_event_article_id", "article_id"),
    Index("ix_story_event_other_id", "other_id"),
    sqlite_autoincrement=True,
)

generation = Table(
    "generation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", Integer, nullable=False),
    Column("sketch", Integer, nullable=False),
    Column("norm", Integer, nullable=False),
    Column("begun_at", UtcTime, nullable=False),
    Column("done", count_type, nullable=False),  # the last article, by its seq, that it has decided on
    Column("ended_at", UtcTime),  # when it took over
)

regrouped = Table(
    "regrouped",
    metadata,
    Column("article_id", ForeignKey(article.c.id, ondelete="CASCADE"), primary_key=True),
    Column("story_id", String(16), nullable=False),
    Column("copy_of", String(16)),
)
