"""Workers: extractors in processes of their own, two at a time, each page with a limit of time."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmarks.extractors import Asked, Found

ROOT = Path(__file__).parents[1]
SECONDS_A_PAGE = 30.0
_SECONDS_TO_START = 180.0
_IN_LOCK = ("copydesk", "trafilatura")  # run by copydesk's own interpreter, beginnings of names


class NotInstalled(Exception):
    """The package of a peer is missing."""


def interpreter(name: str) -> str:
    """Who runs an extractor: for most peers COPYDESK_PEERS_PYTHON, else .venv-peers (``make peers``) if it is there."""
    if name.startswith(_IN_LOCK):
        return sys.executable
    own = ROOT / ".venv-peers" / "bin" / "python"
    return os.environ.get("COPYDESK_PEERS_PYTHON") or (str(own) if own.exists() else sys.executable)


class Worker:
    """One extractor in a process, started anew after it hung or died."""

    def __init__(self, name: str, seconds: float = SECONDS_A_PAGE) -> None:
        self._name, self._seconds = name, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._read = b""

    def find(self, asked: Asked) -> Found:
        """What the extractor finds in a page; nothing, and why, when it hangs or dies. Raises NotInstalled."""
        try:
            reply = self._ask({"page": asdict(asked)}, self._seconds)
        except (TimeoutError, EOFError) as error:
            self.stop()
            return Found(failure="timeout" if isinstance(error, TimeoutError) else "crash")
        return Found(**{**reply, "authors": tuple(reply["authors"])})

    def cold_seconds(self, asked: Asked, *, first: bool) -> tuple[float, float] | None:
        """Processor seconds of the extractor and of trafilatura; None when one hangs or dies. Raises NotInstalled."""
        try:
            reply = self._ask({"page": asdict(asked), "first": first}, 4 * self._seconds)
        except (TimeoutError, EOFError):
            self.stop()
            return None
        ours, theirs = reply["seconds"]
        return ours, theirs

    def stop(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    stream.close()
        self._process, self._read = None, b""

    def _ask(self, request: dict[str, object], seconds: float) -> dict:
        process = self._process or self._start()
        assert process.stdin
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            raise EOFError from None
        return self._reply(process, seconds)

    def _start(self) -> subprocess.Popen[bytes]:
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
        command = [interpreter(self._name), "-m", "benchmarks.worker", self._name]
        environment = {**os.environ, **threads, "PYTHONHASHSEED": "0"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        process = self._process = subprocess.Popen(command, cwd=ROOT, env=environment, bufsize=0, **pipes)
        try:
            said = self._reply(process, _SECONDS_TO_START)
        except (TimeoutError, EOFError) as error:
            self.stop()
            raise NotInstalled(f"{self._name} does not start") from error
        if "missing" in said:
            self.stop()
            raise NotInstalled(said["missing"])
        return process

    def _reply(self, process: subprocess.Popen[bytes], seconds: float) -> dict:
        assert process.stdout
        until = time.monotonic() + seconds
        while b"\n" not in self._read:
            ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), 1 << 20)
            if not piece:
                raise EOFError
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        said: dict = json.loads(line)
        return said


def read_all(
    jobs: Sequence[tuple[str, Sequence[Asked]]], done: Callable[[int], None] = lambda _: None
) -> dict[str, list[Found] | None]:
    """What each extractor found in its pages, in their order; None where it is not installed. Uses all cores."""
    cores = os.cpu_count() or 1
    parts = [(name, part, pages[part::cores]) for name, pages in jobs for part in range(cores)]
    with ThreadPoolExecutor(cores) as pool:
        results = list(pool.map(lambda part: _read_part(part[0], part[2], done), parts))
    found: dict[str, list[Found] | None] = {}
    for name, pages in jobs:
        mine = [result for (each, _, _), result in zip(parts, results, strict=True) if each == name]
        if None in mine:
            found[name] = None
        else:
            found[name] = [mine[at % cores][at // cores] for at in range(len(pages))]  # type: ignore[index]
    return found


def _read_part(name: str, pages: Iterable[Asked], done: Callable[[int], None]) -> list[Found] | None:
    worker = Worker(name)
    found = []
    try:
        for asked in pages:
            found.append(worker.find(asked))
            done(1)
    except NotInstalled:
        return None
    finally:
        worker.stop()
    return found
