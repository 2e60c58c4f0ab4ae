"""A source's TOML text, read with care: every value checked, every fault with its file, line and key."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from crawler.errors import BadSource
from crawler.toml_lines import TomlPath, key_lines

LARGEST = 64 * 1024
"""Bytes of the largest source file, and characters of the largest text."""

_LONGEST_LINE = 2500  # characters: tomllib takes quadratic time over a dotted key
_LONGEST_TEXT = 2048
_MOST_ITEMS = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")  # and what XML cannot carry
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_KINDS = {str: "a text in quotes", bool: "true or false", int: "a whole number", float: "a number", list: "a list"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Definition:
    """A TOML text that has been read. file: as messages name it. lines: where its keys stand."""

    file: str
    values: dict[str, object]
    lines: dict[TomlPath, int]

    @classmethod
    def read(cls, file: str, text: str) -> Definition:
        """Raises BadSource."""
        file = plain(file)
        if len(text) > LARGEST:
            raise BadSource(file, 1, "", f"larger than {LARGEST // 1024} KiB")
        for number, line in enumerate(text.split("\n"), start=1):
            if len(line) > _LONGEST_LINE:
                raise BadSource(file, number, "", f"a line of more than {_LONGEST_LINE:,} characters")
        try:
            return cls(file, tomllib.loads(text.removeprefix("\ufeff")), key_lines(text))
        except RecursionError:
            raise BadSource(file, 1, "", "nested too deeply") from None
        except ValueError as error:  # TOMLDecodeError among them
            place = _AT_LINE.search(str(error))
            at = int(place[1]) if place and place[1] else text.rstrip().count("\n") + 1
            problem = _AT_LINE.sub("", str(error))
            raise BadSource(file, at, "", plain(f"not TOML: {problem}")) from None

    def fault(self, path: TomlPath, problem: str, hint: str | None = None) -> BadSource:
        """What is wrong at ``path``; the line is that of the nearest table or key that is there."""
        known = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.lines), None)
        return BadSource(self.file, self.lines[known] if known else 1, _spoken(path), problem, hint)


class Table:
    """One table of a definition. Each reading checks the type and the value, and raises BadSource with the line."""

    def __init__(self, definition: Definition, path: TomlPath, values: object, known: Collection[str]) -> None:
        """known: the keys it may have; any other is a fault."""
        self._definition = definition
        self._path = path
        if not isinstance(values, dict):
            raise definition.fault(path, "not a table", f"[{_spoken(path)}] on a line of its own begins one")
        self._values: dict[str, object] = values
        for key in values:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
                raise self.fault(key, "not a key that is known here", hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def fault(self, key: str, problem: str, hint: str | None = None) -> BadSource:
        """What is wrong with a key of this table."""
        return self._definition.fault((*self._path, key), problem, hint)

    def optional_text(self, key: str, check: Callable[[str], T]) -> T | None:
        """A text through ``check``, which raises ValueError with the problem; None where the key is absent."""
        return self._checked((*self._path, key), self._values[key], check) if key in self._values else None

    def text(self, key: str, check: Callable[[str], T]) -> T:
        """A text that must be there."""
        if key not in self._values:
            raise self.fault(key, "missing")
        return self._checked((*self._path, key), self._values[key], check)

    def texts(self, key: str, check: Callable[[str], T]) -> tuple[T, ...]:
        """A list of texts; empty where the key is absent."""
        items = self._typed(key, [], list)
        if len(items) > _MOST_ITEMS:
            raise self.fault(key, f"more than {_MOST_ITEMS}")
        path = (*self._path, key)
        return tuple(self._checked((*path, number), item, check) for number, item in enumerate(items))

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        return self._typed(key, default, bool)

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        """A whole number between two, both included."""
        number = self._typed(key, default, int)
        if not least <= number <= most:
            raise self.fault(key, f"not between {least:,} and {most:,}")
        return number

    def number(self, key: str, default: float, least: float, most: float) -> float:
        """A number between two, both included."""
        number = self._typed(key, default, float)
        if not math.isfinite(number) or not least <= number <= most:
            raise self.fault(key, f"not between {least:g} and {most:g}")
        return number

    def table(self, key: str, known: Collection[str]) -> Table:
        """A table within; an empty one where it is absent."""
        return Table(self._definition, (*self._path, key), self._values.get(key, {}), known)

    def tables(self, key: str, known: Collection[str]) -> tuple[Table, ...]:
        """An array of tables, written ``[[key]]``."""
        values = self._values.get(key, [])
        if not isinstance(values, list) or len(values) > _MOST_ITEMS:
            raise self.fault(key, f"not written [[{key}]]" if not isinstance(values, list) else "too many")
        path = (*self._path, key)
        return tuple(Table(self._definition, (*path, number), value, known) for number, value in enumerate(values))

    def _typed(self, key: str, default: T, kind: type[T]) -> T:
        value = self._values.get(key, default)
        if kind is float and type(value) is int:
            value = float(value) if abs(value) < 2**53 else math.inf
        if type(value) is not kind:  # exactly: to Python, true is a whole number
            raise self.fault(key, f"not {_KINDS[kind]}")
        return value

    def _checked(self, path: TomlPath, value: object, check: Callable[[str], T]) -> T:
        if not isinstance(value, str):
            raise self._definition.fault(path, f"not {_KINDS[str]}")
        if not value.strip():
            raise self._definition.fault(path, "empty")
        if len(value) > _LONGEST_TEXT:
            raise self._definition.fault(path, f"more than {_LONGEST_TEXT:,} characters")
        if _CONTROLS.search(value):
            raise self._definition.fault(path, "has a control character")
        try:
            return check(value)
        except ValueError as error:
            raise self._definition.fault(path, str(error)) from None


def _spoken(path: TomlPath) -> str:
    """``place[1].urls[2]``, counted from 1 as people count."""
    words = (f"[{part + 1}]" if isinstance(part, int) else f".{plain(part)}" for part in path)
    return "".join(words).removeprefix(".")


def plain(text: str, longest: int = 200) -> str:
    """Words from outside, harmless in a message of one line."""
    words = "".join(character if character.isprintable() else "?" for character in text)
    return words if len(words) <= longest else words[: longest - 1] + "…"
