"""Health: what the numbers of a source say of it, and what its front page adds to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from crawler.health import is_doubtful, is_over, trouble_of
from crawler.known import Known
from crawler.rhythm import WEEK, Hours, Rhythm, hour_of, moment_of_hour

START = 20_000 * 24
RHYTHM = Rhythm(np.full(WEEK, 4.0), 96.0, 9.0, 0.15, 0.95)
NOW = moment_of_hour(START + 336)


def days(lately: list[int], *, missed: int = 0, unlisted: int = 0) -> Known:
    """Two weeks of four articles an hour, but for the last hours. missed, unlisted: in each of those."""
    articles = np.full(336, 4)
    articles[336 - len(lately) :] = lately
    others, beside = np.zeros(336, np.int64), np.zeros(336, np.int64)
    others[336 - len(lately) :], beside[336 - len(lately) :] = missed, unlisted
    last = moment_of_hour(START + int(np.flatnonzero(articles)[-1]))
    return Known("gazette", RHYTHM, Hours(START, articles, others, np.ones(336, bool), beside), NOW, last)


def test_a_usual_source_is_well_and_in_no_doubt() -> None:
    known = days([5, 3, 4, 2])
    assert trouble_of(known) is None
    assert not is_doubtful(known, NOW)


def test_less_than_usual_is_a_reason_to_look_again_but_not_yet_a_problem() -> None:
    known = days([2, 1, 1, 1, 1])
    assert trouble_of(known) is None
    assert is_doubtful(known, NOW)
    looked = replace(known, second_look_at=NOW - timedelta(hours=1))
    assert not is_doubtful(looked, NOW), "not at once again"
    assert is_doubtful(looked, NOW + timedelta(hours=3))
    assert not is_doubtful(replace(known, failures=1), NOW), "a site that fails is not asked for more"
    assert is_doubtful(days([2, 2, 1]), NOW), "half of three hours is enough"
    assert not is_doubtful(days([2, 2, 2]), NOW)


def test_what_only_the_front_page_names_makes_it_one() -> None:
    trouble = trouble_of(days([2, 1, 1, 1, 1], unlisted=3))
    assert trouble is not None
    assert (trouble.kind, trouble.hint) == ("volume", "copydesk sources check gazette")
    assert trouble.detail.startswith(
        "its front page names 12 articles of the last 4 hours that its listings do not; they"
    )
    silent = trouble_of(days([0, 0, 0], unlisted=3))
    assert silent is not None
    assert (silent.kind, hour_of(silent.since)) == ("late", START + 332)


def test_a_feed_that_is_a_choice_has_no_problem_on_a_quiet_day() -> None:
    assert trouble_of(days([1, 2, 1, 1, 1], unlisted=1)) is None


def test_a_handful_that_only_the_front_page_names_is_decisive_where_listings_leave_nothing_out() -> None:
    known = days([1, 2, 1, 1, 1], unlisted=2)
    assert trouble_of(known) is None, "of a source of which nothing is known yet"
    assert trouble_of(replace(known, left_out=0.25)) is None
    trouble = trouble_of(replace(known, left_out=0.1))
    assert trouble is not None
    assert trouble.detail.startswith("its front page names 8 articles of the last 4 hours that its listings do not")


def test_what_is_improbable_once_in_hundreds_of_looks_is_not_decisive() -> None:
    known = days([0, 2, 1, 2])
    unlisted = np.zeros(336, np.int64)
    unlisted[-4:] = 1, 2, 2, 2
    some = replace(known, left_out=0.1, hours=replace(known.hours, unlisted=unlisted))
    assert is_doubtful(some, NOW)
    assert trouble_of(some) is None
    assert trouble_of(replace(some, hours=replace(known.hours, unlisted=unlisted * 2))) is not None


def test_a_few_that_are_not_named_yet_are_no_problem() -> None:
    slow = replace(days([0, 0, 0, 0], unlisted=1), rhythm=replace(RHYTHM, rates=np.full(WEEK, 2.0)), left_out=0.1)
    assert is_doubtful(slow, NOW)
    assert trouble_of(slow) is None


def test_a_front_page_that_names_more_is_no_problem_where_listings_bring_the_usual() -> None:
    assert trouble_of(days([4, 4, 4, 4, 4], unlisted=6)) is None


def test_most_articles_missing_for_long_enough_needs_no_second_look() -> None:
    trouble = trouble_of(days([1] * 18))
    assert trouble is not None
    assert trouble.kind == "volume"
    assert "articles in" in trouble.detail


def test_pages_that_hold_no_article_in_part_are_told_and_end_with_the_usual_volume() -> None:
    known = days([1] * 6, missed=3)
    trouble = trouble_of(known)
    assert trouble is not None
    assert (trouble.kind, hour_of(trouble.since)) == ("volume", START + 330)
    assert trouble.detail == "no article read in 18 of 24 links, where 5% are usual"
    assert not is_over("volume", trouble.since, known, NOW)
    assert is_over("volume", trouble.since, days([4] * 12), NOW)


def test_other_links_beside_the_usual_articles_are_no_problem() -> None:
    assert trouble_of(days([4] * 12, missed=12)) is None


@pytest.mark.parametrize("issue", [0, 1])
def test_a_weekly_that_leaves_out_an_issue_is_asked_after_and_not_accused(issue: int) -> None:
    rates = np.zeros(WEEK)
    rates[10:14] = 5.0
    rhythm = Rhythm(rates, 20.0, 6.0, 0.15, 0.95)
    of_week = (np.arange(START, START + 336) + 72) % WEEK
    articles = np.where((of_week >= 10) & (of_week < 14), 5, 0)
    issues = np.flatnonzero((of_week == 13) & (articles > 0))
    now = START + int(issues[1]) + 2
    articles[int(issues[1]) - 3 :] = 0
    beside = np.zeros(336, np.int64)
    beside[int(issues[1]) - 3 : int(issues[1]) + 1] = 5 * issue
    part = slice(0, now - START)
    hours = Hours(START, articles[part], np.zeros(now - START, np.int64), np.ones(now - START, bool), beside[part])
    known = Known("weekly", rhythm, hours, moment_of_hour(now), moment_of_hour(START + int(issues[0])))
    assert is_doubtful(known, moment_of_hour(now))
    trouble = trouble_of(known)
    assert (trouble is not None) == bool(issue)
