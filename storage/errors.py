"""What can go wrong in storage. Each error names its subject and, where there is one, the next step."""

from __future__ import annotations


class StorageError(Exception):
    """The root: the archive cannot do what was asked. ``hint`` is a command or step to try."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ArchiveUnavailable(StorageError):
    """The database or the blob store does not answer, refuses, or is full."""


class ArchiveNewer(StorageError):
    """The database was written by a newer copydesk; this one must not touch it."""


class NotFound(StorageError):
    """No article, blob or run of that name; or a shortened id that fits several."""


class Gone(NotFound):
    """The article was forgotten."""


class Damaged(StorageError):
    """Kept bytes are missing or are not what their name says."""


class Refused(StorageError):
    """What was asked for is not done here, or not like this."""


class Unruly(StorageError):
    """What somebody says cannot be done as things are."""


class OutOfTime(StorageError):
    """A question took longer than it was given (``storage.patience``); nothing is wrong with the archive."""
