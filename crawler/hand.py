"""Hand: the turns that a shift has begun and not ended. Bounded, because what a kill costs is fetched again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from crawler.fetching.answers import Answer
from crawler.turn import Turn

_FETCHES = 24  # requests under way: each may bring as much as a page may have
_RENDERED = 8  # of them for pages that are rendered, so that the others need not wait for these
_WHILE_STARTING = 8  # pages in hand while the processes that parse are starting …
_AT_ONCE = 96  # … and later


class Hand:
    """Turns wait here for whoever drives the downloads, and are in hand until what came of them is settled.

    nudge: wakes the driver. stopping: nothing is begun any more.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self.nudge: Callable[[], None] = lambda: None
        self.fetches = asyncio.Semaphore(_FETCHES)
        self.rendered = asyncio.Semaphore(_RENDERED)
        self._stopping = stopping
        self._ready: deque[Turn] = deque()
        self._turns: set[Turn] = set()
        self._most = _WHILE_STARTING
        self._room = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._turns)

    async def has_room(self) -> bool:
        """Wait until another turn may be begun. False: the shift stops first."""
        while len(self._turns) >= self._most and not self._stopping.is_set():
            self._room.clear()
            await self._room.wait()
        return not self._stopping.is_set()

    async def fetch(self, turn: Turn) -> Answer:
        """Begin a turn, and wait for its answer."""
        self._turns.add(turn)
        self._ready.append(turn)
        self.nudge()
        return await turn.answered

    def next(self) -> Turn | None:
        """The next turn for the driver; None when every host wants a pause."""
        return self._ready.popleft() if self._ready else None

    def lay_down(self, turn: Turn) -> None:
        """A turn has ended."""
        self._turns.discard(turn)
        self.look()

    def widen(self) -> None:
        """Something was read: the processes that parse have started."""
        if self._most < _AT_ONCE:
            self._most = _AT_ONCE
            self.look()

    def look(self) -> None:
        """Have those who wait for room look again."""
        self._room.set()

    def drop(self) -> None:
        """Nobody answers any more."""
        for turn in self._turns:
            turn.answered.cancel()
        self.nudge()
