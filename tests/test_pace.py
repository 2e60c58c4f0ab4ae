"""The pace: what is learned of a rhythm, how a budget is shared, and when the next look is."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from benchmarks import freshness
from benchmarks.newsdays import MINUTES, month
from crawler.pace import HOURS, Demand, Pace, Rhythm, learn, of_week, share_out
from storage.times import hour_at, hour_of

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
TWO_MINUTES, TWELVE_HOURS = timedelta(minutes=2), timedelta(hours=12)


def came(rate: Callable[[int], float], weeks: int, seed: int = 1) -> Counter[int]:
    """Articles at a rate for each hour of the week, from MONDAY on."""
    chance = np.random.default_rng(seed)
    first = hour_of(MONDAY)
    return Counter({first + at: int(chance.poisson(rate(at % HOURS))) for at in range(weeks * HOURS)})


def demand(rate: float, requests: float = 1) -> Demand:
    return Demand(Rhythm((rate,) * HOURS), requests, TWO_MINUTES, TWELVE_HOURS)


def office(hour: int) -> float:
    """By day, from Monday to Friday."""
    return 6.0 if hour // 24 < 5 and 8 <= hour % 24 < 18 else 0.1


def test_the_hours_of_a_week_begin_on_monday() -> None:
    assert of_week(hour_of(MONDAY)) == 0
    assert of_week(hour_of(MONDAY + 25 * HOUR + timedelta(minutes=59))) == 25
    assert hour_at(hour_of(MONDAY)) == MONDAY


def test_a_rhythm_is_learned() -> None:
    found = np.array(learn(came(office, 8), MONDAY, MONDAY + 8 * WEEK).hours)
    inside = [hour for hour in range(HOURS) if office(hour) > 1 and 9 <= hour % 24 < 17]
    nights = [hour for hour in range(HOURS) if hour % 24 < 6]
    assert found[inside].mean() == pytest.approx(6.0, rel=0.15)
    assert found[inside].min() > 3
    assert found[nights].max() < 0.6
    assert found[5 * 24 + 8 : 6 * 24].max() < 3  # a Saturday is not taken for a working day


def test_a_new_source_begins_with_a_sane_rate_and_converges() -> None:
    arrivals = came(lambda _: 0.02, 8)
    assert set(learn({}, MONDAY, MONDAY).hours) == {0.5}
    for days, error in ((1, 2.0), (7, 0.7), (56, 0.35)):
        found = np.array(learn(arrivals, MONDAY, MONDAY + timedelta(days=days)).hours)
        assert abs(math.log(found.mean() / 0.02)) < error


def test_what_came_long_ago_is_forgotten() -> None:
    def at_night(hour: int) -> float:
        return 6.0 if hour % 24 < 4 else 0.1

    before, later = came(at_night, 6), came(office, 6, 2)
    arrivals = before + Counter({hour + 6 * HOURS: number for hour, number in later.items()})
    found = np.array(learn(arrivals, MONDAY, MONDAY + 12 * WEEK).hours)
    assert found[24 + 12] > 2 * found[24 + 2]


def test_a_budget_is_spent_by_the_square_root() -> None:
    paces = share_out(96, [demand(4.0), demand(1.0), demand(1.0, requests=4)])
    requests = [pace.looks_a_day * cost for pace, cost in zip(paces, (1, 1, 4), strict=True)]
    assert sum(requests) == pytest.approx(96, rel=1e-3)
    assert paces[0].looks_a_day == pytest.approx(2 * paces[1].looks_a_day)
    assert paces[1].looks_a_day == pytest.approx(2 * paces[2].looks_a_day)


def test_bounds_hold_whatever_the_budget() -> None:
    for budget in (1, 100_000):
        for pace in share_out(budget, [demand(50.0), demand(0.001)]):
            assert all(1 / 12 - 1e-9 <= looks <= 30 + 1e-9 for looks in pace.looks)
    assert share_out(48, []) == ()
    slow = Demand(Rhythm((1.0,) * HOURS), 1, timedelta(hours=1), timedelta(hours=1))
    (fixed,) = share_out(10_000, [slow])
    assert fixed.next(MONDAY) == MONDAY + HOUR


def test_the_next_look_is_when_the_hours_make_one() -> None:
    looks = [0.5] * HOURS
    looks[2] = 4.0
    pace = Pace(tuple(looks))
    assert pace.next(MONDAY) == MONDAY + 2 * HOUR
    assert pace.next(MONDAY + HOUR) == MONDAY + 2 * HOUR + timedelta(minutes=7.5)
    assert pace.interval(MONDAY + 2.5 * HOUR) == timedelta(minutes=15)


def test_looks_follow_each_other_and_are_as_many_as_planned() -> None:
    chance = random.Random(5)
    for _ in range(20):
        pace = Pace(tuple(chance.uniform(1 / 12, 30) for _ in range(HOURS)))
        at, number = MONDAY + timedelta(seconds=chance.uniform(0, 604_800)), 0
        end = at + WEEK
        while (following := pace.next(at)) < end:
            assert timedelta() < following - at <= TWELVE_HOURS + timedelta(seconds=1)
            at, number = following, number + 1
        assert number == pytest.approx(pace.looks_a_day * 7, abs=1.5)


def test_news_is_found_sooner_than_by_a_fixed_interval() -> None:
    """Of another seed than the pacer was made with; ``python -m benchmarks.freshness`` has the whole of it."""
    outlets = month(21)[::3]
    base = freshness.fixed(outlets, 30.0)
    requests = sum(each.requests for each in base)
    paced = freshness.auto(outlets, requests / (MINUTES / 2 / 1440))
    found, fixed = (np.concatenate([each.delays for each in outcomes]) for outcomes in (paced, base))
    assert sum(each.requests for each in paced) <= requests * 1.01
    assert np.median(found) < 0.55 * np.median(fixed)
    assert np.percentile(found, 95) < np.percentile(fixed, 95)
    assert sum(each.lost for each in paced) < sum(each.lost for each in base)
