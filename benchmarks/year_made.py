"""The making of a year, for ``benchmarks.year``: articles, and an archive's crawl of them, round by round.

At full scale, two million articles, a year of 200 outlets is:

    articles    27 a day of each outlet, some 300 words; pages of 6 to 7 kB, where real ones have 50 to 100
    looks       one for each two articles that it names; every look is a run
    rechecks    6 of each fourth article: same text in other bytes, once HTTP 304, and of one in ten another version

A smaller year has fewer of each in the same proportion. Time is made too: what the archive notes is dated back to the
moment of the year that it stands for.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from pipelines.sketch import sketch
from storage import Archive, Article, Page, reader_schema, schema
from storage.links import LONG_AGO, Link, Named, Passed, Released

SOURCES = 200
YEAR = timedelta(days=365)
ROUNDS_BETWEEN = 6  # over which an article is looked at again
_AT_ONCE = 200
_DATED = (schema.fate, reader_schema.change)
_WORDS = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "en", "ar", "ois")]


@dataclass(slots=True)
class Progress:
    """How far a year has come: what it takes to go on with it. start: when it begins. round: the next one. looks: how
    often an address was looked at. dated: of a table, the last row that was dated back."""

    start: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=366))
    round: int = 0
    inputs: int = 0
    looks: dict[str, int] = field(default_factory=dict)
    dated: dict[str, int] = field(default_factory=dict)


class Press:
    """Made articles by number and edition; the same in every run."""

    def text(self, number: int, edition: int) -> str:
        """Some 300 words, of which another edition has a few more."""
        chance = random.Random(number)
        words = ["".join(chance.choices(_WORDS, k=chance.randint(1, 3))) for _ in range(300)]
        words += [f"{word}{edition}" for word in words[:20]] if edition else []
        sentences = [" ".join(words[at : at + 15]).capitalize() + "." for at in range(0, len(words), 15)]
        return "\n\n".join(" ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4))

    def page(self, link: Link, number: int, edition: int, look: int, at: datetime) -> tuple[Page, Article]:
        """What a fetch brings, and what cleaning would make of it. look: makes the bytes other ones."""
        text, title = self.text(number, edition), f"Number {number} of the year"
        noise = random.Random(f"{number} {look}").randbytes(2000).hex()
        body = f"<html><title>{title}</title><script>{noise}</script><body>{text}</body></html>".encode()
        article = Article(
            title, text, content_hash=_hash(text), title_hash=_hash(title), words=len(text.split()), blocks=(),
            norm_version=1, language="en", published_at=at, published_precision="minute",
            sketch=sketch(title, text, "en"),
        )  # fmt: skip
        headers = (("Server", "nginx"), ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "max-age=60"))
        return Page(link.url, body, "text/html", at, link.source, 200, headers), article


class Simulation:
    """A year of crawling, round by round. A round is a look at each outlet."""

    def __init__(self, archive: Archive, articles: int, progress: Progress) -> None:
        self.rounds = max(12, articles // (2 * SOURCES))
        self.progress = progress
        self._archive = archive
        self._each = max(1, round(articles / SOURCES / self.rounds))  # articles that a look names
        self._press = Press()
        for worker, _ in archive.frontier.workers("here"):  # it was killed: nobody else is at work
            archive.frontier.sign_off(worker)
        archive.frontier.sign_on("w1", "here", "1")

    def moment(self, at: int) -> datetime:
        """When a round is."""
        return self.progress.start + YEAR * at / self.rounds

    def go(self) -> None:
        """The next round. One that was broken off is gone through again."""
        at = self.progress.round
        self._archive.frontier.heartbeat("w1")
        with self._archive.batch():
            for source in range(SOURCES):
                again = [Named(url, found_on=_feed(source), again=True) for url in self._due(source, at)]
                self._archive.file_run(_name(source), [Named(_feed(source), "feed")], rechecks=again)
        hosts: set[str] = set()
        for _ in range(3):
            leased = self._archive.frontier.lease("w1", SOURCES, 200)
            hosts |= {host.name for host in leased}
            links = [link for host in leased for link in host.links]
            for begin in range(0, len(links), _AT_ONCE):
                self._settle(links[begin : begin + _AT_ONCE], at)
            self._archive.frontier.release("w1", [Released(host, LONG_AGO, 0, 0) for host in sorted(hosts)])
        self._archive.frontier.close_runs()
        self._date(self.moment(at))
        self.progress.round += 1

    def _due(self, source: int, at: int) -> Iterator[str]:
        for back in range(1, ROUNDS_BETWEEN + 1):
            for number in self._numbers(source, at - back) if at >= back else ():
                if number % 4 == 0:
                    yield _address(source, number)

    def _numbers(self, source: int, at: int) -> range:
        first = (at * SOURCES + source) * self._each
        return range(first, first + self._each)

    def _settle(self, links: list[Link], at: int) -> None:
        moment = self.moment(at)
        made = [self._fetched(link, moment) for link in links]
        with self._archive.batch():
            self._archive.expect([each for each in made if each is not None], links)
            for link, each in zip(links, made, strict=True):
                if link.kind == "feed":
                    source = int(link.source[-3:]) if link.source else 0
                    named = [Named(_address(source, number)) for number in self._numbers(source, at)]
                    self._archive.settle(link, None, Passed("listed", f"{len(named)} links"), named)
                elif each is None:
                    self._archive.settle(link, None, Passed("unchanged", "HTTP 304: as it was"))
                else:
                    self._archive.settle(link, *each, ask_at=moment)
        self.progress.inputs += len(links)

    def _fetched(self, link: Link, moment: datetime) -> tuple[Page, Article] | None:
        if link.kind == "feed":
            return None
        number = int(link.url.rpartition("/")[2])
        looks = self.progress.looks
        look = looks.get(link.url, 0) if number % 4 == 0 else 0
        if number % 4 == 0:
            looks[link.url] = look + 1
            if look >= ROUNDS_BETWEEN:
                del looks[link.url]
        edition = int(look >= 5 and number % 40 == 0)
        return None if look == 3 else self._press.page(link, number, edition, look, moment)

    def _date(self, moment: datetime) -> None:
        """Have what the archive has noted since the last round be of this moment."""
        with self._archive._database.writing() as connection:
            for table in _DATED:
                (number,) = table.primary_key.columns
                last = self.progress.dated.get(table.name, 0)
                connection.execute(update(table).where(number > last).values(at=moment))
                self.progress.dated[table.name] = connection.scalar(select(func.max(number))) or last


def _name(source: int) -> str:
    return f"outlet-{source:03}"


def _feed(source: int) -> str:
    return f"https://{_name(source)}.example/rss"


def _address(source: int, number: int) -> str:
    return f"https://{_name(source)}.example/2026/{number}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
