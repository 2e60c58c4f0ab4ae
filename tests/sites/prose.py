"""News prose made from our own sentences (words/*.toml): the same seed gives the same article, another seed another."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

LANGUAGES = ("en", "fr", "de", "vi")
_WORDS = Path(__file__).parent / "words"
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_BOUND = frozenset({"place", "project", "person", "critic", "org"})  # one value through the whole article


@dataclass(frozen=True, slots=True)
class Story:
    """A headline and the paragraphs under it, 150 to 500 words in all (syllables in Vietnamese)."""

    title: str
    author: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """The paragraphs joined by one blank line, as a cleaned article has them."""
        return "\n\n".join(self.paragraphs)


@cache
def lexicon(language: str) -> dict[str, Any]:
    """The word lists and sentences of a language."""
    return tomllib.loads((_WORDS / f"{language}.toml").read_text(encoding="utf-8"))


def story(language: str, seed: str, version: int = 0) -> Story:
    """The article that ``seed`` stands for. version: how often it was edited.

    Each edit replaces the second paragraph and adds one; the headline and the other paragraphs stay.
    """
    teller = _Teller(language, Random(f"{language}/{seed}"))
    title = teller.headline()
    author = teller.name()
    paragraphs = teller.paragraphs()
    if version:
        teller.random = Random(f"{language}/{seed}/{version}")
        paragraphs[1:2] = [teller.paragraph(2)]
        paragraphs[-1:-1] = [teller.paragraph(2)]
    return Story(title, author, tuple(paragraphs))


class _Teller:
    """Fills sentences; remembers who and what the article is about, and which sentences it has used."""

    def __init__(self, language: str, random: Random) -> None:
        self.random = random
        self._words = lexicon(language)
        self._bound: dict[str, str] = {}
        self._unused = list(self._words["sentence"])
        self._quotes = list(self._words["quote"])
        random.shuffle(self._unused)
        random.shuffle(self._quotes)

    def headline(self) -> str:
        return self._filled(self.random.choice(self._words["headline"]))

    def name(self) -> str:
        return f"{self.random.choice(self._words['first'])} {self.random.choice(self._words['last'])}"

    def paragraphs(self) -> list[str]:
        """Opening, paragraphs and quotes up to a length drawn at random, closing."""
        target = self.random.randint(190, 390)
        made = [f"{self._filled(self.random.choice(self._words['opening']))} {self.paragraph(1)}"]
        words = len(made[0].split())
        while words < target and len(self._unused) > 6:  # some are left for edits
            quoted = len(made) % 3 == 2 and self._quotes
            made.append(self._filled(self._quotes.pop()) if quoted else self.paragraph(self.random.randint(2, 4)))
            words += len(made[-1].split())
        return [*made, self._filled(self.random.choice(self._words["closing"]))]

    def paragraph(self, sentences: int) -> str:
        return " ".join(self._filled(self._unused.pop()) for _ in range(min(sentences, len(self._unused))))

    def _filled(self, template: str) -> str:
        chosen = _CHOICE.sub(lambda found: self.random.choice(found[1].split("|")), template)
        filled = _SLOT.sub(lambda found: self._slot(found[1]), chosen)
        return re.sub(r"^\W*\w", lambda found: found[0].upper(), filled)

    def _slot(self, name: str) -> str:
        if name in self._bound:
            return self._bound[name]
        value = self._value(name)
        if name in _BOUND:
            self._bound[name] = value
        return value

    def _value(self, name: str) -> str:
        draw = self.random.randint
        match name:
            case "person" | "critic":
                return self.name()
            case "town":
                return str(self.random.choice([town for town in self._words["place"] if town != self._bound["place"]]))
            case "small":
                return str(draw(3, 11))
            case "n":
                return str(draw(12, 99))
            case "many":
                return self._thousands(draw(1_100, 98_000))
            case "money":
                return str(self._words["money"]).format(self._thousands(draw(20, 990) * 1_000 + draw(0, 9) * 100))
            case "percent":
                return str(draw(13, 87))
            case "years":
                return str(draw(3, 29))
            case "year":
                return str(draw(1884, 1998))
            case "day":
                return str(draw(2, 28))
            case _:
                return str(self.random.choice(self._words[name]))

    def _thousands(self, number: int) -> str:
        return f"{number:,}".replace(",", self._words["thousands"])
