"""How stories, and the links between articles, are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from storage.console import Column, Desk
from storage.explaining import Link
from storage.link_reasons import reasons, role_of
from storage.records import ArchivedArticle
from storage.regrouping import StoryEvent
from storage.spread import Member, Spread, Story
from storage.times import rfc3339
from storage.url_key import is_elsewhere

_SHORT = 8  # digits of an id that a table shows
_SENTENCES = 3  # shared ones that are shown of a link


def show_spreads(desk: Desk, found: Sequence[Spread]) -> None:
    """Stories, the widest first."""
    desk.table(
        found,
        [
            Column[Spread]("story", lambda spread: _short(desk, spread.story_id)),
            Column("outlets", lambda spread: spread.outlets),
            Column("places", lambda spread: spread.places),
            Column("articles", lambda spread: spread.articles),
            Column("first seen", lambda spread: spread.first_seen_at),
            Column("agency", lambda spread: spread.agency),
            Column("source", lambda spread: spread.source),
            Column("title", lambda spread: spread.title, shrinks=True),
        ],
        lambda spread: _times(asdict(spread)),
    )


def show_story(desk: Desk, story: Story) -> None:
    """A story: one line for it, a row for each of its articles; as JSON one object."""
    if desk.json:
        parts = {name: [_times(asdict(each)) for each in getattr(story, name)] for name in ("members", "sights")}
        desk.record(_times(asdict(story)) | parts)
        return
    desk.show(story.title or "(no title)", "bold")
    of = f", {story.agency}" if story.agency else ""
    desk.show(
        f"story {story.id}{of}: {_many(story.outlets, 'outlet')}, {_many(story.places, 'place')},"
        f" {_many(len(story.members), 'article')}; first seen {desk.time(story.first_seen_at)}"
    )
    desk.show()
    start = story.first_seen_at
    desk.table(
        story.members,
        [
            Column[Member]("article", lambda member: _short(desk, member.article_id)),
            Column("", role_of),
            Column("copied", lambda member: "" if member.share is None else f"{member.share:.0%}"),
            Column("minutes later", lambda member: round((member.first_seen_at - start).total_seconds() / 60)),
            Column("places", lambda member: member.places),
            Column("source", lambda member: member.source),
            Column("agency", lambda member: member.agency),
            Column("title", lambda member: member.title, shrinks=True),
        ],
        lambda member: _times(asdict(member)),
    )
    if len(story.members) > 1 and desk.on_terminal:
        desk.show(f"to take one out: copydesk stories split {story.members[-1].article_id[:_SHORT]}")


def show_links(desk: Desk, article: ArchivedArticle, links: Sequence[Link]) -> None:
    """What an article is to others, and why; how to undo it."""
    own = article.id[:_SHORT]
    if links:
        desk.show()
    for link in links:
        if desk.json:
            desk.record(asdict(link) | {"article_id": article.id})
            continue
        desk.show(f"{link.role} {link.other_id}  {link.source or ''}  {link.title}", "bold")
        for line in reasons(link):
            desk.show(f"  {line}")
        for sentence in link.shared[:_SENTENCES]:
            desk.show(f"  “{' '.join(sentence.split())}”")
        if link.role in ("copy of", "by hand"):
            undo = f"undo {link.event}" if link.event else f"split {own}"
            desk.show(f"  to undo it: copydesk stories {undo}")
        elif link.role == "related":
            desk.show(f"  to make them one story: copydesk stories merge {link.other_id[:_SHORT]} {own}")
    if article.url and article.canonical_url and is_elsewhere(article.url, article.canonical_url):
        desk.show()
        desk.show(f"it names {article.canonical_url} as its original: the word of a page on another site joins nothing")


def show_events(desk: Desk, found: Sequence[StoryEvent]) -> None:
    """What moved articles between stories."""
    desk.table(
        found,
        [
            Column[StoryEvent]("event", lambda event: event.id),
            Column("when", lambda event: event.at),
            Column("what", lambda event: event.kind),
            Column("article", lambda event: _short(desk, event.article_id)),
            Column("and", lambda event: _short(desk, event.other_id or "")),
            Column("moved", lambda event: len(event.moved)),
            Column("undoes", lambda event: event.undoes),
            Column("undone by", lambda event: event.undone_by),
        ],
        lambda event: _times(asdict(event)),
    )  # fmt: skip


def _short(desk: Desk, id_: str) -> str:
    return id_[:_SHORT] if desk.on_terminal else id_


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _times(fields: dict[str, object]) -> dict[str, object]:
    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in fields.items()}
