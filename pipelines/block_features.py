"""What can be seen of each block of a page: its text, its place in the tree, and how it compares with the page.

Nothing here knows a language or a publisher. What is cheap for a page costs an array; what needs the text of a block is
left out where the block is a link and nothing else, as most blocks of a page are.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.block_tree import FLAGS, BlockTree

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

_GOOD = 80  # characters from which a block counts as running text; Chinese, Japanese and Thai need fewer
_DENSE = 2.5  # how much more a character says there
_TITLE, _START, _DESCRIPTION = 60, 90, 50  # folded characters compared
_CUED = 40  # words; longer blocks are known by other things than their words
_SEEN = 200  # characters of a block in which its cue words stand

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WHEN = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b|\d\s*[年月日]")
_WORD = re.compile(r"\w+")
_UNWORDLY = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+")
_ENDS = frozenset(".!?…。！？؟۔।")
_CLOSING = frozenset("\"'”’»)]】」』›“")
_OPENING = frozenset("\"“«„'‘")
_COMMAS = "，、،；;"
_STOPS = "。！？؟।"
_TAGS = {
    name: number
    for number, name in enumerate(
        ("p", "div", "li", "h1", "h2", "h3", "h4", "blockquote", "td", "figcaption", "section", "article", "dd", "pre"),
        start=1,
    )
} | {"h5": 7, "h6": 7, "th": 9, "dt": 13}
_KINDS = 15

_TEXT = (
    *("words", "commas", "stops", "sentences", "ended", "is_title", "is_description", "in_body", "dated", "capital"),
    *("copyright", "mail", "dash", "colon", "bar", "introduces", "goes_on", "looked_at"),
)
_STEPPED = ("since_h1", "since_title", "since_good", "till_good", "up", "below_top")
_STEPS = (0, 1, 3, 8)
NAMES: tuple[str, ...] = (
    *("length", "linked", "bold", "links", "breaks"),
    *_TEXT,
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
class Stated:
    """What a page says of its article outside the text: to be compared with each block."""

    title: str = ""
    other_title: str = ""
    description: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class BlockFeatures:
    """The blocks of a page in numbers. dense: one row a block, one column for each of ``NAMES``.

    parent, element: of elements their parents, of blocks their elements. name, names: of elements, a number each, and
    what it stands for: tag, and class, id and the like. words: the folded words of each short block.
    signature, signatures: of blocks a number each, and what it stands for: tag and classes of the element and of the
    one around it, digits masked.
    """

    dense: Floats
    parent: Ints
    element: Ints
    name: Ints
    names: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, ...], ...]
    signature: Ints
    signatures: tuple[str, ...]


def block_features(tree: BlockTree, stated: Stated) -> BlockFeatures:
    """The features of a page's blocks; there must be one at least."""
    blocks = tree.blocks
    count = len(blocks)
    columns: dict[str, NDArray[np.float64]] = {}
    parent = np.array(tree.parent, np.int64)
    element = np.fromiter([block.element for block in blocks], np.int64, count)
    length = np.fromiter([len(block.text) for block in blocks], np.float64, count)
    linked = np.fromiter([block.linked for block in blocks], np.float64, count)
    bold = np.fromiter([block.bold for block in blocks], np.float64, count)
    unspaced = _is_unspaced(tree)
    scale = _DENSE if unspaced else 1.0
    total = length.sum()
    is_good = (length * scale > _GOOD) & (linked < 0.4 * length)
    good = length * is_good
    all_good = float(good.sum()) or 1.0

    columns["length"] = np.log1p(length * scale)
    columns["linked"] = linked / length
    columns["bold"] = bold / length
    columns["links"] = np.fromiter([min(block.links, 20) for block in blocks], np.float64, count)
    columns["breaks"] = np.fromiter([min(block.breaks, 20) for block in blocks], np.float64, count)
    is_link = (linked > 0.9 * length) & (length < 120)
    text, words = _text(tree, stated, is_link, unspaced=unspaced)
    columns |= text
    columns["words"] = np.log1p(columns["words"])
    columns["commas"] = columns["commas"] / length * 100
    columns["stops"] = columns["sentences"] / length * 100
    columns |= _repeats(tree)
    columns["states_body"] = np.full(count, float(len(stated.body) > 0))

    signature, signatures = _signatures(tree, element)
    kinds = len(signatures)
    alike = np.bincount(signature, minlength=kinds)
    alike_chars = np.bincount(signature, length, kinds)
    alike_linked = np.bincount(signature, linked, kinds)
    alike_good = np.bincount(signature, good, kinds)
    columns["alike"] = np.log1p(alike[signature])
    columns["alike_share"] = alike_good[signature] / all_good
    columns["alike_length"] = np.log1p(alike_chars[signature] / alike[signature] * scale)
    columns["alike_linked"] = alike_linked[signature] / alike_chars[signature]
    columns["most_alike"] = (signature == alike_good.argmax()).astype(float)

    elements = len(parent)
    depth = np.array(tree.depth, np.float64)
    chars = np.array(tree.chars, np.float64)
    chars_linked = np.array(tree.linked, np.float64)
    below = np.maximum(1, chars)
    own_good = np.bincount(element, good, elements)
    good_below = _summed_up(own_good, tree)
    top, distance = _top(own_good, parent, np.array(tree.own), depth)
    up = parent[element]
    grand = parent[up]
    great = parent[grand]
    flags = np.array(tree.flags, np.int64)[element]
    for bit in range(FLAGS):
        columns[f"flag{bit}"] = (flags >> bit & 1).astype(float)
    at = np.arange(count)
    before = np.cumsum(length) - length
    columns["depth"] = depth[element]
    columns["place"] = at / count
    columns["chars_before"] = before / total
    h1 = np.fromiter([tree.tag[block.element] == "h1" for block in blocks], bool, count)
    columns["since_h1"] = _since(h1, at, -5)
    columns["since_title"] = _since(columns["is_title"] > 0, at, -5)
    columns["since_good"] = np.minimum(_since_before(is_good, at), 99)
    columns["till_good"] = np.minimum(_since_before(is_good[::-1], at)[::-1], 99)
    columns["up"] = distance[element]
    columns["below_top"] = depth[element] - depth[top]
    columns["good_before"] = (np.cumsum(good) - good) / all_good
    columns["good_around"] = np.log1p(_around(good, 4, 4) * scale)
    columns["good_next"] = np.log1p(_around(good, -1, 3) * scale)
    columns["own"] = np.array(tree.own, np.float64)[element]
    columns["siblings"] = np.array(tree.children, np.float64)[up]
    columns["parent_blocks"] = np.array(tree.count, np.float64)[up]
    columns["parent_chars"] = np.log1p(chars[up] * scale)
    columns["parent_linked"] = chars_linked[up] / below[up]
    columns["grand_chars"] = np.log1p(chars[grand] * scale)
    columns["grand_linked"] = chars_linked[grand] / below[grand]
    columns["great_share"] = chars[great] / total
    columns["great_linked"] = chars_linked[great] / below[great]
    columns["parent_share"] = chars[up] / total
    columns["grand_share"] = chars[grand] / total
    columns["parent_good"] = good_below[up] / all_good
    columns["grand_good"] = good_below[grand] / all_good
    columns["great_good"] = good_below[great] / all_good
    columns["top_share"] = np.full(count, chars[top] / total)
    columns["page_blocks"] = np.full(count, math.log1p(count))
    columns["page_good"] = np.full(count, math.log1p(all_good * scale))
    columns["unspaced"] = np.full(count, float(unspaced))
    columns["is_long"] = (length * scale > _GOOD).astype(float)
    columns["is_link"] = is_link.astype(float)
    columns["is_linked"] = (linked > 0.5 * length).astype(float)

    dense = np.zeros((count, len(NAMES)), np.float32)
    plain = len(NAMES) - len(_STEPPED) * len(_STEPS) - 2 * _KINDS
    for number, name in enumerate(NAMES[:plain]):
        dense[:, number] = columns[name]
    number = plain
    for name in _STEPPED:
        for step in _STEPS:
            dense[:, number] = columns[name] <= step
            number += 1
    tag = np.fromiter([_TAGS.get(name, 0) for name in tree.tag], np.int64, elements)
    dense[at, number + tag[element]] = 1
    dense[at, number + _KINDS + tag[up]] = 1
    name, names = _names(tree)
    return BlockFeatures(dense, parent, element, name, names, words, signature, signatures)


def _is_unspaced(tree: BlockTree) -> bool:
    """Whether the page's running text is written without spaces."""
    sample = "".join([block.text for block in tree.blocks if len(block.text) > 40])[:6000]
    return not sample.isascii() and len(_UNSPACED.findall(sample)) > 0.2 * len(sample)


def folded(text: str) -> str:
    """A text as titles and beginnings are compared: letters and digits alone."""
    return _UNWORDLY.sub("", text).lower()


def _text(
    tree: BlockTree, stated: Stated, is_link: NDArray[np.bool_], *, unspaced: bool
) -> tuple[dict[str, NDArray[np.float64]], tuple[tuple[str, ...], ...]]:
    """What the texts say by themselves, and the words of short ones."""
    title, other = (folded(text)[:_TITLE] for text in (stated.title or stated.other_title, stated.other_title))
    description = folded(stated.description)[:_DESCRIPTION]
    opening = description[:40]
    body = folded(stated.body)
    rows: list[tuple[float, ...]] = []
    words: list[tuple[str, ...]] = []
    nothing = (3.0, *[0.0] * (len(_TEXT) - 1))
    for block, skip in zip(tree.blocks, is_link.tolist(), strict=True):
        if skip:
            rows.append(nothing)
            words.append(())
            continue
        text = block.text
        ascii_ = text.isascii()
        size = len(text) if unspaced else text.count(" ") + 1
        head = text[:_SEEN]
        last, first = text[-1], text[0]
        ended = last in _ENDS or (last in _CLOSING and len(text) > 1 and text[-2] in _ENDS)
        commas, sentences = text.count(","), text.count(". ") + ended
        if not ascii_:
            commas += sum(map(text.count, _COMMAS))
            sentences += sum(map(text.count, _STOPS))
        start = folded(text[:_START])
        is_title = title != "" and (
            start[:_TITLE] == title
            or (len(start) > 15 and (start in title or title in start or start[:_TITLE] == other))
        )
        is_description = description != "" and len(start) > 20 and (start[:40] in description or opening in start)
        in_body = (1.0 if len(start) >= 12 and start[:40] in body else -1.0) if body else 0.0
        rows.append(
            (
                size, commas, 0.0, sentences, ended, is_title, is_description, in_body,
                _WHEN.search(head) is not None, first.isupper() or first in _OPENING, "©" in text, "@" in text,
                first in "-–—•*", ":" in head[:30], "|" in text or "/" in head[:40], last == ":", first.islower(), 1.0,
            )
        )  # fmt: skip
        words.append(tuple(_WORD.findall(head.lower())) if size < _CUED else ())
    array = np.array(rows, np.float64)
    return {name: array[:, number] for number, name in enumerate(_TEXT)}, tuple(words)


def _repeats(tree: BlockTree) -> dict[str, NDArray[np.float64]]:
    """Blocks whose text stands in the page more than once."""
    times = Counter([block.text for block in tree.blocks])
    count = len(tree.blocks)
    if len(times) == count:
        return {"repeated": np.zeros(count), "repeated_before": np.zeros(count)}
    met: set[str] = set()
    again = np.zeros((2, count))
    for at, block in enumerate(tree.blocks):
        if times[block.text] > 1:
            again[0, at] = min(times[block.text] - 1, 3)
            again[1, at] = block.text in met
            met.add(block.text)
    return {"repeated": again[0], "repeated_before": again[1]}


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


def _names(tree: BlockTree) -> tuple[Ints, tuple[tuple[str, str], ...]]:
    known: dict[tuple[str, str], int] = {}
    numbers = [known.setdefault(pair, len(known)) for pair in zip(tree.tag, tree.names, strict=True)]
    return np.array(numbers, np.int64), tuple(known)


def _summed_up(own: NDArray[np.float64], tree: BlockTree) -> NDArray[np.float64]:
    """For each element the sum over it and all below."""
    sums = own.tolist()
    parent = tree.parent
    for at in range(len(sums) - 1, 0, -1):
        if sums[at]:
            sums[parent[at]] += sums[at]
    return np.array(sums)


def _top(
    own_good: NDArray[np.float64], parent: Ints, own: Ints, depth: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64]]:
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


def _since(hit: NDArray[np.bool_], at: Ints, never: float) -> NDArray[np.float64]:
    """How many blocks ago the last hit was, this one included; ``never`` before the first."""
    last = np.maximum.accumulate(np.where(hit, at, -1))
    return np.where(last >= 0, at - last, never).astype(float)


def _since_before(hit: NDArray[np.bool_], at: Ints) -> NDArray[np.float64]:
    """The same, this one aside."""
    last = np.concatenate([[-1], np.maximum.accumulate(np.where(hit, at, -1))[:-1]])
    return np.where(last >= 0, at - last, 99).astype(float)


def _around(values: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
    """The sum from ``before`` places before to ``after`` places after each."""
    count = len(values)
    at = np.arange(count)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found: NDArray[np.float64] = sums[np.minimum(count, at + after + 1)] - sums[np.clip(at - before, 0, count)]
    return found
