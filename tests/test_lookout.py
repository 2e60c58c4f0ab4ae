"""The lookout: each problem is opened once and closed once, whoever looks and however often, and is told once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from crawler.choice import USUAL_CHOICE
from crawler.lookout import Lookout
from crawler.notices.outbox import Outbox
from crawler.notices.troubles import Receiver, message_of, tell_problems
from storage import Archive, crawl_schema, health_schema, schema
from storage.links import SourceRecord
from storage.problems import Problem
from tests.newsroom import LONG, article, page

START = datetime(2026, 9, 7, tzinfo=UTC)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Newsroom:
    """An archive whose fates are entered as they would come at times of one's choice."""

    archive: Archive
    runs: dict[str, int] = field(default_factory=dict)

    def open(self, name: str, more: str = "") -> None:
        """A source that is switched on, and a run of it."""
        homepage = f"https://{name}.example/"
        text = f'title = "{name}"\nhomepage = "{homepage}"\nenabled = true\n'
        text += f'[[place]]\nkind = "feed"\nurls = ["{homepage}rss"]\n'
        record = SourceRecord(name, name, "en", "GB", homepage, True, text + more)
        self.archive.sources.sync([record])
        with self.archive._writing() as connection:
            self.runs[name] = connection.execute(
                insert(schema.run)
                .values(kind="crawl", source=name, started_at=START, finished_at=START)
                .returning(schema.run.c.id)
            ).scalar_one()

    def tell(self, name: str, fates: Iterable[tuple[datetime, str, str, bool]]) -> None:
        """Fates: when, outcome, why, whether it is of a listing."""
        rows = [
            {"run_id": self.runs[name], "at": at, "outcome": outcome, "why": why, "listing": listing,
             "url": f"https://{name}.example/{'rss' if listing else 'news'}"}
            for at, outcome, why, listing in fates
        ]  # fmt: skip
        with self.archive._writing() as connection:
            connection.execute(insert(schema.fate), rows)

    def listed(self, name: str, at: datetime) -> None:
        self.tell(name, [(at, "listed", "", True)])

    def fails(self, name: str, *times: datetime, why: str = "http-503: answered 503, 3 times") -> None:
        self.tell(name, [(at, "failed", why, True) for at in times])

    def weeks(self, name: str, number: int) -> datetime:
        """Looks each hour, and four articles an hour on workdays from 8 to 18; the time when they end."""
        fates = []
        for hour in range(number * 168):
            at = START + hour * HOUR
            if at.weekday() < 5 and 8 <= at.hour < 18:
                fates += [(at + quarter * HOUR / 4, "stored", "", False) for quarter in range(4)]
            fates.append((at + timedelta(minutes=59), "listed", "", True))
        self.tell(name, fates)
        return START + number * 168 * HOUR

    def looks(self, name: str, since: datetime, hours: int) -> datetime:
        """Looks each hour that bring nothing; the time when they end."""
        self.tell(name, [(since + hour * HOUR + timedelta(minutes=59), "listed", "", True) for hour in range(hours)])
        return since + hours * HOUR

    def second_look(self, name: str, at: datetime, outcome: str) -> None:
        """At its front page, which names nothing new."""
        order = {"limit": 30, "second_look": True}
        with self.archive._writing() as connection:
            run = connection.execute(
                insert(schema.run)
                .values(kind="crawl", source=name, started_at=at, finished_at=at, order=order)
                .returning(schema.run.c.id)
            ).scalar_one()
            fate = {"run_id": run, "at": at, "outcome": outcome, "why": "", "listing": True}
            connection.execute(insert(schema.fate).values(**fate, url=f"https://{name}.example/"))


@pytest.fixture
def newsroom(archive: Archive) -> Newsroom:
    return Newsroom(archive)


def kinds(problems: Iterable[Problem]) -> list[tuple[str | None, str]]:
    return [(problem.source, problem.kind) for problem in problems]


def test_a_source_that_cannot_be_read_is_told_after_hours_and_closed_by_the_first_success(newsroom: Newsroom) -> None:
    archive, now = newsroom.archive, START
    newsroom.open("gazette")
    newsroom.listed("gazette", now)
    newsroom.fails("gazette", now + HOUR, now + 2 * HOUR, now + 4 * HOUR)
    Lookout(archive).keep(now + 4 * HOUR)
    assert archive.problems.open() == ()
    newsroom.fails("gazette", now + 8 * HOUR)
    for _ in range(3):
        Lookout(archive).keep(now + 8 * HOUR)
    (problem,) = archive.problems.open()
    assert (problem.source, problem.kind, problem.state, problem.since) == ("gazette", "failing", "broken", now + HOUR)
    assert "503" in problem.detail
    assert problem.hint == "copydesk sources check gazette"
    newsroom.listed("gazette", now + 9 * HOUR)
    for _ in range(3):
        Lookout(archive).keep(now + 9 * HOUR)
    assert archive.problems.open() == ()
    (closed,) = archive.problems.all()
    assert closed.closed_at == now + 9 * HOUR
    with archive._database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(health_schema.problem_change)) == 2


def test_nights_and_weekends_are_no_silence_and_a_silent_monday_is(newsroom: Newsroom) -> None:
    archive = newsroom.archive
    newsroom.open("gazette")
    monday = newsroom.weeks("gazette", 5)
    lookout = Lookout(archive)
    lookout.keep(monday)
    assert lookout.look(monday).sources[0].state == "well"
    now = newsroom.looks("gazette", monday, 9)  # until 9 in the morning
    assert lookout.keep(now).open == ()
    now = newsroom.looks("gazette", now, 15)
    (problem,) = lookout.keep(now).open
    assert (problem.kind, problem.state) == ("late", "late")
    assert problem.since == monday - timedelta(days=2, hours=6, minutes=15)  # the last article of Friday
    newsroom.tell("gazette", [(now, "stored", "", False)])
    newsroom.listed("gazette", now + HOUR / 2)
    assert lookout.keep(now + HOUR).open == ()


def test_nobody_looked_is_no_silence(newsroom: Newsroom) -> None:
    newsroom.open("gazette")
    now = newsroom.weeks("gazette", 5) + 20 * DAY
    assert Lookout(newsroom.archive).keep(now).open == ()


def test_a_longest_silence_that_is_stated_wins(newsroom: Newsroom) -> None:
    newsroom.open("gazette", '[expect]\nlongest_silence = "12h"\n')
    newsroom.tell("gazette", [(START, "stored", "", False)])
    lookout = Lookout(newsroom.archive)
    assert lookout.keep(newsroom.looks("gazette", START, 12)).open == ()
    (problem,) = lookout.keep(newsroom.looks("gazette", START + 12 * HOUR, 2)).open
    assert (problem.kind, problem.since) == ("late", START)


def test_links_without_an_article_are_told_and_an_article_closes_it(newsroom: Newsroom) -> None:
    newsroom.open("gazette")
    now = newsroom.weeks("gazette", 3)
    newsroom.tell("gazette", [(now + minute * HOUR / 60, "rejected", "too short", False) for minute in range(30)])
    newsroom.listed("gazette", now + HOUR)
    lookout = Lookout(newsroom.archive)
    (problem,) = lookout.keep(now + HOUR).open
    assert (problem.kind, problem.since) == ("unread", now)
    assert problem.detail.startswith("links found, no article read")
    newsroom.tell("gazette", [(now + 2 * HOUR, "stored", "", False)])
    assert lookout.keep(now + 2 * HOUR).open == ()


def test_most_of_the_volume_missing_is_told(newsroom: Newsroom) -> None:
    newsroom.open("gazette")
    now = newsroom.weeks("gazette", 5)
    for hour in range(24):
        if 8 <= hour < 18 and hour % 2:
            newsroom.tell("gazette", [(now + hour * HOUR, "stored", "", False)])
        newsroom.listed("gazette", now + hour * HOUR + timedelta(minutes=59))
    (problem,) = Lookout(newsroom.archive).keep(now + 24 * HOUR).open
    assert (problem.kind, problem.state) == ("volume", "broken")


def test_an_offline_machine_is_one_problem_and_is_charged_to_no_source(newsroom: Newsroom) -> None:
    archive = newsroom.archive
    names = [f"paper{number}" for number in range(6)]
    for name in names:
        newsroom.open(name)
        newsroom.tell(name, [(START, "stored", "", False), (START, "listed", "", True)])
    now = START + HOUR
    for hour in range(12):
        for at, name in enumerate(names):
            newsroom.fails(name, now + hour * HOUR + at * HOUR / 60, why="connect: no route to host, 3 times")
        Lookout(archive).keep(now + (hour + 1) * HOUR)
    assert kinds(archive.problems.open()) == [(None, "offline")]
    assert archive.problems.of(None)[0].since == now
    back = now + 12 * HOUR
    for name in names[:5]:
        newsroom.listed(name, back)
    Lookout(archive).keep(back)
    assert archive.problems.open() == ()
    newsroom.fails(names[5], *(back + hour * HOUR for hour in range(1, 4)), why="connect: refused, 3 times")
    Lookout(archive).keep(back + 4 * HOUR)
    assert archive.problems.open() == (), "the hours before are this machine's"
    newsroom.fails(names[5], back + 8 * HOUR, why="connect: refused, 3 times")
    for name in names[:5]:
        newsroom.listed(name, back + 8 * HOUR)
    Lookout(archive).keep(back + 8 * HOUR)
    assert kinds(archive.problems.open()) == [(names[5], "failing")]
    assert kinds(archive.problems.all()) == [(names[5], "failing"), (None, "offline")]


def test_one_dead_host_among_many_is_its_own_fault(newsroom: Newsroom) -> None:
    names = [f"paper{number}" for number in range(6)]
    for name in names:
        newsroom.open(name)
        newsroom.listed(name, START)
    for hour in range(1, 9):
        newsroom.fails(names[0], START + hour * HOUR, why="connect: refused, 3 times")
        for name in names[1:]:
            newsroom.listed(name, START + hour * HOUR)
    Lookout(newsroom.archive).keep(START + 9 * HOUR)
    assert kinds(newsroom.archive.problems.open()) == [(names[0], "failing")]


def test_hosts_that_could_not_be_reached_are_asked_again_and_those_that_asked_to_wait_are_not(
    newsroom: Newsroom,
) -> None:
    archive, later = newsroom.archive, datetime.now(UTC) + 3 * HOUR
    newsroom.open("gazette")
    with archive._writing() as connection:
        for host, why in (("far.example", "connect: no route; try 2 of 3"), ("busy.example", "http-429: asks to wait")):
            connection.execute(insert(crawl_schema.host).values(name=host, not_before=later, delay=0, failures=7))
            connection.execute(insert(crawl_schema.link).values(
                key=host, kind="feed", url=f"https://{host}/", host=host, run_id=1, named_in=1, named_at=START,
                claims={}, depth=0, place=0, hops=0, priority=0, state="ready", not_before=later, attempts=1,
                failures=1, deaths=0, why=why,
            ))  # fmt: skip
    assert archive.frontier.forgive() == 1
    with archive._database.reading() as connection:
        rows = dict(connection.execute(select(crawl_schema.host.c.name, crawl_schema.host.c.failures)).all())
    assert rows == {"far.example": 0, "busy.example": 7}


def test_a_gap_is_kept_and_shows_as_filled(newsroom: Newsroom) -> None:
    archive = newsroom.archive
    newsroom.open("gazette")
    monday = newsroom.weeks("gazette", 5)
    now = newsroom.looks("gazette", monday, 24)  # nothing came
    Lookout(archive).keep(now + HOUR)
    (day,) = archive.pulses.days("gazette", monday, monday + DAY)
    assert (day.day, day.seen, day.is_gap, day.is_filled) == (monday, 0, True, False)
    assert day.expected is not None
    assert 35 < day.expected < 45
    for number in range(38):  # what a backfill brings, weeks later
        at = monday + 9 * HOUR + number * HOUR / 8
        found = page(f"https://gazette.example/{number}", b"%d" % number)
        told = article(f"{number} {LONG}", published_at=at, published_precision="minute")
        archive.save(found, told, newsroom.runs["gazette"])
    archive.pulses.fold()
    (day,) = archive.pulses.days("gazette", monday, monday + DAY)
    assert (day.seen, day.late, day.is_gap, day.is_filled) == (38, 38, False, True)


def test_looking_writes_nothing_and_sees_the_same(newsroom: Newsroom) -> None:
    newsroom.open("gazette")
    newsroom.listed("gazette", START)
    newsroom.fails("gazette", *(START + hour * HOUR for hour in range(1, 10)))
    seen = Lookout(newsroom.archive).look(START + 10 * HOUR)
    assert seen.sources[0].trouble is not None
    assert seen.sources[0].state == "broken"
    with newsroom.archive._database.reading() as connection:
        for table in (health_schema.pulse, health_schema.problem, health_schema.folded):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_changes_are_told_once_and_together(newsroom: Newsroom, tmp_path: Path) -> None:
    archive = newsroom.archive
    for name in ("gazette", "courier", "ledger"):
        newsroom.open(name)
        newsroom.listed(name, START)
        newsroom.fails(name, *(START + hour * HOUR for hour in range(1, 10)))
    Lookout(archive).keep(START + 10 * HOUR)
    told = tmp_path / "told.jsonl"
    write = f"open({str(told)!r}, 'a').write(sys.stdin.read())"
    receiver = Receiver("command", f'{sys.executable} -c "import sys; {write}"')
    lines: list[str] = []
    assert tell_problems(archive, Outbox("test"), receiver, lines.append) == 1
    assert tell_problems(archive, Outbox("test"), receiver, lines.append) == 0
    (said,) = [json.loads(line) for line in told.read_text().splitlines()]
    assert said["kind"] == "problems"
    assert {(change["source"], change["change"]) for change in said["changes"]} == {
        (name, "opened") for name in ("gazette", "courier", "ledger")
    }
    assert lines == []


def test_a_notice_that_does_not_arrive_is_not_lost(newsroom: Newsroom) -> None:
    archive = newsroom.archive
    newsroom.open("gazette")
    newsroom.listed("gazette", START)
    newsroom.fails("gazette", *(START + hour * HOUR for hour in range(1, 10)))
    Lookout(archive).keep(START + 10 * HOUR)
    lines: list[str] = []
    assert tell_problems(archive, Outbox("test"), Receiver("command", "false"), lines.append) == 0
    assert len(lines) == 1
    assert archive.problems.due() is None, "it waits a little"
    with archive._writing() as connection:
        connection.execute(update(health_schema.problem_change).values(not_before=START))
    delivery = archive.problems.due()
    assert delivery is not None
    assert (delivery.attempt, delivery.changes[0].problem.source) == (2, "gazette")
    assert "gazette" in message_of(delivery).subject


def test_what_listings_leave_out_is_learned_from_front_pages_that_could_be_read(newsroom: Newsroom) -> None:
    archive = newsroom.archive
    for name in ("gazette", "herald", "tribune"):
        newsroom.open(name)
        now = newsroom.weeks(name, 5)
    for day in range(20, 30):
        at = START + day * DAY + 18 * HOUR
        for name, outcome in (("gazette", "listed"), ("herald", "failed")):
            newsroom.second_look(name, at, outcome)
    with archive._writing() as connection:  # however many runs came since
        later = {"kind": "crawl", "source": "tribune", "started_at": now, "finished_at": now}
        connection.execute(insert(schema.run), [later | {"slot": str(number)} for number in range(6000)])
    looks = archive.second_looks.since(START + 22 * DAY)
    assert len(looks["gazette"].read) == 8
    assert looks["herald"].read == ()
    assert looks["herald"].at == START + 29 * DAY + 18 * HOUR
    lookout = Lookout(archive)
    lookout.look(now)
    assert lookout._left_out["gazette"] < 0.15
    assert lookout._left_out["herald"] == USUAL_CHOICE
    assert "tribune" not in lookout._left_out
