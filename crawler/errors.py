"""What can go wrong between the world and a Page. Each error names its subject; bad inputs become ``Failed``."""

from __future__ import annotations

from datetime import timedelta


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

    def __reduce__(self) -> tuple[type[Unreadable], tuple[str, str, str | None]]:
        """It comes out of worker processes whole."""
        return type(self), (self.reason, str(self), self.hint)


class UnknownField(CrawlerError):
    """A field mapping names something that no page has."""


class BadSettings(CrawlerError):
    """A setting cannot be read or is not known; the message names the file and key, or the variable."""


class BadSource(CrawlerError):
    """A source says something that is not understood: one line, ``file:line: key: what is wrong``.

    line: 1-based; the line of the key, or of the table that lacks it. key: empty where the whole file is meant.
    """

    def __init__(self, file: str, line: int, key: str, problem: str, hint: str | None = None) -> None:
        super().__init__(": ".join(part for part in (f"{file}:{line}", key, problem) if part), hint)
        self.file = file
        self.line = line
        self.key = key


class BadOpml(CrawlerError):
    """An OPML file is none, or is refused; the message is one line."""


class NoBrowser(CrawlerError):
    """Nothing can be rendered here; the hint says what to install or set."""


class UnknownSource(CrawlerError):
    """What is to be crawled is no source of the catalogue that may be, nor an address."""


class Unguarded(CrawlerError):
    """The archive would be open to strangers."""


class Undelivered(CrawlerError):
    """A message has not arrived; the text says why, in one line. wait: how long whoever refused it wants to be left."""

    def __init__(self, message: str, wait: timedelta | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class BadTarget(CrawlerError):
    """Nothing can be told there: no address of the web or of mail, no command, or no mail server is set."""
