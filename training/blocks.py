"""Train the block model: ``python -m training.blocks`` writes pipelines/models/blocks.npz, ``--folds`` the others.

Run in the repository's root with the extra ``train`` installed and the evaluation data in place (see README.md). First
one network learns from the pages with gold. With trafilatura it labels the pages that have only snippets, and then the
networks of the model learn from both.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from pipelines.block_features import Floats
from pipelines.block_model import HABIT, LEVELS, Vocabulary, word_cues
from training import block_net as network
from training.block_pages import BlockPage, block_pages, taught, teachable
from training.packing import packed
from training.pages import FOLDS, SETS

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "pipelines" / "models" / "blocks.npz"
FOLD_MODELS = ROOT / "training" / "folds"
SET_WEIGHTS = {"aeb": 3.0, "fundus": 2.0, "wcxb": 0.7, "trafilatura": 0.7}  # news by hand, by parsers; other pages
HABITS = {"aeb": 0, "fundus": HABIT, "wcxb": 2, "trafilatura": HABIT}
NAME_SITES, CUE_SITES = 15, 30  # on fewer sites a token says more about those sites than about blocks
EPOCHS, SEEDS, TEACHER = 10, (1, 2), 101


def tokens_of(pages: Sequence[BlockPage]) -> tuple[list[list[str]], list[str]]:
    """The parts of names, by level, and the cues that enough sites have."""
    names: tuple[defaultdict[str, set[str]], ...] = tuple(defaultdict(set) for _ in LEVELS)
    cues: defaultdict[str, set[str]] = defaultdict(set)
    for page in pages:
        seen = page.seen
        up = seen.parent[seen.element]
        levels = (seen.name[seen.element], seen.name[up], seen.name)
        for known, numbers in zip(names, levels, strict=True):
            for number in set(numbers.tolist()):
                for token in seen.names[number]:
                    known[token].add(page.site)
        for words in seen.words:
            for cue in word_cues(words):
                cues[cue].add(page.site)

    def listed(known: dict[str, set[str]], least: int) -> list[str]:
        return sorted(token for token, sites in known.items() if len(sites) >= least)

    return [listed(known, NAME_SITES) for known in names], listed(cues, CUE_SITES)


def scale_of(pages: Sequence[BlockPage]) -> tuple[Floats, Floats]:
    """Mean and inverse deviation of each feature, as the model's file will hold them."""
    dense = np.concatenate([page.seen.dense for page in pages])
    mean, scale = (array.astype(np.float16).astype(np.float32) for array in (dense.mean(0), 1 / (dense.std(0) + 1e-3)))
    return mean, scale


def example(page: BlockPage, vocabulary: Vocabulary) -> network.Example:
    """Every page counts alike, whatever its length; in it a block counts by the root of its length."""
    size = (np.sqrt([len(text) for text in page.texts]) + 3) * page.trust
    labels = page.labels if page.labels is not None else np.zeros(len(size), np.float32)
    whole = size[labels > 0.5].sum() or size.sum()
    weights = np.clip(20 * size / max(whole, 1e-9), 0, 20) * SET_WEIGHTS[page.set]
    return network.Example(vocabulary.look(page.seen), labels, weights.astype(np.float32), HABITS[page.set])


def fit(gold: Sequence[BlockPage], silver: Sequence[BlockPage]) -> bytes:
    """Train on these pages; the bytes of a model file. silver: pages without gold."""
    names, cues = tokens_of([*gold, *silver])
    vocabulary = Vocabulary.of(names, cues, *scale_of([*gold, *silver]))
    train = partial(network.train, names=[*map(len, names)], cues=len(cues), habits=max(HABITS.values()) + 1)
    examples = [example(page, vocabulary) for page in gold]
    teacher = train(examples, seed=TEACHER, epochs=EPOCHS)
    told = [taught(page, network.logits_of([teacher], example(page, vocabulary))) for page in silver]
    examples += [example(page, vocabulary) for page in told if page is not None]
    arrays = {
        "mean": vocabulary.mean.astype(np.float16),
        "scale": vocabulary.scale.astype(np.float16),
        "cues": _joined(cues),
        "dilations": np.array(network.DILATIONS, np.int32),
        "nets": np.array(len(SEEDS), np.int32),
    }
    arrays |= {f"names.{level}": _joined(known) for level, known in zip(LEVELS, names, strict=True)}
    for number, seed in enumerate(SEEDS):
        trained = network.arrays_of(train(examples, seed=seed, epochs=EPOCHS))
        arrays |= {f"{number}.{name}": array for name, array in trained.items()}
    return packed(arrays)


def _joined(tokens: Sequence[str]) -> np.ndarray:
    return np.frombuffer("\n".join(tokens).encode(), np.uint8)


def _train_one(fold: int | None) -> str:
    torch.set_num_threads(1)
    started = time.monotonic()
    gold = [page for name in SETS for page in block_pages(name) if teachable(page) and page.fold != fold]
    silver = [page for page in block_pages("trafilatura") if page.fold != fold]
    path = SHIPPED if fold is None else FOLD_MODELS / f"blocks-{fold}.npz"
    model = fit(gold, silver)
    path.write_bytes(model)
    return f"{path}: {len(gold)} + {len(silver)} pages, {len(model) // 1000} kB, {time.monotonic() - started:.0f} s"


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", action="store_true", help=f"also train the {FOLDS} models that score unseen sites")
    parser.add_argument("--only-folds", action="store_true", help="train the scoring models alone")
    options = parser.parse_args()
    jobs: list[int | None] = [] if options.only_folds else [None]
    jobs += range(FOLDS) if options.folds or options.only_folds else []
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for line in pool.imap(_train_one, jobs):
            print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
