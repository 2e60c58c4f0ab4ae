"""Line: a piece of the decoded input with its evidence; from plain text. (HTML comes in through ``visible``.)"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"[^\n]*\S[^\n]*")  # str.splitlines would also cut at U+2028 and form feeds inside a paragraph


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input, trimmed: it stands at ``[start, end)``, on the 1-based line ``number``.

    gap: blank lines before it. tag: the HTML element whose own text it is, empty for plain text.
    outside: the rule by which an earlier stage left the line out of the body, such as ``body.outside``.
    """

    start: int
    end: int
    number: int
    text: str
    gap: int = 0
    tag: str = ""
    outside: str | None = None


def plain_lines(decoded: str) -> list[Line]:
    """The non-empty lines of plain text."""
    lines: list[Line] = []
    number, counted, last = 1, 0, 0
    for match in _LINE.finditer(decoded):
        text = match.group().strip()
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        number += decoded.count("\n", counted, start)
        counted = start
        lines.append(Line(start, start + len(text), number, text, gap=max(0, number - last - 1)))
        last = number
    return lines
