"""The front desk: what every handler needs to answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from storage.archive import Archive
from storage.web.door import Asker, Door
from storage.web.newsroom import Newsroom
from storage.web.safety import Safety


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """secret: of this process; forms and logins are signed with it, and end with it.

    alone: to be held while something is written: an archive saves for one thread at a time; reading needs nothing.
    exports: to be taken, without waiting, for each that is under way.
    """

    archive: Archive
    newsroom: Newsroom
    safety: Safety
    door: Door
    secret: bytes = field(repr=False)
    alone: threading.Lock = field(default_factory=threading.Lock)
    exports: threading.Semaphore = field(default_factory=threading.Semaphore)


def desk_of(request: HTTPConnection) -> FrontDesk:
    """The front desk of the application that a request came to."""
    desk: FrontDesk = request.app.state.desk
    return desk


def asker_of(request: HTTPConnection) -> Asker:
    """Who sent a request."""
    asker: Asker = request.state.asker
    return asker
