"""The command line as a person or a program uses it: real processes, real databases, exit codes, JSON."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from storage import Archive, Query
from tests.hostile.inputs import CASES, BadInput

SAMPLES = Path(__file__).parents[1] / "seeds" / "articles"
OUTCOMES = ("stored", "version", "duplicate", "unchanged", "rejected", "failed")
ARTICLE = (
    "Gate stays shut\n\n"
    + "The river authority will not repair the northern flood gate before spring, it said.\n\n" * 3
)


class Copydesk:
    """``copydesk`` with an archive of its own, run in a folder of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.environ = os.environ | {"COPYDESK_DATABASE": database, "COPYDESK_BLOBS": str(folder / "raw")}

    def __call__(self, *words: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "crawler", *map(str, words)],
            input=stdin, capture_output=True, cwd=self.folder, env=self.environ, timeout=240, check=False,
        )  # fmt: skip
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def json(self, *words: str | Path) -> list[dict[str, Any]]:
        done = self(*words, "--json")
        assert done.returncode in {0, 1}, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def copydesk(database_url: str, tmp_path: Path) -> Copydesk:
    return Copydesk(tmp_path, database_url)


@pytest.fixture
def sqlite_copydesk(sqlite_template: Path, tmp_path: Path) -> Copydesk:
    shutil.copy(sqlite_template, tmp_path / "archive.db")
    return Copydesk(tmp_path, f"sqlite:///{tmp_path}/archive.db")


def test_the_whole_path(copydesk: Copydesk) -> None:
    first = copydesk.json("ingest", SAMPLES)[-1]
    assert first["read"] == sum(first[outcome] for outcome in OUTCOMES) == 24
    assert (first["stored"], first["duplicate"], first["failed"]) == (23, 1, 0)
    again = copydesk.json("ingest", SAMPLES)[-1]
    assert (again["stored"], again["unchanged"]) == (0, 24)

    found = copydesk.json("search", "ferry", "winter")
    assert [article["title"] for article in found] == [
        "Grayle Sound ferry to run through winter for the first time in forty years"
    ]
    for words in (
        ["title:sound ferry", "winter"],
        ["ferry winter -zeppelin"],
        ['"first time" OR nothing', "ferr*"],
    ):
        assert copydesk.json("search", *words) == found, words
    assert copydesk.json("search", "title:sound ferry", "--sort", "relevance") == found, "the shell took the quotes"
    assert copydesk.json("search", "ferry sound") == [], "a phrase"
    listed = copydesk("search", "--json", "--", "ferry", "winter", "-sound")
    assert (listed.returncode, listed.stdout) == (0, "")
    weeks = copydesk.json("search", "--count-by", "week")
    assert sum(each["number"] for each in weeks) == first["stored"]
    assert weeks == sorted(weeks, key=lambda each: each["key"])
    assert {each["by"] for each in weeks} == {"week"}
    assert "\t" in copydesk("search", "--count-by", "language").stdout
    versus = copydesk.json("search", "--versus", "is:copy", "--count-by", "week")
    assert [each["key"] for each in versus] == [each["key"] for each in weeks]
    assert [each["numbers"]["(everything)"] for each in versus] == [each["number"] for each in weeks]
    assert {each["numbers"]["is:copy"] for each in versus} == {0}
    totals = copydesk.json("search", "--versus", "is:copy", "--versus", "is:canonical")
    everything = sum(each["number"] for each in weeks)
    assert [(each["query"], each["number"]) for each in totals] == [
        (None, everything), ("is:copy", 0), ("is:canonical", everything)
    ]  # fmt: skip
    noted = copydesk("search", "ferry", "since:2021-13")
    assert (noted.returncode, noted.stdout) == (0, "")
    assert noted.stderr.startswith("since:2021-13: ")
    shown = copydesk("show", found[0]["id"][:6])
    assert found[0]["title"] in shown.stdout
    assert "READ MORE" not in shown.stdout
    for name, field in (("authors", "authors"), ("published", "published_at")):
        origin = re.escape(found[0]["origins"][field])
        assert re.search(rf"^{name} +.+  \[{origin}\]$", shown.stdout, re.MULTILINE), "each fact says where it is from"
    removed = copydesk.json("show", found[0]["id"], "--removed")
    assert {"related", "byline", "imprint"} <= {block["reason"] for block in removed}
    fates = copydesk.json("why", SAMPLES / "fr_phare_de_kergoat.txt")
    assert [fate["outcome"] for fate in fates] == ["unchanged", "stored"]

    assert copydesk("export", "all.jsonl").returncode == copydesk("export", "all.csv").returncode == 0
    exported = [json.loads(line) for line in (copydesk.folder / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    with (copydesk.folder / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(exported) == len(rows) == 23
    assert list(exported[0]) == list(rows[0])
    assert {article["id"] for article in exported} == {row["id"] for row in rows}

    assert (
        copydesk("verify").returncode == copydesk("status", "--strict").returncode == copydesk("doctor").returncode == 0
    )


def test_seeds_are_taken_in_once(copydesk: Copydesk, seeds_folder: Path) -> None:
    assert copydesk.json("ingest", seeds_folder)[-1]["stored"] == 5
    assert copydesk.json("ingest", seeds_folder)[-1]["stored"] == 0


def test_rebuild_makes_the_same_archive(sqlite_copydesk: Copydesk) -> None:
    sqlite_copydesk("ingest", SAMPLES)
    (sqlite_copydesk.folder / "news.txt").write_text(ARTICLE)
    sqlite_copydesk("ingest", "news.txt")
    before = sqlite_copydesk.json("search", "--limit", "100")
    assert sqlite_copydesk("rebuild").returncode == 2, "a database that holds articles is left alone"
    sqlite_copydesk.environ["COPYDESK_DATABASE"] = f"sqlite:///{sqlite_copydesk.folder}/again.db"
    assert sqlite_copydesk("rebuild").returncode == 0
    assert sqlite_copydesk.json("search", "--limit", "100") == before
    assert len(before) == 24
    assert sqlite_copydesk("verify").returncode == 0


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_bad_input_is_told_and_the_rest_goes_on(sqlite_copydesk: Copydesk, bad: BadInput) -> None:
    if bad.reason is None and bad.flag is None:
        pytest.skip("read without doubt")
    folder = sqlite_copydesk.folder / "inbox"
    folder.mkdir()
    bad.make(folder / bad.name)
    (folder / "a_good.txt").write_text(ARTICLE)
    (folder / "zz_good.txt").write_text(ARTICLE.replace("river", "harbour"))
    done = sqlite_copydesk("ingest", *sorted(folder.iterdir()), "--json", "--workers", "1")
    assert done.returncode == 1
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["read"] == sum(report[outcome] for outcome in OUTCOMES)
    told = [line for line in done.stderr.splitlines() if line.startswith(("failed", "doubtful"))]
    assert len(told) == 1, done.stderr
    assert bad.name in told[0]
    with Archive.open(sqlite_copydesk.environ["COPYDESK_DATABASE"], str(sqlite_copydesk.folder / "raw")) as archive:
        assert archive.count(Query(words="gate")) >= 2
        assert list(archive.verify()) == []


def test_standard_input(sqlite_copydesk: Copydesk) -> None:
    done = sqlite_copydesk("ingest", "-", "--json", stdin=ARTICLE.encode())
    assert json.loads(done.stdout.splitlines()[-1])["stored"] == 1


def test_usage_and_environment_have_codes_of_their_own(sqlite_copydesk: Copydesk) -> None:
    assert sqlite_copydesk("ingest").returncode == 2
    assert sqlite_copydesk("serch").returncode == 2
    assert sqlite_copydesk("ingest", "x.jsonl", "--map", "nonsense").returncode == 2
    assert sqlite_copydesk("export", "all.pdf").returncode == 2
    assert sqlite_copydesk("search", "--since", "someday").returncode == 2
    assert sqlite_copydesk("show", "ffffffff").returncode == 1
    assert sqlite_copydesk("why", "https://nobody.example/").returncode == 1
    assert sqlite_copydesk("ingest", "not-there.txt").returncode == 1
    sqlite_copydesk.environ["COPYDESK_DATABASE"] = "sqlite:////proc/nowhere/archive.db"
    failing = sqlite_copydesk("status")
    assert failing.returncode == 3
    assert failing.stderr.startswith("error: ")
    (sqlite_copydesk.folder / "copydesk.toml").write_text("databse = 'x'")
    assert sqlite_copydesk("status").returncode == 2
    (sqlite_copydesk.folder / "copydesk.toml").unlink()
    (sqlite_copydesk.folder / "copydesk.toml").mkdir()  # as in a folder that may not be read, it cannot be opened
    assert sqlite_copydesk("status").returncode == 2


def test_errors_name_no_password(sqlite_copydesk: Copydesk) -> None:
    sqlite_copydesk.environ["COPYDESK_DATABASE"] = "postgresql://reader:s3cret@127.0.0.1:1/none"
    done = sqlite_copydesk("status")
    assert done.returncode == 3
    assert "s3cret" not in done.stderr + done.stdout


def test_foreign_text_does_not_speak_to_the_terminal(sqlite_copydesk: Copydesk) -> None:
    (sqlite_copydesk.folder / "x.txt").write_text(ARTICLE.replace("Gate", "Gate [red]\x1b[2J :smile: \u202egate"))
    sqlite_copydesk("ingest", "x.txt")
    for words in (["search", "gate"], ["status"], ["why", "x.txt"]):
        done = sqlite_copydesk(*words)
        assert done.returncode == 0
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
    assert "[red]" in sqlite_copydesk("search", "gate").stdout


def test_help_needs_no_database_library() -> None:
    code = (
        "import sys\nfrom crawler.cli import main\n"
        "try: main(['ingest', '--help'])\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'trafilatura', 'lxml', 'numpy', 'boto3', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=Path(__file__).parents[1])
