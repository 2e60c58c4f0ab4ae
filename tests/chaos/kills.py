"""Kills: a crawl of several outlets is killed and started again, until all is stored; and again, until enough."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

from tests.chaos.command import Command, until
from tests.chaos.meddling import POINTS
from tests.chaos.oracle import Findings, Oracle
from tests.chaos.scene import NewDatabase, Scene, scene
from tests.sites import Site

_KINDS = {"engine": 3, "group": 3, "watch": 1, "point": 3}
_START_UP = 0.15  # of the kills come before the first request
_COMMITTED = 0.6  # of the others come after the first commit, so that there is progress on a slow machine too
_START_UP_SECONDS = 2.5
_PATIENCE = 60.0
_ROUNDS = 6  # how often each point is passed, at most, before it kills


@dataclass(slots=True)
class Toll:
    """What many kills came to. kinds: what was killed how often. resumed: seconds from a start to its first request;
    orphaned: from the end of a watch, or an engine, to that of the last process that belonged to it."""

    kills: int = 0
    crawls: int = 0
    articles: int = 0
    refetches: int = 0
    under_way: int = 0
    seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    resumed: list[float] = field(default_factory=list)
    orphaned: list[float] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)


def kill(
    site: Site,
    new_database: NewDatabase,
    kills: int,
    seed: int,
    *,
    kinds: Iterable[str] | None = None,
    window: float = 3.0,
    broken: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Toll:
    """Crawl the outlets and kill what crawls, so many times.

    kinds: engine, group, watch or one of POINTS, by turns; None for chance. window: seconds of work within which a kill
    comes. tell: is told of each.
    """
    chance = random.Random(seed)
    toll = Toll()
    turns = _by_chance(chance) if kinds is None else cycle(kinds)
    began = time.monotonic()
    while toll.kills < kills:
        with scene(site, new_database, one_source=True, broken=broken) as made:
            _Campaign(made, toll, chance, turns, kills, window, tell).carry_out()
        if not toll.findings.is_clean:
            break
    toll.seconds = time.monotonic() - began
    return toll


def _by_chance(chance: random.Random) -> Iterator[str]:
    while True:
        kind = chance.choices(list(_KINDS), list(_KINDS.values()))[0]
        yield chance.choice(POINTS) if kind == "point" else kind


class _Campaign:
    """One crawl, from its first command to the one that ends by itself."""

    def __init__(
        self, made: Scene, toll: Toll, chance: random.Random, kinds: Iterator[str], kills: int, window: float,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._scene, self._toll, self._chance, self._kinds = made, toll, chance, kinds
        self._kills, self._window, self._tell = kills, window, tell
        self._oracle = Oracle(made)
        self._command: Command | None = None
        self._engines_killed = 0

    def carry_out(self) -> None:
        """Kill, and start again, until it is done."""
        try:
            while self._toll.kills < self._kills and self._round():
                pass
            self._finish()
        finally:
            if self._command:
                self._command.end()
        toll = self._toll
        toll.findings.add(self._oracle.conclude())
        toll.crawls += 1
        toll.articles += len(self._scene.truth)
        toll.refetches += self._oracle.refetches()
        toll.under_way += self._oracle.under_way

    def _round(self) -> bool:
        """One kill. False: the crawl was done before."""
        kind = next(self._kinds)
        if self._engines_killed > 1 and kind == "engine":
            kind = "group"  # the watch waits longer each time before it starts another one
        if kind in POINTS:
            self._scene.meddling.armed.write_text(f"{kind} {self._chance.randint(1, _ROUNDS)}")
            if self._command and not self._kill_running("group"):  # an engine looks once whether it is to die
                return False
        if self._command is None:
            self._command, self._engines_killed = self._scene.command("crawl", *self._scene.sources), 0
        if kind in POINTS:
            return self._await_point(kind)
        return self._await_instant() and self._kill_running(kind)

    def _await_point(self, point: str) -> bool:
        command, armed = self._command, self._scene.meddling.armed
        assert command
        until(lambda: not armed.exists() or command.code is not None, _PATIENCE)
        if armed.exists():
            armed.unlink()
            return command.code is None
        self._engines_killed += 1
        self._count(point, asleep=False)
        return True

    def _await_instant(self) -> bool:
        """Wait for the moment of the kill. False: the command ends before."""
        command = self._command
        assert command
        if self._chance.random() < _START_UP:
            return not until(lambda: command.code is not None, self._chance.uniform(0, _START_UP_SECONDS))
        made, began = self._scene, time.monotonic()
        requests, committed = made.requests(), made.committed()
        until(lambda: made.requests() > requests or command.code is not None, _PATIENCE)
        self._toll.resumed.append(time.monotonic() - began)
        if self._chance.random() < _COMMITTED:
            until(lambda: made.committed() > committed or command.code is not None, _PATIENCE)
        return not until(lambda: command.code is not None, self._chance.uniform(0, self._window))

    def _kill_running(self, kind: str) -> bool:
        command = self._command
        assert command
        if command.code is not None:
            return False
        if kind == "engine":
            killed = command.kill_engine()
            self._engines_killed += 1
            self._toll.orphaned.append(command.wait_for_none(killed))
        elif kind == "watch":
            command.kill_watch()
            self._toll.orphaned.append(command.wait_for_none())
        else:
            command.kill_all()
        if kind != "engine":
            self._command = None
        self._count(kind, asleep=kind != "engine")
        return True

    def _count(self, kind: str, *, asleep: bool) -> None:
        self._toll.kills += 1
        self._toll.kinds[kind] += 1
        stored = self._oracle.look(asleep=asleep)
        self._tell(f"kill {self._toll.kills}: {kind}, {stored} articles stored")

    def _finish(self) -> None:
        """Let the command end, and start it once more if it was not the last."""
        command = self._command or self._scene.command("crawl", *self._scene.sources)
        self._command = command
        if not until(lambda: command.code is not None, 600):
            self._oracle.findings.note("unaccounted", 1, f"the crawl does not end: {self._scene.said()}")
        elif command.code:
            self._oracle.findings.note("unaccounted", 1, f"exit code {command.code}: {self._scene.said()[-1500:]}")
