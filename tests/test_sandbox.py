"""Sandbox: results in order, one at fault and not its neighbours, nothing held that need not be."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crawler.sandbox import Cleaned, SandboxBroken, SandboxLimits, clean_all
from storage.records import Failed, Page, Rejected
from tests.hostile.cleaners import obedient

AT = datetime(2024, 5, 1, tzinfo=UTC)
QUICK = SandboxLimits(seconds=1.5)


def page(body: str, number: int = 0) -> Page:
    return Page(None, body.encode(), "text/plain", AT, origin=f"file:{number}")


def answers(results: list[Cleaned | Failed]) -> list[str]:
    return [each.reason if isinstance(each, Failed) else str(getattr(each[1], "detail", "")) for each in results]


def test_results_come_in_order_with_their_pages_and_the_failures_among_them() -> None:
    inputs = [
        page(f"text {number}", number) if number % 7 else Failed(f"file:{number}", "cut", "x") for number in range(200)
    ]
    results = list(clean_all(inputs, obedient, workers=2))
    assert [each if isinstance(each, Failed) else each[0] for each in results] == inputs
    assert answers(results) == [f"text {number}" if number % 7 else "cut" for number in range(200)]


@pytest.mark.parametrize(
    ("order", "reason", "detail"),
    [
        ("sleep", "timeout", "more than 1.5 seconds"),
        ("spin", "timeout", "more than 1.5 seconds"),
        ("memory", "memory", "more than 1,024 MiB"),
        ("recursion", "too-deep", "nested too deeply"),
        ("exit", "crashed", "died"),
        ("kill", "crashed", "SIGKILL"),
        ("segfault", "crashed", "SIGSEGV"),
        ("defect", "defect", "KeyError: 'no such thing'"),
    ],
)
def test_a_page_that_breaks_its_worker_fails_alone(order: str, reason: str, detail: str) -> None:
    inputs = [page(order if number == 5 else f"text {number}", number) for number in range(12)]
    results = list(clean_all(inputs, obedient, workers=2, limits=QUICK))
    expected = [f"text {number}" for number in range(12)]
    expected[5] = reason
    assert answers(results) == expected
    failed = results[5]
    assert isinstance(failed, Failed)
    assert failed.origin == "file:5"
    assert detail in failed.detail


def test_a_run_in_which_every_second_page_crashes_comes_to_its_end() -> None:
    orders = ["kill", "text", "exit", "text", "segfault", "text"] * 3
    assert answers(list(clean_all(map(page, orders), obedient, workers=2))) == [
        "text" if order == "text" else "crashed" for order in orders
    ]


def test_pages_are_taken_only_as_they_are_needed() -> None:
    taken = 0

    def endless() -> Iterator[Page]:
        nonlocal taken
        while True:
            taken += 1
            yield page("x" * 1000)

    results = clean_all(endless(), obedient, workers=2)
    for _ in range(500):
        next(results)
    results.close()
    assert taken < 500 + 700  # what two workers have ahead of them, and no more


def test_large_pages_are_not_piled_up() -> None:
    taken = 0

    def endless() -> Iterator[Page]:
        nonlocal taken
        while True:
            taken += 1
            yield page("x" * 10_000_000)

    results = clean_all(endless(), obedient, workers=2)
    next(results)
    results.close()
    assert taken <= 5


def test_no_process_is_left_behind() -> None:
    results = clean_all([page("text")] * 16 + [page("sleep")] * 40, obedient, workers=2)
    next(results)
    assert multiprocessing.active_children()
    results.close()
    assert not multiprocessing.active_children()


def test_without_workers_exceptions_go_through() -> None:
    assert answers(list(clean_all([page("text"), Failed("x", "cut", "y")], obedient, workers=0))) == ["text", "cut"]
    with pytest.raises(KeyError):
        list(clean_all([page("defect")], obedient, workers=0))


def test_workers_that_cannot_start_are_an_error_and_not_a_page_each() -> None:
    impossible = SandboxLimits(memory_bytes=2**80)
    with pytest.raises(SandboxBroken, match="as soon as they start"):
        list(clean_all([page("text")] * 40, obedient, workers=1, limits=impossible))


def test_no_worker_outlives_its_parent() -> None:
    script = (
        "import multiprocessing\n"
        "from crawler.sandbox import clean_all\n"
        "from tests.hostile.cleaners import obedient\n"
        "from tests.test_sandbox import page\n"
        "results = clean_all([page('text')] * 16 + [page('nap')] * 8, obedient, workers=2)\n"
        "next(results)\n"
        "print(*(child.pid for child in multiprocessing.active_children()), flush=True)\n"
        "list(results)\n"
    )
    root = Path(__file__).parents[1]
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        assert parent.stdout is not None
        workers = [int(number) for number in parent.stdout.readline().split()]
        parent.send_signal(signal.SIGKILL)
    assert len(workers) == 2
    for _ in range(200):
        workers = [number for number in workers if Path(f"/proc/{number}").exists()]
        if not workers:
            break
        time.sleep(0.1)
    assert workers == []


def test_the_answer_is_the_cleaners_own() -> None:
    ((cleaned_page, answer),) = [
        each for each in clean_all([page("text")], obedient, workers=1) if not isinstance(each, Failed)
    ]
    assert cleaned_page == page("text")
    assert answer == Rejected("echo", "text")
    assert os.getpid() not in {child.pid for child in multiprocessing.active_children()}
