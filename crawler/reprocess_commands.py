"""The commands that go over what the archive has: reprocess cleans it again, relink tells copies again, verify proves
it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, When, speaks

if TYPE_CHECKING:
    from crawler.reprocess import Change
    from storage.records import Failed

_SHORT = 8  # digits of an id that a table shows


@click.command(short_help="Clean again from the kept bytes.")
@click.option("--source", help="Only pages of this outlet.")
@click.option("--since", type=When(), help="Only pages fetched from this time on: 2026-07-15, 2026-07, yesterday.")
@click.option("--dry-run", is_flag=True, help="Report what would change, and write nothing.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that clean; one a core if not given.")
@speaks
@click.pass_obj
def reprocess(
    open_archive: OpenArchive, desk: Desk, source: str | None, since: datetime | None, *, dry_run: bool,
    workers: int | None,
) -> None:  # fmt: skip
    """Clean again what the archive keeps, with the newest cleaner and what is known of each site by now.

    \b
    copydesk reprocess --source gazette --dry-run
    copydesk reprocess

    Another text becomes a version of its article; the one before stays. Pages that nothing newer could read otherwise
    are passed over: a run that was interrupted goes on where it stood. The exit code is 1 if a page fails.
    """
    from crawler.reprocess import FATES, Reprocessing

    with open_archive() as archive, desk.progress("reprocess", archive.number_of_rereads(source, since)) as advance:

        def changed(change: Change) -> None:
            if desk.json:
                desk.record(asdict(change))

        def failed(failure: Failed) -> None:
            desk.failed(failure.origin, failure.detail, failure.hint)

        work = Reprocessing(archive, changed, failed, advance, source=source, since=since, dry_run=dry_run)
        report = work.work(workers)
    if desk.json:
        counts: dict[str, object] = {fate: report.fates[fate] for fate in FATES}
        desk.record({
            "read": report.fates.total(), **counts, "words_removed": report.removed, "words_added": report.added,
            "dry_run": dry_run, "seconds": round(report.seconds, 3),
        })  # fmt: skip
    would = "would be " if dry_run else ""
    desk.say(f"{report.fates.total():,} pages {would}read again in {report.seconds:.1f} s")
    desk.say("  " + "   ".join(f"{fate} {report.fates[fate]:,}" for fate in FATES))
    desk.say(f"  words removed {report.removed:,}   added {report.added:,}")
    if report.widest and not desk.json:
        desk.show()
        desk.table(
            report.widest,
            [
                Column["Change"]("article", lambda change: (change.article_id or "")[:_SHORT]),
                Column("removed", lambda change: change.removed),
                Column("added", lambda change: change.added),
                Column("what", lambda change: ", ".join(change.fields) or change.fate),
                Column("title", lambda change: change.title, shrinks=True),
                Column("address", lambda change: change.url, shrinks=True),
            ],
            asdict,
        )
    if report.fates["failed"]:
        raise SystemExit(1)


@click.command(short_help="Liken all articles again, by the newest rule.")
@click.option("--again", is_flag=True, help="Also where the links are of the newest rule.")
@speaks
@click.pass_obj
def relink(open_archive: OpenArchive, desk: Desk, *, again: bool) -> None:
    """Tell again which articles are copies and which are related, by the newest rule, over the whole archive.

    \b
    copydesk relink

    The links as they are stand until all is done, and what comes in meanwhile is linked too; a run that was interrupted
    goes on where it stood. What people have split and merged holds.
    """
    from crawler.relinking import is_outdated
    from crawler.relinking import relink as work

    with open_archive() as archive:
        if not (again or is_outdated(archive) or archive.relinking.is_under_way()):
            desk.say("all links are of the newest rule; copydesk relink --again makes them all the same")
            return
        with desk.progress("relink", archive.statistics().articles) as advance:
            report = work(archive, advance)
    if desk.json:
        desk.record({
            "articles": report.articles, "copies": report.copies, "seconds": round(report.seconds, 3)
        })  # fmt: skip
    desk.say(f"{report.articles:,} articles likened in {report.seconds:.1f} s; {report.copies:,} are copies")


@click.command(short_help="Prove that nothing kept is damaged.")
@click.option("--quick", is_flag=True, help="Do not read the bytes of pages: rows, index and logs only.")
@speaks
@click.pass_obj
def verify(open_archive: OpenArchive, desk: Desk, *, quick: bool) -> None:
    """Hold everything that is kept against everything that is said of it, and name what is damaged, with a remedy.

    \b
    copydesk verify
    copydesk verify --quick

    Every body against its name, every text against its hashes, the search index, the stories and the change log against
    the articles, the captures log against the captures; and what was forgotten is to be gone. Exit 1 for any damage.
    """
    from pipelines.fingerprint import content_key
    from pipelines.normalise import NORM_VERSION
    from storage.damages import Damage, NormalForm

    with open_archive() as archive:
        work = archive.verification(NormalForm(NORM_VERSION, content_key), quick=quick)
        with desk.progress("verify", work.total()) as advance:
            damages = list(work.damages(advance))
        held = archive.statistics()
    desk.table(
        damages,
        [
            Column["Damage"]("subject", lambda damage: damage.subject),
            Column("damage", lambda damage: damage.detail),
            Column("try", lambda damage: damage.remedy, shrinks=True),
        ],
        asdict,
    )
    if damages:
        desk.note(f"{len(damages):,} damaged")
        raise SystemExit(1)
    desk.say(f"all well: {held.captures:,} kept pages, {held.articles:,} articles")


COMMANDS = (reprocess, relink, verify)
