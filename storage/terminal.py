"""Terminal: a stream that a person reads. The only place that knows rich."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO, TypeAlias

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

Piece: TypeAlias = tuple[str, str]  # a text and its style
Row: TypeAlias = tuple[Sequence[str | int], Sequence[Piece] | None]  # the cells, and a line below them

_NARROWEST = 8  # columns of the screen that a column of a table may shrink to, and the indent below a row


class Terminal:
    """Writes lines, fitted tables and a bar. All text given to it is shown as it is: nothing in it is markup."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._console = Console(
            file=stream,
            force_terminal=True,
            color_system=None if environ.get("NO_COLOR") else "auto",  # None turns off bold as well
            highlight=False,
            markup=False,
            emoji=False,
            _environ=environ,
        )

    @property
    def has_cursor(self) -> bool:
        """Whether a bar can be drawn."""
        return not self._console.is_dumb_terminal

    def line(self, *pieces: Piece) -> None:
        """One line, or paragraphs; what is too long the terminal breaks."""
        self._console.print(Text.assemble(*pieces), soft_wrap=True)

    def flush(self) -> None:
        """Nothing waits."""

    def table(self, head: Sequence[str], shrinks: Sequence[bool], rows: Sequence[Row]) -> None:
        """Rows under a head (none where all names are empty), each column as wide as its widest cell.

        Where there is no room, the columns that shrink are cut; the others are never. Numbers stand to the right.
        """
        if not rows:
            return
        widths = [
            max(cell_len(str(cell)) for cell in cells) for cells in zip(head, *(row[0] for row in rows), strict=True)
        ]
        shrinking = [at for at, may in enumerate(shrinks) if may]
        while shrinking and sum(widths) + 2 * (len(widths) - 1) > self._console.width:
            widest = max(shrinking, key=lambda at: widths[at])
            if widths[widest] <= _NARROWEST:
                break
            widths[widest] -= 1
        if any(head):
            self._row(head, widths, "bold")
        for cells, below in rows:
            self._row(cells, widths)
            if below is not None:
                under = Text.assemble(" " * _NARROWEST, *below)
                under.truncate(self._console.width, overflow="ellipsis")
                self._console.print(under, soft_wrap=True)

    @contextmanager
    def bar(self, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """A bar while the work lasts; call what it yields with the steps done since."""
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            redirect_stdout=False,  # data is not ours to redirect
            redirect_stderr=False,
        ) as progress:
            task = progress.add_task(what, total=total)
            yield lambda steps: progress.advance(task, steps)

    def _row(self, cells: Sequence[str | int], widths: Sequence[int], style: str = "") -> None:
        row = Text(style=style)
        for cell, width in zip(cells, widths, strict=True):
            text = Text(str(cell))
            text.truncate(width, overflow="ellipsis")
            text.align("right" if isinstance(cell, int) else "left", width)
            row.append_text(text).append("  ")
        row.rstrip()
        self._console.print(row, soft_wrap=True)
