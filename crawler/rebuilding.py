"""Rebuilding: the archive made again from the kept bytes, each page cleaned with what was known of its site then."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Iterator

from crawler.ingest import Report, Watch, as_input, batches, save
from crawler.profiles import Briefing
from crawler.sandbox import Assigned, clean_all
from storage import Archive
from storage.errors import Damaged, NotFound
from storage.learned import Learned
from storage.records import Failed, Page, Saved
from storage.rulings import Ruling
from storage.withdrawals import Withdrawal

_BRIEFINGS = 64  # held, since the pages of a site share them

_log = logging.getLogger(__name__)


class _History:
    """What the log tells, as inputs for the sandbox; what is no input waits for its place in the order."""

    def __init__(self, archive: Archive) -> None:
        self.again: deque[bool] = deque()  # of each input: whether the page was cleaned once more
        self.others: deque[tuple[int, Learned | Ruling | Withdrawal]] = deque()  # with the number of inputs before each
        self._archive = archive
        self._told = 0
        self._known: OrderedDict[str, Briefing | None] = OrderedDict()

    def inputs(self) -> Iterator[Page | Assigned | Failed]:
        """Every page with its briefing, in the order of the log."""
        for told in self._archive.history():
            if isinstance(told, Learned | Ruling | Withdrawal):
                self.others.append((self._told, told))
                continue
            self._told += 1
            self.again.append(not isinstance(told, Failed) and told.again)
            if isinstance(told, Failed):
                yield told
            else:
                briefing = self._briefing(told.profile) if told.profile else None
                yield Assigned(told.page, briefing) if briefing else told.page

    def _briefing(self, name: str) -> Briefing | None:
        if name not in self._known:
            try:
                self._known[name] = Briefing.read(name, self._archive.profiles.body)
            except (Damaged, NotFound) as error:
                _log.warning("pages are cleaned as those of a stranger, since what was known is lost: %s", error)
                self._known[name] = None
            if len(self._known) > _BRIEFINGS:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        return self._known[name]


def make_again(archive: Archive, watch: Watch, *, workers: int | None = None) -> Report:
    """Follow the log: pages, texts that changed when they were cleaned again, what sites taught, what people ruled,
    and whose page was gone.

    What was forgotten stays away. Raises StorageError and SandboxBroken.
    """
    started = time.monotonic()
    report = Report()
    archive.takedowns.bury()
    run = archive.begin_run("rebuild")
    history = _History(archive)
    done = 0
    for group in batches(map(as_input, clean_all(history.inputs(), workers=workers))):
        saved: list[Saved] = []
        with archive.batch():
            archive.expect([each for each in group if not isinstance(each, Failed)])
            for each in group:
                _restore(archive, history, done, run)
                again = history.again.popleft() and not isinstance(each, Failed)
                saved.append(archive.clean_again(*each, run=run) if again else save(archive, each, run))  # type: ignore[misc]  # it is cleaned
                done += 1
        for each, outcome in zip(group, saved, strict=True):
            report.outcomes[outcome.outcome] += 1
            watch(each, outcome)
    with archive.batch():
        _restore(archive, history, done, run)
    archive.finish_run(run)
    report.seconds = time.monotonic() - started
    return report


def _restore(archive: Archive, history: _History, done: int, run: int) -> None:
    """Enter the profiles, the rulings and the withdrawals that were made after so many inputs."""
    while history.others and history.others[0][0] <= done:
        _, other = history.others.popleft()
        if isinstance(other, Learned):
            archive.profiles.restore(other)
        elif isinstance(other, Withdrawal):
            archive.withdrawals.restore(other, run)
        else:
            archive.stories.restore(other)
