"""Parquet, for data frames and SQL: typed columns, times in UTC, lists as lists, origins as a map.

It needs pyarrow: the extra ``copydesk[parquet]``. A row group is written at a time, so memory stays flat.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from storage.errors import StorageError
from storage.exporting.form import encoded
from storage.exporting.record import FIELDS, LISTS, TIMES, values_of
from storage.records import ArchivedArticle

if TYPE_CHECKING:
    import pyarrow
    from typing_extensions import Buffer

_ROWS, _CHARACTERS = 5_000, 16_000_000  # of a row group; whichever comes first


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``. Raises StorageError where pyarrow is missing."""
    try:
        import pyarrow  # noqa: F401, PLC0415  (an extra, and heavy)
    except ImportError as error:
        raise StorageError("Parquet files need pyarrow", "pip install 'copydesk[parquet]'") from error
    return _pieces(articles)


def _pieces(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    from pyarrow.parquet import ParquetWriter  # noqa: PLC0415  (as above)

    sink, schema = _Sink(), _schema()
    with ParquetWriter(sink, schema, compression="zstd") as writer:
        for group in _groups(articles):
            writer.write_table(_table(group, schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What was written since it was last taken away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def _groups(articles: Iterable[ArchivedArticle]) -> Iterator[list[ArchivedArticle]]:
    group: list[ArchivedArticle] = []
    characters = 0
    for article in articles:
        group.append(article)
        characters += len(article.text)
        if len(group) == _ROWS or characters >= _CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _schema() -> pyarrow.Schema:
    import pyarrow as pa  # noqa: PLC0415  (as above)

    text = pa.string()
    kinds = dict.fromkeys(TIMES, pa.timestamp("us", "UTC")) | dict.fromkeys(LISTS, pa.list_(text))
    kinds |= {"norm_version": pa.int32(), "origins": pa.map_(text, text)}
    may_lack = {field.name for field in fields(ArchivedArticle) if "None" in str(field.type)}
    return pa.schema([pa.field(name, kinds.get(name, text), nullable=name in may_lack) for name in FIELDS])


def _table(group: list[ArchivedArticle], schema: pyarrow.Schema) -> pyarrow.Table:
    import pyarrow as pa  # noqa: PLC0415  (as above)

    columns = zip(*map(values_of, group), strict=True)
    try:
        return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
    except UnicodeEncodeError:  # the archive keeps no lone surrogates, but an article may come from elsewhere
        columns = zip(*map(_encodable, map(values_of, group)), strict=True)
        return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)


def _encodable(values: object) -> object:
    """Values with their strings as UTF-8 can have them."""
    if isinstance(values, str):
        return encoded(values).decode()
    return tuple(map(_encodable, values)) if isinstance(values, tuple) else values
