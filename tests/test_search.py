"""One question, one meaning: the same hits on SQLite and PostgreSQL, and the same as reading every text."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Integer, String, Table, delete, insert, update

from storage.columns import SafeJson, SafeText, Strings, UtcTime
from storage.counts import BY_TIME, counts
from storage.database import Database
from storage.query_language import Words, understood
from storage.records import CountedBy, Query
from storage.schema import article, capture, version
from storage.search import hits, number_of_hits
from storage.word_index import Entry, index, remove
from storage.words import tokens

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


def store(
    database: Database, texts: Sequence[tuple[str, str]], copies: Sequence[int] = (), **fields: Sequence[Any]
) -> None:
    """Articles 1, 2, 3 … with these titles and texts, a day apart; ``fields``: columns of the versions.

    copies: the numbers of those that are a copy.
    """
    rows = [(n, *both) for n, both in enumerate(texts, start=1)]
    nobody: list[tuple[str, ...]] = [()] * len(rows)
    with database.writing() as connection:
        connection.execute(insert(capture), [row(capture, key=str(n)) for n, _, _ in rows])
        connection.execute(
            insert(article),
            [
                row(
                    article,
                    seq=n,
                    id=str(n),
                    current=1,
                    dated_at=DAY + timedelta(days=n),
                    copy_of="0" if n in copies else None,
                    **{key: fields[key][n - 1] for key in ("source", "language", "agency") if key in fields},
                )
                for n, _, _ in rows
            ],
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
        names = zip(fields.get("authors", nobody), fields.get("agency", [None] * len(rows)), strict=True)
        entries = [(n, Entry(*both, *who)) for (n, *both), who in zip(rows, names, strict=True)]
        index(connection, entries)


def row(table: Table, **values: object) -> dict[str, object]:
    """A row with something in every column that needs it; search looks at few of them."""
    anything = {SafeText: "", String: "", Integer: 0, UtcTime: DAY, Strings: (), SafeJson: []}
    needed = {
        column.name: anything[type(column.type)]
        for column in table.c
        if not column.nullable and column.name not in values
    }
    return needed | values


def found(database: Database, words: str, **fields: Any) -> set[int]:
    with database.reading() as connection:
        asked = hits(Query(words=words, limit=None, **fields), connection.dialect.name)
        return {int(row.id) for row in connection.execute(asked)}


def read_through(texts: Sequence[tuple[str, str]], words: str) -> set[int]:
    """What ``found`` must give where no facts are asked for, by reading every text."""
    question = understood(words, DAY.date())
    return {
        n
        for n, both in enumerate(texts, start=1)
        if not question.is_hopeless
        and all(any(occurs(clause.asked, *both) != clause.is_not for clause in group) for group in question.groups)
    }


def occurs(asked: object, title: str, text: str) -> bool:
    assert isinstance(asked, Words)
    term = f" {' '.join(asked.tokens)}" + ("" if asked.is_open else " ")
    return any(term in _in_a_row(part) for part in ([title] if asked.place == "title" else [title, text]))


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
        if question.strip():
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
    if words.strip() and "author:" not in words:
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
        index(connection, [(1, Entry("New title", "new words"))])
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


# --- the whole language ---------------------------------------------------------------------------------------------

SOURCES, LANGUAGES, FLAGS = ["gazette", "herald", "a b", None], ["fr", "en", None], ["incomplete", "charset-guessed"]
PEOPLE, AGENCIES = ["Ana Duarte", "Đặng Thị Hồng", "O'Neil Ana"], ["AFP", "dpa/AFP", "Łódź Press", None]
Holds = Callable[[int], bool]


def some_articles(chance: random.Random, number: int) -> dict[str, list[Any]]:
    return {
        "texts": [(some_words(chance, 3), some_words(chance, chance.randrange(30))) for _ in range(number)],
        "source": [chance.choice(SOURCES) for _ in range(number)],
        "language": [chance.choice(LANGUAGES) for _ in range(number)],
        "flags": [tuple(flag for flag in FLAGS if chance.random() < 0.3) for _ in range(number)],
        "authors": [tuple(chance.sample(PEOPLE, chance.randrange(3))) for _ in range(number)],
        "agency": [chance.choice(AGENCIES) for _ in range(number)],
        "copies": [n for n in range(1, number + 1) if chance.random() < 0.3],
    }


def some_clause(chance: random.Random, stored: dict[str, list[Any]]) -> tuple[str, Holds]:
    """A clause as it is typed, and what it means, written down once more: of article n, by reading it."""
    word = chance.choice([each for each in VOCABULARY if not each.startswith("$")])

    def row(wanted: str, texts: Sequence[str], *, is_open: bool = False) -> bool:
        asked = tokens(wanted)
        unspaced = len(asked[-1]) == 1 and asked[-1] in "月山"
        term = f" {' '.join(asked)}" + ("" if is_open or unspaced else " ")
        return any(term in _in_a_row(text) for text in texts)

    both = lambda n: stored["texts"][n - 1]  # noqa: E731
    agency = lambda n: [stored["agency"][n - 1] or ""]  # noqa: E731
    match chance.randrange(12):
        case 0 | 1:
            return word, lambda n: row(word, both(n))
        case 2:
            phrase = f"{word} {chance.choice(VOCABULARY)}"
            return f'"{phrase}"', lambda n: row(phrase, both(n))
        case 3:
            start = tokens(word)[0][:2]
            return f"{start}*", lambda n: row(start, both(n), is_open=True)
        case 4:
            return f"title:{word}", lambda n: row(word, both(n)[:1])
        case 5:
            name = chance.choice(["ana", "Duarte", "DANG THI", "Duarte Dang", "neil"])
            return f'author:"{name}"', lambda n: row(name, stored["authors"][n - 1])
        case 6:
            name = chance.choice(["afp", "DPA", "lodz"])
            return f"agency:{name}", lambda n: row(name, agency(n))
        case 7:
            source = chance.choice(["gazette", "herald", "a b", "Gazette"])
            return f'source:"{source}"', lambda n: stored["source"][n - 1] == source
        case 8:
            language = chance.choice(["fr", "EN", "xx"])
            return f"lang:{language}", lambda n: stored["language"][n - 1] == language.lower()
        case 9:
            flag = chance.choice(FLAGS)
            return f"flag:{flag}", lambda n: flag in stored["flags"][n - 1]
        case 10:
            kind = chance.choice(["copy", "canonical"])
            return f"is:{kind}", lambda n: (n in stored["copies"]) == (kind == "copy")
        case _:
            at = chance.randrange(1, 200)
            day, field = DAY + timedelta(days=at), chance.choice(["since", "until"])
            return f"{field}:{day:%Y-%m-%d}", lambda n: (n >= at) == (field == "since")


def some_question(chance: random.Random, stored: dict[str, list[Any]]) -> tuple[str, Holds]:
    """One to three groups of clauses."""
    said: list[str] = []
    groups: list[list[tuple[Holds, bool]]] = []
    for _ in range(chance.randint(1, 3)):
        group: list[tuple[Holds, bool]] = []
        parts: list[str] = []
        for _ in range(chance.choice([1, 1, 2, 3])):
            text, holds = some_clause(chance, stored)
            is_not = chance.random() < 0.25
            parts.append("-" * is_not + text)
            group.append((holds, is_not))
        said.append(" OR ".join(parts))
        groups.append(group)
    return "  ".join(said), lambda n: all(any(holds(n) != is_not for holds, is_not in group) for group in groups)


def key_of(number: int, by: CountedBy, stored: dict[str, list[Any]]) -> str | None:
    """What an article is counted under."""
    if by not in BY_TIME:
        key: str | None = stored[by][number - 1]
        return key
    day = (DAY + timedelta(days=number)).date()
    if by == "hour":
        return f"{day}T00:00Z"
    return (day if by == "day" else day - timedelta(days=day.weekday())).isoformat()


def test_the_whole_language_finds_what_a_scan_finds(database: Database) -> None:
    chance = random.Random(11)
    stored = some_articles(chance, 200)
    store(database, **stored)
    telling = 0
    for number in range(500):
        question, holds = some_question(chance, stored)
        expected = {n for n in range(1, 201) if holds(n)}
        assert found(database, question) == expected, question
        telling += 0 < len(expected) < 200
        with database.reading() as connection:
            dialect = connection.dialect.name
            query = Query(words=question, limit=None, sort="relevance")
            assert connection.scalar(number_of_hits(query, dialect)) == len(expected)
            if number % 5 == 0:
                ranked = connection.execute(hits(query, dialect)).all()
                assert sorted(int(each.id) for each in ranked) == sorted(expected), question
                for by in get_args(CountedBy):
                    told = {each.key: each.number for each in counts(connection, query, by)}
                    assert told == Counter(key_of(n, by, stored) for n in expected), (question, by)
    assert telling > 250


EVERY = int(os.environ.get("COPYDESK_TEST_EVERY", "5"))
PARTS = [
    *"\"\"\"-*:() ", "OR", " OR ", " -", "title:", "author:", "agency:", "source:", "lang:", "is:", "flag:", "story:",
    "since:", "until:", "since:7d", "since:2021-13", "until:0001-01-01T00:00+14:00", "since:9999-12-31", "is:copy",
    "9999d", "gate", "é", "選", "月", "\x00", "\ud800", "\u202e", "\u0301", "'", "\\", "&", "|", "!", "<->", "%", "\n",
    "NEAR(", "AND", "NOT", "{title}", "^", ":A", ":*", "7f3a",
]  # fmt: skip


def some_string(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(12)))
    return "".join(chance.choice(PARTS) for _ in range(chance.randrange(1, 14)))


def test_ten_thousand_strings_break_nothing(database: Database) -> None:
    """Each is understood; every fifth is asked, in one of the ways there are."""
    chance = random.Random(13)
    store(database, [("C++ don't gate", "é 選月 OR"), ("0", "title since 7d")])
    ways = [(by, sort) for by in ("article", "sighting") for sort in ("newest", "relevance")]
    with database.reading() as connection:
        for number in range(10_000):
            words = some_string(chance)
            understood(words, DAY.date())
            if number % EVERY == 0:
                by, sort = ways[number // EVERY % 4]
                query = Query(words=words, by=by, sort=sort, limit=chance.choice([None, 5]))
                connection.execute(hits(query, connection.dialect.name)).all()
                counts(connection, query, get_args(CountedBy)[number // EVERY % 6])


def test_questions_of_many_operators_are_answered(database: Database) -> None:
    store(database, [("gate", "door")])
    for part in (
        "gate OR ",
        "-x ",
        "source:a ",
        "flag:x OR ",
        "-title:x* OR ",
        "since:2021 ",
        "author:a OR source:b ",
        '-"a b" ',
    ):
        for sort in ("newest", "relevance"):
            found(database, part * 3_000, sort=sort)
    assert found(database, "gate OR " * 99 + "x") == {1}
    assert found(database, "-x " * 100) == {1}
    assert found(database, "-gate " * 10) == set()


def test_relevance_comes_first_where_it_is_asked_for(database: Database) -> None:
    filler = "some other words of no use here " * 20
    store(database, [("Gate", "gate gate gate"), ("None", filler), ("Door", f"gate {filler}")])
    with database.reading() as connection:
        for limit in (None, 2, 1):
            for sort, expected in (("newest", ["3", "1"]), ("relevance", ["1", "3"])):
                query = Query(words="gate", sort=sort, limit=limit)
                rows = connection.execute(hits(query, connection.dialect.name)).all()
                assert [row.id for row in rows] == expected[:limit]
        query = Query(words="gate OR -door", sort="relevance")  # what none of the words is in comes last
        rows = connection.execute(hits(query, connection.dialect.name)).all()
        assert [row.id for row in rows] == ["1", "3", "2"]


def test_counts(database: Database) -> None:
    store(
        database,
        [("gate", "")] * 9 + [("door", "")],
        source=["a"] * 4 + ["b"] * 4 + [None, "c"],
        agency=["AFP", *[None] * 9],
    )
    with database.reading() as connection:

        def told(by: CountedBy, words: str | None = "gate") -> list[tuple[str | None, int]]:
            return [(each.key, each.number) for each in counts(connection, Query(words=words, limit=2), by)]

        assert told("source") == [("a", 4), ("b", 4), (None, 1)]
        assert told("agency") == [(None, 8), ("AFP", 1)]
        assert told("language", None) == [(None, 10)]
        assert told("day")[:2] == [("2026-11-21", 1), ("2026-11-22", 1)]
        assert told("hour")[:2] == [("2026-11-21T00:00Z", 1), ("2026-11-22T00:00Z", 1)]
        assert told("week") == [("2026-11-16", 2), ("2026-11-23", 7)]
        assert told("week", "nothing") == []


TIMES = [
    datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 0, 59, tzinfo=UTC), datetime(2024, 2, 29, 1, tzinfo=UTC),
    datetime(2026, 11, 20, 23, 30, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]  # fmt: skip


def test_counts_follow_the_articles(database: Database) -> None:
    """However odd their times, and whatever becomes of them."""
    store(database, [("gate", "")] * len(TIMES), source=["a"] * len(TIMES))
    chance = random.Random(7)
    now = dict.fromkeys(range(1, len(TIMES) + 1), (DAY, "a"))
    for _ in range(20):
        with database.writing() as connection:
            for seq in list(now):
                now[seq] = (chance.choice(TIMES), chance.choice("ab"))
                fields = {"dated_at": now[seq][0], "source": now[seq][1]}
                connection.execute(update(article).where(article.c.seq == seq).values(fields))
            if len(now) > 3 and chance.random() < 0.3:
                gone, _ = now.popitem()
                connection.execute(delete(version).where(version.c.article_id == str(gone)))
                connection.execute(delete(article).where(article.c.seq == gone))
                remove(connection, gone)
            since = chance.choice(TIMES[:-1]) + timedelta(hours=chance.randrange(2), minutes=chance.choice((0, 0, 30)))
            since = since.astimezone(timezone(timedelta(hours=chance.choice((0, 5.5)))))
            asked = Query(since=since), Query("gate", since=since), Query("gate", source="a"), Query("gate"), Query()
            for query in asked:
                left = {
                    seq: at for seq, (at, source) in now.items()
                    if source == (query.source or source) and (query.since is None or at >= query.since)
                }  # fmt: skip
                told = {each.key: each.number for each in counts(connection, query, "day")}
                assert told == Counter(f"{at:%Y-%m-%d}".zfill(10) for at in left.values()), query
                told = {each.key: each.number for each in counts(connection, query, "hour")}
                assert told == Counter(f"{at:%Y-%m-%dT%H}:00Z".zfill(17) for at in left.values()), query
                by_source = {each.key: each.number for each in counts(connection, query, "source")}
                assert by_source == Counter(now[seq][1] for seq in left), query
                assert connection.scalar(number_of_hits(query, connection.dialect.name)) == len(left)
