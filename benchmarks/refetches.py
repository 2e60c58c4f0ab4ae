"""Whether every fetch of a known address is told right: ``python -m benchmarks.refetches [--fetches N]``.

A thousand addresses are fetched again and again, 10,000 times in all unless told otherwise. Each time one thing is done
to the text that stands: nothing, other white space, another title, a typo, another figure, a new paragraph, a
correction, a consent page or a teaser in its place, a text from before, or another article. What must come of it is
known; what the archive says is counted beside it, from its tables. Texts are made; their keys are those of cleaning.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from pipelines.fingerprint import content_key
from pipelines.normalise import NORM_VERSION
from pipelines.sketch import sketch
from storage import Archive, Article, Page, schema

FETCHES, ADDRESSES = 10_000, 1_000
_AT_ONCE = 100
_START = datetime(2026, 11, 1, tzinfo=UTC)
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "en", "ar")]
_CONSENT = "We and our partners keep and read details on your device. Choose whether you agree before you read on."

Told = tuple[str, str | None]
"""The outcome of a fetch, and the kind of change."""


@dataclass
class Address:
    """A page of the made site: what stands there, and what stood there since the article came."""

    number: int
    chance: random.Random
    title: str = ""
    text: str = ""
    known: list[tuple[str, str]] = field(default_factory=list)
    made: int = 0

    def words(self, count: int) -> str:
        """Words of no language, no two texts of them alike."""
        made = ["".join(self.chance.choice(_SYLLABLES) for _ in range(self.chance.randint(1, 4))) for _ in range(count)]
        return " ".join(made).capitalize() + "."

    def renew(self) -> None:
        """Another article, under another title."""
        self.title = self.words(7)
        self.text = "\n\n".join(self.words(self.chance.randint(40, 80)) for _ in range(5))
        self.known = [(self.title, self.text)]

    def change(self, title: str, text: str) -> None:
        """Have this text stand."""
        self.title, self.text = title, text
        self.known.append((title, text))


Edit = Callable[[Address], tuple[str, str, tuple[str, ...], Told]]
"""Does one thing to an address: title, text and flags that are fetched, and what must be told of it."""


def _unchanged(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    return page.title, page.text, (), ("unchanged", None)


def _white_space(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    text = page.text.replace(" ", "\u00a0", 3).replace("\n\n", " \n\n\n ", 1).replace(" ", "  ", 2)
    return page.title, text, (), ("unchanged", None)


def _title(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    page.change(f"{page.title} {page.words(2)}", page.text)
    return page.title, page.text, (), ("version", "title")


def _typo(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    words = page.text.split(" ")
    words[page.chance.randrange(10, 30)] += page.chance.choice("bcdfgh") + str(page.made)
    page.made += 1
    page.change(page.title, " ".join(words))
    return page.title, page.text, (), ("version", "minor")


def _paragraph(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    page.change(page.title, f"{page.text}\n\n{page.words(len(page.text.split()) // 3)}")
    return page.title, page.text, (), ("version", "major")


def _correction(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    page.change(page.title, f"{page.text}\n\nCorrection: {page.words(9)}")
    return page.title, page.text, (), ("version", "correction")


def _consent(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    return f"Consent {page.words(1)}", f"{_CONSENT} {page.words(4)}", (), ("version", "collapsed")


def _teaser(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    begun = page.text.rsplit("\n\n", 1)[0]
    return page.title, f"{begun} {page.words(2)}", ("incomplete",), ("version", "collapsed")


def _earlier(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    fewest = len(page.text.split()) // 3  # with fewer words it would be told for a wall
    page.title, page.text = page.chance.choice([each for each in page.known if len(each[1].split()) > fewest])
    return page.title, page.text, (), ("unchanged", None)


def _reuse(page: Address) -> tuple[str, str, tuple[str, ...], Told]:
    page.renew()
    return page.title, page.text, (), ("stored", None)


EDITS: dict[str, Edit] = {
    "unchanged": _unchanged, "white space": _white_space, "title": _title, "typo": _typo, "paragraph": _paragraph,
    "correction": _correction, "consent page": _consent, "teaser": _teaser, "a text from before": _earlier,
    "address reused": _reuse,
}  # fmt: skip


@dataclass
class Counts:
    """What was expected and what was told, by edit; and what the tables must hold in the end, beside what they do."""

    expected: Counter[tuple[str, Told]] = field(default_factory=Counter)
    told: Counter[tuple[str, Told]] = field(default_factory=Counter)
    tables: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether every count is."""
        return self.expected == self.told and all(one == other for one, other in self.tables.values())


def run(archive: Archive, fetches: int, addresses: int, seed: int = 1) -> Counts:
    """Fetch all addresses once, and then ``fetches`` times one of them."""
    chance = random.Random(seed)
    pages = [Address(number, random.Random(seed * 1_000_003 + number)) for number in range(addresses)]
    counts = Counts()
    names = list(EDITS)
    coming = _fetches(pages, chance, names, fetches)
    articles = versions = done = 0
    while True:
        with archive.batch():
            some = list(islice(coming, _AT_ONCE))
            for name, page, article, told in some:
                saved = archive.save(page, article)
                counts.expected[name, told] += 1
                kind = _kind(archive, saved.article_id) if saved.outcome == "version" else None
                counts.told[name, (saved.outcome, kind)] += 1
        done += len(some)
        articles += sum(told[0] == "stored" for _, _, _, told in some)
        versions += sum(told[0] in ("stored", "version") for _, _, _, told in some)
        if len(some) < _AT_ONCE:
            break
    held = archive.statistics()
    counts.tables = {
        "articles": (articles, held.articles), "versions": (versions, held.versions),
        "sightings": (done, held.sightings), "texts that stand": (addresses, _standing(archive, pages)),
    }  # fmt: skip
    return counts


def _fetches(
    pages: list[Address], chance: random.Random, names: list[str], fetches: int
) -> Iterator[tuple[str, Page, Article, Told]]:
    for page in pages:
        page.renew()
        yield "first fetch", *_fetched(page, 0, page.title, page.text, ()), ("stored", None)
    for at in range(fetches):
        page = chance.choice(pages)
        name = chance.choice(names)
        title, text, flags, told = EDITS[name](page)
        yield name, *_fetched(page, at + 1, title, text, flags), told


def _fetched(page: Address, at: int, title: str, text: str, flags: tuple[str, ...]) -> tuple[Page, Article]:
    body = f"{title}\n\n{text}".encode()
    url = f"https://gazette.example/{page.number}"
    article = Article(
        title, text, (), content_key(text), content_key(title), NORM_VERSION, len(text.split()), language="en",
        flags=flags, sketch=sketch(title, text, "en"),
    )  # fmt: skip
    return Page(url, body, "text/plain", _START + timedelta(minutes=at), source="gazette"), article


def _kind(archive: Archive, article_id: str | None) -> str | None:
    """The kind of the newest change of an article, as it is in the batch."""
    with archive._taking_in() as intake:
        intake._write()
        asked = select(schema.version.c.change).where(schema.version.c.article_id == article_id)
        return intake.connection.scalars(asked.order_by(schema.version.c.number.desc())).first()


def _standing(archive: Archive, pages: list[Address]) -> int:
    """Addresses whose article is the text that stands there."""
    address, article, version = schema.address.c, schema.article.c, schema.version.c
    asked = (
        select(address.identity, version.title, version.content_hash)
        .join_from(schema.address, schema.article, article.id == address.article_id)
        .join(schema.version, schema.current)
    )
    with archive._database.reading() as connection:
        kept = {row[0]: (row[1], row[2]) for row in connection.execute(asked)}
        assert connection.scalar(select(func.count()).select_from(schema.address)) == len(pages)
    return sum(kept[f"gazette.example/{page.number}"] == (page.title, content_key(page.text)) for page in pages)


def main() -> None:
    """Print the counts; exit with 1 where one is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fetches", type=int, default=FETCHES)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="copydesk-bench-") as folder,
        Archive.open(f"sqlite:///{Path(folder)}/archive.db") as archive,
    ):
        counts = run(archive, asked.fetches, min(ADDRESSES, max(1, asked.fetches // 10)))
    print(f"{'what was done':22}{'must be':24}{'expected':>9}{'told':>9}")
    for (name, told), number in sorted(counts.expected.items()):
        outcome, kind = told
        print(f"{name:22}{outcome + (f', {kind}' if kind else ''):24}{number:9,}{counts.told[name, told]:9,}")
    for what, (expected, held) in counts.tables.items():
        print(f"{what:46}{expected:9,}{held:9,}")
    for (name, told), number in (counts.told - counts.expected).items():
        print(f"wrong: {name} told as {told}, {number:,} times")
    print("every count is exact" if counts.is_exact else "not every count is exact")
    sys.exit(not counts.is_exact)


if __name__ == "__main__":
    main()
