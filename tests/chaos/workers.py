"""Workers: two of them on one database carry out filed runs; they are killed, and stopped for longer than a lease."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass

from tests.chaos.command import Command, until
from tests.chaos.oracle import Findings, Oracle
from tests.chaos.scene import NewDatabase, Scene, filed, scene
from tests.sites import Site

_LEASE_SECONDS = 3.0
_STOPPED_SECONDS = 9.0  # so that another worker has taken over what it had in hand
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Worked:
    """What it came to. late: ends that came back from the dead, and were dropped. ended: workers that gave up."""

    stops: int
    kills: int
    late: int
    ended: int
    articles: int
    refetches: int
    findings: Findings


def work(site: Site, new_database: NewDatabase, disturbances: int, seed: int, *, broken: str | None = None) -> Worked:
    """Disturb two workers so many times, every third time by a kill; again with a new archive when all is done."""
    chance = random.Random(seed)
    stops = kills = late = ended = articles = refetches = 0
    findings = Findings()
    while stops + kills < disturbances:
        with scene(site, new_database, one_source=False, lease_seconds=_LEASE_SECONDS, broken=broken) as made:
            filed(made, made.sources)
            oracle, crew = Oracle(made), [made.command("worker"), made.command("worker")]
            try:
                while stops + kills < disturbances and not _is_done(made):
                    at = chance.randrange(2)
                    ended += _replace_ended(made, crew)
                    committed = made.committed()
                    until(lambda: made.committed() > committed or _is_done(made), _PATIENCE)  # noqa: B023 - called here
                    time.sleep(chance.uniform(0, 1))
                    if (stops + kills) % 3 == 2:
                        crew[at].kill_all()
                        crew[at] = made.command("worker")
                        kills += 1
                    else:
                        crew[at].stop(signal.SIGSTOP)
                        time.sleep(_STOPPED_SECONDS)
                        crew[at].stop(signal.SIGCONT)
                        stops += 1
                    oracle.look(asleep=False)
                if not until(lambda: _is_done(made), 300):
                    oracle.findings.note("unaccounted", 1, f"the runs do not end: {made.said()}")
                time.sleep(1)  # for what comes late
                ended += _replace_ended(made, crew)
            finally:
                for each in crew:
                    each.end()
            findings.add(oracle.conclude())
            late += oracle.late()
            articles += len(made.truth)
            refetches += oracle.refetches()
    return Worked(stops, kills, late, ended, articles, refetches, findings)


def _is_done(made: Scene) -> bool:
    with made.archive() as archive:
        return all(run.finished_at for run in archive.runs())


def _replace_ended(made: Scene, crew: list[Command]) -> int:
    """Start others for workers that ended by themselves; how many did."""
    ended = [at for at, each in enumerate(crew) if each.code is not None]
    for at in ended:
        crew[at] = made.command("worker")
    return len(ended)
