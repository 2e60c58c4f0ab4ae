"""A site on this machine that breaks in each way, is crawled by the real commands, and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from crawler.lookout import Lookout
from crawler.schedule import Clock
from storage import Archive, schema
from storage.problems import Problem
from tests.crawling import CrawlDesk, definition, lately
from tests.sites import Fault, Outlet, Site, serve

HOUR = timedelta(hours=1)
_HOST = "127.0.4.1"


@dataclass
class Beat:
    """The site, the desk that crawls it, and a clock that is set by hand: fates are as old as it says."""

    site: Site
    desk: CrawlDesk
    now: datetime

    def crawl(self, hours: float = 0) -> tuple[Problem, ...]:
        """Some hours later, crawl once and look; the problems that are open then."""
        self.now += hours * HOUR
        with self.desk.archive() as archive, archive._database.reading() as connection:
            before = connection.scalar(select(func.max(schema.fate.c.id))) or 0
        self.desk.crawl("gazette")
        with self.desk.archive() as archive:
            with archive._writing() as connection:
                connection.execute(update(schema.fate).where(schema.fate.c.id > before).values(at=self.now))
            Lookout(archive).keep(self.now)  # one round closes what is over, the next may open what was behind it
            return Lookout(archive).keep(self.now + timedelta(minutes=1)).open


@pytest.fixture
def beat(database_url: str, tmp_path: Path) -> Iterator[Beat]:
    outlet = Outlet(_HOST, "The Gazette", 77, articles=60, released=12, newest_at=lately(), minutes_between=1)
    with serve([outlet], tmp_path / "access.log") as site:
        desk = CrawlDesk(tmp_path, database_url)
        desk.add("gazette", site.source_toml(_HOST) + '[expect]\nlongest_silence = "24h"\n')
        yield Beat(site, desk, datetime.now(UTC))


def test_a_site_that_breaks_in_each_way_and_comes_back(beat: Beat) -> None:
    assert beat.crawl() == ()

    # it cannot be read
    beat.site.control(_HOST, faults=(Fault("/*.xml", "status", 404), Fault("/rss*", "status", 404)))
    assert beat.crawl(1) == ()
    assert beat.crawl(4) == ()
    (failing,) = beat.crawl(4)
    assert (failing.kind, failing.source, failing.detail) == (
        "failing", "gazette", "cannot be read: http-404: answered 404",
    )  # fmt: skip
    assert failing.article_id is not None
    shown = beat.desk.copydesk("status", "--strict")
    assert shown.returncode == 1
    assert re.search(r"^broken  gazette  since .*: cannot be read: http-404: answered 404$", shown.stdout, re.MULTILINE)
    assert f"last good {failing.article_id[:8]}; try: copydesk sources check gazette" in shown.stdout

    # it comes back, and its pages hold no article
    beat.site.control(_HOST, faults=(Fault("/*/2*", "status", 200),), released=40)
    (unread,) = beat.crawl(1)
    assert unread.kind == "unread"
    assert unread.detail.startswith("links found, no article read in 28")

    # it is mended, and falls silent
    beat.site.control(_HOST, faults=(), released=44)
    assert beat.crawl(1) == ()
    assert beat.crawl(2) == ()
    (late,) = beat.crawl(14)
    assert (late.kind, late.state, late.detail) == ("late", "late", "silent for longer than 24 hours")

    # it writes again
    with beat.desk.archive() as archive:
        assert [problem.kind for problem in archive.problems.of("gazette")] == ["late", "unread", "failing"]
        assert [problem.closed_at is None for problem in archive.problems.of("gazette")] == [True, False, False]


def test_a_failing_source_is_looked_at_less_often_and_is_never_given_up(beat: Beat) -> None:
    beat.site.control(_HOST, faults=(Fault("/*.xml", "status", 404), Fault("/rss*", "status", 404)))
    for hours in (0, 4, 4):
        problems = beat.crawl(hours)
    assert [problem.kind for problem in problems] == ["failing"]
    at = beat.now
    filed = []
    with beat.desk.archive() as archive:
        for minutes in range(0, 72 * 60, 10):
            now = at + timedelta(minutes=minutes)
            with Clock(
                lambda: Archive.open(beat.desk.database, str(beat.desk.folder / "raw")),
                beat.desk.sources,
                str,
                lambda now=now: now,
            ) as clock:  # type: ignore[misc]
                filed += [now for filing in clock.once() if filing.is_new]
            for run in archive.runs(3):
                if run.finished_at is None:
                    archive.finish_run(run.id)
    gaps = [later - earlier for earlier, later in pairwise(filed)]
    assert len(filed) < 20, "every half hour would be 144"
    assert max(gaps) <= timedelta(hours=6, minutes=40)
    assert gaps[-1] > gaps[0]


def test_a_feed_that_is_cut_is_found_by_what_the_front_page_names(beat: Beat) -> None:
    expect = '[expect]\narticles_per_week = 1680\nlongest_silence = "24h"\n'
    beat.desk.add("gazette", beat.site.source_toml(_HOST) + expect)
    beat.site.control(_HOST, released=2)
    beat.now -= 3 * HOUR
    for hours in (0, 1, 1):
        assert beat.crawl(hours) == ()
    beat.site.control(_HOST, released=50, feed_items=2)
    assert beat.crawl(1) == (), "less than usual, and that is all"
    assert len(beat.desk.articles("gazette")) == 4
    with beat.desk.archive() as archive:
        assert Lookout(archive).look(beat.now).doubtful == ("gazette",)
    done = beat.desk.copydesk("schedule", "--once")
    assert done.returncode == 0, done.stderr
    with beat.desk.archive() as archive:
        found = Lookout(archive).keep(beat.now)
        assert len(beat.desk.articles("gazette")) == 22, "what the front page shows of what was missed is there"
        assert sum(articles for _, articles, _, _ in archive.pulses.hours(0)["gazette"]) == 4, "by its listings"
        assert sum(day.seen for day in archive.pulses.days("gazette")) == 22
    assert found.doubtful == (), "not at once again"
    (problem,) = found.open
    assert problem.kind == "volume"
    assert re.match(
        r"its front page names \d+ articles of the last \d+ hours that its listings do not; ", problem.detail
    )

    beat.site.control(_HOST, feed_items=60)
    beat.crawl(1)
    with beat.desk.archive() as archive:
        (second,) = archive.second_looks.since(beat.now - 48 * HOUR).values()
    assert second.unlisted == (), "its feed names them again"
    assert second.read == (second.at,)


def test_one_of_several_listings_that_cannot_be_read_is_told(beat: Beat) -> None:
    beat.site.control(_HOST, feeds=("rss", "atom"))
    feeds = [beat.site.listing(_HOST, kind) for kind in ("rss", "atom")]
    beat.desk.add(
        "gazette", definition(beat.site.listing(_HOST, "home"), ("feed", feeds), allow_private=["127.0.0.0/8"])
    )
    assert beat.crawl() == ()
    beat.site.control(_HOST, faults=(Fault("/atom*", "status", 410),))
    assert beat.crawl(1) == ()
    assert beat.crawl(4) == (), "for hours, it may be an accident"
    (problem,) = beat.crawl(4)
    assert (problem.kind, problem.state) == ("listing", "broken")
    assert problem.detail == f"one of its listings cannot be read: {feeds[1]}: http-410: answered 410"
    assert beat.now - problem.since == 8 * HOUR
    beat.site.control(_HOST, faults=())
    assert beat.crawl(1) == ()


_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,|(?=\})))*)\})? (-?[0-9.e+-]+)')


def test_the_figures_for_prometheus_are_in_its_format(beat: Beat) -> None:
    beat.crawl()
    text = beat.desk.copydesk("status", "--prometheus").stdout
    kinds: dict[str, str] = {}
    samples: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            _, what, name, rest = line.split(" ", 3)
            assert what in ("HELP", "TYPE")
            if what == "TYPE":
                assert name not in kinds
                kinds[name] = rest
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        assert match[1] in kinds, "a type comes before its samples"
        assert (match[1], match[2] or "") not in samples
        samples[match[1], match[2] or ""] = float(match[3])
    assert set(kinds.values()) <= {"gauge", "counter"}
    assert samples["copydesk_articles", ""] == 12
    assert samples["copydesk_queue_links", ""] == 0
    assert samples["copydesk_runs", 'state="ended"'] == 1
    assert samples["copydesk_source_state", 'source="gazette",state="well"'] == 1
    assert samples["copydesk_source_state", 'source="gazette",state="late"'] == 0
    assert 0 <= samples["copydesk_source_last_article_age_seconds", 'source="gazette"'] < 7 * 86400


def test_a_gap_is_filled_through_the_sitemap(beat: Beat) -> None:
    beat.desk.add("gazette", beat.site.source_toml(_HOST, "sitemap", listing="plain"))
    beat.crawl()
    beat.site.control(_HOST, released=30)
    today = datetime.now(UTC).date()
    done = beat.desk.copydesk("sources", "backfill", "gazette", "--from", str(today - timedelta(days=2)))
    assert done.returncode == 0, done.stderr
    assert len(beat.desk.articles("gazette")) == 30
    with beat.desk.archive() as archive:
        archive.pulses.fold()
        assert sum(day.seen for day in archive.pulses.days("gazette")) == 30
