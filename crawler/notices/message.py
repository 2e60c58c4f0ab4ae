"""Message: what is told, the same whichever way it goes and whatever it is about."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """id: the same each time it is sent again. kind: what it is about, such as ``watch``.

    subject, text: for people. body: for programs; JSON, and small enough for one request.
    """

    id: str
    kind: str
    subject: str
    text: str
    body: dict[str, object]

    @property
    def payload(self) -> bytes:
        """What programs are given: the body, with the id and the kind before it, as one line of JSON in UTF-8."""
        return json.dumps({"delivery": self.id, "kind": self.kind} | self.body, ensure_ascii=False).encode()


def first_line(text: str, longest: int = 200) -> str:
    """The first line that says something, without what would do something to a terminal or a mail."""
    lines = ("".join(each if each.isprintable() else " " for each in line).strip() for line in text.splitlines())
    return next((line[:longest] for line in lines if line), "")
