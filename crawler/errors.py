"""What can go wrong between the world and a Page. Each error names its subject; bad inputs become ``Failed``."""

from __future__ import annotations


class CrawlerError(Exception):
    """The root. ``hint`` is a command or step to try."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Unreadable(CrawlerError):
    """The bytes of an input end here. reason: the short code of the ``Failed`` record that becomes of it."""

    def __init__(self, reason: str, detail: str, hint: str | None = None) -> None:
        super().__init__(detail, hint)
        self.reason = reason


class UnknownField(CrawlerError):
    """A field mapping names something that no page has."""


class BadSettings(CrawlerError):
    """A setting cannot be read or is not known; the message names the file and key, or the variable."""
