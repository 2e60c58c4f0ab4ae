"""Made pages and articles for the tests of the archive, and processes that work on one archive at the same time."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from typing import Any

from pipelines.sketch import sketch
from storage import Article, Page

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG = "The council met on Thursday and voted. " * 10
"""More words than a short text has."""
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "en", "ar")]


def page(url: str | None = "https://gazette.example/1", body: bytes = b"raw", hours: float = 0, **fields: Any) -> Page:
    """A page fetched some hours after noon."""
    fields.setdefault("source", "gazette")
    return Page(url, body, "text/html", NOON + timedelta(hours=hours), **fields)


def article(text: str = LONG, title: str = "Council votes", **fields: Any) -> Article:
    """An article; its hashes are of the text and the title as they are."""
    fields.setdefault("blocks", ())
    fields.setdefault("norm_version", 1)
    return Article(title, text, content_hash=_hash(text), title_hash=_hash(title), words=len(text.split()), **fields)


def sketched(text: str, title: str = "Council votes", language: str | None = "en", **fields: Any) -> Article:
    """An article with its sketch."""
    return article(text, title, language=language, sketch=sketch(title, text, language), **fields)


def prose(seed: int, words: int = 220, width: int = 12) -> str:
    """A text of its own: made words in sentences and paragraphs, another for each seed."""
    chance = random.Random(seed)
    made = ["".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(1, 3))) for _ in range(words)]
    sentences = [" ".join(made[at : at + width]).capitalize() + "." for at in range(0, words, width)]
    return "\n\n".join(" ".join(sentences[at : at + 4]) for at in range(0, len(sentences), 4))


def numbered(number: int) -> tuple[Page, Article]:
    """One of any number of articles, each with a text, an address and bytes of its own."""
    text = f"Story {number}. {LONG}"
    return page(f"https://gazette.example/{number}", text.encode(), origin=f"made:{number}"), article(
        text, f"No {number}"
    )


def fork(work: Callable[..., None], *arguments: object) -> BaseProcess:
    """``work`` in a process of its own, begun; quicker than a new interpreter."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    return process


def ended(process: BaseProcess) -> int:
    """The exit code of a process, -9 for one that was killed."""
    process.join(120)
    assert process.exitcode is not None, "a process did not end within two minutes"
    return process.exitcode


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
