"""Capture: what the log beside the kept bytes says of one page. Captures and blobs make the whole archive again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from storage.columns import Json
from storage.raw_fields import RawFields
from storage.records import Claims, Page
from storage.times import rfc3339


@dataclass(frozen=True, slots=True)
class Capture:
    """One page as it came, without its body: ``sha256`` and ``size`` (bytes) are those of the uncompressed body.

    profile: the sha256 of what was known of its site when it was cleaned. again: it had been kept before, and gave
    another text when it was cleaned once more. asked_url: as of a Page. kept_at: when the log took it; it orders the
    lines of several writers and is no part of what was captured.
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
    profile: str | None = None
    again: bool = False
    asked_url: str | None = None
    kept_at: datetime | None = field(default=None, compare=False)

    @classmethod
    def of(cls, page: Page, sha256: str, profile: str | None = None) -> Capture:
        """The capture of a page whose body is kept under ``sha256``."""
        return cls(
            page.url, page.source, page.status, page.headers, page.content_type,
            page.claims, page.fetched_at, page.origin, sha256, len(page.body), page.cut, profile,
            asked_url=page.asked_url,
        )  # fmt: skip

    def page(self, body: bytes) -> Page:
        """The page again, from its kept body."""
        return Page(
            self.url, body, self.content_type, self.fetched_at,
            self.source, self.status, self.headers, self.claims, self.origin, self.cut, self.asked_url,
        )  # fmt: skip

    def fields(self) -> dict[str, object]:
        """What the log and the database say of it, ready for JSON. Keys and their order are stable."""
        cleaned = {"profile": self.profile} if self.profile else {}
        again = {"again": True} if self.again else {}
        asked = {"asked_url": self.asked_url} if self.asked_url else {}
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
            **cleaned,
            **again,
            **asked,
        }

    def line(self) -> bytes:
        """One line of JSON with its line break; other scripts are escaped."""
        return json.dumps(self.fields()).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Capture:
        """The capture that ``line`` made. Keys it lacks take the default of their field; unknown ones are passed over.

        Raises ValueError for anything that is not the line of a capture.
        """
        raw = RawFields(json.loads(line))
        sha256, fetched_at = raw.sha256("sha256"), raw.time("fetched_at")
        if sha256 is None or fetched_at is None:
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
            profile=raw.sha256("profile"),
            again=raw.fields.get("again") is True,
            asked_url=raw.text("asked_url"),
            kept_at=raw.time("kept_at"),
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """A page as the log has it. profile, again: as of its capture."""

    page: Page
    profile: str | None
    again: bool


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
    claims = RawFields(value)
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


def _written(at: datetime | None) -> str | None:
    return rfc3339(at) if at else None
