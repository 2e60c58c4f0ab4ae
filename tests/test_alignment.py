"""Which lines stand in a text: order, copies, short lines, scripts without spaces, hostile input."""

from __future__ import annotations

import random

import pytest

from pipelines.alignment import found_in, words

STORY = [
    "The harbour bridge will stay closed until spring, the council said on Monday",
    "Cracks were found in two of its nine pillars during the yearly inspection.",
    "A costly repair",
    "Engineers expect the work to cost four million and to last at least six months.",
    "Ferries run twice as often until then.",
]


def chosen(lines: list[str], text: str) -> list[str]:
    return [line for line, found in zip(lines, found_in(lines, text), strict=True) if found]


def test_finds_the_story_among_other_lines() -> None:
    page = ["Home", "News", "Sport", *STORY, "Share this article", "More from the harbour", "Contact us"]
    assert chosen(page, "\n".join(STORY)) == STORY


@pytest.mark.parametrize("before", [True, False], ids=["copies before", "copies after"])
def test_a_repeated_headline_is_found_once_and_in_its_place(before: bool) -> None:
    copies = [STORY[0], "Read more", STORY[0]]
    page = [*copies, *STORY] if before else [*STORY, *copies]
    found = found_in(page, "\n".join(STORY))
    assert sum(found) == len(STORY)
    assert all(found[-len(STORY) + 1 :] if before else found[: len(STORY)])


def test_a_short_line_counts_only_between_its_neighbours() -> None:
    page = ["A costly repair", "Menu", *STORY[:2], "A costly repair", *STORY[3:], "A costly repair", "Ferries run"]
    assert found_in(page, "\n".join(STORY)) == [False, False, True, True, True, True, True, False, False]


def test_it_does_not_matter_where_lines_break() -> None:
    page = ["Menu", *STORY, "Footer"]
    assert chosen(page, " ".join(STORY)) == STORY
    joined = ["Menu", " ".join(STORY[:2]), " ".join(STORY[2:]), "Footer"]
    assert found_in(joined, "\n".join(STORY)) == [False, True, True, False]
    halves = [half for line in STORY for half in (line[:40], line[40:]) if len(half) > 20]
    assert chosen(halves, "\n".join(STORY)) == halves


def test_markup_and_case_do_not_matter() -> None:
    text = "**THE HARBOUR BRIDGE** will stay “closed” until spring — the council said on Monday"
    assert found_in([STORY[0], STORY[1]], text) == [True, False]


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        (["新闻", "港口大桥将关闭至春天，市政府周一表示。", "检查发现九根桥墩中有两根出现裂缝。", "相关阅读"],
         "港口大桥将关闭至春天，市政府周一表示。\n检查发现九根桥墩中有两根出现裂缝。", [False, True, True, False]),
        (["หน้าแรก", "สะพานท่าเรือจะปิดจนถึงฤดูใบไม้ผลิ สภาเมืองกล่าวเมื่อวันจันทร์", "ติดต่อเรา"],
         "สะพานท่าเรือจะปิดจนถึงฤดูใบไม้ผลิ สภาเมืองกล่าวเมื่อวันจันทร์", [False, True, False]),
        (["الرئيسية", "سيبقى جسر الميناء مغلقا حتى الربيع كما قال المجلس يوم الاثنين", "اتصل بنا"],
         "سيبقى جسر الميناء مغلقا حتى الربيع كما قال المجلس يوم الاثنين", [False, True, False]),
    ],
    ids=["zh", "th", "ar"],
)  # fmt: skip
def test_other_scripts(page: list[str], text: str, expected: list[bool]) -> None:
    assert found_in(page, text) == expected


def test_text_in_another_order_is_still_found() -> None:
    page = [STORY[1], STORY[0], *STORY[3:], "Imprint"]
    assert chosen(page, "\n".join([STORY[0], STORY[1], *STORY[3:]])) == page[:-1]


def test_lines_without_words_are_never_found() -> None:
    assert found_in(["---", "", "…"], "--- …") == [False, False, False]
    assert found_in([], "text") == []
    assert found_in(STORY, "") == [False] * len(STORY)
    assert words("Ａｂｃ\u200b ·") == ["abc"]


def test_endless_repetition_ends() -> None:
    generator = random.Random(5)
    zeros = "0 " * 100_000
    assert any(found_in(["0 0 0 0 0 0"] * 200, zeros))
    short = [generator.choice(["a", "a b", "b a c"]) for _ in range(20_000)]
    assert len(found_in([*short, zeros], "a b c " * 30_000)) == 20_001
