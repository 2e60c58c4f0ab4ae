"""The network of the line model in PyTorch, and its training; ``pipelines/line_model.py`` runs it with numpy."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

WIDTH, CUE_WIDTH, KERNEL, DILATIONS = 56, 16, 5, (1, 2, 4)
GAP = max(DILATIONS) * (KERNEL // 2)  # empty rows between two texts of a batch: no text sees the next
BATCH, RATE, DECAY, KEEP = 12, 3e-3, 1e-4, 0.995


@dataclass(frozen=True, slots=True)
class Example:
    """A text ready for the network. rows, lines: its cue words and the lines they stand in."""

    dense: NDArray[np.float32]
    rows: NDArray[np.int64]
    lines: NDArray[np.int64]
    cue_weights: NDArray[np.float32]
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts end to end with gaps between them; spans: where each stands; mask: 1 on lines, 0 on gaps."""

    dense: Tensor
    rows: Tensor
    lines: Tensor
    cue_weights: Tensor
    labels: Tensor
    weights: Tensor
    mask: Tensor
    spans: tuple[tuple[int, int], ...]


def batch_of(examples: Sequence[Example]) -> Batch:
    """Lay texts end to end."""
    spans, rows, lines, end = [], [], [], 0
    for example in examples:
        spans.append((end, end + len(example.dense)))
        rows.append(example.rows)
        lines.append(example.lines + end)
        end += len(example.dense) + GAP

    def spread(arrays: list[NDArray[np.float32]]) -> Tensor:
        whole = np.zeros((end, *arrays[0].shape[1:]), np.float32)
        for (first, last), array in zip(spans, arrays, strict=True):
            whole[first:last] = array
        return torch.from_numpy(whole)

    return Batch(
        dense=spread([example.dense for example in examples]),
        rows=torch.from_numpy(np.concatenate(rows)),
        lines=torch.from_numpy(np.concatenate(lines)),
        cue_weights=spread([example.cue_weights for example in examples]),
        labels=spread([example.labels for example in examples]),
        weights=spread([example.weights for example in examples]),
        mask=spread([np.ones(len(example.dense), np.float32) for example in examples]),
        spans=tuple(spans),
    )


class LineNet(nn.Module):
    """Features and cue words of each line, the mean and maximum of the page, then convolutions over the lines."""

    def __init__(self, features: int, words: int) -> None:
        super().__init__()
        self.cues = nn.Embedding(words, CUE_WIDTH)
        nn.init.normal_(self.cues.weight, std=0.05)
        self.enter = nn.Linear(features + CUE_WIDTH, WIDTH)
        self.page = nn.Linear(2 * WIDTH, WIDTH, bias=False)
        self.layers = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=step * (KERNEL // 2), dilation=step) for step in DILATIONS
        )
        self.leave = nn.Linear(WIDTH, 1)

    def forward(self, batch: Batch) -> Tensor:
        """The logit of each line."""
        rows, lines, dense = batch.rows, batch.lines, batch.dense
        if self.training:  # a word now and then unseen, a feature now and then unknown
            kept = torch.rand(len(rows)) > 0.3
            rows, lines = rows[kept], lines[kept]
            dense = nn.functional.dropout(dense, 0.1)
        mask = batch.mask[:, None]
        cues = torch.zeros(len(dense), CUE_WIDTH).index_add(0, lines, self.cues(rows)) * batch.cue_weights[:, None]
        hidden = torch.relu(self.enter(torch.cat([dense, cues], 1))) * mask
        sizes = [last - first + GAP for first, last in batch.spans]
        pages = [page[:-GAP] for page in hidden.split(sizes)]
        means = torch.stack([torch.cat([page.mean(0), page.amax(0)]) for page in pages])
        hidden = (hidden + self.page(means).repeat_interleave(torch.tensor(sizes), 0)) * mask
        for layer in self.layers:
            found = torch.relu(layer(hidden.T[None])[0].T)
            if self.training:
                found = nn.functional.dropout(found, 0.2)
            hidden = (hidden + found) * mask
        logit: Tensor = self.leave(hidden)[:, 0]
        return logit


def train(pools: Sequence[Sequence[Example]], words: int, seed: int, epochs: int, extra: int) -> LineNet:
    """Train one network. pools: for each page the whole page, then saved copies, of which ``extra`` join each epoch."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(mode=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    chance = random.Random(seed)
    net = LineNet(pools[0][0].dense.shape[1], words)
    mean = copy.deepcopy(net)  # of the weights on the way: steadier than the last ones
    tuner = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    steps = epochs * -(-sum(1 + min(extra, len(pool) // 2) for pool in pools) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(tuner, RATE, steps, pct_start=0.1, anneal_strategy="cos")
    done = 0
    net.train()
    for _ in range(epochs):
        for batch in _epoch(pools, chance, extra):
            losses = nn.functional.binary_cross_entropy_with_logits(net(batch), batch.labels, reduction="none")
            loss = (losses * batch.weights).sum() / batch.weights.sum() + 2e-5 * net.cues.weight.square().sum()
            tuner.zero_grad()
            loss.backward()
            tuner.step()
            pace.step()
            done += 1
            with torch.no_grad():
                share = min(KEEP, done / (done + 10))
                for kept, new in zip(mean.parameters(), net.parameters(), strict=True):
                    kept.mul_(share).add_(new, alpha=1 - share)
    return mean.eval()


def _epoch(pools: Sequence[Sequence[Example]], chance: random.Random, extra: int) -> Iterator[Batch]:
    chosen = [each for pool in pools for each in (pool[0], *chance.sample(pool[1:], min(extra, len(pool) // 2)))]
    chance.shuffle(chosen)
    for first in range(0, len(chosen), BATCH):
        yield batch_of(chosen[first : first + BATCH])


def arrays_of(net: LineNet) -> dict[str, NDArray[np.float16]]:
    """The weights by the names and in the shapes that ``pipelines/line_model.py`` reads."""
    arrays = {
        "cues": net.cues.weight,
        "enter": net.enter.weight.T,
        "enter_bias": net.enter.bias,
        "page": net.page.weight.T,
        "leave": net.leave.weight.T,
        "leave_bias": net.leave.bias,
    }
    for number, layer in enumerate(net.layers):
        assert isinstance(layer, nn.Conv1d)
        assert layer.bias is not None
        arrays[f"layer{number}"] = layer.weight.permute(2, 1, 0)
        arrays[f"layer{number}_bias"] = layer.bias
    return {name: tensor.detach().numpy().astype(np.float16) for name, tensor in arrays.items()}
