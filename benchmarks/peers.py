"""Peers of likeness: run in ``.venv-peers``, tuned on the development split, measured on the other."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.texts import Text
from benchmarks.trial import Trial
from benchmarks.verdicts import Verdicts, at_least, tuned, verdicts
from benchmarks.workers import ROOT, interpreter

_COST_TEXTS, _COST_CHARACTERS = 300, (1_500, 3_000)


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer at its best variant and threshold, chosen by core recall on the development split alone."""

    name: str
    variant: str
    threshold: float
    development: Verdicts
    held_out: Verdicts


@dataclass(frozen=True, slots=True)
class Costs:
    """Processor milliseconds a text, medians of rounds: the sketch, the exact key, and datasketch's whole path."""

    texts: int
    characters: int
    sketch: float
    exact_key: float
    datasketch: float


def peers(development: Trial, held_out: Trial) -> tuple[tuple[Peer, ...], tuple[str, ...]]:
    """Each peer that is installed, and the packages that are missing."""
    splits = {"development": development, "held out": held_out}
    places: dict[str, int] = {}
    request = {
        "trials": {
            name: (
                [places.setdefault(text.text, len(places)) for text in trial.archive],
                [places.setdefault(asked.text.text, len(places)) for asked in trial.asked],
            )
            for name, trial in splits.items()
        },
        "texts": list(places),
    }
    best: dict[str, Peer] = {}
    missing = []
    for answer in _answers(request):
        if "missing" in answer:
            missing.append(answer["missing"])
            continue
        peer = _tuned(answer, development, held_out)
        if peer.name not in best or _rank(peer) > _rank(best[peer.name]):
            best[peer.name] = peer
    return tuple(best.values()), tuple(dict.fromkeys(missing))


def costs(texts: Sequence[Text]) -> Costs | None:
    """What a signature costs; None where datasketch is missing."""
    low, high = _COST_CHARACTERS
    chosen = [text for text in texts if low <= len(text.text) <= high][:_COST_TEXTS]
    found = list(_answers([(text.title, text.text, text.language) for text in chosen], "--cost"))
    if not found:
        return None
    mean = sum(len(text.text) for text in chosen) // max(1, len(chosen))
    return Costs(len(chosen), mean, found[0]["sketch"], found[0]["exact key"], found[0]["datasketch"])


def _rank(peer: Peer) -> tuple[bool, float]:
    got = peer.development
    return got.precision >= 0.995, got.core


def _tuned(answer: dict, development: Trial, held_out: Trial) -> Peer:
    threshold, got = tuned(development, answer["scores"]["development"])
    there = verdicts(held_out, at_least(held_out, answer["scores"]["held out"], threshold))
    return Peer(answer["peer"], answer["variant"], threshold, got, there)


def _answers(request: object, *options: str) -> Iterator[dict]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "request.json")
        file.write_text(json.dumps(request), encoding="utf-8")
        command = [interpreter("likeness"), "-m", "benchmarks.hashing_peers", str(file), *options]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield json.loads(line)
