"""Exports: complete or absent, exact as JSON Lines, safe for spreadsheets as CSV."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.errors import StorageError
from storage.export import FIELDS, export, record
from storage.records import ArchivedArticle

NOON = datetime(2026, 11, 20, 12, 30, 5, tzinfo=UTC)
ARTICLE = ArchivedArticle(
    id="7f3a91", url="https://x.example/a", canonical_url=None, source="x", title="Đập nước, “vỡ”",
    text="One.\n\nTwo\u2028.", authors=("Ana D.", "B"), agency=None, dateline="HANOI",
    published_at=NOON, published_precision="second", modified_at=None, language="vi",
    section=None, keywords=(), image=None, access=None, flags=("charset-guessed",),
    content_hash="0" * 32, norm_version=1, fetched_at=NOON, story_id="7f3a91", copy_of=None,
    published_zone="UTC+07:00", origins=(("authors", "json-ld"), ("title", "heading")),
)  # fmt: skip


def articles(number: int) -> Iterator[ArchivedArticle]:
    return (replace(ARTICLE, id=str(n)) for n in range(number))


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_json_lines_are_the_record(tmp_path: Path) -> None:
    path = tmp_path / "out.JSONL"
    assert export(articles(3), path) == 3
    lines = path.read_bytes().decode().removesuffix("\n").split("\n")
    objects = [json.loads(line) for line in lines]
    assert [each["id"] for each in objects] == ["0", "1", "2"]
    assert list(objects[0]) == [field.name for field in fields(ArchivedArticle)]
    assert objects[2] == {
        "id": "2", "url": "https://x.example/a", "canonical_url": None, "source": "x", "title": "Đập nước, “vỡ”",
        "text": "One.\n\nTwo\u2028.", "authors": ["Ana D.", "B"], "agency": None, "dateline": "HANOI",
        "published_at": "2026-11-20T12:30:05Z", "published_precision": "second", "modified_at": None, "language": "vi",
        "section": None, "keywords": [], "image": None, "access": None, "flags": ["charset-guessed"],
        "content_hash": "0" * 32, "norm_version": 1, "fetched_at": "2026-11-20T12:30:05Z", "story_id": "7f3a91",
        "copy_of": None, "published_zone": "UTC+07:00", "image_caption": None, "image_credit": None, "amp_url": None,
        "origins": {"authors": "json-ld", "title": "heading"},
    }  # fmt: skip
    assert "Đập" in lines[0]


def test_csv_has_the_same_fields(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert export(articles(2), path) == 2
    names, first, _ = rows(path)
    assert tuple(names) == FIELDS
    cells = dict(zip(names, first, strict=True))
    assert cells["text"] == ARTICLE.text
    assert cells["authors"] == "Ana D.; B"
    assert cells["published_at"] == "2026-11-20T12:30:05Z"
    assert cells["copy_of"] == ""
    assert cells["norm_version"] == "1"
    assert cells["origins"] == "authors: json-ld; title: heading"


LEADS = ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\u00a0=", " \u00a0+", "\t=", "\n@", "＝", "－"]


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("field", ["id", "url", "source", "title", "text", "authors", "flags"])
def test_no_cell_is_a_formula(tmp_path: Path, lead: str, field: str) -> None:
    value = f'{lead}cmd|"/c calc"!A1, x'
    article = replace(ARTICLE, **{field: (value, "b") if field in ("authors", "flags") else value})  # type: ignore[arg-type]  # a field by name
    guarded, raw = tmp_path / "guarded.csv", tmp_path / "raw.csv"
    export([article], guarded)
    export([article], raw, raw=True)
    at = FIELDS.index(field)
    assert rows(guarded)[1][at].startswith(f"'{value}")
    assert rows(raw)[1][at].startswith(value)
    assert [cell for n, cell in enumerate(rows(guarded)[1]) if n != at] == [
        cell for n, cell in enumerate(rows(raw)[1]) if n != at
    ]


def test_an_unknown_ending_names_the_known_ones(tmp_path: Path) -> None:
    for name in ("out", "out.xlsx", ".csv"):
        with pytest.raises(StorageError, match=name) as raised:
            export(articles(1), tmp_path / name)
        assert raised.value.hint
        assert ".jsonl" in raised.value.hint
        assert ".csv" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")

    def broken() -> Iterator[ArchivedArticle]:
        yield from articles(2_000)
        raise StorageError("the database is gone")

    with pytest.raises(StorageError, match="gone"):
        export(broken(), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder.csv"
    folder.mkdir()
    for path in (folder, tmp_path / "missing" / "out.csv", Path("/proc/out.csv")):
        with pytest.raises(StorageError, match="cannot be written"):
            export(articles(1), path)
    assert list(tmp_path.iterdir()) == [folder]


def test_any_text_can_be_exported(tmp_path: Path) -> None:
    """The archive keeps no lone surrogates; should one come from elsewhere, the export still does not end."""
    article = replace(ARTICLE, title="a\ud800b", text='"\x00\x1b')
    export([article], tmp_path / "out.jsonl")
    export([article], tmp_path / "out.csv")
    assert json.loads((tmp_path / "out.jsonl").read_bytes()) == record(article)


def test_a_killed_export_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    """Whatever stands under the name asked for is whole: one of the exports, to its last line."""
    script = (
        "import sys; from pathlib import Path; sys.path[:0] = ['.', 'tests']; import test_export as t\n"
        "for n in range(1, 10_000):\n"
        "    t.export(t.articles(300), Path(sys.argv[1])); print(n, flush=True)\n"
    )
    path = tmp_path / "out.jsonl"
    for kill in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert writer.stdout
        with writer.stdout:
            for _ in range(3 + kill):
                assert writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        writer.wait()
        assert [json.loads(line)["id"] for line in path.read_bytes().splitlines()] == [str(n) for n in range(300)]
