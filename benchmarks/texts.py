"""Texts: the articles that likeness is measured on, which of them are alike by nature, and who sees which half.

French ones are those of ``duplicates`` in the evaluation data, or any file in its form: JSON lines with ``id``,
``lang``, ``title``, ``heading``, ``text``, beside it perhaps a ``groups.txt`` with a line of ids for each article that
is there more than once. Other languages are the gold texts of the evaluation pages. All are read where they lie.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.pages import eval_folder

FEWEST_WORDS = 120  # of an article that is edited; a few lines are no article after three sentences are gone
KIN = 0.2  # containment of word 5-grams: two texts that share more are alike by nature
_KIN_WORDS = 5
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_PAGE_SETS = ("fundus", "aeb", "wcxb")
_MOST_OF_SET = 90  # English pages of one set


@dataclass(frozen=True, slots=True)
class Text:
    """An article. source: the outlet."""

    id: str
    language: str
    source: str
    title: str
    text: str

    @property
    def part(self) -> int:
        """A number from 0 to 99 that tells whose share the text is, the same in every run."""
        return int.from_bytes(hashlib.blake2b(self.id.encode(), digest_size=4).digest()) % 100


@dataclass(frozen=True, slots=True)
class Collection:
    """Articles, and the groups of ids that are the same article by someone else's list."""

    texts: tuple[Text, ...]
    groups: tuple[tuple[str, ...], ...]


def read(file: Path) -> Collection:
    """The articles of a file and the groups beside it. Raises OSError, ValueError."""
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        texts = tuple(_text(json.loads(line), file.name.partition(".")[0]) for line in lines)
    listed = file.with_name("groups.txt")
    groups = [tuple(line.split(",")) for line in listed.read_text().split()] if listed.is_file() else []
    known = {text.id for text in texts}
    return Collection(texts, tuple(group for group in groups if len(known.intersection(group)) > 1))


def default_file() -> Path:
    """The listed duplicates of the evaluation data. Raises FileNotFoundError."""
    return eval_folder() / "duplicates" / "orangesum.jsonl.gz"


def page_texts() -> tuple[Text, ...]:
    """The gold texts of the evaluation pages, in two dozen languages."""
    found = []
    for name in _PAGE_SETS:
        count: Counter[str] = Counter()
        with gzip.open(eval_folder() / name / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                count[row["lang"]] += 1
                if row["text"] and row["lang"] and count[row["lang"]] <= _MOST_OF_SET:
                    paragraphs = row["text"].replace("\n", "\n\n")
                    found.append(Text(f"{name}/{row['id']}", row["lang"], row["site"], row["title"] or "", paragraphs))
    return tuple(found)


def is_long(text: Text) -> bool:
    """Whether the text is long enough to be edited."""
    return len(words(text.text)) >= FEWEST_WORDS


def words(text: str) -> list[str]:
    """The words of a text as they stand, in lower case; characters where words have no spaces."""
    spaced = _UNSPACED.sub(lambda match: f" {match.group()} ", text.lower())
    return _WORD.findall(spaced)


def kin(asked: Sequence[Text], kept: Iterable[Text]) -> dict[str, frozenset[str]]:
    """By id of each text that is asked about: the kept ones that share at least a fifth of the shorter of the two.

    Found word by word, by none of the methods that are measured.
    """
    sizes: dict[str, int] = {}
    holders: dict[int, list[str]] = defaultdict(list)
    for text in asked:
        sequences = _sequences(text.text)
        sizes[text.id] = len(sequences)
        for sequence in sequences:
            holders[sequence].append(text.id)
    found: dict[str, set[str]] = {text.id: set() for text in asked}
    for text in kept:
        sequences = _sequences(text.text)
        shared = Counter(id_ for sequence in sequences for id_ in holders.get(sequence, ()))
        for id_, count in shared.items():
            if count >= KIN * min(len(sequences), sizes[id_]):
                found[id_].add(text.id)
    return {id_: frozenset(alike) for id_, alike in found.items()}


def _sequences(text: str) -> frozenset[int]:
    found = words(text)
    return frozenset(hash(tuple(found[at : at + _KIN_WORDS])) for at in range(len(found) - _KIN_WORDS + 1))


def _text(row: dict[str, str], source: str) -> Text:
    lead = row.get("heading") or ""
    text = f"{lead}\n\n{row['text']}" if lead else row["text"]
    return Text(str(row["id"]), row["lang"], row.get("source") or source, row.get("title") or "", text)


def by_language(texts: Sequence[Text]) -> dict[str, list[Text]]:
    """The texts of each language, in order."""
    found: dict[str, list[Text]] = {}
    for text in texts:
        found.setdefault(text.language, []).append(text)
    return found
