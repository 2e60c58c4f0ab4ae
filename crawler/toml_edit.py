"""TOML edits: texts put into and taken out of a list of a source's file, all else of which stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crawler.toml_lines import array_spans, key_lines

_NOT_WRITTEN = re.compile(r"[\x7f-\x9f\ud800-\udfff\ufeff]")  # JSON leaves them as they are; TOML must not
_AFTER_ITEM = re.compile(r"[ \t]*,?[ \t]*")
_HEADER = re.compile(r"[ \t]*\[[ \t]*([A-Za-z0-9_-]+)[ \t]*\][ \t]*(?:#.*)?")
_INDENT = "    "


class NotEditable(ValueError):
    """The list is written in a way that only a person should change."""


def quoted(text: str) -> str:
    """A TOML text. A JSON text is one, apart from a few characters."""
    return _NOT_WRITTEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def with_items(text: str, table: str, key: str, items: Sequence[str]) -> str:
    """The text with more items at the head of a list; list and table are made where there are none.

    Raises NotEditable for a table that is written as a value.
    """
    if not items:
        return text
    ending = "\r\n" if "\r\n" in text else "\n"
    written = [quoted(item) for item in items]
    if (table, key) in (spans := array_spans(text)):
        start, _ = spans[table, key].whole
        return _put(text, start + 1, spans[table, key].whole[1], written, ending)
    line = f"{key} = [{', '.join(written)}]"
    lines = key_lines(text)
    if (table,) not in lines:
        gap = "" if not text or text.endswith("\n") else ending
        return f"{text}{gap}{ending}[{table}]{ending}{line}{ending}"
    rows = text.split("\n")
    at = lines[table,]
    if not (header := _HEADER.fullmatch(rows[at - 1].rstrip("\r"))) or header[1] != table:
        raise NotEditable(f"[{table}] is not on a line of its own")
    if at == len(rows):
        return f"{text}{ending}{line}{ending}"
    return "\n".join([*rows[:at], line + ("\r" if ending == "\r\n" else ""), *rows[at:]])


def without_items(text: str, table: str, key: str, numbers: Sequence[int]) -> str:
    """The text without some items of a list, which are counted from 0."""
    if (table, key) not in (spans := array_spans(text)):
        return text
    items = spans[table, key].items
    for number in sorted(numbers, reverse=True):
        start, end = items[number]
        after = _AFTER_ITEM.match(text, end)
        end = after.end() if after else end
        line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        if line_end >= 0 and not text[line_start:start].strip() and not text[end:line_end].strip():
            start, end = line_start, line_end + 1
        text = text[:start] + text[end:]
    return text


def _put(text: str, start: int, end: int, items: Sequence[str], ending: str) -> str:
    """Items at the head of a list that begins at ``start``, each on a line of its own where the others are."""
    line_end = text.find("\n", start, end)
    head = text[start:line_end].strip() if line_end >= 0 else "x"
    if line_end >= 0 and (not head or head.startswith("#")):
        at = line_end - 1 if text[line_end - 1] == "\r" else line_end
        below = re.match(r"[ \t]*(?=[\"'#])", text[line_end + 1 :])
        indent = below[0] if below else _INDENT
        return text[:at] + "".join(f"{ending}{indent}{item}," for item in items) + text[at:]
    is_empty = not text[start : end - 1].strip()
    return (
        text[:start]
        + ", ".join(items)
        + ("" if is_empty else ", ")
        + text[start:].removeprefix(" " if is_empty else "")
    )


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"  # half of a character is none
