"""The first answers to common words are those that looking at everything gives."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from storage import Archive, Query, answers
from storage.records import ArchivedArticle
from storage.search import hits
from tests.newsroom import article, page

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def fill(archive: Archive, number: int) -> None:
    """Articles that come in the order of their dates, but for some; a few have dates in the future."""
    chance = random.Random(5)
    with archive.batch():
        for at in range(number):
            words = [word for word in ("flood", "gate", "mill", "tide") if chance.random() < 0.6]
            dated = NOW + timedelta(hours=at if chance.random() > 0.1 else chance.randrange(number))
            if chance.random() < 0.02:
                dated += timedelta(days=5_000)
            text = f"{' '.join(words)} in place number {at}"
            result = article(text, f"Title {at}", published_at=dated, language=chance.choice(["en", "fr"]))
            archive.save(page(f"https://gazette.example/{at}", source=chance.choice(["a", "b"])), result)


QUESTIONS = [
    "flood", "flood gate", "flood OR mill", "flood -gate", '"flood gate"', "flo*", "title:title", "flood lang:fr",
    "flood source:a", "-gate", "tide is:canonical", "flood OR lang:fr", "flood since:2026-07-10 -mill",
]  # fmt: skip


@pytest.mark.parametrize("latest", [40, 200, 5_000])
def test_they_are_the_same(archive: Archive, latest: int) -> None:
    fill(archive, 400)
    quick = 0
    for words in QUESTIONS:
        for sort in ("newest", "relevance", "recent"):
            whole = list(archive.find(Query(words=words, limit=None, sort=sort)))  # type: ignore[arg-type]
            with patch.multiple(answers, _MANY=50, _LATEST=latest, _WIDEST=2 * latest), counted() as asked:
                paged: list[ArchivedArticle] = []
                query = Query(words=words, limit=9, sort=sort)  # type: ignore[arg-type]
                for _ in range(3):
                    results = archive.results(query)
                    paged += results.articles
                    query = Query(words=words, limit=9, sort=sort, after=results.after)  # type: ignore[arg-type]
            assert [each.id for each in paged] == [each.id for each in whole[:27]], (words, sort)
            quick += asked[0]
    assert quick > 20  # the short cut was taken


@contextmanager
def counted() -> Iterator[list[int]]:
    """How often the short cut filled a page of three: what is asked of the database as a whole is taken off."""
    taken = [3]

    def looked(*arguments: Any, **options: Any) -> Any:
        taken[0] -= 1
        return hits(*arguments, **options)

    with patch.object(answers, "hits", looked):
        yield taken
