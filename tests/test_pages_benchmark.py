"""The measure of pages: each kind is asked for, and an answer that is none does not count as a quick one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pages import ROOT, ask
from storage import Archive
from tests.reading_room import serving

KINDS = (
    "search", "search of a word", "article", "story", "sources", "source", "runs", "run", "why", "about",
    "/api/v1/counts by week", "/api/v1/counts of a word",
)  # fmt: skip


def test_each_kind_of_page_is_asked_for(eval_folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pages", "--articles", "300", "--keep", tmp_path], cwd=ROOT,
        env=os.environ | {"COPYDESK_EVAL": str(eval_folder)}, text=True, capture_output=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(\S.*?) {2,}([\d.]+) +([\d.]+) +(\d+)$", done.stdout, re.MULTILINE)
    assert tuple(row[0] for row in rows) == KINDS
    assert all(float(first) > 0 and float(median) > 0 for _, first, median, _ in rows)


def test_what_is_no_page_is_told(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive, serving(archive, tmp_path) as base:
        assert ask(f"{base}/", "/about").size > 1000
        with pytest.raises(ValueError, match=r"^/articles/0000: HTTP/1.1 404"):
            ask(f"{base}/", "/articles/0000")
