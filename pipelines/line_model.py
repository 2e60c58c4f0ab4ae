"""The line model: how likely each line of plain text belongs to the article, by its looks and its neighbours.

A small convolutional network over the lines of a page, trained by ``training/lines.py`` and run with numpy alone.
It sees text only: no markup, no address.
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
from numpy.typing import NDArray

from pipelines.line_features import Floats, LineFeatures, line_features, vocabulary_hashes

_SLOTS = 1 << 16


@dataclass(frozen=True, slots=True)
class _Net:
    """The weights of one network; the model is the mean of a few."""

    cues: Floats
    enter: Floats
    enter_bias: Floats
    page: Floats
    layers: tuple[tuple[Floats, Floats], ...]
    leave: Floats
    leave_bias: Floats


@dataclass(frozen=True, slots=True)
class LineModel:
    """A trained model. words: its cue words; slots: from the low bits of a word's hash to its row, 0 for none."""

    mean: Floats
    scale: Floats
    words: tuple[str, ...]
    hashes: NDArray[np.uint64]
    slots: NDArray[np.int32]
    dilations: tuple[int, ...]
    nets: tuple[_Net, ...]

    @classmethod
    def load(cls, file: Path | IO[bytes]) -> LineModel:
        """Read a model that ``training/lines.py`` wrote."""
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        words = tuple(bytes(arrays["words"]).decode().split("\n"))
        dilations = tuple(int(step) for step in arrays["dilations"])

        def net(number: int) -> _Net:
            def weights(name: str) -> Floats:
                return np.ascontiguousarray(arrays[f"{number}.{name}"], np.float32)

            layers = tuple((weights(f"layer{n}"), weights(f"layer{n}_bias")) for n in range(len(dilations)))
            first = (weights("cues"), weights("enter"), weights("enter_bias"), weights("page"))
            return _Net(*first, layers, weights("leave"), weights("leave_bias"))

        nets = tuple(net(number) for number in range(int(arrays["nets"])))
        mean, scale = (arrays[name].astype(np.float32) for name in ("mean", "scale"))
        return cls(mean, scale, words, *cls.index(words), dilations, nets)

    @staticmethod
    def index(words: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """``hashes`` and ``slots`` for these words."""
        hashes = np.concatenate([np.zeros(1, np.uint64), vocabulary_hashes(words)])
        slots = np.zeros(_SLOTS, np.int32)
        slots[hashes[1:] & np.uint64(_SLOTS - 1)] = np.arange(1, len(hashes))
        return hashes, slots

    def rows(self, word_hash: NDArray[np.uint64]) -> NDArray[np.int32]:
        """For each hashed word its row among the cue words, counted from 1; 0 where it is none of them."""
        rows = self.slots[word_hash & np.uint64(_SLOTS - 1)]
        return np.where(self.hashes[rows] == word_hash, rows, 0)

    def likelihood(self, texts: Sequence[str]) -> list[float]:
        """How likely each line belongs to the article: 0..1, in the order of the lines."""
        if not texts:
            return []
        seen = line_features(texts)
        dense = np.clip((seen.dense - self.mean) * self.scale, -4, 4)
        rows = self.rows(seen.word_hash)
        weight = cue_weights(seen)
        logit = np.mean([_run(net, dense, rows, weight, seen, self.dilations) for net in self.nets], axis=0)
        return [float(value) for value in 1 / (1 + np.exp(-np.clip(logit, -30, 30)))]


def cue_weights(seen: LineFeatures) -> Floats:
    """What one word counts in the sum of its line's cue words: longer lines shout no louder."""
    return (1 / np.sqrt(np.maximum(1, np.bincount(seen.word_line, minlength=len(seen.dense))))).astype(np.float32)


def _run(
    net: _Net,
    dense: Floats,
    rows: NDArray[np.int32],
    weight: Floats,
    seen: LineFeatures,
    dilations: tuple[int, ...],
) -> Floats:
    count = len(dense)
    cues = np.zeros((count, net.cues.shape[1]), np.float32)
    known = np.flatnonzero(rows)
    if len(known):
        line = seen.word_line[known]
        starts = np.flatnonzero(np.concatenate([[True], line[1:] != line[:-1]]))
        cues[line[starts]] = np.add.reduceat(net.cues[rows[known] - 1], starts, axis=0)
    hidden = np.maximum(np.concatenate([dense, cues * weight[:, None]], 1) @ net.enter + net.enter_bias, 0)
    hidden += np.concatenate([hidden.mean(0), hidden.max(0)]) @ net.page
    for step, (kernel, bias) in zip(dilations, net.layers, strict=True):
        reach = step * (kernel.shape[0] // 2)
        padded = np.pad(hidden, ((reach, reach), (0, 0)))
        shifted = [padded[tap * step : tap * step + count] for tap in range(kernel.shape[0])]
        flat = kernel.reshape(-1, kernel.shape[2])
        hidden = hidden + np.maximum(np.concatenate(shifted, 1) @ flat + bias, 0)
    logit: Floats = (hidden @ net.leave + net.leave_bias)[:, 0]
    return logit


@functools.cache
def _shipped() -> LineModel:
    with (resources.files("pipelines") / "models" / "lines.npz").open("rb") as file:
        return LineModel.load(file)


_in_use: ContextVar[LineModel | None] = ContextVar("line_model", default=None)


@contextmanager
def using(model: LineModel) -> Iterator[None]:
    """Put another model in the place of the shipped one within a ``with`` block; for measuring."""
    token = _in_use.set(model)
    try:
        yield
    finally:
        _in_use.reset(token)


def article_likelihood(texts: Sequence[str]) -> list[float]:
    """How likely each line of a text belongs to its article: 0..1, in the order of the lines.

    texts: the non-empty lines, trimmed, in reading order. The headline counts as no part of the article.
    """
    return (_in_use.get() or _shipped()).likelihood(texts)
