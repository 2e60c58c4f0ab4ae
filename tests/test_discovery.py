"""Discovery: feeds and sitemaps of sites on loopback, found politely, and the source file that they make."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.cli import main
from crawler.discovery import MOST_REQUESTS, Discovery, discover, homepage_of
from crawler.errors import UnknownSource
from crawler.fetching.addresses import networks
from crawler.fetching.fetch import Fetcher
from crawler.fetching.visit import NotFetched, Visit
from crawler.listings.front_page import language_of, read_front_page
from crawler.parsers import Parsers
from crawler.source import Source
from tests.sites import Fault, Outlet, Site, serve

GOOD, BARE, HIDDEN, CLOSED, UNSURE = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
LOOPBACK = networks(["127.0.0.0/8"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that names all it has, one with nothing but its pages, one that names nothing but has a feed and a
    sitemap, one that refuses all, and one that does not say."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    outlets = [
        Outlet(GOOD, articles=60, newest_at=now, feeds=("rss", "atom"), delay_ms=1),
        Outlet(BARE, articles=30, feeds=(), sitemaps=()),
        Outlet(HIDDEN, feeds=("rss",), robots_sitemaps=False, faults=(Fault("/"),)),
        Outlet(CLOSED, robots="closed"),
        Outlet(UNSURE, robots="503"),
    ]
    with serve(outlets, tmp_path_factory.mktemp("sites") / "log") as served:
        yield served


class Search:
    """Looks through sites with one worker process for all."""

    def __init__(self, runner: asyncio.Runner, fetcher: Fetcher, parsers: Parsers) -> None:
        self._runner, self._fetcher, self._parsers = runner, fetcher, parsers

    def __call__(self, url: str, delay_seconds: float = 0) -> Discovery:
        visit = Visit(self._fetcher, delay_seconds, LOOPBACK, MOST_REQUESTS)
        return self._runner.run(discover(url, visit, self._parsers, lambda _: None))


@pytest.fixture(scope="module")
def search() -> Iterator[Search]:
    with asyncio.Runner() as runner:
        fetcher, parsers = Fetcher(), Parsers(1)
        try:
            yield Search(runner, fetcher, parsers)
        finally:
            parsers.close()
            runner.run(fetcher.close())


def test_what_a_site_names_is_read_and_ranked(site: Site, search: Search) -> None:
    found = search(f"{site.base}/")
    assert [(each.kind, each.url.removeprefix(site.base), each.named_by) for each in found.found] == [
        ("feed", "/rss.xml", "homepage"),
        ("feed", "/atom.xml", "homepage"),
        ("sitemap", "/news-sitemap.xml", "robots.txt"),
        ("sitemap", "/sitemap.xml", "robots.txt"),
        ("sitemap", "/sitemap-index.xml", "robots.txt"),
        ("section", "/", "homepage"),
    ]
    rss, index = found.found[0], found.found[4]
    newest = max(truth.published_at for truth in site.articles(GOOD).values())
    assert (rss.entries, rss.newest, rss.language, rss.outside) == (50, newest, "en", 0)
    assert (index.entries, index.is_index) == (2, True)
    assert found.remarks == ()


def test_the_draft_is_a_source_that_is_off(site: Site, search: Search) -> None:
    found = search(f"{site.base}/")
    source = Source.parse(found.name, found.definition or "")
    assert (source.title, source.language, source.enabled) == ("The Morning Ledger", "en", False)
    assert [(place.kind, place.urls) for place in source.places] == [
        ("feed", (f"{site.base}/rss.xml",)),
        ("sitemap", (f"{site.base}/news-sitemap.xml",)),
        ("section", (f"{site.base}/",)),
    ]
    assert source.fetch.allow_private == LOOPBACK


def test_usual_places_are_tried_where_none_is_named(site: Site, search: Search) -> None:
    hidden = search(f"{site.bases[HIDDEN]}/")
    assert [(each.kind, each.named_by) for each in hidden.found] == [("feed", "guess"), ("sitemap", "guess")]
    assert any("answered 503" in remark for remark in hidden.remarks)
    bare = search(f"{site.bases[BARE]}/")
    assert [each.kind for each in bare.found] == ["section"]
    assert "sitemap" not in (bare.definition or "")


def test_requests_are_few_one_at_a_time_and_apart(site: Site, search: Search) -> None:
    before = len(site.read_log().records)
    search(f"{site.base}/", delay_seconds=0.05)
    search(f"{site.bases[BARE]}/")
    records = site.read_log().records[before:]
    good = [record for record in records if record.host == GOOD]
    assert good[0].path == "/robots.txt"
    assert len({record.path for record in good}) == len(good) == 7
    assert all(later.t - earlier.t >= 0.05 for earlier, later in pairwise(good))
    assert 20 <= len([record for record in records if record.host == BARE]) <= MOST_REQUESTS


def test_robots_are_obeyed(site: Site, search: Search) -> None:
    before = len(site.read_log().records)
    closed = search(f"{site.bases[CLOSED]}/")
    assert (closed.found, closed.definition) == ((), None)
    assert any("refused by" in remark for remark in closed.remarks)
    with pytest.raises(NotFetched, match="answered 503"):
        search(f"{site.bases[UNSURE]}/")
    assert {record.path for record in site.read_log().records[before:]} == {"/robots.txt"}


def test_other_sites_are_left_alone(site: Site, search: Search) -> None:
    rules = f"User-agent: *\nSitemap: {site.bases[BARE]}/sitemap.xml\n"
    site.control(GOOD, robots="text", robots_text=rules)
    try:
        before = len(site.read_log().records)
        found = search(f"{site.base}/")
        assert any(remark.endswith("not looked at, on another site") for remark in found.remarks)
        assert {record.host for record in site.read_log().records[before:]} == {GOOD}
    finally:
        site.control(GOOD, robots="open")


def test_the_command_prints_a_source_file_and_writes_it_once(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["sources", "discover", site.base, "--allow-private", "127.0.0.0/8", "--delay", "0", "--write"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    said = capsys.readouterr()
    assert ended.value.code == 0
    assert "# feed\t" in said.out
    assert tomllib.loads(said.out)["title"] == "The Morning Ledger"
    (written,) = (tmp_path / "seeds" / "sources").iterdir()
    text = written.read_text(encoding="utf-8")
    assert said.out.endswith(text)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "there is such a source already" in capsys.readouterr().err
    assert written.read_text(encoding="utf-8") == text


def test_the_guard_holds_without_an_allowance(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sources", "discover", site.base])
    assert ended.value.code == 1
    assert "loopback" in (said := capsys.readouterr().err)
    assert "--allow-private" in said


@pytest.mark.parametrize(
    ("written", "homepage"),
    [
        ("gazette.example", "https://gazette.example/"),
        ("http://gazette.example", "http://gazette.example/"),
        ("https://gazette.example/en/", "https://gazette.example/en/"),
    ],
)
def test_a_host_or_an_address_is_a_site(written: str, homepage: str) -> None:
    assert homepage_of(written) == homepage


@pytest.mark.parametrize(
    "written", ["", "ftp://gazette.example/", "https://me:secret@gazette.example/", "a b", "http://["]
)
def test_anything_else_is_none(written: str) -> None:
    with pytest.raises(UnknownSource) as error:
        homepage_of(written)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title>Gazette - News from here</title>", "Gazette"),
        ("<title>News, sport and more | The Daily Gazette</title>", "The Daily Gazette"),
        ("<title>Breaking news: all day | Gazette</title>", "Gazette"),
        ('<meta property="og:site_name" content=" La Gazette &amp; Cie "><title>Accueil</title>', "La Gazette & Cie"),
        ("<title>Welcome | Welcome</title>", "Welcome"),
        ("<title>Welcome | News</title>", "Welcome | News"),
        ("<title> </title>", None),
    ],
)
def test_a_site_is_called_what_it_calls_itself(head: str, title: str | None) -> None:
    page = f"<html lang='pt_br'><head>{head}</head><body><p>Text</p></body></html>".encode()
    front = read_front_page(page, "text/html; charset=utf-8", "https://www.gazette.co.uk/")
    assert (front.title, front.language) == (title, "pt-BR")


def test_languages_are_written_as_sources_want_them() -> None:
    written = ["en", "EN-us", "zh-hant-tw", "vi_VN", "es-419", "english", "", "x", "en-US-POSIX"]
    languages = [language_of(each) for each in written]
    assert languages == ["en", "en-US", "zh-Hant-TW", "vi-VN", "es-419", None, None, None, None]
