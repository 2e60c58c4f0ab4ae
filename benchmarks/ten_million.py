"""How many candidates a new article has among ten million: simulated, from how often anchors return in a real archive.

The law of Pitman and Yor says how likely the next anchor is one that n articles have already, from two parameters that
are fitted to the anchors of the archive at hand (J. Pitman, M. Yor, Annals of Probability 25, 1997). It is checked by
fitting it on a quarter and predicting the whole. Anchors of an article are drawn apart from each other, as if two never
led to the same candidate: so the means are rather too high.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import lgamma

import numpy as np
import numpy.typing as npt

from benchmarks.likeness import MOST_POSTINGS, MOST_VERIFIED, originals
from pipelines.sketch import ANCHORS
from storage.records import Sketch

ARTICLES = 10_000_000
_DRAWS = 100_000
_SEED = 3
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """The two parameters: ``discount`` from 0 to 1, the nearer to 1 the rarer an anchor returns; ``strength``."""

    discount: float
    strength: float

    def postings(self, anchors: int) -> _Floats:
        """How likely the next anchor after so many is one that 0, 1, … MOST_POSTINGS articles have; the rest: more."""
        d, s, n = self.discount, self.strength, anchors
        shares = np.empty(MOST_POSTINGS + 1)
        kinds = s / d * (np.exp(_rising(s + d, n) - _rising(s, n)) - 1)
        shares[0] = (s + d * kinds) / (n + s)
        for count in range(1, MOST_POSTINGS + 1):
            of = lgamma(n + 1) - lgamma(count + 1) - lgamma(n - count + 1)
            of += _rising(1 - d, count - 1) + _rising(s + d, n - count) - _rising(s + 1, n - 1)
            shares[count] = (count - d) * np.exp(of) / (n + s)
        return shares


@dataclass(frozen=True, slots=True)
class Candidates:
    """Verified an article: mean and 99th percentile among ``articles``. measured: of the archive at hand."""

    articles: int
    mean: float
    percentile_99: float
    measured: float | None = None


def fitted(anchors: Sequence[tuple[int, ...]]) -> Law:
    """The law of greatest likelihood, on a grid that is made finer twice."""
    counts = Counter(Counter(anchor for each in anchors for anchor in each).values())
    total, kinds = sum(count * of for count, of in counts.items()), sum(counts.values())
    discounts, strengths = np.linspace(0.5, 0.999, 25), np.geomspace(1, 1e6, 25)
    for _ in range(3):
        values = np.array([[_likelihood(counts, total, kinds, d, s) for s in strengths] for d in discounts])
        row, column = np.unravel_index(np.argmax(values), values.shape)
        d, s = discounts[row], strengths[column]
        step, ratio = discounts[1] - discounts[0], strengths[1] / strengths[0]
        discounts = np.linspace(max(0.01, d - step), min(0.9999, d + step), 25)
        strengths = np.geomspace(s / ratio, s * ratio, 25)
    return Law(float(d), float(s))


def candidates(law: Law, articles: int, measured: float | None = None) -> Candidates:
    """What a new article finds among so many, each anchor drawn by the law."""
    shares = law.postings(articles * ANCHORS)
    shares = np.append(shares, max(0.0, 1 - shares.sum()))  # the last: of those with more postings
    drawn = np.random.default_rng(_SEED).choice(len(shares), (_DRAWS, ANCHORS), p=shares / shares.sum())
    drawn[drawn > MOST_POSTINGS] = 0  # stopped
    verified = np.minimum(drawn.sum(1), MOST_VERIFIED)
    return Candidates(articles, float(verified.mean()), float(np.percentile(verified, 99)), measured)


def measured(anchors: Sequence[tuple[int, ...]]) -> float:
    """The mean number of candidates of an article among the others at hand."""
    holders: dict[int, list[int]] = {}
    for at, each in enumerate(anchors):
        for anchor in each:
            holders.setdefault(anchor, []).append(at)
    found = [
        len({other for anchor in each if len(holders[anchor]) <= MOST_POSTINGS for other in holders[anchor]}) - 1
        for each in anchors
    ]
    return float(np.mean(np.clip(found, 0, MOST_VERIFIED)))


def growth(sketches: Sequence[Sketch]) -> tuple[Candidates, Candidates]:
    """The whole archive as a quarter of it foretells it, beside what is measured; and ten million.

    Copies are left out: their anchors are their stories'.
    """
    found = [sketches[at].anchors for at in originals(sketches) if sketches[at].anchors]
    check = candidates(fitted(found[::4]), len(found), measured(found))
    return check, candidates(fitted(found), ARTICLES)


def _likelihood(counts: Counter[int], total: int, kinds: int, discount: float, strength: float) -> float:
    """The logarithm of the probability of such counts."""
    found = float(np.log(strength + discount * np.arange(1, kinds)).sum())
    found -= _rising(strength + 1, total - 1)
    for count, of in counts.items():
        found += of * float(np.log(np.arange(1, count) - discount).sum())
    return found


def _rising(value: float, times: int) -> float:
    """The logarithm of value (value + 1) … of so many factors."""
    return lgamma(value + times) - lgamma(value)
