"""Whether an article is free to read, as its page says it or shows it, and whether the page is but a teaser of it."""

from __future__ import annotations

import re

from pipelines.page_head import PageHead
from pipelines.structured_data import Structured

_TIER = re.compile(r"(?:^|[:._-])(?:content[_-]?tier|article[._-]access(?:_status)?)$")
_IS_PAID = re.compile(r"(?:^|[:._-])(?:is[_-]?)?(?:paid|premium)(?:[_-]?content)?$")
_FREE = frozenset({"free", "false", "no", "0", "open", "public"})
_PAID = frozenset({"paid", "locked", "metered", "premium", "subscriber", "subscribers", "true", "yes", "1"})
_OFFER = re.compile(  # what a wall that is shown says, and an element of a page that only bears its name does not
    r"subscri|abonn|\babo\b|suscri|assin|prenumer|подпис|会員|會員|订阅|訂閱|구독|[€$£]\s?\d|\d\s?(?:[€$£]|kr\b)",
    re.IGNORECASE,
)
_OFFERED = range(40, 900)  # characters of such an element; a longer one holds the article
_TEASER = 150  # words: few articles that are sold are so short
_PART = 0.6  # of the words that the whole is said to have


def access_of(head: PageHead, structured: Structured) -> tuple[str | None, str | None]:
    """``free`` or ``paid``, and what says so: ``json-ld``, ``meta`` or ``markup``."""
    if structured.is_free is not None:
        return "free" if structured.is_free else "paid", "json-ld"
    for name, values in head.metas.items():
        value = values[0].lower()
        if name == "isaccessibleforfree" and value in {"true", "false"}:
            return "free" if value == "true" else "paid", "meta"
        if _TIER.search(name) or (_IS_PAID.search(name) and value not in {"open", "public"}):
            if value in _FREE:
                return "free", "meta"
            if value in _PAID:
                return "paid", "meta"
    if any(len(text) in _OFFERED and _OFFER.search(text) for text in head.walls):
        return "paid", "markup"
    return None, None


def is_teaser(access: str | None, words: int, stated: int | None) -> bool:
    """Whether a text of so many words is only the beginning of a paid one. stated: how many the page says it has."""
    if access != "paid":
        return False
    return words < _TEASER or (stated is not None and words < _PART * stated)
