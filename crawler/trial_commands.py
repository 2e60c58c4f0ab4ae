"""The commands that ask servers and leave the archive alone: check, preview, discover."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.records import Article
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from crawler.discovery import Discovery, Found
    from crawler.preview import Preview
    from crawler.probe import Sample
    from crawler.source_check import Finding
    from storage.archive import Archive

_SIGNS = {"passed": "✓", "failed": "✕", "skipped": "–"}
_BEGINNING = 300  # characters of a text that a preview shows


@click.command(short_help="Find the step at which a source fails.")
@click.argument("name")
@click.option("--all", "whole", is_flag=True, help="Every address of each place, not its first alone.")
@speaks
@click.pass_obj
def check(open_archive: OpenArchive, desk: Desk, name: str, *, whole: bool) -> None:
    """Go through all steps from a source's file to the text of its newest article, and name the one that fails.

    \b
    copydesk sources check gazette

    Each request is as polite as a crawl's. Nothing is stored. The exit code is 1 if a step fails. Of a source with a
    learned pace it tells that, too.
    """
    from crawler.crawl import find_source
    from crawler.errors import BadSource
    from crawler.pace_commands import line_of
    from crawler.probe import probing
    from crawler.settings import Settings
    from crawler.source_check import Finding, check_source

    settings = Settings.here()
    try:
        source = find_source(settings.sources, name)
    except BadSource as fault:
        findings: tuple[Finding, ...] = (Finding("file", "failed", str(fault), hint=fault.hint),)
    else:
        with desk.progress(f"checking {name}") as advance:

            async def checked() -> tuple[Finding, ...]:
                async with probing(source, settings) as probe:
                    return await check_source(probe, whole=whole, tell=advance)

            findings = asyncio.run(checked())
    desk.table(
        findings,
        [
            Column["Finding"]("", lambda finding: _SIGNS[finding.state]),
            Column("", lambda finding: finding.step),
            Column("", lambda finding: f"place[{finding.place}]" if finding.place else ""),
            Column("", lambda finding: finding.detail, shrinks=True),
            Column("", lambda finding: finding.url if finding.step in ("address", "article") else "", shrinks=True),
        ],
        asdict,
    )
    if failed := next((finding for finding in findings if finding.state == "failed"), None):
        desk.error(f"{name} fails at: {failed.step}: {failed.detail}", failed.url, failed.hint)
        raise SystemExit(1)
    if source.schedule.auto:
        with open_archive() as archive:
            desk.say(f"looked at {line_of(archive, source)}")
    desk.say(f"Next: copydesk sources preview {name}")


@click.command(short_help="Show what a crawl would store.")
@click.argument("name")
@click.option("--articles", type=click.IntRange(1, 20), default=3, show_default=True, help="How many are shown.")
@speaks
@click.pass_obj
def preview(open_archive: OpenArchive, desk: Desk, name: str, articles: int) -> None:
    """Fetch what a crawl would fetch first, and show what it would store. Nothing is stored.

    \b
    copydesk sources preview gazette --articles 5

    The exit code is 1 if there is no article to show.
    """
    from crawler.crawl import find_source
    from crawler.pace_commands import line_of
    from crawler.preview import preview_source
    from crawler.probe import probing
    from crawler.settings import Settings
    from crawler.site_desk import SiteDesk

    settings = Settings.here()
    source = find_source(settings.sources, name)
    with open_archive() as archive:
        learned, sites = archive.sources.shapes(name), SiteDesk(archive, keeps=False)
        with desk.progress(f"previewing {name}") as advance:

            async def previewed() -> Preview:
                async with probing(source, settings, learned, partial(sites.briefing, advice=source.clean)) as probe:
                    return await preview_source(probe, articles, advance)

            seen = asyncio.run(previewed())
        for each in seen.barren:
            desk.failed(each.url, each.why, each.hint)
        _tell_place(desk, seen)
        for sample in seen.samples:
            _show_sample(desk, archive, sample)
        if pace := line_of(archive, source):
            desk.say(f"It would be looked at {pace}")
    if not seen.samples:
        desk.error(f"{name}: no article to show", hint=f"copydesk sources check {name}")
        raise SystemExit(1)
    desk.say(f"Next: copydesk sources enable {name}" if not source.enabled else f"Next: copydesk crawl {name}")


@click.command(short_help="Find the feeds and sitemaps of a site.")
@click.argument("site")
@click.option("--write", is_flag=True, help="Add the source to the catalogue, switched off.")
@click.option(
    "--delay", type=click.FloatRange(0, 60), default=1.0, show_default=True, metavar="SECONDS",
    help="Between two requests to a host.",
)  # fmt: skip
@click.option("--allow-private", multiple=True, metavar="CIDR", help="A network of an intranet to fetch from.")
@speaks
def discover(desk: Desk, site: str, *, write: bool, delay: float, allow_private: tuple[str, ...]) -> None:
    """Find the feeds and sitemaps of a site, a host or an address, and print the source file that they make.

    \b
    copydesk sources discover gazette.example
    copydesk sources discover https://gazette.example/ --write

    At most 25 requests, as robots.txt allows. Where the output is no terminal, it is a source file as a whole.
    """
    from crawler.catalogue import add
    from crawler.discovery import MOST_REQUESTS, homepage_of
    from crawler.discovery import discover as look
    from crawler.errors import CrawlerError
    from crawler.fetching.addresses import networks
    from crawler.fetching.fetch import Fetcher
    from crawler.fetching.visit import NotFetched, Visit
    from crawler.parsers import Parsers
    from crawler.settings import Settings

    settings = Settings.here()
    homepage, allowed = homepage_of(site), networks(allow_private)
    try:
        with desk.progress(f"looking through {homepage}") as advance:

            async def searched() -> Discovery:
                async with Fetcher(settings.contact) as fetcher, Parsers(1) as parsers:
                    return await look(homepage, Visit(fetcher, delay, allowed, MOST_REQUESTS), parsers, advance)

            found = asyncio.run(searched())
    except NotFetched as error:
        hint = "is it of an intranet? name its network: --allow-private 10.0.0.0/8" if error.step == "address" else None
        desk.error(f"{site} fails at: {error.step}: {error}", hint=hint or error.hint)
        raise SystemExit(1) from None
    for remark in found.remarks:
        desk.note(remark)
    _show_found(desk, found)
    if found.definition is None:
        desk.error(f"{found.homepage}: nothing found that lists articles", hint="name a section page in a source file")
        raise SystemExit(1)
    if desk.json:
        desk.record({"name": found.name, "homepage": found.homepage, "definition": found.definition})
    desk.show()
    desk.show(found.definition.rstrip())
    if write:
        try:
            settings.sources.mkdir(parents=True, exist_ok=True)
            add(settings.sources, found.name, found.definition)
        except OSError as error:
            raise CrawlerError(f"{settings.sources}: cannot be written: {error.strerror}") from error
        desk.note(f"written to {settings.sources / found.name}.toml; next: copydesk sources check {found.name}")
    else:
        desk.note(f"save it as {settings.sources / found.name}.toml, or say --write")


def _tell_place(desk: Desk, seen: Preview) -> None:
    """Where the articles were named, before they are shown."""
    outside = f", {seen.outside:,} of them outside" if seen.outside else ""
    if seen.place:
        desk.show(f"place[{seen.place}]  {seen.url or 'addresses of the file'}: {seen.named:,} named{outside}")
    if desk.json:
        desk.record({"place": seen.place or None, "url": seen.url, "named": seen.named, "outside": seen.outside})


def _show_sample(desk: Desk, archive: Archive, sample: Sample) -> None:
    result, url = sample.result, sample.visited.fetched.url
    known = next(iter(archive.fates(url)), None)
    outcome = f"known: {known.outcome} {desk.time(known.at)}" if known else "new"
    if not isinstance(result, Article):
        outcome = f"rejected: {result.reason}: {result.detail}"
    if desk.json:
        desk.record(_record(sample, "rejected" if not isinstance(result, Article) else "known" if known else "new"))
        return
    desk.show()
    desk.show(result.title if isinstance(result, Article) else "(no article)", "bold")
    desk.show(f"  {url}")
    if isinstance(result, Article):
        said = (
            desk.time(result.published_at) if result.published_at else "no date", ", ".join(result.authors),
            result.language, f"{result.words:,} words", *result.flags,
        )  # fmt: skip
        desk.show("  " + "   ".join(each for each in said if each))
        desk.show(f"  {_beginning(result.text)}")
        removed = Counter(block.because for block in result.removed)
        counts = "   ".join(f"{reason} {count:,}" for reason, count in removed.most_common())
        desk.show(f"  removed: {counts or 'nothing'}")
    desk.show(f"  {outcome}")


def _record(sample: Sample, outcome: str) -> dict[str, object]:
    result, url = sample.result, sample.visited.fetched.url
    if not isinstance(result, Article):
        return {"url": url, "outcome": outcome, "why": f"{result.reason}: {result.detail}"}
    return {
        "url": url, "outcome": outcome, "title": result.title,
        "published_at": result.published_at and rfc3339(result.published_at), "authors": list(result.authors),
        "language": result.language, "words": result.words, "text": result.text, "flags": list(result.flags),
        "removed": dict(Counter(block.because for block in result.removed)),
    }  # fmt: skip


def _beginning(text: str) -> str:
    """The first sentences, cut between words where they are long."""
    line = re.sub(r"\s+", " ", text)
    return line if len(line) <= _BEGINNING else line[:_BEGINNING].rpartition(" ")[0] + " …"


def _show_found(desk: Desk, discovery: Discovery) -> None:
    """The listings as a table; in a pipe as comments of the source file that follows them."""
    beginning = "" if desk.on_terminal else "# "

    def entries(found: Found) -> str:
        outside = f", {found.outside:,} of them on other sites" if found.outside else ""
        return f"{found.entries:,} {'sitemaps' if found.is_index else 'articles'}{outside}"

    desk.table(
        discovery.found,
        [
            Column["Found"]("kind", lambda found: beginning + found.kind),
            Column("address", lambda found: found.url),
            Column("entries", entries),
            Column("newest", lambda found: found.newest),
            Column("language", lambda found: found.language),
        ],
        lambda found: {
            "kind": found.kind, "url": found.url, "named_by": found.named_by, "entries": found.entries,
            "outside": found.outside, "is_index": found.is_index,
            "newest": found.newest and rfc3339(found.newest), "language": found.language,
        },
    )  # fmt: skip


TRIALS = (check, preview, discover)
