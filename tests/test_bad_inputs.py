"""Bad inputs: each gives one clear failure with its place, or a page with its doubt; its neighbours do not notice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crawler.readers import ReaderOptions, read_inputs
from crawler.sandbox import Cleaned, SandboxLimits, clean_all
from storage.records import Article, Failed, Page
from tests.hostile.cleaners import screened
from tests.hostile.inputs import CASES, WORDS, BadInput

NEIGHBOURS = {"-first.txt": f"{WORDS}\n\nFirst.", "zz-last.txt": f"{WORDS}\n\nLast."}


def read(folder: Path, workers: int) -> tuple[list[Failed], list[Cleaned]]:
    failures, cleaned = [], []
    for result in clean_all(read_inputs([str(folder)], ReaderOptions()), screened, workers=workers):
        if isinstance(result, Failed):
            failures.append(result)
            continue
        page, answer = result
        assert not isinstance(answer, Article)
        if answer.unreadable:
            failures.append(Failed(page.origin or "", answer.reason, answer.detail))
        else:
            cleaned.append((page, answer))
    return failures, cleaned


def write_neighbours(folder: Path) -> None:
    for name, text in NEIGHBOURS.items():
        (folder / name).write_text(text)


def assert_neighbours_came_through(folder: Path, cleaned: list[Cleaned]) -> None:
    bodies = {page.origin: page.body.decode() for page, _ in cleaned if Path(page.origin or "").name in NEIGHBOURS}
    assert bodies == {str(folder / name): text for name, text in NEIGHBOURS.items()}


def assert_as_expected(bad: BadInput, folder: Path, failures: list[Failed], cleaned: list[Cleaned]) -> None:
    expected = [(f"{folder / bad.name}{bad.origin}", bad.reason)] if bad.reason else []
    assert [(failure.origin, failure.reason) for failure in failures] == expected
    assert all(failure.detail and "\n" not in failure.detail for failure in failures)
    pages = [(page, answer) for page, answer in cleaned if Path(page.origin or "").name not in NEIGHBOURS]
    assert len(pages) == bad.pages
    flags = {flag for _, answer in pages if not isinstance(answer, Article) for flag in answer.detail.split()}
    assert flags == ({bad.flag} if bad.flag else set())


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_a_bad_input_harms_only_itself(bad: BadInput, tmp_path: Path) -> None:
    write_neighbours(tmp_path)
    bad.make(tmp_path / bad.name)
    failures, cleaned = read(tmp_path, workers=0)
    assert_as_expected(bad, tmp_path, failures, cleaned)
    assert_neighbours_came_through(tmp_path, cleaned)


@pytest.mark.parametrize("name", ["folder.html", "pipe.txt", "unreadable.txt", "empty.txt", "bomb.zip"])
def test_a_bad_input_that_is_named_itself_fails_as_well(name: str, tmp_path: Path) -> None:
    bad = next(case for case in CASES if case.name == name)
    bad.make(tmp_path / name)
    results = list(read_inputs([str(tmp_path / name)], ReaderOptions()))
    assert [result.reason for result in results if isinstance(result, Failed)] == [bad.reason]
    assert len(results) == 1


def test_all_bad_inputs_together_in_worker_processes(tmp_path: Path) -> None:
    write_neighbours(tmp_path)
    for bad in CASES:
        bad.make(tmp_path / bad.name)
    failures, cleaned = read(tmp_path, workers=2)
    expected = {(f"{tmp_path / bad.name}{bad.origin}", bad.reason) for bad in CASES if bad.reason}
    assert {(failure.origin, failure.reason) for failure in failures} == expected
    assert len(failures) == len(expected)
    assert len(cleaned) == len(NEIGHBOURS) + sum(bad.pages for bad in CASES)
    assert_neighbours_came_through(tmp_path, cleaned)


def test_bombs_and_giants_are_refused_without_holding_them(tmp_path: Path) -> None:
    bulky = {"bomb.zip", "bomb.html.gz", "bomb.jsonl.gz", "long.jsonl", "huge.txt", "device.txt"}
    for bad in CASES:
        if bad.name in bulky:
            bad.make(tmp_path / bad.name)
    script = (
        "import resource, sys\n"
        "from crawler.readers import ReaderOptions, read_inputs\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "base = peak()\n"
        "failed = sum(not hasattr(each, 'body') for each in read_inputs([sys.argv[1]], ReaderOptions()))\n"
        "print(failed, peak() - base)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    failed, grown_kib = map(int, run.stdout.split())
    assert failed == len(bulky)
    assert grown_kib < 120 * 1024


def test_pages_that_hang_or_crash_in_a_worker_harm_only_themselves(tmp_path: Path) -> None:
    from tests.hostile.cleaners import obedient

    for number, text in enumerate(["good one", "spin", "good two", "segfault", "good three"]):
        (tmp_path / f"{number}.txt").write_text(text)
    pages = read_inputs([str(tmp_path)], ReaderOptions())
    results = list(clean_all(pages, obedient, workers=1, limits=SandboxLimits(seconds=1)))
    assert [each.reason if isinstance(each, Failed) else each[0].body for each in results] == [
        b"good one",
        "timeout",
        b"good two",
        "crashed",
        b"good three",
    ]
    assert all(isinstance(each, Failed) or isinstance(each[0], Page) for each in results)
