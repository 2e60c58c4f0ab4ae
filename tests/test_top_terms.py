"""Top terms: the same as reading every text, on both databases; robust on small results, and in every script."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from math import isclose, log

import pytest
from sqlalchemy import update

from storage.database import Database
from storage.query_language import Words
from storage.records import Query
from storage.schema import article
from storage.terms import LEAST_RATIO, LEAST_SCORE, likelihood_ratio, terms
from storage.words import tokens
from tests.test_search import occurs, store

FILLER = ["council", "weather", "budget", "opera", "harbour", "market", "school", "train", "bridge", "museum"]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url)
    yield opened
    opened.close()


def kept(
    database: Database, texts: list[tuple[str, str]], stories: Sequence[str] | None = None, **fields: Sequence[str]
) -> None:
    """Articles, each a story of its own unless ``stories`` says otherwise."""
    titles, bodies = zip(*texts, strict=True)
    store(database, texts, title=titles, text=bodies, **fields)
    with database.writing() as connection:
        for n, story in enumerate(stories or [str(n) for n in range(len(texts))], start=1):
            connection.execute(update(article).where(article.c.seq == n).values(story_id=story))


def found(database: Database, words: str, limit: int = 20) -> dict[str, tuple[int, int]]:
    with database.reading() as connection:
        return {each.term: (each.articles, each.elsewhere) for each in terms(connection, Query(words), limit)}


def made(number: int, seed: int) -> list[tuple[str, str]]:
    """Texts of which a third is about a flood: some words stand there more often than elsewhere."""
    chance = random.Random(seed)
    texts = []
    for n in range(number):
        words = chance.sample(FILLER, 4)
        if n % 3 == 0:
            words += ["flood", *chance.sample(["dyke", "rescue", "pumps", "sandbags"], 2)]
        elif chance.random() < 0.1:
            words += ["rescue"]
        chance.shuffle(words)
        texts.append((f"No {n}", ". ".join(words)))
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_reading_every_text_gives(database: Database, seed: int) -> None:
    texts = made(90, seed)
    kept(database, texts)
    result = [both for both in texts if "flood" in both[1]]
    rest = [both for both in texts if "flood" not in both[1]]
    expected = {}
    for token in {token for both in texts for token in tokens(" ".join(both))}:
        here, there = (sum(occurs(Words((token,)), *both) for both in side) for side in (result, rest))
        if here < 2 or token == "flood" or token.isdigit() or here / len(result) < LEAST_RATIO * there / len(rest):
            continue
        if g2(here, len(result), there, len(rest)) >= LEAST_SCORE:
            expected[token] = (here, there)
    assert found(database, "flood") == expected
    assert {"rescue", "sandbags", "dyke", "pumps"} >= set(expected) > {"dyke"}


def g2(a: int, n: int, b: int, m: int) -> float:
    """The formula as it stands in textbooks: 2 Σ O ln(O/E)."""
    observed = [[a, b], [n - a, m - b]]
    total, rows, columns = n + m, [a + b, n + m - a - b], [n, m]
    return 2 * sum(
        observed[i][j] * log(observed[i][j] * total / (rows[i] * columns[j]))
        for i in range(2)
        for j in range(2)
        if observed[i][j]
    )


def test_the_score_is_dunnings() -> None:
    for a, n, b, m in ((3, 10, 1, 100), (10, 10, 0, 5), (0, 4, 2, 8), (110, 31777, 2552, 31777)):
        assert isclose(likelihood_ratio(a, n, b, m), g2(a, n, b, m), abs_tol=1e-6)
    # A published example: 2 × 2 with cells 110, 2442, 111 and 29114 ("the swiss", Dunning 1993, table 1).
    assert round(likelihood_ratio(110, 110 + 111, 2442, 2442 + 29114), 2) == 270.72


def test_small_results(database: Database) -> None:
    common = [("No", f"the council met about the {word}") for word in FILLER * 3]
    kept(database, [("Eels", "kestrels of Orvane"), ("Eels", "Orvane has kestrels"), ("Moles", "a lone mole"), *common])
    assert set(found(database, "eels")) == {"kestrels", "Orvane"}
    assert found(database, "moles") == {}, "one article is no pattern"
    assert found(database, "nothing has this") == {}
    assert found(database, "") == {}, "there is no rest"


def test_a_story_counts_once(database: Database) -> None:
    texts = [("Wire", "flood zeppelin")] * 12 + [("Wire", f"flood {word}") for word in FILLER]
    texts += [("Wire", word) for word in FILLER * 4]
    stories = ["wire"] * 12 + [str(n) for n in range(50)]
    kept(database, texts, stories=stories)
    assert found(database, "flood") == {}


def test_terms_of_the_languages_of_the_result(database: Database) -> None:
    """French articles among English ones are not told to say "les"."""
    french = [("Crue", f"les digues cèdent, les crues montent {n}") for n in range(4)]
    french += [("Ville", f"les écoles de la ville ouvrent {n}") for n in range(12)]
    english = [("Town", f"the schools of the town open {n}") for n in range(60)]
    kept(database, french + english, language=["fr"] * 16 + ["en"] * 60)
    assert set(found(database, "crue")) == {"digues cèdent", "crues montent"}


def test_every_script_and_spelling(database: Database) -> None:
    rare = [
        ("n", "選挙区の候補者 Đà Nẵng ข่าวการเมือง Straße"),
        ("n", "この選挙区で STRASSE ข่าวการเมือง Đà Nẵng"),
        ("n", "Straße đà nẵng 選挙区 ข่าวการเมือง"),
    ]
    kept(database, [(f"Topic {title}", text) for title, text in rare] + [("t", word) for word in FILLER * 4])
    assert found(database, "topic") == {
        "選挙区": (3, 0), "Đà Nẵng": (3, 0), "ข่าวการเมือง": (3, 0), "Straße": (3, 0),
    }  # fmt: skip


def test_what_was_asked_for_is_left_out(database: Database) -> None:
    texts = [("t", f"floods flooding dyke {n}") for n in range(5)] + [("t", word) for word in FILLER * 4]
    kept(database, texts)
    assert set(found(database, "flo*")) == {"dyke"}
    assert set(found(database, "dyke OR nothing", limit=1)) == {"floods flooding"}
