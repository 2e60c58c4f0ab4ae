"""The spiders of copydesk under Scrapy's own command, from the repository's root, against sites on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage import Archive, Query
from tests.crawling import lately
from tests.sites import Outlet, Site, serve

ROOT = Path(__file__).parents[1]
ARTICLES = 12
LISTEN = "0A"  # the state of a socket that listens, in /proc/net/tcp
LOOPBACK = ("-s", "COPYDESK_ALLOW_PRIVATE=127.0.0.0/8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    outlets = [
        Outlet(articles=ARTICLES, newest_at=lately()),
        Outlet("127.0.0.2", seed=2, articles=ARTICLES, newest_at=lately(), delay_ms=300),
    ]
    with serve(outlets, tmp_path_factory.mktemp("site") / "access.jsonl") as running:
        yield running


@pytest.fixture
def surroundings(site: Site, tmp_path: Path, sqlite_template: Path) -> dict[str, str]:
    """The environment of a catalogue with a source for each kind of place, and of an empty archive."""
    sources = tmp_path / "seeds" / "sources"
    sources.mkdir(parents=True)
    for kind in ("feed", "sitemap", "section", "urls"):
        (sources / f"ledger-{kind}.toml").write_text(site.source_toml(site.host, kind))
    (sources / "slow.toml").write_text(site.source_toml("127.0.0.2"))
    (sources / "off.toml").write_text(site.source_toml(site.host).replace("enabled = true", "enabled = false"))
    (tmp_path / "archive.db").write_bytes(sqlite_template.read_bytes())
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")}
    return clean | {"COPYDESK_SEEDS": str(sources.parent), "COPYDESK_DATABASE": f"sqlite:///{tmp_path}/archive.db"}


def scrapy(surroundings: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=240,
        check=False, env=surroundings,
    )  # fmt: skip


@contextmanager
def crawling(surroundings: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """``scrapy crawl`` under way."""
    process = subprocess.Popen([sys.executable, "-m", "scrapy", "crawl", *arguments], cwd=ROOT, env=surroundings)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(6000):
        if holds():
            return
        time.sleep(0.02)
    pytest.fail("it did not come about within two minutes")


def archived(surroundings: dict[str, str]) -> dict[str | None, str]:
    with Archive.open(surroundings["COPYDESK_DATABASE"]) as archive:
        return {each.url: each.text for each in archive.find(Query(limit=None))}


def unsettled(surroundings: dict[str, str]) -> int:
    with Archive.open(surroundings["COPYDESK_DATABASE"]) as archive:
        return sum(run.pending + (run.finished_at is None) for run in archive.runs())


def truth(site: Site, host: str) -> dict[str, str]:
    return {url: each.text for url, each in site.articles(host).items()}


def test_scrapy_knows_the_spiders(surroundings: dict[str, str]) -> None:
    assert scrapy(surroundings, "list").stdout.split() == ["desk", "feed", "section", "sitemap", "urls"]


@pytest.mark.parametrize("kind", ["feed", "sitemap", "section", "urls"])
def test_each_spider_crawls_its_place(kind: str, site: Site, surroundings: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = scrapy(surroundings, "crawl", kind, "-a", f"source=ledger-{kind}", "-O", str(out))
    assert done.returncode == 0
    assert not [line for line in done.stderr.splitlines() if " ERROR: " in line or " WARNING: " in line]
    items = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert {each["url"]: each["text"] for each in items} == truth(site, site.host) == archived(surroundings)
    assert unsettled(surroundings) == 0


def test_what_cannot_be_crawled_is_said_in_one_line(site: Site, surroundings: dict[str, str]) -> None:
    refusals = {
        "which source? (scrapy crawl feed -a source=NAME)": ["feed"],
        "no source 'nobody'": ["urls", "-a", "source=nobody"],
        "off is not enabled (copydesk sources preview off": ["feed", "-a", "source=off"],
        "ledger-feed has no place of the kind sitemap": ["sitemap", "-a", "source=ledger-feed"],
    }
    asked = len(site.read_log())
    with ThreadPoolExecutor() as together:
        done = together.map(lambda words: scrapy(surroundings, "crawl", *words, "-L", "WARNING"), refusals.values())
    for said, each in zip(refusals, done, strict=True):
        assert each.returncode == 1
        (line,) = each.stderr.splitlines()
        assert f"ERROR: {said}" in line
    assert len(site.read_log()) == asked


@pytest.mark.parametrize("kind", ["desk", "feed"])
def test_an_archive_out_of_reach_is_said_in_one_line(kind: str, surroundings: dict[str, str]) -> None:
    nobody = {"COPYDESK_DATABASE": "postgresql://nobody@127.0.0.1:1/news", "COPYDESK_BLOBS": "raw"}
    done = scrapy(surroundings | nobody, "crawl", kind, "-a", "source=ledger-feed", "-L", "WARNING")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "ERROR: postgresql+psycopg://nobody@127.0.0.1:1/news: connection failed" in line


def test_a_crawl_that_is_stopped_is_gone_on_with(site: Site, surroundings: dict[str, str]) -> None:
    slow = truth(site, "127.0.0.2")

    def fetched() -> int:
        return len(site.read_log().of("127.0.0.2", "*.html"))

    with crawling(surroundings, "feed", "-a", "source=slow", "-L", "ERROR") as crawl:
        until(lambda: fetched() >= 3)
        assert not listening(crawl.pid)
        crawl.send_signal(signal.SIGINT)
        assert crawl.wait(60) == 0
    first = archived(surroundings)
    assert len(first) == fetched() < ARTICLES  # what was fetched is kept

    site.control("127.0.0.2", delay_ms=0)
    assert scrapy(surroundings, "crawl", "feed", "-a", "source=slow").returncode == 0
    assert archived(surroundings) == slow
    assert unsettled(surroundings) == 0
    assert set(site.read_log().of("127.0.0.2", "*.html").fetches().values()) == {1}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="no /proc here")
def test_the_check_for_listening_sockets_sees_one(site: Site) -> None:
    assert listening(site.pid)


def listening(process: int) -> list[str]:
    """The TCP sockets on which a process or one of its children listens; none where there is no /proc."""
    mine = set()
    for each in family(process):
        for descriptor in Path(f"/proc/{each}/fd").glob("*"):
            try:
                mine.add(descriptor.readlink().name)
            except OSError:  # closed meanwhile
                continue
    tables = [path for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == LISTEN and f"socket:[{row[9]}]" in mine]


def family(process: int) -> list[int]:
    """A process, its children and theirs."""
    children = [
        int(child) for tasks in Path(f"/proc/{process}/task").glob("*/children") for child in tasks.read_text().split()
    ]
    return [process, *(each for child in children for each in family(child))]


def test_the_shell_reaches_a_private_address_only_when_told_so(site: Site, surroundings: dict[str, str]) -> None:
    address = site.listing(site.host, "rss")
    refused = scrapy(surroundings, "shell", address, "-c", "response.status", "-L", "ERROR")
    assert refused.returncode == 1
    assert "127.0.0.1: not a public address (loopback)" in refused.stderr
    told = scrapy(surroundings, "shell", address, "-c", "response.status", "-L", "ERROR", *LOOPBACK)
    assert (told.returncode, told.stdout.strip(), told.stderr) == (0, "200", "")
    fetched = scrapy(surroundings, "fetch", address, "--nolog", *LOOPBACK)
    assert fetched.stdout.count("<item>") == ARTICLES
