"""Rulings: what people say of stories, and what the log says of it, so that it holds when the archive is made again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, cast

from storage.raw_fields import RawFields
from storage.times import rfc3339

RulingKind = Literal["split", "merge", "undo"]


@dataclass(frozen=True, slots=True)
class Ruling:
    """``split``: the article is no copy of its story. ``merge``: the story of ``other`` is that of ``article``.
    ``undo``: the event ``event`` is taken back.

    kept_at: when the log took it.
    """

    kind: RulingKind
    at: datetime
    article: str | None = None
    other: str | None = None
    event: str | None = None
    kept_at: datetime | None = field(default=None, compare=False)

    def line(self) -> bytes:
        """One line of JSON with its line break."""
        fields = {
            "kept_at": self.kept_at and rfc3339(self.kept_at),
            "ruling": self.kind,
            "at": rfc3339(self.at),
            "article": self.article,
            "other": self.other,
            "event": self.event,
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def read(cls, fields: object) -> Ruling:
        """From the fields of a line. Raises ValueError where it is none of a ruling."""
        raw = RawFields(fields)
        kind, at = raw.text("ruling"), raw.time("at")
        article, other, event = raw.text("article"), raw.text("other"), raw.text("event")
        needed = {"split": article, "merge": article and other, "undo": event}.get(kind or "")
        if at is None or not needed:
            raise ValueError("no ruling, or one of nothing")
        return cls(cast(RulingKind, kind), at, article, other, event, raw.time("kept_at"))
