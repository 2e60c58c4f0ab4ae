"""What one fetch may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """body_bytes: of the body with its content codings undone, at each coding. wire_bytes: of the body as it comes.

    seconds: in all. connect_seconds: to look up the name, connect and agree on TLS.
    """

    body_bytes: int = 10 * 1024**2
    wire_bytes: int = 10 * 1024**2
    seconds: float = 60.0
    connect_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What rendering one page may take. body_bytes: of the page as it is written down at the end, in UTF-8.

    requests: that its scripts make. wire_bytes: of all their connections, both ways. settle_seconds: until it is
    written down although it has not come to rest. seconds: in all; what does not answer then is given up.
    """

    body_bytes: int = 10 * 1024**2
    requests: int = 300
    wire_bytes: int = 30 * 1024**2
    settle_seconds: float = 15.0
    seconds: float = 30.0
