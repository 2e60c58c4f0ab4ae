"""Claimed: titles, descriptions, names and dates as places write them, made plain and sound."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from datetime import datetime

from crawler.listings.listing import LeftOut
from pipelines.dates import is_plausible, read_date
from storage.safe_text import safe_text

LONGEST_TITLE = 1_000
LONGEST_DESCRIPTION = 2_000
_LONGEST_NAME = 200
_MOST_NAMES = 50  # authors or keywords of one entry

_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"</?(?:p|br|div|li|h[1-6]|td|tr|blockquote)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_LETTER = re.compile(r"[^\W\d_]")
_MAIL = re.compile(r"\S+@\S+\.\S+")


def plain_text(markup: str, longest: int, left_out: LeftOut, what: str) -> str | None:
    """The text of a piece of HTML on one line, cut after ``longest`` characters, which is counted as ``what``."""
    text = html.unescape(_TAG.sub("", _BREAK.sub(" ", _UNSEEN.sub(" ", markup))))
    text = " ".join(safe_text(text).split())
    if len(text) > longest:
        left_out[f"{what} cut after {longest:,} characters"] += 1
        text = text[:longest].rstrip()
    return text or None


def names(written: Iterable[str], left_out: LeftOut, what: str) -> tuple[str, ...]:
    """Each name once; no bare mail addresses, and nothing without a letter."""
    found: dict[str, None] = {}
    for name in written:
        plain = plain_text(name, _LONGEST_NAME, left_out, what)
        if plain and _LETTER.search(plain) and not _MAIL.fullmatch(plain):
            found[plain] = None
    if len(found) > _MOST_NAMES:
        left_out[f"entry with more than {_MOST_NAMES} {what}s, cut"] += 1
    return tuple(found)[:_MOST_NAMES]


def claimed_date(written: str | None, now: datetime, left_out: LeftOut) -> datetime | None:
    """The date in UTC, which is assumed where no zone is stated. None, and counted, where it cannot be.

    That is: before 1990, more than 48 hours after ``now``, or not to be read.
    """
    if not written or not written.strip():
        return None
    moment = read_date(written.strip())
    if moment is None:
        left_out["date that cannot be read"] += 1
        return None
    if not is_plausible(moment, now):
        left_out["date before 1990 or in the future"] += 1
        return None
    return moment.at
