"""Many writers with the same articles at once: ``python -m tests.chaos_writers [--database URL] [--writers N …]``.

Every writer brings every key in an order of its own, in batches of its own size: the same article at the same address,
and for one key in ten an edited copy at an address of its own. Whatever comes first, there must be one article for each
key and one story, which has all its copies. Then again in other orders, into a fresh archive.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, func, select

from storage import Archive, Article, Page, schema
from tests.newsroom import ended, fork, page, prose, sketched

WRITERS, KEYS, ORDERS = 8, 1_000, 5
_COPIED = 10  # every so many keys have copies

Input = tuple[Page, Article]


@dataclass(frozen=True, slots=True)
class Figures:
    """What an archive holds in the end. unplaced: copies in another story than that of their key."""

    articles: int
    copies: int
    stories: int
    unplaced: int
    seconds: float


def made(writers: int, keys: int) -> list[list[Input]]:
    """What each writer brings, by key: pages of the same bytes, and copies after them."""
    texts = [prose(10_000 + key, 240) for key in range(keys)]
    same = [
        (page(f"https://wire.example/{key}", f"key {key}".encode(), source="wire"), sketched(text, _title(text)))
        for key, text in enumerate(texts)
    ]
    return [same + [_copy(writer, key, texts[key]) for key in range(0, keys, _COPIED)] for writer in range(writers)]


def _copy(writer: int, key: int, text: str) -> Input:
    sentences = text.split(". ")
    sentences[writer % len(sentences)] = f"the editor of paper {writer} wrote this sentence all alone"
    name, edited = f"paper{writer}", ". ".join(sentences)
    return page(f"https://{name}.example/{key}", f"{name} {key}".encode(), 1, source=name), sketched(
        edited, _title(text)
    )


def _title(text: str) -> str:
    """Of no series: no two keys have titles alike."""
    return " ".join(text.split()[-5:])


def race(database: str, raw: str, brought: list[list[Input]], seed: int) -> Figures:
    """All writers at once; what came of it. Raises AssertionError where one of them fails."""
    started = time.monotonic()

    def bring(writer: int) -> None:
        chance = random.Random(seed * 100 + writer)
        inputs = chance.sample(brought[writer], len(brought[writer]))
        with Archive.open(database, raw) as archive:
            while inputs:
                some = [inputs.pop() for _ in range(min(len(inputs), chance.randint(1, 40)))]
                with archive.batch():
                    if chance.random() < 0.5:
                        archive.expect(some)
                    for each in some:
                        archive.save(*each)

    codes = [ended(process) for process in [fork(bring, writer) for writer in range(len(brought))]]
    assert set(codes) == {0}, codes
    article, version = schema.article.c, schema.version.c
    with Archive.open(database, raw) as archive, archive._database.reading() as connection:
        rows = connection.execute(
            select(article.story_id, version.source, version.title).join_from(
                schema.article, schema.version, schema.current
            )
        ).all()
        assert connection.scalar(select(func.count()).select_from(schema.version)) == len(rows), "no versions"
    stories: dict[str, Counter[str]] = {}
    for story_id, _, title in rows:
        stories.setdefault(title, Counter())[story_id] += 1
    return Figures(
        sum(source == "wire" for _, source, _ in rows), sum(source != "wire" for _, source, _ in rows),
        len({story_id for story_id, _, _ in rows}),
        sum(found.total() - max(found.values()) for found in stories.values()), time.monotonic() - started,
    )  # fmt: skip


def main() -> None:
    """Print the figures of each order; exit with 1 where one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--writers", type=int, default=WRITERS)
    parser.add_argument("--keys", type=int, default=KEYS)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--database", help="URL of a PostgreSQL server, for databases of its own; else SQLite files")
    asked = parser.parse_args()
    brought = made(asked.writers, asked.keys)
    copies = asked.writers * len(range(0, asked.keys, _COPIED))
    _say(f"{asked.writers} writers, {asked.keys:,} keys; expected {asked.keys:,} articles, {copies:,} copies")
    _say(f"{'order':>6}{'articles':>10}{'copies':>9}{'stories':>9}{'unplaced':>10}{'seconds':>9}")
    is_well = True
    for order in range(asked.orders):
        with tempfile.TemporaryDirectory(prefix="copydesk-writers-") as folder:
            url = _fresh(asked.database, order) if asked.database else f"sqlite:///{Path(folder)}/archive.db"
            found = race(url, f"{folder}/raw", brought, order)
        _say(
            f"{order:6}{found.articles:10,}{found.copies:9,}{found.stories:9,}{found.unplaced:10,}{found.seconds:9.1f}"
        )
        is_well &= (found.articles, found.copies, found.stories) == (asked.keys, copies, asked.keys)
    sys.exit(not is_well)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _fresh(server: str, order: int) -> str:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"copydesk_writers_{order}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}"')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    main()
