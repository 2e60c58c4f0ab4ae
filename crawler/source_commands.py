"""The commands for the catalogue of sources: what is there, on or off, in and out; trials and teaching come along."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crawler.gap_commands import GAPS
from crawler.pace_commands import all_said, pace
from crawler.teach_commands import TEACHING
from crawler.trial_commands import TRIALS
from storage.console import Column, Desk
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from crawler.catalogue import Catalogue
    from crawler.source import Source, Timing

_MOST_BYTES = 64 << 20  # of an OPML file: more than is taken, so that a longer one is refused as a whole


@click.group(short_help="List, try, switch and find sources.")
def sources() -> None:
    """List, try, switch and find the sources of the catalogue, seeds/sources.

    \b
    copydesk sources discover gazette.example --write
    copydesk sources check gazette
    copydesk sources preview gazette
    copydesk sources enable gazette
    """


@sources.command("list", short_help="Every source, and what is wrong with its file.")
@click.option("--language", help="Only this language, such as fr.")
@click.option("--enabled", is_flag=True, help="Only those that are switched on.")
@speaks
@click.pass_obj
def list_(open_archive: OpenArchive, desk: Desk, language: str | None, *, enabled: bool) -> None:
    """List every source: on or off, where and when it is looked at. Unverified: nothing was ever stored from it.

    \b
    copydesk sources list --language fr

    The archive takes over what the files say. The exit code is 1 if a file has a fault.
    """
    from crawler.outlets import take_over

    catalogue = _catalogue()
    with open_archive() as archive:
        take_over(archive, catalogue)
        verified = {record.name: record.verified_at for record in archive.sources.all()}
        paces = all_said(archive, catalogue.sources)
    shown = [
        source
        for source in catalogue.sources
        if (not enabled or source.enabled)
        and (not language or f"{source.language}-".casefold().startswith(f"{language}-".casefold()))
    ]

    def state(source: Source) -> str:
        return ("enabled" if source.enabled else "off") + ("" if verified.get(source.name) else ", unverified")

    def when(source: Source) -> str:
        learned = paces.get(source.name)
        return f"auto: {learned}" if learned else _when(source.schedule)

    desk.table(
        shown,
        [
            Column["Source"]("name", lambda source: source.name),
            Column("language", lambda source: source.language),
            Column("country", lambda source: source.country),
            Column("state", state),
            Column("places", lambda source: ", ".join(dict.fromkeys(place.kind for place in source.places))),
            Column("schedule", when),
            Column("title", lambda source: source.title, shrinks=True),
        ],
        lambda source: {
            "name": source.name, "title": source.title, "language": source.language, "country": source.country,
            "homepage": source.homepage, "enabled": source.enabled,
            "verified_at": (at := verified.get(source.name)) and rfc3339(at),
            "places": [place.kind for place in source.places], "schedule": when(source),
        },
    )  # fmt: skip
    if desk.on_terminal:
        number = sum(source.enabled for source in catalogue.sources)
        desk.say(f"{len(shown):,} of {len(catalogue.sources):,} sources; {number:,} enabled")
    _tell_faults(desk, catalogue)


@sources.command(short_help="Switch sources on.")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@speaks
@click.pass_obj
def enable(open_archive: OpenArchive, desk: Desk, names: tuple[str, ...]) -> None:
    """Switch sources on: enabled = true in their files; all else there stays as it is.

    \b
    copydesk sources enable gazette
    """
    _switch(open_archive, desk, names, enabled=True)


@sources.command(short_help="Switch sources off.")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@speaks
@click.pass_obj
def disable(open_archive: OpenArchive, desk: Desk, names: tuple[str, ...]) -> None:
    """Switch sources off: enabled = false in their files; what they brought stays in the archive.

    \b
    copydesk sources disable gazette
    """
    _switch(open_archive, desk, names, enabled=False)


@sources.command("import", short_help="Make sources of an OPML file.")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@speaks
def import_(desk: Desk, file: Path) -> None:
    """Make a source of each feed in an OPML file, as feed readers export it; each is off until it is enabled.

    \b
    copydesk sources import subscriptions.opml

    A source that exists already, by its name or by an address, is left as it is. The exit code is 1 if a feed fails.
    """
    from crawler.catalogue import add, read_sources
    from crawler.errors import BadOpml, BadSource
    from crawler.opml import read_opml
    from crawler.settings import Settings

    folder = Settings.here().sources
    with file.open("rb") as stream:
        content = stream.read(_MOST_BYTES)
    try:
        outlines = read_opml(content)
    except BadOpml as error:
        desk.error(f"{file}: {error}", hint=error.hint)
        raise SystemExit(1) from None
    counts: Counter[str] = Counter(added=0, left=0, failed=0)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        known = {
            url: source.name for source in read_sources(folder).sources for place in source.places for url in place.urls
        }
        for outline in outlines:
            urls = [url for place in outline.places for url in place.urls]
            there = outline.name if (folder / f"{outline.name}.toml").exists() else None
            there = there or next((known[url] for url in urls if url in known), None)
            outcome = "left" if there else "added"
            if there:
                desk.note(f"left alone: {outline.title}: it exists already, as {there}")
            else:
                try:
                    add(folder, outline.name, outline.definition)
                except BadSource as fault:
                    desk.failed(outline.title, str(fault), fault.hint)
                    outcome = "failed"
                known |= dict.fromkeys(urls, outline.name)
            counts[outcome] += 1
            if desk.json:
                desk.record({"name": outline.name, "title": outline.title, "outcome": outcome, "there": there})
    desk.say("   ".join(f"{outcome} {count:,}" for outcome, count in counts.items()))
    if counts["failed"]:
        raise SystemExit(1)


@sources.command(short_help="Write all sources as OPML.")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@speaks
def export(desk: Desk, file: str) -> None:
    """Write all sources as OPML, for a feed reader or another catalogue; - is standard output.

    \b
    copydesk sources export sources.opml
    """
    from crawler.opml import write_opml

    catalogue = _catalogue()
    text = write_opml(catalogue.sources)
    if file == "-" and desk.json:
        desk.record({"opml": text})
    elif file == "-":
        sys.stdout.buffer.write(text.encode())
    else:
        with _writing(Path(file)):
            Path(file).write_text(text, encoding="utf-8")
        if desk.json:
            desk.record({"path": file, "sources": len(catalogue.sources)})
        desk.say(f"{len(catalogue.sources):,} sources written to {file}")
    _tell_faults(desk, catalogue)


def _catalogue() -> Catalogue:
    from crawler.catalogue import read_sources
    from crawler.settings import Settings

    return read_sources(Settings.here().sources)


def _tell_faults(desk: Desk, catalogue: Catalogue) -> None:
    for fault in catalogue.faults:
        desk.error(str(fault), hint=fault.hint)
    if catalogue.faults:
        raise SystemExit(1)


def _switch(open_archive: OpenArchive, desk: Desk, names: tuple[str, ...], *, enabled: bool) -> None:
    """Switch each source, or tell why not; the exit code is then that of wrong usage."""
    from crawler.catalogue import switch
    from crawler.errors import BadSource
    from crawler.outlets import record_of
    from crawler.settings import Settings

    folder = Settings.here().sources
    faults = 0
    with open_archive() as archive:
        for name in dict.fromkeys(names):
            try:
                with _writing(folder):
                    source = switch(folder, name, enabled)
            except BadSource as fault:
                desk.error(str(fault), hint=fault.hint or "copydesk sources list")
                faults += 1
                continue
            archive.sources.sync([record_of(source)])
            if desk.json:
                desk.record({"name": name, "enabled": enabled})
            desk.say(f"{name}: {'enabled' if enabled else 'off'}")
    if faults:
        raise SystemExit(2)


def _when(timing: Timing) -> str:
    from crawler.durations import written

    if timing.cron:
        return f"{timing.cron} ({timing.timezone or 'UTC'})"
    return f"every {written(timing.every)}" if timing.every else "auto"


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """What the system refuses to write becomes one clear line."""
    from crawler.errors import CrawlerError

    try:
        yield
    except OSError as error:
        raise CrawlerError(f"{error.filename or path}: cannot be written: {error.strerror or error}") from error


for each in (*TRIALS, *TEACHING, *GAPS, pace):
    sources.add_command(each)

COMMANDS = (sources,)
