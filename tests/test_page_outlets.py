"""What the pages of sources know: how each does, when it is due, and what that costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import event

from crawler.newsroom import CatalogueNewsroom
from storage import Archive
from storage.links import Named, SourceRecord
from storage.web.outlets import outlets, overdue
from storage.web.sparkline import DAYS, sparkline

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
_SCHEDULES = ('every = "30m"', 'cron = "0 * * * *"', "auto = true")


def _record(number: int, *, enabled: bool = True) -> SourceRecord:
    name = f"paper-{number}"
    definition = f"""title = "Paper {number}"
language = "en"
homepage = "https://{name}.example/"
[[place]]
kind = "feed"
urls = ["https://{name}.example/rss"]
[schedule]
{_SCHEDULES[number % 3]}
"""
    return SourceRecord(name, f"Paper {number}", "en", None, f"https://{name}.example/", enabled, definition)


def _newsroom(archive: Archive, folder: Path) -> CatalogueNewsroom:
    return CatalogueNewsroom(archive, folder, lambda: NOW)


def _fail(archive: Archive, name: str, since: datetime = NOW) -> None:
    hint = f"copydesk sources check {name}"
    assert archive.problems.enter(name, "failing", since, "cannot be read: HTTP 503", hint, None, NOW)


def test_a_source_is_as_its_open_problem_says(archive: Archive, tmp_path: Path) -> None:
    archive.sources.sync([_record(0), _record(1), _record(2, enabled=False), _record(3)])
    _fail(archive, "paper-0")
    archive.problems.enter("paper-1", "late", NOW, "silent", "copydesk sources check paper-1", None, NOW)
    _fail(archive, "paper-2")
    found = outlets(archive, _newsroom(archive, tmp_path), archive.problems.open(), NOW)
    states = [(each.record.name, each.state) for each in found]
    assert states == [("paper-0", "broken"), ("paper-1", "late"), ("paper-3", "new"), ("paper-2", "off")]
    for problem in archive.problems.open():
        archive.problems.close(problem, NOW)
    found = outlets(archive, _newsroom(archive, tmp_path), archive.problems.open(), NOW)
    assert [each.state for each in found] == ["new", "new", "new", "off"]


def test_many_sources_cost_as_many_queries_as_few(archive: Archive, tmp_path: Path) -> None:
    newsroom = _newsroom(archive, tmp_path)
    assert _queries(archive, newsroom, range(3)) == _queries(archive, newsroom, range(3, 40))


def _queries(archive: Archive, newsroom: CatalogueNewsroom, numbers: range) -> int:
    """How many it takes when these sources are there too, each with a run, a plan and a problem."""
    archive.sources.sync([_record(number) for number in numbers])
    for number in numbers:
        name = f"paper-{number}"
        archive.file_run(name, [Named(f"https://{name}.example/rss", "feed")])
        archive.paces.plan(name, NOW, NOW, 0.0)
        _fail(archive, name)
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append(statement)

    engine = archive._database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert len(outlets(archive, newsroom, archive.problems.open(), NOW)) == numbers.stop
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(asked)


def test_the_last_run_of_each_source(archive: Archive) -> None:
    archive.sources.sync([_record(0), _record(1), _record(2)])
    archive.begin_run("ingest", "saved/")
    numbers = {
        (name, slot): archive.file_run(name, [], slot=f"2026-11-20T0{slot}:00:00Z").run
        for slot in (8, 9)
        for name in ("paper-1", "paper-0", "removed")
    }
    found = archive.overview.last_runs()
    assert {name: run.id for name, run in found.items()} == {
        name: numbers[name, 9]
        for name in ("paper-0", "paper-1")  # of those that are known
    }


def test_when_sources_are_due(archive: Archive, tmp_path: Path) -> None:
    records = [_record(0), _record(1), _record(2), _record(4, enabled=False), _record(5)]
    archive.sources.sync(records)
    newsroom = _newsroom(archive, tmp_path)
    archive.file_run("paper-1", [], slot="2026-11-20T09:00:00Z")
    archive.paces.plan("paper-2", NOW, NOW + timedelta(minutes=7), 0.0)
    found = newsroom.next_runs(records)
    assert found["paper-1"] == NOW - timedelta(hours=2)  # nobody has filed it
    assert found["paper-2"] == NOW + timedelta(minutes=7)  # as its pace plans it
    assert sorted(found) == ["paper-0", "paper-1", "paper-2"]  # the last is not planned yet
    assert {name: newsroom.next_run(name) for name in found} == found
    assert newsroom.next_run("nobody") is None
    slower = replace(records[1], definition=records[1].definition.replace("0 * * * *", "0 */6 * * *"))
    assert newsroom.next_runs([slower]) == {"paper-1": NOW}  # by its file as it is now
    assert overdue(outlets(archive, newsroom, (), NOW), NOW) == 1
    _fail(archive, "paper-1", datetime(2026, 11, 19, 1, tzinfo=UTC))
    assert newsroom.next_run("paper-1") == datetime(2026, 11, 20, 15, tzinfo=UTC)  # six hours after the last


def test_gaps_are_marked(archive: Archive) -> None:
    first = date(2026, 11, 1)
    number = (first - date(1970, 1, 1)).days
    expected = {("a", number): (9.0, 4.0), ("a", number + 3): (9.0, 4.0), ("b", number): (9.0, 0.0)}
    archive.pulses.expect(expected)
    assert archive.pulses.gaps(first) == {"a": (first, first + timedelta(days=3))}
    assert archive.pulses.gaps(first + timedelta(days=1)) == {"a": (first + timedelta(days=3),)}
    drawn = sparkline({}, first + timedelta(days=5), archive.pulses.gaps(first)["a"])
    assert [mark.x for mark in drawn.gaps] == [drawn.bars[DAYS - 6].x, drawn.bars[DAYS - 3].x]
    assert "2 of the days are gaps" in drawn.sentence
