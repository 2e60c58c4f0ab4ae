"""Stories: near copies find each other around one centre, never by a chain; what people rule can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from crawler.rebuilding import make_again
from storage import Archive, Article, NotFound, Page, Query, Saved, story_schema
from storage.anchors import MOST
from storage.errors import Unruly
from tests.newsroom import NOON, page, prose, sketched


@pytest.fixture(autouse=True)
def every_story_is_a_star(archive: Archive) -> Iterator[None]:
    """Whatever a test does, no article is a copy of one that its story does not stand around."""
    yield
    assert list(archive.verify()) == []


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
SOON = NOON + timedelta(minutes=10)


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


def stored(archive: Archive, grouping: str, *pages: tuple[Page, Article]) -> list[str]:
    """The ids of the articles that the pages became."""
    return [saved.article_id or "" for saved in save(archive, grouping, *pages)]


def places(archive: Archive) -> dict[str, tuple[str, str | None]]:
    """Where every article stands."""
    return {each.id: (each.story_id, each.copy_of) for each in archive.find(Query(limit=None))}


def test_a_chain_of_small_changes_is_no_story(archive: Archive, grouping: str) -> None:
    """The third is a copy of the second, which is a copy of the first; and is none of the first."""
    second, third = edited(WIRE, *range(6)), edited(WIRE, *range(11))
    one, two, three = stored(archive, grouping, came("a", WIRE), came("b", second, 1), came("c", third, 2))
    assert archive.get(two).copy_of == one
    assert archive.get(three).copy_of is None
    guards = {
        (each.other_id, each.kind, each.guard) for each in archive.stories.likenesses(three) if each.article_id == three
    }
    assert (two, "related", "centre") in guards


def test_all_copies_stand_around_one_centre(archive: Archive, grouping: str) -> None:
    pages = [came(f"paper{number}", edited(WIRE, number), number) for number in range(12)]
    centre, *copies = stored(archive, grouping, *pages)
    assert places(archive) == {centre: (centre, None)} | dict.fromkeys(copies, (centre, centre))
    story = archive.stories.of(copies[3][:8])
    assert (story.centre, story.outlets, story.places, len(story.members)) == (centre, 12, 12, 12)
    assert [member.article_id for member in story.members] == [centre, *copies]
    shares = {member.share for member in story.members[1:]}
    assert all(share is not None and 0.75 < share < 1 for share in shares)
    assert story.members[0].share == 1


def test_an_earlier_article_becomes_the_centre(archive: Archive, grouping: str) -> None:
    late, later, early = stored(
        archive, grouping,
        came("a", WIRE, 3, published_at=NOON + timedelta(hours=2)),
        came("b", edited(WIRE, 2), 4, published_at=NOON + timedelta(hours=3)),
        came("c", edited(WIRE, 4), 5, published_at=NOON + timedelta(hours=1)),
    )  # fmt: skip
    assert places(archive) == {early: (late, None), late: (late, early), later: (late, early)}
    (event,) = archive.stories.events(later)
    assert (event.kind, event.article_id) == ("recentred", early)
    archive.stories.undo(event.id)
    assert places(archive) == {early: (late, late), late: (late, None), later: (late, late)}


def test_an_earlier_article_that_not_all_are_copies_of_stays_beside(archive: Archive, grouping: str) -> None:
    """Its story is a star: the centre cannot move to where it would not hold."""
    centre, copy, early = stored(
        archive, grouping,
        came("a", WIRE, 3),
        came("b", edited(WIRE, 0, 1, 2, 3), 4),
        came("c", edited(WIRE, 4, 5, 6, 7), 5, published_at=NOON),
    )  # fmt: skip
    assert places(archive) == {centre: (centre, None), copy: (centre, centre), early: (centre, centre)}


def test_a_date_alone_is_not_earlier_that_day(archive: Archive) -> None:
    midnight = NOON.replace(hour=0)
    first, second = stored(
        archive, "one by one", came("a", WIRE, published_at=NOON), came("b", edited(WIRE, 2), 1, published_at=midnight)
    )
    assert archive.get(second).copy_of == first


def test_languages_are_never_mixed(archive: Archive, grouping: str) -> None:
    one, other = stored(archive, grouping, came("a", WIRE), came("b", edited(WIRE, 2), 1, language="fr"))
    assert places(archive) == {one: (one, None), other: (other, None)}


def test_a_wire_story_in_hundreds_of_papers_is_one(archive: Archive) -> None:
    """Copies are found by the centre's anchors: these do not become words that everybody has."""
    pages = [
        came(f"paper{number}", edited(WIRE, number % 15, by=f"words of {number} alone, they are"), number)
        for number in range(150)
    ]
    centre, *copies = stored(archive, "expected", *pages)
    assert {archive.get(copy).copy_of for copy in copies} == {centre}


def test_a_story_counts_once_in_a_series(archive: Archive) -> None:
    """One text at many addresses of a source, under one title, is no series."""
    pages = [
        (page(at("paper", f"{number}"), str(number).encode(), number, source="paper"),
         sketched(edited(WIRE, number % 15, number % 7), "Gold today"))
        for number in range(9)
    ]  # fmt: skip
    centre, *copies = stored(archive, "expected", *pages)
    assert {archive.get(copy).copy_of for copy in copies} == {centre}


def test_words_that_everybody_has_find_nobody(archive: Archive) -> None:
    """A template of many texts fills neither the index nor the comparisons."""
    template = prose(71, 60)
    pages = [came(f"paper{number}", f"{prose(1_000 + number, 140)}\n\n{template}", number) for number in range(80)]
    ids = stored(archive, "expected", *pages)
    assert len({story for story, _ in places(archive).values()}) == len(ids)
    with archive._database.reading() as connection:
        postings = Counter(key >> 27 for key in connection.scalars(select(story_schema.anchor.c.key)))
    assert max(postings.values()) == MOST


def test_series_are_told_by_their_titles(archive: Archive, grouping: str) -> None:
    """Six of one source under one title: from then on only what is nearly the same is a copy."""
    same = edited(WIRE, 1)
    for number in range(6):
        save(
            archive,
            grouping,
            (
                page(at("paper", f"{number}"), str(number).encode(), number, source="paper"),
                sketched(prose(50 + number), "Gold today"),
            ),
        )
    save(archive, grouping, (page(at("paper", "x"), b"x", 7, source="paper"), sketched(WIRE, "Gold today")))
    (last,) = stored(archive, grouping, (page(at("paper", "y"), b"y", 8, source="paper"), sketched(same, "Gold today")))
    (elsewhere,) = stored(
        archive, grouping, (page(at("herald", "z"), b"z", 9, source="herald"), sketched(edited(WIRE, 5), "Gold today"))
    )
    assert archive.get(last).copy_of is None
    assert [each.guard for each in archive.stories.likenesses(last)] == ["series"]
    assert archive.get(elsewhere).copy_of is not None


def trio(archive: Archive) -> list[str]:
    """A centre and two copies of it, which are copies of each other too."""
    pages = (came(f"paper{number}", edited(WIRE, number), number) for number in range(3))
    return stored(archive, "one by one", *pages)


def test_a_copy_that_is_split_stands_alone_and_is_found(archive: Archive) -> None:
    centre, copy, other = trio(archive)
    before = places(archive)
    event = archive.stories.split(copy[:8])
    assert places(archive) == before | {copy: (copy, None)}
    (again,) = stored(archive, "one by one", came("d", edited(WIRE, 1, 8), 5))
    assert archive.get(again).copy_of == copy, "what is closest to it is a copy of it now"
    archive.stories.undo(event)
    assert {id_: place for id_, place in places(archive).items() if id_ != again} == before
    assert archive.get(again).copy_of == centre, "what has come since goes with it"
    assert {story for story, _ in places(archive).values()} == {centre}
    assert archive.get(other).copy_of == centre


def test_a_centre_that_is_split_leaves_the_others_together(archive: Archive) -> None:
    centre, copy, other = trio(archive)
    before = places(archive)
    event = archive.stories.split(centre)
    assert places(archive) == {centre: (centre, None), copy: (copy, None), other: (copy, copy)}
    archive.stories.undo(event)
    assert places(archive) == before


def test_copies_of_a_centre_that_is_split_stay_together_only_if_they_are_alike(archive: Archive) -> None:
    centre, one, two = stored(
        archive, "one by one",
        came("a", WIRE), came("b", edited(WIRE, 0, 1, 2, 3), 1), came("c", edited(WIRE, 4, 5, 6, 7), 2),
    )  # fmt: skip
    assert places(archive) == {centre: (centre, None), one: (centre, centre), two: (centre, centre)}
    archive.stories.split(centre)
    assert places(archive) == {id_: (id_, None) for id_ in (centre, one, two)}


def test_a_split_article_does_not_come_back_by_itself(archive: Archive) -> None:
    _, copy, _ = trio(archive)
    archive.stories.split(copy)
    page_, article = came("paper1", edited(WIRE, 1, 6, 9), 9)
    assert archive.save(page_, article).outcome == "version"
    assert archive.get(copy).copy_of is None


def test_merged_stories_are_one_and_what_is_like_either_joins(archive: Archive) -> None:
    other_wire = prose(9)
    here, there, copy = stored(
        archive, "one by one", came("a", WIRE), came("b", other_wire, 1), came("c", edited(other_wire, 2), 2)
    )
    before = places(archive)
    event = archive.stories.merge(here, copy)
    assert places(archive) == {here: (here, None), there: (here, here), copy: (here, here)}
    (late,) = stored(archive, "one by one", came("d", edited(other_wire, 5), 3))
    assert archive.get(late).copy_of == here
    with pytest.raises(Unruly, match="of one story"):
        archive.stories.merge(there, here)
    archive.stories.undo(event)
    assert {id_: place for id_, place in places(archive).items() if id_ != late} == before
    with pytest.raises(Unruly, match="taken back by"):
        archive.stories.undo(event)


def test_a_short_article_that_was_merged_stays_where_it_was_put(archive: Archive) -> None:
    """It could not be likened; when it has grown, what people said of it still holds."""
    short, wire, other = stored(
        archive, "one by one", came("a", "More to follow."), came("b", WIRE, 1), came("c", prose(61), 2)
    )
    archive.stories.merge(short, wire)
    assert archive.save(*came("a", f"{prose(61)} Now.", 4)).outcome == "version"
    assert places(archive) == {short: (short, None), wire: (short, short), other: (other, None)}


def test_what_cannot_be_ruled_changes_nothing(archive: Archive) -> None:
    (alone,) = stored(archive, "one by one", came("a", WIRE))
    with pytest.raises(Unruly, match="is alone"):
        archive.stories.split(alone)
    with pytest.raises(NotFound, match="no event"):
        archive.stories.undo("ffff")
    with pytest.raises(NotFound):
        archive.stories.merge(alone, "ffffffff")
    assert archive.stories.events() == ()


def test_an_event_that_others_built_on_is_not_undone_first(archive: Archive) -> None:
    centre, copy, _ = trio(archive)
    first = archive.stories.split(copy)
    second = archive.stories.merge(copy, centre)
    with pytest.raises(Unruly, match="has moved since"):
        archive.stories.undo(first)
    archive.stories.undo(second)
    archive.stories.undo(first)
    assert archive.get(copy).copy_of == centre
    kinds = [(event.kind, event.undone_by is not None) for event in archive.stories.events(copy)]
    assert kinds == [("undo", False), ("undo", False), ("merge", True), ("split", True)]


def test_the_same_question_by_article_and_by_sighting(archive: Archive) -> None:
    first, copy, *_ = save(
        archive, "expected",
        came("gazette", WIRE, title="Council votes"), came("gazette2", edited(WIRE, 3), 1, title="The vote"),
        came("herald", WIRE, 2, title="They voted", published_at=SOON), came("herald", WIRE, 4, title="They voted"),
    )  # fmt: skip
    assert archive.count(Query(source="herald")) == 0
    by_place = Query(source="herald", by="sighting")
    (seen,) = archive.find(by_place)
    assert archive.count(by_place) == 1, "that it was looked at again is no other place"
    assert (seen.id, seen.source, seen.title, seen.url) == (first.article_id, "herald", "They voted", at("herald"))
    assert (seen.published_at, seen.text) == (SOON, WIRE)
    assert archive.count(Query(words="council", by="sighting")) == 2, "in both places"
    assert [each.source for each in archive.find(Query(by="sighting"))] == ["gazette2", "herald", "gazette"]
    assert [each.id for each in archive.find(Query(limit=1, by="sighting"))] == [copy.article_id]
    assert archive.count(Query(until=NOON + timedelta(minutes=30), by="sighting")) == 2
    assert archive.count(Query(language="fr", by="sighting")) == 0


def test_the_widest_stories_of_a_period(archive: Archive) -> None:
    small = prose(21)
    save(
        archive, "expected",
        *(came(f"paper{number}", edited(WIRE, number), number, agency="AFP") for number in range(5)),
        *(came(f"other{number}", small, number) for number in range(3)),
        came("alone", prose(22)),
    )  # fmt: skip
    wide, narrow = archive.stories.widest(Query())
    assert (wide.outlets, wide.places, wide.articles, wide.agency) == (5, 5, 5, "AFP")
    assert (narrow.outlets, narrow.places, narrow.articles) == (3, 3, 1)
    assert [each.places for each in archive.stories.widest(Query(since=NOON + timedelta(hours=2)))] == [3]
    assert [each.outlets for each in archive.stories.widest(Query(source="other0"))] == [3]
    assert archive.stories.widest(Query(language="fr")) == ()
    assert archive.stories.widest(Query(limit=1)) == (wide,)


def _read(came_as: Page, _profile: object = None) -> Article:
    """What cleaning makes of the pages of this module."""
    _, title, text = came_as.body.decode().split(" | ", 2)
    return sketched(text, title)


def bodied(outlet: str, text: str, hours: float = 0, title: str = "Council votes") -> tuple[Page, Article]:
    """As ``came``, from a page that can be cleaned again."""
    body = f"{outlet} | {title} | {text}".encode()
    came_as = page(at(outlet), body, hours, source=outlet)
    return came_as, _read(came_as)


def test_stories_are_the_same_when_the_archive_is_made_again(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the kept bytes and the log, with what people ruled at its place in between."""
    monkeypatch.setattr("pipelines.cleaning.clean", _read)
    other = prose(51)
    pages = [bodied(f"paper{number}", edited(WIRE, number), 9 - number) for number in range(5)]
    *_, last, _ = stored(archive, "expected", *pages, bodied("other", other))
    split = archive.stories.split(last)
    save(archive, "in a batch", bodied("late", edited(WIRE, 9), 20), bodied("other", f"{other} It was said.", 2))
    archive.stories.undo(split)
    copy = next(id_ for id_, (_, copy_of) in places(archive).items() if copy_of)
    archive.stories.split(copy)
    save(
        archive,
        "one by one",
        bodied("later", edited(WIRE, 7), 4),
        bodied("reused", prose(52), 1),
        bodied("reused", prose(53), 2, "Quite other news"),
    )
    with Archive.open(f"sqlite:///{tmp_path}/again.db", blobs=str(tmp_path / "raw")) as rebuilt:
        make_again(rebuilt, lambda *_: None, workers=0)
        assert places(rebuilt) == places(archive)
        for id_ in places(archive):
            assert rebuilt.stories.likenesses(id_) == archive.stories.likenesses(id_)
            assert rebuilt.makings(id_) == archive.makings(id_)
        told = [(event.id, event.kind, event.undone_by, event.moved) for event in archive.stories.events()]
        assert [(event.id, event.kind, event.undone_by, event.moved) for event in rebuilt.stories.events()] == told
        assert len(told) >= 3
