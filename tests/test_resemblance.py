"""What two texts are to each other, and what the guards keep apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.sketch import sketch
from storage.records import Sketch
from storage.resemblance import RULE_VERSION, compare

STRIKE = (
    "Dockers at Port Annan walked out at noon on Tuesday after talks about night pay broke down, leaving 14 ships at "
    "anchor in the bay. The union says that 620 of its members have joined the strike and that more will follow by the "
    "end of the week. Employers offered a rise of 3.2 percent in January, half of what had been asked for. Grain and "
    "timber are the first to run short, according to the chamber of trade, which put the loss at 1.4 million a day. "
    "Nora Whitfield, who speaks for the harbour board, called the demands out of reach but said her door was open. "
    "The last strike, in 2009, went on for 23 days and ended only when the government sent a mediator. "
    "Fishermen have offered to carry medicine to the islands, where the ferry does not call any longer."
)
LIBRARY = (
    "The reading room of the town library will stay open until two in the morning from next month, the council decided "
    "after a trial that drew more readers than anybody had expected. Students had asked for it for years. A guard and "
    "two librarians take turns, and there is tea for those who stay beyond midnight. What it costs is paid by a legacy "
    "of a teacher who learned to read there as a child. Neighbours worried about noise, yet not one complaint has come "
    "in so far. The head of the library would like to keep the doors open on Sundays as well."
)
RESULT = (
    "{home} beat {away} {score} at {ground} on Saturday in front of a crowd of {crowd}, and {scorer} scored the winner "
    "in minute {minute} after a pass from {helper}. The visitors had the better chances before the break but could not "
    "find a way past the keeper, who saved a penalty by {other}. With {points} points {home} are now in place {place} "
    "of the table, {away} stay where they were. The manager praised the patience of his team and said that there "
    "was a long way to go. Both sides play again next week, when the injured are expected to be back in training."
)
_ROLES = ("home", "away", "ground", "scorer", "helper", "other", "score", "crowd", "minute", "points", "place")
ONE = dict(
    zip(
        _ROLES,
        ("Harwick", "Millbrook", "Mill Lane", "Okafor", "Nagy", "Sow", "2-1", "4,120", "71", "33", "4"),
        strict=True,
    )
)
TWO = dict(
    zip(
        _ROLES,
        ("Stanmere", "Denbury", "Gas Road", "Haines", "Duarte", "Barros", "3-0", "2,875", "12", "27", "9"),
        strict=True,
    )
)


def of(text: str, title: str = "Dockers walk out", language: str | None = "en") -> Sketch:
    return sketch(title, text, language)


def sentences(text: str) -> list[str]:
    return [f"{each}." for each in text.removesuffix(".").split(". ")]


def test_the_same_text() -> None:
    found = compare(of(STRIKE), of(STRIKE.upper(), "Strike!"))
    assert (found.kind, found.jaccard, found.containment, found.guard) == ("near", 1.0, 1.0, None)
    assert found.is_copy
    assert found.rule == RULE_VERSION


def test_a_copy_with_another_lede_and_a_cut_tail() -> None:
    other = " ".join(["Cranes stood still in the harbour on Tuesday.", *sentences(STRIKE)[1:-1]])
    found = compare(of(other), of(STRIKE))
    assert found.kind == "near"
    assert found.guard is None
    assert found.jaccard < 1


def test_a_digest_contains_and_its_parts_are_contained() -> None:
    digest = f"{LIBRARY} {STRIKE} {RESULT.format(**ONE)}"
    assert compare(of(digest), of(STRIKE)).kind == "contains"
    assert compare(of(STRIKE), of(digest)).kind == "contained"


def test_single_words_replaced_all_over() -> None:
    words = STRIKE.split()
    words[::6] = [f"and{at}" for at in range(len(words[::6]))]
    found = compare(of(" ".join(words)), of(STRIKE))
    assert found.jaccard < 0.45
    assert found.kind == "near"


def test_shared_background_is_related() -> None:
    half = " ".join([*sentences(LIBRARY)[:3], *sentences(STRIKE)[4:]])
    found = compare(of(half), of(STRIKE))
    assert (found.kind, found.guard) == ("related", None)
    assert not found.is_copy


def test_other_texts_are_nothing() -> None:
    assert compare(of(LIBRARY), of(STRIKE)).kind == "none"


def test_siblings_differ_in_numbers() -> None:
    found = compare(
        of(RESULT.format(**ONE)),
        of(RESULT.format(**{**ONE, **{role: TWO[role] for role in ("score", "crowd", "minute", "points")}})),
    )
    assert (found.kind, found.guard) == ("related", "numbers")
    assert {"4120", "2875", "71", "12"} <= set(found.differing)


def test_siblings_differ_in_names() -> None:
    swapped = {key: TWO[key] for key in ("home", "away", "ground", "scorer", "helper", "other")}
    found = compare(of(RESULT.format(**ONE)), of(RESULT.format(**{**ONE, **swapped})))
    assert (found.kind, found.guard) == ("related", "names")


@pytest.mark.parametrize(("old", "new"), [("620", "640"), ("Whitfield", "Whitefield"), ("Port Annan", "Port Arran")])
def test_a_correction_is_no_sibling(old: str, new: str) -> None:
    assert compare(of(STRIKE.replace(old, new)), of(STRIKE)).kind == "near"


def test_dropped_and_added_numbers_are_no_evidence() -> None:
    added = (
        f"{' '.join(sentences(STRIKE)[:-2])} Wheat stood at 212, maize at 187, rice at 530 and oats at 99 by Friday."
    )
    assert compare(of(added), of(STRIKE)).kind == "near"


def test_a_title_of_another_day_keeps_texts_apart() -> None:
    other = STRIKE.replace("620", "640").replace("Grain and timber", "Steel and cotton, and now coal as well,")
    assert compare(of(other, "Strike, day 3"), of(STRIKE, "Strike, day 2")).guard == "title"
    assert compare(of(other, "Strike on Friday"), of(STRIKE, "Strike on Monday")).guard == "title"
    assert compare(of(other, "Strike, day 2"), of(STRIKE, "Strike, day 2")).kind == "near"
    assert compare(of(STRIKE, "Strike, day 3"), of(STRIKE, "Strike, day 2")).kind == "near"  # the title was wrong


def test_a_series_asks_for_more() -> None:
    daily = STRIKE.replace("620", "640").replace("23 days", "24 days")
    old = replace(of(STRIKE), names=(), name_slots=b"")
    new = replace(of(daily), names=(), name_slots=b"")
    assert compare(new, old).kind == "near"
    found = compare(new, old, series=True)
    assert (found.kind, found.guard) == ("related", "series")
    assert compare(old, old, series=True).kind == "near"


def test_languages_are_never_mixed() -> None:
    assert compare(of(STRIKE, language="en"), of(STRIKE, language="fr")).kind == "none"
    assert compare(of(STRIKE, language=None), of(STRIKE, language="fr")).kind == "near"


def test_generations_are_never_mixed() -> None:
    assert compare(replace(of(STRIKE), version=0), of(STRIKE)).kind == "none"


def test_short_texts_are_never_likened() -> None:
    assert compare(of("More to follow."), of("More to follow.")).kind == "none"


def test_it_does_not_matter_which_came_first() -> None:
    turned = {"contains": "contained", "contained": "contains"}
    texts = [STRIKE, LIBRARY, f"{LIBRARY} {STRIKE}", RESULT.format(**ONE), RESULT.format(**TWO), STRIKE[:300]]
    for one in texts:
        for other in texts:
            found, back = compare(of(one), of(other)), compare(of(other), of(one))
            assert (turned.get(found.kind, found.kind), found.guard) == (back.kind, back.guard)
            assert (found.jaccard, found.containment) == (back.jaccard, back.containment)


def test_texts_without_spaces() -> None:
    text = (
        "港口城市的渡轮将在冬季停航，市议会星期一把补贴削减了三分之一。"
        "船长说，岛上的居民没有被征求意见，数百人签名请愿。最后一班船在下午离开。"
    )
    assert compare(of(text + "明年三月恢复。", language="zh"), of(text, language="zh")).kind == "near"
    assert compare(of(text[:35] + LIBRARY, language="zh"), of(text, language="zh")).is_copy is False
