"""The query language: how what people type is read, and that all of it is read."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.query_language import MOST_OPERATORS, Clause, Filter, Question, Words, understood
from storage.times import moment

TODAY = date(2026, 11, 20)


def read(words: str) -> Question:
    return understood(words, TODAY)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("flood gate", [("flood",), ("gate",)]),
        ('"flood gate" now', [("flood", "gate"), ("now",)]),
        ("“flood gate”", [("flood", "gate")]),
        ("don't C++ 2024-01-01", [("don", "t"), ("c",), ("2024", "01", "01")]),
        ("選挙区 5月", [("選挙", "挙区"), ("5", "月")]),
        ('gate"flood', [("gate",), ("flood",)]),
        ('a "b c" d"e f"', [("a",), ("b", "c"), ("d",), ("e", "f")]),
        ("same SAME", [("same",)]),
        ("or and NOT news-wire - --x", [("or",), ("and",), ("not",), ("news", "wire"), ("x",)]),
        ("OR a", [("or",), ("a",)]),
        ("a OR", [("a",), ("or",)]),
        ('a "OR" b', [("a",), ("or",), ("b",)]),
        ("see: https://gazette.example/x", [("see",), ("https", "gazette", "example", "x")]),
        ("Title:x title: x", [("title", "x"), ("title",), ("x",)]),
        ("(a)", [("a",)]),
    ],
)
def test_words_and_phrases(words: str, expected: list[tuple[str, ...]]) -> None:
    question = read(words)
    assert [
        [clause.asked.tokens for clause in group if isinstance(clause.asked, Words)] for group in question.groups
    ] == [[term] for term in expected]
    assert not any(clause.is_not for group in question.groups for clause in group)
    assert question.notes == ()


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ("-flood", [Clause(Words(("flood",)), is_not=True)]),
        ('-"north gate"', [Clause(Words(("north", "gate")), is_not=True)]),
        ("flo*", [Clause(Words(("flo",), is_open=True))]),
        ('"north ga"*', [Clause(Words(("north", "ga"), is_open=True))]),
        ('"north ga*"', [Clause(Words(("north", "ga")))]),
        ("5月", [Clause(Words(("5", "月"), is_open=True))]),
        ("a OR -b OR title:c", [Clause(Words(("a",))), Clause(Words(("b",)), True), Clause(Words(("c",), "title"))]),
        ("a OR ??? b", [Clause(Words(("a",))), Clause(Words(("b",)))]),
        ('title:"Élec gate"', [Clause(Words(("elec", "gate"), "title"))]),
        ("author:Duar*", [Clause(Words(("duar",), "author", is_open=True))]),
        ("-agency:AFP", [Clause(Words(("afp",), "agency"), is_not=True)]),
        ('source:"The Gazette"', [Clause(Filter("source", "The Gazette"))]),
        ("lang:FR", [Clause(Filter("lang", "fr"))]),
        ("-flag:incomplete", [Clause(Filter("flag", "incomplete"), is_not=True)]),
        ("story:7F3A91", [Clause(Filter("story", "7f3a91"))]),
        ("is:copy", [Clause(Filter("copy"))]),
        ("is:canonical", [Clause(Filter("copy"), is_not=True)]),
        ("-is:canonical", [Clause(Filter("copy"))]),
        ("since:7d", [Clause(Filter("since", datetime(2026, 11, 13, tzinfo=UTC)))]),
    ],
)
def test_operators(words: str, group: list[Clause]) -> None:
    assert read(words) == Question((tuple(group),))


@pytest.mark.parametrize("words", ["since:2021-13", "until:soon", "is:new", "story:xyz", "since:99999d"])
def test_what_is_no_operator_is_words_and_a_note_says_so(words: str) -> None:
    question = read(words)
    (note,) = question.notes
    assert note.startswith(f"{words}: ")
    assert [clause.asked for group in question.groups for clause in group] == [read(f'"{words}"').sought[0]]


def test_nothing_asked_is_not_the_same_as_nothing_that_could_be_found() -> None:
    assert read(" ") == read("") == understood(None, TODAY) == Question()
    assert read("???").is_hopeless
    assert read('""').is_hopeless


def test_operators_beyond_the_limit_are_words() -> None:
    question = read("-a " * MOST_OPERATORS + "-b")
    assert question.groups == ((Clause(Words(("a",)), is_not=True),), (Clause(Words(("b",))),))
    assert "100" in question.notes[0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2021", "2021-01-01T00:00"), ("2021-07", "2021-07-01T00:00"), ("2021-7", "2021-07-01T00:00"),
        ("2021-07-14", "2021-07-14T00:00"), ("2021-07-14T08:30", "2021-07-14T08:30"),
        ("2021-07-14T08:30+02:00", "2021-07-14T06:30"), ("today", "2026-11-20T00:00"),
        ("Yesterday", "2026-11-19T00:00"), ("0d", "2026-11-20T00:00"), ("30d", "2026-10-21T00:00"),
        ("2021-13", None), ("2021-02-30", None), ("0000", None), ("0001-01-01T00:00+14:00", None), ("７d", None),
        ("", None),
    ],
)  # fmt: skip
def test_moments(said: str, expected: str | None) -> None:
    assert moment(said, TODAY) == (expected and datetime.fromisoformat(expected).replace(tzinfo=UTC))


@given(st.lists(st.sampled_from(["-", "*", ":", '"', " ", "OR", "title:", "since:", "7d", "a", "é", "月"]) | st.text()))
def test_all_texts_are_read(parts: list[str]) -> None:
    question = read("".join(parts))
    assert all(question.groups)
    assert all(term.tokens for term in question.sought)
