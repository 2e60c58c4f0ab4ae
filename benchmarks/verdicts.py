"""Verdicts: the figures of one trial, from what a system answered; and the threshold that a peer is tuned to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.edits import HEAVY
from benchmarks.likeness import Answer
from benchmarks.siblings import BEYOND
from benchmarks.trial import Asked, Trial

PRECISION = 0.995


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Shares from 0 to 1. precision: of all pairs answered, siblings counted; core, all: recall of copies.

    heavy: copy, and copy or related. others, siblings: share of queries that were wrongly merged, by name.
    edits, languages: recall; of languages on core edits, with the number of queries. unrelated: wrongly merged.
    """

    queries: int
    precision: float
    core: float
    all: float
    heavy: tuple[float, float]
    edits: dict[str, float]
    languages: dict[str, tuple[float, int]]
    others: dict[str, float]
    siblings: dict[str, float]
    unrelated: float
    verified: float


def verdicts(trial: Trial, answers: Sequence[Answer]) -> Verdicts:
    """The figures of a trial."""
    pairs = list(zip(trial.asked, answers, strict=True))
    wrong = sum(len(_wrong(asked, answer)) for asked, answer in pairs if asked.name not in BEYOND)
    copies = [(asked, asked.base in answer.copies) for asked, answer in pairs if asked.kind == "copy"]
    right = sum(found for _, found in copies)
    heavy = [(asked, answer) for asked, answer in pairs if asked.name == HEAVY]
    core = [(asked, found) for asked, found in copies if not asked.extreme]
    merged = {kind: _by(pairs, kind) for kind in ("other", "sibling", "unrelated")}
    return Verdicts(
        queries=len(pairs),
        precision=right / max(1, right + wrong),
        core=mean(found for _, found in core),
        all=mean(found for _, found in copies),
        heavy=(
            mean(asked.base in answer.copies for asked, answer in heavy),
            mean(asked.base in answer.copies | answer.related for asked, answer in heavy),
        ),
        edits=_means(copies, lambda asked: asked.name),
        languages={
            language: (share, sum(asked.text.language == language for asked, _ in core))
            for language, share in _means(core, lambda asked: asked.text.language).items()
        },
        others=merged["other"],
        siblings=merged["sibling"],
        unrelated=merged["unrelated"].get("unrelated", 0.0),
        verified=mean(answer.verified for answer in answers),
    )


def tuned(trial: Trial, scored: Sequence[Sequence[tuple[int, float]]]) -> tuple[float, Verdicts]:
    """The threshold with the highest recall of core edits at a precision of ``PRECISION``, and its figures.

    Where none reaches the precision, the most precise one.
    """
    thresholds = sorted({round(score, 3) for pairs in scored for _, score in pairs})
    step = max(1, len(thresholds) // 60)
    tried = [(least, verdicts(trial, at_least(trial, scored, least))) for least in thresholds[::step]]
    exact = [each for each in tried if each[1].precision >= PRECISION]
    return max(exact, key=lambda each: each[1].core) if exact else max(tried, key=lambda each: each[1].precision)


def at_least(trial: Trial, scored: Sequence[Sequence[tuple[int, float]]], least: float) -> list[Answer]:
    """What a peer answers under a threshold."""
    return [Answer(frozenset(trial.archive[at].id for at, score in pairs if score >= least)) for pairs in scored]


def mean(values: Iterable[float]) -> float:
    """0 of nothing."""
    known = list(values)
    return sum(known) / max(1, len(known))


def _wrong(asked: Asked, answer: Answer) -> frozenset[str]:
    right = {asked.base} if asked.kind == "copy" else set()
    return answer.copies - asked.alike - right


def _by(pairs: Sequence[tuple[Asked, Answer]], kind: str) -> dict[str, float]:
    return _means(
        [(asked, bool(_wrong(asked, answer))) for asked, answer in pairs if asked.kind == kind],
        lambda asked: asked.name,
    )


def _means(found: Sequence[tuple[Asked, bool]], key: Callable[[Asked], str]) -> dict[str, float]:
    shares: dict[str, list[bool]] = defaultdict(list)
    for asked, is_found in found:
        shares[key(asked)].append(is_found)
    return {name: mean(values) for name, values in shares.items()}
