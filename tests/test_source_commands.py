"""The commands for sources, with news sites on loopback: each step that can fail, and an archive that is left alone."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from crawler.cli import main
from crawler.fetching.fetch import Fetcher
from crawler.fetching.visit import Visit
from crawler.parsers import Parsers
from crawler.probe import Probe
from crawler.source import Source
from crawler.source_check import Finding, check_source
from storage import Archive
from storage.database import Database
from storage.schema import metadata
from tests.newsroom import article, page
from tests.raw_server import response, serving
from tests.sites import Fault, Outlet, Site, serve

GOOD, CLOSED, UNSURE, EMPTY, AWAY = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
SOURCE = """
title = "Gazette"
homepage = "http://127.0.0.1/"
[[place]]
kind = "{kind}"
urls = ["{url}"]
[fetch]
delay_seconds = 0
allow_private = ["127.0.0.0/8"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A good outlet, one whose robots.txt refuses all, one whose robots.txt fails, one with nothing out yet,
    one whose articles are elsewhere."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    faults = (Fault("/broken", status=500), Fault("/busy", status=503, retry_after="60"))
    outlets = [
        Outlet(GOOD, articles=30, newest_at=now, faults=faults),
        Outlet(CLOSED, robots="closed"),
        Outlet(UNSURE, robots="503"),
        Outlet(EMPTY, released=0),
        Outlet(AWAY, articles=5, link_styles=(f"away:{GOOD}",)),
    ]
    with serve(outlets, tmp_path_factory.mktemp("sites") / "log") as served:
        yield served


class Checker:
    """Checks sources with one worker process for all."""

    def __init__(self, runner: asyncio.Runner, fetcher: Fetcher, parsers: Parsers) -> None:
        self.run = runner.run
        self._fetcher, self._parsers = fetcher, parsers

    def __call__(self, text: str, *, whole: bool = False) -> tuple[Finding, ...]:
        return self.run(self.checked(text, whole=whole))

    async def checked(self, text: str, *, whole: bool = False) -> tuple[Finding, ...]:
        source = Source.parse("it", text)
        visit = Visit(self._fetcher, source.fetch.delay_seconds, source.fetch.allow_private)
        probe = Probe(source, visit, self._parsers)
        return await check_source(probe, whole=whole, tell=lambda _: None)


@pytest.fixture(scope="module")
def check() -> Iterator[Checker]:
    with asyncio.Runner() as runner:
        fetcher, parsers = Fetcher(), Parsers(1)
        try:
            yield Checker(runner, fetcher, parsers)
        finally:
            parsers.close()
            runner.run(fetcher.close())


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Copydesk:
    """``copydesk`` in this process, with a catalogue and an archive of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.sources = folder / "seeds" / "sources"
        self.sources.mkdir(parents=True)

    def __call__(self, *words: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(["sources", *words])
        out, err = self._capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    def write(self, name: str, text: str) -> Path:
        path = self.sources / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def archive(self) -> dict[str, list[Any]]:
        """Every row of every table of the archive."""
        database = Database.open(f"sqlite:///{self.folder}/archive.db")
        try:
            with database.reading() as connection:
                return {table.name: list(connection.execute(select(table))) for table in metadata.sorted_tables}
        finally:
            database.close()


@pytest.fixture
def copydesk(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Copydesk:
    shutil.copy(sqlite_template, tmp_path / "archive.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COPYDESK_DATABASE", f"sqlite:///{tmp_path}/archive.db")
    monkeypatch.setenv("COPYDESK_BLOBS", str(tmp_path / "raw"))
    return Copydesk(tmp_path, capsys)


def failing(findings: tuple[Finding, ...]) -> Finding:
    """The step that fails; those before it in its place passed or did not apply, and those after it were not tried."""
    failed = [finding for finding in findings if finding.state == "failed"]
    assert len(failed) == 1, failed
    at = findings.index(failed[0])
    assert all(finding.state != "failed" for finding in findings[:at])
    assert all(finding.state == "skipped" for finding in findings[at + 1 :])
    return failed[0]


def with_place(text: str, kind: str, url: str) -> str:
    """The text of a source with one more place."""
    return text.replace("[schedule]", f'[[place]]\nkind = "{kind}"\nurls = ["{url}"]\n[schedule]')


# --- check ----------------------------------------------------------------------------------------------------------


def test_a_good_source_passes_every_step(site: Site, check: Checker) -> None:
    findings = check(site.source_toml(GOOD))
    assert [(finding.step, finding.state) for finding in findings] == [
        ("file", "passed"),
        ("address", "passed"),
        ("connection", "passed"),
        ("tls", "skipped"),
        ("robots", "passed"),
        ("status", "passed"),
        ("listing", "passed"),
        ("scope", "passed"),
        ("article", "passed"),
        ("clean", "passed"),
    ]
    newest = next(iter(site.articles(GOOD).values()))
    assert findings[-1].url == newest.address
    assert newest.title in findings[-1].detail


@pytest.mark.parametrize(
    ("host", "url", "step", "words"),
    [
        (GOOD, "http://{host}:1/rss", "connection", "Cannot connect"),
        (CLOSED, "{base}/rss.xml", "robots", "refused by {base}/robots.txt"),
        (UNSURE, "{base}/rss.xml", "robots", "answered 503"),
        (GOOD, "{base}/nowhere.xml", "status", "answered 404"),
        (GOOD, "{base}/broken", "status", "answered 500"),
        (GOOD, "{base}/busy", "status", "Retry-After 60"),
        (GOOD, "{base}/chain/6/rss.xml", "status", "more than 5 redirects"),
        (GOOD, "{base}/away/" + CLOSED + "/rss.xml", "robots", "refused by http://" + CLOSED),
        (GOOD, "{base}/", "listing", "a web page, not a feed"),
        (EMPTY, "{base}/rss.xml", "listing", "lists no article"),
    ],
)
def test_the_step_that_fails_is_named(site: Site, check: Checker, host: str, url: str, step: str, words: str) -> None:
    named = {"host": host, "base": site.bases[host]}
    failed = failing(check(site.source_toml(host, urls=[url.format(**named)])))
    assert failed.step == step
    assert words.format(**named) in failed.detail
    assert failed.hint


def test_an_address_that_is_not_public_is_refused(site: Site, check: Checker) -> None:
    failed = failing(check(site.source_toml(GOOD, allow_private=[])))
    assert (failed.step, failed.place) == ("address", 1)
    assert "loopback" in failed.detail
    assert "allow_private" in (failed.hint or "")


def test_articles_elsewhere_are_outside_the_scope(site: Site, check: Checker) -> None:
    text = site.source_toml(GOOD).replace(f'homepage = "{site.base}/"', 'homepage = "https://gazette.example/"')
    failed = failing(check(text))
    assert failed.step == "scope"
    assert site.base.removeprefix("http://") in failed.detail
    assert failed.hint
    assert failed.hint.startswith(f'hosts = ["{site.base.removeprefix("http://")}"]')


def test_an_article_that_fails_is_named(site: Site, check: Checker) -> None:
    gone = failing(check(site.source_toml(GOOD, "urls", urls=[f"{site.base}/nowhere.html"])))
    assert (gone.step, gone.detail) == ("article", "status: answered 404")


def test_the_source_has_its_say_in_cleaning(site: Site, check: Checker) -> None:
    newest = next(iter(site.articles(GOOD).values()))
    text = site.source_toml(GOOD) + f"[clean]\nremove = [{json.dumps(newest.paragraphs[0])}]\n"
    words = [int(check(each)[-1].detail.split()[0]) for each in (site.source_toml(GOOD), text)]
    assert words[0] - words[1] == len(newest.paragraphs[0].split())


def test_an_article_that_leads_out_of_the_scope_is_not_followed(site: Site, check: Checker) -> None:
    before = len(site.read_log().records)
    failed = failing(check(site.source_toml(AWAY)))
    assert failed.step == "article"
    assert "not on the site of" in failed.detail
    assert {record.host for record in site.read_log().records[before:]} == {AWAY}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"Gate stays shut\n\nThe northern flood gate stays shut before spring.", "too short: "),
        (b"<html><body></body></html>", "no visible text"),
        (b"%PDF-1.7 \0\1\2\3", "not text"),
    ],
)
def test_a_page_without_an_article_is_named(check: Checker, body: bytes, words: str) -> None:
    async def run() -> tuple[Finding, ...]:
        content_type = "text/html" if body.startswith(b"<") else "text/plain"
        async with serving({"/page": response(body, f"Content-Type: {content_type}")}) as server:
            return await check.checked(SOURCE.format(url=server.url("/page"), kind="urls"))

    failed = failing(check.run(run()))
    assert failed.step == "clean"
    assert words in failed.detail


def test_a_server_without_tls_is_named(check: Checker) -> None:
    def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        writer.close()

    async def run() -> tuple[Finding, ...]:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await check.checked(SOURCE.format(url=f"https://127.0.0.1:{port}/rss", kind="feed"))

    failed = failing(check.run(run()))
    assert failed.step == "tls"
    assert "always verified" in (failed.hint or "")


def test_a_redirect_is_told_with_where_it_leads(site: Site, check: Checker) -> None:
    findings = check(site.source_toml(GOOD, urls=[f"{site.base}/chain/2/rss.xml"]))
    (status,) = (finding for finding in findings if finding.step == "status")
    assert status.detail.endswith(f"redirected to {site.base}/rss.xml")
    away = check(site.source_toml(GOOD, urls=[f"{site.base}/away/{EMPTY}/rss.xml"]))
    assert [finding.detail for finding in away if finding.state == "failed"] == ["it lists no article"]


def test_every_place_is_tried_and_with_all_every_address(site: Site, check: Checker) -> None:
    text = with_place(
        site.source_toml(GOOD, urls=[f"{site.base}/nowhere.xml", site.listing(GOOD, "rss")]),
        "sitemap",
        site.listing(GOOD, "index"),
    )
    first = check(text)
    assert [(finding.step, finding.place) for finding in first if finding.state == "failed"] == [("status", 1)]
    assert [finding.state for finding in first if finding.step == "listing"] == ["skipped", "passed"]
    assert first[-1].state == "passed"
    listings = [finding for finding in check(text, whole=True) if finding.step == "listing"]
    assert [finding.state for finding in listings] == ["skipped", "passed", "passed"]
    assert "of an index of 1" in listings[2].detail


def test_check_on_the_command_line(site: Site, copydesk: Copydesk) -> None:
    copydesk.write("ledger", site.source_toml(GOOD, urls=[f"{site.base}/nowhere.xml"]))
    said = copydesk("check", "ledger")
    assert said.code == 1
    assert "✕\tstatus\tplace[1]\tanswered 404" in said.out
    assert said.err.startswith("error: ledger fails at: status: answered 404\n")
    records = copydesk("check", "ledger", "--json").records
    assert [record["step"] for record in records if record["state"] == "failed"] == ["status"]
    copydesk.write("broken", "title = 7\n")
    said = copydesk("check", "broken", "--json")
    assert (said.code, said.records[0]["step"], said.records[0]["state"]) == (1, "file", "failed")
    assert "broken.toml:1: title: not a text" in said.err
    assert copydesk("check", "nobody").code == 2


def test_requests_are_polite(site: Site, check: Checker) -> None:
    before = len(site.read_log().records)
    check(site.source_toml(GOOD, delay_seconds=0.2))
    records = site.read_log().records[before:]
    assert [record.path for record in records][:2] == ["/robots.txt", "/rss.xml"]
    assert len(records) == 3
    assert all(later.t - earlier.t >= 0.2 for earlier, later in pairwise(records))
    assert all("copydesk/" in record.headers["user-agent"] for record in records)


# --- preview --------------------------------------------------------------------------------------------------------


def test_preview_shows_articles_and_stores_nothing(site: Site, copydesk: Copydesk) -> None:
    text = with_place(site.source_toml(GOOD, urls=[f"{site.base}/nowhere.xml"]), "feed", site.listing(GOOD, "rss"))
    copydesk.write("ledger", text)
    newest = list(site.articles(GOOD).values())[:2]
    with Archive.open(f"sqlite:///{copydesk.folder}/archive.db") as archive:
        archive.save(page(newest[1].address), article())
    before = copydesk.archive()
    assert before["source"] == []

    def kept() -> list[Path]:
        return sorted((copydesk.folder / "raw").rglob("*"))

    bytes_before = kept()
    said = copydesk("preview", "ledger", "--articles", "2", "--json")
    assert said.code == 0
    assert "nowhere.xml  status: answered 404" in said.err
    listing, *articles = said.records
    assert (listing["place"], listing["named"], listing["outside"]) == (2, 30, 0)
    assert [each["text"] for each in articles] == [truth.text for truth in newest]
    assert [each["title"] for each in articles] == [truth.title for truth in newest]
    assert [each["authors"] for each in articles] == [[truth.author] for truth in newest]
    assert [each["outcome"] for each in articles] == ["new", "known"]
    assert all(each["removed"]["related"] for each in articles)
    assert copydesk.archive() == before
    assert kept() == bytes_before


def test_preview_of_nothing_fails(site: Site, copydesk: Copydesk) -> None:
    copydesk.write("closed", site.source_toml(CLOSED))
    said = copydesk("preview", "closed")
    assert said.code == 1
    assert "robots: refused by" in said.err
    assert "try: copydesk sources check closed" in said.err


# --- list, enable, disable ------------------------------------------------------------------------------------------


def test_list_tells_every_source_and_every_fault(site: Site, copydesk: Copydesk) -> None:
    copydesk.write("ledger", site.source_toml(GOOD))
    copydesk.write("courrier", site.source_toml(GOOD).replace('"en"', '"fr-CA"').replace("= true", "= false"))
    assert [record["name"] for record in copydesk("list", "--json").records] == ["courrier", "ledger"]
    assert copydesk("list").out.splitlines() == [
        "courrier\tfr-CA\t\toff, unverified\tfeed\tevery 30m\tThe Morning Ledger",
        "ledger\ten\t\tenabled, unverified\tfeed\tevery 30m\tThe Morning Ledger",
    ]
    assert [record["name"] for record in copydesk("list", "--enabled", "--json").records] == ["ledger"]
    assert [record["name"] for record in copydesk("list", "--language", "FR", "--json").records] == ["courrier"]
    copydesk.write("wrong", 'titel = "Wrong"\n')
    said = copydesk("list", "--json")
    assert (said.code, len(said.records)) == (1, 2)
    assert "wrong.toml:1: titel: not a key that is known here" in said.err
    assert "did you mean title?" in said.err


def test_list_has_the_archive_know_the_sources(site: Site, copydesk: Copydesk) -> None:
    ledger = copydesk.write("ledger", site.source_toml(GOOD))
    star = copydesk.write("star", site.source_toml(GOOD))
    copydesk("list")
    ledger.write_text("broken", encoding="utf-8")
    star.unlink()
    assert copydesk("list").code == 1
    with Archive.open(f"sqlite:///{copydesk.folder}/archive.db") as archive:
        enabled = {record.name: record.enabled for record in archive.sources.all()}
    assert enabled == {"ledger": True, "star": False}  # a slip in a file does not switch its source off


def test_switching_changes_the_file_and_the_archive(site: Site, copydesk: Copydesk) -> None:
    text = site.source_toml(GOOD)
    path = copydesk.write("ledger", text)
    assert copydesk("disable", "ledger").code == 0
    assert path.read_text(encoding="utf-8") == text.replace("enabled = true", "enabled = false")
    said = copydesk("enable", "nobody", "ledger", "--json")
    assert (said.code, said.records) == (2, [{"name": "ledger", "enabled": True}])
    assert "nobody.toml:1: no such source" in said.err
    assert path.read_text(encoding="utf-8") == text
    with Archive.open(f"sqlite:///{copydesk.folder}/archive.db") as archive:
        assert archive.sources.get("ledger").enabled


# --- import, export -------------------------------------------------------------------------------------------------


def test_opml_goes_out_and_in(site: Site, copydesk: Copydesk) -> None:
    copydesk.write("ledger", site.source_toml(GOOD))
    copydesk.write("maps", site.source_toml(GOOD, "sitemap"))
    assert copydesk("export", "all.opml").code == 0
    assert "ledger" in copydesk("export", "-", "--json").records[0]["opml"]
    (copydesk.sources / "maps.toml").unlink()
    said = copydesk("import", "all.opml", "--json")
    assert said.code == 0
    assert [(each["name"], each["outcome"]) for each in said.records] == [("ledger", "left"), ("maps", "added")]
    assert "left alone: The Morning Ledger: it exists already, as ledger" in said.err
    assert not Source.parse("maps", (copydesk.sources / "maps.toml").read_text(encoding="utf-8")).enabled


def test_import_tells_what_fails_and_goes_on(copydesk: Copydesk) -> None:
    shutil.rmtree(copydesk.sources)
    feeds = {
        "Good": "https://good.example/rss",
        "Bad": "ftp://bad.example/rss",
        "Good again": "https://good.example/rss",
    }
    outlines = "".join(f'<outline text="{title}" xmlUrl="{url}"/>' for title, url in feeds.items())
    (copydesk.folder / "x.opml").write_text(f"<opml version='2.0'><body>{outlines}</body></opml>", encoding="utf-8")
    said = copydesk("import", "x.opml")
    assert (said.code, said.out) == (1, "added 1   left 1   failed 1\n")
    assert "failed  Bad" in said.err
    assert [path.name for path in copydesk.sources.iterdir()] == ["good.toml"]
    (copydesk.folder / "x.opml").write_text("no XML", encoding="utf-8")
    said = copydesk("import", "x.opml")
    assert (said.code, said.err[:23]) == (1, "error: x.opml: not XML:")


def test_a_folder_that_cannot_be_written_is_one_clear_line(site: Site, copydesk: Copydesk) -> None:
    copydesk.write("ledger", site.source_toml(GOOD))
    said = copydesk("export", "nowhere/all.opml")
    assert said.code == 3
    assert re.fullmatch(r"error: nowhere/all.opml: cannot be written: No such file or directory\n", said.err)


def test_the_pace_of_a_source_is_told(site: Site, copydesk: Copydesk) -> None:
    text = SOURCE.format(kind="feed", url=site.listing(GOOD, "rss")).replace(
        "[fetch]", "[schedule]\nauto = true\n[fetch]"
    )
    copydesk.write("gazette", f"enabled = true\n{text}")
    copydesk.write("courier", SOURCE.format(kind="feed", url=site.listing(AWAY, "rss")))
    (listed,) = [each for each in copydesk("list", "--json").records if each["name"] == "gazette"]
    assert re.fullmatch(r"auto: about every 30 min now, 30 min at the quietest; 60 requests a day", listed["schedule"])
    with Archive.open(f"sqlite:///{copydesk.folder}/archive.db") as archive:
        archive.paces.plan("gazette", datetime.now(UTC), datetime.now(UTC), 0)
        noons = [6.0 if hour % 24 == 12 else 0.01 for hour in range(168)]
        archive.paces.keep_rhythm("gazette", noons, datetime.now(UTC), datetime.now(UTC))
    (told,) = copydesk("pace", "gazette", "--json").records
    assert told["articles"] == noons
    assert (told["auto"], told["articles_a_week"]) == (True, 43.6)
    assert told["looks"][12] > 10 * told["looks"][3]
    assert sum(told["looks"]) / 7 == pytest.approx(told["looks_a_day"], abs=0.1)
    shown = copydesk("pace", "gazette").out
    assert "44 articles a week are expected" in shown
    assert len(re.findall(r"^ *12:00\s", shown, re.MULTILINE)) == 2
    as_if = copydesk("pace", "courier")
    assert (as_if.code, "nothing was learned of it yet" in as_if.out) == (0, True)
    assert copydesk("pace", "herald").code == 2
    assert "It would be looked at about every" in copydesk("preview", "gazette", "--articles", "1").out
    copydesk.write("ledger", re.sub('every = ".*"', "auto = true", site.source_toml(GOOD)))
    assert "\nlooked at about every" in copydesk("check", "ledger").out
