"""The index of copies: two generations in one table, at both ends of what it holds, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, func, select

from storage.anchors import Anchors, series_hash, short
from storage.database import Database
from storage.errors import StorageError
from storage.story_schema import anchor

HIGHEST, LAST = (1 << 36) - 1, (1 << 27) - 1


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database.open(database_url)
    with database.writing() as opened:
        yield opened
    database.close()


@pytest.mark.parametrize("generation", [0, 1, 2, 7])
def test_what_was_entered_is_found(connection: Connection, generation: int) -> None:
    anchors = Anchors(connection, generation)
    entered = [(hash_, seq) for hash_ in (0, 1, 2, HIGHEST - 1, HIGHEST) for seq in (1, 2, LAST)]
    anchors.add(entered)
    anchors.add(entered[:4])
    assert anchors.find([0, 2, 3, HIGHEST]) == {hash_: [1, 2, LAST] for hash_ in (0, 2, HIGHEST)}
    anchors.drop([(2, 2), (3, 1), (HIGHEST, LAST)])
    assert anchors.find([2, 3, HIGHEST]) == {2: [1, LAST], HIGHEST: [1, 2]}
    assert connection.scalar(select(func.count()).select_from(anchor)) == 13
    assert anchors.find([]) == {}


def test_generations_lie_apart(connection: Connection) -> None:
    even, odd = Anchors(connection, 4), Anchors(connection, 5)
    even.add([(7, 1), (HIGHEST, LAST), (0, 1)])
    odd.add([(7, 2), (0, LAST)])
    assert (even.find([7, 0]), odd.find([7, 0])) == ({7: [1], 0: [1]}, {7: [2], 0: [LAST]})
    assert connection.scalar(select(func.count()).where(anchor.c.key < 0)) == 2


def test_thousands_are_looked_up_at_once(connection: Connection) -> None:
    anchors = Anchors(connection, 1)
    anchors.add((hash_ * 1_000, hash_ % 50 + 1) for hash_ in range(5_000))
    found = anchors.find(range(0, 5_000_000, 500))
    assert len(found) == 5_000
    assert found[1_000 * 77] == [28]


def test_the_end_is_told(connection: Connection) -> None:
    with pytest.raises(StorageError, match="134,217,727 articles"):
        Anchors(connection, 0).add([(1, LAST + 1)])


def test_hashes() -> None:
    assert short(-1) == HIGHEST
    assert 0 <= series_hash("gazette", "gold #") <= HIGHEST
    assert series_hash("gazette", "gold #") != series_hash("herald", "gold #") != series_hash("heraldgold", " #")
