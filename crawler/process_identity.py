"""Which process this is, and whether another one is no more: a number alone is given again to others."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from storage import Archive

_ENDED = frozenset({"Z", "X", "x"})  # states of a process that is no more
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_STARTED_BY = " < "


@dataclass(frozen=True, slots=True)
class Dead:
    """Workers whose processes have ended. swept: those of them that died together with the process that had started
    them, which does nothing but wait: that is no page's doing."""

    workers: tuple[str, ...]
    swept: frozenset[str]


def here() -> tuple[str, str, str]:
    """A worker's id, its node and its process. Two containers of one name are one node only if they share processes."""
    boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
    try:
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        space = ""
    process = _STARTED_BY.join(f"{number} {_started(number)}" for number in (os.getpid(), os.getppid()))
    return uuid4().hex, f"{socket.gethostname()} {boot} {space}".strip(), process


def dead_workers(archive: Archive, node: str | None = None) -> Dead:
    """The workers of this node, as the archive knows them, whose processes have ended."""
    dead = [(worker, process) for worker, process in archive.frontier.workers(node or here()[1]) if is_gone(process)]
    swept = frozenset(worker for worker, process in dead if is_gone(process.partition(_STARTED_BY)[2]))
    return Dead(tuple(worker for worker, _ in dead), swept)


def is_gone(process: str) -> bool:
    """Whether a process of this node has ended. Where the system does not tell when it began, a number must do."""
    number, _, started = process.partition(_STARTED_BY)[0].partition(" ")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError):
        return False
    return bool(started) and _started(int(number)) != started


def _started(process: int) -> str:
    """When a process began, in ticks since the machine did; empty for one that has ended and waits to be counted, and
    where that cannot be known."""
    try:
        status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = status.rpartition(")")[2].split()
    return "" if state in _ENDED else rest[18]
