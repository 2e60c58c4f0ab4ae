"""The tutorial, word by word: what it says to type is typed, in an empty folder, as far as it needs no outlet."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\d)\. .*?\n(.*?)(?=^## |\Z)", TUTORIAL, re.MULTILINE | re.DOTALL))
TYPED = re.compile(r"```console\n(.*?)```", re.DOTALL)


def commands(section: str) -> list[list[str]]:
    lines = [line for block in TYPED.findall(SECTIONS[section]) for line in block.splitlines()]
    return [shlex.split(line.removeprefix("$ ")) for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "seeds").symlink_to(ROOT / "seeds")
    return folder


def environ() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")}
    return kept | {"PYTHONPATH": str(ROOT)}


def typed(folder: Path, *words: str) -> str:
    """What a command prints; it must end well."""
    assert words[0] == "copydesk"
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *words[1:]], cwd=folder, env=environ(), capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def test_it_is_followed_to_the_answer(folder: Path) -> None:
    assert ["make", "install"] in commands("1")
    for section in "234":
        for words in commands(section):
            assert typed(folder, *words), words
    assert "forty years" in typed(folder, "copydesk", "search", "ferry", "winter")

    *asked, serve = commands("5")
    assert serve == ["copydesk", "serve"]
    on_terminal = [typed(folder, *words) for words in asked]
    languages = dict(line.split("\t") for line in on_terminal[0].splitlines())
    assert languages["fr"] == "3"

    (example,) = re.findall(r"```python\n(.*?)```", SECTIONS["5"], re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, env=environ(), check=True, capture_output=True, text=True
    )
    *counted, title, reasons = done.stdout.splitlines()
    assert dict(line.split() for line in counted) == languages
    assert "forty years" in title
    assert "related" in reasons

    with subprocess.Popen(
        [sys.executable, "-m", "crawler", "serve", "--port", "0", "--json"], cwd=folder, env=environ(),
        stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        try:
            assert server.stdout is not None
            base = json.loads(server.stdout.readline())["address"].rstrip("/")
            page = httpx.get(f"{base}/search", params={"q": "ferry winter"}, timeout=60).text
            assert "1 article matches" in re.sub(r"<[^>]+>", "", page)
            assert "forty years" in page
            lines = re.findall(r"^curl '([^']+)'$", SECTIONS["5"], re.MULTILINE)
            counts, found, removed = (
                httpx.get(line.replace("http://127.0.0.1:8000", base), timeout=60).json() for line in lines
            )
        finally:
            server.send_signal(signal.SIGTERM)
    assert {each["key"]: str(each["number"]) for each in counts["counts"]} == languages
    assert "forty years" in found["hits"][0]["title"]
    assert {each["reason"] for each in removed["removed"]} >= {"related", "nav"}

    for words in commands("6"):
        typed(folder, *words)
    assert len((folder / "all.jsonl").read_text().splitlines()) == sum(map(int, languages.values()))
    assert {"all.parquet", "french.csv", "sea"} <= {path.name for path in folder.iterdir()}
