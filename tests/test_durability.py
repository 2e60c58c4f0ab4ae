"""Many processes at once, and processes that are killed: the archive is whole, whatever happened."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections import Counter
from itertools import count
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import Engine, event

from storage import Archive, Query
from tests.chaos_writers import made, race
from tests.newsroom import ended, fork, numbered, page

BATCH = 5
ARTICLES = 60
KILLS = 12


def test_four_processes_save_the_same_articles(database_url: str, tmp_path: Path) -> None:
    """Each in an order of its own, one by one and in batches; among them copies under other addresses."""
    results = get_context("fork").SimpleQueue()

    def save_all(seed: int) -> None:
        order = list(range(200))
        random.Random(seed).shuffle(order)
        outcomes: Counter[str] = Counter()
        with Archive.open(database_url, blobs=str(tmp_path / "raw")) as archive:
            for at in range(0, 200, 20):
                with archive.batch():
                    for number in order[at : at + 20]:
                        came, made = numbered(number)
                        outcomes[archive.save(came, made).outcome] += 1
                        copy = page(f"https://wire{seed}.example/{number}", came.body)
                        outcomes[archive.save(copy, made).outcome] += 1
        results.put(outcomes)

    processes = [fork(save_all, seed) for seed in range(4)]
    assert [ended(process) for process in processes] == [0] * 4
    total = sum((results.get() for _ in processes), Counter[str]())
    assert sum(total.values()) == 4 * 400
    assert total["version"] == 0
    with Archive.open(database_url, blobs=str(tmp_path / "raw")) as archive:
        assert archive.count(Query()) == total["stored"] == 200
        assert archive.statistics().captures == 5 * 200
        assert list(archive.verify()) == []


def _die_at(moment: int, raw: Path) -> None:
    """Kill this process at one of the moments that matter: a statement, a commit, a file that is opened or renamed."""
    moments = count(1)

    def one_more(*_: object) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def touched(name: str, arguments: tuple[object, ...]) -> None:
        if name in ("open", "os.rename", "os.mkdir") and str(arguments[0]).startswith(str(raw)):
            one_more()

    event.listen(Engine, "before_cursor_execute", one_more)
    event.listen(Engine, "commit", one_more)
    sys.addaudithook(touched)


def test_a_killed_process_leaves_whole_batches(database_url: str, tmp_path: Path) -> None:
    """What was acknowledged is there, batches are whole, every row has its bytes; the next process goes on."""
    raw, acknowledged = tmp_path / "raw", tmp_path / "acknowledged"
    acknowledged.touch()

    def ingest(moment: int) -> None:
        if moment:
            _die_at(moment, raw)
        with Archive.open(database_url, blobs=str(raw)) as archive, acknowledged.open("a") as log:
            for at in range(0, ARTICLES, BATCH):
                with archive.batch():
                    for number in range(at, at + BATCH):
                        archive.save(*numbered(number))
                log.write(f"{at}\n")
                log.flush()

    chosen = random.Random(2026)
    codes = []
    for kill in range(KILLS):
        codes.append(ended(fork(ingest, chosen.randrange(5 + 40 * kill, 60 + 40 * kill))))
        with Archive.open(database_url, blobs=str(raw)) as archive:
            stored = {int(article.title.split()[1]) for article in archive.find(Query(limit=None))}
            assert len(stored) == archive.count(Query()) == archive.statistics().versions
            assert list(archive.verify()) == []
        assert all(stored.issuperset(range(at, at + BATCH)) for at in {number // BATCH * BATCH for number in stored})
        assert stored.issuperset(map(int, acknowledged.read_text().split()))
    assert codes.count(-signal.SIGKILL) > KILLS // 2, f"hardly anything was killed: {codes}"
    assert ended(fork(ingest, 0)) == 0
    with Archive.open(database_url, blobs=str(raw)) as archive:
        assert archive.count(Query()) == ARTICLES
        assert archive.statistics().captures == ARTICLES


def test_bytes_and_log_are_there_before_the_commit(archive: Archive, tmp_path: Path) -> None:
    """At the moment of the commit, whoever loses power finds the bytes and the line that every row names."""
    found = []

    def look(_connection: object) -> None:
        log = "".join(file.read_text() for file in (tmp_path / "raw" / "captures").rglob("*.jsonl"))
        found.append([number for number in range(BATCH) if f'"made:{number}"' in log])
        found.append(sorted(archive._blobs.hashes()))

    event.listen(archive._database.engine, "commit", look)
    with archive.batch():
        for number in range(BATCH):
            archive.save(*numbered(number))
        assert not (tmp_path / "raw" / "captures").exists()
    event.remove(archive._database.engine, "commit", look)
    hashes = sorted(archive.sightings(one.id)[0].sha256 for one in archive.find(Query()))
    assert found == [list(range(BATCH)), hashes]


def test_writers_with_the_same_articles_at_once_make_each_once(database_url: str, tmp_path: Path) -> None:
    """``python -m tests.chaos_writers`` does it with 8 writers, 1,000 keys and 5 orders."""
    found = race(database_url, str(tmp_path / "raw"), made(4, 40), seed=1)
    assert (found.articles, found.copies, found.stories, found.unplaced) == (40, 16, 40, 0)
