"""Train the line model: ``python -m training.lines`` writes pipelines/models/lines.npz; ``--folds`` the scoring models.

Run in the repository's root with the extra ``train`` installed and the evaluation data in place (see README.md).
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from pipelines.line_features import LineFeatures, line_features
from pipelines.line_model import LineModel, cue_weights
from training import net as network
from training.packing import packed
from training.pages import FOLDS, SETS, LabelledPage, labelled_pages, silver_pages, teachable, weighted
from training.variants import Sample, variants, whole
from training.vocabulary import cue_words

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "pipelines" / "models" / "lines.npz"
FOLD_MODELS = ROOT / "training" / "folds"
SET_WEIGHTS = {"aeb": 3.0, "fundus": 2.0, "wcxb": 0.7, "trafilatura": 1.0}  # news by hand, by parsers; other articles
COPIES = {"aeb": 8, "fundus": 8, "wcxb": 8, "trafilatura": 2}
EXTRA, EPOCHS, SEEDS = 3, 8, (1,)


def teaching_pages() -> list[LabelledPage]:
    """The pages to learn from, weighted by set."""
    pages = [*(page for name in SETS for page in labelled_pages(name)), *silver_pages()]
    return [weighted(page, SET_WEIGHTS[page.set]) for page in pages if teachable(page)]


def fit(pages: Sequence[LabelledPage]) -> bytes:
    """Train on these pages; the bytes of a model file."""
    words = tuple(cue_words(pages))
    pools = [[whole(page), *variants(page, random.Random(page.id), COPIES[page.set])] for page in pages]
    seen = [[line_features(sample.lines) for sample in pool] for pool in pools]
    dense = np.concatenate([each[0].dense for each in seen])
    mean, scale = dense.mean(0), 1 / (dense.std(0) + 1e-3)
    mean, scale = (array.astype(np.float16).astype(np.float32) for array in (mean, scale))
    lookup = LineModel(mean, scale, words, *LineModel.index(words), (), ())

    def example(sample: Sample, features: LineFeatures) -> network.Example:
        rows = lookup.rows(features.word_hash)
        known = np.flatnonzero(rows)
        return network.Example(
            dense=np.clip((features.dense - mean) * scale, -4, 4),
            rows=rows[known].astype(np.int64) - 1,
            lines=features.word_line[known],
            cue_weights=cue_weights(features),
            labels=np.array(sample.labels, np.float32),
            weights=np.array(sample.weights, np.float32),
        )

    examples = [[example(*both) for both in zip(*pool, strict=True)] for pool in zip(pools, seen, strict=True)]
    arrays = {
        "mean": mean.astype(np.float16),
        "scale": scale.astype(np.float16),
        "words": np.frombuffer("\n".join(words).encode(), np.uint8),
        "dilations": np.array(network.DILATIONS, np.int32),
        "nets": np.array(len(SEEDS), np.int32),
    }
    for number, seed in enumerate(SEEDS):
        trained = network.train(examples, len(words), seed, EPOCHS, EXTRA)
        arrays |= {f"{number}.{name}": array for name, array in network.arrays_of(trained).items()}
    return packed(arrays)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", action="store_true", help=f"also train the {FOLDS} models that score unseen sites")
    parser.add_argument("--only-folds", action="store_true", help="train the scoring models alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pages = teaching_pages()
    print(f"{len(pages)} pages of {len({page.site for page in pages})} sites", file=sys.stderr)
    jobs = [] if options.only_folds else [(SHIPPED, pages)]
    if options.folds or options.only_folds:
        jobs += [(FOLD_MODELS / f"{n}.npz", [page for page in pages if page.fold != n]) for n in range(FOLDS)]
    for path, chosen in jobs:
        started = time.monotonic()
        model = fit(chosen)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model)
        print(f"{path}: {len(model) // 1000} kB, {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
