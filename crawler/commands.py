"""The commands that bring news in: ingest, rebuild; and doctor, which looks at the machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.records import Article, Failed, Outcome, Query, Saved
from storage.speaking import OpenArchive, speaks

if TYPE_CHECKING:
    from crawler.ingest import Report, Watch
    from crawler.sandbox import Cleaned

_DOUBTS = {
    "charset-guessed": "read, but its charset is a guess",
    "charset-damaged": "read, but some characters are lost",
    "uncertain": "read, but what its article is was hard to tell",
}
_OUTCOMES: tuple[Outcome, ...] = ("stored", "version", "duplicate", "unchanged", "rejected", "failed")


@click.command(short_help="Take saved files into the archive.")
@click.argument("paths", nargs=-1, required=True)
@click.option("--source", help="The outlet that all of them come from.")
@click.option("--map", "mapping", default="", metavar="FIELD=THEIRS,…", help="For JSON: text=body,title=headline.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that clean; one a core if not given.")
@speaks
@click.pass_obj
def ingest(
    open_archive: OpenArchive, desk: Desk, paths: tuple[str, ...], source: str | None, mapping: str, workers: int | None
) -> None:
    """Take saved files into the archive: text, HTML, JSON Lines, WARC; folders, zip files, and - for standard input.

    \b
    copydesk ingest saved/
    copydesk ingest dump.jsonl --map text=body,title=headline --source gazette

    What cannot be read, or only with a guess at its charset, is told, and the rest goes on; the exit code is then 1.
    """
    from crawler.ingest import take_in
    from crawler.readers import ReaderOptions, field_mapping, read_inputs

    inputs = read_inputs(paths, ReaderOptions(source=source, mapping=field_mapping(mapping) if mapping else {}))
    with open_archive() as archive:
        attention = _tell(
            desk,
            "ingest",
            lambda watch: take_in(archive, inputs, "ingest", " ".join(paths), watch, workers=workers),
        )
    if inputs.left_alone:
        desk.note("left alone: " + ", ".join(f"{kind} ({count:,})" for kind, count in inputs.left_alone.items()))
    if attention:
        raise SystemExit(1)


@click.command(short_help="Make the archive again from the kept bytes.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes that clean; one a core if not given.")
@speaks
@click.pass_obj
def rebuild(open_archive: OpenArchive, desk: Desk, workers: int | None) -> None:
    """Make the archive again from the kept bytes and the log beside them, into a database that holds nothing yet.

    \b
    COPYDESK_DATABASE=sqlite:///archive/again.db copydesk rebuild

    Articles get the ids they had; each page is cleaned with what was known of its site when it came.
    """
    from crawler.rebuilding import make_again

    with open_archive() as archive:
        if archive.count(Query()):
            raise click.UsageError(
                "the database holds articles already; name a new one in COPYDESK_DATABASE, the blobs in COPYDESK_BLOBS"
            )
        if _tell(desk, "rebuild", partial(make_again, archive, workers=workers)):
            raise SystemExit(1)


def _tell(desk: Desk, kind: str, work: Callable[[Watch], Report]) -> int:
    """Run, tell each failure and doubt as it happens, and at the end what came of all; how many need attention."""
    doubtful = 0
    with desk.progress(kind) as advance:

        def watch(read: Cleaned | Failed, saved: Saved) -> None:
            nonlocal doubtful
            advance(1)
            origin = read.origin if isinstance(read, Failed) else read[0].origin
            if isinstance(read, Failed):
                desk.failed(read.origin, read.detail, read.hint)
            elif isinstance(read[1], Article) and (
                doubts := [_DOUBTS[flag] for flag in read[1].flags if flag in _DOUBTS]
            ):
                doubtful += 1
                desk.doubt(origin or read[0].url or "", "; ".join(doubts))
            if desk.json:
                desk.record(
                    {"origin": origin, "outcome": saved.outcome, "article_id": saved.article_id, "why": saved.why}
                )

        report = work(watch)
    if desk.json:
        counts: dict[str, object] = {outcome: report.outcomes[outcome] for outcome in _OUTCOMES}
        desk.record({"read": report.read, **counts, "seconds": round(report.seconds, 3)})
    desk.say(f"{report.read:,} inputs read in {report.seconds:.1f} s")
    desk.say("  " + "   ".join(f"{outcome} {report.outcomes[outcome]:,}" for outcome in _OUTCOMES))
    return report.outcomes["failed"] + doubtful


@click.command(short_help="Look at the machine and the archive.")
@speaks
@click.pass_obj
def doctor(open_archive: OpenArchive, desk: Desk) -> None:
    """Look at the machine and the archive: versions, database, kept bytes, space. Exit code 1 if something is wrong."""
    from crawler.checkup import checkup

    findings = list(checkup(open_archive))
    desk.table(
        findings,
        [
            Column("", lambda finding: "✓" if finding.well else "✕"),
            Column("", lambda finding: finding.subject),
            Column("", lambda finding: finding.detail),
            Column("", lambda finding: f"try: {finding.remedy}" if finding.remedy else ""),
        ],
        lambda finding: {
            "well": finding.well, "subject": finding.subject, "detail": finding.detail, "remedy": finding.remedy
        },
    )  # fmt: skip
    if not all(finding.well for finding in findings):
        raise SystemExit(1)


COMMANDS = (ingest, rebuild, doctor)
