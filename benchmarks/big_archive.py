"""A big archive for the measures of search and export: made of the sentences of real articles, quickly, row by row.

Texts are recombined from the listed French ones: each is half of one article and a quarter of each of two others, so
that words are as frequent, and stand together as often, as in the news. Outlets, hours, weekends, copies and agencies
are drawn to look like those of a monitoring archive of five years. The rows are those that saving would write, without
the kept bytes, and without what copies are told by: nothing that search or export reads is missing.
"""

from __future__ import annotations

import hashlib
import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, insert

from benchmarks.texts import Text, default_file, read
from storage import schema
from storage.database import Database
from storage.reader_schema import change
from storage.word_index import Entry, index

SOURCES = tuple(f"outlet-{number:02}" for number in range(60))
AGENCIES = ("AFP", "Reuters", "AP", "dpa", "EFE", "Xinhua")
LANGUAGES = ("fr", "fr", "fr", "en", "de", "es")
END = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 5 * 365
_AT_ONCE = 2_000
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_BY_HOUR = [1, 1, 1, 1, 2, 4, 8, 10, 10, 9, 9, 9, 8, 8, 8, 8, 9, 10, 9, 7, 5, 4, 3, 2]


@dataclass(frozen=True, slots=True)
class _Pieces:
    """An article in sentences, with its title."""

    title: str
    sentences: tuple[str, ...]


class Made:
    """Rows of articles by number, the same in every run."""

    def __init__(self) -> None:
        self._pieces = [_cut(text) for text in read(default_file()).texts]
        self._pieces = [pieces for pieces in self._pieces if len(pieces.sentences) >= 4]

    def texts(self, number: int) -> tuple[str, str]:
        """Title and text."""
        chance = random.Random(number)
        one, two, three = (chance.choice(self._pieces) for _ in range(3))
        sentences = [
            *one.sentences[: max(2, len(one.sentences) // 2)], *_part(two, chance), *_part(three, chance)
        ]  # fmt: skip
        paragraphs = [" ".join(sentences[at : at + 3]) for at in range(0, len(sentences), 3)]
        return one.title or one.sentences[0][:90], "\n\n".join(paragraphs)

    def rows(self, numbers: Sequence[int], total: int) -> Iterator[dict[str, dict[str, object]]]:
        """The rows of each article, by table."""
        for number in numbers:
            yield self._row(number, total)

    def _row(self, number: int, total: int) -> dict[str, dict[str, object]]:
        chance = random.Random(~number)
        at = _dated(number, total, chance)
        source_number = min(int(chance.paretovariate(0.7)) - 1, len(SOURCES) - 1)
        source, language = SOURCES[source_number], LANGUAGES[source_number % len(LANGUAGES)]
        title, text = self.texts(number)
        id_ = f"{_hash(number):016x}"
        copied = number - chance.randint(1, 50) if number > 100 and chance.random() < 0.08 else None
        central = id_ if copied is None else f"{_hash(copied):016x}"
        url = f"https://{source}.example/{at:%Y/%m/%d}/{id_}"
        key = hashlib.blake2b(id_.encode(), digest_size=16).hexdigest()
        fetched = at + timedelta(minutes=chance.expovariate(1 / 20))
        agency = chance.choice(AGENCIES) if chance.random() < 0.25 else None
        return {
            "capture": {
                "key": key, "sha256": key * 2, "url": url, "url_key": key, "source": source, "status": 200,
                "content_type": "text/html", "headers": [], "claims": {}, "fetched_at": fetched, "size": 80_000,
            },
            "article": {
                "id": id_, "current": 1, "seen_at": fetched, "dated_at": at, "story_id": central,
                "copy_of": None if copied is None else central, "first_seen_at": fetched,
                "source": source, "language": language, "agency": agency,
            },
            "version": {
                "article_id": id_, "number": 1, "capture_key": key, "url": url, "source": source,
                "fetched_at": fetched, "content_hash": key, "title_hash": key, "norm_version": 1,
                "words": text.count(" ") + 1, "canonical_url": url, "title": title, "text": text,
                "authors": (f"{chance.choice('ABCDEFGH')}. Auteur{chance.randrange(300)}",), "agency": agency,
                "published_at": at, "published_precision": "minute", "published_origin": "json-ld",
                "language": language, "section": chance.choice(("monde", "sport", "eco", None)),
                "keywords": tuple(title.split()[:4]), "image": f"{url}.jpg",
                "access": "free", "flags": (), "published_zone": "UTC+02:00",
                "origins": (("title", "heading"), ("published_at", "json-ld")),
            },
            "sighting": {
                "capture_key": key, "article_id": id_, "number": 1, "title": title, "published_at": at,
                "outcome": "stored",
            },
            "address": {"key": key, "identity": url, "article_id": id_, "kind": "own"},
        }  # fmt: skip


def fill(database: Database, many: int) -> None:
    """Enter articles until there are so many, a few thousand in a transaction; what is there already stays."""
    made = Made()
    with database.reading() as connection:
        there = len(connection.execute(schema.article.select().with_only_columns(schema.article.c.seq)).all())
    for at in range(there, many, _AT_ONCE):
        with database.writing() as connection:
            _enter(connection, list(made.rows(range(at, min(many, at + _AT_ONCE)), many)))
        if at // _AT_ONCE % 25 == 0:
            print(f"  filling: {at:,}", file=sys.stderr, flush=True)
    with database.writing() as connection:
        connection.exec_driver_sql("ANALYZE")


def _enter(connection: Connection, rows: list[dict[str, dict[str, object]]]) -> None:
    connection.execute(insert(schema.capture), [row["capture"] for row in rows])
    entered = connection.execute(
        insert(schema.article).returning(schema.article.c.id, schema.article.c.seq), [row["article"] for row in rows]
    )
    seqs = {row.id: row.seq for row in entered}
    for table in (schema.version, schema.sighting, schema.address):
        connection.execute(insert(table), [row[table.name] for row in rows])
    connection.execute(
        insert(change),
        [
            {"at": row["article"]["first_seen_at"], "kind": "stored", "article_id": row["article"]["id"], "number": 1}
            for row in rows
        ],
    )
    entries = []
    for row in rows:
        version = row["version"]
        entry = Entry(str(version["title"]), str(version["text"]), version["authors"], version["agency"])  # type: ignore[arg-type]
        entries.append((seqs[str(row["article"]["id"])], entry))
    index(connection, entries)


def _dated(number: int, total: int, chance: random.Random) -> datetime:
    """Rising with the number, but for one in twenty that came in later; few at night and on Sundays."""
    share = number / total if chance.random() > 0.05 else chance.random() * number / total
    day = END - timedelta(days=DAYS * (1 - share))
    if day.weekday() == 6 and chance.random() < 0.5:
        day -= timedelta(days=1)
    hour = chance.choices(range(24), _BY_HOUR)[0]
    return day.replace(hour=hour, minute=chance.randrange(60), second=0, microsecond=0)


def _part(pieces: _Pieces, chance: random.Random) -> tuple[str, ...]:
    size = max(1, len(pieces.sentences) // 4)
    start = chance.randrange(len(pieces.sentences) - size + 1)
    return pieces.sentences[start : start + size]


def _cut(text: Text) -> _Pieces:
    return _Pieces(text.title, tuple(part for part in _SENTENCE.split(" ".join(text.text.split())) if part))


def _hash(number: int) -> int:
    return int.from_bytes(hashlib.blake2b(str(number).encode(), digest_size=8).digest())
