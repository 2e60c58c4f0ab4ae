"""Rechecks: known articles are looked at again as they age; what is gone is withdrawn once it is sure, and returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from crawler.finding import given_up
from crawler.outlets import Outlet
from crawler.rechecks import MOST_AT_ONCE, ask_at, earned
from crawler.source import Source
from storage import Archive, Failed, Query, Rejected, crawl_schema, schema
from storage.links import LONG_AGO, Link, Named, Passed, Released
from storage.records import Claims
from tests.newsroom import article, numbered, page
from tests.newsstand import FEED, SAME, Newsstand, gone

FRESH = timedelta()
_link = crawl_schema.link.c


@pytest.fixture
def stand(archive: Archive) -> Newsstand:
    """Four articles that are due to be looked at again."""
    return Newsstand(archive, 4)


def test_an_article_that_is_missed_twice_is_withdrawn_and_returns(stand: Newsstand) -> None:
    assert stand.again({0: gone(0), 1: SAME}) == {0: "failed", 1: "unchanged"}
    assert stand.flags(0) == ()
    stand.later(2)
    assert stand.again({0: gone(0), 2: SAME}) == {0: "withdrawn", 2: "unchanged"}
    assert stand.flags(0) == ("withdrawn",)
    (found,) = stand.archive.find(Query(words="flag:withdrawn"))
    assert found.url == stand.urls[0]
    with stand.archive._database.reading() as connection:
        since = connection.scalar(
            select(schema.article.c.withdrawn_at).where(schema.article.c.withdrawn_at.is_not(None))
        )
    assert since is not None
    assert stand.archive.overview.withdrawn_at(found.id) == since
    assert timedelta(hours=1.9) < datetime.now(UTC) - since < timedelta(hours=3)  # since it was missed first
    stand.later(2)
    assert stand.again({0: gone(0, "http-410"), 3: SAME})[0] == "withdrawn"
    assert stand.changes() == ["withdrawn"]
    stand.later(2)
    assert stand.again({0: SAME}) == {0: "unchanged"}
    assert stand.flags(0) == ()
    assert stand.changes() == ["withdrawn", "returned"]
    assert stand.archive.overview.withdrawn_at(found.id) is None


def test_twice_within_an_hour_is_once(stand: Newsstand) -> None:
    stand.again({0: gone(0)})
    stand.later(0.9)
    stand.again({1: SAME})
    with stand.archive._database.writing() as connection:
        connection.execute(update(crawl_schema.link).values(ask_at=LONG_AGO))
    assert stand.again({0: gone(0)}) == {0: "failed"}
    assert stand.flags(0) == ()


def test_where_all_of_a_host_is_gone_nothing_is_withdrawn(stand: Newsstand) -> None:
    everything = {number: gone(number) for number in range(4)}
    for _ in range(3):
        assert set(stand.again(everything).values()) == {"failed"}
        stand.later(2)
    assert stand.changes() == []
    assert set(stand.again(dict.fromkeys(range(4), SAME)).values()) == {"unchanged"}
    stand.later(2)
    assert stand.again({0: gone(0)}) == {0: "failed"}  # what was missed in the outage does not count


def test_a_page_without_its_article_counts_where_others_have_theirs(stand: Newsstand) -> None:
    empty = Rejected("no-article", "none of 3 lines reads like an article", ())
    assert stand.again({0: empty, 1: empty}) == {0: "rejected", 1: "rejected"}
    stand.later(2)
    assert stand.again({0: empty, 2: empty}) == {0: "rejected", 2: "rejected"}
    assert stand.changes() == []  # the layout may have changed
    stand.again({3: SAME})
    stand.later(2)
    stand.again({0: empty})
    assert stand.flags(0) == ("withdrawn",)


def test_an_edit_of_a_withdrawn_article_brings_it_back(stand: Newsstand) -> None:
    stand.again({0: gone(0), 1: SAME})
    stand.later(2)
    stand.again({0: gone(0), 2: SAME})
    edited = article(numbered(0)[1].text + "\n\nThe council met again on Friday.", "No 0")
    assert stand.again({0: edited}) == {0: "version"}
    assert stand.flags(0) == ()
    assert stand.changes() == ["withdrawn", "returned"]


def test_cleaning_again_keeps_the_flag(stand: Newsstand) -> None:
    stand.again({0: gone(0), 1: SAME})
    stand.later(2)
    stand.again({0: gone(0), 1: SAME})
    made = numbered(0)[1]
    saved = stand.archive.clean_again(page(stand.urls[0], made.text.encode()), made)
    assert saved.outcome == "unchanged"
    assert stand.flags(0) == ("withdrawn",)


def test_the_copy_at_another_address_is_not_the_article(archive: Archive) -> None:
    stand = Newsstand(archive, 2)
    twin = "http://courier.example/0"
    made = numbered(0)[1]
    archive.file_run("courier", [Named(twin, found_on="http://courier.example/rss")])
    for hosts in range(3):
        for host in archive.frontier.lease("w1", 9, 9):
            for link in host.links:
                archive.frontier.charge("w1", link.key)
                result: Any = made if hosts == 0 else Failed(twin, "http-404", "answered 404", twin)
                body = page(twin, made.text.encode(), source="courier") if hosts == 0 else None
                archive.settle(link, body, result, ask_at=LONG_AGO)
            archive.frontier.release("w1", [Released(host.name, LONG_AGO, 0, 0)])
        archive.frontier.close_runs()
        stand.later(2)
        archive.file_run("courier", [], rechecks=archive.paces.rechecks("courier", 9, datetime.now(UTC)))
    assert archive.fates(twin)[1].outcome == "failed"
    assert stand.changes() == []


def test_half_are_the_newest_and_none_is_forgotten(archive: Archive) -> None:
    stand = Newsstand(archive, 20)
    with archive._database.writing() as connection:
        for at, url in enumerate(stand.urls):
            due_at = datetime.now(UTC) - timedelta(hours=20 - at)
            connection.execute(update(crawl_schema.link).where(_link.url == url).values(ask_at=due_at))
    numbers = [int(each.url.rpartition("/")[2]) for each in archive.paces.rechecks("gazette", 6, datetime.now(UTC))]
    assert sorted(numbers) == [0, 1, 2, 17, 18, 19]
    assert archive.paces.rechecks("courier", 6, datetime.now(UTC)) == ()
    assert archive.paces.rechecks("gazette", 6, datetime.now(UTC) - timedelta(days=2)) == ()


def test_rechecks_are_part_of_a_run_and_its_sums(stand: Newsstand) -> None:
    stand.again({0: SAME, 1: gone(1)})
    run = stand.archive.runs(1)[0]
    assert (run.named, run.known, run.pending) == (2, 0, 0)
    assert dict(run.counts) == {"failed": 1, "unchanged": 1}


def test_rechecks_do_not_keep_the_next_place_from_being_tried(archive: Archive) -> None:
    stand = Newsstand(archive, 1)
    named = archive.paces.rechecks("gazette", 1, datetime.now(UTC))
    run = archive.file_run("gazette", [FEED], rechecks=named).run
    sitemap = [Named("http://gazette.example/sitemap.xml", "sitemap", place=1)]
    links = stand._leased()
    assert list(links) == [FEED.url, stand.urls[0]]  # what is new comes first
    archive.settle(links[FEED.url], None, Passed("listed", "nothing"), otherwise=sitemap)
    archive.settle(links[stand.urls[0]], None, SAME)
    assert archive.run(run).counts == (("unchanged", 1),)
    with archive._database.reading() as connection:
        waiting = select(func.count()).where(_link.kind == "sitemap", _link.state == "ready")
        assert connection.scalar(select(waiting.scalar_subquery())) == 1


AGES = [(0.5, 0.25), (4, 1), (48, 3), (24 * 10, 24), (24 * 100, 24 * 28), (24 * 400, None)]


@pytest.mark.parametrize(("age", "hours"), AGES)
def test_the_older_an_article_the_rarer_it_is_looked_at(age: float, hours: float | None) -> None:
    now = datetime.now(UTC)
    found = _a_link(now - timedelta(hours=age), None)
    listed = _a_link(now - timedelta(minutes=1), now - timedelta(hours=age))
    expected = None if hours is None else now + timedelta(hours=hours)
    assert ask_at(found, now, FRESH) == ask_at(listed, now, FRESH) == expected
    if expected:
        assert ask_at(found, now, timedelta(days=60)) == now + timedelta(days=60)


def test_a_listing_is_left_alone_as_long_as_it_wants() -> None:
    now = datetime.now(UTC)
    assert ask_at(_a_link(now, None, kind="feed", rest=900.0), now, timedelta(minutes=1)) == now + timedelta(minutes=15)
    assert ask_at(_a_link(now, None, kind="feed"), now, timedelta(minutes=1)) == now + timedelta(minutes=1)


def test_rechecks_are_the_share_of_requests_that_was_asked_for() -> None:
    credit, looks, rechecks = 0.0, 0, 0
    for _ in range(1000):
        credit = earned(credit, 1, 0.2)
        looks += 1
        rechecks += int(credit)
        credit -= int(credit)
    assert rechecks / (looks + rechecks) == pytest.approx(0.2, abs=0.002)
    assert earned(5.0, 1000, 0.5) == MOST_AT_ONCE
    assert earned(0.0, 10, 0.0) == 0.0


@pytest.mark.parametrize(
    ("target", "is_gone"),
    [
        ("https://gazette.example/", True),
        ("https://gazette.example/world/", True),
        ("https://gazette.example/world", True),
        ("https://gazette.example/news?page=1", True),
        ("https://gazette.example/world/2026/flood-2", False),
        ("https://gazette.example/wor", False),
        ("https://gazette.example/?p=123", False),
        ("https://m.gazette.example/world/2026/flood", False),
        ("https://elsewhere.example/", False),
    ],
)
def test_a_redirect_to_a_section_says_that_the_article_is_gone(target: str, is_gone: bool) -> None:
    text = (
        'title = "G"\nhomepage = "https://gazette.example/"\n[[place]]\nkind = "section"\n'
        'urls = ["https://gazette.example/news?page=1"]\n'
    )
    outlet = Outlet(Source.parse("gazette", text), (), {})
    link = _a_link(datetime.now(UTC), None)
    found = given_up(target, link, outlet)
    assert (found is not None and found.reason == "gone") is is_gone
    unknown = _a_link(datetime.now(UTC), None, article_id=None)
    assert given_up(target, unknown, outlet) is None


def _a_link(found_at: datetime, published_at: datetime | None, **fields: Any) -> Link:
    values: dict[str, Any] = {
        "key": "k", "kind": "article", "url": "https://gazette.example/world/2026/flood", "host": "gazette.example",
        "source": "gazette", "run": 1, "claims": Claims(published_at=published_at), "found_on": FEED.url, "depth": 0,
        "place": 0, "hops": 0, "attempts": 0, "failures": 0, "alone": False, "etag": None, "last_modified": None,
        "article_id": "a" * 16, "worker": "w", "found_at": found_at,
    }  # fmt: skip
    return Link(**values | fields)
