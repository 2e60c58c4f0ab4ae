"""Troubles: what has changed of the problems, as a message, and who is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from crawler.errors import BadSettings, BadTarget, Undelivered
from crawler.notices.message import Message
from crawler.notices.outbox import Outbox
from crawler.settings import Settings
from storage import Archive
from storage.problems import Problem, ProblemChange, ProblemDelivery
from storage.times import rfc3339
from storage.watch import Way

_WAYS: dict[str, Way] = {"webhook": "webhook", "email": "email", "command": "command"}
_NAMED = 3  # sources in a subject


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told of problems, and how."""

    way: Way
    target: str
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings, outbox: Outbox) -> Self | None:
        """As the settings say; None where nobody is to be told. Raises BadSettings."""
        if not settings.notices:
            return None
        said, _, target = settings.notices.strip().partition(" ")
        if said not in _WAYS or not target.strip():
            raise BadSettings(
                "notices: does not say who is told of problems, and how",
                "write webhook https://desk.example/hook, email desk@gazette.example, or command PROGRAM",
            )
        try:
            outbox.check(_WAYS[said], target.strip())
        except BadTarget as error:
            raise BadSettings(f"notices: {error}", error.hint) from error
        return cls(_WAYS[said], target.strip(), settings.notices_secret)


def tell_problems(
    archive: Archive, outbox: Outbox, receiver: Receiver | None, tell: Callable[[str], None],
    stop: threading.Event | None = None,
) -> int:  # fmt: skip
    """Give the notices that are due; how many arrived. Without a receiver they wait for one, for some days.

    tell: takes a line for people about each one that did not arrive.
    """
    if receiver is None:
        archive.problems.pass_over()
        return 0
    told = 0
    while not (stop and stop.is_set()) and (delivery := archive.problems.due()):
        try:
            outbox.send(message_of(delivery), receiver.way, receiver.target, receiver.secret)
        except (Undelivered, BadTarget) as error:
            archive.problems.failed(delivery, str(error), error.wait if isinstance(error, Undelivered) else None)
            tell(f"problems: {len(delivery.changes):,} not told: {error}")
        else:
            archive.problems.told(delivery)
            told += 1
    return told


def message_of(delivery: ProblemDelivery) -> Message:
    """What was opened and closed, in one message."""
    changes = delivery.changes
    lines = [line for change in changes for line in (*_lines(change), "")]
    lines.append("copydesk status tells how it is now")
    body: dict[str, object] = {"changes": [_record(change) for change in changes]}
    return Message(delivery.id, "problems", _subject(changes), "\n".join(lines) + "\n", body)


def record_of(problem: Problem) -> dict[str, object]:
    """A problem as programs are given it."""
    return {
        "problem": problem.id, "source": problem.source, "state": problem.state, "kind": problem.kind,
        "since": rfc3339(problem.since), "opened_at": rfc3339(problem.opened_at),
        "closed_at": problem.closed_at and rfc3339(problem.closed_at), "last_article_id": problem.article_id,
        "detail": problem.detail, "hint": problem.hint,
    }  # fmt: skip


def _record(change: ProblemChange) -> dict[str, object]:
    return {"change": change.change, "at": rfc3339(change.at), **record_of(change.problem)}


def _lines(change: ProblemChange) -> tuple[str, ...]:
    problem = change.problem
    name = problem.source or "this machine"
    if change.change == "closed":
        return (f"well again  {name}  at {rfc3339(change.at)}, {problem.state} since {rfc3339(problem.since)}",)
    last = f"last good {problem.article_id[:8]}; " if problem.article_id else ""
    return (
        f"{problem.state}  {name}  since {rfc3339(problem.since)}: {problem.detail}",
        f"        {last}try: {problem.hint}",
    )


def _subject(changes: tuple[ProblemChange, ...]) -> str:
    states = Counter("well again" if change.change == "closed" else change.problem.state for change in changes)
    names = list(dict.fromkeys(change.problem.source or "this machine" for change in changes))
    said = ", ".join(f"{number:,} {state}" if len(names) > 1 else state for state, number in states.items())
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{said}: {', '.join(names[:_NAMED])}{more}"
