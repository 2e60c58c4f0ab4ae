"""WARC out: what web archives check and read, and what copydesk makes the same articles of again."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from crawler.ingest import take_in
from crawler.readers import ReaderOptions, read_inputs
from pipelines import clean
from storage import Archive, Claims, Page, Query
from storage.export import export_pages, is_of_pages
from tests.newsroom import prose

NOON = datetime(2026, 11, 20, 12, 0, 5, 250_000, tzinfo=UTC)
HTML = "<html lang=en><title>Gate stays shut</title><body><article><h1>Gate stays shut</h1>{}</article></body>"
FETCHED = Page(
    "https://gazette.example/á b?x=1",
    HTML.format("".join(f"<p>{part}</p>" for part in prose(1).split("\n\n"))).encode(),
    "text/html; charset=utf-8",
    NOON,
    "gazette",
    200,
    (("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked"),
     ("Content-Length", "17"), ("X-Odd", "a\r\nInjected: yes"), ("Server", "é")),
    Claims(title="Said elsewhere", published_at=NOON),
    asked_url="http://gazette.example/short",
)  # fmt: skip
SAVED = Page(None, f"A saved text\n\n{prose(2)}".encode(), "text/plain; charset=utf-8", NOON, origin="saved/a.txt")
KEPT = Page("https://herald.example/1", f"A kept text\n\n{prose(3)}".encode(), "text/plain", NOON, "herald")
PAGES = [FETCHED, SAVED, KEPT]


def test_warcio_checks_and_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "all.warc.gz"
    assert export_pages(PAGES, path) == 3
    done = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "fail" not in done.stdout
    with path.open("rb") as file:
        records = [
            (
                each.rec_type,
                each.rec_headers.get_header("WARC-Target-URI"),
                each.http_headers,
                each.content_stream().read(),
            )
            for each in ArchiveIterator(file, check_digests="raise")
        ]
    assert [kind for kind, *_ in records] == [
        "warcinfo", "request", "response", "metadata", "resource", "metadata", "resource", "metadata",
    ]  # fmt: skip
    _, asked, request, _ = records[1]
    assert asked == "http://gazette.example/short"
    assert request.get_header("Host") == "gazette.example"
    _, target, response, body = records[2]
    assert target == "https://gazette.example/%C3%A1%20b?x=1"
    assert body == FETCHED.body
    assert response.get_header("Injected") is None
    assert response.get_header("Content-Length") == str(len(FETCHED.body))
    assert response.get_header("X-Archive-Orig-Content-Encoding") == "gzip"
    told = json.loads(records[3][3])
    assert told["claims"]["title"] == "Said elsewhere"
    assert told["source"] == "gazette"
    assert records[4][3] == SAVED.body
    assert records[4][1].startswith("urn:uuid:")
    ids = [each.rec_headers.get_header("WARC-Record-ID") for each in ArchiveIterator(io.BytesIO(path.read_bytes()))]
    assert len(set(ids)) == len(ids)


def test_the_same_pages_give_the_same_file(tmp_path: Path) -> None:
    export_pages(PAGES, tmp_path / "a.warc.gz")
    export_pages(iter(PAGES), tmp_path / "b.warc.gz")
    assert (tmp_path / "a.warc.gz").read_bytes() == (tmp_path / "b.warc.gz").read_bytes()
    assert export_pages([], tmp_path / "none.warc.gz") == 0
    assert is_of_pages(Path("A.WARC.GZ"))
    assert not is_of_pages(Path(".warc.gz"))
    assert not is_of_pages(Path("a.warc.gz.jsonl"))


@pytest.mark.parametrize("number", range(3))
def test_odd_headers_break_no_record(tmp_path: Path, number: int) -> None:
    odd = replace(
        FETCHED, content_type="text/html\r\nX: y", headers=(("A\nB", "\x00\ud800"),), status=(200, 299, 999)[number],
        claims=Claims(title="\ud800\x00"),
    )  # fmt: skip
    export_pages([odd], tmp_path / "a.warc.gz")
    data = gzip.decompress((tmp_path / "a.warc.gz").read_bytes())
    assert data.count(b"WARC/1.1\r\n") == 4
    assert [each.rec_type for each in ArchiveIterator(io.BytesIO(data), check_digests="raise")][2] == "response"


def test_copydesk_makes_the_same_articles_of_it(archive: Archive, tmp_path: Path) -> None:
    plain = [replace(page, claims=Claims()) for page in PAGES]
    for page in plain:
        archive.save(page, clean(page))
    before = {each.content_hash: each for each in archive.find(Query(limit=None))}
    assert len(before) == 3
    path = tmp_path / "all.warc.gz"
    assert export_pages((archive.page(each.id) for each in before.values()), path) == 3
    with Archive.open(f"sqlite:///{tmp_path}/again.db", blobs=str(tmp_path / "again")) as again:
        report = take_in(again, read_inputs([str(path)], ReaderOptions()), "ingest", str(path), lambda *_: None)
        after = {each.content_hash: each for each in again.find(Query(limit=None))}
        assert report.read == 3
        assert set(after) == set(before)
        for key, article in after.items():
            assert (article.id, article.title, article.text) == (before[key].id, before[key].title, before[key].text)
            assert article.fetched_at == before[key].fetched_at
