"""Content codings of HTTP, undone while the body comes, so that a bomb is noticed before it unfolds.

A coding that breaks or ends early gives the bytes before that point and a ``problem``; nothing is cut silently.
"""

from __future__ import annotations

from collections.abc import Iterator

from crawler.fetching.unpackers import UNPACKERS, Damaged, Plain, Unpacker

ACCEPTED = "gzip, deflate, br, zstd"

_PIECE = 4096  # bytes fed at once: what is looked at again, byte by byte, where a coding breaks
_OPENING = 64  # bytes by which a body that is not coded at all is told: packed ones are never this long all text
_SHORTEST = 4  # bytes by which it can be told: the first of zlib and Zstandard data may be a letter
_STACKED = 2
_TEXT_CONTROLS = b"\t\n\r\f"


class UnknownCoding(ValueError):
    """A coding that cannot be undone, or too many of them."""


class TooLarge(ValueError):
    """The body is larger than a limit, in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a body of more than {limit:,} bytes")


class CodedBody:
    """One body on its way in: ``feed`` what comes and ``end`` it; both give what could be undone.

    problem: why the result is not whole; None when it is. damaged: whether the data is to blame for it, not its early
    end. notes: as in ``Fetched``.
    Raises UnknownCoding when made, TooLarge when fed.
    """

    def __init__(self, codings: str, limit: int) -> None:
        names = [name for part in codings.split(",") if (name := part.strip().lower()) not in {"", "identity", "none"}]
        if len(names) > _STACKED:
            raise UnknownCoding(f"{len(names)} content codings on each other")
        for name in names:
            if name not in UNPACKERS:
                raise UnknownCoding(f"unknown content coding {name[:40]!r}")
        self._stages = [_Stage(name, limit) for name in reversed(names)] or [_Stage("identity", limit)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Undo the next bytes."""
        return self._through(0, data)

    def end(self) -> Iterator[bytes]:
        """Say that no more bytes come."""
        for position, stage in enumerate(self._stages):
            for piece in stage.end():
                yield from self._through(position + 1, piece)

    @property
    def problem(self) -> str | None:
        return next((stage.problem for stage in self._stages if stage.problem), None)

    @property
    def damaged(self) -> bool:
        return any(stage.damaged for stage in self._stages)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(sorted({note for stage in self._stages for note in stage.notes}))

    def _through(self, position: int, data: bytes) -> Iterator[bytes]:
        if position == len(self._stages):
            yield data
            return
        for piece in self._stages[position].feed(data):
            yield from self._through(position + 1, piece)


class _Stage:
    """One coding of the body."""

    def __init__(self, coding: str, limit: int) -> None:
        self.problem: str | None = None
        self.damaged = False
        self.notes: set[str] = set()
        self._coding = coding
        self._limit = limit
        self._room = limit
        self._opening: bytes | None = b""  # None once it is known whether the body is coded
        self._unpacker: Unpacker = Plain()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._opening is not None:
            data = self._opening + data
            self._opening = data
            if len(data) < _OPENING:
                return
            self._begin(data)
        yield from self._unpack(data)

    def end(self) -> Iterator[bytes]:
        if self._opening:
            data = self._opening
            self._begin(data)
            yield from self._unpack(data)
        if self._opening is None and not self._unpacker.finished and not self.problem:
            self.problem = f"the {self._coding} data ends early"

    def _begin(self, opening: bytes) -> None:
        self._opening = None
        if self._coding == "identity":
            return
        if len(opening) >= _SHORTEST and _is_text(opening[:_OPENING]):
            self.notes.add("not-encoded")
        else:
            self._unpacker = UNPACKERS[self._coding](opening)

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _PIECE):
            if self.problem or self._unpacker.excess:
                return
            try:
                for piece in self._unpacker.feed(data[start : start + _PIECE]):
                    self._room -= len(piece)
                    if self._room < 0:
                        raise TooLarge(self._limit)
                    yield piece
                if self._unpacker.excess and self._room == self._limit:
                    raise Damaged("it ends before anything came of it")
            except Damaged as error:
                self.damaged = True
                self.problem = f"the {self._coding} data is damaged: {error}"
            if self._unpacker.excess:
                self.notes.add("trailing-bytes")


def _is_text(opening: bytes) -> bool:
    if any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in opening):
        return False
    try:
        opening.decode()
    except UnicodeDecodeError as error:
        return error.start > len(opening) - 4 and error.reason == "unexpected end of data"
    return True
