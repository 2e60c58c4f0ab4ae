"""The network of the block model in PyTorch, and its training; ``pipelines/block_model.py`` runs it with numpy."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipelines.block_model import LEVELS, Looked

WIDTH, TOKEN_WIDTH, KERNEL, DILATIONS = 64, 16, 5, (1, 2, 4)
GAP = max(DILATIONS) * (KERNEL // 2)  # empty rows between two pages of a batch: no page sees the next
BATCH, RATE, DECAY, KEEP = 8, 3e-3, 1e-4, 0.995
UNSEEN_TOKENS, UNKNOWN_FEATURES, DROPPED = 0.3, 0.1, 0.2


@dataclass(frozen=True, slots=True)
class Example:
    """A page ready for the network. labels: 0..1; weights: of the blocks; habit: whose idea of an article it has."""

    looked: Looked
    labels: NDArray[np.float32]
    weights: NDArray[np.float32]
    habit: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Pages end to end with gaps between them; spans: where each stands; mask: 1 on blocks, 0 on gaps.

    Numbers of names go on from page to page.
    """

    dense: Tensor
    labels: Tensor
    weights: Tensor
    mask: Tensor
    habit: Tensor
    page: Tensor
    own: Tensor
    parent: Tensor
    above: tuple[Tensor, Tensor]
    names: int
    tokens: tuple[tuple[Tensor, Tensor], ...]
    cues: tuple[Tensor, Tensor]
    spans: tuple[tuple[int, int], ...]


def batch_of(examples: Sequence[Example]) -> Batch:
    """Lay pages end to end."""
    looks = [example.looked for example in examples]
    lengths = [len(look.dense) for look in looks]
    firsts = np.concatenate([[0], np.cumsum([length + GAP for length in lengths])])
    spans = tuple((int(first), int(first) + length) for first, length in zip(firsts, lengths, strict=False))
    names = np.concatenate([[0], np.cumsum([look.names for look in looks])])
    end = int(firsts[-1])

    def spread(arrays: Sequence[NDArray[np.generic]]) -> Tensor:
        whole = np.zeros((end, *arrays[0].shape[1:]), arrays[0].dtype)
        for (first, last), array in zip(spans, arrays, strict=True):
            whole[first:last] = array
        return torch.from_numpy(whole)

    def joined(arrays: Sequence[NDArray[np.int64]], offsets: Sequence[int] | NDArray[np.int64]) -> Tensor:
        moved = [array + offset for array, offset in zip(arrays, offsets, strict=False)]
        return torch.from_numpy(np.concatenate(moved))

    nowhere = [0] * len(looks)
    return Batch(
        dense=spread([look.dense for look in looks]),
        labels=spread([example.labels for example in examples]),
        weights=spread([example.weights for example in examples]),
        mask=spread([np.ones((length, 1), np.float32) for length in lengths]),
        habit=spread([np.full(length, example.habit) for length, example in zip(lengths, examples, strict=True)]),
        page=spread([np.full(length, number) for number, length in enumerate(lengths, 1)]),
        own=spread([look.own + offset for look, offset in zip(looks, names, strict=False)]),
        parent=spread([look.parent + offset for look, offset in zip(looks, names, strict=False)]),
        above=(joined([look.above[0] for look in looks], firsts), joined([look.above[1] for look in looks], names)),
        names=int(names[-1]),
        tokens=tuple(
            (
                joined([look.tokens[n][0] for look in looks], nowhere),
                joined([look.tokens[n][1] for look in looks], names),
            )
            for n in range(len(LEVELS))
        ),
        cues=(joined([look.cues[0] for look in looks], nowhere), joined([look.cues[1] for look in looks], firsts)),
        spans=spans,
    )


class BlockNet(nn.Module):
    """Features, names and cue words of each block; the mean and maximum of the page; then convolutions over blocks."""

    def __init__(self, features: int, names: Sequence[int], cues: int, habits: int) -> None:
        super().__init__()
        self.names = nn.ModuleList(_table(count) for count in names)
        self.cues = _table(cues)
        self.habit = nn.Embedding(habits, WIDTH)
        nn.init.normal_(self.habit.weight, std=0.05)
        self.enter = nn.Linear(features + (len(names) + 1) * TOKEN_WIDTH, WIDTH)
        self.page = nn.Linear(2 * WIDTH, WIDTH, bias=False)
        self.layers = nn.ModuleList(
            nn.Conv1d(WIDTH, WIDTH, KERNEL, padding=step * (KERNEL // 2), dilation=step) for step in DILATIONS
        )
        self.leave = nn.Linear(WIDTH, 1)

    def forward(self, batch: Batch) -> Tensor:
        """The logit of each block."""
        count, mask = len(batch.dense), batch.mask
        own, parent, above = (
            self._bag(table, *tokens, batch.names) for table, tokens in zip(self.names, batch.tokens, strict=True)
        )
        around = torch.zeros(count, TOKEN_WIDTH).index_add(0, batch.above[0], above[batch.above[1]])
        cues = self._bag(self.cues, *batch.cues, count)
        dense = self._drop(batch.dense, UNKNOWN_FEATURES)
        seen = torch.cat([dense, own[batch.own], parent[batch.parent], around, cues], 1)
        hidden = torch.relu(self.enter(seen) + self.habit(batch.habit)) * mask
        pages = len(batch.spans) + 1
        sizes = torch.zeros(pages, 1).index_add(0, batch.page, mask).clamp(min=1)
        means = torch.zeros(pages, WIDTH).index_add(0, batch.page, hidden) / sizes
        most = torch.stack([torch.zeros(WIDTH), *(hidden[first:last].amax(0) for first, last in batch.spans)])
        hidden = (hidden + self.page(torch.cat([means, most], 1))[batch.page]) * mask
        for layer in self.layers:
            hidden = (hidden + self._drop(torch.relu(layer(hidden.T[None])[0].T), DROPPED)) * mask
        logit: Tensor = self.leave(hidden)[:, 0]
        return logit

    def _bag(self, table: nn.Module, rows: Tensor, at: Tensor, count: int) -> Tensor:
        if self.training:
            kept = torch.rand(len(rows)) > UNSEEN_TOKENS
            rows, at = rows[kept], at[kept]
        return torch.zeros(count, TOKEN_WIDTH).index_add(0, at, table(rows))

    def _drop(self, values: Tensor, share: float) -> Tensor:
        return nn.functional.dropout(values, share) if self.training else values


def _table(count: int) -> nn.Embedding:
    table = nn.Embedding(count, TOKEN_WIDTH)
    nn.init.normal_(table.weight, std=0.05)
    return table


def train(
    examples: Sequence[Example], names: Sequence[int], cues: int, habits: int, seed: int, epochs: int
) -> BlockNet:
    """Train one network. names, cues: sizes of the tables."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)
    torch.use_deterministic_algorithms(mode=True)
    torch.utils.deterministic.fill_uninitialized_memory = False
    chance = random.Random(seed)
    net = BlockNet(examples[0].looked.dense.shape[1], names, cues, habits)
    mean = copy.deepcopy(net)  # of the weights on the way: steadier than the last ones
    tuner = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    steps = epochs * -(-len(examples) // BATCH)
    pace = torch.optim.lr_scheduler.OneCycleLR(tuner, RATE, steps, pct_start=0.1, anneal_strategy="cos")
    tables = [*net.names, net.cues]
    net.train()
    for done, batch in enumerate(_batches(examples, chance, epochs), 1):
        losses = nn.functional.binary_cross_entropy_with_logits(net(batch), batch.labels, reduction="none")
        loss = (losses * batch.weights).sum() / batch.weights.sum()
        loss = loss + 2e-5 * sum(table.weight.square().sum() for table in tables)
        tuner.zero_grad()
        loss.backward()
        tuner.step()
        pace.step()
        with torch.no_grad():
            share = min(KEEP, done / (done + 10))
            for kept, new in zip(mean.parameters(), net.parameters(), strict=True):
                kept.mul_(share).add_(new, alpha=1 - share)
    return mean.eval()


def _batches(examples: Sequence[Example], chance: random.Random, epochs: int) -> Iterator[Batch]:
    for _ in range(epochs):
        order = chance.sample(range(len(examples)), len(examples))
        for first in range(0, len(order), BATCH):
            yield batch_of([examples[number] for number in order[first : first + BATCH]])


def logits_of(nets: Sequence[BlockNet], example: Example) -> NDArray[np.float32]:
    """The mean logits of some trained networks."""
    with torch.no_grad():
        batch = batch_of([example])
        logits = [net(batch)[: len(example.labels)].numpy() for net in nets]
    mean: NDArray[np.float32] = np.mean(logits, axis=0)
    return mean


def arrays_of(net: BlockNet) -> dict[str, NDArray[np.float16]]:
    """The weights by the names and in the shapes that ``pipelines/block_model.py`` reads."""
    arrays: dict[str, Tensor] = {
        "cues": net.cues.weight,
        "habits": net.habit.weight,
        "enter": net.enter.weight.T,
        "enter_bias": net.enter.bias,
        "page": net.page.weight.T,
        "leave": net.leave.weight.T,
        "leave_bias": net.leave.bias,
    }
    for level, table in zip(LEVELS, net.names, strict=True):
        arrays[level] = table.weight
    for number, layer in enumerate(net.layers):
        arrays |= {f"layer{number}": layer.weight.permute(2, 1, 0), f"layer{number}_bias": layer.bias}
    return {name: tensor.detach().numpy().astype(np.float16) for name, tensor in arrays.items()}
