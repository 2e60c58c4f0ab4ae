"""Raw fields: what a line of a log says, each asked for by its type."""

from __future__ import annotations

import re
from datetime import UTC, datetime

SHA256 = re.compile(r"[0-9a-f]{64}")


class RawFields:
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

    def sha256(self, key: str) -> str | None:
        value = self.text(key)
        if value is None or SHA256.fullmatch(value):
            return value
        raise ValueError(f"{key} is no sha256")

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
