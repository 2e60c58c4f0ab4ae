"""Choice: what a source's listings usually leave out is learned from second looks, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from crawler.choice import USUAL_CHOICE, left_out
from crawler.rhythm import Hours

START = 20_000 * 24
DAILY = range(START + 23, START + 28 * 24, 24)


def weeks(unlisted: int, *, known: bool = True) -> Hours:
    """Four weeks of four articles an hour, and some that no listing named."""
    hours = 28 * 24
    return Hours(
        START, np.full(hours, 4), np.zeros(hours, np.int64), np.full(hours, known), np.full(hours, unlisted),
    )  # fmt: skip


def test_nothing_is_learned_without_looks_nor_of_hours_that_nobody_knows() -> None:
    assert left_out(weeks(1), ()) == USUAL_CHOICE
    assert left_out(weeks(1), [START - 1, START + 28 * 24]) == USUAL_CHOICE, "of other weeks"
    assert left_out(weeks(1, known=False), DAILY) == USUAL_CHOICE


def test_feeds_that_leave_nothing_out_and_feeds_that_are_a_choice_are_told_apart() -> None:
    assert left_out(weeks(0), DAILY) == 0.1, "not less: the newest are on any front page first"
    assert left_out(weeks(1), DAILY) == pytest.approx(1 / 5, abs=0.02)
    assert left_out(weeks(4), DAILY) == pytest.approx(1 / 2, abs=0.02)


def test_one_look_is_no_proof() -> None:
    assert 0.15 < left_out(weeks(0), [START + 100]) < 0.2


def test_a_look_tells_only_of_what_a_front_page_still_shows() -> None:
    hours = weeks(0)
    hours.unlisted[:50] = 4
    assert left_out(hours, [START + 100]) == left_out(weeks(0), [START + 100])
    assert left_out(hours, [START + 49]) > 0.4
