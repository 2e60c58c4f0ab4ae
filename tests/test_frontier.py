"""The frontier: every address is leased by one worker at a time, and ends in exactly one outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from storage import Archive, Claims, Failed, Query, crawl_schema
from storage.frontier import LEASE
from storage.links import Host, Link, Named, Order, Passed, Postponed, Released, Taught, Validators
from storage.records import Run
from tests.newsroom import article, numbered, page

FEED = Named("http://gazette.example/rss", "feed")


def stories(count: int, host: str = "gazette.example", **fields: Any) -> list[Named]:
    """Addresses of articles, the first the newest."""
    return [Named(f"http://{host}/{at}", found_on=FEED.url, **fields) for at in range(count)]


def begin(archive: Archive, named: list[Named], source: str | None = "gazette", **order: Any) -> int:
    """A crawl of these addresses."""
    filing = archive.file_run(source, named, Order(**order))
    assert filing.is_new
    return filing.run


def all_links(hosts: tuple[Host, ...]) -> list[Link]:
    return [link for host in hosts for link in host.links]


def store(archive: Archive, link: Link, number: int = 0) -> str | None:
    """Fetch and settle a link as an article of its own; the outcome."""
    assert archive.frontier.charge(link.worker, link.key)
    made = numbered(number)[1]
    saved = archive.settle(link, page(link.url, made.text.encode()), made)
    return saved and saved.outcome


def sums_agree(run: Run) -> bool:
    return run.named == run.known + sum(count for _, count in run.counts) + run.pending


def test_a_listing_names_articles_and_each_ends_once(archive: Archive) -> None:
    run = begin(archive, [FEED])
    archive.frontier.sign_on("w1", "here", "1")
    (host,) = archive.frontier.lease("w1", 5, 10)
    (feed,) = host.links
    archive.settle(feed, None, Passed("listed", "3 articles"), stories(3))
    archive.frontier.release("w1", [Released(host.name, datetime.now(UTC), 0, 0)])
    assert archive.run(run).pending == 3
    (host,) = archive.frontier.lease("w1", 5, 10)
    assert [link.url[-2:] for link in host.links] == ["/0", "/1", "/2"]
    assert [store(archive, link, at) for at, link in enumerate(host.links)] == ["stored"] * 3
    archive.frontier.release("w1", [Released(host.name, datetime.now(UTC), 0, 0)])
    assert archive.frontier.lease("w1", 5, 10) == ()
    assert archive.frontier.close_runs() == (run,)
    ended = archive.run(run)
    assert (ended.named, ended.known, ended.counts) == (3, 0, (("stored", 3),))
    assert ended.listings == (("listed", 1),)
    assert ended.finished_at
    assert archive.count(Query()) == 3

    again = begin(archive, [FEED])
    (host,) = archive.frontier.lease("w1", 5, 10)
    archive.settle(host.links[0], None, Passed("listed", "4 articles"), stories(4))
    ended = archive.run(again)
    assert (ended.named, ended.known, ended.pending) == (4, 3, 1)
    assert sums_agree(ended)


def test_one_crawl_of_a_source_and_one_of_a_slot(archive: Archive) -> None:
    first = archive.file_run("gazette", [FEED], slot="2026-11-20T12:00Z")
    second = archive.file_run("gazette", [FEED], slot="2026-11-20T12:00Z")
    third = archive.file_run("gazette", [FEED])
    assert first.is_new
    assert (second.run, second.is_new) == (first.run, False)
    assert (third.run, third.is_new) == (first.run, False)
    assert "under way" in third.why
    assert archive.file_run("courier", [Named("http://courier.example/rss", "feed")]).is_new


def test_only_one_worker_holds_a_host(archive: Archive) -> None:
    begin(archive, stories(9) + stories(9, "courier.example"))
    for worker in ("w1", "w2", "w3"):
        archive.frontier.sign_on(worker, "here", worker)
    first = archive.frontier.lease("w1", 1, 5)
    second = archive.frontier.lease("w2", 5, 5)
    assert {host.name for host in first}.isdisjoint({host.name for host in second})
    assert archive.frontier.lease("w3", 5, 5) == ()
    assert len(all_links(first)) == len(all_links(second)) == 5
    soon = datetime.now(UTC) + timedelta(hours=1)
    archive.frontier.release("w1", [Released(first[0].name, soon, 0, 0)])
    assert archive.frontier.lease("w3", 5, 5) == ()  # not before


def test_what_a_dead_worker_held_returns(archive: Archive) -> None:
    run = begin(archive, stories(5))
    archive.frontier.sign_on("w1", "here", "1")
    links = all_links(archive.frontier.lease("w1", 5, 5))
    assert archive.frontier.charge("w1", links[0].key)
    _silence(archive, "w1")
    archive.frontier.sign_on("w2", "there", "2")
    again = all_links(archive.frontier.lease("w2", 5, 5))
    assert [link.key for link in again] == [link.key for link in links[1:]]  # the one that was being fetched is alone
    assert not archive.frontier.has_suspects()  # its host is held
    assert archive.settle(links[1], *numbered(1)) is None  # the first wakes up: its leases are others' now
    assert not archive.frontier.charge("w1", links[2].key)
    assert not archive.frontier.heartbeat("w1")
    assert archive.frontier.lease("w1", 5, 5) == ()
    archive.frontier.sign_off("w2")
    archive.frontier.sign_on("w3", "there", "3")
    assert archive.frontier.has_suspects()
    suspect = archive.frontier.lease_suspect("w3")
    assert suspect
    assert suspect.links[0].key == links[0].key
    assert suspect.links[0].alone
    assert store(archive, suspect.links[0]) == "stored"
    assert not archive.frontier.has_suspects()
    assert sums_agree(archive.run(run))


def _silence(archive: Archive, worker: str) -> None:
    table = crawl_schema.worker
    with archive._database.writing() as connection:
        connection.execute(
            update(table).where(table.c.id == worker).values(seen_at=datetime.now(UTC) - LEASE - timedelta(seconds=1))
        )


def test_poison_is_set_aside_after_three_deaths_alone(archive: Archive) -> None:
    run = begin(archive, stories(3))
    archive.frontier.sign_on("w0", "here", "0")
    links = all_links(archive.frontier.lease("w0", 5, 5))
    for link in links:
        archive.frontier.charge("w0", link.key)
    for death in range(3):
        archive.frontier.sign_on(f"w{death + 1}", "here", str(death + 1), gone=[f"w{death}"])
        _let_the_pause_pass(archive)
        while (host := archive.frontier.lease_suspect(f"w{death + 1}")) and host.links[0].key != links[0].key:
            assert store(archive, host.links[0], int(host.links[0].url[-1])) == "stored"
            archive.frontier.release(f"w{death + 1}", [Released(host.name, datetime.now(UTC), 0, 0)])
        assert host
        archive.frontier.charge(f"w{death + 1}", links[0].key, alone=True)
    archive.frontier.sign_on("w9", "here", "9", gone=["w3"])
    assert archive.frontier.lease_suspect("w9") is None
    ended = archive.run(run)
    assert dict(ended.counts) == {"stored": 2, "set-aside": 1}
    assert sums_agree(ended)
    (fate,) = archive.fates(links[0].url)
    assert (fate.outcome, fate.article_id) == ("set-aside", None)


def test_deaths_that_took_more_than_the_worker_count_little(archive: Archive) -> None:
    run = begin(archive, stories(1))
    archive.frontier.sign_on("w0", "here", "0")
    (link,) = all_links(archive.frontier.lease("w0", 5, 5))
    archive.frontier.charge("w0", link.key)
    archive.frontier.sign_on("w1", "here", "1", gone=["w0"], swept=["w0"])
    for death in range(1, 13):
        assert archive.run(run).pending == 1
        assert archive.frontier.lease_suspect(f"w{death}"), death
        archive.frontier.charge(f"w{death}", link.key, alone=True)
        dead = [f"w{death}"]
        archive.frontier.sign_on(f"w{death + 1}", "here", "1", gone=dead, swept=dead)
        _let_the_pause_pass(archive)
    assert dict(archive.run(run).counts) == {"set-aside": 1}  # a machine may die of a page all the same


def _let_the_pause_pass(archive: Archive) -> None:
    with archive._database.writing() as connection:
        connection.execute(update(crawl_schema.link).values(not_before=datetime.now(UTC)))


def test_a_link_that_comes_back_waits_and_is_told(archive: Archive) -> None:
    run = begin(archive, stories(1))
    archive.frontier.sign_on("w1", "here", "1")
    (link,) = all_links(archive.frontier.lease("w1", 5, 5))
    until = datetime.now(UTC) + timedelta(hours=1)
    assert archive.postpone(link, Postponed(until, "http-503", failed=True))
    archive.frontier.release("w1", [Released(link.host, until, 1, 0)])
    assert archive.frontier.lease("w1", 5, 5) == ()
    (fate,) = archive.fates(link.url)
    assert fate.outcome == "pending"
    assert "http-503" in fate.why
    assert archive.frontier.close_runs() == (run,)  # it need not stay open for that
    ended = archive.run(run)
    assert (ended.named, ended.pending, sums_agree(ended)) == (1, 1, True)


def test_a_redirect_to_another_host_is_that_hosts_turn(archive: Archive) -> None:
    run = begin(archive, stories(1))
    archive.frontier.sign_on("w1", "here", "1")
    (link,) = all_links(archive.frontier.lease("w1", 5, 5))
    archive.postpone(link, Postponed(datetime.now(UTC), "moved", url="http://courier.example/x"))
    (moved,) = all_links(archive.frontier.lease("w1", 5, 5))
    assert (moved.url, moved.host, moved.hops, moved.key) == (
        "http://courier.example/x",
        "courier.example",
        1,
        link.key,
    )
    archive.postpone(moved, Postponed(datetime.now(UTC), "moved again", url="http://herald.example/y"))
    (moved,) = all_links(archive.frontier.lease("w1", 5, 5))
    assert (moved.url, moved.asked_url) == ("http://herald.example/y", link.url), "it was named once"
    assert store(archive, moved) == "stored"
    assert sums_agree(archive.run(run))


def test_the_next_place_is_tried_when_one_names_nothing(archive: Archive) -> None:
    run = begin(archive, [FEED, Named("http://gazette.example/atom", "feed")])
    archive.frontier.sign_on("w1", "here", "1")
    first, second = all_links(archive.frontier.lease("w1", 5, 5))
    sitemap = [Named("http://gazette.example/sitemap.xml", "sitemap", place=1)]
    archive.settle(first, None, Failed(first.url, "http-404", "not found", first.url), otherwise=sitemap)
    assert _waiting(archive, run) == ["leased"]
    archive.settle(second, None, Passed("listed", "nothing"), otherwise=sitemap)
    assert _waiting(archive, run) == ["ready"]
    assert archive.run(run).listings == (("failed", 1), ("listed", 1))


def _waiting(archive: Archive, run: int) -> list[str]:
    link = crawl_schema.link.c
    with archive._database.reading() as connection:
        return list(connection.scalars(crawl_schema.link.select().with_only_columns(link.state).where(
            link.run_id == run, link.state != "done")))  # fmt: skip


def test_limits_and_dates_leave_out_and_say_so(archive: Archive) -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    named = [
        Named(f"http://gazette.example/{at}", claims=Claims(published_at=day + timedelta(days=at))) for at in range(6)
    ]
    run = begin(archive, named, since=day + timedelta(days=1), until=day + timedelta(days=5), limit=3)
    made = archive.run(run)
    assert (made.named, made.pending, made.left_out) == (3, 3, 3)


def test_verdicts_need_no_fetch_and_known_addresses_none_either(archive: Archive) -> None:
    outside = Named("http://elsewhere.example/1", verdict=Passed("outside", "not on gazette.example"))
    run = begin(archive, [*stories(2), outside, *stories(2)])
    made = archive.run(run)
    assert (made.named, made.counts, made.pending) == (3, (("outside", 1),), 2)
    assert archive.fates(outside.url)[0].outcome == "outside"


def test_an_address_is_fetched_again_when_asked_for_or_when_it_changed(archive: Archive) -> None:
    begin(archive, stories(2))
    archive.frontier.sign_on("w1", "here", "1")
    host = archive.frontier.lease("w1", 5, 5)[0]
    for at, link in enumerate(host.links):
        archive.frontier.charge("w1", link.key)
        made = numbered(at)[1]
        archive.settle(link, page(link.url, made.text.encode()), made, validators=Validators('"1"', None))
    archive.frontier.release("w1", [Released(host.name, datetime.now(UTC), 0, 0)])
    archive.frontier.close_runs()
    later = datetime.now(UTC) + timedelta(minutes=1)
    begin(archive, [Named("http://gazette.example/0", changed_at=later), *stories(2)[1:]])
    (link,) = all_links(archive.frontier.lease("w1", 5, 5))
    assert (link.url, link.etag) == ("http://gazette.example/0", '"1"')
    saved = archive.settle(link, None, Passed("unchanged", "304"))
    assert saved
    assert saved.article_id
    assert [fate.outcome for fate in archive.fates(link.url)] == ["unchanged", "stored"]


def test_another_run_may_take_over_what_waits(archive: Archive) -> None:
    first = begin(archive, stories(2))
    second = begin(archive, stories(1, again=True), source=None)
    assert [archive.run(first).named, archive.run(first).pending] == [1, 1]
    assert [archive.run(second).named, archive.run(second).pending] == [1, 1]


def test_only_links_of_a_run(archive: Archive) -> None:
    first, second = begin(archive, stories(2)), begin(archive, stories(2, "courier.example"), "courier")
    archive.frontier.sign_on("w1", "here", "1")
    assert {link.run for link in all_links(archive.frontier.lease("w1", 5, 5, run=second))} == {second}
    assert archive.frontier.next_due(first) is not None


def test_what_a_site_taught_adds_up(archive: Archive) -> None:
    begin(archive, stories(3))
    archive.frontier.sign_on("w1", "here", "1")
    with archive.batch():
        for at, link in enumerate(all_links(archive.frontier.lease("w1", 5, 5))):
            archive.settle(link, page(link.url), article(f"{at} words " * 40), taught=Taught("/<n>", is_article=at > 0))
    assert archive.sources.shapes("gazette") == {"/<n>": (2, 1)}


def test_a_cut_body_never_replaces_a_whole_one(archive: Archive) -> None:
    whole = article("Whole text. " * 40)
    assert archive.save(page(), whole).outcome == "stored"
    saved = archive.save(page(hours=1, body=b"cut", cut="gzip ended early"), article("Whole text. " * 20))
    assert saved.outcome == "rejected"
    assert archive.get(saved.article_id or "").text == whole.text


@pytest.mark.parametrize("again", [1, 3])
def test_a_graceful_end_gives_everything_back(archive: Archive, again: int) -> None:
    begin(archive, stories(4))
    for turn in range(again):
        archive.frontier.sign_on(f"w{turn}", "here", "1")
        links = all_links(archive.frontier.lease(f"w{turn}", 5, 5))
        assert len(links) == 4
        archive.frontier.charge(f"w{turn}", links[0].key)
        archive.frontier.sign_off(f"w{turn}")
    assert not archive.frontier.has_suspects()


def test_an_article_that_is_held_already_is_not_fetched(archive: Archive) -> None:
    archive.save(page("http://gazette.example/0"), article())
    run = archive.run(begin(archive, stories(2)))
    assert (run.named, run.known, run.pending) == (2, 1, 1)
    assert sums_agree(run)
    again = archive.run(begin(archive, stories(1, again=True), source=None))
    assert (again.known, again.pending) == (0, 1)


def test_after_a_death_alone_others_go_first(archive: Archive) -> None:
    run = begin(archive, stories(2))
    archive.frontier.sign_on("w0", "here", "0")
    link = all_links(archive.frontier.lease("w0", 5, 1))[0]
    archive.frontier.charge("w0", link.key)
    archive.frontier.sign_on("w1", "here", "1", gone=["w0"])
    assert archive.frontier.lease_suspect("w1")
    archive.frontier.charge("w1", link.key, alone=True)
    archive.frontier.sign_on("w2", "here", "2", gone=["w1"])
    assert not archive.frontier.has_suspects()
    (other,) = all_links(archive.frontier.lease("w2", 5, 5))
    assert other.key != link.key
    assert archive.frontier.close_runs() == ()  # the run does not end without it
    archive.frontier.release("w2", [Released(link.host, datetime.now(UTC), 0, 0)])
    _let_the_pause_pass(archive)
    assert archive.frontier.has_suspects()
    assert archive.run(run).pending == 2


def test_the_same_addresses_again_are_the_same_crawl_while_it_lasts(archive: Archive) -> None:
    first = archive.file_run(None, stories(1, again=True), detail="http://gazette.example/0")
    second = archive.file_run(None, stories(1, again=True), detail="http://gazette.example/0")
    assert (second.run, second.is_new) == (first.run, False)
    assert archive.file_run(None, stories(1, again=True), detail="another").is_new


def test_what_was_charged_and_never_fetched_comes_back(archive: Archive) -> None:
    begin(archive, stories(3))
    archive.frontier.sign_on("w1", "here", "1")
    fetched, spared, waiting = all_links(archive.frontier.lease("w1", 5, 5))
    assert archive.frontier.charge("w1", fetched.key, spared.key) == {fetched.key, spared.key}
    archive.frontier.release("w1", [Released(fetched.host, datetime.now(UTC), 0, 0, (spared.key,))])
    again = all_links(archive.frontier.lease("w1", 5, 5))
    assert [(link.key, link.attempts) for link in again] == [(spared.key, 0), (waiting.key, 0)]
    assert store(archive, fetched) == "stored"


def test_leases_that_are_looked_up_together_end_once_each(archive: Archive) -> None:
    run = begin(archive, stories(3))
    archive.frontier.sign_on("w1", "here", "1")
    first, second, lost = all_links(archive.frontier.lease("w1", 5, 5))
    with archive.batch():
        archive.expect((), [first, second, replace(lost, worker="w0")])
        assert store_settled(archive, first) == "stored"
        assert store_settled(archive, first) is None
        assert store_settled(archive, replace(lost, worker="w0")) is None
        assert archive.postpone(second, Postponed(datetime.now(UTC), "later"))
        assert store_settled(archive, second) is None
    assert dict(archive.run(run).counts) == {"stored": 1}
    assert archive.run(run).pending == 2


def store_settled(archive: Archive, link: Link) -> str | None:
    """Settle a link within a batch as an article of its own; the outcome."""
    made = numbered(int(link.url[-1]))[1]
    saved = archive.settle(link, page(link.url, made.text.encode()), made)
    return saved and saved.outcome
