"""How long news waits: ``auto = true`` beside fixed intervals and Media Cloud's rule, at the same number of requests.

The news is made up (``benchmarks.newsdays``): a month of 200 outlets. ``auto`` learns from the articles of the first
half, as the archive would have them, by the hour; all are scored on the second half. The delay of an article is the
time from its publication to the look that finds it; what left the feed before it was found is lost, and has none. A
request to a server that is down counts. Nothing here tells anyone when a feed is made again.

Media Cloud's rule (rss-fetcher): a feed of which less than a third was known is polled an hour sooner the next time,
one of which more than two thirds were known ten minutes later, or an hour where nothing new came for 31 days; at least
once in 24 hours, at most every ten minutes. It begins with the month, so that it has settled when it is scored. By
itself it makes fewer requests; so it is also given as many as the others, each of its intervals shortened in the same
proportion.

The parts of the pacer were chosen on seed 1; the seeds that are printed were not looked at before.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from benchmarks.newsdays import MINUTES, START, Minutes, Newsday, month
from crawler.pace import Demand, Pace, Rhythm, learn, share_out
from crawler.source import AT_LEAST_EVERY, AT_MOST_EVERY
from storage.times import hour_of

SEEDS = (11, 12, 13)
EVERY = 30.0  # minutes: what a source was looked at without knowing it
HALF = MINUTES / 2
_AFTER = 2 * 1440  # minutes for which looks go on, so that the last articles are found too
_MINUTE = timedelta(minutes=1)
_HEAD = (
    f"  {'minutes from publication to discovery':44}{'median':>9}{'95 %':>9}{'mean':>9}{'requests':>11}{'lost':>8}"
    "   of fixed: median, 95 %"
)

Next = Callable[[float], float]
"""The moment of the look after a look, in minutes."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the looks at an outlet in the second half. delays: in minutes, of what was found."""

    delays: Minutes
    requests: int
    lost: int


def looked_at(outlet: Newsday, first: float, following: Next) -> Outcome:
    """Look at an outlet from a moment of the second half on."""
    at, requests, lost = first, 0, 0
    seen = int(np.searchsorted(outlet.published, HALF))
    delays = [np.zeros(0)]
    while at < MINUTES + _AFTER and (at < MINUTES or seen < len(outlet.published)):
        requests += at < MINUTES
        if not outlet.is_down(at):
            start, end = outlet.shown(at)
            lost += max(0, start - seen)
            delays.append(at - outlet.published[max(start, seen) : max(end, seen)])
            seen = max(end, seen)
        at = following(at)
    return Outcome(np.concatenate(delays), requests, lost + len(outlet.published) - seen)


def fixed(outlets: Sequence[Newsday], every: float) -> list[Outcome]:
    """One interval for all, each with a beginning of its own."""
    chance = np.random.default_rng(0)
    return [looked_at(each, HALF + chance.uniform(0, every), lambda at: at + every) for each in outlets]


def auto(outlets: Sequence[Newsday], requests_a_day: float, *, together: bool = True) -> list[Outcome]:
    """The pacer. together: one budget for all, not an equal part for each."""
    demands = [Demand(_rhythm(each), 1.0, AT_MOST_EVERY, AT_LEAST_EVERY) for each in outlets]
    if together:
        paces = share_out(requests_a_day, demands)
    else:
        paces = tuple(share_out(requests_a_day / len(outlets), [demand])[0] for demand in demands)
    return [_paced(outlet, pace) for outlet, pace in zip(outlets, paces, strict=True)]


def _rhythm(outlet: Newsday) -> Rhythm:
    known = outlet.published[outlet.published < HALF]
    arrivals = Counter(hour_of(START + float(at) * _MINUTE) for at in known)
    return learn(arrivals, START, START + HALF * _MINUTE)


def _paced(outlet: Newsday, pace: Pace) -> Outcome:
    def following(at: float) -> float:
        return (pace.next(START + at * _MINUTE) - START) / _MINUTE

    return looked_at(outlet, following(HALF), following)


def media_cloud(outlets: Sequence[Newsday], requests: float | None = None) -> list[Outcome]:
    """Media Cloud's rule as it is, or with its intervals shortened until there are so many requests in the half."""
    settled = [_intervals(each) for each in outlets]
    if requests is None:
        return [_following(outlet, times) for outlet, times in zip(outlets, settled, strict=True)]
    own = sum(float(((times >= HALF) & (times < MINUTES)).sum()) for times in settled)
    return [
        _following(outlet, _shortened(times, requests / own)) for outlet, times in zip(outlets, settled, strict=True)
    ]


def _intervals(outlet: Newsday) -> Minutes:
    """When the rule looks, over the whole month and beyond."""
    at, every, seen, news_at = 0.0, 720.0, 0, 0.0
    times = []
    while at < MINUTES + _AFTER:
        times.append(at)
        if not outlet.is_down(at):
            start, end = outlet.shown(at)
            known = (max(start, seen) - start) / (end - start) if end > start else 1.0
            if end > seen:
                seen, news_at = end, at
            if known < 1 / 3:
                every -= 60
            elif known > 2 / 3:
                every += 10 if at - news_at < 31 * 1440 else 60
            every = min(max(every, 10.0), 1440.0)
        at += every
    return np.array(times)


def _shortened(times: Minutes, factor: float) -> Minutes:
    """So many times as many looks, between the same moments."""
    number = int((len(times) - 1) * factor)
    return np.interp(np.arange(number + 1) / factor, np.arange(len(times)), times)


def _following(outlet: Newsday, times: Minutes) -> Outcome:
    after = dict(pairwise(times.tolist()))
    first = float(times[np.searchsorted(times, HALF)])
    return looked_at(outlet, first, lambda at: after.get(at, MINUTES + _AFTER))


def _line(name: str, outcomes: Sequence[Outcome], beside: Sequence[Outcome] | None = None) -> str:
    delays = np.concatenate([each.delays for each in outcomes])
    middle, late = np.percentile(delays, (50, 95))
    requests, lost = sum(each.requests for each in outcomes), sum(each.lost for each in outcomes)
    ratio = ""
    if beside is not None:
        base = np.percentile(np.concatenate([each.delays for each in beside]), (50, 95))
        ratio = f"   {middle / base[0]:5.2f} {late / base[1]:5.2f}"
    return f"  {name:44}{middle:9.1f}{late:9.1f}{delays.mean():9.1f}{requests:11,}{lost:8,}{ratio}"


def report(seed: int) -> list[str]:
    """The lines of a seed."""
    outlets = month(seed)
    days = (MINUTES - HALF) / 1440
    base = fixed(outlets, EVERY)
    requests = sum(each.requests for each in base)
    own = media_cloud(outlets)
    fewer = sum(each.requests for each in own)
    wide = fixed(outlets, EVERY * requests / fewer)
    articles = sum(int((each.published >= HALF).sum()) for each in outlets)
    return [
        f"seed {seed}: {articles:,} articles in the second half",
        _HEAD,
        _line(f"fixed, every {EVERY:.0f} minutes", base),
        _line("auto, one budget for all", auto(outlets, requests / days), base),
        _line("auto, the same budget for each", auto(outlets, requests / days, together=False), base),
        _line("Media Cloud's rule, with as many requests", media_cloud(outlets, requests), base),
        _line(f"fixed, every {EVERY * requests / fewer:.0f} minutes", wide),
        _line("auto, one budget for all", auto(outlets, fewer / days), wide),
        _line("Media Cloud's rule as it is", own, wide),
    ]


def main() -> None:
    """Print the figures of each seed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    for seed in parser.parse_args().seeds:
        print("\n".join(report(seed)), flush=True)


if __name__ == "__main__":
    main()
