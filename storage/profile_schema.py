"""The tables of what sites teach: lessons that wait, and the profiles that were made of them.

    lesson      what a page taught, until it is part of a profile
    profile     each version of what is known of a site; its bytes are in the blob store, under ``sha256``

A site is known by ``storage.profiles.site_of``. What the bytes mean is for those who clean.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from storage.columns import SafeText, UtcTime
from storage.schema import count_type, metadata

lesson = Table(
    "lesson",
    metadata,
    Column("seq", count_type, primary_key=True),  # in the order of their coming
    Column("site", SafeText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Index("ix_lesson_site_seq", "site", "seq"),
    sqlite_autoincrement=True,  # a number is never given twice
)

profile = Table(
    "profile",
    metadata,
    Column("site", SafeText, primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1, in the order of their making
    Column("sha256", String(64), nullable=False),
    Column("made_at", UtcTime, nullable=False),
    Column("pages", Integer, nullable=False),  # that it was learned from
    Column("layout", Integer, nullable=False),  # how often the site's layout had changed
    Column("layout_pages", Integer, nullable=False),  # of the pages, those since it changed last
    Column("changed_at", UtcTime),  # when the first profile of this layout was made; None for a site's first
)
