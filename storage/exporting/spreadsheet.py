"""CSV, safe for spreadsheets: no cell is taken for a formula.

UTF-8, a line of names first, lists joined by "; ". A spreadsheet would carry out a cell that begins like a formula, so
such a cell gets a leading apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from storage.exporting.form import gathered
from storage.exporting.record import FIELDS, JsonValue, record
from storage.records import ArchivedArticle

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # spreadsheets take the wide forms as well
_BREAKS = frozenset("\t\r\n")  # before the first character, they start a formula too


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``."""
    return gathered(_rows(articles, _guarded))


def write_raw(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """Cells as they are, also where a spreadsheet would run them."""
    return gathered(_rows(articles, str))


def _rows(articles: Iterable[ArchivedArticle], shown: Callable[[str], str]) -> Iterator[str]:
    """The lines of the file."""
    line = io.StringIO(newline="")
    row = csv.writer(line)

    def taken(cells: Sequence[str]) -> str:
        row.writerow(cells)
        text = line.getvalue()
        line.seek(0)
        line.truncate()
        return text

    yield taken(FIELDS)
    for article in articles:
        yield taken([shown(_cell(value)) for value in record(article).values()])


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
