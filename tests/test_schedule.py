"""The schedule: each slot is run once, or is recorded as skipped, whoever looks and however often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from crawler.schedule import MISSED, Clock
from storage import Archive, ArchiveUnavailable
from storage.links import Filing, Named, Skipped
from tests.chaos_schedule import MINUTE, START, account, race, write_source


@dataclass
class Hand:
    """A clock that is set by hand, and what the schedule told."""

    at: datetime = START
    lines: list[str] = field(default_factory=list)


@dataclass
class House:
    """Where the archive and the sources are."""

    url: str
    folder: Path

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    def open(self) -> Archive:
        return Archive.open(self.url, str(self.folder / "raw"))

    def clock(self, hand: Hand) -> Clock:
        return Clock(self.open, self.sources, hand.lines.append, lambda: hand.at)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> House:
    """A house with one source, the Gazette, that is looked at each minute."""
    house = House(database_url, tmp_path)
    write_source(house.sources)
    return house


@pytest.fixture
def archive(house: House) -> Iterator[Archive]:
    """The archive of the house, to look into."""
    with house.open() as opened:
        yield opened


def finish_all(archive: Archive) -> None:
    for run in archive.runs(1000):
        if run.finished_at is None:
            archive.finish_run(run.id)


def until(is_so: Callable[[], object]) -> None:
    """Wait for what the background does."""
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen within half a minute")


@pytest.mark.parametrize(("asleep", "runs"), [(0, 0), (1, 1), (10, 1), (1000, 1)])
def test_after_a_sleep_there_is_one_run(house: House, archive: Archive, asleep: int, runs: int) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        (first,) = clock.once()
    finish_all(archive)
    began = datetime.fromisoformat(archive.run(first.run).slot or "")
    hand.at += asleep * MINUTE
    with house.clock(hand) as clock:
        filings = clock.once()
        assert clock.once() == ()
    assert [filing.is_new for filing in filings] == [True] * runs
    assert [(skipped.number, skipped.why) for skipped in archive.sources.skipped()] == (
        [(asleep - 1, MISSED)] if asleep > 1 else []
    )
    times, _ = account(archive, "gazette", began, began + asleep * MINUTE)
    assert set(times.values()) == {1}
    assert hand.lines == []


def test_the_slot_of_a_source_that_is_being_crawled_is_skipped_and_names_the_run(
    house: House, archive: Archive
) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        (first,) = clock.once()
        hand.at += 3 * MINUTE
        (refused,) = clock.once()
        assert (refused.run, refused.is_new) == (first.run, False)
        latest, missed = archive.sources.skipped("gazette")
        assert (latest.number, latest.first_slot) == (1, latest.last_slot)
        assert f"run {first.run} " in latest.why
        assert (missed.number, missed.why) == (2, MISSED)
        assert missed.last_slot < latest.first_slot
        assert clock.once() == ()
        with house.clock(hand) as other:
            assert other.once() == ()
        finish_all(archive)
        hand.at += MINUTE
        assert [filing.is_new for filing in clock.once()] == [True]
    assert len(archive.sources.skipped()) == 2


def test_two_triggers_and_a_slot_in_the_same_second(house: House, archive: Archive) -> None:
    hand, rounds = Hand(), 20
    outcomes: list[Filing] = []
    gate = threading.Barrier(4, timeout=60)

    def trigger() -> None:
        with house.open() as mine:
            for _ in range(rounds):
                gate.wait()
                outcomes.append(mine.file_run("gazette", [Named("https://gazette.example/rss", "feed")]))
                gate.wait()

    def schedule() -> None:
        with house.clock(hand) as clock:
            for _ in range(rounds):
                gate.wait()
                outcomes.extend(clock.once())
                gate.wait()

    threads = [threading.Thread(target=work) for work in (trigger, trigger, schedule)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(rounds):
            outcomes.clear()
            hand.at += MINUTE
            gate.wait()
            gate.wait()
            (new,) = [filing for filing in outcomes if filing.is_new]
            refused = [filing for filing in outcomes if not filing.is_new]
            assert [(filing.run, f"run {new.run} " in filing.why) for filing in refused] == [(new.run, True)] * 2
            finish_all(archive)
    finally:
        gate.abort()
        for thread in threads:
            thread.join()
    crawled = [run for run in archive.runs(1000) if run.slot]
    skipped = archive.sources.skipped()
    assert len(crawled) + len(skipped) == rounds
    assert all(each.number == 1 for each in skipped)


def test_schedulers_that_are_killed_run_each_slot_once(house: House) -> None:
    figures = race(house.url, house.folder, slots=25, kills=5)
    assert (figures.double, figures.unrecorded) == (0, 0)
    assert figures.runs + figures.overlapping + figures.missed == figures.slots >= 25


def test_a_run_and_what_was_skipped_before_it_are_one_transaction(house: House, archive: Archive) -> None:
    def killed_in_between() -> None:
        with archive.batch():
            archive.sources.skip(Skipped("gazette", "2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z", 1, MISSED, START))
            archive.file_run("gazette", [Named("https://gazette.example/rss", "feed")], slot="2026-11-22T12:01:00Z")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        killed_in_between()
    assert archive.sources.last_slot("gazette") is None
    assert archive.runs() == ()


def test_sources_come_change_and_go(house: House, archive: Archive) -> None:
    hand = Hand()

    def later(clock: Clock) -> set[str | None]:
        hand.at += MINUTE
        finish_all(archive)
        return {archive.run(filing.run).source for filing in clock.once()}

    with house.clock(hand) as clock:
        assert later(clock) == {"gazette"}
        write_source(house.sources, "courier")
        file = write_source(house.sources, "herald", enabled=False)
        assert later(clock) == {"gazette", "courier"}
        write_source(house.sources, "herald")
        write_source(house.sources, "courier", 'every = "7d"')
        assert later(clock) >= {"gazette", "herald"}
        assert later(clock) == {"gazette", "herald"}
        (house.sources / "gazette.toml").unlink()
        assert later(clock) == {"herald"}
        assert not archive.sources.get("gazette").enabled
        assert hand.lines == []
        file.write_text("title = ")
        assert later(clock) == {"herald"}  # as it was
        assert later(clock) == {"herald"}
        assert [line for line in hand.lines if "herald.toml:1" in line] == hand.lines
        assert len(hand.lines) == 1
        write_source(house.sources, "herald", enabled=False)
        assert later(clock) == set()
        file.write_text("title = ")
        assert later(clock) == set()
        assert len(hand.lines) == 2  # a fault that is new again is told again


def test_a_file_with_a_fault_stops_no_other(house: House, archive: Archive) -> None:
    hand = Hand()
    write_source(house.sources, "absurd", 'cron = "*/70 * * * *"')
    (house.sources / "broken.toml").write_bytes(b"\xff")
    with house.clock(hand) as clock:
        assert len(clock.once()) == 1
        hand.at += MINUTE
        clock.once()
    assert archive.runs()[0].source == "gazette"
    assert sorted(line.partition(":")[0].rpartition("/")[2] for line in hand.lines) == ["absurd.toml", "broken.toml"]


def test_without_a_folder_the_archive_knows_the_sources(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        clock.once()
    finish_all(archive)
    hand.at += MINUTE
    (house.sources / "gazette.toml").unlink()
    house.sources.rmdir()
    with house.clock(hand) as clock:
        assert len(clock.once()) == 1
    assert [line for line in hand.lines if "no such" in line.lower()] == hand.lines
    assert len(hand.lines) == 1
    finish_all(archive)
    hand.at += MINUTE
    with Clock(house.open, None, hand.lines.append, lambda: hand.at) as clock:
        assert len(clock.once()) == 1
    assert len(hand.lines) == 1


def test_a_clock_that_is_set_back_runs_nothing_again(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        clock.once()
        finish_all(archive)
        for change in (timedelta(hours=1), -timedelta(hours=1), timedelta(minutes=59)):
            hand.at += change
            for _ in range(3):
                clock.once()
                finish_all(archive)
        assert len(archive.runs()) == 2
        assert len(hand.lines) == 1
        assert "ahead of the clock" in hand.lines[0]
        hand.at += 2 * MINUTE
        assert len(clock.once()) == 1


def test_a_clock_that_was_a_year_ahead_does_not_silence_a_source_for_a_year(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        clock.once()
        finish_all(archive)
        hand.at = START.replace(year=2038)
        assert len(clock.once()) == 1
        finish_all(archive)
        assert [skipped.number > 1_000_000 for skipped in archive.sources.skipped()] == [True]
        hand.at = START
        assert clock.once() == ()
        for _ in range(2):
            hand.at += MINUTE
            assert [filing.is_new for filing in clock.once()] == [True]
            assert clock.once() == ()
            finish_all(archive)
    slots = [run.slot for run in archive.runs()]
    assert len(set(slots)) == len(slots) == 4
    assert len(hand.lines) == 1


def test_a_tick_without_anything_due_asks_the_archive_nothing(house: House) -> None:
    hand = Hand()
    archive = house.open()
    asked: list[str] = []
    event.listen(archive._database.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    with Clock(lambda: archive, house.sources, hand.lines.append, lambda: hand.at) as clock:
        clock.once()
        assert asked
        asked.clear()
        for _ in range(10):
            clock.once()
        assert asked == []
        hand.at += MINUTE
        clock.once()
        assert asked


# --- in the background ----------------------------------------------------------------------------------------------


def test_it_ticks_until_it_is_stopped(house: House, archive: Archive) -> None:
    lines: list[str] = []
    refusals = [ArchiveUnavailable("no answer"), ArchiveUnavailable("no answer")]

    def opened() -> Archive:
        if refusals:
            raise refusals.pop()
        return house.open()

    hand = Hand()
    with Clock(opened, house.sources, lines.append, lambda: hand.at) as clock:
        clock.start()
        until(archive.runs)
        finish_all(archive)
        assert lines == ["no answer; trying again in 1 s", "no answer; trying again in 2 s"]
        assert clock._scheduler
        clock._scheduler.modify_job("tick", next_run_time=datetime.now().astimezone() + timedelta(hours=1))
        clock.check()  # as if the machine's time had been set back by an hour
        hand.at += MINUTE
        until(lambda: len(archive.runs()) == 2)
    finish_all(archive)
    assert not [thread.name for thread in threading.enumerate() if "APScheduler" in thread.name]


def test_what_goes_wrong_in_the_background_is_raised(house: House) -> None:
    def broken() -> Archive:
        raise ZeroDivisionError("a fault of ours")

    def fails() -> bool:
        try:
            clock.check()
        except ZeroDivisionError:
            return True
        return False

    clock = Clock(broken, house.sources, pytest.fail)
    try:
        clock.start()
        until(fails)
    finally:
        clock.stop()


def test_a_fault_of_the_background_is_raised_at_the_end_at_the_latest(house: House) -> None:
    began = threading.Event()

    def broken() -> Archive:
        began.set()
        raise ZeroDivisionError("a fault of ours")

    def work() -> None:
        with Clock(broken, house.sources, pytest.fail) as clock:
            clock.start()
            assert began.wait(30)

    with pytest.raises(ZeroDivisionError):
        work()
