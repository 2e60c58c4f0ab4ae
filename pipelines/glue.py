"""Glue: lines in which a lost boundary has joined a credit to other text; they are split before anything is judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from pipelines.lines import Line
from pipelines.phrases import Phrases, fold

# “© Photo : Agency - NamePeople walk”: a small letter or bracket meets a capital where no word of a name goes on so.
_LOST_BOUNDARY = re.compile(
    r"(?<=[a-zà-öø-ÿ\u0101\u0103\u0111\u01a1\u01b0\u1ea1-\u1ef9)])(?=[A-ZÀ-ÖØ-Þ\u0110\u01a0\u01af][\w’']*[\s,])"
)
_BRACKETED_HEAD = re.compile(r"^[(\[][^()\[\]]{3,80}[)\]]\s*")
_LONGEST_CREDIT = 120  # characters


def split_glued(lines: Iterable[Line], phrases: Phrases) -> Iterator[Line]:
    """Each line, or its parts where a credit is glued to it: in front without a boundary, or in brackets."""
    mark, bracketed = _credit_patterns(phrases.credit_marks)
    for line in lines:
        cut = None
        if bracketed.match(fold(line.text[:_LONGEST_CREDIT])):
            head = _BRACKETED_HEAD.match(line.text)
            cut = head.end() if head else None
        elif mark.match(fold(line.text[:_LONGEST_CREDIT])):
            boundary = _LOST_BOUNDARY.search(line.text, 6, _LONGEST_CREDIT)
            cut = boundary.start() if boundary else None
        if cut is None or cut >= len(line.text):
            yield line
        else:
            head_text = line.text[:cut].rstrip()
            yield replace(line, end=line.start + len(head_text), text=head_text)
            yield replace(line, start=line.start + cut, text=line.text[cut:], gap=0)


@cache
def _credit_patterns(marks: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What a credit in front begins with; what one in brackets does."""
    return re.compile(rf"(?:©|\(c\)|\W?\s*{marks}\s*[:：/])"), re.compile(rf"[(\[]\s*(?:©|{marks}\s*[:：])")
