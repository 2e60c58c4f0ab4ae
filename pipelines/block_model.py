"""The block model: how likely each block of a page belongs to its article, by its looks, its place and its neighbours.

A few small networks over the blocks of a page, trained by ``training/blocks.py`` and run with numpy alone. A block is
judged with the blocks before and after it, and with the page as a whole.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import IO

import numpy as np

from pipelines.block_features import BlockFeatures, Floats, Ints

LEVELS = ("own", "parent", "above")
"""Whose names a block is known by: its element's, its parent's, and those of all above them together."""

HABIT = 1
"""Whose idea of an article the model follows, where the labelled sets differ: that of the publishers' own parsers."""

_FEW_WORDS = 25
_FIRST_WORDS = 12
_MOST_CUES = 10
_MOST_ABOVE = 32  # elements; pages nest some twenty deep, and what is never closed nests without end


def word_cues(words: Sequence[str]) -> list[str]:
    """What the words of a short block are known by: each of the first, the very first, the first two, the last."""
    if not words:
        return []
    each = list(dict.fromkeys(words[:_FIRST_WORDS])) if len(words) < _FEW_WORDS else []
    return [*each, f"^{words[0]}", f"^{words[0]} {words[1] if len(words) > 1 else ''}", f"{words[-1]}$"]


@dataclass(frozen=True, slots=True)
class Looked:
    """A page's blocks as a network takes them.

    dense: standardised. tokens: by level, rows of the table of names, and the number of the name each belongs to.
    cues: rows of the table of cues, and the block each stands in. own, parent: of blocks the number of their element's
    and its parent's name. above: pairs of a block and the number of a name above its parent, in the order of blocks.
    """

    dense: Floats
    names: int
    tokens: tuple[tuple[Ints, Ints], ...]
    cues: tuple[Ints, Ints]
    own: Ints
    parent: Ints
    above: tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """parts: of names, each by a number; rows: of levels and parts, the row in the level's table, -1 where it has none.

    cues: from a cue to its row. mean, scale: of ``dense``.
    """

    parts: dict[str, int]
    rows: Ints
    cues: dict[str, int]
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, levels: Sequence[Sequence[str]], cues: Sequence[str], mean: Floats, scale: Floats) -> Vocabulary:
        """From the parts that each level has a row for, and the cues, in the order of their rows."""
        parts = {part: number for number, part in enumerate(dict.fromkeys(part for level in levels for part in level))}
        rows = np.full((len(levels), len(parts)), -1, np.int64)
        for row, level in zip(rows, levels, strict=True):
            row[[parts[part] for part in level]] = np.arange(len(level))
        return cls(parts, rows, {cue: row for row, cue in enumerate(cues)}, mean, scale)

    def look(self, seen: BlockFeatures) -> Looked:
        """Lay the features of a page out for the networks."""
        known, found, counts = self.parts, [], []
        for parts in seen.names:
            numbers = [known[part] for part in parts if part in known]
            found += numbers
            counts.append(len(numbers))
        rows, at = self.rows[:, found], np.repeat(np.arange(len(counts)), counts)
        cues, cue_rows, cue_counts = self.cues, [], []
        for words in seen.words:
            numbers = [cues[cue] for cue in word_cues(words) if cue in cues][:_MOST_CUES] if words else []
            cue_rows += numbers
            cue_counts.append(len(numbers))
        up = seen.parent[seen.element]
        above = self._above(seen, up)
        return Looked(
            dense=np.clip((seen.dense - self.mean) * self.scale, -4, 4),
            names=len(seen.names),
            tokens=tuple((level[level >= 0], at[level >= 0]) for level in rows),
            cues=(np.array(cue_rows, np.int64), np.repeat(np.arange(len(cue_counts)), cue_counts)),
            own=seen.name[seen.element],
            parent=seen.name[up],
            above=above,
        )

    @staticmethod
    def _above(seen: BlockFeatures, up: Ints) -> tuple[Ints, Ints]:
        """Each block with the names of its grandparent and of those above, the nearest."""
        at, block = seen.parent[up], np.flatnonzero(up)
        at = at[block]
        blocks, names = [block], [seen.name[at]]
        while len(block) and len(blocks) < _MOST_ABOVE:
            going = at > 0
            block, at = block[going], seen.parent[at[going]]
            blocks.append(block)
            names.append(seen.name[at])
        block = np.concatenate(blocks)
        order = np.argsort(block, kind="stable")
        return block[order], np.concatenate(names)[order]


@dataclass(frozen=True, slots=True)
class _Net:
    """The weights of one network."""

    enter: Floats
    enter_bias: Floats
    page: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    leave: Floats
    leave_bias: Floats

    def logits(self, entering: Floats, dilations: Sequence[int]) -> Floats:
        """The log odds of each block, from its features and the vectors of its tokens."""
        count = len(entering)
        hidden: Floats = entering @ self.enter + self.enter_bias
        np.maximum(hidden, 0, out=hidden)
        hidden += np.concatenate([hidden.mean(0), hidden.max(0)]) @ self.page
        for step, (kernel, bias) in zip(dilations, self.layers, strict=True):
            reach = step * (kernel.shape[0] // 2)
            padded = np.zeros((count + 2 * reach, hidden.shape[1]), np.float32)
            padded[reach : reach + count] = hidden
            shifted = [padded[tap * step : tap * step + count] for tap in range(kernel.shape[0])]
            found: Floats = np.concatenate(shifted, 1) @ kernel.reshape(-1, kernel.shape[2])
            found += bias
            np.maximum(found, 0, out=found)
            hidden += found
        logits: Floats = (hidden @ self.leave + self.leave_bias)[:, 0]
        return logits


@dataclass(frozen=True, slots=True)
class BlockModel:
    """A trained model: the mean of its networks. names, cues: the tables of tokens, of all networks side by side."""

    vocabulary: Vocabulary
    dilations: tuple[int, ...]
    names: tuple[Floats, ...]
    cues: Floats
    nets: tuple[_Net, ...]

    @classmethod
    def load(cls, file: Path | IO[bytes]) -> BlockModel:
        """Read a model that ``training/blocks.py`` wrote."""
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        numbers = range(int(arrays["nets"]))

        def listed(name: str) -> list[str]:
            return bytes(arrays[name]).decode().split("\n")

        def weights(number: int, name: str) -> Floats:
            return np.ascontiguousarray(arrays[f"{number}.{name}"], np.float32)

        def table(name: str) -> Floats:
            return np.concatenate([weights(number, name) for number in numbers], axis=1)

        mean, scale = (arrays[name].astype(np.float32) for name in ("mean", "scale"))
        vocabulary = Vocabulary.of([listed(f"names.{level}") for level in LEVELS], listed("cues"), mean, scale)
        dilations = tuple(int(step) for step in arrays["dilations"])
        nets = tuple(
            _Net(
                weights(number, "enter"),
                weights(number, "enter_bias") + weights(number, "habits")[HABIT],
                weights(number, "page"),
                tuple((weights(number, f"layer{n}"), weights(number, f"layer{n}_bias")) for n in range(len(dilations))),
                weights(number, "leave"),
                weights(number, "leave_bias"),
            )
            for number in numbers
        )
        return cls(vocabulary, dilations, tuple(map(table, LEVELS)), table("cues"), nets)

    def logits(self, seen: BlockFeatures) -> Floats:
        """The log odds that each block belongs to the article: about -12..12."""
        looked = self.vocabulary.look(seen)
        count = len(looked.dense)
        own, parent, above = (
            _bag(table, *tokens, looked.names) for table, tokens in zip(self.names, looked.tokens, strict=True)
        )
        block, name = looked.above
        known = (
            own[looked.own],
            parent[looked.parent],
            _bag(above, name, block, count),
            _bag(self.cues, *looked.cues, count),
        )
        width = self.cues.shape[1] // len(self.nets)
        sums = np.zeros(count, np.float32)
        for number, net in enumerate(self.nets):
            part = slice(number * width, (number + 1) * width)
            sums += net.logits(np.concatenate([looked.dense, *(each[:, part] for each in known)], 1), self.dilations)
        return sums / np.float32(len(self.nets))


def _bag(table: Floats, rows: Ints, at: Ints, count: int) -> Floats:
    """The sums of a table's rows by ``at``, which does not decrease."""
    sums = np.zeros((count, table.shape[1]), np.float32)
    if len(rows):
        starts = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]]))
        sums[at[starts]] = np.add.reduceat(table[rows], starts, axis=0)
    return sums


@functools.cache
def _shipped() -> BlockModel:
    with (resources.files("pipelines") / "models" / "blocks.npz").open("rb") as file:
        return BlockModel.load(file)


_in_use: ContextVar[BlockModel | None] = ContextVar("block_model", default=None)


@contextmanager
def using(model: BlockModel) -> Iterator[None]:
    """Put another model in the place of the shipped one within a ``with`` block; for measuring."""
    token = _in_use.set(model)
    try:
        yield
    finally:
        _in_use.reset(token)


def block_logits(seen: BlockFeatures) -> Floats:
    """The log odds that each block of a page belongs to its article."""
    return (_in_use.get() or _shipped()).logits(seen)
