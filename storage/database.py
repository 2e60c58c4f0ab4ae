"""The connection to SQLite or PostgreSQL: how each is opened, how it writes alone, and what its refusals mean."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError

from storage import migrations
from storage.errors import ArchiveUnavailable, Damaged, OutOfTime
from storage.patience import given, patience

SAFE_SQLITE = (3, 51, 3)
"""Older SQLite libraries can damage a database that two connections write to (the WAL-reset bug)."""

_CACHE_KILOBYTES = 16_384  # the pages of the index of copies that a batch looks up, and then writes
_CHECKPOINT_PAGES = 4_000  # 16 MB: pages that several batches touch are written back once
_WAIT_MILLISECONDS = 60_000  # for other writers on SQLite; they do not take turns
_WRITER_LOCK = 0x636F7079  # any fixed number: PostgreSQL's advisory locks have numbers for names
_WRITES = "copydesk_writes"
_STEPS = 2_000  # of SQLite's machine between two looks at the clock: some tens of microseconds


def sqlite_module() -> ModuleType:
    """The driver to use: pysqlite3, which carries a recent SQLite, where it is installed."""
    try:
        import pysqlite3  # noqa: PLC0415  (not on every system)
    except ImportError:
        return sqlite3
    module: ModuleType = pysqlite3.dbapi2
    return module


def sqlite_version() -> tuple[int, ...]:
    """The version of the SQLite library in use; compare it with ``SAFE_SQLITE``."""
    version: tuple[int, ...] = sqlite_module().sqlite_version_info
    return version


class Database:
    """An archive's database. Any number may read; one transaction at a time writes, all processes together."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url: str) -> Self:
        """Connect to the SQLAlchemy URL ``url``, and create or migrate its tables.

        Raises ArchiveUnavailable where that cannot be done, ArchiveNewer where a newer copydesk wrote the tables.
        """
        database = cls(_engine(_parsed(url)))
        try:
            with database.reading() as connection:
                ready = migrations.is_ready(connection)
            if not ready:
                database._migrate()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return _file(self.engine.url)

    @contextmanager
    def reading(self, *, one_state: bool = False) -> Iterator[Connection]:
        """A transaction that only reads, and sees what is committed. Raises OutOfTime: see ``storage.patience``.

        one_state: all its questions see the same state; on SQLite they always do.
        """
        with self._translated(), self.engine.connect() as connection:
            if one_state and self.file is None:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with _limited(connection, given()):
                yield connection

    @contextmanager
    def within(self, seconds: float) -> Iterator[Connection]:
        """As ``reading``, for questions that may be left unanswered: OutOfTime where one takes longer than that."""
        with patience(seconds), self.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The one transaction that writes; others wait for their turn. It is rolled back when the block raises."""
        with self._translated(), self.engine.connect() as connection, self._alone(connection):
            yield connection

    @contextmanager
    def scrubbing(self) -> Iterator[Connection]:
        """As ``writing``; what is deleted is overwritten with zeros where that is SQLite's way."""
        with self._translated(), self.engine.connect() as connection:
            if self.file is None:
                with self._alone(connection):
                    yield connection
                return
            driver = connection.connection
            _run(driver, "PRAGMA secure_delete=ON")
            try:
                with self._alone(connection):
                    yield connection
            finally:
                _run(driver, "PRAGMA secure_delete=OFF")

    def checkpoint(self) -> None:
        """Have SQLite's file hold all that is committed, and its log nothing, unless somebody reads an older state."""
        if self.file is not None:
            with self._translated(), self.engine.connect() as connection:
                _run(connection.connection, "PRAGMA wal_checkpoint(TRUNCATE)")

    def vacuum(self) -> None:
        """Write SQLite's file anew, without the gaps in which some of what was deleted may stand. It takes room for a
        second copy, and others wait."""
        if self.file is not None:
            with self._translated(), self.engine.connect() as connection:
                _run(connection.connection, "VACUUM")
            self.checkpoint()

    @contextmanager
    def marking(self) -> Iterator[Connection]:
        """A transaction for marks that need not survive a power cut, only the end of this process: it syncs nothing.

        What is committed by ``writing`` afterwards makes them durable too.
        """
        with self._translated(), self.engine.connect() as connection:
            if self.file is None:
                with connection.begin():
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                    yield connection
                return
            driver = connection.connection
            _run(driver, "PRAGMA synchronous=NORMAL")
            try:
                with connection.execution_options(**{_WRITES: True}).begin():
                    yield connection
            finally:
                _run(driver, "PRAGMA synchronous=FULL")

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

    def _migrate(self) -> None:
        with self._translated(), self.engine.connect() as connection:
            if self.file is None:
                with self._alone(connection):
                    migrations.upgrade(connection)
                return
            # A table is rebuilt by dropping it and renaming its successor: that must neither cascade nor touch what
            # refers to it. Within a transaction the first setting is deaf.
            driver = connection.connection
            _run(driver, "PRAGMA foreign_keys=OFF")
            _run(driver, "PRAGMA legacy_alter_table=ON")
            try:
                with self._alone(connection):
                    migrations.upgrade(connection)
                    if orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                        raise Damaged(f"{self.name}: the migration would leave rows without their parents: {orphans}")
            finally:
                _run(driver, "PRAGMA legacy_alter_table=OFF")
                _run(driver, "PRAGMA foreign_keys=ON")

    @contextmanager
    def _alone(self, connection: Connection) -> Iterator[None]:
        with connection.execution_options(**{_WRITES: True}).begin():
            if self.file is None:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
            yield

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if _is_ended(error):
                raise OutOfTime(
                    "the question took too long and was ended",
                    "a shorter period (since, until), one source, or fewer words with *",
                ) from error
            refusal = _refusal(error)
            if refusal is None:
                raise
            reason, hint = refusal
            raise ArchiveUnavailable(f"{self.name}: {reason}", hint) from error


def _parsed(url: str) -> URL:
    """``url`` with its driver; no message here repeats it, for it may hold a password in an odd place."""
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    except (ArgumentError, ValueError):
        raise ArchiveUnavailable(
            "the database address cannot be read",
            "write sqlite:///archive.db, or postgresql://user:password@host/name with %-signs for special characters",
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            if _file(parsed) is None or "mode=memory" in url:
                raise ArchiveUnavailable("an archive cannot live in memory", "name a file: sqlite:///archive.db")
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ArchiveUnavailable(f"no archive can be kept in {other}", "use SQLite or PostgreSQL")


def _file(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _engine(url: URL) -> Engine:
    serializer = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))
    if (file := _file(url)) is None:
        engine = create_engine(url, pool_pre_ping=True, json_serializer=serializer, hide_parameters=True)
        event.listen(engine, "connect", _set_up_postgresql, insert=True)  # before SQLAlchemy reads what it answers
        return engine
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchiveUnavailable(f"the folder {file.parent} cannot be made: {error.strerror}") from error
    engine = create_engine(url, module=sqlite_module(), json_serializer=serializer, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_postgresql(driver: DBAPIConnection, _record: object) -> None:
    info = driver.info  # psycopg's
    if (encoding := info.parameter_status("server_encoding")) != "UTF8":  # as of a server that was set up without LANG
        raise ArchiveUnavailable(
            f"the database {info.dbname} keeps text as {encoding}, not as UTF8",
            f"make another: createdb --encoding UTF8 --template template0 {info.dbname}2",
        )
    _run(driver, "SET TIME ZONE 'UTC'")  # for people who read the view
    driver.commit()


def _set_up_sqlite(driver: DBAPIConnection, _record: object) -> None:
    driver.isolation_level = None  # the driver begins nothing by itself: see _begin_sqlite
    _run(driver, f"PRAGMA busy_timeout={_WAIT_MILLISECONDS}")
    _run(driver, "PRAGMA journal_mode=WAL")
    _run(driver, "PRAGMA synchronous=FULL")  # what is committed survives a power cut
    _run(driver, "PRAGMA foreign_keys=ON")
    _run(driver, f"PRAGMA cache_size=-{_CACHE_KILOBYTES}")
    _run(driver, f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")


def _run(driver: DBAPIConnection, statement: str) -> None:
    with closing(driver.cursor()) as cursor:
        cursor.execute(statement)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another has written in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


@contextmanager
def _limited(connection: Connection, seconds: float | None) -> Iterator[None]:
    """Have the database end what this connection asks, after so many seconds; None for no limit."""
    if seconds is None:
        yield
        return
    if seconds <= 0:
        raise OutOfTime("no time is left")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}")
        yield
        return
    driver = connection.connection.driver_connection
    if driver is None:
        raise ArchiveUnavailable("the connection is closed")
    deadline = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    finally:
        driver.set_progress_handler(None, 0)


def _is_ended(error: DBAPIError) -> bool:
    """Whether a statement was ended for the time that it took."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    state = getattr(error.orig, "sqlstate", None)
    return (code is not None and code & 0xFF == 9) or state == "57014"  # SQLITE_INTERRUPT, query_canceled


_SQLITE_HINTS = {
    3: "check that you may write the file and its folder",  # SQLITE_PERM
    5: "another process is writing: try again when it is done",  # SQLITE_BUSY
    8: "check that you may write the file and its folder",  # SQLITE_READONLY
    11: "make it again from the kept bytes: copydesk rebuild",  # SQLITE_CORRUPT
    13: "make room on the disk; what was committed is safe",  # SQLITE_FULL
    14: "check that you may write the file and its folder",  # SQLITE_CANTOPEN
    26: "name another file: this one holds something else",  # SQLITE_NOTADB
}
_POSTGRESQL_HINTS = {
    "53100": "make room on the server's disk; what was committed is safe",
    "53300": "the server has no connection left: try again later",
    "42501": "grant the role the right to write and to create tables",
    "55P03": "another process is writing: try again when it is done",
}


def _refusal(error: DBAPIError) -> tuple[str, str | None] | None:
    """The database's reason in one line, and a hint; None where the statement was at fault, not the database."""
    reason = str(error.orig).strip().partition("\n")[0]
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        code &= 0xFF  # the rest of the bits say more than a hint needs
        is_mistake = code == 1 or isinstance(error, IntegrityError)  # SQLITE_ERROR: the SQL itself is wrong
        return None if is_mistake else (reason, _SQLITE_HINTS.get(code))
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRESQL_HINTS or isinstance(error, OperationalError | InterfaceError):
        return reason, _POSTGRESQL_HINTS.get(
            state or "", "check that the server runs, and that it has this database and this role"
        )
    return None
