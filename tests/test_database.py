"""The two databases: how they are opened, how writers wait for each other, and what a refusal says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, event, func, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from storage import Archive, ArchiveUnavailable, schema
from storage.database import SAFE_SQLITE, Database, sqlite_version
from tests.newsroom import NOON, ended, fork

if TYPE_CHECKING:
    from tests.conftest import PostgresDatabases

RUN = {"kind": "test", "started_at": NOON}


def test_sqlite_is_set_up_to_keep_what_it_commits(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/archive.db")
    with database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 60000}


def test_the_sqlite_that_comes_with_copydesk_is_safe() -> None:
    pytest.importorskip("pysqlite3", reason="this system uses the SQLite of Python")
    assert sqlite_version() >= SAFE_SQLITE


def test_the_sqlite_of_python_will_do(tmp_path: Path) -> None:
    """Whatever its version: it saves, finds, and replaces what is found."""
    script = f"""
import sys
sys.modules["pysqlite3"] = None  # as if it were not installed
import sqlite3
from storage import Archive, Query
from storage.database import sqlite_version
from tests.newsroom import article, page
assert sqlite_version() == sqlite3.sqlite_version_info
with Archive.open("sqlite:///{tmp_path}/archive.db") as archive:
    for text in ("first words", "second words"):
        print(archive.save(page(body=text.encode()), article(text, "Title")).outcome)
    print([archive.count(Query(words=word)) for word in ("first", "second", "title")], list(archive.verify()))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (run.stderr, run.stdout) == ("", "stored\nversion\n[0, 1, 1] []\n")


def test_a_transaction_that_raises_leaves_nothing(database_url: str) -> None:
    database = Database.open(database_url)

    def write_and_raise() -> None:
        with database.writing() as connection:
            connection.execute(insert(schema.run).values(RUN))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_raise()
    with database.reading() as connection:
        assert connection.execute(select(schema.run)).all() == []
    database.close()


def test_writers_take_turns(database_url: str) -> None:
    """Four processes read a number and write the next: without turns, two would read the same."""

    def count_up() -> None:
        database = Database.open(database_url)
        for _ in range(25):
            with database.writing() as connection:
                number = connection.scalar(select(func.count()).select_from(schema.run))
                connection.execute(insert(schema.run).values(RUN | {"detail": str(number)}))
        database.close()

    assert [ended(process) for process in [fork(count_up) for _ in range(4)]] == [0] * 4
    database = Database.open(database_url)
    with database.reading() as connection:
        assert sorted(connection.scalars(select(schema.run.c.detail)), key=int) == [str(n) for n in range(100)]
    database.close()


def test_a_reader_does_not_wait_for_a_writer(database_url: str) -> None:
    database = Database.open(database_url)
    with database.writing() as connection:
        connection.execute(insert(schema.run).values(RUN))
        with database.reading() as reader:
            assert reader.execute(select(schema.run)).all() == []
    with database.reading() as reader:
        assert len(reader.execute(select(schema.run)).all()) == 1
    database.close()


def test_a_mistake_of_ours_is_not_hidden_as_a_refusal(database_url: str) -> None:
    database = Database.open(database_url)

    def ask(statement: str) -> None:
        with database.writing() as connection:
            connection.execute(text(statement))

    with pytest.raises(SQLAlchemyError):
        ask("SELECT nothing FROM nowhere")
    with pytest.raises(IntegrityError):
        ask("INSERT INTO run (id) VALUES (1)")
    database.close()


def _sqlite_with(tmp_path: Path, pragma: str) -> Database:
    """A migrated database whose every connection runs ``pragma``."""
    database = Database.open(f"sqlite:///{tmp_path}/archive.db")
    database.close()
    event.listen(database.engine, "connect", lambda driver, _record: driver.execute(f"PRAGMA {pragma}"))
    return database


def test_locked(tmp_path: Path) -> None:
    database = _sqlite_with(tmp_path, "busy_timeout=50")

    def write() -> None:
        with database.writing():
            pass

    with database.writing(), pytest.raises(ArchiveUnavailable, match=r"archive\.db: database is locked") as refused:
        write()
    assert "another process is writing" in str(refused.value.hint)
    write()
    database.close()


def test_disk_full(tmp_path: Path) -> None:
    database = _sqlite_with(tmp_path, "max_page_count=100")

    def write(number: int) -> None:
        with database.writing() as connection:
            connection.execute(insert(schema.run).values(RUN | {"detail": str(number) * 4000}))

    written: list[int] = []

    def write_all() -> None:
        for number in range(1000):
            write(number)
            written.append(number)

    with pytest.raises(ArchiveUnavailable, match="database or disk is full") as refused:
        write_all()
    assert "make room" in str(refused.value.hint)
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.run)) == len(written) > 0
    database.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes. " * 100)
    with pytest.raises(ArchiveUnavailable, match=r"notes\.txt: file is not a database") as refused:
        Database.open(f"sqlite:///{tmp_path}/notes.txt")
    assert "another file" in str(refused.value.hint)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveUnavailable, match=r"folder .*/file/below cannot be made"):
        Database.open(f"sqlite:///{tmp_path}/file/below/archive.db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk:S3cret@127.0.0.1:1/news",  # nobody listens there
        "postgres://desk:S3cret@127.0.0.1:1/news",
        "postgresql+psycopg2://desk:S3cret@127.0.0.1:1/news",
        "postgresql://desk:S3cret/x@127.0.0.1:1/news",  # the slash should have been %2F
        "postgresql://desk:S3cret@127.0.0.1:port/news",
        "mysql://desk:S3cret@127.0.0.1/news",
        "S3cret",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:S3cret?mode=memory&uri=true",
    ],
)
def test_no_refusal_tells_the_password(url: str) -> None:
    with pytest.raises(ArchiveUnavailable) as refused:
        Database.open(url)
    assert "S3cret" not in f"{refused.value} {refused.value.hint}"
    assert refused.value.hint


def test_a_terminated_connection_is_one_refusal(postgres_databases: PostgresDatabases) -> None:
    """The next transaction has a connection again."""
    url = postgres_databases.emptied()
    database, other = Database.open(url), Database.open(url)

    def be_terminated() -> None:
        with database.writing() as connection:
            number = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with other.reading() as killer:
                killer.exec_driver_sql(f"SELECT pg_terminate_backend({number})")
            connection.execute(insert(schema.run).values(RUN))

    with pytest.raises(ArchiveUnavailable, match="terminating connection"):
        be_terminated()
    with database.writing() as connection:
        connection.execute(insert(schema.run).values(RUN))
    database.close()
    other.close()


def test_a_missing_database_is_said_to_be_missing(postgres_url: str) -> None:
    url = make_url(postgres_url).set(database="no_such_archive").render_as_string(hide_password=False)
    with pytest.raises(ArchiveUnavailable, match='"no_such_archive" does not exist') as refused:
        Database.open(url)
    assert "has this database" in str(refused.value.hint)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(postgres_url: str, encoding: str) -> None:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    name = f"copydesk_test_{os.getpid()}_{encoding.lower()}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        try:
            with pytest.raises(ArchiveUnavailable, match=f"{name} keeps text as {encoding}, not as UTF8") as refused:
                Database.open(make_url(postgres_url).set(database=name).render_as_string(hide_password=False))
            assert "createdb --encoding UTF8" in str(refused.value.hint)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


def test_postgresql_needs_a_place_for_bytes(database_url: str, backend: str, tmp_path: Path) -> None:
    if backend == "sqlite":
        Archive.open(database_url).close()
        return
    with pytest.raises(ArchiveUnavailable, match="place for the bytes") as refused:
        Archive.open(database_url)
    assert "COPYDESK_BLOBS" in str(refused.value.hint)
