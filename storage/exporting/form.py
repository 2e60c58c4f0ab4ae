"""Form: a format of exports, as the table of formats lists it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from storage.records import ArchivedArticle

PIECE_BYTES = 64 * 1024
"""About so much is written at once."""


class Writer(Protocol):
    """Turns articles into the bytes of a whole file, piece by piece: to a folder or over HTTP.

    It takes the articles one after the other and keeps few of them, however many there are. The same articles give the
    same bytes. Any text can be written; what a format cannot hold (control characters in XML) is told by its module.
    """

    def __call__(self, articles: Iterable[ArchivedArticle], /) -> Iterator[bytes]:
        """The pieces of the file; none of them is empty."""


@dataclass(frozen=True, slots=True)
class Form:
    """A format. endings: of file names, the usual one first. raw: writes cells that the writer guards as they are.

    is_text: whether ``.gz`` may follow the ending.
    """

    name: str
    endings: tuple[str, ...]
    media_type: str
    write: Writer
    raw: Writer | None = None
    is_text: bool = True


def encoded(text: str) -> bytes:
    """UTF-8; a lone surrogate, of which the archive keeps none, becomes an escape."""
    return text.encode("utf-8", "backslashreplace")


def gathered(texts: Iterable[str]) -> Iterator[bytes]:
    """Texts as bytes, some of them together."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield encoded("".join(waiting))
            waiting, size = [], 0
    if waiting:
        yield encoded("".join(waiting))
