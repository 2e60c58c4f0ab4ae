"""The commands about stories: which went widest, who had one, and what people say of it."""

from __future__ import annotations

import click

from storage.console import Desk
from storage.records import Query
from storage.speaking import OpenArchive, asks, speaks

_SHORT = 8  # digits of an id in a hint


@click.group(invoke_without_command=True, short_help="List the stories that went widest; split and merge them.")
@asks
@speaks
@click.pass_context
def stories(context: click.Context, desk: Desk, query: Query) -> None:
    """List the stories that most outlets had, widest first: an article and its copies are one story.

    \b
    copydesk stories --since 2026-07 --limit 10
    copydesk stories show 7f3a91

    --source keeps the stories that this outlet had; --since and --until count only what was published then.
    """
    if context.invoked_subcommand is not None:
        return
    from dataclasses import replace

    from storage.story_views import show_spreads

    with _opener(context)() as archive:
        found = archive.stories.widest(query if query.limit else replace(query, limit=20))
    show_spreads(desk, found)
    if not found:
        desk.note("no story in two places; try another period")


@stories.command(short_help="Show a story: who had it, when, how much of it.")
@click.argument("id")
@speaks
@click.pass_obj
def show(open_archive: OpenArchive, desk: Desk, id: str) -> None:  # noqa: A002 - what people call it
    """Show the story of an article: every copy, first seen first, and how much of the centre's text stands in it."""
    from storage.story_views import show_story

    with open_archive() as archive:
        show_story(desk, archive.stories.of(id))


@stories.command(short_help="Take an article out of its story.")
@click.argument("id")
@speaks
@click.pass_obj
def split(open_archive: OpenArchive, desk: Desk, id: str) -> None:  # noqa: A002 - what people call it
    """Take an article out of its story; it is not put back by itself. It can be undone."""
    with open_archive() as archive:
        _told(desk, archive.stories.split(id), f"{id} stands alone")


@stories.command(short_help="Make two stories one.")
@click.argument("id")
@click.argument("other")
@speaks
@click.pass_obj
def merge(open_archive: OpenArchive, desk: Desk, id: str, other: str) -> None:  # noqa: A002 - what people call it
    """Make the story of OTHER part of the story of ID. It can be undone."""
    with open_archive() as archive:
        _told(desk, archive.stories.merge(id, other), f"the story of {other} is that of {id}")


@stories.command(short_help="Take a split, a merge or another centre back.")
@click.argument("event")
@speaks
@click.pass_obj
def undo(open_archive: OpenArchive, desk: Desk, event: str) -> None:
    """Take an event back; copydesk stories events lists them."""
    with open_archive() as archive:
        _told(desk, archive.stories.undo(event), f"{event} is taken back")


@stories.command(short_help="List what moved articles between stories.")
@click.argument("id", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=50, help="At most so many.")
@speaks
@click.pass_obj
def events(open_archive: OpenArchive, desk: Desk, id: str | None, limit: int) -> None:  # noqa: A002 - what people call it
    """List what moved articles between stories, newest first; with an ID, those that moved it, or copies of it."""
    from storage.story_views import show_events

    with open_archive() as archive:
        show_events(desk, archive.stories.events(id, limit))


def _told(desk: Desk, event: str, what: str) -> None:
    if desk.json:
        desk.record({"event": event})
    desk.say(f"{what}; to undo it: copydesk stories undo {event}")


def _opener(context: click.Context) -> OpenArchive:
    opener: OpenArchive = context.obj
    return opener


COMMANDS = (stories,)
