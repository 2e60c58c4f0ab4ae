"""Export: articles as a file that appears whole or not at all, or as a stream. The formats: ``storage.exporting``."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

from storage.errors import StorageError
from storage.exporting.atom import atom_feed
from storage.exporting.form import Writer
from storage.exporting.record import FIELDS, JsonValue, record
from storage.exporting.table import FORMS
from storage.folder import sync_one
from storage.records import ArchivedArticle

__all__ = ["ENDINGS", "FIELDS", "MEDIA_TYPES", "JsonValue", "atom_feed", "export", "record", "streamed", "writer_for"]

ENDINGS = tuple(form.endings[0] for form in FORMS.values())
"""The endings that ``export`` knows; all but ``.parquet`` may be followed by ``.gz``."""

MEDIA_TYPES: Mapping[str, str] = {form.name: form.media_type for form in FORMS.values()}
"""What each format is as HTTP names it; the keys are those that ``streamed`` takes."""

_GZIP = 16 + zlib.MAX_WBITS  # zlib's way to ask for a gzip header


def streamed(articles: Iterable[ArchivedArticle], form: str) -> Iterator[bytes]:
    """The bytes of a file of articles, piece by piece. form: a key of ``MEDIA_TYPES``.

    Raises StorageError, before the first piece, where the format needs what is not installed.
    """
    return FORMS[form].write(articles)


def export(articles: Iterable[ArchivedArticle], path: Path, raw: bool = False) -> int:
    """Write ``articles`` to ``path``, one after the other, and return how many there were.

    The ending of the name chooses the format. raw: cells of a spreadsheet stay as they are, also where it would run
    them. What stood at ``path`` is replaced when all is written. Raises StorageError for an ending that is not known,
    and where the file cannot be written.
    """
    number = 0

    def counted() -> Iterator[ArchivedArticle]:
        nonlocal number
        for number, article in enumerate(articles, start=1):  # noqa: B007  (returned)
            yield article

    keep(writer_for(path, raw)(counted()), path)
    return number


def writer_for(path: Path, raw: bool = False) -> Writer:
    """What writes the format that the ending of a name asks for. Raises StorageError where none is known."""
    name = path.name.lower()
    is_packed = name.endswith(".gz")
    name = name.removesuffix(".gz")
    fitting = [
        (len(ending), form)
        for form in FORMS.values()
        for ending in form.endings
        if name.endswith(ending) and name != ending and (form.is_text or not is_packed)
    ]
    if not fitting:
        endings = ", ".join(ENDINGS[:-1])
        raise StorageError(
            f"{path}: no format is known for this ending", hint=f"end the name with {endings} or {ENDINGS[-1]}"
        )
    _, form = max(fitting, key=lambda fit: fit[0])
    write = form.raw if raw and form.raw else form.write
    return (lambda articles: _packed(write(articles))) if is_packed else write


def keep(pieces: Iterable[bytes], path: Path) -> None:
    """Write a file that appears under its name when it is whole. Raises StorageError where it cannot be written."""
    aside = path.with_name(f".{path.name[:200]}.{uuid4().hex[:8]}")
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "is a folder")
        with aside.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_one(path.parent)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as gzip, without a time: the same articles give the same bytes."""
    packer = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
