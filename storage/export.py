"""Export: articles as a file that appears whole or not at all. The ending of its name chooses the format."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeAlias
from uuid import uuid4

from storage.errors import StorageError
from storage.folder import sync_one
from storage.records import ArchivedArticle
from storage.times import rfc3339

FIELDS = tuple(field.name for field in fields(ArchivedArticle))
"""The columns of a CSV file and the keys of a JSON object, in their order; the names are stable."""

JsonValue: TypeAlias = str | int | list[str] | dict[str, str] | None

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # spreadsheets take the wide forms as well
_BREAKS = frozenset("\t\r\n")  # before the first character, they start a formula too


def record(article: ArchivedArticle) -> dict[str, JsonValue]:
    """An article for JSON: the keys are ``FIELDS``, times are RFC 3339 in UTC, tuples are lists, origins an object."""
    return {name: _json_value(getattr(article, name)) for name in FIELDS} | {"origins": dict(article.origins)}


def export(articles: Iterable[ArchivedArticle], path: Path, raw: bool = False) -> int:
    """Write ``articles`` to ``path``, one after the other, and return how many there were.

    ``.jsonl``: one JSON object a line (``record``). ``.csv``: UTF-8, a line of names first, lists joined by "; ".
    A spreadsheet would carry out a cell that begins like a formula, so such a cell gets a leading apostrophe; with
    ``raw`` it stays as it is. What stood at ``path`` is replaced when all is written. Raises StorageError for an
    ending that is not known, and where the file cannot be written.
    """
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        endings = " or ".join(_FORMATS)
        raise StorageError(f"{path}: no format is known for this ending", hint=f"end the name with {endings}")
    aside = path.with_name(f".{path.name[:200]}.{uuid4().hex[:8]}")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        with aside.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            write = form(file, raw)
            number = 0
            for article in articles:
                write(article)
                number += 1
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_one(path.parent)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return number


def _jsonl(file: TextIO, raw: bool) -> Callable[[ArchivedArticle], object]:  # noqa: ARG001  (nothing to guard)
    return lambda article: file.write(json.dumps(record(article), ensure_ascii=False) + "\n")


def _csv(file: TextIO, raw: bool) -> Callable[[ArchivedArticle], object]:
    rows = csv.writer(file)
    rows.writerow(FIELDS)

    def write(article: ArchivedArticle) -> None:
        cells = [_cell(value) for value in record(article).values()]
        rows.writerow(cells if raw else map(_guarded, cells))

    return write


_FORMATS: dict[str, Callable[[TextIO, bool], Callable[[ArchivedArticle], object]]] = {".jsonl": _jsonl, ".csv": _csv}
ENDINGS = tuple(_FORMATS)
"""The endings that ``export`` knows."""


def _json_value(value: str | int | datetime | Sequence[str] | None) -> JsonValue:
    if isinstance(value, datetime):
        return rfc3339(value)
    return value if value is None or isinstance(value, str | int) else list(value)


def _cell(value: JsonValue) -> str:
    if isinstance(value, list):
        return "; ".join(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {origin}" for name, origin in value.items())
    return "" if value is None else str(value)


def _guarded(cell: str) -> str:
    """The cell, so that no spreadsheet takes it for a formula: neither at its start nor behind white space."""
    content = cell.lstrip()  # of every kind, no-break spaces included
    if content.startswith(_FORMULA) or not _BREAKS.isdisjoint(cell[: len(cell) - len(content)]):
        return "'" + cell
    return cell
