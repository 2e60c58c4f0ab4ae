"""Datasets: no text crosses the splits, one archive gives one dataset, and the manifest says what is in it."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from pipelines.sketch import sketch
from storage import Archive, Query, Sketch
from storage.dataset.meeting import Meeting
from storage.dataset.splits import Splitting
from storage.errors import StorageError
from storage.export import FIELDS
from storage.resemblance import compare
from tests.newsroom import page, prose, sketched

EVEN = Splitting((1, 1, 1), copies=True)


def edits(text: str, chance: random.Random) -> Iterator[str]:
    """What papers make of a text, from all but the same to two fifths of it."""
    sentences = text.split(". ")
    others = prose(chance.randrange(10**6), 600).split(". ")
    for share in (0.1, 0.3, 0.45, 0.55, 0.6):
        kept = [each if chance.random() > share else chance.choice(others) for each in sentences]
        yield ". ".join(kept)
        yield ". ".join(sentences[: max(3, int(len(sentences) * (1 - share)))] + others[: chance.randrange(40)])
    yield ". ".join(others[:30] + sentences + others[30:])


def texts(chance: random.Random, number: int) -> Iterator[str]:
    """Texts of their own with edited ones, and the families of two templates."""
    for seed in range(number):
        text = prose(seed, chance.choice((60, 220, 220, 500)), 9)
        yield text
        if seed % 3 == 0:
            yield from edits(text, chance)
    for family in range(2):
        made = prose(9_000 + family, 150)
        for _ in range(40):
            yield " ".join(word if chance.random() > 0.12 else str(chance.randrange(10**6)) for word in made.split(" "))


def filled(archive: Archive, number: int) -> Archive:
    """Put articles in, many of which share text."""
    chance = random.Random(11)
    made = list(texts(chance, number))
    chance.shuffle(made)
    with archive.batch():
        for place, text in enumerate(made):
            outlet = chance.choice(("gazette", "herald", "wire"))
            archive.save(
                page(f"https://{outlet}.example/{place}", f"{place}".encode(), place / 50, source=outlet),
                sketched(text, f"Title {place}", language="en"),
            )
    return archive


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """An archive that nothing is changed in."""
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('full')}/archive.db") as archive:
        yield filled(archive, 45)


def read(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {
        file.stem: [json.loads(line) for line in file.read_bytes().split(b"\n") if line]
        for file in sorted(folder.glob("*.jsonl"))
    }


def crossing(splits: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    """Pairs of articles in two splits that the archive's rule calls copies, or related."""
    found = [
        (split, each["id"], sketch(each["title"], each["text"], each["language"]))
        for split, articles in splits.items()
        for each in articles
    ]
    return [
        (one[1], other[1])
        for one, other in combinations(found, 2)
        if one[0] != other[0] and compare(one[2], other[2]).kind != "none"
    ]


def test_no_copy_crosses_the_splits(archive: Archive, tmp_path: Path) -> None:
    filled(archive, 30)
    for copies in (True, False):
        folder = tmp_path / f"set{copies}"
        written = archive.dataset(Query(limit=None), folder, Splitting((1, 1, 1), copies=copies))
        splits = read(folder)
        assert min(map(len, splits.values())) > 5
        assert crossing(splits) == []
        stories = {split: {each["story_id"] for each in articles} for split, articles in splits.items()}
        assert not any(one & other for one, other in combinations(stories.values(), 2))
        number = sum(map(len, splits.values()))
        assert written.articles == {split: len(splits[split]) for split in ("train", "validation", "test")}
        assert number + written.copies == archive.count(Query(limit=None))
        assert number == (archive.count(Query()) if copies else len(set.union(*stories.values())))


def test_stories_alone_would_leak(full: Archive, tmp_path: Path) -> None:
    """What the splits hold apart is more than stories: were it not, the test above would prove nothing."""
    articles = list(full.find(Query(limit=None)))
    halves: dict[str, list[dict[str, str]]] = {"a": [], "b": []}
    for each in articles:
        half = "ab"[hashlib.sha256(each.story_id.encode()).digest()[0] % 2]
        halves[half].append({"id": each.id, "title": each.title, "text": each.text, "language": "en"})
    assert crossing(halves)


def test_whoever_is_alike_meets() -> None:
    """All pairs that the rule calls alike are among those that meet, and far from all others."""
    chance = random.Random(5)
    sketches: list[Sketch] = [sketch("", text, "en") for text in texts(chance, 60)]
    meeting = Meeting()
    for place, each in enumerate(sketches):
        meeting.add(place, each)
    met = {tuple(sorted(pair)) for pair in meeting.pairs()}
    alike = {
        (one, other)
        for one, other in combinations(range(len(sketches)), 2)
        if compare(sketches[one], sketches[other]).kind != "none"
    }
    family = {pair for pair in alike if min(pair) >= len(sketches) - 80}
    assert alike - family <= met
    assert len(family - met) < len(family)  # of a large family the neighbours are enough: each leads to the next
    assert len(met) < len(sketches) ** 2 / 8
    assert list(Meeting().pairs()) == []


def test_a_sample_of_shingles_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many to keep all, what shares much still meets."""
    monkeypatch.setattr("storage.dataset.meeting._MOST_SHINGLES", 8_000)
    chance = np.random.default_rng(3)
    shared = np.unique(chance.integers(0, 1 << 24, 400, dtype="<u4"))
    meeting = Meeting()
    for place in range(60):
        own = chance.integers(0, 1 << 24, 400, dtype="<u4")
        shingles = np.unique(np.concatenate((shared, own)) if place in (7, 52) else own)
        meeting.add(place, Sketch(1, "en", 400, shingles=shingles.tobytes()))
    assert (7, 52) in set(meeting.pairs())


def test_one_archive_gives_one_dataset(full: Archive, tmp_path: Path) -> None:
    for form in ("jsonl", "parquet"):
        for name in ("a", "b"):
            (tmp_path / form / name).mkdir(parents=True)
            full.dataset(Query(words="-title:999", limit=None), tmp_path / form / name / "set", EVEN, form)
        one, other = (
            {file.name: file.read_bytes() for file in (tmp_path / form / name / "set").iterdir()} for name in ("a", "b")
        )
        assert one == other
        assert set(one) == {
            *(f"{split}.{form}" for split in ("train", "validation", "test")), "manifest.json", "README.md",
        }  # fmt: skip
    full.dataset(Query(limit=None), tmp_path / "other", Splitting((1, 1, 1), "another", copies=True))
    first, second = read(tmp_path / "jsonl" / "a" / "set"), read(tmp_path / "other")
    assert {each["id"] for each in first["test"]} != {each["id"] for each in second["test"]}


def test_shares_are_met_by_stories_that_share_nothing(tmp_path: Path) -> None:
    archive = Archive.open(f"sqlite:///{tmp_path}/archive.db")
    with archive, archive.batch():
        for number in range(400):
            archive.save(page(f"https://g.example/{number}", f"{number}".encode()), sketched(prose(number, 40)))
    archive.dataset(Query(limit=None), tmp_path / "set", Splitting((80, 10, 10)))
    numbers = {split: len(articles) for split, articles in read(tmp_path / "set").items()}
    assert sum(numbers.values()) == 400
    assert 290 < numbers["train"] < 350
    assert 20 < numbers["test"] < 65
    archive.dataset(Query(limit=None), tmp_path / "all", Splitting((0, 0, 1)))
    assert {split: len(articles) for split, articles in read(tmp_path / "all").items()} == {
        "train": 0, "validation": 0, "test": 400,
    }  # fmt: skip


def test_the_manifest_is_true(full: Archive, tmp_path: Path) -> None:
    query = Query(words="lang:en", source="wire", limit=None)
    full.dataset(query, tmp_path / "set", EVEN)
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_bytes())
    splits = read(tmp_path / "set")
    assert manifest["query"] == {"words": "lang:en", "source": "wire"}
    assert manifest["articles"]["found"] == full.count(query)
    for told in manifest["files"]:
        data = (tmp_path / "set" / told["path"]).read_bytes()
        assert told["sha256"] == hashlib.sha256(data).hexdigest()
        assert told["bytes"] == len(data)
        assert told["rows"] == len(splits[told["split"]])
    for split, articles in splits.items():
        assert manifest["counts"]["sources"][split] == Counter(each["source"] for each in articles)
        assert all(tuple(each) == FIELDS for each in articles)
    assert manifest["made_by"]["rule"] == 1
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    front = card.split("---\n")[1]
    assert "license: other" in front
    assert '- "en"' in front
    assert [line.split(": ")[1] for line in front.splitlines() if "path:" in line] == [
        each["path"] for each in manifest["files"] if each["rows"]
    ]
    for heading in ("Sources", "Languages", "Dates", "Cleaning", "Known gaps", "Rights", "Copies and splits"):
        assert f"## {heading}" in card


def test_one_of_each_story_is_one_that_was_asked_for(archive: Archive, tmp_path: Path) -> None:
    """The centre of a story may be in an outlet that was not asked for: its copy is taken then."""
    text = prose(1)
    for number, outlet in enumerate(("wire", "herald", "gazette")):
        archive.save(
            page(f"https://{outlet}.example/a", outlet.encode(), number, source=outlet),
            sketched(f"{text} {outlet} adds this.", language="en"),
        )
    archive.dataset(Query(source="herald", limit=None), tmp_path / "herald", Splitting((1, 0, 0)))
    assert [each["source"] for each in read(tmp_path / "herald")["train"]] == ["herald"]
    archive.dataset(Query(limit=None), tmp_path / "all", Splitting((1, 0, 0)))
    assert [each["source"] for each in read(tmp_path / "all")["train"]] == ["wire"]


def test_what_is_there_stays(full: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "notes").write_text("mine")
    for place in (folder, folder / "notes"):
        with pytest.raises(StorageError, match="something is there"):
            full.dataset(Query(limit=None), place)
    with pytest.raises(StorageError, match="cannot be written"):
        full.dataset(Query(limit=None), tmp_path / "missing" / "set")
    assert [each.name for each in folder.iterdir()] == ["notes"]
    assert not list(tmp_path.glob(".set*"))
    (tmp_path / "empty").mkdir()
    full.dataset(Query(limit=None), tmp_path / "empty")
    assert (tmp_path / "empty" / "README.md").exists()
