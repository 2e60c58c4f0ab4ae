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
