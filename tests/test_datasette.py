"""The SQL view ``articles`` is documented and stable, and Datasette shows an archive's file by it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

from storage import Archive
from storage.database import Database
from storage.export import FIELDS
from tests.newsroom import numbered

ROOT = Path(__file__).parents[1]
METADATA = ROOT / "deploy" / "datasette.json"
TABLES = json.loads(METADATA.read_text(encoding="utf-8"))["databases"]["archive"]["tables"]


def test_the_view_is_as_documented(database_url: str) -> None:
    database = Database.open(database_url)
    columns = [column["name"] for column in inspect(database.engine).get_columns("articles")]
    database.close()
    assert tuple(columns) == FIELDS
    exporting = (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8")
    section = exporting.partition("## The view `articles`")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    assert [name for cell in cells for name in re.findall(r"`(\w+)`", cell)] == columns
    assert list(TABLES["articles"]["columns"]) == columns


def test_all_tables_behind_the_view_are_hidden(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/archive.db")
    tables = set(inspect(database.engine).get_table_names())
    database.close()
    hidden = {name for name, said in TABLES.items() if said.get("hidden")}
    assert {name for name in tables if not name.startswith("article_words_")} == hidden


@pytest.fixture
def datasette(tmp_path: Path) -> Iterator[str]:
    """The address of Datasette on this machine, over an archive of 30 articles."""
    with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive, archive.batch():
        for number in range(30):
            archive.save(*numbered(number))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "datasette", "serve", f"{tmp_path}/archive.db", "-m", str(METADATA)]
    server = subprocess.Popen(
        [*command, "-h", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def asked(address: str) -> bytes:
    """What the server answers; it may still be starting."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                assert answer.status == 200
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            time.sleep(0.2)
    pytest.fail("datasette did not answer within a minute")


def test_datasette_opens_the_archive_as_it_is(datasette: str) -> None:
    rows: list[dict[str, Any]] = json.loads(asked(f"{datasette}/archive/articles.json?_shape=array&_size=max"))
    assert len(rows) == 30
    assert tuple(rows[0]) == FIELDS
    page = asked(f"{datasette}/archive/articles").decode()
    assert "the outlet, as its file is called" in page
    faceted = json.loads(asked(f"{datasette}/archive/articles.json?_size=0"))
    assert faceted["facet_results"]["source"]["results"][0] | {"toggle_url": ""} == {
        "value": "gazette", "label": "gazette", "count": 30, "toggle_url": "", "selected": False,
    }  # fmt: skip
    index = asked(f"{datasette}/archive").decode()
    assert "hidden table" in index
    for query in ("months", "stories", "newest"):
        assert json.loads(asked(f"{datasette}/archive/{query}.json?source=gazette"))["rows"] or query != "newest"
