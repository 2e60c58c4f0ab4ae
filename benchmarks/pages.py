"""How soon pages begin: ``python -m benchmarks.pages [--articles N] [--keep FOLDER] [--database URL]``.

An archive of N articles is made (``benchmarks.big_archive``), or taken from FOLDER if it was made before, with its 60
outlets as sources, looks at each of them, and what became of each address. ``copydesk serve`` answers for it on this
machine, as a process of its own that has just begun. Of each kind of page seven are asked for, one after the other,
each of another article, story, source or word, on a connection of its own: milliseconds from the request to the first
byte of the answer, the first time and the median, and how large the page is. The articles end on 1 July 2026: pages
that show the last 28 days find nothing to draw there.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from sqlalchemy import Connection, insert, select

from benchmarks.big_archive import END, LANGUAGES, SOURCES, Made, fill
from benchmarks.questions import questions
from storage import Archive, schema
from storage.database import Database
from storage.duplicates import key_of
from storage.links import SourceRecord
from storage.url_key import url_key

ARTICLES, ROUNDS = 100_000, 7
LOOKS = 30
"""At each source, an hour apart."""
ROOT = Path(__file__).parents[1]
_AT_ONCE = 2_000
_DEFINITION = """title = "{0}"
homepage = "https://{0}.example/"
language = "{1}"
enabled = true
[[place]]
kind = "feed"
urls = ["https://{0}.example/rss"]
[schedule]
every = "30m"
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer. milliseconds: from the request to its first byte. size: in bytes, with its head."""

    milliseconds: float
    size: int


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--keep", type=Path, help="a folder where the archive stays for the next run")
    parser.add_argument("--database", help="URL of an empty PostgreSQL database, or of one that this has filled")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as temporary:
        folder = said.keep or Path(temporary)
        url = said.database or f"sqlite:///{folder}/pages-{said.articles}.db"
        started = time.perf_counter()
        with closing(Database.open(url)) as database:
            fill(database, said.articles)
        with Archive.open(url, str(folder / "raw")) as archive:
            furnish(archive)
        took = time.perf_counter() - started
        print(f"{said.articles:,} articles, {url.partition(':')[0]} (made or found in {took:,.0f} s)")
        asked = addresses(url, said.articles)
        with serving(url, folder) as base:
            print(f"{'milliseconds to the first byte':32}{'first':>10}{'median of ' + str(ROUNDS):>16}{'kB':>8}")
            for kind, paths in asked.items():
                answers = [ask(base, path) for path in paths]
                times, size = [each.milliseconds for each in answers], statistics.median(each.size for each in answers)
                print(f"{kind:32}{times[0]:>10.1f}{statistics.median(times):>16.1f}{size / 1000:>8.0f}", flush=True)


def furnish(archive: Archive) -> None:
    """Enter the outlets as sources, looks at them, and the fate of each address; once."""
    if archive.sources.all():
        return
    archive.sources.sync(
        [
            SourceRecord(
                name,
                name,
                language,
                None,
                f"https://{name}.example/",
                enabled=True,
                definition=_DEFINITION.format(name, language),
            )
            for at, name in enumerate(SOURCES)
            for language in [LANGUAGES[at % len(LANGUAGES)]]
        ]
    )
    with archive._writing() as connection:
        _enter_fates(connection, {name: _enter_looks(connection, name) for name in SOURCES})
        connection.exec_driver_sql("ANALYZE")


def _enter_looks(connection: Connection, source: str) -> list[int]:
    """The runs of a source, each with its listing; their numbers."""
    times = [END - timedelta(hours=at) for at in range(LOOKS, 0, -1)]
    runs = [
        {
            "kind": "crawl", "source": source, "slot": f"{at:%Y-%m-%dT%H:%M:%SZ}", "started_at": at,
            "finished_at": at + timedelta(minutes=1), "named": 40, "known": 38,
        }
        for at in times
    ]  # fmt: skip
    numbers = list(connection.scalars(insert(schema.run).returning(schema.run.c.id), runs))
    listed = [
        {
            "run_id": number, "at": at, "url": f"https://{source}.example/rss", "outcome": "listed", "listing": True,
            "why": "40 articles",
        }
        for number, at in zip(numbers, times, strict=True)
    ]  # fmt: skip
    connection.execute(insert(schema.fate), listed)
    return numbers


def _enter_fates(connection: Connection, runs: Mapping[str, Sequence[int]]) -> None:
    """That each article was stored, in one of the runs of its source."""
    version = schema.version.c
    asked = select(version.article_id, version.url, version.source, version.fetched_at, version.capture_key)
    for some in connection.execute(asked).partitions(_AT_ONCE):
        stored = [
            {
                "run_id": runs[row.source][at % LOOKS], "at": row.fetched_at, "url": row.url,
                "url_key": key_of(url_key(row.url)), "outcome": "stored", "why": "new", "article_id": row.article_id,
                "capture_key": row.capture_key, "listing": False,
            }
            for at, row in enumerate(some)
        ]  # fmt: skip
        connection.execute(insert(schema.fate), stored)


def addresses(url: str, articles: int) -> dict[str, list[str]]:
    """The pages that are asked for, by their kind: as many of each as there are rounds."""
    article, version = schema.article.c, schema.version.c
    spread = [1 + at * (articles - 1) // ROUNDS for at in range(ROUNDS)]
    with closing(Database.open(url)) as database, database.reading() as connection:
        found = connection.execute(
            select(article.id, version.url)
            .join_from(schema.article, schema.version, schema.current)
            .where(article.seq.in_(spread))
        ).all()
        centres = select(article.copy_of).where(article.copy_of.is_not(None)).distinct().order_by(article.copy_of)
        stories = connection.scalars(centres.limit(ROUNDS)).all()
        runs = connection.scalars(select(schema.run.c.id).order_by(schema.run.c.id.desc()).limit(ROUNDS)).all()
    words = [quote(str(each.query.words)) for each in questions(Made(), articles, 6 * ROUNDS)[::6]]
    return {
        "search": ["/search"] * ROUNDS,
        "search of a word": [f"/search?q={word}" for word in words],
        "article": [f"/articles/{row.id}" for row in found],
        "story": [f"/stories/{story}" for story in stories],
        "sources": ["/sources"] * ROUNDS,
        "source": [f"/sources/{name}" for name in SOURCES[:ROUNDS]],
        "runs": ["/runs"] * ROUNDS,
        "run": [f"/runs/{run}" for run in runs],
        "why": [f"/why?url={quote(row.url, safe='')}" for row in found],
        "about": ["/about"] * ROUNDS,
        "/api/v1/counts by week": ["/api/v1/counts?by=week"] * ROUNDS,
        "/api/v1/counts of a word": [f"/api/v1/counts?by=week&q={word}" for word in words],
    }


@contextmanager
def serving(url: str, folder: Path) -> Iterator[str]:
    """``copydesk serve`` for an archive; yields its address when it answers."""
    environ = os.environ | {
        "COPYDESK_DATABASE": url, "COPYDESK_BLOBS": str(folder / "raw"), "COPYDESK_SEEDS": str(folder / "seeds"),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [sys.executable, "-m", "crawler", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            if not said:
                raise SystemExit("copydesk serve did not begin; what it says stands above")
            base = str(json.loads(said)["address"])
            ask(base, "/health")  # its address is told before it answers there
            yield base
        finally:
            server.terminate()


def ask(base: str, path: str) -> Begun:
    """Ask for a page on a new connection. Raises ValueError where the answer is not 200."""
    host = urlsplit(base).netloc
    name, _, port = host.rpartition(":")
    with socket.create_connection((name, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter()
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = connection.recv(1 << 16)
        milliseconds = 1000 * (time.perf_counter() - started)
        parts = [answer]
        while parts[-1]:
            parts.append(connection.recv(1 << 16))
    if not answer.startswith(b"HTTP/1.1 200 "):
        status = answer.partition(b"\r\n")[0].decode(errors="replace")
        raise ValueError(f"{path}: {status or 'no answer'}")
    return Begun(milliseconds, sum(map(len, parts)))


if __name__ == "__main__":
    main()
