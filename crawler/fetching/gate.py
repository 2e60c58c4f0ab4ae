"""Gate: one host's turn, for the worker that holds it. One request at a time, and a pause between two of them."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

_JITTER = 0.25  # of the delay, on top: never below it


class Gate:
    """Says when a host may be asked next. failures: of the host, in a row."""

    def __init__(self, not_before: datetime, failures: int) -> None:
        self.not_before = not_before
        self.failures = failures
        self.delay = 0.0  # seconds; as the last request wanted it

    async def wait(self, delay: float, stopping: asyncio.Event) -> bool:
        """Wait for the turn of the next request. False: the worker stops first."""
        self.delay = delay
        while (seconds := (self.not_before - datetime.now(UTC)).total_seconds()) > 0:
            try:
                await asyncio.wait_for(stopping.wait(), seconds)
            except TimeoutError:
                continue
            return False
        return not stopping.is_set()

    def passed(self, at: datetime) -> None:
        """A request was sent, at the latest ``at``."""
        pause = self.delay * random.uniform(1, 1 + _JITTER)  # noqa: S311 - not a secret
        self.hold(at + timedelta(seconds=pause))

    def hold(self, until: datetime) -> None:
        """No request before ``until``."""
        self.not_before = max(self.not_before, until)
