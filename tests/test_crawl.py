"""The crawl as a user sees it: what a source lists is in the archive, each article once, as its site has it.

One worker carries out two rounds over all outlets; between them the sites change.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.links import Order
from storage.records import Run
from tests.crawling import COPYDESK, CrawlDesk, adds_up, counts, definition, differences, lately
from tests.sites import AccessLog, Fault, Outlet, Site, serve

_FEEDS = ("rss", "rdf", "atom", "json")
_LISTINGS = (*_FEEDS, "plain", "index", "news")
_LANGUAGES = ("en", "fr", "de", "vi")
_NEWEST = lately()
_AWAY, _STRANGER = "127.0.3.9", "127.0.3.10"


def _outlet(host: str, seed: int, articles: int = 4, **values: object) -> Outlet:
    kept = {"language": _LANGUAGES[seed % 4], "template": seed % 3, "newest_at": _NEWEST, "feeds": _FEEDS}
    return Outlet(host, f"Outlet {seed}", seed, articles=articles, **kept | values)  # type: ignore[arg-type]  # fields


def _path(outlet: Outlet, number: int) -> str:
    return outlet.piece(number).path


def _faulty(outlet: Outlet, *faults: tuple[int, str, int]) -> Outlet:
    made = tuple(Fault(_path(outlet, number), kind, status) for number, kind, status in faults)
    return outlet.changed({"faults": made})


_BY_KIND = {name: _outlet(f"127.0.1.{at}", at, sitemap_size=3) for at, name in enumerate(_LISTINGS, start=1)}
_SECTIONED = _outlet("127.0.2.1", 11, 8, page_size=2, language="en")
_NAMED = _outlet("127.0.2.2", 12)
_TWINS = _outlet("127.0.2.3", 13, twins=("amp", "mobile", "parameter"),
                 link_styles=("amp", "mobile", "tracking", "plain"))  # fmt: skip
_MOVED = _outlet("127.0.2.4", 14, 8,
                 link_styles=("301", "302", "303", "307", "308", "relative", "chain-2", "chain-5"))  # fmt: skip
_LOST = _outlet("127.0.2.5", 15, link_styles=("loop", "chain-6", f"away:{_AWAY}", f"away:{_STRANGER}"))
_GONE = _faulty(_outlet("127.0.2.6", 16), (1, "status", 404), (2, "status", 410))
_NO_FEED = _outlet("127.0.2.7", 17, feeds=())
_EMPTY_FEED = _outlet("127.0.2.8", 18, feed_items=0)
_BROKEN_FEED = _outlet("127.0.2.9", 19, 2)
_LIMITED = _outlet("127.0.2.10", 20)
_RESERVED = _outlet("127.0.2.11", 21, 2, headers=(("X-Robots-Tag", "noarchive"), ("TDM-Reservation", "1")))
_CUT = _faulty(_outlet("127.0.2.12", 22, feeds=("atom",), compress=False), (1, "truncated", 0))
_CLOSED = _outlet("127.0.2.13", 23)
_CLOSED = _CLOSED.changed({"disallow": (_path(_CLOSED, 1),)})
_BARE = _faulty(_outlet("127.0.2.14", 24, 2), (1, "status", 200))  # a page with a word on it, and no more
_OTHERS = [
    _outlet(_AWAY, 15), _outlet(_STRANGER, 15), _SECTIONED, _NAMED, _TWINS, _MOVED, _LOST, _GONE, _NO_FEED, _EMPTY_FEED,
    _BROKEN_FEED, _LIMITED, _RESERVED, _CUT, _CLOSED, _BARE,
]  # fmt: skip


class Rounds:
    """The site, the desk, and the runs of each round by source."""

    def __init__(self, site: Site, desk: CrawlDesk) -> None:
        self.site, self.desk = site, desk
        self.first: Mapping[str, Run] = {}
        self.second: Mapping[str, Run] = {}
        self.log, self.later = AccessLog([]), AccessLog([])

    def base(self, outlet: Outlet) -> str:
        return self.site.bases[outlet.host]

    def address(self, outlet: Outlet, number: int) -> str:
        return self.base(outlet) + _path(outlet, number)

    def listed(self, outlet: Outlet, number: int) -> str:
        """The address of an article as the feeds of its outlet give it."""
        from tests.sites.listings import feed_link

        return feed_link(outlet, self.base(outlet), outlet.piece(number))


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    """The first round, carried out by one worker that stays for the second."""
    folder = tmp_path_factory.mktemp("rounds")
    with serve([*_BY_KIND.values(), *_OTHERS], folder / "log") as site:
        desk = CrawlDesk(folder)
        made = Rounds(site, desk)
        names = _fill(made)
        with desk.workers():
            orders = {"limited": Order(limit=2)}
            runs = {name: desk.file(name, order=orders.get(name, Order())) for name in names}
            made.first = dict(zip(runs, desk.over(*runs.values()), strict=True))
            made.log = site.read_log()
            yield made


@pytest.fixture(scope="module")
def second(rounds: Rounds) -> Rounds:
    """The second round, after articles were edited, cut off, and listed elsewhere."""
    site, desk = rounds.site, rounds.desk
    for name in ("atom", "plain"):
        site.control(_BY_KIND[name].host, edits={2: 120})  # minutes after the newest: later than the first round
    whole = _CUT.changed({"edits": {2: 120}, "faults": (Fault(_path(_CUT, 2), "truncated"),)})
    site.control(_CUT.host, edits=whole.edits, faults=[{"path": whole.faults[0].path, "kind": "truncated"}])
    desk.add("twins", site.source_toml(_TWINS.host, "sitemap"))
    time.sleep(1.1)  # HTTP dates are of whole seconds
    runs = {name: desk.file(name) for name in rounds.first if name not in ("named", "gone")}
    rounds.second = dict(zip(runs, desk.over(*runs.values()), strict=True))
    rounds.later = AccessLog(site.read_log().records[len(rounds.log) :])
    return rounds


def _fill(rounds: Rounds) -> list[str]:
    """Write the catalogue; the names of its sources."""
    site, desk = rounds.site, rounds.desk
    for name, outlet in _BY_KIND.items():
        desk.add(name, site.source_toml(outlet.host, "feed" if name in _FEEDS else "sitemap", listing=name))
    for name, outlet in (
        ("twins", _TWINS), ("moved", _MOVED), ("gone", _GONE), ("limited", _LIMITED), ("reserved", _RESERVED),
        ("cut", _CUT), ("closed", _CLOSED), ("bare", _BARE),
    ):  # fmt: skip
        desk.add(name, site.source_toml(outlet.host))
    desk.add("named", site.source_toml(_NAMED.host, "urls"))
    desk.add("lost", site.source_toml(_LOST.host, hosts=[_AWAY]))
    base = rounds.base(_SECTIONED)
    sections = [f"{base}/{slug}/" for slug, _ in _SECTIONED.sections]
    desk.add("sectioned", definition(f"{base}/", ("section", sections, 5)))
    for name, outlet, feed in (
        ("no-feed", _NO_FEED, "/rss.xml"), ("empty-feed", _EMPTY_FEED, "/rss.xml"), ("broken-feed", _BROKEN_FEED, "/"),
    ):  # fmt: skip
        base = rounds.base(outlet)
        places = (("feed", [base + feed]), ("sitemap", [f"{base}/sitemap.xml"]), ("section", [f"{base}/"]))
        desk.add(name, definition(f"{base}/", *places))
    return sorted(file.stem for file in desk.sources.iterdir())


@pytest.mark.parametrize("name", _LISTINGS)
def test_feeds_and_sitemaps_bring_the_truth(rounds: Rounds, name: str) -> None:
    articles = rounds.site.articles(_BY_KIND[name].host)
    assert differences(rounds.desk.articles(name), articles.values()) == []
    assert {rounds.log.fetches()[address] for address in articles} == {1}


def test_sections_are_followed_to_their_last_pages(rounds: Rounds) -> None:
    assert differences(rounds.desk.articles("sectioned"), rounds.site.articles(_SECTIONED.host).values()) == []


def test_addresses_of_a_source_are_articles(rounds: Rounds) -> None:
    assert differences(rounds.desk.articles("named"), rounds.site.articles(_NAMED.host).values()) == []


def test_every_run_adds_up(second: Rounds) -> None:
    for run in (*second.first.values(), *second.second.values()):
        assert adds_up(run), run
        assert run.pending == 0, run
        assert run.finished_at, run


def test_an_article_is_one_whatever_its_twin_is_called(second: Rounds) -> None:
    """The feed names AMP, mobile and tracking addresses, the sitemap of the second round the articles' own."""
    found = second.desk.articles("twins")
    truths = list(second.site.articles(_TWINS.host).values())
    assert len(found) == len(truths)
    assert {each.text for each in found.values()} == {truth.text for truth in truths}
    assert {each.canonical_url for each in found.values()} == {truth.canonical for truth in truths}
    assert "stored" not in counts(second.second["twins"])


def test_redirects_end_at_the_article(rounds: Rounds) -> None:
    assert differences(rounds.desk.articles("moved"), rounds.site.articles(_MOVED.host).values()) == []
    assert max(rounds.log.of(_MOVED.host).fetches().values()) == 1


def test_redirects_that_lead_nowhere_say_so(rounds: Rounds) -> None:
    desk = rounds.desk
    fates = {number: desk.why(rounds.listed(_LOST, number)) for number in (1, 2, 3, 4)}
    assert fates[4] == ("failed", fates[4][1])
    assert "more than 5 redirects" in fates[4][1]  # a loop
    assert "more than 5 redirects" in fates[1][1]  # six of them
    assert fates[3][0] == "outside"
    assert _STRANGER in fates[3][1]
    assert len(rounds.log.of(_STRANGER)) == 0
    assert [each.url for each in desk.articles("lost").values()] == [
        rounds.site.bases[_AWAY] + _path(_LOST, 2)  # a host that the source names as its own
    ]


def test_what_is_gone_fails_with_its_status(rounds: Rounds) -> None:
    assert rounds.desk.why(rounds.address(_GONE, 1)) == ("failed", "http-404: answered 404")
    assert rounds.desk.why(rounds.address(_GONE, 2))[1].startswith("http-410")
    assert counts(rounds.first["gone"]) == {"failed": 2, "stored": 2}


@pytest.mark.parametrize("name", ["no-feed", "empty-feed", "broken-feed"])
def test_the_next_place_is_tried_when_one_yields_nothing(rounds: Rounds, name: str) -> None:
    outlet = {"no-feed": _NO_FEED, "empty-feed": _EMPTY_FEED, "broken-feed": _BROKEN_FEED}[name]
    assert differences(rounds.desk.articles(name), rounds.site.articles(outlet.host).values()) == []
    assert rounds.log.fetches()[f"{rounds.base(outlet)}/sitemap.xml"] == 1
    listings = dict(rounds.first[name].listings)
    assert listings == ({"listed": 2} if name == "empty-feed" else {"listed": 1, "failed": 1})


def test_a_second_crawl_asks_only_whether_lists_have_changed(second: Rounds) -> None:
    for name in ("rss", "rdf", "json", "news", "moved", "reserved"):
        run = second.second[name]
        assert (counts(run), dict(run.listings)) == ({}, dict(second.first[name].listings)), run
        host = {**_BY_KIND, "moved": _MOVED, "reserved": _RESERVED}[name].host
        asked = second.later.of(host)
        assert {record.status for record in asked.records} == {304}, name
        assert all(record.if_none_match for record in asked.records)
    assert not second.later.fetches().keys() & second.site.articles(_MOVED.host).keys()


def test_the_sitemaps_of_an_index_are_asked_although_it_stands_unchanged(second: Rounds) -> None:
    asked = second.later.of(_BY_KIND["index"].host)
    assert [record.status for record in asked.records] == [200, 304, 304]


def test_an_unchanged_place_is_no_empty_one(second: Rounds) -> None:
    """A list that has not changed is no reason to try the next place; an empty one is, every time."""
    assert len(second.later.of(_EMPTY_FEED.host, "/sitemap.xml")) == 1
    assert {record.status for record in second.later.of(_NO_FEED.host, "/sitemap.xml").records} == {304}
    assert len(second.later.of(_NO_FEED.host, "/")) == 0


@pytest.mark.parametrize("name", ["atom", "plain"])
def test_what_a_list_calls_changed_becomes_a_version(second: Rounds, name: str) -> None:
    outlet = _BY_KIND[name]
    address = second.address(outlet, 2)
    assert counts(second.second[name]) == {"version": 1}
    assert [record.address for record in second.later.of(outlet.host, "*.html").records] == [address]
    article = second.desk.articles(name)[address]
    assert article.text == second.site.truth[address].text
    with second.desk.archive() as archive:
        versions = archive.versions(article.id)
    assert len({each.text for each in versions}) == 2


def test_the_past_is_listed_also_by_a_sitemap_that_has_not_changed(second: Rounds) -> None:
    """304 says that nothing is new, which is not what was asked."""
    (run,) = second.desk.work("news", order=Order(since=datetime(2020, 1, 1, tzinfo=UTC)))
    assert (run.named, run.known) == (4, 4)


def test_a_limit_is_kept_and_the_rest_comes_next_time(second: Rounds) -> None:
    first = second.first["limited"]
    assert (counts(first), first.left_out) == ({"stored": 2}, 2)
    newest = {second.address(_LIMITED, number) for number in (3, 4)}
    assert {record.address for record in second.log.of(_LIMITED.host, "*.html").records} == newest
    assert counts(second.second["limited"]) == {"stored": 2}
    assert differences(second.desk.articles("limited"), second.site.articles(_LIMITED.host).values()) == []


def test_what_a_feed_says_travels_with_its_articles(rounds: Rounds) -> None:
    """Sections stand in the feed alone; the date does too, where the page has none."""
    found = rounds.desk.articles("rss")
    outlet = _BY_KIND["rss"]
    sections = {rounds.address(outlet, number): outlet.piece(number).section for number in range(1, 5)}
    assert {address: article.section for address, article in found.items()} == sections
    bare = rounds.desk.articles("bare")[rounds.address(_BARE, 1)]
    assert (bare.text, bare.published_at) == ("Sorry.", _BARE.piece(1).published_at)


def test_terms_are_flags_of_the_article(rounds: Rounds) -> None:
    flags = {each.flags for each in rounds.desk.articles("reserved").values()}
    assert flags == {("noarchive", "tdm-reserved")}


def test_a_page_that_broke_off_is_flagged_and_takes_no_whole_text_away(second: Rounds) -> None:
    found = second.desk.articles("cut")
    assert "incomplete" in found[second.address(_CUT, 1)].flags
    assert len(second.log.of(_CUT.host, _path(_CUT, 1))) == 2  # it was given another chance
    assert second.desk.why(second.address(_CUT, 2))[0] == "rejected"
    before = _CUT.written(_CUT.piece(2), 0)
    assert found[second.address(_CUT, 2)].text == "\n\n".join(before.paragraphs)


def test_what_robots_refuses_is_not_fetched(rounds: Rounds) -> None:
    assert rounds.desk.why(rounds.address(_CLOSED, 1))[0] == "refused"
    assert len(rounds.log.of(_CLOSED.host, _path(_CLOSED, 1))) == 0
    assert counts(rounds.first["closed"]) == {"refused": 1, "stored": 3}


def test_single_addresses_are_fetched_known_or_not(second: Rounds) -> None:
    """Covered by a source or not; what no source covers has no leave to reach this machine."""
    known, unknown = second.address(_NAMED, 1), f"{second.base(_NAMED)}/missing.html"
    stray = second.site.bases[_STRANGER] + _path(_LOST, 1)
    (run,) = second.desk.over(second.desk.file(known, unknown, stray))
    assert counts(run) == {"failed": 2, "unchanged": 1}
    assert second.desk.why(unknown)[1].startswith("http-404")
    assert second.desk.why(stray)[1].startswith("address: ")
    assert len(second.site.read_log().of(_STRANGER)) == 0
    (again,) = second.desk.over(second.desk.file(known))
    assert counts(again) == {"unchanged": 1}


def test_the_past_comes_through_sitemaps_and_goes_on_after_an_interruption(tmp_path: Path) -> None:
    """By the command itself: stopped in the middle, the same command goes on, and each article is fetched once."""
    newest = datetime.fromisoformat(lately()) - timedelta(days=300)
    outlet = _outlet("127.0.2.20", 30, 30, newest_at=newest.isoformat(), minutes_between=1440, sitemap_size=6,
                     feed_items=3)  # fmt: skip
    wanted = range(10, 22)
    since, until = (outlet.piece(number).published_at - timedelta(hours=1) for number in (10, 22))
    desk = CrawlDesk(tmp_path)
    with serve([outlet], tmp_path / "log") as site:
        base = site.base
        places = (("feed", [f"{base}/rss.xml"]), ("sitemap", [f"{base}/sitemap-index.xml"]))
        desk.add("past", definition(f"{base}/", *places, delay_seconds=0.5))
        command = ("past", "--since", since.isoformat(), "--until", until.isoformat())
        first = subprocess.Popen([COPYDESK, "crawl", *command], cwd=tmp_path, env=desk.environ,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
        try:
            while len(site.read_log().of(path="*.html")) < 3:
                time.sleep(0.05)
            first.send_signal(signal.SIGINT)
            assert first.wait(60) == 130
        finally:
            first.kill()
            first.communicate()
        with desk.archive() as archive:
            stopped = archive.run(1)
        assert stopped.finished_at is None
        assert 2 <= stopped.read < len(wanted)
        code, report = desk.crawl(*command)
        log = site.read_log()
        said = desk.copydesk("why", base + _path(outlet, 10)).stdout
    assert (code, report["run"], report["stored"], report["pending"]) == (0, 1, len(wanted), 0)
    assert {each.url for each in desk.articles().values()} == {base + _path(outlet, number) for number in wanted}
    assert set(log.of(path="*.html").fetches().values()) == {1}
    assert "stored" in said
    assert len(log.of(path="/rss.xml")) == 0
    assert max(log.of(path="/sitemap-?.xml.gz").fetches().values()) == 1


def test_a_file_of_the_folder_is_not_taken_for_one_of_python(tmp_path: Path) -> None:
    desk = CrawlDesk(tmp_path)
    (tmp_path / "queue.py").write_text("raise SystemExit('not me')")
    done = desk.copydesk("schedule", "--once")
    assert (done.returncode, "not me" in done.stderr) == (0, False), done.stderr


def test_an_archive_that_is_out_of_reach_is_told_in_a_line(tmp_path: Path) -> None:
    desk = CrawlDesk(tmp_path, "postgresql://nobody@127.0.0.1:1/news")
    done = subprocess.run(
        [sys.executable, "-m", "crawler.engine", "forever"], cwd=tmp_path, env=desk.environ, text=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 3
    assert "try: check that the server runs" in done.stderr
    assert "Traceback" not in done.stderr
