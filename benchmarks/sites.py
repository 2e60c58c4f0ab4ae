"""How cleaning gets better on a site the more of it is read: ``python -m benchmarks.sites``.

Semi-synthetic sites: real pages of the evaluation data give the furniture, other pages of the same language the
stories (``benchmarks/site_pages.py``). The models that judge a site have learned from none of the pages in it: template
and stories are of one fold. Pages are read in order, the profile learning from each; beside it, each page alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from lxml import etree

from benchmarks import profiles
from benchmarks.cleaner import found, missing_folds, page_of, unseen
from benchmarks.extractors import html_of
from benchmarks.figures import PageFigures, page_figures, quality
from benchmarks.gold import Gold, gold_pages
from benchmarks.site_pages import SitePage, Supply, site_pages
from benchmarks.templates import Story, Template, template_of
from pipelines import clean
from pipelines.decoding import Decoded, decode

SETS = ("aeb", "fundus")  # news pages: their furniture; stories are theirs and the blogs'
STORY_SETS = (*SETS, "wcxb")
PAGES, CHANGE = 20, 10  # pages of a site; the first so many before its layout changes
SHOWN = (1, 2, 5, 10, 20)
SHOWN_CHANGED = (9, 10, 11, 12, 13, 15, 20)
LEAST_WORDS, MOST_WORDS, LEAST_PARAGRAPHS = 150, 1500, 5
WORSE = 0.001  # of F1, by which a page is worse than the fallback
KINDS = {
    "same": "one layout",
    "renamed": "after page 10 other class names and one box more",
    "replaced": "after page 10 the template of another site",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What a site is made of. after: its template after the change."""

    name: str
    fold: int
    template: Template
    after: Template
    stories: tuple[Story, ...]
    supply: Supply


@dataclass(frozen=True, slots=True)
class SiteFigures:
    """Of each page in its order: read with the profile, and alone."""

    learning: tuple[PageFigures, ...]
    alone: tuple[PageFigures, ...]


def story_of(page: Gold) -> Story | None:
    """The page's article as a story, if it is long enough and in paragraphs."""
    paragraphs = tuple(line.strip() for line in (page.text or "").splitlines() if line.strip())
    words = sum(len(line.split()) for line in paragraphs)
    if len(paragraphs) < LEAST_PARAGRAPHS or not LEAST_WORDS <= words <= MOST_WORDS:
        return None
    return Story(page.title or said_title(html_of(str(page.html))), paragraphs, page.authors)


def said_title(html: bytes) -> str:
    """The headline as the page's metadata have it."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    found_titles = etree.HTML(html, parser).xpath("//meta[@property='og:title']/@content | //title/text()")
    return " ".join(str(found_titles[0]).split()) if found_titles else ""


def made_sites(most: int) -> list[Site]:
    """The sites, the same each time. Raises FileNotFoundError without the evaluation data."""
    stories: defaultdict[tuple[int | None, str], list[tuple[str, Story]]] = defaultdict(list)
    templates: defaultdict[tuple[int | None, str], list[Template]] = defaultdict(list)
    for name in STORY_SETS:
        for page in gold_pages(name):
            if story := story_of(page):
                stories[page.fold, page.lang].append((page.site, story))
    spoken = {key: mine for key, mine in stories.items() if len(mine) > PAGES + 4}
    drawn = sorted(
        (page for name in SETS for page in gold_pages(name) if (page.fold, page.lang) in spoken),
        key=lambda page: hashlib.blake2b(page.id.encode()).digest(),
    )
    for page in drawn:
        key = (page.fold, page.lang)
        known = {template.site for template in templates[key]}
        if page.site in known or sum(map(len, templates.values())) >= most + len(spoken):
            continue
        decoded = decode(html := html_of(str(page.html)), "text/html")
        title = page.title or said_title(html)
        if isinstance(decoded, Decoded) and (
            template := template_of(decoded.text, page.site, title, page.text or "", page.authors)
        ):
            templates[key].append(template)
    sites = []
    for key, mine in templates.items():
        supply = _supply([story for _, story in stories[key]], mine)
        for at, template in enumerate(mine[:-1] if len(mine) > 1 else ()):
            others = [story for site, story in stories[key] if site != template.site]
            chosen = random.Random(template.site).sample(others, min(PAGES, len(others)))
            if len(chosen) == PAGES:
                sites.append(Site(template.site, key[0] or 0, template, mine[at + 1], tuple(chosen), supply))
    return sites[:most]


def _supply(stories: Sequence[Story], templates: Sequence[Template]) -> Supply:
    captions = {text for template in templates for text in template.caption_texts if len(text) > 20}
    return Supply(
        tuple(dict.fromkeys(story.title for story in stories)),
        tuple(dict.fromkeys(story.paragraphs[0] for story in stories)),
        tuple(sorted(captions)),
        tuple(sorted({name for story in stories for name in story.authors})),
    )


def pages_of(site: Site, kind: str) -> list[SitePage]:
    """The pages of a site in their order."""
    before = site_pages(site.template, site.stories, site.supply)
    if kind == "same":
        return before
    template = site.template if kind == "renamed" else site.after
    after = site_pages(template, site.stories, site.supply, relaid=kind == "renamed")
    return before[:CHANGE] + after[CHANGE:]


def measured(site: Site, kind: str) -> SiteFigures:
    """Read the site in order, and each page alone."""
    made = pages_of(site, kind)
    pages = [page_of(page.html, page.url) for page in made]
    with unseen(site.fold):
        learning = [found(result).text for result in profiles.read(pages)]
        alone = [found(clean(page)).text for page in pages]
    golds = [_gold(page) for page in made]
    beside = (tuple(map(page_figures, golds, texts)) for texts in (learning, alone))
    return SiteFigures(*beside)


def _gold(page: SitePage) -> Gold:
    return Gold("", "", Path(), page.url, "", None, "", page.gold, page.title, (), None, (), ())


def page_f1(figures: PageFigures) -> float:
    """F1 of one page."""
    both = figures.precision + figures.recall
    return 2 * figures.precision * figures.recall / both if both > 0 else 0.0


def print_kind(kind: str, figures: Sequence[SiteFigures]) -> dict[str, object]:
    """The table of one kind of site; also as a record."""
    shown = SHOWN if kind == "same" else SHOWN_CHANGED
    print(f"\n{KINDS[kind]}, {len(figures)} sites")
    print(f"{'':34}" + "".join(f"{f'page {at}':>9}" for at in shown))
    record: dict[str, object] = {"shown": shown}
    for name, label in (("learning", "with the profile"), ("alone", "each page alone")):
        at_page = [quality([getattr(site, name)[at - 1] for site in figures]) for at in shown]
        print(f"{f'F1, {label}':34}" + "".join(f"{got.f1:9.3f}" for got in at_page))
        print(f"{f'clean pages, {label}':34}" + "".join(f"{got.clean:9.2f}" for got in at_page))
        record[name] = [(got.f1, got.clean) for got in at_page]
    pairs = [pair for site in figures for pair in zip(site.learning, site.alone, strict=True)]
    worse = [page_f1(theirs) - page_f1(mine) for mine, theirs in pairs if page_f1(mine) < page_f1(theirs) - WORSE]
    most = f", by {statistics.fmean(worse):.3f} on average and {max(worse):.3f} at most" if worse else ""
    print(f"pages worse with the profile than alone: {len(worse)} of {len(pairs)}{most}")
    return {**record, "worse": len(worse), "pages": len(pairs)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sites", description=__doc__)
    parser.add_argument("--sites", type=int, default=32, metavar="N")
    parser.add_argument("--kinds", nargs="*", choices=[*KINDS], default=[*KINDS], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, to be read by programs")
    parser.add_argument(
        "--write", type=Path, metavar="FOLDER", help="write the pages of the first site, to be looked at"
    )
    options = parser.parse_args()
    try:
        sites = made_sites(options.sites)
    except FileNotFoundError as error:
        sys.exit(f"sites: skipped: {error}")
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        for at, page in enumerate(pages_of(sites[0], options.kinds[0]), 1):
            (options.write / f"{at:02}.html").write_bytes(page.html)
            (options.write / f"{at:02}.txt").write_text(page.gold, encoding="utf-8")
        return
    for note in [f"note: training/folds lacks {name}: its sites were seen" for name in missing_folds()]:
        print(note)
    report = {}
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        for kind in options.kinds:
            report[kind] = print_kind(kind, list(pool.map(partial(measured, kind=kind), sites)))
    print(
        "\naims: clean pages from .35 at the first to .80 at the tenth; after a change the level before within 5 pages,"
    )
    print("no page worse than alone.")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
