"""The tables of those who read the archive: what is new since they last asked, and what they want to be told.

    change      each time an article came, changed, moved between stories or was forgotten: a number that only rises
    tombstone   what was forgotten must not come back: keys of its addresses, texts and bytes, and nothing of itself
    token       who may ask over HTTP, by the hash of what they say
    asked       requests that file a crawl, by the key that makes asking twice the same as once
    watch       saved searches, and how their finds are told
    notice      what a watch has found, until it is told

One transaction writes at a time (``storage.database``), so changes are committed in the order of their numbers: whoever
has read up to a number has missed nothing below it.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, text

from storage.columns import SafeJson, SafeText, UtcTime
from storage.schema import count_type, metadata

change = Table(
    "change",
    metadata,
    Column("seq", count_type, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(9), nullable=False),  # see ``storage.change_log``
    Column("article_id", String(16), nullable=False, index=True),  # not a foreign key: it outlives the article
    Column("number", Integer),  # the version that stands for it then
    sqlite_autoincrement=True,  # a number is never given twice
)

tombstone = Table(
    "tombstone",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(7), nullable=False),  # article, address, content, bytes: what the key is of
    Column("article_id", String(16), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # sha256 of the token
    Column("scope", String(5), nullable=False),  # read, or write: that includes read
    Column("made_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)

asked = Table(
    "asked",
    metadata,
    Column("key", String(64), primary_key=True),  # sha256 of who asks and the key they gave
    Column("request", String(64), nullable=False),  # sha256 of what was asked for
    Column("run_id", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
)

watch = Table(
    "watch",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("query", SafeJson, nullable=False),
    Column("way", String(7), nullable=False),  # webhook, email, command
    Column("target", SafeText, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("since", count_type, nullable=False),  # the change after which what is stored is new to it
    Column("seen", count_type, nullable=False),  # the change up to which articles were matched
    Column("secret", SafeText),  # what its webhooks are signed with
    Column("matched_at", UtcTime),
    Column("told_at", UtcTime),
)

notice = Table(
    "notice",
    metadata,
    Column("watch", ForeignKey("watch.name", ondelete="CASCADE"), primary_key=True),
    Column("article_id", String(16), primary_key=True),
    Column("found_at", UtcTime, nullable=False),
    Column("delivery", String(32)),  # those that are told together, from the first attempt on
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime, nullable=False),  # when it is tried next; while it is being told, when that is void
    Column("told_at", UtcTime),
    Column("given_up_at", UtcTime),
    Column("why", SafeText),  # what went wrong the last time
    Index("ix_notice_untold", "watch", "not_before", sqlite_where=text("told_at IS NULL"),
          postgresql_where=text("told_at IS NULL")),
)  # fmt: skip
