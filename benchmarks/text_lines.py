"""How well articles are found in plain text: ``python benchmarks/text_lines.py``.

Every page of the evaluation data is turned into its visible text, without markup, and cleaned. The line model that
judges a page has learned from other sites than the page's (``training/folds``; ``python -m training.lines --folds``
makes them again). Beside it: the text untouched, plain rules of length, and trafilatura, which sees the HTML.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipelines import clean
from pipelines.line_model import LineModel, article_likelihood, using
from storage.records import Article, Page
from training.lines import FOLD_MODELS
from training.pages import SETS, LabelledPage, eval_module, html_of, labelled_pages

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
SHORT, LONG = 70, 140  # characters: below, hardly ever a paragraph; above, and closed like a sentence, surely one
CLOSED = tuple('.!?…。！？।۔"”»')


def untouched(page: LabelledPage) -> str:
    """All visible text."""
    return "\n".join(page.lines)


def length_rules(page: LabelledPage) -> str:
    """Long lines stay, short lines go, and a line between the two goes the way of its surer neighbours."""
    good = [len(line) >= LONG and line.endswith(CLOSED) for line in page.lines]
    sure = [at for at, (line, is_good) in enumerate(zip(page.lines, good, strict=True)) if is_good or len(line) < SHORT]

    def is_kept(at: int) -> bool:
        before = next((good[i] for i in reversed(sure) if i < at), False)
        after = next((good[i] for i in sure if i > at), False)
        return good[at] or (len(page.lines[at]) >= SHORT and before and after)

    return "\n".join(line for at, line in enumerate(page.lines) if is_kept(at))


@functools.cache
def fold_model(fold: int) -> LineModel:
    """The model that has seen no site of this fold."""
    return LineModel.load(FOLD_MODELS / f"{fold}.npz")


def model_alone(page: LabelledPage) -> str:
    """The lines that the model takes for article, no rule asked."""
    with using(fold_model(page.fold)):
        likelihood = article_likelihood(page.lines)
    least = min(0.5, max(likelihood))
    return "\n".join(line for line, value in zip(page.lines, likelihood, strict=True) if value >= least)


def cleaned(page: LabelledPage) -> str:
    """What copydesk makes of the visible text."""
    return _cleaned("\n".join(page.lines), page.fold, with_title=False)


def _cleaned(text: str, fold: int, *, with_title: bool) -> str:
    with using(fold_model(fold)):
        result = clean(Page(None, text.encode(), "text/plain; charset=utf-8", EPOCH))
    if not isinstance(result, Article):
        return ""
    return f"{result.title}\n{result.text}" if with_title else result.text


def trafilatura_from_html(page: LabelledPage) -> str:
    """What trafilatura finds with its defaults; it has the markup to go by."""
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    return trafilatura.extract(html_of(page.set, page.id)) or ""


SYSTEMS: tuple[tuple[str, Callable[[LabelledPage], str]], ...] = (
    ("visible text, untouched", untouched),
    ("length rules", length_rules),
    ("line model alone, unseen sites", model_alone),
    ("copydesk from text, unseen sites", cleaned),
    ("trafilatura from HTML", trafilatura_from_html),
)


def lost_of_gold(pages: Sequence[LabelledPage]) -> tuple[int, int]:
    """Of the gold texts themselves, cleaned: lines lost, and lines in all. A line that became the title is not lost."""
    lost = lines = 0
    for page in pages:
        errors = eval_module("score").block_errors(page.gold, _cleaned(page.gold, page.fold, with_title=True))
        lost += errors["lost_lines"]
        lines += errors["gold_lines"]
    return lost, lines


def main() -> None:
    """Print the table."""
    try:
        pages = {name: labelled_pages(name) for name in SETS}
    except FileNotFoundError as error:
        sys.exit(f"text_lines: skipped: {error}")
    print(f"{'':34}{'set':8}{'pages':>6}{'F1':>8}{'F1 (words)':>12}{'left':>8}{'lost':>8}{'clean':>8}")
    for title, system in SYSTEMS:
        for name in SETS:
            pairs = [(page.gold, system(page)) for page in pages[name]]
            got = eval_module("score").aggregate(pairs, rouge=False)
            quality = f"{got['cshingle_f1']:8.4f}{got['shingle_f1']:12.4f}"
            errors = f"{got['boiler_lines_pp']:8.2f}{got['lost_lines_pp']:8.2f}{got['pages_clean']:8.3f}"
            print(f"{title:34}{name:8}{got['n']:6}{quality}{errors}", flush=True)
    print("F1: 4-gram shingles, each Chinese, Japanese or Thai character a word; F1 (words): split at spaces alone.")
    print("left: boilerplate lines left a page; lost: article lines lost a page; clean: pages with neither.")
    print("\nGold text itself, cleaned")
    total = [lost_of_gold(pages[name]) for name in SETS]
    for name, (lost, lines) in zip((*SETS, "all"), (*total, tuple(map(sum, zip(*total, strict=True)))), strict=True):
        print(f"{name:8}{lost:6} of {lines:6} lines lost{lost / lines:8.2%}")


if __name__ == "__main__":
    main()
