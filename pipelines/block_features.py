"""What can be seen of each block of a page: its text, its place in the tree, and how it compares with the page.

Nothing here knows a publisher, and of languages only what ``phrases/`` says. What is cheap for a page costs an array;
what needs the text of a block is left out where the block is a link and nothing else, as most blocks of a page are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.block_text import TEXT_NAMES, Columns, Doubles, is_unspaced, repeats, text_columns
from pipelines.block_tree import FLAGS, BlockTree
from pipelines.stated import Stated

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_GOOD = 80  # characters from which a block counts as running text; Chinese, Japanese and Thai need fewer
_DENSE = 2.5  # how much more a character says there
_LONGEST_LINK = 120  # characters; a longer link is a text that leads somewhere
_FAR = 99.0  # blocks

_NAME_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MOST_PARTS = 16  # of a name
_DIGITS = re.compile(r"\d+")
_TAGS = {
    name: number
    for number, name in enumerate(
        ("p", "div", "li", "h1", "h2", "h3", "h4", "blockquote", "td", "figcaption", "section", "article", "dd", "pre"),
        start=1,
    )
} | {"h5": 7, "h6": 7, "th": 9, "dt": 13}
_KINDS = 15

_STEPPED = ("since_h1", "since_title", "since_good", "till_good", "up", "below_top")
_STEPS = (0, 1, 3, 8)
NAMES: tuple[str, ...] = (
    *("length", "linked", "bold", "links", "breaks"),
    *TEXT_NAMES,
    *("repeated", "repeated_before", "states_body", "depth"),
    *(f"flag{n}" for n in range(FLAGS)),
    *("place", "chars_before", *_STEPPED, "good_before", "good_around", "good_next"),
    *("own", "siblings", "parent_blocks", "parent_chars", "parent_linked", "grand_chars", "grand_linked"),
    *("great_share", "great_linked", "parent_share", "grand_share", "parent_good", "grand_good", "great_good"),
    *("alike", "alike_share", "alike_length", "alike_linked", "most_alike"),
    *("top_share", "page_blocks", "page_good", "unspaced", "is_long", "is_link", "is_linked"),
    *(f"{name}_{step}" for name in _STEPPED for step in _STEPS),
    *(f"tag{n}" for n in range(_KINDS)),
    *(f"parent_tag{n}" for n in range(_KINDS)),
)
"""The columns of ``BlockFeatures.dense``."""


@dataclass(frozen=True, slots=True)
class BlockFeatures:
    """The blocks of a page in numbers. dense: one row a block, one column for each of ``NAMES``.

    parent, element: of elements their parents, of blocks their elements. name, names: of elements, a number each, and
    what it stands for: the parts of class, id and the like, and the tag. words: the folded words of each short block.
    signature, signatures: of blocks a number each, and what it stands for: tag and classes of the element and of the
    one around it, digits masked.
    """

    dense: Floats
    parent: Ints
    element: Ints
    name: Ints
    names: tuple[tuple[str, ...], ...]
    words: tuple[tuple[str, ...], ...]
    signature: Ints
    signatures: tuple[str, ...]


def block_features(tree: BlockTree, stated: Stated) -> BlockFeatures:
    """The features of a page's blocks; there must be one at least. ``tree.only(tree.candidates())`` saves a third."""
    page = _Page.of(tree)
    columns, words = text_columns(tree, stated, page.is_link, unspaced=page.unspaced)
    columns |= _sizes(tree, page)
    columns["words"] = np.log1p(columns["words"])
    columns["commas"] = columns["commas"] / page.length * 100
    columns["stops"] = columns["sentences"] / page.length * 100
    columns["states_body"] = np.full(page.count, float(len(stated.body) > 0))
    columns |= repeats(tree)
    signature, signatures = _signatures(tree, page.element)
    columns |= _alike(page, signature, len(signatures))
    columns |= _order(tree, page, columns)
    columns |= _ancestors(tree, page)
    name, names = _names(tree)
    dense = _laid_out(tree, page, columns)
    return BlockFeatures(dense, page.parent, page.element, name, names, words, signature, signatures)


@dataclass(frozen=True, slots=True)
class _Page:
    """What all features are made from. good: characters of blocks of running text, 0 for others; scale: how much more
    a character says than one of a script with spaces.
    """

    parent: Ints
    element: Ints
    length: Doubles
    linked: Doubles
    good: Doubles
    all_good: float
    is_link: NDArray[np.bool_]
    unspaced: bool
    scale: float

    @property
    def count(self) -> int:
        return len(self.length)

    @classmethod
    def of(cls, tree: BlockTree) -> _Page:
        blocks = tree.blocks
        count = len(blocks)
        length = np.fromiter([len(block.text) for block in blocks], np.float64, count)
        linked = np.fromiter([block.linked for block in blocks], np.float64, count)
        unspaced = is_unspaced(tree)
        scale = _DENSE if unspaced else 1.0
        good = length * ((length * scale > _GOOD) & (linked < 0.4 * length))
        return cls(
            np.array(tree.parent, np.int64),
            np.fromiter([block.element for block in blocks], np.int64, count),
            length,
            linked,
            good,
            float(good.sum()) or 1.0,
            (linked > 0.9 * length) & (length < _LONGEST_LINK),
            unspaced,
            scale,
        )


def _sizes(tree: BlockTree, page: _Page) -> Columns:
    """How much text there is, and of what kind."""
    blocks, count = tree.blocks, page.count
    bold = np.fromiter([block.bold for block in blocks], np.float64, count)
    return {
        "length": np.log1p(page.length * page.scale),
        "linked": page.linked / page.length,
        "bold": bold / page.length,
        "links": np.fromiter([min(block.links, 20) for block in blocks], np.float64, count),
        "breaks": np.fromiter([min(block.breaks, 20) for block in blocks], np.float64, count),
        "page_blocks": np.full(count, math.log1p(count)),
        "page_good": np.full(count, math.log1p(page.all_good * page.scale)),
        "unspaced": np.full(count, float(page.unspaced)),
        "is_long": (page.length * page.scale > _GOOD).astype(float),
        "is_link": page.is_link.astype(float),
        "is_linked": (page.linked > 0.5 * page.length).astype(float),
    }


def _alike(page: _Page, signature: Ints, kinds: int) -> Columns:
    """What blocks of the same signature have together."""
    number = np.bincount(signature, minlength=kinds)
    chars = np.bincount(signature, page.length, kinds)
    linked = np.bincount(signature, page.linked, kinds)
    good = np.bincount(signature, page.good, kinds)
    return {
        "alike": np.log1p(number[signature]),
        "alike_share": good[signature] / page.all_good,
        "alike_length": np.log1p(chars[signature] / number[signature] * page.scale),
        "alike_linked": linked[signature] / chars[signature],
        "most_alike": (signature == good.argmax()).astype(float),
    }


def _order(tree: BlockTree, page: _Page, columns: Columns) -> Columns:
    """Where a block stands in the order of reading, and what stands around it."""
    good, length, count = page.good, page.length, page.count
    at = np.arange(count)
    h1 = np.fromiter([tree.tag[block.element] == "h1" for block in tree.blocks], bool, count)
    return {
        "place": at / count,
        "chars_before": (np.cumsum(length) - length) / length.sum(),
        "since_h1": _since(h1, at, -5),
        "since_title": _since(columns["is_title"] > 0, at, -5),
        "since_good": _since_before(good > 0, at),
        "till_good": _since_before(good[::-1] > 0, at)[::-1],
        "good_before": (np.cumsum(good) - good) / page.all_good,
        "good_around": np.log1p(_around(good, 4, 4) * page.scale),
        "good_next": np.log1p(_around(good, -1, 3) * page.scale),
    }


def _ancestors(tree: BlockTree, page: _Page) -> Columns:
    """What is around a block in the tree: how much text, how much of it links, how much of it runs."""
    parent, element, scale = page.parent, page.element, page.scale
    total = page.length.sum()
    depth, chars, linked, own, children, inside = (
        np.array(column, float) for column in (tree.depth, tree.chars, tree.linked, tree.own, tree.children, tree.count)
    )
    link_share = linked / np.maximum(1, chars)
    own_good: Doubles = np.bincount(element, page.good, len(parent)).astype(float)
    good = _summed_up(own_good, tree) / page.all_good
    top, distance = _top(own_good, parent, own)
    up = parent[element]
    grand = parent[up]
    great = parent[grand]
    flags = np.array(tree.flags, np.int64)[element]
    return {f"flag{bit}": (flags >> bit & 1).astype(float) for bit in range(FLAGS)} | {
        "depth": depth[element],
        "up": distance[element],
        "below_top": depth[element] - depth[top],
        "top_share": np.full(page.count, chars[top] / total),
        "own": own[element],
        "siblings": children[up],
        "parent_blocks": inside[up],
        "parent_chars": np.log1p(chars[up] * scale),
        "parent_linked": link_share[up],
        "grand_chars": np.log1p(chars[grand] * scale),
        "grand_linked": link_share[grand],
        "great_share": chars[great] / total,
        "great_linked": link_share[great],
        "parent_share": chars[up] / total,
        "grand_share": chars[grand] / total,
        "parent_good": good[up],
        "grand_good": good[grand],
        "great_good": good[great],
    }


def _laid_out(tree: BlockTree, page: _Page, columns: Columns) -> Floats:
    """The columns in the order of ``NAMES``, with steps of some and the tags behind."""
    dense = np.zeros((page.count, len(NAMES)), np.float32)
    plain = len(NAMES) - len(_STEPPED) * len(_STEPS) - 2 * _KINDS
    for number, name in enumerate(NAMES[:plain]):
        dense[:, number] = columns[name]
    number = plain
    for name in _STEPPED:
        for step in _STEPS:
            dense[:, number] = columns[name] <= step
            number += 1
    tag = np.fromiter([_TAGS.get(name, 0) for name in tree.tag], np.int64, len(page.parent))
    at = np.arange(page.count)
    dense[at, number + tag[page.element]] = 1
    dense[at, number + _KINDS + tag[page.parent[page.element]]] = 1
    return dense


def _signatures(tree: BlockTree, element: Ints) -> tuple[Ints, tuple[str, ...]]:
    """The signature of each block, by number."""
    known: dict[str, int] = {}
    of_element: dict[int, int] = {}
    numbers = []
    tag, classes, parent = tree.tag, tree.classes, tree.parent
    for at in element.tolist():
        number = of_element.get(at)
        if number is None:
            up = parent[at]
            own, around = " ".join(classes[at].split()), " ".join(classes[up].split())
            key = f"{tag[at]}.{_DIGITS.sub('0', own)} < {tag[up]}.{_DIGITS.sub('0', around)}"
            number = of_element[at] = known.setdefault(key, len(known))
        numbers.append(number)
    return np.array(numbers, np.int64), tuple(known)


def _names(tree: BlockTree) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    known: dict[tuple[str, str], int] = {}
    numbers = [known.setdefault(pair, len(known)) for pair in zip(tree.tag, tree.names, strict=True)]
    return np.array(numbers, np.int64), tuple(name_parts(*pair) for pair in known)


def name_parts(tag: str, names: str) -> tuple[str, ...]:
    """The parts of an element's class, id and the like, folded, and its tag: ``#div``."""
    if not names:
        return (f"#{tag}",)
    parts = dict.fromkeys([part.lower() for part in _NAME_PART.findall(names) if 2 < len(part) < 20])
    return (*list(parts)[:_MOST_PARTS], f"#{tag}")


def _summed_up(own: Doubles, tree: BlockTree) -> Doubles:
    """For each element the sum over it and all below."""
    sums = own.tolist()
    parent = tree.parent
    for at in range(len(sums) - 1, 0, -1):
        if sums[at]:
            sums[parent[at]] += sums[at]
    return np.array(sums)


def _top(own_good: Doubles, parent: Ints, own: Doubles) -> tuple[int, Doubles]:
    """The element that seems to hold the article, and for each element how far up from there their paths meet."""
    elements = len(parent)
    score = np.zeros(elements)
    holding = np.flatnonzero(own_good)
    np.add.at(score, parent[holding], own_good[holding])
    high = holding[parent[holding] != 0]
    np.add.at(score, parent[parent[high]], 0.5 * own_good[high])
    many = holding[own[holding] > 2]
    score[many] += own_good[many]
    top = int(score.argmax())
    steps = [-1] * elements
    at, step = top, 0
    while True:
        steps[at] = step
        if at == 0:
            break
        at, step = int(parent[at]), step + 1
    above = parent.tolist()
    for at in range(elements):
        if steps[at] < 0:
            steps[at] = steps[above[at]]
    return top, np.array(steps, np.float64)


def _since(hit: NDArray[np.bool_], at: Ints, never: float) -> Doubles:
    """How many blocks ago the last hit was, this one included; ``never`` before the first."""
    last = np.maximum.accumulate(np.where(hit, at, -1))
    return np.where(last >= 0, at - last, never).astype(float)


def _since_before(hit: NDArray[np.bool_], at: Ints) -> Doubles:
    """The same, this one aside."""
    last = np.concatenate([[-1], np.maximum.accumulate(np.where(hit, at, -1))[:-1]])
    return np.where(last >= 0, np.minimum(at - last, _FAR), _FAR).astype(float)


def _around(values: Doubles, before: int, after: int) -> Doubles:
    """The sum from ``before`` places before to ``after`` places after each."""
    count = len(values)
    at = np.arange(count)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found: Doubles = sums[np.minimum(count, at + after + 1)] - sums[np.clip(at - before, 0, count)]
    return found
