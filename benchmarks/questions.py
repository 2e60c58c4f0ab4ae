"""Two hundred questions of six kinds, as people ask an archive: words of headlines, phrases, filters, operators.

They are drawn from the texts that the archive is made of, so that some are rare and some are everywhere.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks.big_archive import DAYS, END, LANGUAGES, SOURCES, Made
from storage.records import Query

NUMBER = 200
KINDS = ("a word", "two or three words", "a phrase", "words and filters", "operators", "filters alone")
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its kind."""

    kind: str
    query: Query


def questions(made: Made, total: int, number: int = NUMBER, seed: int = 1) -> list[Asked]:
    """The questions to an archive of ``total`` articles, kinds by turns."""
    chance = random.Random(seed)
    return [
        Asked(kind, _query(kind, *made.texts(chance.randrange(total)), chance))
        for kind in (KINDS[at % len(KINDS)] for at in range(number))
    ]


def _query(kind: str, title: str, text: str, chance: random.Random) -> Query:
    headline = _WORD.findall(title) or _WORD.findall(text)
    word = chance.choice(headline)
    match kind:
        case "a word":
            return Query(words=word)
        case "two or three words":
            return Query(words=" ".join(chance.sample(headline, min(len(headline), chance.choice((2, 3))))))
        case "a phrase":
            words = text.split()
            at = chance.randrange(max(1, len(words) - 3))
            return Query(words=f'"{" ".join(words[at : at + chance.choice((2, 3))])}"'.replace('""', '"'))
        case "words and filters":
            since, until = _months(chance)
            return chance.choice(
                (
                    Query(words=word, source=chance.choice(SOURCES[:20])),
                    Query(words=word, since=since, until=until),
                    Query(words=f"{word} lang:{chance.choice(LANGUAGES)}"),
                    Query(words=f"{word} is:canonical", since=since),
                )
            )
        case "operators":
            other, third = chance.choice(headline), chance.choice(_WORD.findall(text))
            return Query(words=chance.choice((
                f"{word} OR {other}", f"{word} -{third}", f"{word[:4]}*", f"title:{word}", f"{word} agency:afp",
                f"title:{word} OR title:{other} -{third}",
            )))  # fmt: skip
        case _:
            since, until = _months(chance)
            return chance.choice(
                (
                    Query(source=chance.choice(SOURCES)),
                    Query(since=since, until=until),
                    Query(source=chance.choice(SOURCES[:20]), since=since),
                    Query(words=f"lang:{chance.choice(LANGUAGES)} is:copy"),
                    Query(),
                )
            )


def _months(chance: random.Random) -> tuple[datetime, datetime]:
    since = END - timedelta(days=chance.randrange(30, DAYS))
    return since, since + timedelta(days=chance.choice((1, 7, 30, 90, 365)))
