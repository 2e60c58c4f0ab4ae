"""What can be seen of each line of plain text: its shape, its place, its neighbours, the words it shares with the page.

Nothing here knows a language or a word. Characters fall into classes (letters by case, letters of scripts without
spaces, digits, sentence ends …) and all counting is done on arrays, so that a page costs a millisecond or two.
"""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_LINE_CAP = 2000  # characters looked at in one line …
_PAGE_CAP = 2_000_000  # … and about as many in all, however many lines there are
_LINE_FLOOR = 60  # … but never fewer than these
_LONG = 80.0  # characters from which a line counts as running text
_BUCKETS = 1 << 16

SPACE, LOWER, UPPER, LETTER, WIDE, DIGIT, STOP, COMMA, COLON, QUOTE, DASH, BULLET, OPEN, CLOSE, SIGN, UNSEEN = range(16)
_CLASSES = 16
_SPELT = {
    STOP: ".!?…。！？｡．।॥؟۔։።፧။៕",
    COMMA: ",;、，；،؛፣၊",
    COLON: ":：",
    QUOTE: "\"'`´’‘“”„«»‹›「」『』",
    BULLET: "|¦·•●▪■►▶▼<>→←↓↑/\\*_+=~^›»",
    OPEN: "([{（［【〔《〈",
    CLOSE: ")]}）］】〕》〉",
}
_BY_CATEGORY = {
    "Ll": LOWER, "Lu": UPPER, "Lt": UPPER, "Lo": LETTER, "Lm": LETTER, "Mn": LETTER, "Mc": LETTER, "Me": LETTER,
    "Nd": DIGIT, "Nl": DIGIT, "No": DIGIT, "Zs": SPACE, "Zl": SPACE, "Zp": SPACE, "Pd": DASH, "Pc": BULLET,
    "Ps": OPEN, "Pe": CLOSE, "Pi": QUOTE, "Pf": QUOTE, "Po": SIGN, "Sm": SIGN, "Sc": SIGN, "Sk": SIGN, "So": SIGN,
}  # fmt: skip
# Thai to Lao, Burmese, Khmer, kana, Han: written without spaces
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF))
_DENSE = ((0x1100, 0x11FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF))
_SCRIPTS = (0x0250, 0x0400, 0x0530, 0x0590, 0x0600, 0x0780, 0x0900, 0x0E00, 0x1000, 0x1E00, 0x2000, 0x3040, 0xAC00)


@dataclass(frozen=True, slots=True)
class LineFeatures:
    """The lines of a page in numbers. dense: one row a line, one column for each of ``NAMES``.

    word_hash, word_line: the words in reading order, hashed, and the line each stands in.
    """

    dense: Floats
    word_hash: NDArray[np.uint64]
    word_line: NDArray[np.int64]


@functools.cache
def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint32], NDArray[np.float32]]:
    """Of each character of the basic plane: class, script, its folded form, and its width in Latin letters."""
    kinds = np.full(0x10000, UNSEEN, np.uint8)
    folded = np.arange(0x10000, dtype=np.uint32)
    for code in range(0x10000):
        char = chr(code)
        kinds[code] = _BY_CATEGORY.get(unicodedata.category(char), UNSEEN)
        if kinds[code] == UPPER and len(char.lower()) == 1:
            folded[code] = ord(char.lower())
    folded[kinds == DIGIT] = ord("0")  # numbers of one length are one word
    for kind, chars in _SPELT.items():
        kinds[[ord(char) for char in chars]] = kind
    for low, high in _UNSPACED:
        block = kinds[low : high + 1]
        block[block == LETTER] = WIDE
    kinds[0x0300:0x0370] = UNSEEN  # combining accents belong to the letter before
    kinds[[9, 10, 11, 12, 13, 0x85]] = SPACE
    scripts = np.searchsorted(np.array(_SCRIPTS), np.arange(0x10000), side="right").astype(np.uint8) + 1
    scripts[0x1E00:0x2000] = 1  # Vietnamese and other Latin letters; polytonic Greek comes along
    scripts[(kinds < LOWER) | (kinds > WIDE)] = 0
    width = np.ones(0x10000, np.float32)
    for low, high in _DENSE:
        width[low : high + 1] = 2.2  # a Chinese sentence has less than half the characters of an English one
    width[kinds == UNSEEN] = 0
    return kinds, scripts, folded, width


def hash_words(codes: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A number for each word, given its folded characters as ``codes[start:end]``; the same on every machine."""
    if not len(starts):
        return np.zeros(0, np.uint64)
    lengths = ends - starts
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    chars = codes[np.repeat(starts, lengths) + within].astype(np.uint64)
    factors = np.cumprod(np.full(64, 0x9E3779B97F4A7C15, np.uint64))[np.minimum(within, 63)]
    sums = np.add.reduceat((chars + np.uint64(0x51ED)) * factors, np.cumsum(lengths) - lengths)
    sums ^= sums >> np.uint64(29)
    sums *= np.uint64(0xBF58476D1CE4E5B9)
    hashes: NDArray[np.uint64] = sums ^ (sums >> np.uint64(32))
    return hashes


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a page: folded characters of all lines, and where in them each word starts and ends.

    lines: the line of each word; capital: whether it was written with a capital first.
    """

    codes: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    capital: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Characters:
    """The characters of all lines in a row, a line feed after each; ``first``: where each line starts."""

    codes: NDArray[np.uint32]
    kinds: NDArray[np.uint8]
    line: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def _characters(texts: Sequence[str]) -> _Characters:
    cap = max(_LINE_FLOOR, min(_LINE_CAP, _PAGE_CAP // max(1, len(texts))))
    seen = [text if len(text) <= cap else text[: cap - cap // 4] + text[-(cap // 4) :] for text in texts]
    lengths = np.array([len(text) for text in seen], np.int64) + 1
    packed = ("\n".join(seen) + "\n").encode("utf-32-le", "surrogatepass")
    codes: NDArray[np.uint32] = np.frombuffer(packed, np.uint32)
    high = codes >= 0x10000
    codes = np.where(high, np.where((codes >= 0x20000) & (codes < 0x32400), 0x4E00, 0x2605), codes).astype(np.uint32)
    ends = np.cumsum(lengths)
    line = np.repeat(np.arange(len(seen)), lengths)
    return _Characters(codes, _tables()[0][codes], line, ends - lengths, ends - 1)


def words_of(texts: Sequence[str]) -> Words:
    """The words of all lines; in scripts without spaces each pair of neighbouring characters is one."""
    return _words(_characters(texts))


def vocabulary_hashes(words: Sequence[str]) -> NDArray[np.uint64]:
    """The hash of each word of a list, such as one of ``Words``."""
    chars = _characters(words)
    return hash_words(_tables()[2][chars.codes], chars.first, chars.last)


def _words(chars: _Characters) -> Words:
    kinds = chars.kinds
    spaced = ((kinds >= LOWER) & (kinds <= LETTER)) | (kinds == DIGIT) | (kinds == UNSEEN)
    before = np.concatenate([[False], spaced[:-1]])
    wide = kinds == WIDE
    starts = np.flatnonzero((spaced & ~before) | wide)
    after = np.concatenate([spaced[1:], [False]])
    stops = np.flatnonzero(spaced & ~after) + 1
    ends = starts + 1
    ends[~wide[starts]] = stops
    pair = wide[starts] & np.concatenate([wide[1:], [False]])[starts]
    ends[pair] += 1
    return Words(_tables()[2][chars.codes], starts, ends, chars.line[starts], kinds[starts] == UPPER)


NAMES: tuple[str, ...] = (
    "length", "words", "word_length", "lower", "upper", "other_letters", "digits", "stops", "commas", "colons",
    "quotes", "dashes", "bullets", "brackets", "signs", "capitals", "sentences", "sentence_length", "long", "medium",
    "tiny", "first_lower", "first_upper", "first_digit", "first_quote", "first_mark", "first_bracket",
    "last_stop", "last_dots", "last_comma", "last_colon", "last_letter", "last_digit", "last_bracket", "last_mark",
    "enclosed", "address", "clock", "foreign", "repeated", "repeated_before", "repeated_next",
    "shared", "shared_much", "shared_core", "new_words", "like_next", "like_previous",
    "place", "from_start", "from_end", "page_lines", "page_text", "text_before", "text_after", "since_text",
    "till_text", "around_2", "around_5", "around_12", "around_30", "after_3", "before_3", "stops_3", "stops_10",
    "short_5", "core", "core_before", "core_after", "since_core", "till_core", "text_share",
    "lines_before", "lines_after", "short_head", "short_tail",
)  # fmt: skip
"""The columns of ``LineFeatures.dense``; ratios in 0..1, counts and lengths as logarithms."""


def line_features(texts: Sequence[str]) -> LineFeatures:
    """The features of the non-empty lines of one page, in reading order; an empty line is seen as a blank one."""
    if not texts:
        return LineFeatures(np.zeros((0, len(NAMES)), np.float32), np.zeros(0, np.uint64), np.zeros(0, np.int64))
    chars = _characters(texts)
    words = _words(chars)
    hashes = hash_words(words.codes, words.starts, words.ends)
    columns = _shape(texts, chars, words)
    columns |= _repeats(texts)
    columns |= _vocabulary(hashes, words, columns)
    columns |= _surroundings(columns)
    dense = np.stack([columns[name] for name in NAMES], axis=1).astype(np.float32)
    return LineFeatures(dense, hashes, words.lines)


Columns = dict[str, NDArray[np.float64]]


def _shape(texts: Sequence[str], chars: _Characters, words: Words) -> Columns:
    """What a line looks like by itself."""
    count = len(texts)
    kinds, line = chars.kinds, chars.line
    width = np.bincount(line, _tables()[3][chars.codes], count) - 1
    tally = np.bincount(line * _CLASSES + kinds, minlength=count * _CLASSES).reshape(count, _CLASSES).astype(float)
    tally[:, SPACE] -= 1
    cut = np.array([len(text) for text in texts], float) / np.maximum(1, chars.last - chars.first)
    length = np.maximum(0, width) * np.maximum(1, cut)
    visible = np.maximum(1, tally.sum(1) - tally[:, SPACE] - tally[:, UNSEEN])
    number = np.maximum(1, np.bincount(words.lines, minlength=count))
    capitals = np.bincount(words.lines, words.capital, count)
    after = np.concatenate([kinds[1:], [SPACE]])
    ended = (kinds == STOP) & ((after == SPACE) | (after == QUOTE) | (after == CLOSE) | (after == WIDE))
    sentences = np.bincount(line, ended, count)
    first, last, closed = _edges(kinds, chars)
    numeral = kinds == DIGIT
    clock = np.zeros(len(kinds), bool)
    clock[1:-1] = (kinds[1:-1] == COLON) & numeral[:-2] & numeral[2:]
    script = _tables()[1][chars.codes]
    weight = np.bincount(script[(length > _LONG)[line]], minlength=16)
    weight[0] = 0
    letters = np.maximum(1, np.bincount(line, script > 0, count))
    columns: dict[str, NDArray[Any]] = {
        "length": np.log1p(length),
        "words": np.log1p(number),
        "word_length": np.minimum(visible / number, 20) / 10,
        "lower": tally[:, LOWER] / visible,
        "upper": tally[:, UPPER] / visible,
        "other_letters": (tally[:, LETTER] + tally[:, WIDE]) / visible,
        "digits": tally[:, DIGIT] / visible,
        "stops": np.minimum(tally[:, STOP] / visible, 0.2) * 5,
        "commas": np.minimum(tally[:, COMMA] / visible, 0.1) * 10,
        "colons": np.minimum(tally[:, COLON] / visible, 0.1) * 10,
        "quotes": np.minimum(tally[:, QUOTE] / visible, 0.1) * 10,
        "dashes": np.minimum(tally[:, DASH] / visible, 0.1) * 10,
        "bullets": np.minimum(tally[:, BULLET] / visible, 0.2) * 5,
        "brackets": np.minimum(tally[:, OPEN] / visible, 0.1) * 10,
        "signs": np.minimum(tally[:, SIGN] / visible, 0.2) * 5,
        "capitals": capitals / number,
        "sentences": np.log1p(sentences),
        "sentence_length": np.log1p(length / np.maximum(1, sentences)),
        "long": length > _LONG,
        "medium": length > _LONG / 2,
        "tiny": length < 20,
        "first_lower": first == LOWER,
        "first_upper": first == UPPER,
        "first_digit": first == DIGIT,
        "first_quote": (first == QUOTE) | (first == DASH),
        "first_mark": (first == BULLET) | (first == SIGN),
        "first_bracket": first == OPEN,
        "last_stop": closed == STOP,
        "last_dots": np.array([text[-6:].rstrip(" \"'”»)]").endswith(("…", "...")) for text in texts]),
        "last_comma": closed == COMMA,
        "last_colon": closed == COLON,
        "last_letter": (closed >= LOWER) & (closed <= WIDE),
        "last_digit": closed == DIGIT,
        "last_bracket": last == CLOSE,
        "last_mark": (last == BULLET) | (last == SIGN),
        "enclosed": (first == OPEN) & (last == CLOSE),
        "address": np.bincount(line, chars.codes == ord("@"), count) > 0,
        "clock": np.bincount(line, clock, count) > 0,
        "foreign": 1 - np.bincount(line, script == np.argmax(weight), count) / letters if weight.any() else letters * 0,
    }
    columns["foreign"] = np.where(np.bincount(line, script > 0, count) > 0, columns["foreign"], 0)
    return {name: column.astype(float) for name, column in columns.items()}


def _edges(kinds: NDArray[np.uint8], chars: _Characters) -> tuple[NDArray[np.uint8], ...]:
    """The classes of each line's first and last character, and of the last before closing quotes and brackets."""
    first = kinds[chars.first]
    at = chars.last - 1
    last = np.where(at >= chars.first, kinds[np.maximum(at, 0)], SPACE).astype(np.uint8)
    closed = last
    for _ in range(3):
        inside = (at > chars.first) & ((closed == QUOTE) | (closed == CLOSE) | (closed == SPACE) | (closed == UNSEEN))
        at = at - inside
        closed = np.where(inside, kinds[np.maximum(at, 0)], closed).astype(np.uint8)
    return first, last, closed


def _repeats(texts: Sequence[str]) -> Columns:
    """Lines that stand in the page more than once."""
    times = Counter(texts)
    met: set[str] = set()
    before = np.zeros(len(texts))
    for number, text in enumerate(texts):
        before[number] = text in met
        met.add(text)
    again = [text == following for text, following in zip(texts, [*texts[1:], ""], strict=True)]
    return {
        "repeated": np.array([min(times[text] - 1, 3) for text in texts]) / 3,
        "repeated_before": before,
        "repeated_next": np.array(again, float),
    }


def _core(columns: Columns) -> NDArray[np.float64]:
    """How much running text stands around each line, in parts of the most that the page has anywhere."""
    text = np.expm1(columns["length"]) * columns["long"]
    total = np.convolve(np.minimum(text, 1000), np.array([1, 2, 3, 4, 4, 4, 3, 2, 1]))[4 : 4 + len(text)]
    return total / max(1.0, float(total.max()))


def _vocabulary(hashes: NDArray[np.uint64], words: Words, columns: Columns) -> Columns:
    """How many of a line's words the running text of the page uses too, and its neighbours."""
    count = len(columns["length"])
    heavy = words.ends - words.starts > np.where(words.codes[words.starts] >= 0x0E00, 1, 3)  # not "the", "of", "là"
    bucket = (hashes & np.uint64(_BUCKETS - 1)).astype(np.int64)
    pairs = np.unique(words.lines[heavy] * _BUCKETS + bucket[heavy])
    line, slot = pairs // _BUCKETS, pairs % _BUCKETS
    number = np.maximum(1, np.bincount(line, minlength=count))
    long = columns["long"] > 0
    core = long & (_core(columns) > 0.4)
    often = np.bincount(slot[long[line]], minlength=_BUCKETS)[slot] - long[line]
    inner = np.bincount(slot[core[line]], minlength=_BUCKETS)[slot] - core[line]

    def share(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(line, hit, count) / number

    def like(step: int) -> NDArray[np.float64]:
        other = pairs + step * _BUCKETS
        found = np.searchsorted(pairs, other)
        return share(pairs[np.minimum(found, len(pairs) - 1)] == other) if len(pairs) else np.zeros(count)

    return {
        "shared": share(often > 0),
        "shared_much": share(often > 2),
        "shared_core": share(inner > 0),
        "new_words": np.log1p(np.bincount(line, often == 0, count)) / 3,
        "like_next": like(1),
        "like_previous": like(-1),
        "core": _core(columns),
    }


def _surroundings(columns: Columns) -> Columns:
    """Where a line stands, and what stands around it."""
    count = len(columns["length"])
    at = np.arange(count)
    text = np.expm1(columns["length"]) * columns["long"]
    total = max(1.0, float(text.sum()))

    def around(values: NDArray[np.float64], before: int, after: int) -> NDArray[np.float64]:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        inside: NDArray[np.float64] = sums[np.minimum(count, at + after + 1)] - sums[np.maximum(0, at - before)]
        return inside

    def window(before: int, after: int) -> NDArray[np.float64]:
        return np.minimum(count, at + after + 1) - np.maximum(0, at - before)

    def since(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
        last = np.maximum.accumulate(np.where(hit, at, -1000))
        return np.log1p(np.minimum(at - last, 60))

    long, core = columns["long"] > 0, columns["core"] > 0.4
    kernel = columns["core"] * columns["long"]
    mass = max(1.0, float(kernel.sum()))
    stops, short = columns["last_stop"].astype(float), 1.0 - columns["medium"]
    return {
        "place": at / max(1, count - 1),
        "from_start": np.log1p(at),
        "from_end": np.log1p(count - 1 - at),
        "page_lines": np.full(count, np.log1p(count)),
        "page_text": np.full(count, np.log1p(total)),
        "text_before": (np.cumsum(text) - text) / total,
        "text_after": 1 - np.cumsum(text) / total,
        "since_text": since(long),
        "till_text": since(long[::-1])[::-1],
        "around_2": np.log1p(around(text, 2, 2)),
        "around_5": np.log1p(around(text, 5, 5)),
        "around_12": np.log1p(around(text, 12, 12)),
        "around_30": np.log1p(around(text, 30, 30)),
        "after_3": np.log1p(around(text, -1, 3)),
        "before_3": np.log1p(around(text, 3, -1)),
        "stops_3": around(stops, 3, 3) / window(3, 3),
        "stops_10": around(stops, 10, 10) / window(10, 10),
        "short_5": around(short, 5, 5) / window(5, 5),
        "core_before": (np.cumsum(kernel) - kernel) / mass,
        "core_after": 1 - np.cumsum(kernel) / mass,
        "since_core": since(long & core),
        "till_core": since((long & core)[::-1])[::-1],
        "text_share": np.full(count, text.sum() / max(1.0, float(np.expm1(columns["length"]).sum()))),
        "lines_before": np.full(count, np.log1p(np.argmax(long) if long.any() else count)),
        "lines_after": np.full(count, np.log1p(np.argmax(long[::-1]) if long.any() else count)),
        "short_head": np.full(count, short[:8].mean()),
        "short_tail": np.full(count, short[-8:].mean()),
    }
