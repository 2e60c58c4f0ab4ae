"""A crawl is killed, and nothing is lost: the small share of ``python -m tests.chaos`` that runs always."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import crawl_schema
from tests.chaos.command import until
from tests.chaos.kills import kill
from tests.chaos.oracle import Oracle
from tests.chaos.scene import NewDatabase, outlets, scene, sqlite
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
    """An engine alone in the middle of a transaction, all at once, and the watch alone."""
    toll = kill(site, new_database, 3, 1, kinds=("before_commit", "group", "watch"), window=1)
    assert toll.findings.words == []
    assert toll.articles == 24 * toll.crawls
    assert toll.refetches <= toll.under_way


def test_one_that_was_taken_for_dead_is_replaced(site: Site) -> None:
    """Others have buried a worker that lives, as they do with one that was suspended: its crawl goes on."""
    with scene(site, sqlite, one_source=True, lease_seconds=2) as made:
        oracle, command = Oracle(made), made.command("crawl", *made.sources)
        try:
            assert until(lambda: made.committed() > 0, 60)
            with made.archive() as archive:
                with archive._database.reading() as connection:
                    workers = connection.scalars(select(crawl_schema.worker.c.id)).all()
                archive.frontier.sign_on("other", "elsewhere", "1", gone=workers)
                archive.frontier.sign_off("other")
            assert until(lambda: command.code is not None, 60)
        finally:
            command.end()
        assert command.code == 0, made.said()
        assert oracle.conclude().words == []


def test_the_harness_sees_what_is_lost(site: Site) -> None:
    """A frontier that forgets what it hands out."""
    toll = kill(site, sqlite, 1, 1, kinds=("after_clean",), broken="pops")
    assert toll.findings.unaccounted
