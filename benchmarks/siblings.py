"""Siblings: items of one make with fresh figures, such as lottery results. They are never copies of each other."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.texts import Text

_ITEMS = Path(__file__).with_name("siblings.toml")
_SLOT = re.compile(r"\{([^{}]+)\}")
_RANGE = re.compile(r"(-?\d+)(?:([.,])(\d+))?\.\.(-?\d+)(?:[.,](\d+))?")
_DRAW = re.compile(r"([a-z]+)([1-9])")
KINDS = ("lottery", "gold", "weather", "earnings", "sport results", "polls")
BEYOND = frozenset({"plain words"})
"""Kinds whose items differ in no number and no name: told by their titles alone, and counted apart."""


@dataclass(frozen=True, slots=True)
class Item:
    """One make of item. is_held: thresholds have not seen it."""

    kind: str
    language: str
    title: str
    text: str
    lists: dict[str, list[str]]
    is_held: bool

    def sibling(self, seed: str) -> Text:
        """An item of this make, the same for the same seed."""
        rng = random.Random(f"{self.kind} {self.title} {seed}")
        drawn = {name: rng.sample(words, len(words)) for name, words in self.lists.items()}

        def filled(slot: re.Match[str]) -> str:
            what = slot.group(1)
            if match := _RANGE.fullmatch(what):
                return _number(rng, *match.groups())
            if (match := _DRAW.fullmatch(what)) and match[1] in drawn:
                return drawn[match[1]][int(match[2]) - 1]
            return rng.choice(what.split("|"))

        written = {}
        for name, value in (("title", self.title), ("text", self.text.strip())):
            while _SLOT.search(value):
                value = _SLOT.sub(filled, value)  # noqa: PLW2901 - a choice may hold slots of its own
            written[name] = value
        source = f"{self.kind} {self.language}"
        return Text(f"{source} {seed}", self.language, source, written["title"], written["text"].replace("\n", "\n\n"))


def items(*, held: bool) -> list[Item]:
    """The makes of items of one split."""
    read = tomllib.loads(_ITEMS.read_text(encoding="utf-8"))["item"]
    known = [
        Item(
            each["kind"],
            each["language"],
            each["title"],
            each["text"],
            each.get("lists", {}),
            each.get("held", False),
        )
        for each in read
    ]
    return [item for item in known if item.is_held == held]


def _number(rng: random.Random, low: str, mark: str | None, low_part: str | None, high: str, high_part: str) -> str:
    if mark is None or low_part is None:
        return str(rng.randint(int(low), int(high)))
    digits = len(low_part)
    value = str(rng.randint(int(low + low_part), int(high + high_part))).zfill(digits + 1)
    return f"{value[:-digits]}{mark}{value[-digits:]}"
