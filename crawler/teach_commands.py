"""The command by which a person corrects how a source is cleaned: sources teach."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.records import Article, Block, Failed, Page, Removed
from storage.speaking import OpenArchive, speaks

if TYPE_CHECKING:
    from crawler.profiles import Briefing
    from crawler.settings import Settings
    from crawler.source import Source
    from crawler.teaching import Shown, Teaching

_PAGES = 3  # that are shown


@click.command(short_help="Correct how the pages of a source are cleaned.")
@click.argument("name")
@click.option("--keep", multiple=True, metavar="TEXT", help="A line that begins so is never removed.")
@click.option("--remove", multiple=True, metavar="TEXT", help="A line that begins so is removed.")
@click.option("--page", "urls", multiple=True, metavar="URL", help="This page, not the latest three.")
@speaks
@click.pass_obj
def teach(
    open_archive: OpenArchive, desk: Desk, name: str, keep: tuple[str, ...], remove: tuple[str, ...],
    urls: tuple[str, ...],
) -> None:  # fmt: skip
    """Show pages of a source with what is kept of them and what is removed and why, and take corrections.

    \b
    copydesk sources teach gazette
    copydesk sources teach gazette --remove "Lire aussi" --keep "(AFP)"

    On a terminal: k 12 keeps a block, r 7 removes one, r 7-9 several; n goes on to the next page, q ends. Corrections
    are lines under [clean] in the source's file, count from then on, and come before every rule.
    """
    from crawler.crawl import find_source
    from crawler.settings import Settings
    from crawler.teaching import Teaching

    settings = Settings.here()
    source = find_source(settings.sources, name)
    with open_archive() as archive:
        teaching = Teaching(archive, settings.sources, source)
        for verb, lines in (("keep", keep), ("remove", remove)):
            if lines:
                _note(desk, teaching, verb, lines)
        pages = _pages(desk, teaching, settings, urls)
        if not pages:
            desk.error(f"{name}: no page to show", hint=f"copydesk sources check {name}")
            raise SystemExit(1)
        if desk.on_terminal and sys.stdin.isatty() and not (keep or remove):
            converse(desk, teaching, pages, _typed())
        else:
            for shown in pages:
                show(desk, shown)
        if teaching.source.clean != source.clean:
            desk.say(f"Next: copydesk reprocess --source {name}")


def converse(desk: Desk, teaching: Teaching, pages: list[Shown], said: Iterator[str]) -> None:
    """Show one page after the other, and do what is said of each until there is no more to say."""
    from crawler.teaching import changed, read_correction

    for at, first in enumerate(pages, start=1):
        shown = teaching.look(first.page)  # corrections to the pages before count
        desk.show(f"page {at} of {len(pages)}")
        show(desk, shown)
        for order in said:
            if order.strip().lower() in ("n", "q"):
                break
            try:
                correction = read_correction(order, len(shown.blocks))
            except ValueError as problem:
                desk.note(str(problem))
                continue
            lines = teaching.correct(shown, correction)
            again = teaching.look(shown.page)
            lost, won = changed(shown, again)
            desk.note(f"{correction.verb} {', '.join(map(repr, lines))}: {lost:,} characters less, {won:,} more")
            shown = again
            show(desk, shown)
        else:
            return
        if order.strip().lower() == "q":
            return


def show(desk: Desk, shown: Shown) -> None:
    """A page's blocks, numbered, with the reason, rule and score of those that are removed."""
    url = shown.page.url or shown.page.origin
    if not isinstance(shown.result, Article):
        desk.failed(url or "page", f"no article: {shown.result.reason}: {shown.result.detail}")
        return
    desk.show(shown.result.title or "(no title)", "bold")
    desk.show(f"  {url}")
    numbers = {id(block): number for number, block in enumerate(shown.blocks, start=1)}

    def score(block: Block) -> str:
        return f"{block.score:.2f}" if isinstance(block, Removed) and block.score is not None else ""

    desk.table(
        shown.blocks,
        [
            Column[Block]("", lambda block: numbers[id(block)]),
            Column("", lambda block: "✕" if block.reason else "✓"),
            Column("reason", lambda block: block.reason),
            Column("rule", lambda block: block.rule if isinstance(block, Removed) else ""),
            Column("score", score),
            Column("text", lambda block: " ".join(block.text.split()), shrinks=True),
        ],
        lambda block: {
            "page": url, "number": numbers[id(block)], "line": block.line, "kept": block.reason is None,
            "reason": block.reason, "rule": block.rule if isinstance(block, Removed) else None,
            "score": block.score if isinstance(block, Removed) else None, "text": block.text,
        },
    )  # fmt: skip
    desk.show()


def _note(desk: Desk, teaching: Teaching, verb: str, lines: tuple[str, ...]) -> None:
    noted = teaching.note("keep" if verb == "keep" else "remove", lines)
    desk.note(f"{verb}: {', '.join(map(repr, noted))} in {teaching.source.name}.toml")


def _pages(desk: Desk, teaching: Teaching, settings: Settings, urls: tuple[str, ...]) -> list[Shown]:
    """The pages to look at, cleaned in a process that can be killed: from the archive, else fetched."""
    from crawler.sandbox import Assigned, clean_all
    from crawler.teaching import Shown

    kept = {url: teaching.kept_page(url) for url in urls}
    pages = [page for page in kept.values() if page] if urls else list(teaching.kept_pages(_PAGES))
    missing = [url for url, page in kept.items() if page is None]
    shown = []
    for each in clean_all([Assigned(page, teaching.briefing(page)) for page in pages], workers=1) if pages else ():
        if isinstance(each, Failed):
            desk.failed(each.origin, each.detail, each.hint)
        else:
            shown.append(Shown(*each))
    if missing or not (urls or shown):
        with desk.progress(f"fetching from {teaching.source.name}") as advance:
            fetched = asyncio.run(_fetched(teaching.source, settings, missing, teaching.briefing, advance, desk))
        shown += fetched
    return shown


async def _fetched(
    source: Source,
    settings: Settings,
    urls: list[str],
    brief: Callable[[Page], Briefing],
    advance: Callable[[int], None],
    desk: Desk,
) -> list[Shown]:
    """Pages that the archive has not: these, or the newest."""
    from crawler.errors import Unreadable
    from crawler.fetching.visit import NotFetched
    from crawler.preview import preview_source
    from crawler.probe import probing
    from crawler.teaching import Shown
    from storage.links import Named

    async with probing(source, settings, None, brief) as probe:
        if not urls:
            seen = await preview_source(probe, _PAGES, advance)
            for each in seen.barren:
                desk.failed(each.url, each.why, each.hint)
            return [Shown(sample.page, sample.result) for sample in seen.samples]
        found = []
        for url in urls:
            try:
                sample = await probe.article(Named(url))
            except (NotFetched, Unreadable) as error:
                desk.failed(url, str(error), error.hint)
            else:
                found.append(Shown(sample.page, sample.result))
            advance(1)
        return found


def _typed() -> Iterator[str]:
    """What is typed, line by line."""
    while True:
        click.echo("k number, r number, n, q: ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            return
        yield line


TEACHING = (teach,)
