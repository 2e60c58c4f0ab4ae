"""Where the keys and lists of a TOML text stand: tomllib gives the values, this the places."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

TomlPath = tuple[str | int, ...]
"""Keys, and positions in arrays from 0: ``("place", 0, "urls", 2)``."""

_MARK = "\ufeff"  # byte order mark, as some editors write it
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*([A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')[ \t]*(\.?)""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{1,2}(?!"))?|'
    r"'''.*?'''(?:'{1,2}(?!'))?|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[TomlPath, int]:
    """The 1-based line where each table, key and array element of a valid TOML text begins.

    ``text`` has been read by tomllib without error; what is given for any other text means nothing.
    Raises RecursionError for arrays nested as deep as hardly any text that tomllib reads.
    """
    return _Scan(text).lines


@dataclass(frozen=True, slots=True)
class Span:
    """Where a list stands: offsets of its brackets, the closing one included, and of its items."""

    whole: tuple[int, int]
    items: tuple[tuple[int, int], ...]


def array_spans(text: str) -> dict[TomlPath, Span]:
    """The places of the lists of a valid TOML text, on the conditions of ``key_lines``."""
    return _Scan(text).spans


class _Scan:
    def __init__(self, text: str) -> None:
        self.lines: dict[TomlPath, int] = {}
        self.spans: dict[TomlPath, Span] = {}
        self._text = text
        self._at = len(_MARK) if text.startswith(_MARK) else 0
        self._line = 1
        self._counted = 0  # up to here newlines are counted in _line
        self._arrays: dict[TomlPath, int] = {}  # arrays of tables, and how many tables each has so far
        table: TomlPath = ()
        while self._skip_space() < len(text):
            if text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> TomlPath:
        is_array = self._text.startswith("[[", self._at)
        line = self._line_here()
        self._at += 2 if is_array else 1
        *parents, last = self._key()
        path: TomlPath = ()
        for part in parents:
            path = self._newest((*path, part))
        path = (*path, last)
        if is_array:
            self.lines.setdefault(path, line)
            self._arrays[path] = self._arrays.get(path, 0) + 1
        path = self._newest(path)
        self.lines[path] = line
        self._at += 2 if is_array else 1
        return path

    def _newest(self, path: TomlPath) -> TomlPath:
        """A header speaks of the last table of an array."""
        return (*path, self._arrays[path] - 1) if path in self._arrays else path

    def _pair(self, table: TomlPath) -> None:
        line = self._line_here()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts = []
        while match := _KEY.match(self._text, self._at):
            self._at = match.end()
            parts.append(_unquoted(match[1]))
            if not match[2]:
                break
        if not parts:
            raise ValueError("no key")  # not reached by a text that tomllib has read
        return parts

    def _value(self, path: TomlPath) -> None:
        self._skip_space()
        character = self._text[self._at : self._at + 1]
        if character in {"[", "{"}:
            self._members(path, "]" if character == "[" else "}")
        else:
            match = _STRING.match(self._text, self._at) or _BARE.match(self._text, self._at)
            self._at = match.end() if match else len(self._text)

    def _members(self, path: TomlPath, closing: str) -> None:
        begun, items = self._at, list[tuple[int, int]]()
        self._at += 1
        number = 0
        while self._skip_space() < len(self._text):
            if self._text[self._at] in {closing, ","}:
                self._at += 1
                if self._text[self._at - 1] == closing:
                    if closing == "]":
                        self.spans[path] = Span((begun, self._at), tuple(items))
                    return
            elif closing == "}":
                self._pair(path)
            else:
                self.lines[*path, number] = self._line_here()
                start = self._at
                self._value((*path, number))
                items.append((start, self._at))
                number += 1

    def _skip_space(self) -> int:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._at

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


def _unquoted(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return str(tomllib.loads(f"key = {key}")["key"])  # a quoted key has the form of a string
