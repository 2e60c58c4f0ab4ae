"""One question, one meaning: the same hits on SQLite and PostgreSQL, and the same as reading every text."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Integer, String, Table, insert, select

from storage.columns import SafeJson, SafeText, Strings, UtcTime
from storage.database import Database
from storage.records import Query
from storage.schema import article, capture, version
from storage.search import hits, index, matching, number_of_hits
from storage.words import open_ended, terms, tokens

DAY = datetime(2026, 11, 20, tzinfo=UTC)
VOCABULARY = [
    "the", "gate", "gates", "Élection", "elections", "don't", "C++", "2024-01-01", "straße", "Đặng", "Hà", "Nội",
    "Łódź", "選挙区", "選挙", "5月に", "月", "東京都知事", "富士山", "山", "ข่าวการเมือง", "ข่าว", "서울", "서울에서",
    "می\u200cخواهم", "كتاب", "क़िला", "မြန်မာ", "ភាសា", "x", "a1", "1.5%", "$5", "U.S.", "soft\u00adhyphen", "e\u0301te",
]  # fmt: skip
HOSTILE = [
    "", " ", '"', '""', '"""', "'", "''", "don't", "C++", "2024-01-01", "news-wire", "title:flood", "text : x", "a AND",
    "OR", "NOT x", "NEAR(a b, 2)", "a* ", "*", "^a", "-a", "+a", "(", ")", "((((", "{a b}:c", "a:b", "a|b", "a & b",
    "!a", "<->", "a <2> b", "\\", "\\'", "'; DROP TABLE article; --", "%", "_", "%s", ":seq", "?1", "$1", "\x00",
    "a\x00b", "\ud800", "a\ud800b", "\u202e", "\ufeff", "🙂", "\U0001f3f4\U000e0067", "\u0301", "\u0301\u0316" * 5_000,
    "a" * 10_000, "a" * 50_000, "word " * 2_000, "選" * 5_000, "山 " * 3_000, '"a" ' * 3_000, '"' * 9_999, "'" * 10_000,
    " ".join(f"w{n}" for n in range(3_000)), " ".join(f"選{n}" for n in range(3_000)),
    f'"{" ".join(map(str, range(3_000)))}"', f'"{"the " * 3_000}"',
]  # fmt: skip


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.open(database_url)
    yield opened
    opened.close()


def store(database: Database, texts: Sequence[tuple[str, str]], **fields: Sequence[object]) -> None:
    """Articles 1, 2, 3 … with these titles and texts, a day apart; ``fields``: columns of the versions."""
    rows = [(n, *both) for n, both in enumerate(texts, start=1)]
    with database.writing() as connection:
        connection.execute(insert(capture), [row(capture, key=str(n)) for n, _, _ in rows])
        connection.execute(
            insert(article),
            [row(article, seq=n, id=str(n), current=1, dated_at=DAY + timedelta(days=n)) for n, _, _ in rows],
        )
        connection.execute(
            insert(version),
            [
                row(
                    version,
                    article_id=str(n),
                    number=1,
                    capture_key=str(n),
                    **{key: fields[key][n - 1] for key in fields},
                )
                for n, _, _ in rows
            ],
        )
        index(connection, rows)


def row(table: Table, **values: object) -> dict[str, object]:
    """A row with something in every column that needs it; search looks at few of them."""
    anything = {SafeText: "", String: "", Integer: 0, UtcTime: DAY, Strings: (), SafeJson: []}
    needed = {
        column.name: anything[type(column.type)]
        for column in table.c
        if not column.nullable and column.name not in values
    }
    return needed | values


def found(database: Database, words: str) -> set[int]:
    with database.reading() as connection:
        condition = matching(terms(words), connection.dialect.name)
        return set(connection.scalars(select(article.c.seq).where(condition)))


def read_through(texts: Sequence[tuple[str, str]], words: str) -> set[int]:
    """What ``found`` must give, by reading every text."""
    asked = [f" {' '.join(term)}" + ("" if open_ended(term) else " ") for term in terms(words)]
    return {
        n
        for n, both in enumerate(texts, start=1)
        if all(any(term in _in_a_row(part) for part in both) for term in asked)
    }


@cache
def _in_a_row(text: str) -> str:
    return f" {' '.join(tokens(text))} "


def some_words(chance: random.Random, longest: int) -> str:
    return "".join(chance.choice(VOCABULARY) + chance.choice(["", " ", " ", ", ", "\n", "'"]) for _ in range(longest))


def test_the_same_hits_as_reading_every_text(database: Database) -> None:
    chance = random.Random(7)
    texts = [(some_words(chance, 4), some_words(chance, chance.randrange(40))) for _ in range(300)]
    store(database, texts)
    questions = [some_words(chance, chance.randint(1, 3)) for _ in range(250)]
    questions += [f'"{some_words(chance, 2)}" {chance.choice(VOCABULARY)}' for _ in range(150)]
    questions += [text[chance.randrange(len(text)) :][:12] for _, text in texts if text]
    some = 0
    for question in questions:
        if terms(question):
            expected = read_through(texts, question)
            assert found(database, question) == expected, question
            some += 0 < len(expected) < len(texts)
    assert some > 200  # most questions tell some articles from others


def test_nothing_a_user_types_breaks_a_question(database: Database) -> None:
    store(database, [("C++ don't 2024-01-01", "a b c 山")])
    with database.reading() as connection:
        for words in HOSTILE:
            for question in (words, f"{words} gate", f'"{words}', f"{words}*", words.replace(" ", '"')):
                connection.execute(hits(Query(words=question), connection.dialect.name)).all()


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=st.text(max_size=60))
def test_generated_questions_break_nothing(shared_archive: Database, words: str) -> None:
    texts = [("C++ don't 2024-01-01", "a b c 山"), ("0", "1 2 A")]
    with shared_archive.reading() as connection:
        connection.execute(hits(Query(words=words), connection.dialect.name)).all()
    if terms(words):
        assert found(shared_archive, words) == read_through(texts, words)


@pytest.fixture
def shared_archive(database: Database) -> Database:
    store(database, [("C++ don't 2024-01-01", "a b c 山"), ("0", "1 2 A")])
    return database


def test_phrases_in_long_texts(database: Database) -> None:
    """A tsvector holds 256 positions of a word; the 257th is found in a phrase all the same."""
    text = "the road " * 700 + "the gate " + "the road " * 700
    store(database, [("title the", text), ("the end", "gate"), ("", "the 2")])
    assert found(database, '"the gate"') == {1}
    assert found(database, '"road the gate the road"') == {1}
    assert found(database, '"the road"') == {1}
    assert found(database, '"title the road"') == set()  # a phrase does not reach from the title into the text
    assert found(database, '"the 2"') == {3}
    assert found(database, "the gate") == {1, 2}


def test_texts_beyond_every_limit_are_taken(database: Database) -> None:
    """What a tsvector cannot hold fails no insert, and words far back are found."""
    many = " ".join(f"w{n:x}" for n in range(60_000))
    too_many = " ".join(f"{n:040d}" for n in range(60_000))  # 2.4 MB of different words
    store(database, [("one", many), ("two", too_many), ("three", "x" * 300_000), ("four", "選挙" * 50_000)])
    assert found(database, "wea5f one") == {1}
    assert found(database, f"two {0:040d}") == {2}
    assert found(database, "x" * 300_000) >= {3}
    assert found(database, "選挙 four") == {4}


def test_an_article_indexed_again_is_found_by_its_new_words_only(database: Database) -> None:
    store(database, [("Old title", "old words"), ("Other", "old")])
    with database.writing() as connection:
        index(connection, [(1, "New title", "new words")])
        index(connection, [])
    assert found(database, "old") == {2}
    assert found(database, "new title words") == {1}


def test_every_field_of_a_question_narrows(database: Database) -> None:
    store(
        database,
        [("One", "gate"), ("Two", "gate"), ("Three", "door"), ("Four", "gate")],
        source=["a", "b", "a", None],
        language=["fr", "fr", "en", "fr"],
    )

    def ids(query: Query) -> list[str]:
        with database.reading() as connection:
            rows = connection.execute(hits(query, connection.dialect.name)).all()
            if query.limit is None:
                assert connection.scalar(number_of_hits(query, connection.dialect.name)) == len(rows)
            return [row.id for row in rows]

    assert ids(Query(limit=None)) == ["4", "3", "2", "1"]  # newest first
    assert ids(Query(limit=2)) == ["4", "3"]
    assert ids(Query(limit=0)) == ids(Query(limit=-1)) == []
    assert ids(Query(words="gate", limit=None)) == ["4", "2", "1"]
    assert ids(Query(words="GATE one", limit=None)) == ["1"]
    assert ids(Query(source="a", limit=None)) == ["3", "1"]
    assert ids(Query(language="fr", words="gate", source="a", limit=None)) == ["1"]
    assert ids(Query(since=DAY + timedelta(days=2), until=DAY + timedelta(days=4), limit=None)) == ["3", "2"]
    assert ids(Query(words="  ", limit=None)) == ["4", "3", "2", "1"]
    assert ids(Query(words="???", limit=None)) == []
