"""A person's corrections: they stand in the source's file, whose other words stay, and count at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.catalogue import advise
from crawler.errors import BadSource
from crawler.outlets import record_of
from crawler.source import Source
from crawler.teach_commands import converse
from crawler.teaching import Shown, Teaching, line_of, read_correction
from crawler.toml_edit import NotEditable, with_items, without_items
from pipelines import clean
from storage import Archive, Article, Page
from storage.console import Desk
from tests.newsroom import NOON

HEAD = 'title = "Gazette"\nhomepage = "https://gazette.example/"\n[[place]]\nkind = "feed"\nurls = ["https://gazette.example/rss"]\n'
LISTS = {
    "none": "",
    "a table without": "[clean] # mine\n",
    "a table before another": "[clean]\n[schedule]\nevery = '1h' # rarely\n",
    "empty": "[clean]\nremove = []\n",
    "one line": '[clean]\nremove = ["Old one", \'Old "two"\'] # why\nkeep = ["Kept"]\n',
    "lines": '[clean]\nremove = [ # the worst\n  # of the sport pages\n  "Old one", # first\n  \'Old "two"\'\n]\n',
    "lines with commas": '[clean]\nremove = [\n    "Old one",\n    "Old two",\n]\n[fetch]\ndelay_seconds = 9\n',
    "dotted": 'clean.remove = ["Old one"]\n',
    "lines of Windows": '[clean]\r\nremove = [\r\n  "Old one",\r\n]\r\n',
    "empty lines": "[clean]\nremove = [\n]\n",
}
ITEMS = ["Lire aussi", 'with "quotes" and \\', "Đọc thêm # nothing"]


def comments(text: str) -> list[str]:
    known = ("# mine", "# rarely", "# why", "# the worst", "# of the sport pages", "# first")
    return [comment for comment in known if comment in text]


@pytest.mark.parametrize("tail", LISTS.values(), ids=LISTS)
def test_items_are_put_in_and_taken_out(tail: str) -> None:
    before = tomllib.loads(HEAD + tail) if tail != LISTS["dotted"] else tomllib.loads(tail)
    text = HEAD + tail if tail != LISTS["dotted"] else tail
    old = before.get("clean", {}).get("remove", [])
    more = with_items(text, "clean", "remove", ITEMS)
    after = tomllib.loads(more)
    assert after["clean"].pop("remove") == [*ITEMS, *old]
    before.setdefault("clean", {}).pop("remove", None)
    assert after == before
    assert comments(more) == comments(text)
    again = without_items(more, "clean", "remove", range(len(ITEMS)))
    assert tomllib.loads(again)["clean"].get("remove", []) == old
    assert comments(again) == comments(text)
    if old:
        assert again == text
        fewer = without_items(text, "clean", "remove", [0])
        assert tomllib.loads(fewer)["clean"]["remove"] == old[1:]


@given(st.lists(st.text(max_size=30), max_size=5), st.lists(st.text(max_size=30), min_size=1, max_size=4))
def test_any_item_comes_back(old: list[str], new: list[str]) -> None:
    text = with_items(HEAD, "clean", "keep", old)
    kept = tomllib.loads(with_items(text, "clean", "keep", new))["clean"]["keep"]
    assert kept == [*new, *old]
    assert tomllib.loads(without_items(text, "clean", "keep", range(len(old)))).get("clean", {}).get("keep", []) == []


def test_a_table_that_is_a_value_is_left_to_people(tmp_path: Path) -> None:
    with pytest.raises(NotEditable):
        with_items("clean = { keep = ['x'] }\n", "clean", "remove", ["y"])
    text = "clean = { keep = ['x'] }\n" + HEAD
    (tmp_path / "gazette.toml").write_text(text)
    with pytest.raises(BadSource, match="cannot be changed here"):
        advise(tmp_path, "gazette", ["y"], ["x"])
    assert (tmp_path / "gazette.toml").read_text() == text


def test_corrections_are_read() -> None:
    assert read_correction(" k 12 \n", 12).numbers == (12,)
    assert read_correction("r 3-5, 8 4", 9).numbers == (3, 4, 5, 8)
    assert read_correction("r 3-5, 8 4", 9).verb == "remove"
    for wrong in ("", "k", "k x", "x 3", "k 0", "k 10", "r 5-3", "r 1-99999999999", "k 1.5"):
        with pytest.raises(ValueError, match=r"k 12|counted"):
            read_correction(wrong, 9)


def test_long_blocks_are_known_by_their_beginning() -> None:
    assert line_of("  Lire \n aussi ") == "Lire aussi"
    assert len(line_of("word " * 40)) == 79
    assert line_of("x" * 300) == "x" * 80


# --- with an archive


SAMPLE = Path(__file__).parents[1] / "seeds" / "articles" / "fr_phare_de_kergoat.txt"


def sample(number: int = 1) -> Page:
    return Page(
        f"https://gazette.example/{number}", SAMPLE.read_bytes() + b"\n" * number, "text/plain", NOON, "gazette"
    )


@pytest.fixture
def teaching(archive: Archive, tmp_path: Path) -> Teaching:
    (tmp_path / "gazette.toml").write_text(f"# my gazette\n{HEAD}")
    source = Source.parse("gazette", (tmp_path / "gazette.toml").read_text())
    archive.sources.sync([record_of(source)])
    for number in (1, 2):
        made = clean(sample(number))
        archive.save(sample(number), replace(made, content_hash=str(number)) if isinstance(made, Article) else made)
    return Teaching(archive, tmp_path, source)


def number_of(shown: Shown, beginning: str) -> int:
    return next(at for at, block in enumerate(shown.blocks, 1) if block.text.startswith(beginning))


def test_a_correction_counts_at_once_and_stays(teaching: Teaching, archive: Archive, tmp_path: Path) -> None:
    pages = teaching.kept_pages(3)
    assert [page.url for page in pages] == ["https://gazette.example/1", "https://gazette.example/2"] or len(pages) == 2
    shown = teaching.look(pages[0])
    kept, removed = number_of(shown, ">> Les gardiens"), number_of(shown, "Éteint depuis")
    assert shown.blocks[kept - 1].reason
    assert not shown.blocks[removed - 1].reason
    teaching.correct(shown, read_correction(f"k {kept}", 99))
    teaching.correct(shown, read_correction(f"r {removed}", 99))
    again = teaching.look(pages[1])
    assert not again.blocks[kept - 1].reason
    assert again.blocks[removed - 1].reason == "other"
    assert (tmp_path / "gazette.toml").read_text().startswith(f"# my gazette\n{HEAD}\n[clean]\n")
    assert Source.parse("gazette", archive.sources.get("gazette").definition).clean == teaching.source.clean

    teaching.correct(again, read_correction(f"r {kept}", 99))  # the other way round
    teaching.correct(again, read_correction(f"k {removed}", 99))
    back = teaching.look(pages[0])
    assert back.blocks[kept - 1].reason == "other"
    assert not back.blocks[removed - 1].reason


def test_a_conversation(teaching: Teaching, capsys: pytest.CaptureFixture[str]) -> None:
    pages = [teaching.look(page) for page in teaching.kept_pages(3)]
    removed = number_of(pages[0], "Éteint depuis")
    said = iter([f"r {removed}\n", "nonsense\n", "k 4711\n", "n\n", "q\n", "r 1\n"])
    with Desk() as desk:
        converse(desk, teaching, pages, said)
    told = capsys.readouterr()
    assert "page 2 of 2" in told.out
    assert "source.remove" in told.out
    assert told.err.count("Éteint depuis") == 1
    assert "k 12 to keep" in told.err
    assert "4711 is none" in told.err
    assert next(said) == "r 1\n"
    assert len(teaching.source.clean.remove) == 1


def test_the_command(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "archive.db")
    folder = tmp_path / "seeds" / "sources"
    folder.mkdir(parents=True)
    (folder / "gazette.toml").write_text(HEAD)
    shutil.copy(SAMPLE, tmp_path / "one.txt")
    environ = os.environ | {
        "COPYDESK_DATABASE": f"sqlite:///{tmp_path}/archive.db", "COPYDESK_SEEDS": str(tmp_path / "seeds")
    }  # fmt: skip

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "crawler", *words], capture_output=True, text=True, env=environ, cwd=tmp_path,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    assert run("ingest", "one.txt", "--source", "gazette").returncode == 0
    plain = [json.loads(line) for line in run("sources", "teach", "gazette", "--json").stdout.splitlines()]
    assert [block["number"] for block in plain] == list(range(1, len(plain) + 1))
    assert {block["kept"] for block in plain} == {True, False}
    taught = run("sources", "teach", "gazette", "--remove", "éteint depuis", "--keep", ">> Les gardiens", "--json")
    blocks = [json.loads(line) for line in taught.stdout.splitlines()]
    assert len(blocks) == len(plain)
    assert {block["rule"] for block in blocks} - {block["rule"] for block in plain} == {"source.remove"}
    assert 'remove = ["éteint depuis"]' in (folder / "gazette.toml").read_text()
    again = run("reprocess", "--source", "gazette", "--json").stdout.splitlines()
    assert json.loads(again[-1])["text"] == 1
    assert run("sources", "teach", "nobody").returncode == 2
    assert "Next: copydesk reprocess" not in run("sources", "teach", "gazette").stdout
