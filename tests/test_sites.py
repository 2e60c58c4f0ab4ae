"""The news sites of the tests: what they list is there, what they are told to do wrong they do, and the log is true."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import itertools
import json
import re
import subprocess
import sys
import time
import zlib
from calendar import timegm
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import feedparser  # type: ignore[import-untyped]  # it ships no types
import pytest
from lxml import etree, html

from crawler.source import Source
from pipelines import clean
from storage import Article, Page
from tests.sites import AccessLog, Fault, Outlet, Site, serve, traps
from tests.sites.listings import feed_link
from tests.sites.pages import TEMPLATES, article_page
from tests.sites.prose import LANGUAGES, lexicon, story
from tests.sites.site import ROOT

GOOD, WIRED, BAD, TRAPPED = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"
OUTLETS = (
    Outlet(GOOD, articles=60, feeds=("rss", "rdf", "atom", "json"), sitemap_size=25, twins=("amp", "mobile")),
    Outlet(
        WIRED, "Le Courrier du Canal", 2, "fr", 40, wire=10, wire_seed=9, template=1,
        headers=(("X-Robots-Tag", "noarchive"),),
    ),
    Outlet(
        BAD, seed=3, articles=20, wire=5, wire_seed=9, language="fr",
        link_styles=("plain", "302", "chain-3", "tracking"),
    ),
    Outlet(TRAPPED, seed=4, articles=100, language="vi", traps=tuple(traps.TRAPS)),
)  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve(OUTLETS, tmp_path_factory.mktemp("sites") / "access.jsonl") as running:
        yield running


class Got:
    """An answer, read to its end."""

    def __init__(self, address: str, headers: dict[str, str] | None = None, seconds: float = 10) -> None:
        parts = urlsplit(address)
        assert parts.hostname
        with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)) as connection:
            target = address.split(parts.netloc, 1)[1]
            connection.request("GET", target, headers=headers or {})
            answer = connection.getresponse()
            self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def text(self) -> str:
        return self.body.decode()

    def links(self, base: str) -> list[str]:
        return [urljoin(base, each.get("href")) for each in html.fromstring(self.text).iter("a")]


# --- what is made ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_articles_are_prose_of_their_own(language: str) -> None:
    made = [story(language, f"1/{number}") for number in range(200)]
    assert made[7] == story(language, "1/7")
    assert all(150 <= len(each.text.split()) <= 520 for each in made)
    assert not [each.text for each in made if re.search(r"[{}\[\]|]", each.title + each.text)]
    paragraphs = Counter(paragraph for each in made for paragraph in each.paragraphs)
    assert max(paragraphs.values()) <= 2  # a short closing may come again, a paragraph of the body hardly
    assert len({each.text for each in made}) == 200


def test_an_edit_changes_a_part() -> None:
    first, second, third = (story("en", "1/1", version) for version in range(3))
    assert first.title == second.title == third.title
    assert len({first.text, second.text, third.text}) == 3
    assert set(second.paragraphs) & set(first.paragraphs) == set(first.paragraphs) - {first.paragraphs[1]}


@pytest.mark.parametrize("template", range(len(TEMPLATES)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_cleaning_finds_the_article(language: str, template: int) -> None:
    outlet = Outlet(language=language, template=template, articles=8, seed=5)
    for number in range(1, 9, 2):
        piece = outlet.piece(number)
        body = article_page(outlet, "http://127.0.0.1:80", piece, number // 4)
        page = Page(f"http://127.0.0.1:80{piece.path}", body, "text/html; charset=utf-8", datetime.now(UTC))
        article, written = clean(page), outlet.written(piece, number // 4)
        assert isinstance(article, Article)
        assert article.title == written.title
        assert article.text == written.text
        assert article.published_at == piece.published_at


# --- where it is listed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rss", "rdf", "atom"])
def test_feeds_tell_the_truth(site: Site, kind: str) -> None:
    feed = feedparser.parse(Got(site.listing(GOOD, kind)).body)
    assert not feed.bozo
    assert len(feed.entries) == 50
    for entry in feed.entries:
        truth = site.truth[entry.link]
        published = datetime.fromtimestamp(timegm(entry.get("published_parsed") or entry.updated_parsed), UTC)
        assert (entry.title, published, entry.summary) == (truth.title, truth.published_at, truth.paragraphs[0])


def test_json_feed_tells_the_truth(site: Site) -> None:
    items = json.loads(Got(site.listing(GOOD, "json")).body)["items"]
    assert len(items) == 50
    for item in items:
        truth = site.truth[item["url"]]
        assert (item["title"], datetime.fromisoformat(item["date_published"])) == (truth.title, truth.published_at)


def test_sitemaps_hold_every_article(site: Site) -> None:
    articles = set(site.articles(GOOD))
    assert set(_locations(Got(site.listing(GOOD, "plain")).body)) == articles
    children = _locations(Got(site.listing(GOOD, "index")).body)
    assert len(children) == 3
    assert {each for child in children for each in _locations(gzip.decompress(Got(child).body))} == articles
    news = etree.fromstring(Got(site.listing(GOOD, "news")).body)
    titles = [each.text for each in news.iter("{http://www.google.com/schemas/sitemap-news/0.9}title")]
    assert titles == [site.truth[each].title for each in _locations(etree.tostring(news))]
    assert titles


def test_sections_reach_every_article(site: Site) -> None:
    found: set[str] = set()
    for slug, _ in site.outlets[WIRED].sections:
        address: str | None = site.listing(WIRED, slug)
        while address:
            links = Got(address).links(address)
            found |= site.articles(WIRED).keys() & set(links)
            address = next((link for link in links if "/page/" in link), None)
    assert found == set(site.articles(WIRED))


def test_every_address_answers(site: Site) -> None:
    for truth in site.truth.values():
        if truth.host != TRAPPED:
            got = Got(truth.address)
            assert got.status == 200
            assert all(paragraph.replace("'", "&#x27;") in got.text for paragraph in truth.paragraphs)
            assert f'<link rel="canonical" href="{truth.canonical}">' in got.text
    assert {truth.kind for truth in site.truth.values()} == {"article", "amp", "mobile"}
    assert Got(f"{site.base}/nothing/").status == 404
    assert Got(next(iter(site.articles(WIRED)))).headers["X-Robots-Tag"] == "noarchive"


def test_wire_copies_have_one_text(site: Site) -> None:
    texts = {truth.wire: truth.text for truth in site.articles(WIRED).values() if truth.wire}
    copies = [truth for truth in site.articles(BAD).values() if truth.wire]
    assert (len(texts), len(copies)) == (10, 5)
    assert all(texts[copy.wire] == copy.text for copy in copies if copy.wire)


def _locations(body: bytes) -> list[str]:
    return [str(each.text) for each in etree.fromstring(body).iter("{*}loc")]


# --- how it answers -------------------------------------------------------------------------------------------------


def test_unchanged_pages_are_304(site: Site) -> None:
    for address in (site.listing(GOOD, "rss"), site.listing(GOOD, "plain"), next(iter(site.articles(GOOD)))):
        first = Got(address)
        tag, date = first.headers["ETag"], first.headers["Last-Modified"]
        assert Got(address, {"If-None-Match": f'"x", W/{tag}'}).status == 304
        assert Got(address, {"If-Modified-Since": date}).status == 304
        assert Got(address, {"If-None-Match": '"x"', "If-Modified-Since": date}).status == 200
    site.control(GOOD, conditional=False)
    assert "ETag" not in Got(site.base).headers
    site.control(GOOD, conditional=True)


def test_bodies_are_packed_for_those_who_ask(site: Site) -> None:
    address = next(iter(site.articles(GOOD)))
    packed = Got(address, {"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == Got(address).body


def test_redirects(site: Site) -> None:
    path = urlsplit(next(iter(site.articles(BAD)))).path
    base = site.bases[BAD]
    for status in (301, 302, 303, 307, 308):
        got = Got(f"{base}/go/{status}{path}")
        assert (got.status, got.headers["Location"]) == (status, base + path)
    assert Got(f"{base}/relative{path}").headers["Location"] == path
    assert Got(f"{base}/away/{GOOD}{path}").headers["Location"] == site.bases[GOOD] + path
    assert len(list(itertools.takewhile(lambda got: got.status == 302, _hops(f"{base}/chain/4{path}")))) == 4
    assert all(got.status == 302 for got in itertools.islice(_hops(f"{base}/loop{path}"), 12))


def test_links_of_a_feed_lead_to_articles(site: Site) -> None:
    outlet = site.outlets[BAD]
    links = {each.link for each in feedparser.parse(Got(site.listing(BAD, "rss")).body).entries}
    assert links == {feed_link(outlet, site.bases[BAD], piece) for piece in outlet.newest_first()}
    hops = Counter(sum(1 for _ in itertools.takewhile(lambda got: got.status == 302, _hops(link))) for link in links)
    assert hops == {0: 10, 1: 5, 3: 5}


def _hops(address: str) -> Iterator[Got]:
    while True:
        got = Got(address)
        yield got
        if not (location := got.headers["Location"]):
            return
        address = urljoin(address, location)


def test_refusals_are_counted(site: Site) -> None:
    first, second = list(site.articles(BAD))[:2]
    site.control(BAD, faults=[Fault("/*.html", status=429, retry_after="7", first=2)])
    assert [Got(each).status for each in (first, second, first)] == [429, 429, 200]
    site.control(BAD, faults=[Fault("/*.html", status=429, retry_after="7", first=2)])
    assert Got(first).headers["Retry-After"] == "7"
    site.control(BAD, faults=[Fault("/*.html", first=1, each=True, retry_after="date:60")])
    refused = Got(first)
    assert (refused.status, Got(second).status, Got(first).status, Got(second).status) == (503, 503, 200, 200)
    assert 50 < parsedate_to_datetime(refused.headers["Retry-After"]).timestamp() - time.time() <= 60
    site.control(BAD, faults=[Fault("/*", status=500, until=time.time() + 3600)])
    assert Got(first).status == 500
    site.control(BAD, faults=[Fault("/*", status=500, until=time.time() - 1)])
    assert Got(first).status == 200


def test_broken_deliveries(site: Site) -> None:
    address = next(iter(site.articles(BAD)))
    whole = Got(address).body

    def misbehave(kind: str, **how: float) -> None:
        site.control(BAD, faults=[Fault("/*", kind, **how)])  # type: ignore[arg-type]  # numbers, whole where they must be

    misbehave("truncated")
    with pytest.raises(http.client.IncompleteRead) as cut:
        Got(address)
    assert cut.value.partial == whole[: len(whole) // 2]
    misbehave("reset")
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        Got(address)
    misbehave("half-gzip")
    assert not zlib.decompressobj(31).decompress(Got(address).body).endswith(b"</html>")
    with pytest.raises(EOFError):
        gzip.decompress(Got(address).body)
    misbehave("bomb", size=30 << 20)
    bomb = Got(address)
    assert bomb.headers["Content-Encoding"] == "gzip"
    assert len(bomb.body) < 60_000
    assert gzip.decompress(bomb.body) == bytes(30 << 20)
    misbehave("bare-bomb", size=2 << 20)
    assert "Content-Encoding" not in Got(address).headers
    misbehave("headers", size=200_000)
    assert len(str(Got(address).headers)) > 200_000
    for kind in ("hang", "drip", "endless", "slow"):
        misbehave(kind, seconds=0.05 if kind == "drip" else 5)
        with pytest.raises(TimeoutError):
            _within(address, 0.3)
    site.control(BAD, faults=[])
    assert Got(address).body == whole


def _within(address: str, seconds: float) -> None:
    """Read an answer for so long in all. Raises TimeoutError."""
    parts = urlsplit(address)
    assert parts.hostname
    with closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)) as connection:
        connection.request("GET", parts.path)
        answer, end = connection.getresponse(), time.monotonic() + seconds
        while answer.read1(100):
            if time.monotonic() > end:
                raise TimeoutError


def test_states_of_robots_txt(site: Site) -> None:
    def robots(**values: object) -> Got:
        site.control(BAD, **values)
        return Got(f"{site.bases[BAD]}/robots.txt")

    opened = robots(robots="open", crawl_delay=2, disallow=["/sport/"]).text
    assert opened.startswith("User-agent: *\nDisallow: /sport/\nCrawl-delay: 2\nSitemap: http://127.0.0.3:")
    for status in (401, 403, 404, 429, 500, 503):
        assert robots(robots=str(status)).status == status
    assert robots(robots="closed").text == "User-agent: *\nDisallow: /\n"
    assert robots(robots="text", robots_text="Allow: /").text == "Allow: /"
    assert robots(robots="html").text.startswith("<!DOCTYPE html>")
    assert len(robots(robots="huge").body) > 8_000_000
    assert robots(robots="stars").body.count(b"*") > 100_000
    assert robots(robots="redirect-2").status == 302
    assert [got.status for got in _hops(f"{site.bases[BAD]}/robots.txt")] == [302, 302, 200]
    site.control(BAD, robots="hang")
    with pytest.raises(TimeoutError):
        Got(f"{site.bases[BAD]}/robots.txt", seconds=0.3)
    site.control(BAD, robots="open")


# --- how it changes -------------------------------------------------------------------------------------------------


def test_a_site_changes_while_it_runs(tmp_path: Path) -> None:
    with serve([Outlet(articles=10, released=8, poison=True)], tmp_path / "log") as site:
        first = Got(site.listing(site.host, "rss"))
        assert len(feedparser.parse(first.body).entries) == 8
        site.control(site.host, released=10)
        again = Got(site.listing(site.host, "rss"), {"If-Modified-Since": first.headers["Last-Modified"]})
        assert again.status == 200
        assert len(feedparser.parse(again.body).entries) == 10
        poison = Got(f"{site.base}/poison")
        assert (poison.status, poison.headers["X-Poison"]) == (200, "1")
        assert f"{site.base}/poison" in again.text
        numbered = {truth.number: truth for truth in site.truth.values()}
        before = Got(numbered[3].address)
        site.control(site.host, edits={3: 1}, removed={4: 404, 5: 410})
        after = Got(numbered[3].address, {"If-None-Match": before.headers["ETag"]})
        assert (after.status, Got(numbered[4].address).status, Got(numbered[5].address).status) == (200, 404, 410)
        assert site.truth[numbered[3].address].paragraphs[1] in after.text
        assert numbered[3].paragraphs[1] not in after.text
        assert len(site.truth) == 8
        site.control(site.host, edit_at=time.time() + 3600)
        assert Got(numbered[3].address).body == before.body
        site.control(site.host, edit_at=time.time() + 0.2)
        for _ in range(200):
            if Got(numbered[3].address).body == after.body:
                break
            time.sleep(0.05)
        else:
            pytest.fail("the edit did not come out")
        with pytest.raises(TypeError):
            site.control(site.host, unknown=1)


# --- traps ----------------------------------------------------------------------------------------------------------


def test_trap_sites_have_their_articles_in_the_open(site: Site) -> None:
    found: set[str] = set()
    base = site.bases[TRAPPED]
    for slug, _ in site.outlets[TRAPPED].sections:
        for page in ("", "page/2/"):
            found |= set(Got(f"{base}/{slug}/{page}").links(f"{base}/{slug}/"))
    assert site.articles(TRAPPED).keys() <= found
    assert len(site.articles(TRAPPED)) == 100


@pytest.mark.parametrize("trap", sorted(traps.TRAPS))
def test_traps_do_not_end(site: Site, trap: str) -> None:
    base = site.bases[TRAPPED]
    home = f"{base}/"
    door = next(link for link in Got(home).links(home) if traps.which(link.removeprefix(base)) == trap)
    seen: set[str] = set()
    address = door
    for _ in range(20):
        got = Got(address)
        assert got.status == 200
        seen.add(address)
        fresh = [link for link in got.links(address) if _deeper(link, base, trap) and link not in seen]
        assert fresh, f"{trap} ends at {address}"
        address = fresh[0]


def _deeper(link: str, base: str, trap: str) -> bool:
    if trap == "hosts":
        return (
            urlsplit(link).hostname in (*traps.HOSTS, TRAPPED)
            and "/partners/" not in link
            and not link.endswith(".html")
        )
    return traps.which(link.removeprefix(base)) == trap


def test_facets_are_4096_addresses_of_one_content(site: Site) -> None:
    base = f"{site.bases[TRAPPED]}/search/"
    first = Got(base)
    assert len([link for link in first.links(base) if "/search/?" in link]) == 12
    some = Got(f"{base}?f0=1&f11=1")
    assert set(site.articles(TRAPPED)) & set(some.links(base)) == set(site.articles(TRAPPED)) & set(first.links(base))


# --- what is known of it --------------------------------------------------------------------------------------------


def test_the_log_knows_every_request(tmp_path: Path) -> None:
    outlet = Outlet(articles=5, delay_ms=30, faults=(Fault("/imprint", "hang"),))
    with serve([outlet, Outlet("127.0.0.2", articles=5)], tmp_path / "log") as site:
        one = next(iter(site.articles(site.host)))
        Got(one)
        assert _hanging(site, 3).most_in_flight(site.host) == 3
        other = next(iter(site.articles("127.0.0.2")))
        Got(other, {"User-Agent": "copydesk/test", "If-None-Match": '"x"', "Cookie": "a=b"})
        with pytest.raises(TimeoutError):
            Got(f"{site.base}/imprint?a=1", seconds=0.2)
        log = site.read_log()
        assert log.fetches() == {one: 1, other: 1, f"{site.base}/imprint": 3, f"{site.base}/imprint?a=1": 1}
        assert len(log.gaps(site.host)) == 4
        assert min(log.gaps(site.host)) >= 0
        asked = log.of(host="127.0.0.2").records[0]
        assert (asked.user_agent, asked.if_none_match, asked.headers["cookie"]) == ("copydesk/test", '"x"', "a=b")
        assert (asked.status, asked.whole, asked.port) == (200, True, urlsplit(site.base).port)
        assert asked.sent_bytes > 3000
        slow = log.of(path="*.html", host=site.host).records
        assert all(record.ended_at and record.ended_at - record.t >= 0.03 for record in slow)
        hung = log.of(path="/imprint*").records
        assert not any(record.whole for record in hung)
        assert all(record.ended_at for record in hung)  # the clients have gone


def _hanging(site: Site, requests: int) -> AccessLog:
    """The log while so many requests hang."""
    with ExitStack() as open_:
        for _ in range(requests):
            connection = http.client.HTTPConnection(site.host, urlsplit(site.base).port, timeout=10)
            open_.enter_context(closing(connection))
            connection.request("GET", "/imprint")
        for _ in range(200):
            log = site.read_log()
            if len(log.of(path="/imprint")) == requests:
                break
            time.sleep(0.05)
        return log


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with serve([Outlet(articles=1)], path) as site:
        Got(site.base)
    path.write_bytes(path.read_bytes() + b'{"number": 2, "t"')
    assert len(AccessLog.read(path)) == 1
    assert len(AccessLog.read(tmp_path / "none")) == 0


def test_a_site_that_comes_back_continues_its_log(tmp_path: Path) -> None:
    with serve([Outlet(articles=1)], tmp_path / "log") as site:
        Got(site.base)
        port = urlsplit(site.base).port
    with pytest.raises(ConnectionRefusedError):
        Got(site.base)
    assert port
    with serve([Outlet(articles=1)], tmp_path / "log", port=port) as again:
        Got(again.base)
        log = again.read_log()
    assert again.bases == site.bases
    assert [record.whole for record in log.records] == [True, True]


def test_a_source_for_each_kind(site: Site) -> None:
    for kind, ends in (("feed", "/rss.xml"), ("sitemap", "/sitemap.xml"), ("section", "/"), ("urls", ".html")):
        source = Source.parse("courrier", site.source_toml(WIRED, kind))
        assert source.title == "Le Courrier du Canal"
        assert source.enabled
        assert [place.kind for place in source.places] == [kind]
        assert all(url.startswith(site.bases[WIRED]) and url.endswith(ends) for url in source.places[0].urls)
    assert site.listing(GOOD, "atom") in site.source_toml(GOOD, listing="atom", article=["/\\d{4}/"])


def test_from_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.sites", "--outlets", "3", "--articles", "4", "--log", str(tmp_path / "log")]
    server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdin
    assert server.stdout
    try:
        said = json.loads(server.stdout.readline())
        assert list(said["bases"]) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        assert [Got(base).status for base in said["bases"].values()] == [200, 200, 200]
        server.stdin.close()  # as when whoever started it has died
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.wait(10)
        server.stdout.close()


def test_how_many_requests_a_second(site: Site) -> None:
    """Prints the figure: python -m pytest -s tests/test_sites.py -k second."""
    address = next(iter(site.articles(GOOD)))
    seconds = asyncio.run(_ask(address, connections=8, each=150))
    print(f"\n{8 * 150 / seconds:,.0f} requests a second")  # noqa: T201 - the figure is what it is for
    assert site.read_log().fetches()[address] >= 8 * 150


async def _ask(address: str, connections: int, each: int) -> float:
    parts = urlsplit(address)
    request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in range(each):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        writer.close()

    begun = time.perf_counter()
    async with asyncio.timeout(60):
        await asyncio.gather(*(one() for _ in range(connections)))
    return time.perf_counter() - begun


def test_the_words_fit_together() -> None:
    keys = {language: set(lexicon(language)) for language in LANGUAGES}
    assert all(keys[language] == keys["en"] for language in LANGUAGES)
    furniture = {language: set(lexicon(language)["furniture"]) for language in LANGUAGES}
    assert all(furniture[language] == furniture["en"] for language in LANGUAGES)
