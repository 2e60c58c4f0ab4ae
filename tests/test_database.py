"""The two databases: how they are opened, how writers wait for each other, and what a refusal says."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from storage import ArchiveUnavailable, schema
from storage.database import SAFE_SQLITE, Database, sqlite_version

NOW = "2026-11-20 12:00:00"


def test_sqlite_is_set_up_to_keep_what_it_commits(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/archive.db")
    with database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15000}


def test_the_sqlite_that_comes_with_copydesk_is_safe() -> None:
    pytest.importorskip("pysqlite3", reason="this system uses the SQLite of Python")
    assert sqlite_version() >= SAFE_SQLITE


def test_python_s_own_sqlite_will_do(tmp_path: Path) -> None:
    """Without pysqlite3, whatever version Python has: it saves, finds, and replaces what is found."""
    script = f"""
import sys
sys.modules["pysqlite3"] = None  # as if it were not installed
import sqlite3
from datetime import UTC, datetime
from storage import Archive, Article, Page, Query
from storage.database import sqlite_version
assert sqlite_version() == sqlite3.sqlite_version_info
def article(text):
    return Article("Title", text, (), text[:32], "t", 1, 99)
with Archive.open("sqlite:///{tmp_path}/archive.db") as archive:
    for text in ("first words", "second words"):
        page = Page("https://gazette.example/1", text.encode(), "text/plain", datetime(2026, 1, 1, tzinfo=UTC))
        print(archive.save(page, article(text)).outcome)
    print([archive.count(Query(words=word)) for word in ("first", "second", "title")], list(archive.verify()))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (run.stderr, run.stdout) == ("", "stored\nversion\n[0, 1, 1] []\n")


def test_a_transaction_that_raises_leaves_nothing(database_url: str) -> None:
    database = Database.open(database_url)

    def write_and_raise() -> None:
        with database.writing() as connection:
            connection.execute(insert(schema.run).values(kind="x", started_at=_now()))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_raise()
    with database.reading() as connection:
        assert connection.execute(select(schema.run)).all() == []
    database.close()


def _now():  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    return datetime(2026, 11, 20, 12, tzinfo=UTC)
