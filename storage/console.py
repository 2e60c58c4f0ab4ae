"""Console: how every command speaks. Data goes to stdout, everything else to stderr, and foreign text does no harm.

On a terminal: fitted tables, relative times, a progress bar. In a pipe: tab-separated full text, RFC 3339, a line of
progress now and then. With ``--json``: JSON Lines. Titles and addresses come from strangers: nothing in them is taken
for markup, and control and direction-changing characters are shown as what they are.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import TextIOWrapper
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TextIO, TypeAlias, TypeVar

from storage.snippet import Snippet
from storage.times import ago, rfc3339

if TYPE_CHECKING:
    from storage.terminal import Terminal

T = TypeVar("T")
Cell: TypeAlias = str | int | datetime | None
Piece: TypeAlias = tuple[str, str]  # a text and its style

_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_IN_JSON = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # json escapes the others
_SPACE = re.compile(r"\s+")
_SECONDS = 30  # between two lines of progress


def visible(text: str, keep: str = "") -> str:
    """``text`` with control, direction-override and such characters as signs: ␛ for escape, \\u202e for others.

    keep: those to leave alone, such as a newline in an article's text.
    """

    def sign(match: re.Match[str]) -> str:
        code = ord(match.group())
        if match.group() in keep:
            return match.group()
        return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else f"\\u{code:04x}"

    return _HARMFUL.sub(sign, text)


class PipeClosed(SystemExit):
    """Whoever read the output has seen enough (``| head``): the program ends quietly, and it is no failure."""

    def __init__(self) -> None:
        super().__init__(0)


@dataclass(frozen=True)  # slots and a type argument do not go together: Column[Article](…) fails (CPython 3.11)
class Column(Generic[T]):
    """A column of a table. ``shrinks``: on a narrow terminal it is cut, with an ellipsis; the others never are."""

    name: str
    value: Callable[[T], Cell]
    shrinks: bool = False


class Desk:
    """What a command says, and to whom. As a context manager it flushes at the end.

    json: JSON Lines instead of tables. quiet: errors and data only. progress: False for lines instead of a bar.
    The streams, the environment and the clocks are there to be replaced in tests.
    """

    def __init__(
        self,
        *,
        json: bool = False,
        quiet: bool = False,
        progress: bool = True,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.json = json
        self._quiet = quiet
        self._bars = progress
        self._environ = os.environ if environ is None else environ
        self._now = now
        self._seconds = seconds
        self._out = _voice(stdout or sys.stdout, self._environ)
        self._err = _voice(stderr or sys.stderr, self._environ)

    @property
    def on_terminal(self) -> bool:
        """Whether stdout is read by a person."""
        return not self.json and not isinstance(self._out, _Pipe)

    def table(
        self,
        items: Iterable[T],
        columns: Sequence[Column[T]],
        record: Callable[[T], Mapping[str, object]],
        below: Callable[[T], Snippet | str] | None = None,
    ) -> int:
        """Show each item as a row; return how many there were.

        record: what the item is in JSON. below: a line under the row, which is one more column in a pipe.
        Column names head the table on a terminal, if there are any.
        """
        number = 0
        if not self.json and not isinstance(self._out, _Pipe):
            rows = [
                ([self._cell(column.value(item)) for column in columns], _pieces(below(item)) if below else None)
                for item in items
            ]
            self._out.table([column.name for column in columns], [column.shrinks for column in columns], rows)
            return len(rows)
        for number, item in enumerate(items, start=1):  # noqa: B007  (returned)
            if self.json:
                self.record(record(item))
            else:
                cells = [str(self._cell(column.value(item))) for column in columns]
                under = ["".join(text for text, _ in _pieces(below(item)))] if below else []
                self._out.line(("\t".join(cells + under), ""))
        return number

    def record(self, fields: Mapping[str, object]) -> None:
        """One JSON object on a line of stdout."""
        line = json.dumps(fields, ensure_ascii=False)
        self._out.line((_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", line), ""))

    def show(self, text: str = "", style: str = "") -> None:
        """A line, or paragraphs, of data on stdout; not for ``--json``."""
        if not self.json:
            self._out.line((visible(text, keep="\n\t"), style))

    def say(self, text: str) -> None:
        """What came of a command, in words on stdout; silent with ``--quiet`` and ``--json``."""
        if not self._quiet:
            self.show(text)

    def note(self, text: str) -> None:
        """A remark on stderr; silent with ``--quiet``."""
        if not self._quiet:
            self._err.line((visible(text, keep="\n"), ""))

    def error(self, what: str, where: str | None = None, hint: str | None = None) -> None:
        """What happened, where (file and line, address, setting), and a command or step to try: on stderr."""
        self._err.line(("error: ", "bold red"), (visible(what), ""))
        if where:
            self._err.line((f"  {visible(where)}", ""))
        if hint:
            self._err.line((f"  try: {visible(hint)}", ""))

    def failed(self, where: str, what: str, hint: str | None = None) -> None:
        """One input that failed while the others went on: on stderr."""
        self._err.line(("failed", "red"), (f"  {visible(where)}  {visible(what)}", ""))
        if hint:
            self._err.line((f"        try: {visible(hint)}", ""))

    def doubt(self, where: str, what: str) -> None:
        """One input that was read, but not without doubt: on stderr."""
        self._err.line(("doubtful", "yellow"), (f"  {visible(where)}  {visible(what)}", ""))

    def time(self, at: datetime) -> str:
        """A time as the reader of stdout wants it: how long ago on a terminal, RFC 3339 in a pipe."""
        return ago(at, self._now()) if self.on_terminal else rfc3339(at)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """For long work; call what it yields with the number of steps done since. On stderr, and never in data's way.

        A bar on a terminal; elsewhere, and with ``--no-progress``, a line every 30 seconds.
        """
        if self._quiet:
            yield lambda _: None
        elif self._bars and not isinstance(self._err, _Pipe) and self._err.has_cursor:
            with self._err.bar(visible(what), total) as advance:
                yield advance
        else:
            yield self._progress_lines(what, total)

    def close(self) -> None:
        """Flush what was said."""
        self._out.flush()
        self._err.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, PipeClosed):
            self.close()

    def _progress_lines(self, what: str, total: int | None) -> Callable[[int], None]:
        done, start = 0, self._seconds()
        due = start + _SECONDS

        def advance(steps: int) -> None:
            nonlocal done, due
            done += steps
            if (now := self._seconds()) >= due:
                due = now + _SECONDS
                of = f" of {total:,}" if total is not None else ""
                self.note(f"{what}: {done:,}{of}, {now - start:.0f} s")

        return advance

    def _cell(self, value: Cell) -> str | int:
        if isinstance(value, datetime):
            return self.time(value)
        return value if isinstance(value, int) else visible(value or "")


def _pieces(under: Snippet | str) -> list[Piece]:
    """What stands below a row, on one line, what was asked for in bold."""
    if isinstance(under, str):
        return [(visible(under), "")]
    ellipsis = ("…", "")
    pieces = [(visible(_SPACE.sub(" ", text)), "bold" if asked_for else "") for text, asked_for in under.pieces]
    return [ellipsis] * under.before + pieces + [ellipsis] * under.after


class _Pipe:
    """A stream that a program reads: lines as they are."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, *pieces: Piece) -> None:
        """One line; the styles are left out."""
        with self._reading():
            self._stream.write("".join(text for text, _ in pieces) + "\n")

    def flush(self) -> None:
        """Hand over what waits."""
        with self._reading():
            self._stream.flush()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            devnull = os.open(os.devnull, os.O_WRONLY)  # Python flushes once more when it exits
            os.dup2(devnull, self._stream.fileno())
            os.close(devnull)
            raise PipeClosed from None


def _voice(stream: TextIO, environ: Mapping[str, str]) -> Terminal | _Pipe:
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a script that the encoding of the locale does not have
    if not stream.isatty():
        return _Pipe(stream)
    from storage.terminal import Terminal  # noqa: PLC0415  (rich is heavy, and of no use in a pipe)

    return Terminal(stream, environ)
