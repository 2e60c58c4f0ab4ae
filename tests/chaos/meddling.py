"""Meddling: what the harness does inside an engine, without a line of the crawl's own code.

Modules are patched when they are imported. The engine notes each outcome after its commit, dies at a named point, dies
over poison, counts leases by another clock, or is broken on purpose, so that the harness is seen to fail.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

POINTS = (
    "after_lease", "after_charge", "after_fetch", "after_clean", "after_blob_put", "before_commit", "after_commit",
)  # fmt: skip
"""Where an engine can be made to die: between two steps of which each must be whole by itself."""

BREAKS = ("pops", "unfenced")
"""pops: a link is done when it is handed out, as in queues that forget what they give. unfenced: whoever comes back
from the dead may end leases that are others' by now."""


LATE = "late"
"""The outcome noted for an end that came too late: the lease was another's by then."""


@dataclass(frozen=True, slots=True)
class Meddling:
    """folder: of the acknowledgements, and of ``armed``, which names a point and how often it is passed: the engine
    that gets there first dies. lease_seconds: of a worker, None for the real ones. broken: one of BREAKS."""

    folder: str
    lease_seconds: float | None = None
    broken: str | None = None

    def written(self) -> str:
        """As an environment variable."""
        return json.dumps(asdict(self))

    @property
    def acknowledged(self) -> Path:
        """One line of JSON for each outcome that was committed: address, outcome, article."""
        return Path(self.folder) / "acknowledged.jsonl"

    @property
    def armed(self) -> Path:
        """``POINT TIMES``; gone when an engine has died of it."""
        return Path(self.folder) / "armed"


class _Points:
    """Counts how often each point was passed, and dies at the one that is armed."""

    def __init__(self, armed: Path) -> None:
        self._armed = armed
        self._passed: Counter[str] = Counter()
        said = armed.read_text(encoding="utf-8").split() if armed.exists() else ["", "0"]
        self._deadly = said[0], int(said[1])

    def passed(self, name: str) -> None:
        self._passed[name] += 1
        if (name, self._passed[name]) == self._deadly:
            self._armed.unlink()  # the next engine lives
            die()


def die() -> None:
    """End this process as a kill from outside does."""
    os.kill(os.getpid(), signal.SIGKILL)


def meddle(written: str) -> None:
    """Have modules patched as they come. written: a Meddling."""
    meddling = Meddling(**json.loads(written))
    points = _Points(meddling.armed)
    patches: dict[str, Callable[[Any], None]] = {
        "storage.frontier": lambda module: _patch_frontier(module, meddling, points),
        "storage.blobs": lambda module: _after(module.Blobs, "_keep", lambda _: points.passed("after_blob_put")),
        "storage.intake": lambda module: _patch_intake(module, meddling, points),
        "crawler.fetching.fetch": lambda module: _after_awaiting(module.Fetcher, "fetch", _fetched(points)),
        "crawler.reading": lambda module: _after_awaiting(
            module.Reading, "page", lambda _: points.passed("after_clean")
        ),
        "crawler.settlements": lambda module: _patch_settlements(module, meddling, points),
    }
    sys.meta_path.insert(0, _Patching(patches))


class _Patching(MetaPathFinder):
    """Finds what the path has, and patches it once it is there."""

    def __init__(self, patches: dict[str, Callable[[Any], None]]) -> None:
        self._patches = patches

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        patch = self._patches.get(name)
        found = importlib.machinery.PathFinder.find_spec(name, path) if patch else None
        if patch is None or found is None or found.loader is None:
            return None
        execute = found.loader.exec_module

        def execute_and_patch(module: ModuleType) -> None:
            execute(module)
            patch(module)

        found.loader.exec_module = execute_and_patch  # type: ignore[method-assign]
        return found


def _patch_frontier(module: Any, meddling: Meddling, points: _Points) -> None:
    if meddling.lease_seconds is not None:
        module.LEASE = timedelta(seconds=meddling.lease_seconds)
        module.HEARTBEAT = module.LEASE / 4
    for name in ("lease", "lease_suspect"):
        _after(module.Frontier, name, lambda leased: points.passed("after_lease") if leased else None)
    if meddling.broken == "pops":
        _forget_what_is_handed_out(module)
    _after(module.Frontier, "charge", lambda _: points.passed("after_charge"))


def _forget_what_is_handed_out(module: Any) -> None:
    charge = module.Frontier.charge

    def pop(self: Any, worker: str, *keys: str, **said: Any) -> frozenset[str]:
        charged: frozenset[str] = charge(self, worker, *keys, **said)
        with self._database.marking() as connection:
            link = module.crawl_schema.link
            connection.execute(module.update(link).where(link.c.key.in_(keys)).values(state="done"))
        return charged

    module.Frontier.charge = pop


def _patch_intake(module: Any, meddling: Meddling, points: _Points) -> None:
    _after(module.Intake, "finish", lambda _: points.passed("before_commit"))
    if meddling.broken == "unfenced":
        module.owned = lambda _, __, keys: frozenset(keys)


def _patch_settlements(module: Any, meddling: Meddling, points: _Points) -> None:
    commit = module._commit
    log = os.open(meddling.acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def commit_and_acknowledge(archive: Any, settlements: Any, released: Any) -> Any:
        outcomes = commit(archive, settlements, released)
        points.passed("after_commit")
        for settlement, saved in zip(settlements, outcomes, strict=True):
            if saved is not None:
                _note(log, settlement.link.url, saved.outcome, saved.article_id)
            elif type(settlement.result).__name__ != "Postponed":
                _note(log, settlement.link.url, LATE, None)
        return outcomes

    module._commit = commit_and_acknowledge


def _note(log: int, url: str, outcome: str, article: str | None) -> None:
    os.write(log, json.dumps({"url": url, "outcome": outcome, "article": article}).encode() + b"\n")


def _fetched(points: _Points) -> Callable[[Any], None]:
    def fetched(answer: Any) -> None:
        points.passed("after_fetch")
        if answer.header("X-Poison"):
            die()

    return fetched


def _after(owner: Any, name: str, then: Callable[[Any], None]) -> None:
    ask = getattr(owner, name)

    def asked(*arguments: Any, **named: Any) -> Any:
        answer = ask(*arguments, **named)
        then(answer)
        return answer

    setattr(owner, name, asked)


def _after_awaiting(owner: Any, name: str, then: Callable[[Any], None]) -> None:
    ask = getattr(owner, name)

    async def asked(*arguments: Any, **named: Any) -> Any:
        answer = await ask(*arguments, **named)
        then(answer)
        return answer

    setattr(owner, name, asked)
