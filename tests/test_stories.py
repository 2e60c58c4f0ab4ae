"""Stories: near copies find each other, around one centre, never by a chain; what people rule holds, and can be undone."""

from __future__ import annotations

import pytest

from storage import Archive, Article, Page, Saved
from tests.newsroom import page, prose, sketched


@pytest.fixture(params=["one by one", "in a batch", "expected"])
def grouping(request: pytest.FixtureRequest) -> str:
    """Decisions must be the same whether those before are committed, wait in the batch, or were looked up with it."""
    return str(request.param)


def at(outlet: str, path: str = "story") -> str:
    return f"https://{outlet}.example/{path}"


def came(
    outlet: str, text: str, hours: float = 0, title: str = "Council votes", **fields: object
) -> tuple[Page, Article]:
    """A text as an outlet shows it."""
    return page(at(outlet), f"{outlet} {title} {text}".encode(), hours, source=outlet), sketched(text, title, **fields)


def edited(
    text: str, *numbers: int, by: str = "quite another sentence stands here instead, as an editor wanted it."
) -> str:
    """``text`` with other words in place of the sentences of these numbers."""
    sentences = text.split(". ")
    for number in numbers:
        sentences[number % len(sentences)] = f"{by} {number}"
    return ". ".join(sentences)


def save(archive: Archive, grouping: str, *pages: tuple[Page, Article]) -> list[Saved]:
    if grouping == "one by one":
        return [archive.save(*each) for each in pages]
    with archive.batch():
        if grouping == "expected":
            archive.expect(pages)
        return [archive.save(*each) for each in pages]


WIRE = prose(1)


def test_a_near_copy_is_stored_beside_what_it_is_a_copy_of(archive: Archive, grouping: str) -> None:
    first, copy, other = save(
        archive, grouping, came("wire", WIRE), came("gazette", edited(WIRE, 3), 1), came("herald", prose(2), 2)
    )
    assert (first.outcome, copy.outcome, other.outcome) == ("stored",) * 3
    assert (copy.story_id, other.story_id) == (first.article_id, other.article_id)
    assert copy.why == f"new text, a near copy of {first.article_id}"
    kept = archive.get(copy.article_id or "")
    assert (kept.copy_of, kept.story_id) == (first.article_id, first.article_id)
    assert archive.get(first.article_id or "").copy_of is None
    assert archive.get(other.article_id or "").copy_of is None
