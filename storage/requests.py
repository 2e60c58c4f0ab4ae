"""Requests: what was asked for under an idempotency key, so that asking twice is asking once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from storage.errors import Refused
from storage.frontier import Writing
from storage.reader_schema import asked

KEPT = timedelta(days=7)
"""How long a key stands for what it was first used for."""


class Requests:
    """The requests of an archive, each with the run that it filed. To be used within the batch that files it.

    Every method may raise ArchiveUnavailable.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing

    def run_of(self, asker: str, key: str, request: str, now: datetime) -> int | None:
        """The run that was filed for a request; None for a new one. Raises Refused where the key was another's.

        asker: whose key it is. request: what is asked for, in one form.
        """
        with self._writing() as connection:
            connection.execute(delete(asked).where(asked.c.at < now - KEPT))
            row = connection.execute(
                select(asked.c.request, asked.c.run_id).where(asked.c.key == _hash(asker, key))
            ).first()
        if row is None:
            return None
        if row.request != _hash(request):
            raise Refused("the key was used for another request", "take another key for another request")
        return int(row.run_id)

    def note(self, asker: str, key: str, request: str, run: int, now: datetime) -> None:
        """Note which run a request has filed."""
        with self._writing() as connection:
            connection.execute(insert(asked).values(key=_hash(asker, key), request=_hash(request), run_id=run, at=now))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
