"""The access log: what the server saw, written before it answered; the truth about what a crawler did."""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    """One request. t: when its head had come, ended_at: when all was sent or the connection was gone; seconds since
    1970. whole: the answer was sent to its end. path: with the query, as it came. status: of the answer as it was
    meant, also where a fault kept it back.
    """

    number: int
    t: float
    host: str
    port: int
    method: str
    path: str
    status: int
    connection: int
    headers: Mapping[str, str]
    ended_at: float | None = None
    whole: bool = False
    sent_bytes: int = 0

    @property
    def address(self) -> str:
        """``http://host:port/path?query`` as asked for."""
        return f"http://{self.host}:{self.port}{self.path}"

    @property
    def user_agent(self) -> str | None:
        """Who asked."""
        return self.headers.get("user-agent")

    @property
    def if_none_match(self) -> str | None:
        """The entity tag that the client has."""
        return self.headers.get("if-none-match")

    @property
    def if_modified_since(self) -> str | None:
        """The date of what the client has."""
        return self.headers.get("if-modified-since")


class AccessLog:
    """The records of a log file, in the order of the requests."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = sorted(records, key=lambda record: record.t)

    @classmethod
    def read(cls, path: Path) -> AccessLog:
        """What has been logged up to now; a last line that is not all there yet is left out."""
        begun: dict[int, dict[str, object]] = {}
        for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else []:
            values = json.loads(line)
            begun.setdefault(values["number"], {}).update(values)
        return cls(Record(**values) for values in begun.values())  # type: ignore[arg-type]  # as they were written

    def of(self, host: str | None = None, path: str = "*", status: int | None = None) -> AccessLog:
        """The requests of one host, of paths that match a shell pattern, with one status."""
        return AccessLog(
            record
            for record in self.records
            if host in (None, record.host) and fnmatchcase(record.path, path) and status in (None, record.status)
        )

    def where(self, holds: Callable[[Record], bool]) -> AccessLog:
        """The requests of which something holds."""
        return AccessLog(filter(holds, self.records))

    def fetches(self) -> Counter[str]:
        """How often each address was asked for."""
        return Counter(record.address for record in self.records)

    def gaps(self, host: str) -> list[float]:
        """Seconds between the starts of consecutive requests to a host."""
        starts = [record.t for record in self.records if record.host == host]
        return [after - before for before, after in pairwise(starts)]

    def most_in_flight(self, host: str) -> int:
        """The largest number of requests to a host under way at one moment; one that has no end yet goes on."""
        steps: dict[float, int] = defaultdict(int)
        for record in self.records:
            if record.host == host:
                steps[record.t] += 1
                if record.ended_at is not None:
                    steps[record.ended_at] -= 1
        most = now = 0
        for at in sorted(steps):
            now += steps[at]
            most = max(most, now)
        return most

    def __len__(self) -> int:
        return len(self.records)


class LogWriter:
    """Appends one line a request when it has come, and another when it is over; unbuffered, so a kill loses nothing."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._number = os.fstat(self._file).st_size  # more than any number in a log that is continued

    def begun(self, **fields: object) -> int:
        """Note a request, by the fields of a Record; returns its number."""
        self._number += 1
        self._write({"number": self._number, **fields})
        return self._number

    def ended(self, number: int, whole: bool, sent_bytes: int) -> None:
        """Note that nothing more is sent."""
        self._write({"number": number, "ended_at": now(), "whole": whole, "sent_bytes": sent_bytes})

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, values: Mapping[str, object]) -> None:
        os.write(self._file, json.dumps(values, separators=(",", ":")).encode() + b"\n")


def now() -> float:
    """Seconds since 1970 as the clock has them in nanoseconds, as far as a float can tell them apart."""
    return time.time_ns() / 1e9
