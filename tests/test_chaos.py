"""A crawl is killed, and nothing is lost: the small share of ``python -m tests.chaos`` that runs always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.kills import kill
from tests.chaos.scene import NewDatabase, outlets, sqlite
from tests.sites import Site, serve


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(outlets(2, 12, 30), tmp_path / "requests") as served:
        yield served


@pytest.fixture
def new_database(backend: str, request: pytest.FixtureRequest) -> NewDatabase:
    if backend == "sqlite":
        return sqlite
    databases = request.getfixturevalue("postgres_databases")
    return lambda _: str(databases.fresh())


def test_nothing_is_lost(site: Site, new_database: NewDatabase) -> None:
    """An engine alone, the watch alone, all at once, and in the middle of a transaction."""
    toll = kill(site, new_database, 4, 1, kinds=("before_commit", "engine", "group", "watch"), window=1)
    assert toll.findings.words == []
    assert toll.articles == 24 * toll.crawls
    assert toll.refetches <= toll.under_way


def test_the_harness_sees_what_is_lost(site: Site) -> None:
    """A frontier that forgets what it hands out."""
    toll = kill(site, sqlite, 1, 1, kinds=("after_fetch",), broken="pops")
    assert toll.findings.unaccounted
