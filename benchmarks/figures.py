"""Figures: what the one scorer of the evaluation data says of each page, put together, and how sure a difference is."""

from __future__ import annotations

import difflib
import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.extractors import Found
from benchmarks.gold import Gold
from training.pages import eval_module

_DRAWS, _SEED = 1000, 7
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class PageFigures:
    """One text beside its gold. precision, recall: of 4-gram shingles; nan where there is nothing to divide by.

    left: boilerplate lines in the text; lost: article lines that are not. hits: snippets wanted and found, unwanted and
    found, wanted and not found.
    """

    precision: float
    recall: float
    left: int
    lost: int
    hits: tuple[int, int, int] = (0, 0, 0)

    @property
    def clean(self) -> bool:
        """Neither left nor lost a line."""
        return not self.left and not self.lost


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over pages; f1: of the means. With snippets: micro figures, and no lines."""

    pages: int
    precision: float
    recall: float
    f1: float
    left: float = math.nan
    lost: float = math.nan
    clean: float = math.nan


def page_figures(gold: Gold, text: str) -> PageFigures:
    """The figures of one page."""
    score = eval_module("score")
    if gold.text is None:
        true, false, missed, _ = score.snippet_counts(gold.wanted, gold.unwanted, text)
        return PageFigures(math.nan, math.nan, 0, 0, (true, false, missed))
    precision, recall = score.shingle_prf(gold.text, text, tokenize=score.words)
    errors = score.block_errors(gold.text, text)
    known = (math.nan if each is None else each for each in (precision, recall))
    return PageFigures(*known, errors["boiler_lines"], errors["lost_lines"])


def all_figures(pages: Sequence[Gold], results: dict[str, Sequence[Found]]) -> dict[str, list[PageFigures]]:
    """The figures of each system on the same pages, by all cores."""
    with ProcessPoolExecutor(os.cpu_count() or 1) as pool:
        return {
            system: list(pool.map(page_figures, pages, [each.text for each in found], chunksize=32))
            for system, found in results.items()
        }


def quality(figures: Sequence[PageFigures]) -> Quality:
    """The figures of pages with gold texts."""
    precision, recall = _mean([each.precision for each in figures]), _mean([each.recall for each in figures])
    left, lost = (_mean([getattr(each, name) for each in figures]) for name in ("left", "lost"))
    clean = _mean([each.clean for each in figures])
    return Quality(len(figures), precision, recall, _harmonic(precision, recall), left, lost, clean)


def snippet_quality(figures: Sequence[PageFigures]) -> Quality:
    """The figures of pages with snippets."""
    true, false, missed = (sum(each.hits[at] for each in figures) for at in range(3))
    precision, recall = true / max(1, true + false), true / max(1, true + missed)
    return Quality(len(figures), precision, recall, _harmonic(precision, recall))


def differences(ours: Sequence[PageFigures], theirs: Sequence[PageFigures]) -> dict[str, tuple[float, float]]:
    """Mean and deviation of ours minus theirs, by drawing pages again and again: ``f1``, ``clean``, ``snippets``."""
    draws = np.random.default_rng(_SEED).integers(0, len(ours), (_DRAWS, len(ours)))
    measures: dict[str, Callable[[Sequence[PageFigures]], np.ndarray]] = {
        "f1": partial(_drawn_f1, draws),
        "clean": lambda figures: np.array([each.clean for each in figures], float)[draws].mean(1),
        "snippets": partial(_drawn_snippets, draws),
    }
    differing = {name: measure(ours) - measure(theirs) for name, measure in measures.items()}
    return {name: (float(each.mean()), float(each.std())) for name, each in differing.items()}


def _drawn_f1(draws: np.ndarray, figures: Sequence[PageFigures]) -> np.ndarray:
    means = []
    for name in ("precision", "recall"):
        values = np.array([getattr(each, name) for each in figures])[draws]
        known = ~np.isnan(values)
        means.append(np.where(known, values, 0).sum(1) / np.maximum(1, known.sum(1)))
    return 2 * means[0] * means[1] / np.maximum(1e-9, means[0] + means[1])


def _drawn_snippets(draws: np.ndarray, figures: Sequence[PageFigures]) -> np.ndarray:
    true, false, missed = (np.array([each.hits[at] for each in figures])[draws].sum(1) for at in range(3))
    return 2 * true / np.maximum(1, 2 * true + false + missed)


@dataclass(frozen=True, slots=True)
class MetadataFigures:
    """Shares of the pages whose gold says it: title the same word for word, or nearly; the same set of authors; day."""

    title: float
    similar: float
    authors: float
    day: float
    no_day: float


def metadata_figures(pages: Sequence[Gold], found: Sequence[Found]) -> MetadataFigures:
    """How much of the metadata is right. Days are compared as they are; copydesk tells them in UTC."""
    pairs = list(zip(pages, found, strict=True))
    titles = [(folded(page.title), folded(one.title)) for page, one in pairs if page.title]
    similar = [difflib.SequenceMatcher(None, true, mine).ratio() >= 0.8 for true, mine in titles]
    authors = [set(map(folded, page.authors)) == set(map(folded, one.authors)) for page, one in pairs if page.authors]
    days = [(page.day, one.day) for page, one in pairs if page.day]
    return MetadataFigures(
        _mean([mine == true for true, mine in titles]),
        _mean(similar),
        _mean(authors),
        _mean([mine == true for true, mine in days]),
        _mean([mine is None for _, mine in days]),
    )


def folded(text: str) -> str:
    """A text for comparing: its words alone, in lower case."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _mean(values: Iterable[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else 0.0
