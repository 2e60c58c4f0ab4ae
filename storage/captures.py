"""Capture: what the log beside the kept bytes says of one page. Captures and blobs make the whole archive again."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush

from storage.columns import Json
from storage.records import Claims, Page
from storage.times import rfc3339

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Capture:
    """One page as it came, without its body: ``sha256`` and ``size`` (bytes) are those of the uncompressed body.

    kept_at: when the log took it; it orders the lines of several writers and is no part of what was captured.
    """

    url: str | None
    source: str | None
    status: int | None
    headers: tuple[tuple[str, str], ...]
    content_type: str
    claims: Claims
    fetched_at: datetime
    origin: str | None
    sha256: str
    size: int
    cut: str | None = None
    kept_at: datetime | None = field(default=None, compare=False)

    @classmethod
    def of(cls, page: Page, sha256: str) -> Capture:
        """The capture of a page whose body is kept under ``sha256``."""
        return cls(
            page.url, page.source, page.status, page.headers, page.content_type,
            page.claims, page.fetched_at, page.origin, sha256, len(page.body), page.cut,
        )  # fmt: skip

    def page(self, body: bytes) -> Page:
        """The page again, from its kept body."""
        return Page(
            self.url, body, self.content_type, self.fetched_at,
            self.source, self.status, self.headers, self.claims, self.origin, self.cut,
        )  # fmt: skip

    def fields(self) -> dict[str, object]:
        """What the log and the database say of it, ready for JSON. Keys and their order are stable."""
        return {
            "kept_at": _written(self.kept_at),
            "sha256": self.sha256,
            "size": self.size,
            "url": self.url,
            "source": self.source,
            "status": self.status,
            "content_type": self.content_type,
            "fetched_at": _written(self.fetched_at),
            "origin": self.origin,
            "cut": self.cut,
            "headers": [list(header) for header in self.headers],
            "claims": claims_fields(self.claims),
        }

    def line(self) -> bytes:
        """One line of JSON with its line break; other scripts are escaped."""
        return json.dumps(self.fields()).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Capture:
        """The capture that ``line`` made. Keys it lacks take the default of their field; unknown ones are passed over.

        Raises ValueError for anything that is not the line of a capture.
        """
        raw = _Raw(json.loads(line))
        sha256, fetched_at = raw.text("sha256"), raw.time("fetched_at")
        if sha256 is None or not SHA256.fullmatch(sha256) or fetched_at is None:
            raise ValueError("no sha256 or no fetched_at")
        return cls(
            url=raw.text("url"),
            source=raw.text("source"),
            status=raw.number("status"),
            headers=raw.pairs("headers"),
            content_type=raw.text("content_type") or "",
            claims=read_claims(raw.fields.get("claims") or {}),
            fetched_at=fetched_at,
            origin=raw.text("origin"),
            sha256=sha256,
            size=raw.number("size") or 0,
            cut=raw.text("cut"),
            kept_at=raw.time("kept_at"),
        )


def claims_fields(claims: Claims) -> dict[str, Json]:
    """Claims, ready for JSON; ``read_claims`` reads them back."""
    return {
        "title": claims.title,
        "authors": list(claims.authors),
        "published_at": _written(claims.published_at),
        "modified_at": _written(claims.modified_at),
        "language": claims.language,
        "section": claims.section,
        "keywords": list(claims.keywords),
        "image": claims.image,
        "description": claims.description,
    }


def read_claims(value: object) -> Claims:
    """The claims that ``claims_fields`` wrote. Raises ValueError for anything else."""
    claims = _Raw(value)
    return Claims(
        title=claims.text("title"),
        authors=claims.texts("authors"),
        published_at=claims.time("published_at"),
        modified_at=claims.time("modified_at"),
        language=claims.text("language"),
        section=claims.text("section"),
        keywords=claims.texts("keywords"),
        image=claims.text("image"),
        description=claims.text("description"),
    )


def in_order(
    logs: Iterable[str], lines: Callable[[str], Iterator[bytes]], damaged: Callable[[str], None]
) -> Iterator[Capture]:
    """The captures of all logs in the order they were kept, however many writers there were.

    logs: names whose last part begins with the ``stamp`` of their first line. Within a log its own order holds,
    whatever the clock did; a log is opened only when its turn comes. ``damaged`` is told each line that cannot be
    read, such as the torn last line of a killed writer; the others are not lost by it.
    """
    waiting = deque(sorted(logs, key=lambda log: log.rpartition("/")[2]))
    heads: list[tuple[str, str, Capture, Iterator[Capture]]] = []  # the next capture of each open log; a heap
    while heads or waiting:
        if waiting and (not heads or waiting[0].rpartition("/")[2] <= heads[0][0]):
            log = waiting.popleft()
            rest = _read(log, lines(log), damaged)
        else:
            _, log, capture, rest = heappop(heads)
            yield capture
        for following in rest:
            heappush(heads, (stamp(following.kept_at) if following.kept_at else "", log, following, rest))
            break


def stamp(at: datetime) -> str:
    """A time as it stands in the name of a log: sorting the names sorts the times."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def _read(log: str, lines: Iterator[bytes], damaged: Callable[[str], None]) -> Iterator[Capture]:
    for number, line in enumerate(lines, start=1):
        try:
            capture = Capture.read(line)
        except ValueError as error:
            torn = "" if line.endswith(b"\n") else ", torn at its end"
            damaged(f"{log}:{number}: not a capture{torn} ({error})")
        else:
            yield capture


def _written(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None


class _Raw:
    """The fields of a JSON object, each asked for by its type; a value of another type is a ValueError."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise ValueError("not an object")
        self.fields: dict[str, object] = value

    def text(self, key: str) -> str | None:
        value = self.fields.get(key)
        if value is None or isinstance(value, str):
            return value
        raise ValueError(f"{key} is no text")

    def number(self, key: str) -> int | None:
        value = self.fields.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise ValueError(f"{key} is no number")

    def time(self, key: str) -> datetime | None:
        value = self.text(key)
        return datetime.fromisoformat(value).astimezone(UTC) if value else None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.fields.get(key) or ()
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ValueError(f"{key} is no list of texts")

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        value = self.fields.get(key) or ()
        if isinstance(value, (list, tuple)) and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in value
        ):
            return tuple((pair[0], pair[1]) for pair in value)
        raise ValueError(f"{key} is no list of pairs")
