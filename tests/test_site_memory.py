"""What a site teaches: lines that repeat, places where articles stand, and when its layout changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from functools import reduce

import pytest

from pipelines import clean
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from pipelines.site_memory import NEW_SITE, Lesson, SiteMemory, line_key, place_key
from storage.records import Article, Page

FETCHED_AT = datetime(2026, 11, 20, tzinfo=UTC)
APPEAL = "Our reporters were on the quay before the gulls were up, and {count} readers have thanked them for it so far."
ROUTINE = "Readers who know more are welcome in the shop in Quay Street, where the kettle is always on."
TOPICS = ("bridge", "ferry", "library", "orchard", "railway", "harbour", "school", "mill", "market", "chapel")


def lesson(number: int, *, lines: tuple[str, ...] = (), place: str = "p.text < div.body") -> Lesson:
    spelt = "".join(chr(ord("a") + int(digit)) for digit in str(number))  # numbers are masked
    body = tuple(line_key(f"the long line of {spelt}, part {part}") for part in ("one", "two", "three"))
    return Lesson((*body, *map(line_key, lines)), body, {place_key(place): (900, 5_000.0)}, 900)


def learned(*lessons: Lesson) -> SiteMemory:
    return reduce(SiteMemory.learn, lessons, NEW_SITE)


def page(number: int, topic: str) -> Page:
    paragraphs = [
        f"The {topic} committee met on Monday for the {part} time and decided that the {topic} shall be mended. Item"
        f" {number}.{part} of the plan costs {number * 37 + at} pounds, said the chair, who grew up near the {topic}."
        for at, part in enumerate(("first", "second", "third", "fourth", "fifth"))
    ]
    inner = "".join(f"<p>{text}</p>" for text in [*paragraphs, APPEAL.format(count=1000 + number), ROUTINE])
    story = f"<h1>The {topic}</h1><div class='story'>{inner}</div>"
    source = f"<title>The {topic}</title><article>{story}</article>"
    return Page(f"https://gazette.example/{number}", source.encode(), "text/html; charset=utf-8", FETCHED_AT)


def test_a_line_is_the_site_s_own_after_two_other_articles() -> None:
    key = [line_key("Read 12 comments")]
    assert line_key("read 9,041 comments") == key[0]
    one, two = lesson(1, lines=("Read 3 comments",)), lesson(2, lines=("Read 4 comments",))
    assert learned(one).repeated(key, ()) == [False]
    assert learned(one, two).repeated(key, ()) == [True]
    assert learned(one, two).repeated(key, one.body) == [False]  # to the first article itself only one other has it


def test_copies_of_one_article_count_once() -> None:
    copies = [lesson(1, lines=("Read 3 comments",)) for _ in range(5)]
    memory = learned(*copies)
    assert memory.pages == 1
    assert memory.repeated([line_key("Read 3 comments")], ()) == [False]


def test_what_is_stored_comes_back() -> None:
    memory = learned(*(lesson(n, lines=("Read on",)) for n in range(30)))
    assert SiteMemory.decode(memory.encode()) == memory
    assert SiteMemory.decode(memory.encode()).encode() == memory.encode()
    assert SiteMemory.decode(b"of another version") == NEW_SITE
    told = lesson(7, lines=("Read on",))
    assert Lesson.decode(told.encode()) == told
    assert Lesson.decode(b"") is None


def test_it_forgets_pages_and_keeps_what_repeats() -> None:
    memory = learned(*(lesson(n, lines=("Read on",) if n < 3 else ()) for n in range(60)))
    assert memory.pages == 60
    assert len(memory.recent) <= 24
    assert memory.repeated([line_key("Read on")], ()) == [True]
    assert memory.pages_with(line_key("Read on"), ())[0] == 0  # of those that are held still


def test_a_new_layout_is_noticed_after_three_pages() -> None:
    memory = learned(*(lesson(n) for n in range(6)))
    for number in range(6, 9):
        assert memory.layout == 0
        memory = memory.learn(lesson(number, place="p.new < div.other"))
    assert (memory.layout, memory.changed_at) == (1, 9)
    assert set(memory.places) == {place_key("p.new < div.other")}


@pytest.mark.parametrize("seed", range(5))
def test_a_memory_s_size_is_bounded_whatever_comes(seed: int) -> None:
    chance = random.Random(seed)
    memory = NEW_SITE
    for _ in range(40):
        keys = tuple(chance.randrange(1 << 48) for _ in range(3_000))
        memory = memory.learn(Lesson(keys, keys[:9], dict.fromkeys(keys, (9, 1.0)), 10))
    assert len(memory.encode()) < 200_000


def test_a_site_s_own_paragraphs_go_once_two_other_articles_had_them() -> None:
    profile = NOTHING_KNOWN
    left = []
    for number, topic in enumerate(TOPICS, 1):
        article = clean(page(number, topic), profile)
        assert isinstance(article, Article)
        left.append(sum(text in article.text for text in (ROUTINE, APPEAL.format(count=1000 + number))))
        assert f"Item {number}.fifth" in article.text
        assert article.lesson is not None
        told = Lesson.decode(article.lesson)
        assert told is not None
        profile = SiteProfile(memory=profile.memory.learn(told))
    assert left[2:] == [0] * 8
    again = clean(page(1, TOPICS[0]), profile)
    assert isinstance(again, Article)
    assert "Item 1.first" in again.text
    repeated = [cut for cut in again.removed if cut.because == "repeated"]
    assert {cut.rule for cut in repeated} == {"site.repeated"}
    assert {(cut.pages, cut.of_pages) for cut in repeated} == {(9, 9)}  # the others; it was among the ten itself
    assert {cut.evidence for cut in repeated} == {"on 9 of the 9 other pages of its site seen last"}
    assert {cut.pages for cut in again.removed if cut.because != "repeated"} == {None}


def test_the_same_page_and_profile_give_the_same_article() -> None:
    profile = SiteProfile(memory=learned(*(lesson(n) for n in range(4))))
    first = clean(page(1, "bridge"), profile)
    clean(page(2, "ferry"), profile)
    assert clean(page(1, "bridge"), profile) == first
