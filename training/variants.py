"""What a saved copy of a page may look like: more or less of what stood around the article is still there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from training.pages import LabelledPage

Rows = list[tuple[str, bool]]
"""Lines, and whether each belongs to the article."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One text to learn from: its lines, their labels, and how much each line counts."""

    lines: tuple[str, ...]
    labels: tuple[float, ...]
    weights: tuple[float, ...]


def whole(page: LabelledPage) -> Sample:
    """The page as it is."""
    return _sample(_rows(page), page)


def variants(page: LabelledPage, chance: random.Random, count: int) -> list[Sample]:
    """``count`` different saved copies of a page, each kind in turn from a random one on."""
    rows = _rows(page)
    article = [number for number, (_, label) in enumerate(rows) if label]
    if not article:
        return []
    kinds = _CUT if page.set == "trafilatura" else _KINDS
    start = chance.randrange(len(kinds))
    made = (kinds[(start + step) % len(kinds)](page, rows, article, chance) for step in range(count))
    return [_sample(made_rows, page) for made_rows in made if made_rows]


def _rows(page: LabelledPage) -> Rows:
    return list(zip(page.lines, page.labels, strict=True))


def _sample(rows: Rows, page: LabelledPage) -> Sample:
    """Every text counts alike, whatever its length; in it a line counts by the root of its length."""
    size = [len(line) ** 0.5 + 5 for line, _ in rows]
    whole_size = sum(each for each, (_, label) in zip(size, rows, strict=True) if label) or sum(size)
    weights = tuple(min(20.0, 20 * each / whole_size) * page.weight for each in size)
    return Sample(tuple(line for line, _ in rows), tuple(float(label) for _, label in rows), weights)


def _trimmed(_page: LabelledPage, rows: Rows, article: list[int], chance: random.Random) -> Rows:
    """From a little before the article to a little after it."""
    first = max(0, article[0] - chance.choice((0, 1, 2, 3, 5, 8)))
    return rows[first : article[-1] + 1 + chance.choice((0, 0, 1, 2, 4, 8, 15))]


def _gold(page: LabelledPage, _rows: Rows, _article: list[int], chance: random.Random) -> Rows:
    """The gold text alone, or some paragraphs of it in a row, or one sentence a line."""
    lines = [line.strip() for line in page.gold.split("\n") if line.strip()]
    if chance.random() < 0.4 and len(lines) > 4:
        first = chance.randrange(len(lines) - 3)
        lines = lines[first : first + chance.randint(3, 25)]
    if chance.random() < 0.1:
        lines = [part for line in lines for part in line.replace(". ", ".\n").split("\n") if part.strip()]
    return [*_headline(page, chance), *((line, True) for line in lines)]


def _saved(page: LabelledPage, rows: Rows, article: list[int], chance: random.Random) -> Rows:
    """A saved article: headline, the article with a few strange lines inside, and a short tail of the page's own."""
    share = chance.choice((0.0, 0.15, 0.4))
    inside = [rows[n] for n in range(article[0], article[-1] + 1) if rows[n][1] or chance.random() < share]
    tail = rows[article[-1] + 1 :]
    start = chance.randrange(len(tail)) if tail else 0
    if chance.random() < 0.5:
        start = 0
    before = rows[max(0, article[0] - chance.choice((0, 0, 1, 3))) : article[0]]
    return [*_headline(page, chance), *before, *inside, *tail[start : start + chance.choice((0, 1, 3, 6, 10))]]


def _joined(_page: LabelledPage, rows: Rows, article: list[int], chance: random.Random) -> Rows:
    """Neighbouring lines run together, as other converters do; the page may have lost its navigation."""
    kept = rows if chance.random() < 0.5 else rows[max(0, article[0] - 6) :]
    done: Rows = []
    rate = chance.choice((0.1, 0.3, 0.6))
    for row in kept:
        if done and done[-1][1] == row[1] and len(done[-1][0]) + len(row[0]) < 600 and chance.random() < rate:
            done[-1] = (f"{done[-1][0]} {row[0]}", row[1])
        else:
            done.append(row)
    return done


def _headline(page: LabelledPage, chance: random.Random) -> Rows:
    """The headline as a first line, half of the time; it is not part of the text."""
    return [(page.title, False)] if page.title and chance.random() < 0.5 else []


_Kind = Callable[[LabelledPage, Rows, list[int], random.Random], Rows]
_KINDS: Sequence[_Kind] = (_gold, _trimmed, _gold, _saved, _gold, _joined, _gold, _saved)
_CUT: Sequence[_Kind] = (_trimmed, _saved, _joined)  # an extractor's text is no gold to be seen by itself
