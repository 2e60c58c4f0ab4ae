"""What all commands share: the options that say how to speak, the archive they work on, the filters of a query."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import click

from storage.console import Desk
from storage.query_language import OPERATORS
from storage.records import Query, Sort
from storage.times import moment

if TYPE_CHECKING:
    from storage.archive import Archive

OpenArchive = Callable[[], "Archive"]
"""Opens the archive of the settings; ``click.Context.obj`` is one."""

_UNQUOTED = re.compile(r'(-?(?:(?:title|author|agency|source):)?)([^"]*\s[^"]*)', re.DOTALL)
_OPERATOR = re.compile(rf"\sOR\s|\s-\S|(?:^-?(?:lang|story|flag|is|since|until)|\s-?(?:{'|'.join(OPERATORS)})):\S")


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
    @click.option("--since", type=When(), help="From this time on: 2026-07-15, 2026-07, yesterday, 7d.")
    @click.option("--until", type=When(), help="Before this time.")
    @click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
    @functools.wraps(command)
    def asking(
        *args: Any, source: str | None, language: str | None, since: datetime | None, until: datetime | None,
        limit: int | None, words: tuple[str, ...] = (), **options: Any,
    ) -> None:  # fmt: skip
        by, sort = options.pop("by", "article"), options.pop("sort", "newest")
        command(*args, query=Query(as_said(words), source, since, until, language, limit, by, sort), **options)

    return asking


sighted = click.option(
    "--by",
    type=click.Choice(["article", "sighting"]),
    default="article",
    help="What is found, filtered and counted: articles, or each place that showed one.",
)
"""Gives a command that ``asks`` the field ``by`` of its query."""


ranked = click.option(
    "--sort",
    type=click.Choice(get_args(Sort)),
    default="newest",
    help="What comes first: the newest, what has the words more often and closer together, or that and recent.",
)
"""Gives a command that ``asks`` the field ``sort`` of its query."""


def as_said(words: Sequence[str]) -> str | None:
    """Arguments as one question; None where there are none."""
    return " ".join(map(_as_quoted, words)) or None


def _as_quoted(word: str) -> str:
    """An argument as it was typed: the shell has taken the quotes away from a phrase, but not those within others."""
    phrase = _UNQUOTED.fullmatch(word)
    return f'{phrase[1]}"{phrase[2]}"' if phrase and not _OPERATOR.search(word) else word


class When(click.ParamType[datetime]):
    """A time as people write it; without a zone it is UTC."""

    name = "time"

    def convert(self, value: str | datetime, param: object, ctx: object) -> datetime:  # noqa: ARG002 - click's own
        """The time, or a usage error."""
        if isinstance(value, datetime):
            return value
        at = moment(value, datetime.now(UTC).date())
        if at is None:
            self.fail(f"{value!r} is no time; write 2026-07-15, 2026-07, 2026-07-15T08:00, today, yesterday or 7d")
        return at
