"""What all commands share: the options that say how to speak, the archive they work on, the filters of a query."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from storage.console import Desk
from storage.records import Query

if TYPE_CHECKING:
    from storage.archive import Archive

OpenArchive = Callable[[], "Archive"]
"""Opens the archive of the settings; ``click.Context.obj`` is one."""

_MONTH = re.compile(r"(\d{4})-(\d{1,2})")


def speaks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ``--json``, ``--quiet``, ``--no-progress`` and ``--debug``, and a Desk as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="JSON Lines, with stable keys.")
    @click.option("--quiet", is_flag=True, help="Errors and data only.")
    @click.option("--no-progress", is_flag=True, help="A line now and then instead of a bar.")
    @click.option("--debug", is_flag=True, help="Show the traceback of a defect.")
    @functools.wraps(command)
    def speaking(*args: Any, as_json: bool, quiet: bool, no_progress: bool, debug: bool, **options: Any) -> None:
        del debug  # cli.main looks for it: by the time it matters, the command has failed
        with Desk(json=as_json, quiet=quiet, progress=not no_progress) as desk:
            command(desk, *args, **options)

    return speaking


def asks(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the filters of a ``Query``, which it takes as its keyword ``query``."""

    @click.option("--source", help="Only this outlet.")
    @click.option("--language", help="Only this language, such as fr.")
    @click.option("--since", type=When(), help="From this time on: 2026-07-15, 2026-07, yesterday.")
    @click.option("--until", type=When(), help="Before this time.")
    @click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
    @functools.wraps(command)
    def asking(
        *args: Any, source: str | None, language: str | None, since: datetime | None, until: datetime | None,
        limit: int | None, words: tuple[str, ...] = (), **options: Any,
    ) -> None:  # fmt: skip
        # The shell has taken the quotes away: an argument with spaces was a quoted phrase.
        by = options.pop("by", "article")
        said = " ".join(f'"{word}"' if " " in word else word for word in words) or None
        command(*args, query=Query(said, source, since, until, language, limit, by), **options)

    return asking


sighted = click.option(
    "--by",
    type=click.Choice(["article", "sighting"]),
    default="article",
    help="What is found, filtered and counted: articles, or each place that showed one.",
)
"""Gives a command that ``asks`` the field ``by`` of its query."""


class When(click.ParamType[datetime]):
    """A time as people write it; without a zone it is UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: object, ctx: object) -> datetime:  # noqa: ARG002 - click's own
        """The time, or a usage error."""
        if isinstance(value, datetime):
            return value
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if value in {"today", "yesterday"}:
            return today - timedelta(days=value == "yesterday")
        try:
            if month := _MONTH.fullmatch(value):
                return datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-07-15, 2026-07, 2026-07-15T08:00, today or yesterday")
        return moment.replace(tzinfo=moment.tzinfo or UTC)
