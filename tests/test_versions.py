"""Versions: what a fetch of a known address changes, what it must not change, and how it is told word by word."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import refetches
from storage import Archive, Page, Query
from storage.changes import Standing, change
from storage.diff import diff, marked
from tests.newsroom import article, page, prose, sketched

TEXT = prose(5)


def made_again(before: str, after: str) -> None:
    pieces = diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a ", "b", "選挙", "\n\n", ". ", "\n", "ไทย", " ", "x1"]), max_size=40), st.randoms())
def test_a_diff_makes_both_texts_again(parts: list[str], chance: random.Random) -> None:
    other = [chance.choice([part, part, part, "c ", ""]) for part in parts]
    made_again("".join(parts), "".join(other))
    made_again("".join(parts), "".join(chance.sample(parts, len(parts))))


def test_a_diff_is_of_words() -> None:
    before = "Intro.\n\nThe gate will be repaired before December.\n\nA second one, with 5 words.\n\nLast of all."
    after = "Intro.\n\nThe gate will be repaired before spring, it said.\n\nNew here.\n\nA second one, with 7 words."
    assert marked(diff(before, after)) == (
        "… 1 paragraph as before",
        "The gate will be repaired before [-December-]{+spring, it said+}.",
        "{+New here.+}",
        "A second one, with [-5-]{+7+} words.",
        "[-Last of all.-]",
    )
    assert marked(diff("東京都知事選", "東京都議選")) == ("東京都[-知事-]{+議+}選",)
    assert marked(diff("It cost 1,200.5.", "It cost 1,300.5.")) == ("It cost [-1,200.5-]{+1,300.5+}.",)
    assert marked(diff(before, before)) == ("… 4 paragraphs as before",)


def test_huge_texts_are_compared_all_the_same() -> None:
    chance = random.Random(3)
    words = [chance.choice(["the", "a", "of"]) for _ in range(60_000)]
    made_again(" ".join(words), " ".join(chance.sample(words, len(words))))
    made_again("a b\n\n" * 20_000, "b a\n\n" * 20_000)


def told(text: str, title: str = "Council votes", before: str = TEXT, flags: tuple[str, ...] = ()) -> str:
    standing = Standing(1, "Council votes", before, len(before.split()), ())
    return change(standing, title, text, len(text.split()), flags).kind


@pytest.mark.parametrize(
    "notice",
    [
        "Correction: the vote was on Friday.", "This article was amended on 3 May to name the mayor.",
        "Editor's note: an earlier headline was wrong.", "Erratum : le vote a eu lieu vendredi.",
        "Rectificatif. Le vote a eu lieu vendredi.", "Berichtigung: Es war Freitag.",
        "In einer früheren Version hieß es Donnerstag.", "Fe de erratas: fue el viernes.",
        "Đính chính: cuộc bỏ phiếu diễn ra hôm thứ Sáu.", "訂正：投票は金曜日でした。", "更正：投票在星期五。",
        "Исправление: голосование было в пятницу.", "تصحيح: جرى التصويت يوم الجمعة.",
    ],
)  # fmt: skip
def test_notices_of_correction(notice: str) -> None:
    assert told(f"{notice}\n\n{TEXT}") == told(f"{TEXT}\n\n{notice}") == "correction"
    assert told(f"{TEXT}\n\nOne more thing. {notice}") != "correction", "a notice begins its paragraph"
    assert told(f"{TEXT}\n\n{notice} More.", before=f"{TEXT}\n\n{notice} More") == "minor", "it stood there before"


def test_kinds_of_change() -> None:
    words = TEXT.split(" ")
    assert told(TEXT, "Another title") == "title"
    assert told(TEXT.replace(words[9], "other", 1)) == "minor"
    assert told(f"{TEXT}\n\n{prose(6, 120)}") == "major"
    assert told(prose(6, 50), "Before you continue") == "collapsed"
    assert told(" ".join(words[:150]), flags=("incomplete",)) == "collapsed"
    assert told(" ".join(words[:150])) == "major"
    assert told(prose(7), "Something else happened") == "reused"
    assert told(prose(7), "Something else happened", before=prose(4, 2_000)) == "reused", "too long for a wall"
    assert told(prose(7, 2_000), "Something else happened", before=prose(4, 50)) == "major", "a wall that has gone"
    assert told(prose(7)) == "major", "under the same title it is the same article"
    assert told("The vote is over now.", "Vote over", before="More to follow.") != "reused", "too short to say"


def test_numbers_and_names() -> None:
    def found(before: str, after: str) -> tuple[bool, bool, int, int]:
        told = change(Standing(1, "T", before, 9, ()), "T", after, 9, ())
        return told.numbers, told.names, told.added, told.removed

    assert found("It was said by Ann Lee that 5 came.", "It was said by Ann Lee that 6 came.") == (True, False, 1, 1)
    assert found("It was said by Ann Lee that 5 came.", "It was said by Bo Lee that 5 came.") == (False, True, 1, 1)
    assert found("It was. Then 5 came.", "It was. Later 5 came.") == (False, False, 1, 1)


def test_what_a_wall_leaves_never_stands_for_the_article(archive: Archive) -> None:
    wall = article("We value your privacy. " * 6, "Privacy")
    first = archive.save(page(), sketched(TEXT))
    for hours in (1, 2):
        walled = archive.save(page(body=b"wall", hours=hours), wall)
        assert walled.article_id == first.article_id
        assert archive.get(first.article_id or "").text == TEXT
    assert walled.outcome == "unchanged"
    assert archive.count(Query(words="privacy")) == 0
    made = archive.makings(first.article_id or "")
    assert [(making.change, making.stands) for making in made] == [(None, True), ("collapsed", False)]
    edited = TEXT.replace(". ", ", they said. ", 1)
    assert archive.save(page(body=b"new", hours=3), sketched(edited)).outcome == "version"
    assert [(making.change, making.changed_since) for making in archive.makings(first.article_id or "")][2] == (
        "minor",
        1,
    )
    assert archive.get(first.article_id or "").text == edited


def test_a_teaser_that_comes_back_does_not_stand_again(archive: Archive) -> None:
    teaser = sketched(prose(8, 50), flags=("incomplete",))
    first = archive.save(page(), teaser)
    archive.save(page(body=b"whole", hours=1), sketched(f"{prose(8, 50)}\n\n{TEXT}"))
    assert archive.save(page(hours=2), teaser).outcome == "unchanged"
    assert archive.get(first.article_id or "").text.endswith(TEXT)


def test_a_reused_address_is_another_article(archive: Archive) -> None:
    first = archive.save(page(), sketched(TEXT))
    other = archive.save(page(body=b"other", hours=1), sketched(prose(9), "Quite another thing"))
    assert (other.outcome, other.article_id == first.article_id) == ("stored", False)
    assert other.why == f"new text at an address that showed {first.article_id} before"
    assert "address-reused" in archive.get(other.article_id or "").flags
    assert archive.get(first.article_id or "").text == TEXT
    edited = archive.save(page(body=b"edit", hours=2), sketched(prose(9) + " More.", "Quite another thing"))
    assert (edited.outcome, edited.article_id) == ("version", other.article_id)
    back = archive.save(page(hours=3), sketched(TEXT))
    assert (back.outcome, back.article_id) == ("duplicate", first.article_id)


def test_a_version_is_found_by_what_stands(archive: Archive) -> None:
    """A stub that became the wire's story joins its copies, and what it was is no reason to."""
    stub, wire = prose(31, 45), prose(32)
    first = archive.save(page("https://a.example/1", b"1"), sketched(stub))
    centre = archive.save(page("https://wire.example/1", b"2", 1), sketched(wire))
    joined = archive.save(page("https://a.example/1", b"3", 2), sketched(f"{stub}\n\n{wire}"))
    assert (joined.outcome, joined.story_id) == ("version", centre.story_id)
    assert list(archive.verify()) == []
    assert archive.get(first.article_id or "").copy_of == centre.article_id
    copy = archive.save(page("https://b.example/1", b"4", 3), sketched(f"{wire} More."))
    assert copy.story_id == centre.story_id


def test_every_count_of_many_fetches_is_exact(archive: Archive, backend: str) -> None:
    """``python -m benchmarks.refetches`` does it 10,000 times."""
    counts = refetches.run(archive, 400 if backend == "sqlite" else 150, 30)
    assert counts.told == counts.expected
    assert {what: held for what, (_, held) in counts.tables.items()} == {
        what: expected for what, (expected, _) in counts.tables.items()
    }
    assert len({name for name, _ in counts.told}) == len(refetches.EDITS) + 1
    assert list(archive.verify()) == []


def test_a_page_from_before_does_not_take_the_address(archive: Archive) -> None:
    """Saved pages come in any order: an older one is another article, and the newer one keeps the address."""
    newer = archive.save(page(hours=5), sketched(TEXT))
    older = archive.save(page(body=b"old", hours=1), sketched(prose(9), "Quite another thing"))
    assert older.outcome == "stored"
    again = archive.save(_page_of("https://gazette.example/1", 6), sketched(TEXT + " More."))
    assert (again.outcome, again.article_id) == ("version", newer.article_id)


def _page_of(url: str, hours: float) -> Page:
    return page(url, b"again", hours)
