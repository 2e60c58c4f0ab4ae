"""``export`` and ``dataset`` as people and programs use them, and the examples of their page, carried out."""

from __future__ import annotations

import gzip
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text

from crawler.cli import main
from storage import Archive
from storage.database import Database
from storage.export import ENDINGS, MEDIA_TYPES
from storage.exporting import warc
from storage.exporting.table import FORMS
from tests.newsroom import page, prose, sketched

DOCS = (Path(__file__).parents[1] / "docs" / "exporting.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with an archive of 12 articles, the last of them a copy."""
    database = f"sqlite:///{tmp_path}/archive.db"
    monkeypatch.setenv("COPYDESK_DATABASE", database)
    monkeypatch.chdir(tmp_path)
    with Archive.open(database) as archive, archive.batch():
        for number in range(12):
            body = prose(number % 11) + (" One more thing." if number == 11 else "")
            archive.save(
                page(f"https://gazette.example/{number}", f"{number}".encode(), number),
                sketched(
                    body, f"Flood {number}", language="en", keywords=("flood",), published_precision="day",
                    published_at=datetime(2026, 7, 1 + number, tzinfo=UTC),
                ),
            )  # fmt: skip
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_each_format_by_its_ending(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for ending in (*ENDINGS, ".jsonl.gz", ".csv.gz"):
        code, out, err = said(capsys, "export", f"all{ending}", "--json")
        assert (code, err) == (0, "")
        assert json.loads(out) == {"path": f"all{ending}", "articles": 12}
        assert (folder / f"all{ending}").stat().st_size
    assert gzip.decompress((folder / "all.jsonl.gz").read_bytes()) == (folder / "all.jsonl").read_bytes()
    code, out, err = said(capsys, "export", "all.xlsx")
    assert (code, out) == (2, "")
    assert all(ending in err for ending in ENDINGS)


def test_without_pyarrow_the_next_step_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for words in (("export", "all.parquet"), ("dataset", "set", "--format", "parquet")):
        code, _, err = said(capsys, *words)
        assert code == 3
        assert "try: pip install 'copydesk[parquet]'" in err
    assert {each.name for each in folder.iterdir()} <= {"archive.db", "archive.db-shm", "archive.db-wal", "raw"}


def test_a_dataset(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "dataset", "set", "flood", "--since", "2026-07", "--shares", "1/1/1", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["articles"] == sum(told["splits"].values()) == 11
    assert told["copies"] == 1
    assert {each.name for each in (folder / "set").iterdir()} == {
        "train.jsonl", "validation.jsonl", "test.jsonl", "manifest.json", "README.md",
    }  # fmt: skip
    code, out, err = said(capsys, "dataset", "set")
    assert code == 3
    assert "something is there already" in err
    code, out, err = said(capsys, "dataset", "all", "--with-copies", "--format", "parquet", "--seed", "other")
    assert (code, err) == (0, "")
    assert out.startswith("12 articles written to all: ")
    for shares in ("90/10", "a/b/c", "0/0/0", "-1/1/1", "nan/1/1", "inf/1/1"):
        code, _, err = said(capsys, "dataset", "again", f"--shares={shares}")
        assert code == 2, shares
        assert "90/5/5" in err
    assert not (folder / "again").exists()


def test_the_page_has_all_formats() -> None:
    table = DOCS.partition("## Which format")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert [tuple(re.findall(r"`([^`]+)`", row)) for row in rows] == [
        *(form.endings for form in FORMS.values()),
        (warc.ENDING,),
    ]
    assert set(MEDIA_TYPES) == set(FORMS)


def test_the_example_for_duckdb_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "export", "all.parquet", "--quiet")[0] == 0
    (example,) = [code for code in re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL) if "all.parquet" in code]
    rows = duckdb.connect().execute(example).fetchall()
    assert sum(row[2] for row in rows) == 12
    assert sum(row[3] for row in rows) == 1
    assert {row[0] for row in rows} == {"gazette"}


def test_the_example_for_the_view_runs(database_url: str) -> None:
    (example,) = [code for code in re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL) if "FROM articles" in code]
    database = Database.open(database_url)
    with database.reading() as connection:
        assert connection.execute(text(example)).all() == []
    database.close()
