"""A mirror that follows the change log while many write: ``python -m tests.chaos_changes [--database URL]``.

Each writer brings new articles, versions, copies and rulings, and forgets some; the reader asks for what is new since
its last number, a few at a time, and reads each article named. In the end it must have what the archive has, and every
number once.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import func, select

from storage import Archive, Query
from storage.errors import NotFound, Unruly
from storage.reader_schema import change
from storage.records import ArchivedArticle
from tests.chaos_writers import _fresh, _say
from tests.newsroom import ended, fork, page, prose, sketched

WRITERS, ROUNDS = 8, 60


@dataclass(slots=True)
class Mirror:
    """What has been read of an archive. seqs: the numbers of all changes met, in order."""

    articles: dict[str, ArchivedArticle] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)

    def follow(self, archive: Archive, limit: int = 7) -> int:
        """Read what is new; how many changes that were."""
        found = archive.changes.since(self.seqs[-1] if self.seqs else 0, limit)
        for each in found:
            self.seqs.append(each.seq)
            try:
                self.articles[each.article_id] = archive.get(each.article_id)
            except NotFound:
                self.articles.pop(each.article_id, None)
        return len(found)


def write(database: str, raw: str, writer: int, rounds: int) -> None:
    """One writer's work: some of it in batches, all of it its own and everybody's."""
    chance = random.Random(writer)
    with Archive.open(database, raw) as archive:
        ids: list[str] = []
        for at in range(rounds):
            with archive.batch():
                for _ in range(chance.randint(1, 4)):
                    key = chance.randint(0, rounds)
                    text = prose(key).replace(".", f" {writer} {chance.randint(0, 3)}.", 1)
                    url = f"https://{chance.choice(['wire', f'paper{writer}'])}.example/{key}"
                    saved = archive.save(page(url, text.encode(), at, source="wire"), sketched(text, f"No {key}"))
                    ids += [saved.article_id] if saved.article_id else []
            if ids and chance.random() < 0.2:
                with suppress(NotFound, Unruly):  # alone in its story, or forgotten by somebody
                    archive.stories.split(chance.choice(ids))
            if ids and chance.random() < 0.1:
                with suppress(NotFound):
                    archive.forget(chance.choice(ids))


def race(database: str, raw: str, writers: int, rounds: int) -> tuple[Mirror, dict[str, ArchivedArticle], list[int]]:
    """All writers and one reader at once: the mirror, what the archive holds, and the numbers that it gave."""
    results = get_context("fork").SimpleQueue()
    stop = get_context("fork").Event()

    def read() -> None:
        mirror = Mirror()
        with Archive.open(database, raw) as archive:
            is_last = False
            while mirror.follow(archive) or not is_last:
                is_last = stop.is_set()
        results.put(mirror)

    Archive.open(database, raw).close()
    reader = fork(read)
    codes = [ended(process) for process in [fork(write, database, raw, at, rounds) for at in range(writers)]]
    stop.set()
    mirror = results.get()
    assert [*codes, ended(reader)] == [0] * (writers + 1)
    with Archive.open(database, raw) as archive, archive._database.reading() as connection:
        seqs = list(connection.scalars(select(change.c.seq).order_by(change.c.seq)))
        assert connection.scalar(select(func.count()).select_from(change)) == len(seqs)
        return mirror, {found.id: found for found in archive.find(Query(limit=None))}, seqs


def main() -> None:
    """Print the figures; exit with 1 where the mirror is not what it mirrors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--writers", type=int, default=WRITERS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--database", help="URL of a PostgreSQL server, for a database of its own; else an SQLite file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="copydesk-changes-") as folder:
        url = _fresh(asked.database, 0) if asked.database else f"sqlite:///{Path(folder)}/archive.db"
        started = time.monotonic()
        mirror, held, seqs = race(url, f"{folder}/raw", asked.writers, asked.rounds)
        _say(
            f"{asked.writers} writers, {time.monotonic() - started:.0f} s: {len(seqs):,} changes,"
            f" {len(held):,} articles; met {len(mirror.seqs):,}, mirrored {len(mirror.articles):,}"
        )
        with Archive.open(url, f"{folder}/raw") as archive:
            damages = list(archive.verify())
    _say(f"{len(damages)} damaged")
    sys.exit(mirror.articles != held or mirror.seqs != seqs or bool(damages))


if __name__ == "__main__":
    main()
