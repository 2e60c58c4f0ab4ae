"""Pages of answers: joined they are the whole answer, in each order, whatever comes in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from storage import Archive, Query
from storage.positions import Position
from storage.records import Sort
from tests.newsroom import article, page

START = datetime(2026, 7, 1, tzinfo=UTC)


def save(archive: Archive, number: int, words: str = "flood gate") -> None:
    text = f"The {words} of place number {number} was seen. " + words * (number % 4)
    at = START + timedelta(days=number // 3)  # several share a time
    result = article(text, f"Title {number}", published_at=at)
    archive.save(page(f"https://gazette.example/{number}"), result)


@pytest.mark.parametrize("by", ["article", "sighting"])
@pytest.mark.parametrize("sort", get_args(Sort))
def test_pages_joined_are_the_whole_answer(archive: Archive, sort: Sort, by: str) -> None:
    with archive.batch():
        for number in range(40):
            save(archive, number)
    for words in (None, "flood", "flood OR source:nobody"):
        whole = [found.id for found in archive.find(Query(words=words, limit=None, sort=sort, by=by))]  # type: ignore[arg-type]
        paged: list[str] = []
        after = None
        while True:
            results = archive.results(Query(words=words, limit=7, sort=sort, by=by, after=after))  # type: ignore[arg-type]
            paged += [found.id for found in results.articles]
            after = results.after
            if after is None:
                break
            assert Position.read(str(after)) == after
        assert len(whole) == 40
        assert paged == whole


def test_what_comes_in_between_moves_nothing(archive: Archive) -> None:
    with archive.batch():
        for number in range(10):
            save(archive, number)
    first = archive.results(Query(limit=5))
    save(archive, 99)  # newer than all
    second = archive.results(Query(limit=5, after=first.after))
    ids = [found.id for found in (*first.articles, *second.articles)]
    assert len(set(ids)) == 10
    assert second.after is None


def test_age_halves_what_an_article_weighs(archive: Archive) -> None:
    """A better answer from long ago comes behind a worse one of today, unless relevance alone is asked for."""
    old = "flood flood flood flood in the valley of the long river"
    archive.save(page("https://gazette.example/old"), article(old, "Flood", published_at=START - timedelta(days=900)))
    archive.save(
        page("https://gazette.example/new"),
        article("There was a flood in the valley of the long river", "Weather", published_at=START),
    )
    assert [found.title for found in archive.find(Query(words="flood", sort="relevance"))] == ["Flood", "Weather"]
    assert [found.title for found in archive.find(Query(words="flood", sort="recent"))] == ["Weather", "Flood"]


@pytest.mark.parametrize("text", ["", "x", "2026-07-01T00:00:00Z", "2026-13-01T00:00:00Z~" + "a" * 16, "~~~"])
def test_what_is_no_position_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"position|month"):
        Position.read(text)
