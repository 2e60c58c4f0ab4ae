"""Cleaning: from a page as it came to an article. Pure: no network, clock, database or settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.cleaning import clean

__all__ = ["clean"]


def __getattr__(name: str) -> object:
    if name == "clean":  # numpy and the phrases take half a second, which the readers can do without
        from pipelines.cleaning import clean  # noqa: PLC0415 - see above

        return clean
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
