"""The front desk: what every handler needs to answer."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from storage.archive import Archive
from storage.web.newsroom import Newsroom
from storage.web.safety import Safety


@dataclass(frozen=True, slots=True)
class FrontDesk:
    """alone: to be held while something is written: an archive saves for one thread at a time; reading needs nothing.

    secret: of this process; forms and logins are signed with it, and end with it.
    """

    archive: Archive
    newsroom: Newsroom
    safety: Safety
    alone: threading.Lock = field(default_factory=threading.Lock)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


def desk_of(request: HTTPConnection) -> FrontDesk:
    """The front desk of the application that a request came to."""
    desk: FrontDesk = request.app.state.desk
    return desk
