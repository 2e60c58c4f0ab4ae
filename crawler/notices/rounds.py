"""Rounds: sources are looked after, and what watches have found and problems have become is told, each minute."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from crawler.errors import BadTarget, CrawlerError, Undelivered
from crawler.lookout import Lookout
from crawler.looks import file_second_looks
from crawler.notices.finds import message_of
from crawler.notices.outbox import Outbox
from crawler.notices.troubles import Receiver, tell_problems
from storage import Archive, StorageError

EVERY_SECONDS = 60.0
"""Between two rounds."""

_PATIENCE_SECONDS = 5.0  # for a delivery under way when it is to end; one that is cut off is made again


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one: articles found, and how many of those that were due were told, or failed to be."""

    found: int
    told: int
    failed: int


def go_round(
    archive: Archive, outbox: Outbox, tell: Callable[[str], None], stop: threading.Event | None = None
) -> Round:
    """Match every watch, and tell all that is due. tell: takes a line for people about each delivery that failed.

    stop: ends it before the next delivery. Any number may go at once: a delivery is one's alone.
    """
    found, told, failed = archive.watches.match(), 0, 0
    while not (stop and stop.is_set()) and (delivery := archive.watches.due()):
        watch, number = delivery.watch, len(delivery.articles)
        try:
            outbox.send(message_of(delivery), watch.way, watch.target, watch.secret)
        except (Undelivered, BadTarget) as error:
            wait = error.wait if isinstance(error, Undelivered) else None
            archive.watches.failed(delivery, str(error), wait)
            failed += number
            tell(f"watch {watch.name}: {number:,} not told: {error}")
        else:
            archive.watches.told(delivery)
            told += number
    return Round(found, told, failed)


class Rounds:
    """Goes round each minute, in a thread and with an archive of its own, while its block runs."""

    def __init__(
        self,
        open_archive: Callable[[], Archive],
        outbox: Outbox,
        tell: Callable[[str], None],
        receiver: Receiver | None = None,
    ) -> None:
        """receiver: of notices of problems. tell: as of ``go_round``; it is called from the other thread, also where
        the archive does not answer."""
        self._open_archive = open_archive
        self._outbox = outbox
        self._tell = tell
        self._receiver = receiver
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go, name="copydesk-rounds", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(_PATIENCE_SECONDS)

    def _go(self) -> None:
        while not self._stop.is_set():
            try:
                with self._open_archive() as archive:
                    lookout = Lookout(archive)
                    while not self._stop.is_set():
                        file_second_looks(archive, lookout.keep(datetime.now(UTC)).doubtful)
                        tell_problems(archive, self._outbox, self._receiver, self._tell, self._stop)
                        go_round(archive, self._outbox, self._tell, self._stop)
                        self._stop.wait(EVERY_SECONDS)
            except (StorageError, CrawlerError) as error:
                self._tell(f"rounds: {error}; trying again in {EVERY_SECONDS:.0f} s")
                self._stop.wait(EVERY_SECONDS)
