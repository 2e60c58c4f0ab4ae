"""Withdrawals: what the log says of articles whose page is gone, and of those whose page came back, so that it holds
when the archive is made again."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, cast, get_args

from storage.raw_fields import RawFields
from storage.times import rfc3339

WithdrawalKind = Literal["withdrawn", "returned"]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """``withdrawn``: the page of an article is gone. ``returned``: it is there again.

    at: when that was believed. since: when the page was first missed. url, asked_url: as of a Page; source: that looked
    there. kept_at: when the log took it.
    """

    kind: WithdrawalKind
    article_id: str
    at: datetime
    since: datetime
    url: str
    source: str | None
    why: str
    asked_url: str | None = None
    kept_at: datetime | None = field(default=None, compare=False)

    def line(self) -> bytes:
        """One line of JSON with its line break. The article comes before all that shows what it was: a line that was
        torn is known by it."""
        fields = {
            "kept_at": self.kept_at and rfc3339(self.kept_at),
            "withdrawal": self.kind,
            "article": self.article_id,
            "at": rfc3339(self.at),
            "since": rfc3339(self.since),
            "url": self.url,
            "source": self.source,
            "why": self.why,
            **({"asked_url": self.asked_url} if self.asked_url else {}),
        }
        return json.dumps(fields).encode() + b"\n"

    @classmethod
    def read(cls, fields: object) -> Withdrawal:
        """From the fields of a line. Raises ValueError where it is none of a withdrawal."""
        raw = RawFields(fields)
        kind, article_id, url = raw.text("withdrawal"), raw.text("article"), raw.text("url")
        at, since = raw.time("at"), raw.time("since")
        if kind not in get_args(WithdrawalKind) or not article_id or not url or at is None or since is None:
            raise ValueError("no withdrawal, or one of nothing")
        return cls(
            cast(WithdrawalKind, kind), article_id, at, since, url, raw.text("source"), raw.text("why") or "",
            raw.text("asked_url"), raw.time("kept_at"),
        )  # fmt: skip


class Bench(Protocol):
    """The part of a transaction that carries out withdrawals: see ``storage.intake``."""

    def withdraw(self, withdrawal: Withdrawal, run: int) -> bool:
        """Carry out a withdrawal that the log has."""


class Withdrawals:
    """The articles of an archive whose page is gone. Every method may raise ArchiveUnavailable."""

    def __init__(self, taking_in: Callable[[], AbstractContextManager[Bench]]) -> None:
        self._taking_in = taking_in

    def restore(self, withdrawal: Withdrawal, run: int) -> bool:
        """Carry out what the log has; whether it changes anything: a line that is met twice is one withdrawal.

        The address is looked at again from then on, as that of any known article. run: under which the ledger says so.
        """
        with self._taking_in() as intake:
            return intake.withdraw(withdrawal, run)
