"""Crawls of pages that scripts write: stored whole where they are rendered, and nothing is left behind."""

from __future__ import annotations

import gzip
import os
import signal
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from storage.records import RENDERED, Page
from tests.crawling import CrawlDesk, adds_up, counts, definition, engines, family
from tests.scripted import chromiums, feed, gone, serving, shell, story

NAMES = ["north", "south", "east"]
ROBOTS = "text/plain", b"User-agent: *\nDisallow: /private/\n"
SECTION = """<!DOCTYPE html><html><body><main></main><script>
fetch("/api/list").then(answer => answer.json()).then(names => { document.querySelector("main").innerHTML = names.map(
    name => `<h2><a href="/news/${name}">The footbridge at ${name} is to rise again</a></h2>`).join("") });
</script></body></html>"""
PRIVATE = "fetch('/private/counter');"


def rendering_desk(folder: Path, chromium: str) -> CrawlDesk:
    environ = {"COPYDESK_CHROMIUM": chromium, "COPYDESK_CHROMIUM_SANDBOX": "off"}
    return CrawlDesk(folder, environ={**environ, "COPYDESK_CONTACT": "desk@example.org"})


def fill(pages: dict[str, object], base: str) -> None:
    """A feed, and pages whose scripts fetch their text."""
    pages |= {"/robots.txt": ROBOTS, "/feed.xml": feed(base, NAMES)}
    pages |= {f"/news/{name}": shell(name, PRIVATE) for name in NAMES}
    pages |= {f"/api/{name}.json": story(name) for name in NAMES}


def test_pages_are_stored_whole_where_they_are_rendered_and_not_else(tmp_path: Path, chromium: str) -> None:
    pages: dict[str, object] = {}
    with serving(pages) as site:
        fill(pages, site.base)
        desk = rendering_desk(tmp_path, chromium)
        place = ("feed", [f"{site.base}/feed.xml"])
        desk.add("plain", definition(f"{site.base}/", place))
        assert desk.crawl("plain")[1].get("stored", 0) == 0
        assert not any("/api/" in path for path in site.paths)

        checked = desk.copydesk("sources", "check", "plain")
        assert checked.returncode == 1
        assert "render = true under [fetch]" in checked.stderr

        (desk.sources / "plain.toml").unlink()
        desk.add("written", definition(f"{site.base}/", place, render=True))
        checked = desk.copydesk("sources", "check", "written")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "rendered: 2 requests" not in checked.stdout  # robots.txt refuses one of them
        assert "rendered: 1 requests" in checked.stdout

        site.asked.clear()
        code, report = desk.crawl(*(f"{site.base}/news/{name}" for name in NAMES))
        assert (code, report["stored"]) == (0, 3), report
        assert {agent.partition("/")[0] for _, agent in site.asked} == {"copydesk"}
        assert all("desk@example.org" in agent for _, agent in site.asked)
        assert "/private/counter" not in site.paths
        articles = desk.articles()
        for name in NAMES:
            article = articles[f"{site.base}/news/{name}"]
            assert article.title == f"Footbridge {name} to rise again"
            assert all(f"Dispatch {name}, part {part}." in article.text for part in range(1, 5))

        # What is kept is what was read, and says so; the archive comes out of it again without any browser.
        with desk.archive() as archive:
            kept = [page for page in archive.replay() if isinstance(page, Page) and page.rendered]
        again = desk.copydesk("crawl", f"{site.base}/news/north", "--json")
    assert '"unchanged": 1' in again.stdout  # although the shell has the ETag of before
    assert len(kept) == 3
    assert all(b"Dispatch" in page.body and page.content_type == "text/html; charset=utf-8" for page in kept)
    assert all(dict(page.headers)[RENDERED].startswith("Chromium/") for page in kept)

    other = CrawlDesk(tmp_path / "again", environ={"COPYDESK_BLOBS": str(tmp_path / "raw")})
    rebuilt = other.copydesk("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    texts = {url: article.text for url, article in articles.items()}
    assert {url: article.text for url, article in other.articles().items()} == texts

    warc = tmp_path / "all.warc.gz"
    assert desk.copydesk("export", str(warc)).returncode == 0
    records = gzip.decompress(warc.read_bytes())
    assert records.count(b"WARC-Type: resource") == 3
    assert b"WARC-Type: response" not in records  # no server sent these bytes
    assert b'"rendered": "Chromium/' in records
    third = CrawlDesk(tmp_path / "third")
    assert third.copydesk("ingest", str(warc)).returncode == 0
    assert {url: article.text for url, article in third.articles().items()} == texts


def test_a_section_that_a_script_writes_names_its_articles(tmp_path: Path, chromium: str) -> None:
    pages: dict[str, object] = {}
    with serving(pages) as site:
        fill(pages, site.base)
        pages["/section/"] = "text/html", SECTION.encode()
        pages["/api/list"] = "application/json", b'["north", "south", "east"]'
        desk = rendering_desk(tmp_path, chromium)
        place = ("section", [f"{site.base}/section/"])
        desk.add("written", definition(f"{site.base}/", place, article=["/news/"], render=True))
        assert desk.crawl("written")[1]["stored"] == 3


def test_a_page_that_breaks_its_browser_fails_and_the_others_are_stored(tmp_path: Path, chromium: str) -> None:
    pages: dict[str, object] = {}
    with serving(pages) as site:
        fill(pages, site.base)
        pages["/news/east"] = shell("east", "const all = []; while (true) all.push(new Array(100000).fill(1))")
        desk = rendering_desk(tmp_path, chromium)
        desk.add("written", definition(f"{site.base}/", ("feed", [f"{site.base}/feed.xml"]), render=True))
        with desk.workers():
            desk.over(desk.file("written"), when=lambda run: counts(run) == {"stored": 2})
            while "rendering" not in desk.why(f"{site.base}/news/east")[1]:
                time.sleep(0.1)
        outcome, why = desk.why(f"{site.base}/news/east")
    assert outcome == "pending"
    assert "too much memory; try 2 of 3" in why


def test_no_browser_is_left_by_a_kill_and_the_crawl_goes_on(tmp_path: Path, chromium: str) -> None:
    pages: dict[str, object] = {}

    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(4)
        handler.send_response(200)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(pages) as site:
        fill(pages, site.base)
        pages |= {f"/news/{name}": shell(name, "fetch('/slow')") for name in NAMES}
        pages["/slow"] = slow
        desk = rendering_desk(tmp_path, chromium)
        desk.add("written", definition(f"{site.base}/", ("feed", [f"{site.base}/feed.xml"]), render=True))
        with desk.workers() as (worker,):
            run = desk.file("written")
            processes = _of_the_browser(worker.pid)
            (engine,) = engines(worker.pid)
            os.kill(engine, signal.SIGKILL)
            assert gone(processes)
            (ended,) = desk.over(run)
            later = list(family(worker.pid))
        assert counts(ended) == {"stored": 3}
        assert adds_up(ended)
        assert gone(later)


def test_no_browser_is_left_by_a_kill_of_the_whole_crawl(tmp_path: Path, chromium: str) -> None:
    pages: dict[str, object] = {}
    with serving(pages) as site:
        fill(pages, site.base)
        pages |= {f"/news/{name}": shell(name, "while (true) {}") for name in NAMES}
        desk = rendering_desk(tmp_path, chromium)
        desk.add("written", definition(f"{site.base}/", ("feed", [f"{site.base}/feed.xml"]), render=True))
        with desk.workers() as (worker,):
            desk.file("written")
            processes = _of_the_browser(worker.pid)
            (engine,) = engines(worker.pid)
            for process in (worker.pid, engine):
                os.kill(process, signal.SIGKILL)
            assert gone(processes)


@pytest.mark.parametrize("there", [True, False])
def test_the_doctor_starts_a_browser_where_a_source_wants_one(tmp_path: Path, chromium: str, there: bool) -> None:
    desk = rendering_desk(tmp_path, chromium if there else "/bin/false")
    assert "browser" not in desk.copydesk("doctor").stdout
    desk.add("written", definition("http://127.0.0.1:1/", ("feed", ["http://127.0.0.1:1/feed.xml"]), render=True))
    found = desk.copydesk("doctor")
    (line,) = [line for line in found.stdout.splitlines() if "browser" in line]
    assert (f"{chromium}, Chromium " if there else "/bin/false does not start") in line, found.stdout


def test_one_line_says_what_is_missing(tmp_path: Path) -> None:
    desk = CrawlDesk(tmp_path, environ={"COPYDESK_CHROMIUM": "/nowhere/chromium"})
    desk.add("written", definition("http://127.0.0.1:1/", ("feed", ["http://127.0.0.1:1/feed.xml"]), render=True))
    for command in (("crawl", "written"), ("crawl", "http://127.0.0.1:1/a"), ("sources", "check", "written")):
        done = desk.copydesk(*command)
        assert done.returncode == 3, command
        assert "no program /nowhere/chromium" in done.stderr
        assert "COPYDESK_CHROMIUM" in done.stderr
        assert len(done.stderr.strip().splitlines()) <= 2, done.stderr


def test_links_wait_for_a_browser_where_a_worker_has_none(tmp_path: Path) -> None:
    pages: dict[str, object] = {}
    with serving(pages) as site:
        fill(pages, site.base)
        desk = CrawlDesk(tmp_path, environ={"COPYDESK_CHROMIUM": "/nowhere/chromium"})
        desk.add("written", definition(f"{site.base}/", ("feed", [f"{site.base}/feed.xml"]), render=True))
        done = desk.copydesk("schedule", "--once")
        assert "no program /nowhere/chromium" in done.stderr
        assert not any("/news/" in path for path in site.paths)  # no server is asked in vain
        assert desk.why(f"{site.base}/news/north")[0] == "pending"


def _of_the_browser(pid: int) -> list[int]:
    """The processes of a browser that renders a page for a worker, once they are there."""
    deadline = time.monotonic() + 60
    while len(found := chromiums(pid)) < 6:
        assert time.monotonic() < deadline, f"no browser came: {family(pid)}"
        time.sleep(0.1)
    return found
