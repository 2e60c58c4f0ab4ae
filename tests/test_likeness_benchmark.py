"""The benchmark of likeness, on the sample articles and a few siblings: that it counts what it says it counts."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.edits import COPIES, OTHERS, edited
from benchmarks.hashing_peers import best, shingles
from benchmarks.likeness import Answer, Shelf, sketched
from benchmarks.listed import listed
from benchmarks.siblings import KINDS, items
from benchmarks.ten_million import Law, candidates, fitted
from benchmarks.texts import Collection, Text, is_long, kin, read
from benchmarks.trial import Asked, Trial
from benchmarks.verdicts import tuned, verdicts

SAMPLES = Path(__file__).parents[1] / "seeds" / "articles" / "more_articles.jsonl"


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    rows = [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]
    return [Text(f"t{at}", row["language"], "sample", row["title"], row["maintext"]) for at, row in enumerate(rows)]


def test_a_file_is_read_with_the_groups_beside_it(tmp_path: Path) -> None:
    rows = [{"id": at, "lang": "fr", "title": "T", "heading": "H", "text": "x"} for at in range(3)]
    (tmp_path / "groups.txt").write_text("0,2\n1,9\n")
    with gzip.open(tmp_path / "some.jsonl.gz", "wt") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
    got = read(tmp_path / "some.jsonl.gz")
    assert got.groups == (("0", "2"),)
    assert got.texts[1] == Text("1", "fr", "some", "T", "H\n\nx")


def test_kin_share_a_fifth(texts: list[Text]) -> None:
    halves = [replace(text, id=f"half {text.id}", text=text.text[: len(text.text) // 2]) for text in texts]
    stranger = Text("stranger", "en", "", "", "nothing that any of them says in such a row of words")
    found = kin([*halves, stranger], texts)
    assert all(text.id in found[f"half {text.id}"] for text in texts)
    assert found["stranger"] == frozenset()


def test_edits_are_what_their_names_say(texts: list[Text]) -> None:
    base = max(texts, key=lambda text: len(text.text))
    donors = [text for text in texts if text.language == base.language and text is not base] or texts
    made = {each.edit: each.text.text for each in edited(base, COPIES, donors)}
    assert made["as it is"] == base.text
    assert len(made) == len(COPIES)
    assert 0.25 < len(made["truncated to 30%"]) / len(base.text) <= 0.3
    assert 1.3 < len(made["added 50%"]) / len(base.text) < 1.8
    changed = sum(one != two for one, two in zip(base.text.split(), made["words replaced 20%"].split(), strict=True))
    assert 0.1 < changed / len(base.text.split()) < 0.3
    assert [each.text for each in edited(base, COPIES, donors)] == [each.text for each in edited(base, COPIES, donors)]
    assert not [each for each in edited(base, OTHERS, []) if each.text.text]  # without donors there are none


def test_siblings_are_complete_and_differ() -> None:
    for is_held in (False, True):
        for item in items(held=is_held):
            one, other = item.sibling("1"), item.sibling("2")
            assert one != other
            assert one == item.sibling("1")
            assert "{" not in one.title + one.text
            assert "|" not in one.title + one.text
    assert {item.kind for item in items(held=True)} >= set(KINDS)


def trial(texts: list[Text]) -> Trial:
    """Two copies, one of them missed by nobody; a sibling; a stranger."""
    item = items(held=False)[0]
    first, second = texts[:2]
    half = replace(second, id="x", text=second.text[: len(second.text) // 2])
    return Trial(
        (first, second, item.sibling("kept")),
        (
            Asked("copy", "as it is", first, first.id),
            Asked("copy", "half", half, second.id, extreme=True),
            Asked("sibling", item.kind, item.sibling("asked")),
            Asked("unrelated", "unrelated", texts[2]),
        ),
    )


def test_verdicts_count_pairs(texts: list[Text]) -> None:
    some = trial(texts)
    first, second, sibling = (text.id for text in some.archive)
    found = [Answer(frozenset({first, second})), Answer(frozenset()), Answer(frozenset({sibling})), Answer(frozenset())]
    got = verdicts(some, found)
    assert (got.core, got.all, got.precision, got.unrelated) == (1.0, 0.5, 1 / 3, 0.0)
    assert got.siblings == {some.asked[2].name: 1.0}


def test_a_peer_is_tuned_to_the_precision(texts: list[Text]) -> None:
    scored = [[(0, 0.9)], [(1, 0.6)], [(2, 0.5)], []]
    threshold, got = tuned(trial(texts), scored)
    assert 0.5 < threshold <= 0.6
    assert (got.all, got.precision) == (1.0, 1.0)


def test_copydesk_finds_the_copies_alone(texts: list[Text]) -> None:
    some = trial(texts)
    shelf = Shelf(some.archive)
    found = [shelf.compared(asked.text, sketched(asked.text)) for asked in some.asked]
    copies = [{id_ for id_, each in one.items() if each.is_copy} for one in found]
    assert copies == [{texts[0].id}, {texts[1].id}, set(), set()]


def test_groups_that_are_not_found_are_told(texts: list[Text]) -> None:
    twin = Text("twin", texts[0].language, "other", "Another title", texts[0].text)
    collection = Collection((*texts, twin), ((texts[0].id, "twin"), (texts[1].id, texts[2].id)))
    got = listed(Shelf(collection.texts), collection)
    assert (got.groups, got.found, got.sharing, got.whole) == (2, 0.5, 1.0, 0.5)
    assert [each.ids for each in got.disagreements] == [(texts[1].id, texts[2].id)]


def test_the_law_of_anchors() -> None:
    law = Law(0.9, 1000.0)
    shares = law.postings(100_000)
    assert 0 < shares.min() < shares[0] < 1
    assert shares.sum() < 1
    often = candidates(Law(0.6, 10.0), 1000)
    seldom = candidates(Law(0.99, 10_000.0), 1000)
    assert seldom.mean < often.mean <= 64
    never = fitted([tuple(range(at, at + 14)) for at in range(0, 14_000, 14)])
    assert candidates(never, 1000).mean < 0.1


def test_peers_shingles() -> None:
    assert shingles("a b c d", 3) == {"a b c", "b c d"}
    assert shingles("a", 3) == {"a"}
    assert best(iter([(1, 0.4), (2, 0.9), (3, 0.1)])) == [(2, 0.9), (1, 0.4)]


def test_long_enough_texts_are_edited(texts: list[Text]) -> None:
    assert any(map(is_long, texts))
    assert not is_long(Text("", "en", "", "", "too short"))
