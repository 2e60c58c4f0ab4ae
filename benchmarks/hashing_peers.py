"""Peers of likeness, in an interpreter of their own: ``python -m benchmarks.hashing_peers FILE`` answers on the output.

FILE holds ``texts`` and, by name, ``trials`` of archive and queries, all as places in ``texts``. For each variant of
each peer that is installed the answer has, by trial and query, pairs of a place in the archive and a score from 0 to 1;
whoever asked chooses the threshold. ``--cost`` times signatures instead, copydesk's beside datasketch's.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PERMUTATIONS = 128
LEAST = 0.3  # scores below are left out
MOST = 80  # pairs a query, the best
_BANDS = (42, 3)  # so many that tuning the threshold decides, not the bands
_DATATROVE = (14, 8)
_SIMHASH_BITS = 64
_FARTHEST = 16  # bits
_WORD = re.compile(r"\w+")
_MARKS = re.compile("[\u0300-\u036f]")
ROUNDS = 5

Scores = list[list[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a peer. score: for an archive and queries, the pairs."""

    peer: str
    name: str
    score: Callable[[Sequence[str], Sequence[str]], Scores]


def normal(text: str) -> str:
    """Words alone, without case and accents: what a sketch folds is folded for its peers too."""
    return " ".join(_WORD.findall(_MARKS.sub("", unicodedata.normalize("NFKD", text).casefold())))


def datatrove_normal(text: str) -> str:
    """As datatrove has it for MinHash: numbers are 0, accents and punctuation go."""
    bare = "".join(each for each in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(each) != "Mn")
    return re.sub(r"\d+", "0", " ".join(_WORD.findall(bare)))


def shingles(text: str, words: int) -> set[str]:
    """Sequences of so many words; of characters where it is 0."""
    if not words:
        return {text[at : at + 5] for at in range(max(1, len(text) - 4))}
    parts = text.split()
    return {" ".join(parts[at : at + words]) for at in range(max(1, len(parts) - words + 1))}


def datasketch_variant(words: int) -> Variant:
    from datasketch import MinHash, MinHashLSH

    def signed(texts: Sequence[str]) -> list[MinHash]:
        prepared = ([each.encode() for each in shingles(normal(text), words)] for text in texts)
        return list(MinHash.generator(prepared, num_perm=PERMUTATIONS))

    def score(archive: Sequence[str], asked: Sequence[str]) -> Scores:
        kept = signed(archive)
        index = MinHashLSH(num_perm=PERMUTATIONS, params=_BANDS)
        for at, each in enumerate(kept):
            index.insert(at, each)
        return [best((at, each.jaccard(kept[at])) for at in index.query(each)) for each in signed(asked)]

    return Variant("datasketch MinHash LSH", f"word {words}-grams", score)


def datatrove_variant() -> Variant:
    from datasketch import MinHash

    bands, rows = _DATATROVE

    def signed(texts: Sequence[str]) -> Iterator[np.ndarray]:
        prepared = ([each.encode() for each in shingles(datatrove_normal(text), 5)] for text in texts)
        for each in MinHash.generator(prepared, num_perm=bands * rows):
            yield each.hashvalues.reshape(bands, rows)

    def score(archive: Sequence[str], asked: Sequence[str]) -> Scores:
        holders: dict[tuple[int, bytes], list[int]] = {}
        for at, each in enumerate(signed(archive)):
            for band, row in enumerate(each):
                holders.setdefault((band, row.tobytes()), []).append(at)
        found = []
        for each in signed(asked):
            hits: dict[int, int] = {}
            for band, row in enumerate(each):
                for at in holders.get((band, row.tobytes()), ()):
                    hits[at] = hits.get(at, 0) + 1
            found.append(best(((at, LEAST + (1 - LEAST) * count / bands) for at, count in hits.items())))
        return found

    return Variant("datatrove's 14 x 8", "word 5-grams", score)


def rensa_variant(words: int) -> Variant:
    from rensa import RMinHash, RMinHashLSH

    def signed(text: str) -> RMinHash:
        made = RMinHash(num_perm=PERMUTATIONS, seed=42)
        made.update(list(shingles(normal(text), words)))
        return made

    def score(archive: Sequence[str], asked: Sequence[str]) -> Scores:
        kept = [signed(text) for text in archive]
        index = RMinHashLSH(threshold=0.5, num_perm=PERMUTATIONS, num_bands=32)
        for at, each in enumerate(kept):
            index.insert(at, each)
        return [best((at, each.jaccard(kept[at])) for at in index.query(each)) for each in map(signed, asked)]

    return Variant("rensa", f"word {words}-grams" if words else "5 characters", score)


def simhash_variant(words: int) -> Variant:
    from simhash import Simhash

    def signed(texts: Sequence[str]) -> np.ndarray:
        def value(text: str) -> int:
            features: dict[str, int] = {}
            parts = normal(text).split()
            for at in range(max(1, len(parts) - words + 1)):
                each = " ".join(parts[at : at + words])
                features[each] = min(features.get(each, 0) + 1, 255)  # its weights are bytes
            return Simhash(features).value

        return np.array([value(text) for text in texts], np.uint64)

    def score(archive: Sequence[str], asked: Sequence[str]) -> Scores:
        kept, found = signed(archive), []
        for each in signed(asked):
            distance = np.bitwise_count(kept ^ each)
            near = np.flatnonzero(distance <= _FARTHEST)
            found.append(best((int(at), 1 - float(distance[at]) / _SIMHASH_BITS) for at in near))
        return found

    return Variant("SimHash", "words" if words == 1 else f"word {words}-grams", score)


VARIANTS: tuple[tuple[str, Callable[[], Variant]], ...] = (
    ("datasketch", lambda: datasketch_variant(3)),
    ("datasketch", lambda: datasketch_variant(5)),
    ("datasketch", datatrove_variant),
    ("rensa", lambda: rensa_variant(3)),
    ("rensa", lambda: rensa_variant(5)),
    ("rensa", lambda: rensa_variant(0)),
    ("simhash", lambda: simhash_variant(1)),
    ("simhash", lambda: simhash_variant(3)),
)
"""By the package that each needs."""


def best(pairs: Iterator[tuple[int, float]]) -> list[tuple[int, float]]:
    """The highest scores, none below the least."""
    return sorted((pair for pair in pairs if pair[1] >= LEAST), key=lambda pair: -pair[1])[:MOST]


def cost(texts: Sequence[tuple[str, str, str]]) -> dict[str, list[float]]:
    """Processor milliseconds a text, by round: the whole path from title, text and language to the signature."""
    from datasketch import MinHash

    from pipelines.fingerprint import content_key
    from pipelines.sketch import sketch

    def datasketch_path(text: str) -> None:
        made = MinHash(num_perm=PERMUTATIONS)
        made.update_batch([each.encode() for each in shingles(normal(text), 5)])

    paths: dict[str, Callable[[str, str, str], object]] = {
        "sketch": sketch,
        "exact key": lambda _, text, __: content_key(text),
        "datasketch": lambda _, text, __: datasketch_path(text),
    }
    found: dict[str, list[float]] = {name: [] for name in paths}
    for turn in range(ROUNDS + 1):
        for name, path in paths.items():
            started = time.process_time()
            for each in texts:
                path(*each)
            if turn:  # the first warms up
                found[name].append(1000 * (time.process_time() - started) / len(texts))
    return found


def main() -> None:
    """Answer one request."""
    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if "--cost" in sys.argv:
        with contextlib.suppress(ImportError):
            print(json.dumps({name: statistics.median(each) for name, each in cost(request).items()}))
        return
    texts = request["texts"]
    for package, made in VARIANTS:
        try:
            variant = made()
        except ImportError:
            print(json.dumps({"missing": package}), flush=True)
            continue
        scores = {
            name: variant.score([texts[at] for at in archive], [texts[at] for at in asked])
            for name, (archive, asked) in request["trials"].items()
        }
        print(json.dumps({"peer": variant.peer, "variant": variant.name, "scores": scores}), flush=True)


if __name__ == "__main__":
    main()
