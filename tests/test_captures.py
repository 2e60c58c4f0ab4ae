"""The captures log: any capture comes back, from any age, and from any number of writers in order."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.captures import Capture
from storage.captures_log import in_order, stamp
from storage.records import Claims
from tests.captured import NOON, page


def test_lines_of_an_older_shape_are_read() -> None:
    line = json.dumps({"sha256": "0" * 64, "fetched_at": "2026-01-02T03:04:05+01:00", "later": "unknown"}).encode()
    old = Capture.read(line)
    assert old.fetched_at == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert (old.url, old.headers, old.claims, old.size, old.kept_at) == (None, (), Claims(), 0, None)
    assert list(in_order(["b", "a"], lambda name: iter([line] if name == "a" else []), pytest.fail)) == [old]


@given(st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())), st.datetimes(timezones=st.just(UTC)))
def test_any_capture_is_one_line_and_comes_back(
    url: str, title: str, headers: list[tuple[str, str]], at: datetime
) -> None:
    claims = Claims(title=title, authors=(title, url), published_at=at)
    capture = Capture.of(page(url=url, claims=claims, headers=tuple(headers), fetched_at=at), "0" * 64)
    line = capture.line()
    assert line.count(b"\n") == 1
    assert len(line.splitlines()) == 1
    assert Capture.read(line) == capture


@given(st.lists(st.lists(st.integers(0, 50), min_size=1), max_size=6))
def test_logs_of_several_writers_are_merged(clocks: list[list[int]]) -> None:
    """Each log keeps its own order; where no clock went back, all lines together are in the order of time."""
    logs: dict[str, list[bytes]] = {}
    for writer, seconds in enumerate(clocks):
        times = [NOON + timedelta(seconds=second) for second in seconds]
        lines = [replace(Capture.of(page(writer), "0" * 64), kept_at=at).line() for at in times]
        logs[f"captures/2026-11-20/{stamp(times[0])}-{writer}.jsonl"] = lines
    merged = list(in_order(logs, lambda name: iter(logs[name]), pytest.fail))
    times = [capture.kept_at for capture in merged if capture.kept_at]
    assert len(times) == sum(map(len, clocks))
    for writer, seconds in enumerate(clocks):
        own = [
            capture.kept_at
            for capture in merged
            if isinstance(capture, Capture) and capture.url == f"https://x.example/{writer}"
        ]
        assert own == [NOON + timedelta(seconds=second) for second in seconds]
    if all(seconds == sorted(seconds) for seconds in clocks):
        assert times == sorted(times)
