"""Poison: an article over which every engine dies."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chaos.command import until
from tests.chaos.oracle import Findings, Oracle
from tests.chaos.scene import NewDatabase, scene
from tests.sites import Site
from tests.sites.outlet import POISON


@dataclass(frozen=True, slots=True)
class Poisoned:
    """What one poisonous article came to. deaths: of engines; why: as the archive tells it."""

    deaths: int
    stored: int
    why: str
    code: int | None
    findings: Findings


def poison(site: Site, new_database: NewDatabase) -> Poisoned:
    """Crawl outlets of which one has such an article, by one command."""
    with scene(site, new_database, one_source=True) as made:
        address = next(each for each in made.truth if each.endswith(POISON))
        oracle = Oracle(made, frozenset({address}))
        command = made.command("crawl", *made.sources)
        try:
            until(lambda: command.code is not None, 300)
        finally:
            command.end()
        with made.archive() as archive:
            (fate,) = archive.fates(address)
        deaths = made.said().count("was ended by SIGKILL")
        return Poisoned(deaths, oracle.look(asleep=True), fate.why, command.code, oracle.conclude())
