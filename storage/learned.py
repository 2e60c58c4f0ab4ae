"""Learned: what the log says of a profile, so that the archive can be made again with all that its sites taught."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime

from storage.raw_fields import RawFields
from storage.times import rfc3339


@dataclass(frozen=True, slots=True)
class Traits:
    """What the archive tells people of a profile. pages: that it was learned from. layout: how often the site's
    layout had changed by then. layout_pages: the pages since it changed last."""

    pages: int
    layout: int = 0
    layout_pages: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """The number-th profile of a site was made; ``sha256`` names its bytes.

    folded: how many lessons are part of it that the one before did not have: those that had waited longest. kept_at:
    when the log took it.
    """

    site: str
    number: int
    sha256: str
    folded: int
    traits: Traits
    made_at: datetime
    kept_at: datetime | None = field(default=None, compare=False)

    def line(self) -> bytes:
        """One line of JSON with its line break."""
        fields = {
            "kept_at": self.kept_at and rfc3339(self.kept_at),
            "site": self.site,
            "number": self.number,
            "sha256": self.sha256,
            "folded": self.folded,
            "pages": self.traits.pages,
            "layout": self.traits.layout,
            "layout_pages": self.traits.layout_pages,
            "made_at": rfc3339(self.made_at),
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def read(cls, fields: object) -> Learned:
        """From the fields of a line. Raises ValueError where it is none of a profile."""
        raw = RawFields(fields)
        site, number, sha256, made_at = (
            raw.text("site"),
            raw.number("number"),
            raw.sha256("sha256"),
            raw.time("made_at"),
        )
        if not site or not number or sha256 is None or made_at is None:
            raise ValueError("no site, number, sha256 or made_at")
        traits = Traits(raw.number("pages") or 0, raw.number("layout") or 0, raw.number("layout_pages") or 0)
        return cls(site, number, sha256, raw.number("folded") or 0, traits, made_at, raw.time("kept_at"))
