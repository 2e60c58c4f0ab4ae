"""The command that writes a dataset."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage.speaking import OpenArchive, asks, speaks

if TYPE_CHECKING:
    from storage.console import Desk
    from storage.records import Query


_Shares = tuple[float, float, float]


class Shares(click.ParamType[_Shares]):
    """Three numbers, such as ``90/5/5``."""

    name = "train/validation/test"

    def convert(self, value: str | _Shares, param: object, ctx: object) -> _Shares:  # noqa: ARG002 - click's own
        """The numbers, or a usage error."""
        if isinstance(value, tuple):
            return value
        try:
            train, validation, test = map(float, value.split("/"))
        except ValueError:
            self.fail(f"{value!r} is not three numbers; write 90/5/5")
        shares = (train, validation, test)
        if not all(map(math.isfinite, shares)) or min(shares) < 0 or sum(shares) <= 0:
            self.fail(f"{value!r}: shares are not negative, and not all nothing; write 90/5/5")
        return shares


@click.command(short_help="Write articles as a dataset in splits.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("words", nargs=-1)
@click.option("--format", "form", type=click.Choice(["jsonl", "parquet"]), default="jsonl", help="Of its files.")
@click.option("--shares", type=Shares(), default="90/5/5", help="Of stories for training, validation and tests.")
@click.option("--seed", default="copydesk", help="Another one divides otherwise.")
@click.option("--with-copies", is_flag=True, help="All articles of a story instead of one.")
@asks
@speaks
@click.pass_obj
def dataset(
    open_archive: OpenArchive, desk: Desk, folder: Path, query: Query, *, form: str,
    shares: tuple[float, float, float], seed: str, with_copies: bool,
) -> None:  # fmt: skip
    """Write articles as a dataset: training, validation and test files, a manifest and a card, in a new folder.

    \b
    copydesk dataset floods/ flood --since 2026-07 --language fr
    copydesk dataset all/ --format parquet --shares 80/10/10

    Articles that are copies of each other, or related, are never in two files. One archive and query give one dataset.
    """
    from storage.dataset.splits import Splitting
    from storage.search import question_of

    for note in question_of(query).notes:
        desk.note(note)
    with open_archive() as archive, desk.progress("writing", 2 * archive.count(query)) as advance:
        written = archive.dataset(query, folder, Splitting(shares, seed, with_copies), form, advance)
    number = sum(written.articles.values())
    if desk.json:
        desk.record({"path": str(folder), "articles": number, "splits": written.articles, "copies": written.copies})
    desk.say(f"{number:,} articles written to {folder}: " + ", ".join(
        f"{rows:,} {split}" for split, rows in written.articles.items()
    ))  # fmt: skip
    if written.copies:
        desk.say(f"{written.copies:,} copies were left out; --with-copies takes them in")
    if written.unlikened:
        desk.note(f"{written.unlikened:,} articles were never likened to others; try: copydesk relink")


COMMANDS = (dataset,)
