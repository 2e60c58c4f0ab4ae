"""Quiet hours that are no problem: a batch that comes an hour later, a small paper's day off, a holiday."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from crawler.health import is_doubtful, trouble_of
from crawler.known import Known
from crawler.rhythm import WEEK, Hours, Rhythm, moment_of_hour

START = 20_000 * 24
DAYS = 14


def source(of_day: dict[int, float], came: dict[int, int], today: dict[int, int], until: int) -> Known:
    """Articles that are usual at hours of the day, that came, and that came today, until an hour."""
    rates = np.zeros(24)
    rates[list(of_day)] = list(of_day.values())
    number = (DAYS - 1) * 24 + until
    articles = np.zeros(DAYS * 24, np.int64)
    for day in range(DAYS):
        for hour, many in (came if day < DAYS - 1 else today).items():
            articles[day * 24 + hour] = many
    articles = articles[:number]
    nothing = np.zeros(number, np.int64)
    rhythm = Rhythm(np.tile(rates, WEEK // 24), float(rates.sum()), 3.0, 0.15, 0.95)
    now, last = START + number, START + int(np.flatnonzero(articles)[-1])
    hours = Hours(START, articles, nothing, np.ones(number, bool), nothing)
    return Known("gazette", rhythm, hours, moment_of_hour(now), moment_of_hour(last) + timedelta(minutes=59))


BATCHES = {7: 15.0, 8: 30.0, 9: 15.0, 17: 15.0, 18: 30.0, 19: 15.0}


@pytest.mark.parametrize("until", range(10, 25))
@pytest.mark.parametrize("evening", [17, 18, 19])
def test_a_batch_may_come_an_hour_earlier_or_later(until: int, evening: int) -> None:
    known = replace(source(BATCHES, {8: 60, 18: 60}, {8: 60, evening: 60}, until), longest_silence=timedelta(days=2))
    assert trouble_of(known) is None
    assert not is_doubtful(known, moment_of_hour(known.hours.end))


def test_a_batch_that_does_not_come_is_told_within_hours() -> None:
    known = replace(source(BATCHES, {8: 60, 18: 60}, {8: 60}, 21), longest_silence=timedelta(days=2))
    trouble = trouble_of(known)
    assert trouble is not None
    assert trouble.kind == "volume"


SMALL = dict.fromkeys(range(8, 18), 2.6)


def test_a_small_paper_may_leave_out_a_day_and_not_two() -> None:
    usual = dict.fromkeys(range(8, 18), 3)
    off = source(SMALL, usual, {}, 24)
    assert trouble_of(off) is None
    articles = off.hours.articles.copy()
    articles[-48:] = 0
    last = moment_of_hour(START + int(np.flatnonzero(articles)[-1]))
    trouble = trouble_of(replace(off, hours=replace(off.hours, articles=articles), article_at=last))
    assert trouble is not None
    assert trouble.kind == "late"


def holiday(part: float, known: Known) -> Known:
    """Today its neighbours bring that part of the usual."""
    common = np.ones(len(known.hours.articles))
    common[-(len(common) % 24 or 24) :] = part
    return replace(known, common=common)


def test_on_a_holiday_a_daily_paper_may_write_nothing() -> None:
    daily = dict.fromkeys(range(8, 18), 4.0)
    silent = source(daily, dict.fromkeys(range(8, 18), 4), {}, 18)
    trouble = trouble_of(silent)
    assert trouble is not None
    assert trouble.kind == "late"
    assert trouble_of(holiday(0.4, silent)) is None


AGENCY = dict.fromkeys(range(24), 15.0)


def test_a_holiday_that_has_just_begun_is_no_problem_yet() -> None:
    usual = dict.fromkeys(range(24), 15)
    begun = source(AGENCY, usual, usual | dict.fromkeys(range(18, 24), 1), 22)
    assert min(window.strayed for window in begun.windows) < -5
    assert trouble_of(begun) is None
    assert trouble_of(source(AGENCY, usual, usual | dict.fromkeys(range(18, 24), 1), 24)) is not None


def test_on_a_holiday_a_source_may_stray_far_from_its_neighbours() -> None:
    quiet = source(AGENCY, dict.fromkeys(range(24), 15), dict.fromkeys(range(24), 1), 23)
    assert trouble_of(quiet) is not None
    assert trouble_of(holiday(0.6, quiet)) is None
