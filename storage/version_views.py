"""How the versions of an article are shown: what each changed, how it came about, and what it says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from storage.console import Column, Desk
from storage.diff import diff, marked
from storage.records import ArchivedArticle, Sighting
from storage.rereading import Making
from storage.times import rfc3339

_SHORT = 8  # digits of a hash that a table shows


def show_versions(desk: Desk, made: Sequence[Making], seen: Sequence[Sighting]) -> None:
    """Each version, and each time that one was seen; as JSON the versions are those with a key ``number``."""
    desk.note(f"{len(made)} versions, seen {len(seen)} times")
    desk.table(
        made,
        [
            Column[Making]("version", lambda making: f"{making.number}{' *' if making.stands else ''}"),
            Column("came by", lambda making: making.came_by or "page"),
            Column("change", lambda making: making.change),
            Column("since", lambda making: making.changed_since or ""),
            Column("words", lambda making: making.words),
            Column("added", lambda making: "" if making.words_added is None else making.words_added),
            Column("removed", lambda making: "" if making.words_removed is None else making.words_removed),
            Column("other", _other),
            Column("fetched", lambda making: making.fetched_at),
            Column("cleaner", lambda making: making.cleaner),
            Column("profile", lambda making: (making.profile or "")[:_SHORT] if desk.on_terminal else making.profile),
        ],
        lambda making: asdict(making) | {"fetched_at": rfc3339(making.fetched_at)},
    )
    if desk.on_terminal and len(made) > 1:
        desk.show("* stands for the article")
    desk.show()
    desk.table(
        seen,
        [
            Column[Sighting]("fetched", lambda sighting: sighting.fetched_at),
            Column("outcome", lambda sighting: sighting.outcome),
            Column("source", lambda sighting: sighting.source),
            Column("title", lambda sighting: sighting.title, shrinks=True),
            Column("where", lambda sighting: sighting.url or sighting.origin, shrinks=True),
        ],
        lambda sighting: asdict(sighting) | {
            "published_at": sighting.published_at and rfc3339(sighting.published_at),
            "fetched_at": rfc3339(sighting.fetched_at),
        },
    )  # fmt: skip


def show_diffs(desk: Desk, made: Sequence[Making], texts: Sequence[ArchivedArticle]) -> None:
    """What each version says otherwise than the one that it was compared with, word by word."""
    by_number = {making.number: text for making, text in zip(made, texts, strict=True)}
    for making in made:
        since = making.changed_since or making.number - 1
        if since not in by_number:
            continue
        before, after = by_number[since], by_number[making.number]
        title, text = diff(before.title, after.title), diff(before.text, after.text)
        if desk.json:
            desk.record({
                "number": making.number, "since": since, "change": making.change, "came_by": making.came_by,
                "title": [[piece.kind, piece.text] for piece in title],
                "text": [[piece.kind, piece.text] for piece in text],
            })  # fmt: skip
            continue
        desk.show(f"version {since} → {making.number}, {', '.join(_said(making))}", "bold")
        if before.title != after.title:
            desk.show("\n".join(marked(title)))
            desk.show()
        desk.show("\n\n".join(marked(text)))
        desk.show()
    if len(made) < 2:
        desk.say("only one version")


def _said(making: Making) -> Iterator[str]:
    yield making.change or f"by {making.came_by or 'a page from before changes were noted'}"
    if making.words_added is not None:
        yield f"+{making.words_added:,} −{making.words_removed or 0:,} words"
    if other := _other(making):
        yield f"other {other}"
    if making.change == "collapsed":
        yield "does not stand for the article"


def _other(making: Making) -> str:
    changed = ("numbers", making.numbers_changed), ("names", making.names_changed)
    return ", ".join(what for what, is_other in changed if is_other)
