"""Slots: which moments a schedule has, also where clocks are changed, and what is due when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.schedule import Cron
from crawler.slots import MOST_COUNTED, Due, Missed, Slots, due, slots_of
from crawler.source import Timing
from storage.times import rfc3339

NOW = datetime(2026, 11, 22, 12, 34, 56, 789, UTC)


def every(span: timedelta, name: str = "gazette") -> Slots:
    return slots_of(Timing(span), name, Cron)


def cron(expression: str, zone: str | None = None) -> Slots:
    return slots_of(Timing(None, expression, zone), "gazette", Cron)


def between(slots: Slots, start: datetime, end: datetime) -> list[datetime]:
    """The slots from start on, before end."""
    found = [slots.next(start - timedelta.resolution)]
    while found[-1] < end:
        found.append(slots.next(found[-1]))
    return found[:-1]


# --- days on which clocks are changed -------------------------------------------------------------------------------

DAILY_0130, DAILY_0230 = "30 1 * * *", "30 2 * * *"
HOURLY, HALF_HOURLY = "0 * * * *", "*/30 * * * *"
EVEN_HOURS, FOUR_TIMES = "15 */2 * * *", "10,50 1,2 * * *"

UTC_DAY = {
    DAILY_0130: "01:30",
    DAILY_0230: "02:30",
    HOURLY: "00:00 01:00 02:00 03:00 04:00",
    HALF_HOURLY: "00:00 00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00 04:30",
    EVEN_HOURS: "00:15 02:15 04:15",
    FOUR_TIMES: "01:10 01:50 02:10 02:50",
}

DAYS: dict[tuple[str, str, str], dict[str, str]] = {
    # zone, and in UTC the hours from 00:00 to 05:00 of that day on the wall
    # 02:00 becomes 03:00: UTC-5 until 07:00, UTC-4 from then on.
    ("America/New_York", "2026-03-08T05:00Z", "2026-03-08T09:00Z"): {
        DAILY_0130: "06:30",
        DAILY_0230: "07:30",  # leapt over: at 03:30
        HOURLY: "05:00 06:00 07:00 08:00",
        HALF_HOURLY: "05:00 05:30 06:00 06:30 07:00 07:30 08:00 08:30",
        EVEN_HOURS: "05:15 07:15 08:15",  # 02:15 is leapt over: at 03:15
        FOUR_TIMES: "06:10 06:50 07:10 07:50",
    },
    # 02:00 becomes 01:00: UTC-4 until 06:00, UTC-5 from then on.
    ("America/New_York", "2026-11-01T04:00Z", "2026-11-01T10:00Z"): {
        DAILY_0130: "05:30",  # not again at 06:30
        DAILY_0230: "07:30",
        HOURLY: "04:00 05:00 06:00 07:00 08:00 09:00",
        HALF_HOURLY: "04:00 04:30 05:00 05:30 06:00 06:30 07:00 07:30 08:00 08:30 09:00 09:30",
        EVEN_HOURS: "04:15 07:15 09:15",
        FOUR_TIMES: "05:10 05:50 07:10 07:50",
    },
    # 01:00 becomes 02:00: UTC until 01:00, UTC+1 from then on.
    ("Europe/London", "2026-03-29T00:00Z", "2026-03-29T04:00Z"): {
        DAILY_0130: "01:30",  # leapt over: at 02:30
        DAILY_0230: "01:30",
        HOURLY: "00:00 01:00 02:00 03:00",
        HALF_HOURLY: "00:00 00:30 01:00 01:30 02:00 02:30 03:00 03:30",
        EVEN_HOURS: "00:15 01:15 03:15",
        FOUR_TIMES: "01:10 01:50",  # those of the hour that is leapt over fall on the others
    },
    # 02:00 becomes 01:00: UTC+1 until 01:00, UTC from then on.
    ("Europe/London", "2026-10-24T23:00Z", "2026-10-25T05:00Z"): {
        DAILY_0130: "00:30",
        DAILY_0230: "02:30",
        HOURLY: "23:00 00:00 01:00 02:00 03:00 04:00",
        HALF_HOURLY: "23:00 23:30 00:00 00:30 01:00 01:30 02:00 02:30 03:00 03:30 04:00 04:30",
        EVEN_HOURS: "23:15 02:15 04:15",
        FOUR_TIMES: "00:10 00:50 02:10 02:50",
    },
    # 02:00 becomes 02:30: UTC+10:30 until 15:30, UTC+11 from then on.
    ("Australia/Lord_Howe", "2026-10-03T13:30Z", "2026-10-03T18:00Z"): {
        DAILY_0130: "15:00",
        DAILY_0230: "15:30",
        HOURLY: "13:30 14:30 16:00 17:00",  # there is no 02:00
        HALF_HOURLY: "13:30 14:00 14:30 15:00 15:30 16:00 16:30 17:00 17:30",
        EVEN_HOURS: "13:45 15:45 17:15",  # 02:15 is leapt over: at 02:45
        FOUR_TIMES: "14:40 15:20 15:40 15:50",  # 02:10 is leapt over: at 02:40
    },
    # 02:00 becomes 01:30: UTC+11 until 15:00, UTC+10:30 from then on.
    ("Australia/Lord_Howe", "2026-04-04T13:00Z", "2026-04-04T18:30Z"): {
        DAILY_0130: "14:30",  # not again at 15:00
        DAILY_0230: "16:00",
        HOURLY: "13:00 14:00 15:30 16:30 17:30",
        HALF_HOURLY: "13:00 13:30 14:00 14:30 15:00 15:30 16:00 16:30 17:00 17:30 18:00",
        EVEN_HOURS: "13:15 15:45 17:45",
        FOUR_TIMES: "14:10 14:50 15:40 16:20",  # 01:50 not again at 15:20
    },
    ("UTC", "2026-03-08T00:00Z", "2026-03-08T05:00Z"): UTC_DAY,
    ("UTC", "2026-11-01T00:00Z", "2026-11-01T05:00Z"): UTC_DAY,
}
TABLES = [(*day, expression, runs) for day, table in DAYS.items() for expression, runs in table.items()]


@pytest.mark.parametrize(("zone", "start", "end", "expression", "runs"), TABLES)
def test_days_on_which_clocks_are_changed(zone: str, start: str, end: str, expression: str, runs: str) -> None:
    slots = cron(expression, zone)
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    found = between(slots, first, last)
    assert [f"{slot:%H:%M}" for slot in found] == runs.split()
    for slot in found:  # whoever asks, and whenever, is told the same
        assert slots.next(slot - timedelta.resolution) == slots.latest(slot) == slot
        assert slots.latest(slot - timedelta.resolution) == max(
            (each for each in found if each < slot), default=slots.latest(first - timedelta.resolution)
        )


def test_there_are_48_tables() -> None:
    assert len(TABLES) == 48


def test_a_year_of_days_has_a_run_each() -> None:
    for zone in ("America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo"):
        for expression in ("30 0 * * *", "30 1 * * *", "30 2 * * *", "0 0 * * *"):
            found = between(
                cron(expression, zone), datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
            )
            assert len(found) == 365, (zone, expression)


# --- what is due ----------------------------------------------------------------------------------------------------


def test_a_source_without_a_slot_is_due_at_once_and_then_not_again() -> None:
    for slots in (every(timedelta(minutes=30)), cron("0 6 * * *", "Asia/Tokyo"), cron("0 0 29 2 mon")):
        what = due(slots, None, NOW)
        assert what
        assert what.missed is None
        assert datetime.fromisoformat(what.slot) <= NOW
        assert due(slots, what.slot, NOW) is None
        following = slots.next(NOW)
        assert due(slots, what.slot, following - timedelta.resolution) is None
        assert due(slots, what.slot, following) == Due(rfc3339(following))
    assert due(cron("0 6 * * *", "Asia/Tokyo"), None, NOW) == Due("2026-11-21T21:00:00Z")
    assert due(cron("0 0 29 2 mon"), None, NOW) == Due("2016-02-29T00:00:00Z")


@pytest.mark.parametrize("missed", [1, 2, 9, 999, 99_999, 1_000_000])
def test_slots_that_were_missed_are_counted_at_once(missed: int) -> None:
    slots = every(timedelta(minutes=1))
    last = slots.latest(NOW)
    assert last
    current = last + timedelta(minutes=missed + 1)
    assert due(slots, rfc3339(last), current) == Due(
        rfc3339(current),
        Missed(rfc3339(last + timedelta(minutes=1)), rfc3339(current - timedelta(minutes=1)), missed),
    )


@pytest.mark.parametrize(
    ("missed", "counted"), [(1, 1), (999, 999), (MOST_COUNTED, MOST_COUNTED), (99_999, MOST_COUNTED)]
)
def test_of_cron_so_many_are_counted_and_the_rest_is_said(missed: int, counted: int) -> None:
    last = NOW.replace(second=0, microsecond=0)
    current = last + timedelta(minutes=missed + 1)
    assert due(cron("* * * * *"), rfc3339(last), current) == Due(
        rfc3339(current),
        Missed(
            rfc3339(last + timedelta(minutes=1)), rfc3339(current - timedelta(minutes=1)), counted, missed == counted
        ),
    )


@pytest.mark.parametrize("slots", [every(timedelta(minutes=30)), cron("*/30 * * * *", "Europe/London")])
def test_a_clock_that_jumps_gives_one_run_and_none_again(slots: Slots) -> None:
    first = due(slots, None, NOW)
    assert first
    for back in (timedelta(hours=1), timedelta(days=1), timedelta(days=9999)):
        assert due(slots, first.slot, NOW - back) is None
    after = first.slot
    for year in (2027, 2038, 2039, 2100, 2200):
        now = NOW.replace(year=year)
        what = due(slots, after, now)
        assert what
        assert what.missed
        assert NOW.replace(year=year) - datetime.fromisoformat(what.slot) < timedelta(minutes=30)
        assert due(slots, what.slot, now) is None
        after = what.slot


def test_another_schedule_goes_on_from_there() -> None:
    """The names of slots are of one form: what was run by one schedule is before what is due by the next."""
    tokyo = due(cron("0 20 * * *", "Asia/Tokyo"), None, datetime(2026, 11, 22, 11, 30, tzinfo=UTC))
    assert tokyo == Due("2026-11-22T11:00:00Z")
    assert due(cron("0 20 * * *", "Europe/London"), tokyo.slot, datetime(2026, 11, 22, 20, tzinfo=UTC)) == Due(
        "2026-11-22T20:00:00Z"
    )
    hourly = every(timedelta(hours=1))
    following = hourly.next(datetime.fromisoformat(tokyo.slot))
    assert due(hourly, tokyo.slot, following) == Due(rfc3339(following))


def test_sources_are_spread() -> None:
    names = [f"source-{number}" for number in range(200)]
    seconds = [every(timedelta(minutes=30), name).next(NOW) for name in names]
    assert seconds == [every(timedelta(minutes=30), name).next(NOW) for name in names]
    assert max(seconds.count(second) for second in seconds) < 8
    assert min(seconds) < NOW + timedelta(minutes=1)
    assert max(seconds) > NOW + timedelta(minutes=29)
