"""Made pages and articles for the tests of the archive, and processes that work on one archive at the same time."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from typing import Any

from storage import Article, Page

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG = "The council met on Thursday and voted. " * 10
"""More words than a short text has."""


def page(url: str | None = "https://gazette.example/1", body: bytes = b"raw", hours: float = 0, **fields: Any) -> Page:
    """A page fetched some hours after noon."""
    fields.setdefault("source", "gazette")
    return Page(url, body, "text/html", NOON + timedelta(hours=hours), **fields)


def article(text: str = LONG, title: str = "Council votes", **fields: Any) -> Article:
    """An article; its hashes are of the text and the title as they are."""
    fields.setdefault("blocks", ())
    fields.setdefault("norm_version", 1)
    return Article(title, text, content_hash=_hash(text), title_hash=_hash(title), words=len(text.split()), **fields)


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
