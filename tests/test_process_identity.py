"""Process identity: who has died, and whether that which had started it died too."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from crawler.process_identity import dead_workers, here, is_gone
from storage import Archive

_TELLS = "from crawler.process_identity import here; print(here()[2], flush=True); input()"
_STARTS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_TELLS!r}])"


@contextmanager
def telling(program: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that says who it is, or who the one is that it has started."""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout
            yield started, started.stdout.readline().strip()
        finally:
            started.kill()


def test_a_process_that_has_ended_is_gone() -> None:
    with telling(_TELLS) as (process, identity):
        assert not is_gone(identity)
    assert process.returncode
    assert is_gone(identity)
    assert not is_gone(here()[2])


def test_a_number_that_is_anothers_now_is_no_life() -> None:
    assert is_gone(f"{os.getpid()} 1")
    assert not is_gone(f"{os.getpid()}")  # nothing better is known


def test_who_died_together_with_what_had_started_it(archive: Archive) -> None:
    node = here()[1]
    archive.frontier.sign_on("living", *here()[1:])
    with telling(_TELLS) as (_, identity):
        archive.frontier.sign_on("alone", node, identity)
    with telling(_STARTS) as (process, identity):
        archive.frontier.sign_on("swept", node, identity)
        assert str(process.pid) in identity.partition("<")[2]
        process.kill()
        process.wait()
        os.kill(int(identity.split()[0]), 9)
        while not is_gone(identity):
            time.sleep(0.01)
    dead = dead_workers(archive)
    assert sorted(dead.workers) == ["alone", "swept"]
    assert dead.swept == {"swept"}
