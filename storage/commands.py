"""The commands that ask the archive: search, show, why, export."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import get_args

import click

from storage.console import Column, Desk
from storage.errors import StorageError
from storage.records import ArchivedArticle, CountedBy, Fate, Query, Removed
from storage.speaking import OpenArchive, asks, ranked, sighted, speaks
from storage.times import rfc3339

SHORT = 8
"""Digits of an id that a table shows; commands take any beginning of 4 or more."""


@click.command(short_help="Find articles by words.")
@click.argument("words", nargs=-1)
@click.option(
    "--count-by", type=click.Choice(get_args(CountedBy)), help="Count the articles by this instead of listing them."
)
@click.option(
    "--versus", multiple=True, metavar="QUERY", help="Count the answers to this query beside; may be repeated."
)
@click.option(
    "--terms", is_flag=True, help="What they say more often than the rest of the archive, instead of listing them."
)
@ranked
@sighted
@asks
@speaks
@click.pass_obj
def search(
    open_archive: OpenArchive, desk: Desk, query: Query, *, count_by: CountedBy | None, versus: tuple[str, ...],
    terms: bool,
) -> None:  # fmt: skip
    """Find articles by words, newest first.

    \b
    copydesk search flood gate --since 2026-07
    copydesk search 'title:flood OR "north gate" -drill' --count-by week
    copydesk search flood --versus fire --versus '"heat wave"' --count-by week
    copydesk search flood --terms

    All words must occur, accents and case aside; "quoted words" stand together. Without words, everything is listed.
    Operators: OR, -not, prefix*, title: author: agency: source: lang: story: flag: is:copy is:canonical since: until:.
    """
    from storage.count_views import show_comparison, show_counts, show_terms, show_totals
    from storage.export import record
    from storage.search import question_of
    from storage.snippet import snippet

    if (count_by or versus) and terms:
        raise click.UsageError("either --terms, or --count-by and --versus")
    queries = list(dict.fromkeys([query, *(replace(query, words=words) for words in versus)]))
    for note in dict.fromkeys(note for each in queries for note in question_of(each).notes):
        desk.note(note)
    if count_by or versus or terms:
        with open_archive() as archive:
            if terms:
                show_terms(desk, archive.terms(query, query.limit or 20))
            elif not versus and count_by:
                show_counts(desk, archive.counts(query, count_by)[: query.limit], count_by)
            elif count_by:
                show_comparison(desk, archive, queries, count_by)
            else:
                show_totals(desk, archive, queries)
        return
    query = query if query.limit else replace(query, limit=20)
    with open_archive() as archive:
        columns = [
            Column[ArchivedArticle]("", lambda found: found.id[:SHORT] if desk.on_terminal else found.id),
            Column("", lambda found: found.published_at or found.fetched_at),
            Column("", lambda found: found.source),
            Column("", lambda found: found.language),
            Column("", lambda found: found.title, shrinks=True),
        ]
        shown = desk.table(
            archive.find(query), columns, record, below=lambda found: snippet(found.text, query.words or "")
        )
        found = archive.count(query)
        if not desk.json and desk.on_terminal:
            desk.say(f"{shown:,} of {found:,}" if found else "nothing found")


@click.command(short_help="Show an article.")
@click.argument("id")
@click.option("--removed", is_flag=True, help="What was cut from it, and by which rule.")
@click.option("--versions", is_flag=True, help="Every distinct text it has had, and each time it was seen.")
@click.option("--diff", is_flag=True, help="What each version says otherwise, word by word.")
@click.option("--story", is_flag=True, help="Its copies: who had it, when, how much of it.")
@click.option("--raw", is_flag=True, help="The bytes as they came, on standard output.")
@speaks
@click.pass_obj
def show(
    open_archive: OpenArchive, desk: Desk, id: str, *, removed: bool, versions: bool, diff: bool, story: bool,  # noqa: A002 - what people call it
    raw: bool,
) -> None:  # fmt: skip
    """Show an article: facts and clean text.

    \b
    copydesk show 7f3a91
    copydesk show 7f3a91 --versions --diff

    The first four or more digits of its id are enough.
    """
    from storage.export import record

    with open_archive() as archive:
        article = archive.get(id)
        if raw:
            sys.stdout.buffer.write(archive.raw(article.id))
        elif removed:
            _show_removed(desk, archive.removed(article.id))
        elif versions or diff:
            from storage.version_views import show_diffs, show_versions

            made = archive.makings(article.id)
            if versions:
                show_versions(desk, made, archive.sightings(article.id))
            if diff:
                show_diffs(desk, made, archive.versions(article.id))
        elif story:
            from storage.story_views import show_story

            show_story(desk, archive.stories.of(article.id))
        elif desk.json:
            desk.record(record(article))
        else:
            _show_article(desk, article)


def _show_article(desk: Desk, article: ArchivedArticle) -> None:
    desk.show(article.title or "(no title)", "bold")
    published = article.published_at and f"{rfc3339(article.published_at)} (to the {article.published_precision})"
    facts = [
        ("id", "", article.id),
        ("address", "", article.url),
        ("canonical", "canonical_url", article.canonical_url if article.canonical_url != article.url else None),
        ("amp", "amp_url", article.amp_url),
        ("source", "", article.source),
        ("authors", "authors", ", ".join(article.authors)),
        ("agency", "agency", article.agency),
        ("place", "dateline", article.dateline),
        ("published", "published_at", published),
        ("zone", "", article.published_zone),
        ("modified", "modified_at", article.modified_at and rfc3339(article.modified_at)),
        ("language", "language", article.language),
        ("section", "section", article.section),
        ("keywords", "keywords", ", ".join(article.keywords)),
        ("image", "image", article.image),
        ("caption", "image_caption", article.image_caption),
        ("credit", "image_credit", article.image_credit),
        ("access", "access", article.access),
        ("flags", "", ", ".join(article.flags)),
        ("copy of", "", article.copy_of),
    ]
    origins = dict(article.origins)
    for name, field, value in facts:
        if value:
            origin = origins.get(field)
            desk.show(f"{name:<10} {value}" + (f"  [{origin}]" if origin else ""))
    desk.show()
    desk.show(article.text)


def _show_removed(desk: Desk, removed: tuple[Removed, ...]) -> None:
    desk.table(
        removed,
        [
            Column[Removed]("line", lambda block: block.line),
            Column("reason", lambda block: block.reason),
            Column("rule", lambda block: block.rule),
            Column("score", lambda block: "" if block.score is None else f"{block.score:.2f}"),
            Column("pages", lambda block: "" if block.pages is None else f"{block.pages} of {block.of_pages}"),
            Column("text", lambda block: " ".join(block.text.split()), shrinks=True),
        ],
        lambda block: {"line": block.line, "reason": block.reason, "rule": block.rule, "score": block.score,
                       "text": block.text, "start": block.start, "end": block.end, "pages": block.pages,
                       "of_pages": block.of_pages},
    )  # fmt: skip


@click.command(short_help="Tell the fate of an address, a file or an article.")
@click.argument("what")
@speaks
@click.pass_obj
def why(open_archive: OpenArchive, desk: Desk, what: str) -> None:
    """Tell what became of an address, a file or an article; what it is a copy of, and by which rule; what was removed.

    \b
    copydesk why https://gazette.example/2026/07/flood
    copydesk why saved/0412.jsonl:88
    """
    with open_archive() as archive:
        fates = archive.fates(what)
        if not fates:
            desk.error("never read", what, "give the address, the file as it was named (with its line), or an id")
            raise SystemExit(1)
        desk.table(
            fates,
            [
                Column[Fate]("read", lambda fate: fate.at),
                Column("run", lambda fate: fate.run_id),
                Column("outcome", lambda fate: fate.outcome),
                Column("article", lambda fate: fate.article_id),
                Column("why", lambda fate: fate.why),
                Column("where", lambda fate: fate.url or fate.origin, shrinks=True),
            ],
            lambda fate: asdict(fate) | {"at": rfc3339(fate.at)},
        )
        article = next((fate.article_id for fate in fates if fate.article_id), None)
        if article and archive.forgotten(article):
            return
        if article:
            from storage.story_views import show_links

            show_links(desk, archive.get(article), archive.stories.links(article))
        if article and not desk.json:
            desk.show()
            desk.show(f"Removed from it (copydesk show {article[:SHORT]} --removed):")
            _show_removed(desk, archive.removed(article))


@click.command(short_help="Write articles to a file.")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("words", nargs=-1)
@click.option("--raw", is_flag=True, help="CSV cells as they are, also where a spreadsheet would run them.")
@ranked
@sighted
@asks
@speaks
@click.pass_obj
def export(open_archive: OpenArchive, desk: Desk, path: Path, query: Query, *, raw: bool) -> None:
    """Write articles to a file; its ending chooses the format.

    \b
    copydesk export all.parquet
    copydesk export floods.csv flood --since 2026-07 --language fr

    Formats: .jsonl, .csv, .parquet, .jsonld, .ninjs, .atom; all but .parquet may be followed by .gz. And .warc.gz: the
    pages of the articles as they came.
    """
    from storage.export import export as write
    from storage.export import export_pages, is_of_pages, writer_for
    from storage.search import question_of

    if of_pages := is_of_pages(path):
        if query.by == "sighting":
            raise click.BadParameter("a WARC file holds the pages of articles", param_hint="--by")
    else:
        try:
            writer_for(path)
        except StorageError as error:
            raise click.BadParameter(f"{error}; {error.hint}, or .warc.gz for pages", param_hint="PATH") from error
    for note in question_of(query).notes:
        desk.note(note)
    with open_archive() as archive, desk.progress("exporting", archive.count(query)) as advance:

        def counted() -> Iterator[ArchivedArticle]:
            for article in archive.find(query):
                yield article
                advance(1)

        if of_pages:
            number = export_pages((archive.page(article.id) for article in counted()), path)
        else:
            number = write(counted(), path, raw)
    if desk.json:
        desk.record({"path": str(path), "articles": number})
    desk.say(f"{number:,} articles written to {path}")


COMMANDS = (search, show, why, export)
