"""What a block of a page is, by the tags and names that it stands in: for its reason when it goes, for a user's choice.

Whether a block goes is not decided here: names alone were measured to mislead more often than they help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pipelines.block_features import BlockFeatures
from pipelines.block_tree import BUTTON, FIGURE, FOOTER, FORM, HEADER, HIDDEN, LIST, NAV, QUOTE, TABLE, BlockTree
from storage.records import Reason

Part = Literal["standfirst", "subheads", "lists", "tables", "embeds", "captions", "text"]
"""What some count to an article and others do not: ``pipelines.choices.PARTS``, and the rest."""

PART_REASONS: Mapping[str, Reason] = {"embeds": "embed", "captions": "caption"}
"""Why a part goes that a user does not want; ``other`` for the rest."""

_LEVELS = 4  # elements looked at: the block's own, and those around it
_LONG_LINK = 25  # characters from which a link alone is a headline, not an entry of a menu
_BIO = 60  # characters from which what stands in an author's box is more than a name

_SAID_BY: Mapping[Reason, frozenset[str]] = {
    "comment": frozenset({"comment", "comments", "commenting", "disqus", "discussion", "respond", "reply", "replies"}),
    "appeal": frozenset(
        (
            *("newsletter", "newsletters", "subscribe", "subscription", "subscriber", "signup", "donate", "donation"),
            *("donations", "paywall", "regwall", "membership", "abo", "piano", "optin"),
        )
    ),
    "embed": frozenset(
        ("tweet", "twitter", "instagram", "facebook", "tiktok", "youtube", "embed", "bluesky", "telegram", "reddit")
    ),
    "related": frozenset(
        (
            *("related", "relateds", "recommend", "recommended", "recommendations", "readmore", "teaser", "teasers"),
            *("promo", "popular", "trending", "outbrain", "taboola", "mostread", "latest", "siblings", "recirculation"),
            *("suggested", "suggestions", "alsoread", "readnext", "upnext"),
        )
    ),
    "widget": frozenset(
        (
            *("share", "sharing", "shares", "social", "follow", "addthis", "toolbar", "print", "bookmark", "login"),
            *("register", "feedback", "rating", "vote", "cookie", "consent", "modal", "popup", "overlay", "player"),
            *("advert", "advertisement", "ads", "sponsored", "sponsor"),
        )
    ),
    "credit": frozenset({"credit", "credits", "copyright", "photographer"}),
    "caption": frozenset({"caption", "captions", "figcaption", "legend", "gallery", "slideshow", "photo"}),
    "byline": frozenset({"byline", "author", "authors", "writer", "contributor", "contributors", "bio"}),
    "dateline": frozenset({"date", "datetime", "timestamp", "time", "published", "pubdate", "updated", "dateline"}),
    "nav": frozenset(
        ("breadcrumb", "breadcrumbs", "menu", "navigation", "navbar", "nav", "tags", "tag", "topics", "keywords")
    ),
    "imprint": frozenset({"footer", "imprint", "disclaimer", "colophon"}),
}
_KINDS = tuple(_SAID_BY)
_RANKS = {token: rank for rank, kind in reversed(list(enumerate(_KINDS))) for token in _SAID_BY[kind]}
_STANDFIRSTS = frozenset(
    (
        *("standfirst", "dek", "deck", "summary", "subtitle", "subheadline", "subheading", "lead", "lede", "intro"),
        *("chapo", "vorspann", "sapo", "excerpt", "description", "abstract", "strapline", "sommario", "entradilla"),
    )
)
_SUBHEADS = frozenset({"h2", "h3", "h4", "h5", "h6"})


class Surroundings:
    """What stands around the blocks of one page, looked up once for each element."""

    def __init__(self, tree: BlockTree, seen: BlockFeatures) -> None:
        self._tree = tree
        self._seen = seen
        self._said: list[Reason | None] = [_said_by(parts) for parts in seen.names]
        self._parts = seen.names
        self._names = seen.name.tolist()

    def reason(self, at: int) -> tuple[Reason, str]:
        """Why block ``at``, which is not of the article, may be there; and the rule that says so."""
        tree, block = self._tree, self._tree.blocks[at]
        flags = tree.flags[block.element]
        length = len(block.text)
        linked = block.linked > 0.8 * length
        if flags & NAV:
            return "nav", "block.nav"
        said = self._nearest(block.element)
        if said == "byline" and length >= _BIO and not linked:
            return "bio", "block.bio"
        if said is not None and not (said in ("dateline", "byline") and length > 2 * _BIO):
            return said, f"block.{said}"
        if flags & FIGURE:
            return "caption", "block.figure"
        if flags & FOOTER:
            return ("nav", "block.footer") if linked else ("imprint", "block.footer")
        if flags & (FORM | BUTTON):
            return "widget", "block.form"
        if linked:
            return ("related", "block.link") if length >= _LONG_LINK else ("nav", "block.link")
        if flags & HEADER and length < _BIO:
            return "nav", "block.header"
        return "other", "block.hidden" if flags & HIDDEN else "block.unlike-article"

    def part(self, at: int, *, is_description: bool, before_body: bool) -> Part:
        """Which part of an article block ``at`` would be."""
        tree, block = self._tree, self._tree.blocks[at]
        element = block.element
        flags, tag = tree.flags[element], tree.tag[element]
        said = self._nearest(element)
        if said == "embed":
            return "embeds"
        if flags & FIGURE or said == "caption":
            return "captions"
        if tag in _SUBHEADS and not (before_body and is_description):
            return "subheads"
        if before_body and (is_description or not _STANDFIRSTS.isdisjoint(self._parts[self._names[element]])):
            return "standfirst"
        if flags & TABLE:
            return "tables"
        return "lists" if flags & LIST and not flags & QUOTE else "text"

    def _nearest(self, element: int) -> Reason | None:
        for _ in range(_LEVELS):
            said: Reason | None = self._said[self._names[element]]
            if said is not None:
                return said
            if element == 0:
                return None
            element = self._tree.parent[element]
        return None


def _said_by(parts: Sequence[str]) -> Reason | None:
    """The first kind, in their order, that any part of a name tells."""
    ranks = [_RANKS[part] for part in parts if part in _RANKS]
    return _KINDS[min(ranks)] if ranks else None
