"""A command under test, in a session of its own: its watch, its engine and the processes that parse for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HOOKS = Path(__file__).parent / "site"


@dataclass(frozen=True, slots=True)
class Process:
    """A living process of a session."""

    pid: int
    parent: int
    arguments: str


class Command:
    """``copydesk`` with some arguments, started. It says what it has to say in ``log``."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.started = time.monotonic()
        path = os.pathsep.join([str(_HOOKS), str(ROOT)])
        with (folder / "log").open("ab") as log:
            self._watch = subprocess.Popen(
                [sys.executable, "-m", "crawler", *arguments, "--no-progress"],
                cwd=folder, env={**os.environ, "PYTHONPATH": path, **environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def code(self) -> int | None:
        """What it ended with; None while it is at work."""
        return self._watch.poll()

    def processes(self) -> list[Process]:
        """Those of its session, also where the command itself is no more."""
        found = [each for each in map(_process, _pids()) if each is not None]
        return [process for session, process in found if session == self._watch.pid]

    def engine(self) -> Process | None:
        """The engine, once there is one."""
        return next((each for each in self.processes() if "crawler.engine" in each.arguments), None)

    def kill_engine(self) -> list[int]:
        """Kill the engine alone; what else belonged to it. Empty where there is none."""
        engine = self.engine()
        if engine is None:
            return []
        others = [each.pid for each in self.processes() if each.pid not in (engine.pid, self._watch.pid)]
        _signal(engine.pid, signal.SIGKILL)
        return [engine.pid, *others]

    def kill_watch(self) -> None:
        """Kill the watch alone."""
        self._watch.kill()
        self._watch.wait()

    def kill_all(self) -> None:
        """Kill everything at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._watch.pid, signal.SIGKILL)
        self._watch.wait()
        self.wait_for_none()

    def stop(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        with suppress(ProcessLookupError):
            os.killpg(self._watch.pid, number)

    def end(self) -> None:
        """End it, whatever it is at."""
        self.stop(signal.SIGCONT)
        self.kill_all()

    def wait_for_none(self, pids: Collection[int] | None = None, patience: float = 30.0) -> float:
        """Wait until none of its processes (or none of ``pids``) lives; the seconds that took."""
        began = time.monotonic()
        until(lambda: not any(pids is None or each.pid in pids for each in self.processes()), patience)
        return time.monotonic() - began


def until(holds: Callable[[], bool], patience: float) -> bool:
    """Wait until something holds; False when patience (seconds) ends."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _pids() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]


def _process(pid: int) -> tuple[int, Process] | None:
    """A process and its session; None where it is no more. One that has ended counts until it is buried: to others it
    lives until then."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    return int(status[3]), Process(pid, int(status[1]), arguments)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
