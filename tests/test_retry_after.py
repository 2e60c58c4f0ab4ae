"""Retry-After: every form that servers send, and what must not be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawler.fetching.retry_after import retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)  # a Sunday
DAY = 24 * 3600.0

CASES: list[tuple[str | None, float | None]] = [
    # seconds
    ("0", 0),
    ("1", 1),
    ("30", 30),
    (" 30 ", 30),
    ("\t30", 30),
    ("0030", 30),
    ("120", 120),
    ("3600", 3600),
    ("86399", 86399),
    ("86400", DAY),
    ("86401", DAY),
    ("1000000000000", DAY),
    ("9" * 40, DAY),
    ("1.5", 1.5),
    ("30.0", 30),
    ("30.", 30),
    # dates: the form to be sent, and the two that are obsolete
    ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
    ("Sun, 22 Nov 2026 13:00:00 GMT", 3600),
    ("Mon, 23 Nov 2026 12:00:00 GMT", DAY),
    ("Mon, 23 Nov 2026 12:00:01 GMT", DAY),
    ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
    ("Sun, 22 Nov 2026 12:00:00 GMT", 0),
    ("Sun, 22 Nov 2026 11:59:59 GMT", 0),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Sunday, 22-Nov-26 12:01:00 GMT", 60),
    ("Sunday, 06-Nov-94 08:49:37 GMT", 0),
    ("Sun Nov 22 12:02:00 2026", 120),
    ("Sun Nov  6 08:49:37 1994", 0),
    ("Sun, 22 Nov 2026 14:00:00 +0200", 0),
    ("Sun, 22 Nov 2026 14:00:10 +0200", 10),
    ("Sun, 22 Nov 2026 12:00:10 UTC", 10),
    ("Tue, 22 Nov 2026 12:00:10 GMT", 10),  # the wrong day of the week does no harm
    # neither
    (None, None),
    ("", None),
    ("   ", None),
    ("-1", None),
    ("-30", None),
    ("+30", None),
    ("1e12", None),
    ("1e400", None),
    ("inf", None),
    ("nan", None),
    ("0x1e", None),
    ("30s", None),
    ("30, 60", None),
    ("１２", None),
    ("soon", None),
    ("tomorrow", None),
    ("2026-11-22T12:00:30Z", None),
    ("Sun, 31 Feb 2026 12:00:00 GMT", None),
    ("Sun, 22 Nov 2026 25:00:00 GMT", None),
    ("Sun, 22 Nov 99999999999 12:00:00 GMT", None),
    ("Sun, 22 Nov 2026 12:00:30 GMT" + "x" * 10**6, None),
    ("9" * 10**6, None),
    ("Sun, 22 Nov 2026 12:00:00 +9999999999", None),
    ("\0", None),
    ("30\x1b[2J", None),
]


@pytest.mark.parametrize(("value", "seconds"), CASES)
def test_the_wait_that_a_server_asks_for(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))
