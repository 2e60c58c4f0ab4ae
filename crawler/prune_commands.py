"""The command that keeps an archive from growing without end: prune."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import click

from crawler.durations import duration_of
from storage.console import Column, Desk
from storage.speaking import OpenArchive, speaks

if TYPE_CHECKING:
    from storage.pruning import Pruned, Rule

_RULES = ("ledger", "refetches", "changes", "notices", "hours", "logs")
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


class _Age(click.ParamType[timedelta]):
    """A span of time, a day at least."""

    name = "age"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """``90d`` as a span."""
        try:
            age = duration_of(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if age < timedelta(days=1):
            self.fail("a day at least: 1d", param, ctx)
        return age


@click.command(short_help="Take out what is old and says nothing new.")
@click.option("--older-than", "age", type=_Age(), default="90d", show_default=True, help="A day at least: 30d, 12h.")
@click.option("--only", "rules", type=click.Choice(_RULES), multiple=True, help="This rule alone; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Tell what would go, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@speaks
@click.pass_obj
def prune(
    open_archive: OpenArchive, desk: Desk, age: timedelta, rules: tuple[str, ...], *, dry_run: bool, yes: bool
) -> None:
    """Take out what is old and says nothing that the rest does not say: looks and pages that found what was known.

    \b
    copydesk prune --dry-run
    copydesk prune --older-than 30d --only ledger --only refetches --yes

    No article, version, address or text goes; what a rule gives up is in docs/operating.md. Others may write meanwhile,
    and where it was broken off the same again goes on.
    """
    if not dry_run and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("what is pruned does not come back: without a terminal, say --yes or --dry-run")
        click.confirm(
            f"Prune what is older than {age.days:,} days? --dry-run tells what would go", abort=True, err=True
        )
    chosen = cast("tuple[Rule, ...]", rules or _RULES)
    with open_archive() as archive, desk.progress("prune") as advance:
        went = archive.pruning.prune(datetime.now(UTC) - age, chosen, dry=dry_run, advance=advance)
    desk.table(
        went,
        [
            Column("rule", lambda each: each.rule),
            Column("what", lambda each: each.what),
            Column("number", lambda each: each.number),
            Column("size", _weight),
        ],
        lambda each: asdict(each) | {"dry_run": dry_run},
    )
    would = "would go" if dry_run else "went"
    desk.say(f"{_size(sum(each.bytes for each in went))} {would}" if went else "nothing to prune")


def _weight(pruned: Pruned) -> str:
    return _size(pruned.bytes)


def _size(number: int) -> str:
    for unit, name in _UNITS:
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return f"{number:,} B"


COMMANDS = (prune,)
