"""How well articles are found in HTML, and what is known of them: ``python benchmarks/html_articles.py``.

The same pages through copydesk and through trafilatura, with its defaults and favouring precision, comments off. The
line model that judges a page has learned from other sites than the page's (``training/folds``; see ``text_lines.py``);
where those files are missing the shipped model judges, which knows these sites, and a line says so.
"""

from __future__ import annotations

import contextlib
import difflib
import gzip
import json
import logging
import re
import sys
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines import clean
from pipelines.line_model import LineModel, using
from storage.records import Article, Page
from training.lines import FOLD_MODELS
from training.pages import FOLDS, SETS, LabelledPage, eval_folder, eval_module, html_of, labelled_pages

FETCHED_AT = datetime(2026, 11, 1, tzinfo=UTC)
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Gold:
    """What a person or a publisher's parser says of a page; None where unknown."""

    url: str
    title: str | None
    authors: tuple[str, ...] | None
    day: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a system found in a page, and the processor seconds it took."""

    text: str
    title: str = ""
    authors: tuple[str, ...] = ()
    day: str | None = None
    seconds: float = 0.0


class Copydesk:
    """The whole path from bytes to record."""

    name = "copydesk"

    def __init__(self) -> None:
        models = [FOLD_MODELS / f"{fold}.npz" for fold in range(FOLDS)]
        self.models = [LineModel.load(path) for path in models] if all(path.is_file() for path in models) else None

    def find(self, html: bytes, url: str, fold: int) -> Found:
        """One page, judged by the model that has not seen its site."""
        with using(self.models[fold]) if self.models else contextlib.nullcontext():
            start = time.process_time()
            result = clean(Page(url, html, "text/html", FETCHED_AT))
            seconds = time.process_time() - start
        if not isinstance(result, Article):
            return Found("", seconds=seconds)
        return Found(result.text, result.title, result.authors, day_of(result), seconds)


def day_of(article: Article) -> str | None:
    """The day on which it was published, where it was published: labels have the day that the page shows."""
    if article.published_at is None:
        return None
    zone = datetime.strptime((article.published_zone or "UTC+00:00")[3:], "%z").tzinfo
    return article.published_at.astimezone(zone).date().isoformat()


class Trafilatura:
    """trafilatura with its own metadata."""

    def __init__(self, name: str, *, precise: bool) -> None:
        self.name = name
        self.precise = precise

    def find(self, html: bytes, url: str, _fold: int) -> Found:
        """One page."""
        import trafilatura

        start = time.process_time()
        document = trafilatura.bare_extraction(
            html, url=url, favor_precision=self.precise, include_comments=False, with_metadata=True
        )
        seconds = time.process_time() - start
        if document is None:
            return Found("", seconds=seconds)
        authors = tuple(filter(None, (document.author or "").split("; ")))
        return Found(document.text or "", document.title or "", authors, document.date, seconds)


def gold_of(name: str) -> dict[str, Gold]:
    """The gold metadata of one set, by page."""
    with gzip.open(eval_folder() / name / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {
        row["id"]: Gold(row["url"], row["title"], tuple(row["authors"]) if row["authors"] else None, row["date"])
        for row in rows
    }


def folded(text: str) -> str:
    """A text for comparing: its words alone, in lower case."""
    return " ".join(WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def print_texts(pages: dict[str, list[LabelledPage]], found: dict[tuple[str, str], list[Found]]) -> None:
    """Quality of the texts, and the differences from copydesk with their bootstrapped spread."""
    score = eval_module("score")
    systems = list(dict.fromkeys(system for system, _ in found))
    print(f"{'':28}{'set':8}{'pages':>6}{'F1':>8}{'left':>8}{'lost':>8}{'clean':>8}{'ms/page':>9}{'ratio':>7}")
    for system in systems:
        for name in SETS:
            results = found[system, name]
            got = score.aggregate(list(zip(golds(pages[name]), texts(results), strict=True)), rouge=False)
            seconds, peer = (sum(one.seconds for one in found[each, name]) for each in (system, systems[1]))
            errors = f"{got['boiler_lines_pp']:8.2f}{got['lost_lines_pp']:8.2f}{got['pages_clean']:8.3f}"
            speed = f"{1000 * seconds / len(results):9.1f}{seconds / peer:7.2f}"
            print(f"{system:28}{name:8}{got['n']:6}{got['cshingle_f1']:8.4f}{errors}{speed}")
    print(
        "F1: 4-gram shingles; left: boilerplate lines left a page; lost: article lines lost; clean: pages with neither."
    )
    print(f"ms/page: processor time with metadata; ratio: to {systems[1]}.\n")
    for system in systems[1:]:
        for name in SETS:
            gold = golds(pages[name])
            ours, theirs = (list(zip(gold, texts(found[each, name]), strict=True)) for each in (systems[0], system))
            mean, spread = score.bootstrap_f1_diff(ours, theirs)
            print(f"{systems[0]} - {system:24}{name:8} F1 {mean:+.4f} +- {spread:.4f}")


def golds(pages: Iterable[LabelledPage]) -> list[str]:
    """The gold texts."""
    return [page.gold for page in pages]


def texts(results: Iterable[Found]) -> list[str]:
    """The found texts."""
    return [one.text for one in results]


def print_metadata(gold: dict[str, list[Gold]], found: dict[tuple[str, str], list[Found]]) -> None:
    """Shares of the pages on which title, set of authors and day are right; days are those of the page's own zone."""
    columns = f"{'title':>8}{'similar':>9}{'authors':>9}{'day':>8}{'no day':>8}"
    print(f"\n{'':28}{'set':8}{columns}")
    for (system, name), results in found.items():
        pairs = list(zip(gold[name], results, strict=True))
        titles = [(folded(page.title), folded(one.title)) for page, one in pairs if page.title]
        if not titles or system == "trafilatura, precision":  # its metadata are the same
            continue
        exact = [mine == true for true, mine in titles]
        similar = [difflib.SequenceMatcher(None, true, mine).ratio() >= 0.8 for true, mine in titles]
        authors = [
            set(map(folded, one.authors)) == set(map(folded, page.authors)) for page, one in pairs if page.authors
        ]
        days = [(page.day, one.day) for page, one in pairs if page.day]
        right, missing = [mine == true for true, mine in days], [mine is None for _, mine in days]
        figures = f"{mean(exact):8.3f}{mean(similar):9.3f}{mean(authors):9.3f}{mean(right):8.3f}{mean(missing):8.3f}"
        print(f"{system:28}{name:8}{figures}")


def mean(hits: list[bool]) -> float:
    """The share of hits."""
    return sum(hits) / max(1, len(hits))


def main() -> None:
    """Print the tables."""
    try:
        pages = {name: labelled_pages(name) for name in SETS}
        gold = {name: [known[page.id] for page in pages[name]] for name in SETS for known in [gold_of(name)]}
    except FileNotFoundError as error:
        sys.exit(f"html_articles: skipped: {error}")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    copydesk = Copydesk()
    if copydesk.models is None:
        print("copydesk: training/folds is missing: the line model has seen these sites, and F1 flatters it")
    systems = (copydesk, Trafilatura("trafilatura", precise=False), Trafilatura("trafilatura, precision", precise=True))
    found: dict[tuple[str, str], list[Found]] = {(system.name, name): [] for system in systems for name in SETS}
    for name in SETS:
        for page, known in zip(pages[name], gold[name], strict=True):
            html = html_of(name, page.id)
            for system in systems:
                found[system.name, name].append(system.find(html, known.url, page.fold))
    print_texts(pages, found)
    print_metadata(gold, found)


if __name__ == "__main__":
    main()
