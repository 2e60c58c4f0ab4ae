"""Anyone's own Scrapy spider, with copydesk's two item pipelines: run by Scrapy's own command against real sites."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Archive, Query
from tests.sites import Outlet, Site, serve

ROOT = Path(__file__).parents[1]
ARTICLES = 9
ONE_BY_ONE = ("-s", "CONCURRENT_REQUESTS=1", "-s", "SCRAPER_SLOT_MAX_ACTIVE_SIZE=1")
PROJECT = """
BOT_NAME = "newsroom"
SPIDER_MODULES = ["newsroom.spiders"]
ITEM_PIPELINES = {"pipelines.scrapy.CleanPipeline": 300, "pipelines.scrapy.ArchivePipeline": 400}
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
"""
SPIDER = """
from dataclasses import dataclass

import scrapy
from storage.records import Page
from pipelines.scrapy import page_of


@dataclass(frozen=True)
class Clipping:
    rank: int
    page: Page


class News(scrapy.Spider):
    name = "news"

    async def start(self):
        yield scrapy.Request(self.site + "/rss.xml")

    def parse(self, response):
        yield {"note": "the feed is read"}
        yield response.follow("/nothing", self.other, meta={"handle_httpstatus_list": [404]})  # no article
        for rank, link in enumerate(response.xpath("//item/link/text()").getall()):
            yield response.follow(link, self.article, cb_kwargs={"rank": rank})

    def other(self, response):
        yield page_of(response)

    def article(self, response, rank):
        page = page_of(response, source="ledger")
        yield (page, {"rank": rank, "page": page}, Clipping(rank, page))[rank % 3]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serve([Outlet(articles=ARTICLES)], tmp_path_factory.mktemp("site") / "access.jsonl") as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Scrapy project of somebody."""
    folder = tmp_path / "project"
    (folder / "newsroom" / "spiders").mkdir(parents=True)
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = newsroom.settings\n")
    (folder / "newsroom" / "__init__.py").touch()
    (folder / "newsroom" / "settings.py").write_text(PROJECT)
    (folder / "newsroom" / "spiders" / "__init__.py").touch()
    (folder / "newsroom" / "spiders" / "news.py").write_text(SPIDER)
    return folder


def scrapy(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")}
    return subprocess.run(
        [sys.executable, "-m", "scrapy", *arguments], cwd=folder, capture_output=True, text=True, timeout=240,
        check=False, env=clean | {"PYTHONPATH": str(ROOT)} | environment,
    )  # fmt: skip


def exported(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def articles(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The articles among the items, whether they stand alone or in a field."""
    return [article for item in items if "title" in (article := item.get("page", item))]


def test_two_settings_clean_and_archive(site: Site, project: Path, database_url: str, tmp_path: Path) -> None:
    truth = site.articles()
    places = {"COPYDESK_DATABASE": database_url, "COPYDESK_BLOBS": str(tmp_path / "raw")}
    crawl = ("crawl", "news", "-a", f"site={site.base}", "-L", "INFO", "-O")

    stopped = scrapy(project, *crawl, "first.jsonl", "-s", "CLOSESPIDER_ITEMCOUNT=3", *ONE_BY_ONE, **places)
    assert "Closing spider (closespider_itemcount)" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    first = articles(exported(project / "first.jsonl"))
    assert 2 <= len(first) < ARTICLES
    with Archive.open(database_url, blobs=places["COPYDESK_BLOBS"]) as archive:
        assert {each.id for each in archive.find(Query())} == {each["id"] for each in first}

    whole = scrapy(project, *crawl, "second.jsonl", **places)
    assert whole.returncode == 0
    assert "Traceback" not in whole.stderr
    assert "Dropped: rejected: no-text" in whole.stderr
    second = exported(project / "second.jsonl")
    assert {"note": "the feed is read"} in second
    new = articles(second)
    assert {each["url"] for each in first + new} == set(truth)
    assert len(first) + len(new) == ARTICLES  # what was known is not given out again
    assert f"'copydesk/stored': {len(new)}" in whole.stderr if new else "copydesk/stored" not in whole.stderr
    assert f"'copydesk/unchanged': {len(first)}" in whole.stderr

    with Archive.open(database_url, blobs=places["COPYDESK_BLOBS"]) as archive:
        found = {each.url: each for each in archive.find(Query(source="ledger"))}
        assert {url: (each.title, each.text) for url, each in found.items()} == {
            url: (each.title, each.text) for url, each in truth.items()
        }
        assert archive.fates(site.base + "/nothing")[0].outcome == "rejected"
        assert [(run.kind, run.finished_at is not None) for run in archive.runs()] == [("scrapy", True)] * 2
        assert not list(archive.verify())


def test_a_database_that_cannot_be_opened_ends_the_crawl_before_it_begins(site: Site, project: Path) -> None:
    asked = len(site.read_log())
    done = scrapy(project, "crawl", "news", "-a", f"site={site.base}", "-s", "COPYDESK_DATABASE=mysql://localhost/news")
    (said,) = [line for line in done.stderr.splitlines() if " ERROR: " in line or "Traceback" in line]
    assert said.endswith("no archive can be kept in mysql: use SQLite or PostgreSQL")
    assert "Closing spider (archive_unavailable)" in done.stderr
    assert len(site.read_log()) == asked


def test_the_example_of_the_page_runs(site: Site, tmp_path: Path) -> None:
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "scrapy.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "gazette.py").write_text(example.replace("https://gazette.example", site.base))
    done = scrapy(tmp_path, "runspider", "gazette.py", "-O", "articles.jsonl")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "WARNING" not in done.stderr
    items = exported(tmp_path / "articles.jsonl")
    assert {each["url"]: each["text"] for each in items} == {url: each.text for url, each in site.articles().items()}
