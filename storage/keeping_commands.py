"""The commands that keep the archive, and others beside it: changes for a mirror, backup, copy, and forget."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.change_log import Change
    from storage.forgetting import Takedown

_MOST_NAMED = 10  # copies in a hint


@click.command(short_help="List what has come, changed, moved or been forgotten.")
@click.option("--since", type=click.IntRange(min=0), default=0, help="Only changes after this number.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many; all if not given.")
@speaks
@click.pass_obj
def changes(open_archive: OpenArchive, desk: Desk, since: int, limit: int | None) -> None:
    """List each article that came, changed, moved between stories, was withdrawn or forgotten, as it was committed.

    \b
    copydesk changes --since 1200 --json

    What happened is one word: stored, version, grouped, withdrawn, returned (its page is there again) or forgotten.
    Whoever goes on behind the last number, and reads each article named, misses nothing: docs/querying.md.
    """
    from storage.change_log import MOST

    with open_archive() as archive:
        left = limit
        while some := archive.changes.since(since, min(MOST, left or MOST)):
            _show_changes(desk, some)
            since = some[-1].seq
            if left is not None and (left := left - len(some)) <= 0:
                break


def _show_changes(desk: Desk, some: tuple[Change, ...]) -> None:
    desk.table(
        some,
        [
            Column["Change"]("number", lambda change: change.seq),
            Column("at", lambda change: change.at),
            Column("what", lambda change: change.kind),
            Column("article", lambda change: change.article_id),
            Column("version", lambda change: change.number),
        ],
        lambda change: asdict(change) | {"at": rfc3339(change.at)},
    )


@click.command(short_help="Copy the archive while others write to it.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--database-only", is_flag=True, help="Without the bytes of pages.")
@speaks
@click.pass_obj
def backup(open_archive: OpenArchive, desk: Desk, folder: Path, *, database_only: bool) -> None:
    """Copy the archive to a folder, which is an archive itself; the next run adds what is new.

    \b
    copydesk backup /backup/news

    Others may write meanwhile. For PostgreSQL it says which pg_dump to run.
    """
    with open_archive() as archive:
        done = archive.backup(folder, desk.progress, database_only=database_only)
    if desk.json:
        desk.record(asdict(done) | {"made_at": rfc3339(done.made_at), "folder": str(folder)})
    desk.say(
        f"{done.articles:,} articles, {done.captures:,} pages kept, as of {rfc3339(done.made_at)};"
        f" {done.new_bodies:,} bodies copied\n"
        f"to check it: COPYDESK_DATABASE=sqlite:///{folder.absolute()}/archive.db copydesk verify"
    )


@click.command(short_help="Move the archive to another database.")
@click.option("--to", required=True, metavar="URL", help="The database, empty: sqlite:///… or postgresql://…")
@click.option("--blobs", metavar="PLACE", help="Copy the kept bytes to this folder or s3://bucket/prefix too.")
@speaks
@click.pass_obj
def copy(open_archive: OpenArchive, desk: Desk, to: str, blobs: str | None) -> None:
    """Move the archive to another, empty database, and read every row back before it is committed.

    \b
    copydesk copy --to postgresql://copydesk@db/news
    copydesk copy --to postgresql://copydesk@db/news --blobs s3://news-archive/raw

    Stop schedule, workers and server first: what they write meanwhile is not in it. Broken off, it has written no row:
    the same again. Without --blobs both name the bytes where they are; write to one of the two from then on.
    """
    from storage.blobs import full_place

    with open_archive() as archive:
        done = archive.copy(to, blobs, desk.progress)
        place = full_place(blobs or archive.place)
    if desk.json:
        desk.record({
            "rows": done.rows, "articles": done.articles, "last_change": done.last_change,
            "new_bodies": done.new_bodies, "blobs": place, "tables": [asdict(each) for each in done.tables],
        })  # fmt: skip
    desk.say(
        f"{done.rows:,} rows of {len(done.tables)} tables written and read back the same: {done.articles:,} articles,"
        f" changes up to {done.last_change:,}; {done.new_bodies:,} bodies copied\n"
        f"to use it: COPYDESK_DATABASE=(what --to says) COPYDESK_BLOBS={place} copydesk verify"
    )


@click.command(short_help="Take articles out for good.")
@click.argument("what", nargs=-1, required=True, metavar="ID|URL…")
@click.option("--story", is_flag=True, help="Their copies too.")
@click.option("--vacuum", is_flag=True, help="Write an SQLite file anew, without gaps that hold what was deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@speaks
@click.pass_obj
def forget(
    open_archive: OpenArchive, desk: Desk, what: tuple[str, ...], *, story: bool, vacuum: bool, yes: bool
) -> None:
    """Take articles out for good: texts, versions, bytes, and all that quotes them. They do not come back.

    \b
    copydesk forget 7f3a91 https://gazette.example/2026/07/flood

    Left is what keeps them away: hashes of their addresses, texts and bytes. It cannot be undone. Where it was broken
    off, the same again finishes it. Backups are not reached: make them again.
    """
    with open_archive() as archive:
        named = dict.fromkeys(what)
        if story:
            named |= dict.fromkeys(
                copy for each in what if not archive.forgotten(each) for copy in archive.takedowns.copies(each)
            )
        if not yes:
            _ask(desk, archive, tuple(named))
        run = archive.begin_run("forget")
        taken = [archive.takedowns.forget(each, run) for each in named]
        archive.finish_run(run)
        with desk.progress("erasing") as advance:
            erased = archive.takedowns.erase(advance)
        if vacuum:
            archive.takedowns.vacuum()
        stay = sorted({copy for each in taken for copy in each.copies if not archive.forgotten(copy)})
    for each, name in zip(taken, named, strict=True):
        _tell(desk, name, each)
    desk.say(f"{erased.lines:,} lines of the log and {erased.bodies:,} bodies erased")
    if stay:
        some = " ".join(stay[:_MOST_NAMED]) + (" …" if len(stay) > _MOST_NAMED else "")
        desk.note(f"{len(stay):,} that say the same stay; to forget them too: copydesk forget {some}")


def _ask(desk: Desk, archive: Archive, named: tuple[str, ...]) -> None:
    """Show what would go, and ask."""
    if not sys.stdin.isatty():
        raise click.UsageError("forgetting cannot be undone: without a terminal, say --yes")
    for each in named:
        at = archive.forgotten(each)
        desk.note(f"{each}: forgotten on {at:%Y-%m-%d}" if at else f"{each}: {_title(archive, each)}")
    click.confirm(f"Forget {len(named):,} for good?", abort=True, err=True)


def _title(archive: Archive, named: str) -> str:
    found = archive.takedowns.find(named)
    return "no article; what was kept of the address goes" if found is None else f"{found.title} ({found.source})"


def _tell(desk: Desk, name: str, taken: Takedown) -> None:
    if desk.json:
        desk.record({
            "named": name, "article_id": taken.article_id, "forgotten_at": rfc3339(taken.forgotten_at),
            "versions": taken.versions, "captures": taken.captures, "copies": list(taken.copies),
        })  # fmt: skip
    desk.say(f"{name}: forgotten; {taken.versions:,} versions, {taken.captures:,} pages")


COMMANDS = (changes, backup, copy, forget)
