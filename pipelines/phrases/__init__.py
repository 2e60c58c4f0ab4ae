"""Phrases of boilerplate: one TOML file a language, data and no code; no phrase names a publisher or a person.

A page often carries another language's leftovers, so all languages apply to every text. In each file:

``whole`` and ``headings``   the whole line says this, but for marks and counters around it
``openers``                  the line begins with this
``marks`` (credit)           a credit follows after a colon: ``Photo: X``
``marks`` (caption)          stands anywhere in a caption, such as ``(left)``
``labels``                   the line is ``label: value``; under ``stamp``, words that surround a date
``weekdays``, ``months``     names for dates; months hold twelve lists
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_LONGEST = 120  # characters of a line that may say no more than a phrase and the marks around it
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def fold(text: str) -> str:
    """``text`` as phrases are compared: NFC, case folded, straight apostrophes, single spaces."""
    folded = unicodedata.normalize("NFC", text).casefold().replace("’", "'").replace("‘", "'").replace("´", "'")
    return " ".join(folded.split())


def bare(folded: str) -> str:
    """A folded line without the marks around it: ``*** Read more: »`` is ``read more``."""
    return _EDGES.sub("", folded)


def one_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first; an apostrophe or space matches loosely."""
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    return "(?:" + "|".join(re.escape(phrase).replace(r"\ ", r"\s+") for phrase in longest_first) + ")"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of all languages, ready to match folded text; the keys are the sections of the files."""

    whole: Mapping[str, frozenset[str]]
    openers: Mapping[str, re.Pattern[str]]
    labels: Mapping[str, re.Pattern[str]]
    credit_marks: str
    caption_marks: re.Pattern[str]
    stamp_words: re.Pattern[str]
    months: Mapping[str, int]
    weekdays: frozenset[str]

    def is_whole(self, section: str, folded: str) -> bool:
        """Whether the whole line says a phrase of the section."""
        return len(folded) <= _LONGEST and (folded in self.whole[section] or bare(folded) in self.whole[section])

    def opens(self, section: str, folded: str) -> re.Match[str] | None:
        """The opener of the section with which the line begins, marks before it passed over."""
        return self.openers[section].match(folded)

    def labelled(self, section: str, folded: str) -> re.Match[str] | None:
        """The label of the section with which the line begins, up to and with its colon."""
        return self.labels[section].match(folded)


@cache
def load_phrases() -> Phrases:
    """Every file of this folder, merged; read once."""
    lists: dict[tuple[str, str], set[str]] = {}
    months: dict[str, int] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda entry: entry.name):
        if not file.name.endswith(".toml"):
            continue
        for section, fields in tomllib.loads(file.read_text(encoding="utf-8")).items():
            for name, phrases in fields.items():
                if name == "months":
                    months |= {fold(month): at for at, names in enumerate(phrases, 1) for month in names}
                else:
                    lists.setdefault((section, name), set()).update(map(fold, phrases))

    def start(pattern: str) -> re.Pattern[str]:
        return re.compile(rf"[\W_]*{pattern}")

    opener_sections = ("caption", "byline", "agency", "related", "widget", "imprint", "nav")
    stamp = lists["stamp", "labels"] | lists["stamp", "weekdays"] | set(months)
    return Phrases(
        whole={
            section: frozenset(map(bare, lists.get((section, "whole"), ())))
            | frozenset(lists.get((section, "headings"), ()))
            for section in ("credit", "widget", "nav", "related")
        },
        openers={name: start(one_of(lists[name, "openers"]) + r"(?!\w)") for name in opener_sections},
        labels={name: start(one_of(lists[name, "labels"]) + r"[\s.]*[:：]") for name in ("imprint", "hotline")},
        credit_marks=one_of(lists["credit", "marks"]),
        caption_marks=re.compile(one_of(lists["caption", "marks"]) + r"(?!\w)"),
        stamp_words=re.compile(rf"(?<!\w){one_of(stamp)}(?!\w)"),
        months=months,
        weekdays=frozenset(lists["stamp", "weekdays"]),
    )
