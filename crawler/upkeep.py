"""Upkeep: an archive that a schedule feeds is pruned once a day, where the settings say so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from storage import Archive, StorageError

FIRST_SECONDS = 600.0
"""Before the first time: a process that is begun again and again is to begin with its work."""

EVERY_SECONDS = 86400.0
"""Between two times."""


class Upkeep:
    """Prunes in a thread and with an archive of its own, while its block runs. Any number may do so at once.

    age: of what goes; None: nothing does. tell: takes a line for people; it is called from the other thread. The end of
    the block does not wait for it: what was begun is harmless, and the next time goes on.
    """

    def __init__(
        self, open_archive: Callable[[], Archive], age: timedelta | None, tell: Callable[[str], None],
        first: float = FIRST_SECONDS,
    ) -> None:  # fmt: skip
        self._open_archive = open_archive
        self._age = age
        self._tell = tell
        self._first = first
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, name="copydesk-upkeep", daemon=True)

    def __enter__(self) -> Self:
        if self._age is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def _go(self) -> None:
        wait = self._first
        while not self._stop.wait(wait):
            wait = EVERY_SECONDS
            try:
                with self._open_archive() as archive:
                    self._prune(archive)
            except StorageError as error:
                self._tell(f"prune: {error}; trying again tomorrow")

    def _prune(self, archive: Archive) -> None:
        if self._age is not None and (went := archive.pruning.prune(datetime.now(UTC) - self._age)):
            self._tell("pruned: " + ", ".join(f"{each.number:,} {each.what}" for each in went))
