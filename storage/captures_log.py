"""The captures log: a line for each page that was kept, each profile that was made of what they taught, each ruling,
each article whose page went or came back, and each that was forgotten."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import TypeAlias

from storage.captures import Capture
from storage.learned import Learned
from storage.rulings import Ruling
from storage.tombstones import Forgotten
from storage.withdrawals import Withdrawal

LARGEST_LOG = 32 << 20
"""Bytes. A writer begins another log beyond it, and more are not joined in one: a log can be held in memory."""

Entry: TypeAlias = Capture | Learned | Ruling | Withdrawal | Forgotten
"""What a line of the log says."""


def in_order(
    logs: Iterable[str], lines: Callable[[str], Iterator[bytes]], damaged: Callable[[str], None]
) -> Iterator[Entry]:
    """The lines of all logs in the order they were kept, however many writers there were.

    logs: names whose last part begins with the ``stamp`` of their first line. Within a log its own order holds,
    whatever the clock did; a log is opened only when its turn comes. ``damaged`` is told each line that cannot be
    read, such as the torn last line of a killed writer; the others are not lost by it.
    """
    waiting = deque(sorted(logs, key=lambda log: log.rpartition("/")[2]))
    heads: list[tuple[str, str, Entry, Iterator[Entry]]] = []  # the next capture of each open log; a heap
    while heads or waiting:
        if waiting and (not heads or waiting[0].rpartition("/")[2] <= heads[0][0]):
            log = waiting.popleft()
            rest = _read(log, lines(log), damaged)
        else:
            _, log, entry, rest = heappop(heads)
            yield entry
        for following in rest:
            heappush(heads, (stamp(following.kept_at) if following.kept_at else "", log, following, rest))
            break


def is_whole(line: bytes) -> bool:
    """Whether a line is one of the log, and not torn."""
    try:
        return line.endswith(b"\n") and read_entry(line) is not None
    except ValueError:
        return False


def merged(logs: Mapping[str, list[bytes]]) -> Iterator[bytes]:
    """The lines of some logs in the order of ``in_order``, each once."""
    seen: set[bytes] = set()
    heads: list[tuple[str, str, int]] = []
    for log in logs:
        heappush(heads, (_kept_at(logs[log][0]), log, 0))
    while heads:
        _, log, at = heappop(heads)
        lines = logs[log]
        if lines[at] not in seen:
            seen.add(lines[at])
            yield lines[at]
        if at + 1 < len(lines):
            heappush(heads, (_kept_at(lines[at + 1]), log, at + 1))


def _kept_at(line: bytes) -> str:
    kept_at = read_entry(line).kept_at
    return stamp(kept_at) if kept_at else ""


def stamp(at: datetime) -> str:
    """A time as it stands in the name of a log: sorting the names sorts the times."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _read(log: str, lines: Iterator[bytes], damaged: Callable[[str], None]) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        try:
            entry = read_entry(line)
        except ValueError as error:
            torn = "" if line.endswith(b"\n") else ", torn at its end"
            damaged(f"{log}:{number}: not a capture{torn} ({error})")
        else:
            yield entry


def read_entry(line: bytes) -> Entry:
    """What a line says. Raises ValueError for anything that is not a line of the log."""
    fields: object = json.loads(line)
    if isinstance(fields, dict) and "ruling" in fields:
        return Ruling.read(fields)
    if isinstance(fields, dict) and "withdrawal" in fields:
        return Withdrawal.read(fields)
    if isinstance(fields, dict) and "forgotten" in fields:
        return Forgotten.read(fields)
    return Learned.read(fields) if isinstance(fields, dict) and "site" in fields else Capture.read(line)
