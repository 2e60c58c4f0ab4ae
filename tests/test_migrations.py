"""Migrations: whole or not at all, by however many processes, and never of an archive that is newer."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine, event, func, insert, inspect, select, text

from storage import Archive, ArchivedArticle, ArchiveNewer, Damaged, Query, migrations, schema
from storage.database import Database
from tests.newsroom import ended, fork, numbered

if TYPE_CHECKING:
    from tests.conftest import PostgresDatabases


_BY_HAND = ("article_words", "article_facets")  # tables that the migrations alone describe


def test_the_tables_are_those_that_the_schema_describes(database_url: str) -> None:
    database = Database.open(database_url)
    with database.reading() as connection:
        options = {
            "version_table": migrations.VERSION_TABLE,
            "include_name": lambda name, kind, _parents: (
                kind != "table" or not name.startswith(("article_words", "article_facets"))
            ),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, schema.metadata) == []
    database.close()


def test_the_view_has_the_fields_of_an_archived_article(database_url: str) -> None:
    database = Database.open(database_url)
    with database.reading() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("articles")]
    database.close()
    fields = [field.name for field in dataclasses.fields(ArchivedArticle)]
    assert columns == fields == [column.name for column in schema.articles().selected_columns]


def test_every_migration_follows_the_one_before() -> None:
    folder = ScriptDirectory(str(migrations._FOLDER))
    assert [script.revision for script in folder.walk_revisions()] == migrations.known()[::-1]


def test_a_newer_archive_is_left_alone(empty_database_url: str) -> None:
    database = Database.open(empty_database_url)
    with database.writing() as connection:
        connection.execute(text(f"UPDATE {migrations.VERSION_TABLE} SET version_num = '9999'"))
    database.close()
    with pytest.raises(ArchiveNewer, match="9999"):
        Database.open(empty_database_url)


def test_the_tables_of_others_are_left_alone(empty_database_url: str) -> None:
    """Another application's tables, and its own alembic version, may stand in the same database."""
    engine = _raw(empty_database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    Database.open(empty_database_url).close()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["theirs"]
    engine.dispose()


def test_articles_from_before_their_origins_were_kept_are_read(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = tmp_path / "migrations"
    shutil.copytree(migrations._FOLDER, earlier)
    for later in (earlier / "versions").glob("m*.py"):
        if later.name > "m0003":
            later.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_FOLDER", earlier)
        database = Database.open(empty_database_url)
    day = datetime(2026, 11, 20, tzinfo=UTC)
    rows = (
        (schema.capture, {"key": "c", "sha256": "s", "content_type": "text/html", "headers": [], "claims": {},
                          "fetched_at": day, "size": 4}),
        (schema.article, {"id": "a" * 16, "current": 1, "seen_at": day, "dated_at": day, "story_id": "a" * 16,
                          "first_seen_at": day}),
        (schema.version, {"article_id": "a" * 16, "number": 1, "capture_key": "c", "fetched_at": day, "title": "Bridge",
                          "content_hash": "h", "title_hash": "h", "norm_version": 1, "words": 1, "text": "Text.",
                          "authors": ("Ann Lee",), "keywords": (), "flags": ()}),
    )  # fmt: skip
    with database.writing() as connection:
        assert migrations.revision(connection) == "0002"
        for table, values in rows:
            connection.execute(insert(table).values(values))
    database.close()
    with Archive.open(empty_database_url, blobs=str(tmp_path / "raw")) as archive:
        article = archive.get("a" * 16)
        standing = archive.relinking.standing()
        found = [archive.count(Query(words=words)) for words in ("title:bridge text author:lee", "title:text")]
    assert (article.title, article.authors, article.origins) == ("Bridge", ("Ann Lee",), ())
    assert (article.published_zone, article.image_caption, article.amp_url) == (None, None, None)
    assert found == [1, 0], "the index is made again"
    assert standing is not None
    assert standing.made_by == (0, 0, 0), "nothing was ever likened here"


def test_many_processes_open_a_fresh_database_at_once(empty_database_url: str) -> None:
    def open_it() -> None:
        Database.open(empty_database_url).close()

    assert [ended(process) for process in [fork(open_it) for _ in range(6)]] == [0] * 6


def _raw(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _die_at(number: int) -> None:
    """Kill this process before its statement of that number; commits count too."""
    statements = count(1)

    def one_more(*_: object) -> None:
        if next(statements) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", one_more)
    event.listen(Engine, "commit", one_more)


def _open_and_die(url: str, number: int) -> None:
    _die_at(number)
    Database.open(url).close()


def test_a_kill_at_any_statement_leaves_all_tables_or_none(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for number in count(1):
        if backend == "sqlite":
            url = f"sqlite:///{tmp_path}/{number}.db"
        else:
            databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
            url = databases.fresh()
        code = ended(fork(_open_and_die, url, number))
        with _raw(url).connect() as connection:
            tables = set(inspect(connection).get_table_names())
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert tables == set()
        Database.open(url).close()  # and the next one makes them
    assert set(schema.metadata.tables) < tables
    assert number > len(schema.metadata.tables)  # or nothing was killed


REBUILD = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{latest}"


def upgrade():
    with op.batch_alter_table("article", recreate="always") as article:
        article.add_column(sa.Column("shelf", sa.Text))
    {more}
"""


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Adds a migration that rebuilds the table ``article``, to which others refer; ``more`` is done after it."""

    def add(more: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(migrations._FOLDER, folder)
        rebuild = REBUILD.format(more=more, latest=migrations.known()[-1])
        (folder / "versions" / "m9000_shelf.py").write_text(rebuild)
        monkeypatch.setattr(migrations, "_FOLDER", folder)

    return add


@pytest.fixture
def filled_url(sqlite_template: Path, tmp_path: Path) -> str:
    """An SQLite archive of the first tables, with three articles."""
    shutil.copy(sqlite_template, tmp_path / "archive.db")
    url = f"sqlite:///{tmp_path}/archive.db"
    with Archive.open(url) as archive:
        for number in range(3):
            archive.save(*numbered(number))
    return url


def _counts(url: str) -> list[int]:
    with _raw(url).connect() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in CHILDREN]


CHILDREN = (schema.article, schema.version, schema.address, schema.sighting)


def test_rebuilding_a_table_keeps_what_refers_to_it(filled_url: str, next_migration: Callable[[str], None]) -> None:
    next_migration("")
    database = Database.open(filled_url)
    with database.reading() as connection:
        assert "shelf" in {column["name"] for column in inspect(connection).get_columns("article")}
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.close()
    assert _counts(filled_url) == [3, 3, 3, 3]


def test_a_migration_that_leaves_orphans_is_undone(filled_url: str, next_migration: Callable[[str], None]) -> None:
    latest = migrations.known()[-1]
    next_migration('op.execute("DELETE FROM article WHERE seq = 2")')
    with pytest.raises(Damaged, match="without their parents"):
        Database.open(filled_url)
    with _raw(filled_url).connect() as connection:
        assert migrations.revision(connection) == latest
    assert _counts(filled_url) == [3, 3, 3, 3]


def test_a_kill_at_any_statement_of_a_rebuild_leaves_old_or_new(
    filled_url: str, next_migration: Callable[[str], None]
) -> None:
    next_migration("")
    for number in count(1):
        code = ended(fork(_open_and_die, filled_url, number))
        assert code in (0, -signal.SIGKILL)
        with _raw(filled_url).connect() as connection:
            columns = {column["name"] for column in inspect(connection).get_columns("article")}
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            revision = migrations.revision(connection)
        assert _counts(filled_url) == [3, 3, 3, 3]
        assert ("shelf" in columns) == (revision == "9000") == (code == 0)
        if code == 0:
            break
    assert number > 5
