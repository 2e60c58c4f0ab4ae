"""Line: a piece of the decoded input with its evidence; from plain text. (HTML comes in through ``html_body``.)"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from storage.records import Reason

_LINE = re.compile(r"[^\n]*\S[^\n]*")  # str.splitlines would also cut at U+2028 and form feeds inside a paragraph


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a line goes, and by which rule. pages: on how many of its site's other pages it stood, of how many that were
    looked at, where that decided."""

    reason: Reason
    rule: str
    pages: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input, trimmed: it stands at ``[start, end)``, on the 1-based line ``number``.

    gap: blank lines before it. tag: the HTML element whose own text it is, empty for plain text.
    outside: the verdict of an earlier stage, which left the line out of the body; a rule may still say what it is.
    """

    start: int
    end: int
    number: int
    text: str
    gap: int = 0
    tag: str = ""
    outside: Verdict | None = None


_WRAP_WIDTHS = range(50, 101)  # columns at which mail programs and editors break lines
_SENTENCE_ENDS = tuple('.!?…:"”»')


def plain_lines(decoded: str) -> list[Line]:
    """The non-empty lines of plain text; paragraphs that were broken at a fixed column are one line again."""
    lines = _separate_lines(decoded)
    return _unwrapped(decoded, lines) if _is_wrapped(lines) else lines


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Whether line breaks follow a column rather than the sense: lines that are full in mid-sentence are the rule."""
    width = max((len(line.text) for line in lines), default=0)
    if len(lines) < 8 or width not in _WRAP_WIDTHS:
        return False
    long = [(line, after) for line, after in pairwise(lines) if len(line.text) > 0.7 * width]
    full = [line for line, after in long if after.gap == 0 and _is_full(line.text, after.text, width)]
    broken = [line for line in full if not line.text.endswith(_SENTENCE_ENDS)]
    return len(broken) >= 6 and len(broken) >= 0.6 * len(long)


def _is_full(text: str, following: str, width: int) -> bool:
    """Whether the next line's first word would not have fitted behind ``text``."""
    return len(text) + 1 + len(following.split(maxsplit=1)[0]) > width


def _unwrapped(decoded: str, lines: Sequence[Line]) -> list[Line]:
    width = max(len(line.text) for line in lines)
    joined: list[Line] = []
    for before, line in zip([None, *lines], lines, strict=False):
        if before is not None and line.gap == 0 and _is_full(before.text, line.text, width):
            start = joined[-1].start
            joined[-1] = replace(joined[-1], end=line.end, text=decoded[start : line.end])
        else:
            joined.append(line)
    return joined


def _separate_lines(decoded: str) -> list[Line]:
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
