"""Dates as pages write them for machines, good and bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dates import Moment, is_plausible, read_date

NOON = datetime(2024, 5, 3, 12, 34, 56, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at", "precision", "zoned"),
    [
        ("2024-05-03T14:34:56+02:00", NOON, "second", True),
        ("2024-05-03T12:34:56Z", NOON, "second", True),
        ("2024-05-03T12:34:56.789Z", NOON, "second", True),
        ("2024-05-03T12:34:56,5 UTC", NOON, "second", True),
        ("20240503T123456Z", NOON, "second", True),
        ("2024-05-03 05:34:56 -0700", NOON, "second", True),
        ("2024-05-03T12:34:56", NOON, "second", False),
        ("2024-05-03T12:34Z[UTC]", NOON.replace(second=0), "minute", True),
        ("2024/05/03 12:34", NOON.replace(second=0), "minute", False),
        ("Fri, 03 May 2024 12:34:56 GMT", NOON, "second", True),
        ("Fri, 3 May 2024 18:04:56 +0530", NOON, "second", True),
        ("Fri, 03 May 2024 07:34:56 EST", NOON, "second", True),
        ("Fri May 03 2024 14:34:56 GMT+0200 (CEST)", NOON, "second", True),
        ("May 3, 2024 12:34 pm", NOON.replace(second=0), "minute", False),
        ("1714739696", NOON, "second", True),
        ("1714739696123", NOON, "second", True),
        ("2024-05-03", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("20240503", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("2024-5-3", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("2024-W18-5", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("2024-124", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("May 3, 2024", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("2024-05-03T00:00:00+07:00", datetime(2024, 5, 3, tzinfo=UTC), "day", False),
        ("2024-05-03T24:00:00Z", datetime(2024, 5, 4, tzinfo=UTC), "day", False),
        ("2024-05", datetime(2024, 5, 1, tzinfo=UTC), "month", False),
        ("2024", datetime(2024, 1, 1, tzinfo=UTC), "year", False),
    ],
)
def test_a_date_says_what_was_stated(text: str, at: datetime, precision: str, zoned: bool) -> None:
    assert read_date(f"  {text} ") == Moment(at, precision, zoned)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        *("", "Foo", "-1", "0", "2024-02-30", "2024-13-01", "2024-05-03T25:00", "2024-05-03T12:61"),
        *("2024-05-03T12:34+99:00", "0000-01-01", "99999-01-01", "12345678901234567890", "1e20", "2024-01-" * 200),
        *("<script>", "3 hours ago", "\x00"),
    ],
)
def test_no_date_is_none(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "plausible"),
    [
        ("1970-01-01", False),
        ("0001-01-01", False),
        ("1990-01-01", True),
        ("2026-06-02T23:00:00Z", True),
        ("2026-06-04", False),
        ("9999-12-31T23:59:59Z", False),
    ],
)
def test_dates_before_the_web_and_after_the_fetching_are_refused(text: str, plausible: bool) -> None:
    moment = read_date(text)
    assert moment is not None
    assert is_plausible(moment, datetime(2026, 6, 1, tzinfo=UTC)) is plausible


@given(st.text(max_size=90))
def test_no_text_raises(text: str) -> None:
    moment = read_date(text)
    assert moment is None or moment.at.utcoffset() == timedelta(0)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_what_python_writes_is_read_back(at: datetime) -> None:
    moment = read_date(at.replace(microsecond=0).isoformat())
    assert moment is not None
    if moment.precision == "second":
        assert moment.at == at.replace(microsecond=0).astimezone(UTC)
