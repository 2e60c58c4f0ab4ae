"""Safety: which hosts are answered for, who needs a token, and how much one request may ask."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine to itself."""


@dataclass(frozen=True, slots=True)
class Safety:
    """What a server allows.

    hosts: what the Host header may name besides ``LOOPBACK``, in small letters, without a port: a page elsewhere whose
    name was made to lead here (DNS rebinding) gets no answer. needs_token: also where the archive has no token at all;
    where it has one, a token is always needed. is_https: whether browsers come by https only. Lengths in bytes.
    seconds: that a question may take. counting_seconds: that all counts of a page may take together, for each
    question that it compares; what is not counted by then is a link "count these". readers: questions at one time,
    besides exports: further ones wait.
    """

    hosts: frozenset[str] = frozenset()
    needs_token: bool = False
    is_https: bool = False
    longest_body: int = 1 << 20
    longest_address: int = 32 << 10
    longest_headers: int = 48 << 10
    seconds: float = 10.0
    counting_seconds: float = 0.06  # so that a page begins within a tenth of a second
    readers: int = 12
    exports: int = 3

    def answers_for(self, host: str | None) -> bool:
        """Whether a Host header names this server."""
        name = _name(host or "")
        return name in LOOPBACK or name in self.hosts


def _name(host: str) -> str:
    """A Host header without its port and brackets."""
    if host.startswith("["):
        name, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = host.partition(":")
    return name.lower().removesuffix(".") if not port or port.isdecimal() else ""
