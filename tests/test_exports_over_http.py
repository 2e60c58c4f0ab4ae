"""Exports over HTTP: as many rows as were counted, of one moment; broken where they fail; let go of where left."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from storage import Archive, Query, schema
from storage.export import MEDIA_TYPES, record
from storage.web.safety import Safety
from tests.newsroom import article, fork, numbered, page
from tests.reading_room import serving

API = "/api/v1"
MANY = 1_500  # articles: more than are in memory at once, and than any buffer on the way holds


@pytest.fixture
def filled(archive: Archive) -> Archive:
    with archive.batch():
        for number in range(MANY):
            archive.save(
                page(f"https://gazette.example/{number}", str(number).encode(), origin=f"made:{number}"),
                article(f"Story {number}. " + f"The council met again, for the {number}th time. " * 60, f"No {number}"),
            )
    return archive


@pytest.fixture
def served(filled: Archive, tmp_path: Path) -> Iterator[str]:
    with serving(filled, tmp_path, Safety(exports=2)) as address:
        yield address + API


def test_rows_are_as_many_as_counted(filled: Archive, served: str) -> None:
    for words in ("", "title:7", "story -title:1*", "since:2021-13"):
        response = httpx.get(f"{served}/export", params={"q": words}, timeout=60)
        rows = [json.loads(line) for line in response.text.splitlines()]
        query = Query(words=words or None, limit=None)
        assert len(rows) == int(response.headers["copydesk-count"]) == filled.count(query)
        assert rows == [record(each) for each in filled.find(query)]
        assert int(response.headers["copydesk-seq"]) == filled.changes.last()
    assert "since:2021-13" in json.loads(response.headers["copydesk-notes"])[0]


def test_every_format_is_a_download(served: str) -> None:
    for form, kind in MEDIA_TYPES.items():
        response = httpx.get(f"{served}/export", params={"format": form, "q": "title:77"}, timeout=60)
        assert response.headers["content-type"] == kind
        assert response.headers["content-disposition"] == f'attachment; filename="articles.{form}"'
        assert response.content


def test_it_is_of_one_moment_while_others_write(filled: Archive, served: str) -> None:
    with httpx.stream("GET", f"{served}/export", timeout=60) as response:
        chunks = response.iter_bytes()
        first = next(chunks)
        with filled.batch():
            for number in range(MANY, MANY + 50):
                filled.save(*numbered(number))
        lines = (first + b"".join(chunks)).splitlines()
    assert len(lines) == int(response.headers["copydesk-count"]) == MANY
    assert filled.count(Query()) == MANY + 50
    later = httpx.get(f"{served}/changes", params={"since": response.headers["copydesk-seq"]}).json()["changes"]
    assert len(later) == 50


def test_a_failure_breaks_the_connection(filled: Archive, served: str) -> None:
    """An article without its version is counted, and not read: there are fewer rows than were said."""
    with filled._database.writing() as connection:
        connection.execute(update(schema.article).where(schema.article.c.seq == MANY // 2).values(current=99))
    with pytest.raises(httpx.RemoteProtocolError), httpx.stream("GET", f"{served}/export", timeout=60) as response:
        assert response.status_code == 200
        for _ in response.iter_bytes():
            pass
    if curl := shutil.which("curl"):
        done = subprocess.run([curl, "-s", "-o", "/dev/null", f"{served}/export"], check=False)
        assert done.returncode == 18  # "a file was only partially transferred"
    assert httpx.get(f"{served}/articles?limit=1").status_code == 200


def test_whoever_goes_away_frees_the_connection(filled: Archive, served: str) -> None:
    pool = filled._database.engine.pool
    for _ in range(5):  # more than may be under way at one time
        with socket.create_connection(("127.0.0.1", httpx.URL(served).port or 0)) as client:
            client.sendall(b"GET /api/v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
        _until(lambda: pool.checkedout() == 0)  # type: ignore[attr-defined]
    assert httpx.get(f"{served}/export", params={"q": "title:77"}, timeout=60).status_code == 200


def test_only_so_many_at_one_time(served: str) -> None:
    address = ("127.0.0.1", httpx.URL(served).port or 0)
    with socket.create_connection(address) as one, socket.create_connection(address) as other:
        for client in (one, other):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /api/v1/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        busy = httpx.get(f"{served}/export")
        assert (busy.status_code, busy.json()["type"]) == (503, "/docs/problems/busy")
        assert int(busy.headers["retry-after"]) > 0
        assert httpx.get(f"{served}/articles?limit=1").status_code == 200
    _until(lambda: httpx.get(f"{served}/export", timeout=60).status_code == 200)


def test_readers_and_a_writer(filled: Archive, served: str) -> None:
    """Eight readers at once, each seeing whole batches, while another process writes."""
    url, place = filled._database.engine.url.render_as_string(hide_password=False), filled.place
    stop = threading.Event()
    seen: list[int] = []
    faults: list[str] = []

    def read() -> None:
        with httpx.Client(timeout=60) as client:
            while not stop.is_set():
                for path in ("/search?q=council", "/articles?limit=5", "/counts?by=day", "/changes?limit=5"):
                    response = client.get(f"{served}{path}")
                    if response.status_code != 200:
                        faults.append(response.text)
                seen.append(client.get(f"{served}/counts?by=source").json()["total"])

    readers = [threading.Thread(target=read) for _ in range(8)]
    for each in readers:
        each.start()
    writer = fork(_write, url, place)
    writer.join(120)
    stop.set()
    for each in readers:
        each.join()
    assert writer.exitcode == 0
    assert not faults
    assert {number - MANY for number in seen} <= {0, 10, 20, 30, 40, 50}


def _write(url: str, place: str) -> None:
    with Archive.open(url, place) as archive:
        for start in range(MANY, MANY + 50, 10):
            with archive.batch():
                for number in range(start, start + 10):
                    archive.save(*numbered(number))


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail("it did not come to pass within half a minute")
