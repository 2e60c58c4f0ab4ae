"""Rechecks over HTTP: a schedule whose clock is moved, a real worker, and a site on which articles change and go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from crawler.schedule import Clock
from storage import Archive, Query, crawl_schema, schema
from storage.records import Run
from tests.crawling import CrawlDesk, adds_up, counts, definition, lately
from tests.sites import Outlet, Site, serve

HOST = "127.0.4.1"
ARTICLES = 8
_link = crawl_schema.link.c


class Newsroom:
    """A source of which nine in ten requests are for known articles, and the clock of its schedule."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site = site
        self.desk = CrawlDesk(folder)
        self.now = datetime.now(UTC)
        text = definition(site.bases[HOST], ("feed", [site.listing(HOST, "rss")]))
        self.desk.add("ledger", text + '[schedule]\nevery = "1m"\n[recheck]\nshare = 0.9\n')

    def address(self, number: int) -> str:
        return self.site.bases[HOST] + self.site.outlets[HOST].piece(number).path

    def paths(self) -> list[str]:
        return [self.site.outlets[HOST].piece(number).path for number in range(1, ARTICLES + 1)]

    def look(self) -> Run:
        """Have the next slot come, with the clock of the schedule moved on, and wait for what becomes of it."""
        self.now += timedelta(minutes=1)
        opened = partial(Archive.open, self.desk.database, str(self.desk.folder / "raw"))
        with Clock(opened, self.desk.sources, pytest.fail, lambda: self.now) as clock:
            (filing,) = clock.once()
        assert filing.is_new, filing.why
        (run,) = self.desk.over(filing.run)
        assert adds_up(run)
        return run

    def pass_time(self, hours: float) -> None:
        """Make all that the archive knows of its links so much older."""
        with self.desk.archive() as archive, archive._database.writing() as connection:
            names = ("named_at", "done_at", "ask_at", "missing_at")
            for row in connection.execute(select(_link.key, *(_link[name] for name in names))).all():
                values = {name: at and at - timedelta(hours=hours) for name, at in zip(names, row[1:], strict=True)}
                connection.execute(update(crawl_schema.link).where(_link.key == row.key).values(values))

    def flags(self, number: int) -> tuple[str, ...]:
        return self.desk.articles()[self.address(number)].flags

    def withdrawn(self, number: int) -> tuple[datetime | None, str]:
        """Since when the page of an article is gone, and what is said of its address."""
        with self.desk.archive() as archive:
            since = archive.overview.withdrawn_at(self.desk.articles()[self.address(number)].id)
        return since, self.desk.why(self.address(number))[1]

    def rebuild(self) -> None:
        """Delete the database, and make the archive again."""
        for file in self.desk.folder.glob("archive.db*"):
            file.unlink()
        done = self.desk.copydesk("rebuild")
        assert done.returncode == 0, done.stderr
        assert self.desk.copydesk("verify").returncode == 0


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Newsroom]:
    """Nobody works there yet."""
    outlet = Outlet(HOST, "Ledger", 31, articles=ARTICLES, newest_at=lately(30), minutes_between=1)
    with serve([outlet], tmp_path / "log") as site:
        yield Newsroom(tmp_path, site)


@pytest.fixture
def room(quiet: Newsroom) -> Iterator[Newsroom]:
    """The first look is over: all articles are known."""
    with quiet.desk.workers():
        assert counts(quiet.look()) == {"stored": ARTICLES}
        yield quiet


def test_known_articles_are_looked_at_again(room: Newsroom) -> None:
    assert counts(room.look()) == {}  # a quarter of an hour is not over
    room.pass_time(0.3)
    room.site.control(HOST, edits={2: 1})
    assert counts(room.look()) == {"unchanged": ARTICLES - 1, "version": 1}
    answers = [record.status for record in room.site.read_log().records if record.path in room.paths()]
    assert answers.count(304) == ARTICLES - 1  # conditional requests
    assert counts(room.look()) == {}
    with room.desk.archive() as archive:
        (edited,) = [found for found in archive.find(Query()) if found.url == room.address(2)]
        assert len(archive.versions(edited.id)) == 2


def test_a_removed_article_is_withdrawn_and_returns(room: Newsroom) -> None:
    room.site.control(HOST, removed={3: 410})
    room.pass_time(0.3)
    assert counts(room.look()) == {"unchanged": ARTICLES - 1, "failed": 1}
    assert room.flags(3) == ()
    room.pass_time(1.5)
    assert counts(room.look()) == {"unchanged": ARTICLES - 1, "withdrawn": 1}
    assert "withdrawn" in room.flags(3)
    assert room.desk.why(room.address(3))[0] == "withdrawn"
    shown = room.desk.copydesk("show", room.desk.articles()[room.address(3)].id)
    assert "withdrawn" in shown.stdout
    room.site.control(HOST, removed={})
    room.pass_time(24)
    assert counts(room.look()) == {"unchanged": ARTICLES}
    assert room.flags(3) == ()


def test_a_withdrawal_and_a_return_are_there_when_the_archive_is_made_again(quiet: Newsroom) -> None:
    room = quiet
    with room.desk.workers():
        room.look()
        room.site.control(HOST, removed={3: 410})
        for hours in (0.3, 1.5):
            room.pass_time(hours)
            room.look()
    before = room.withdrawn(3)
    assert before[0] is not None
    room.rebuild()
    assert room.withdrawn(3) == before
    assert room.desk.why(room.address(3))[0] == "withdrawn"
    assert "withdrawn" in room.flags(3)
    with room.desk.workers():
        room.look()
        room.pass_time(1.5)
        assert counts(room.look())["withdrawn"] == 1, "it is looked at again, though nothing lists it"
        assert room.withdrawn(3)[0] == before[0]
        room.site.control(HOST, removed={})
        room.pass_time(24)
        assert counts(room.look()) == {"unchanged": ARTICLES}
    assert room.withdrawn(3)[0] is None
    room.rebuild()
    assert room.withdrawn(3)[0] is None
    assert room.desk.why(room.address(3))[0] == "unchanged"
    assert room.flags(3) == ()


def test_an_outage_withdraws_nothing(room: Newsroom) -> None:
    room.site.control(HOST, faults=[{"path": path, "kind": "status", "status": 404} for path in room.paths()])
    for _ in range(2):
        room.pass_time(1.5)
        assert counts(room.look()) == {"failed": ARTICLES}
    room.site.control(HOST, faults=[])
    room.pass_time(1.5)
    assert counts(room.look()) == {"unchanged": ARTICLES}
    with room.desk.archive() as archive, archive._database.reading() as connection:
        assert not connection.scalars(
            select(schema.article.c.id).where(schema.article.c.withdrawn_at.is_not(None))
        ).all()


def test_rechecks_are_no_more_than_their_share(room: Newsroom) -> None:
    text = (room.desk.sources / "ledger.toml").read_text()
    room.desk.add("ledger", text.replace("share = 0.9", "share = 0.5"))
    with room.desk.archive() as archive, archive._database.writing() as connection:
        connection.execute(update(crawl_schema.pace).values(credit=0.0))
    room.pass_time(0.3)
    assert [sum(counts(room.look()).values()) for _ in range(3)] == [1, 1, 1]
