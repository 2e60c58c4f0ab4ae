"""The schedule of sources whose pace is learned: the planned slot is run once, and what wants to be left alone is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from crawler.budget import paces
from crawler.schedule import Clock
from crawler.source import AT_LEAST_EVERY, AT_MOST_EVERY, Source
from storage import Archive, Claims, crawl_schema
from storage.links import Filing, Named, Passed, Released
from storage.times import hour_of, rfc3339
from tests.chaos_schedule import AUTO, HURRIED, START, race, write_source
from tests.test_schedule import Hand, House, finish_all

SECOND = timedelta(seconds=1)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> House:
    """A house with one source, the Gazette, whose pace is learned."""
    house = House(database_url, tmp_path)
    write_source(house.sources, schedule=AUTO)
    return house


@pytest.fixture
def archive(house: House) -> Iterator[Archive]:
    """The archive of the house, to look into."""
    with house.open() as opened:
        yield opened


def plan(archive: Archive, name: str = "gazette") -> datetime:
    record = archive.paces.get(name)
    assert record
    assert record.next_at
    return record.next_at


def look(clock: Clock, archive: Archive) -> tuple[Filing, ...]:
    filings = clock.once()
    finish_all(archive)
    return filings


def test_a_new_source_is_due_at_once_and_then_by_its_plan(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        (first,) = look(clock, archive)
        assert archive.run(first.run).slot == rfc3339(START)
        planned = plan(archive)
        assert planned - START == pytest.approx(timedelta(minutes=30), abs=timedelta(seconds=2))  # 48 a day
        hand.at = planned - SECOND
        assert look(clock, archive) == ()
        hand.at = planned
        (second,) = look(clock, archive)
        assert archive.run(second.run).slot == rfc3339(planned)
        assert plan(archive) > planned
    assert archive.sources.skipped() == ()
    assert hand.lines == []


def test_after_a_sleep_there_is_one_run_of_the_slot_that_was_planned(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        look(clock, archive)
    planned = plan(archive)
    hand.at += timedelta(days=9)
    with house.clock(hand) as clock, house.clock(hand) as other:
        filings = look(clock, archive)
        assert look(other, archive) == ()
    assert [archive.run(filing.run).slot for filing in filings] == [rfc3339(planned)]
    assert hand.at < plan(archive) <= hand.at + AT_LEAST_EVERY


def test_the_slot_of_a_source_that_is_being_crawled_is_skipped_and_another_planned(
    house: House, archive: Archive
) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        (first,) = clock.once()
        hand.at = planned = plan(archive)
        (refused,) = clock.once()
        assert (refused.run, refused.is_new) == (first.run, False)
    (skipped,) = archive.sources.skipped()
    assert (skipped.first_slot, skipped.number) == (rfc3339(planned), 1)
    assert plan(archive) > planned


def _ask_at(archive: Archive, at: datetime) -> None:
    with archive._database.writing() as connection:
        connection.execute(update(crawl_schema.link).values(ask_at=at))


def test_a_listing_is_not_asked_before_it_wants_to_be(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        look(clock, archive)
        wanted = START + timedelta(hours=3)
        _ask_at(archive, wanted)
        hand.at = plan(archive)
        assert look(clock, archive) == ()
        assert plan(archive) == wanted
        hand.at = wanted - SECOND
        assert look(clock, archive) == ()
        hand.at = wanted
        (filing,) = look(clock, archive)
        assert archive.run(filing.run).slot == rfc3339(wanted)


def test_a_host_that_asks_to_wait_is_not_asked(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        look(clock, archive)
        wanted = START + timedelta(hours=2)
        with archive._database.writing() as connection:
            connection.execute(update(crawl_schema.host).values(not_before=wanted))
        hand.at = plan(archive)
        assert look(clock, archive) == ()
        assert plan(archive) == wanted


def test_no_word_of_a_listing_silences_a_source_for_longer_than_its_longest_interval(
    house: House, archive: Archive
) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        look(clock, archive)
        _ask_at(archive, START + timedelta(days=7))
        hand.at = plan(archive)
        assert look(clock, archive) == ()
        assert plan(archive) == START + AT_LEAST_EVERY
        hand.at = plan(archive)
        assert len(look(clock, archive)) == 1


def test_of_several_listings_those_are_asked_that_may_be(house: House, archive: Archive) -> None:
    hand = Hand()
    file = house.sources / "gazette.toml"
    feed = '"https://gazette.example/rss"'
    file.write_text(file.read_text().replace(feed, f'{feed}, "https://gazette.example/sport"'))
    with house.clock(hand) as clock:
        look(clock, archive)
        link = crawl_schema.link.c
        with archive._database.writing() as connection:
            resting = update(crawl_schema.link).where(link.url == "https://gazette.example/rss")
            connection.execute(resting.values(ask_at=START + timedelta(hours=5)))
        hand.at = plan(archive)
        (filing,) = look(clock, archive)
        with archive._database.reading() as connection:
            asked = list(connection.scalars(select(link.url).where(link.run_id == filing.run)))
    assert asked == ["https://gazette.example/sport"]


def test_a_clock_that_was_a_year_ahead_does_not_silence_a_source(house: House, archive: Archive) -> None:
    hand = Hand()
    with house.clock(hand) as clock:
        look(clock, archive)
        hand.at = START.replace(year=2038)
        assert len(look(clock, archive)) == 1
        hand.at = START + timedelta(minutes=5)
        assert len(look(clock, archive)) == 1
        assert look(clock, archive) == ()
        assert plan(archive) <= hand.at + AT_LEAST_EVERY
    slots = [run.slot for run in archive.runs()]
    assert len(set(slots)) == len(slots) == 3


def test_a_source_may_change_to_auto_and_back(house: House, archive: Archive) -> None:
    hand = Hand()
    write_source(house.sources)
    with house.clock(hand) as clock:
        look(clock, archive)
        write_source(house.sources, schedule=AUTO)
        hand.at += timedelta(minutes=2)
        assert len(look(clock, archive)) == 1
        assert plan(archive) > hand.at
        write_source(house.sources)
        hand.at += timedelta(minutes=2)
        assert len(look(clock, archive)) == 1
    slots = [run.slot for run in archive.runs()]
    assert len(set(slots)) == len(slots) == 3


def test_what_came_is_learned_and_gone_by(house: House, archive: Archive) -> None:
    """Days on which the Gazette brings articles at noon and nothing else, and the Courier never anything."""
    for name in ("gazette", "courier"):
        write_source(house.sources, name, schedule=f'{AUTO}\nat_most_every = "1h"')
    hand = Hand(datetime.now(UTC) - timedelta(days=4))  # the archive dates arrivals by its own clock
    end = hand.at + timedelta(days=3)
    archive.frontier.sign_on("w1", "here", "1")
    number = 0
    with house.clock(hand) as clock:
        while hand.at < end:
            clock.once()
            for host in archive.frontier.lease("w1", 9, 9):
                for link in host.links:
                    archive.frontier.charge("w1", link.key)
                    brings = link.source == "gazette" and hand.at.hour == 12
                    named = [_story(number + each, hand.at) for each in range(5)] if brings else []
                    number += len(named)
                    archive.settle(link, None, Passed("listed", f"{len(named)} addresses"), named)
                archive.frontier.release("w1", [Released(host.name, START.replace(year=1970), 0, 0)])
            finish_all(archive)
            hand.at = min(plan(archive, name) for name in ("gazette", "courier"))
    record, other = archive.paces.get("gazette"), archive.paces.get("courier")
    assert record
    assert record.rhythm
    noon, night = (sum(record.rhythm[day * 24 + hour] for day in range(7)) for hour in (12, 3))
    assert noon > 5 * night
    sources = [Source.parse(name, archive.sources.get(name).definition) for name in ("gazette", "courier")]
    found = paces(sources, archive.paces.all(), 20)
    noons, nights = (sum(found["gazette"].looks[day * 24 + hour] for day in range(7)) for hour in (12, 3))
    assert noons > 1.5 * nights
    assert found["gazette"].looks_a_day > found["courier"].looks_a_day
    assert other
    assert other.rhythm
    assert sum(other.rhythm) < sum(record.rhythm)


def _story(number: int, at: datetime) -> Named:
    claims = Claims(published_at=at - timedelta(seconds=number % 7))
    return Named(f"https://gazette.example/{number}", claims=claims, found_on="https://gazette.example/rss")


def _arrivals(archive: Archive, *named: Named, run_at: int = 1) -> dict[int, int]:
    archive.file_run(f"source-{run_at}", list(named))
    return dict(archive.paces.arrivals(f"source-{run_at}", START.replace(year=2000)))


def test_articles_count_in_the_hour_in_which_they_were_published(archive: Archive) -> None:
    now = datetime.now(UTC)

    def named(number: int, published_at: datetime | None, **fields: Any) -> Named:
        return Named(f"https://a.example/{number}", claims=Claims(published_at=published_at), found_on="f", **fields)

    first = _arrivals(
        archive, named(1, now - timedelta(hours=5)), named(2, now - timedelta(hours=5, seconds=1)),
        named(3, now - timedelta(days=9)), named(4, None), named(5, now + timedelta(days=2)),
        named(6, (now - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)),
        named(7, now, verdict=Passed("outside", "elsewhere")),
    )  # fmt: skip
    assert sum(first.values()) == 2, "what had gathered before the first look says nothing"
    assert hour_of(now - timedelta(hours=5)) in first
    with archive._database.writing() as connection:
        connection.execute(update(crawl_schema.pace).values(since=now - timedelta(days=1)))
    finish_all(archive)
    later = _arrivals(archive, named(1, now), named(8, None), named(9, now + timedelta(days=2)))
    assert sum(later.values()) == 4
    assert later.get(hour_of(datetime.now(UTC)), 0) + later.get(hour_of(now), 0) >= 2


def test_a_budget_of_its_own_is_not_shared() -> None:
    def source(name: str, more: str = "") -> Source:
        text = f'title = "A"\nhomepage = "https://a.example/"\n[[place]]\nkind = "feed"\nurls = ["https://a.example/{name}"]\n'
        return Source.parse(name, f"{text}[schedule]\nauto = true\n{more}\n[recheck]\nshare = 0.5\n")

    sources = [source("a"), source("b"), source("c", "requests_a_day = 200")]
    found = paces(sources, {}, 100)
    assert [round(found[name].looks_a_day * 2) for name in "abc"] == [50, 50, 200]
    assert found["a"].interval(START) > AT_MOST_EVERY


def test_schedulers_that_are_killed_run_each_planned_slot_once(house: House) -> None:
    figures = race(house.url, house.folder, slots=25, kills=5, schedule=HURRIED)
    assert (figures.double, figures.unrecorded) == (0, 0)
    assert figures.runs + figures.overlapping == figures.slots >= 8
