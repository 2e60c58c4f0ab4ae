"""Kill the crawl at any instant, and print what was lost.

    python -m tests.chaos --all                                    everything: about an hour
    python -m tests.chaos --kills 200 --database sqlite            one trial; also --poison, --workers 9, --lease
    python -m tests.chaos --jobdir 3 --broken pops --broken unfenced     what the harness must see fail

Exit code 1: a bound is not met.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.chaos import figures
from tests.chaos.figures import Figure
from tests.chaos.jobdir import kill_jobdir
from tests.chaos.kills import kill
from tests.chaos.meddling import BREAKS
from tests.chaos.poison import poison
from tests.chaos.resume import return_of_a_lease
from tests.chaos.scene import outlets
from tests.chaos.servers import databases
from tests.chaos.workers import work
from tests.sites import Site, serve

_OUTLETS = 4
_DELAY_MS = 100
_KILLS = {"sqlite": 200, "postgresql": 100}
_REFETCHES_A_KILL = _OUTLETS * (1 + 500 / _DELAY_MS)  # one in flight at each outlet, and what comes in half a second
_DISTURBANCES = 15
_FEW = 100  # articles, where more would show nothing else


def main() -> None:
    """Read the command line, carry out the trials, print the figures."""
    chosen = _arguments()
    everything: list[Figure] = []
    for trial in _trials(chosen):
        everything += trial
        if not chosen.json:
            print("\n".join(figures.table(trial)), flush=True)  # noqa: T201 - this is what the program is asked for
    if chosen.json:
        print(figures.as_json(everything))  # noqa: T201 - as above
    raise SystemExit(any(each.is_met is False for each in everything))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--all", action="store_true", help="every trial, on both databases")
    parser.add_argument("--kills", type=int, default=0, help="of a crawl")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="disturb two workers so many times")
    parser.add_argument("--poison", action="store_true")
    parser.add_argument("--lease", action="store_true", help="of a worker that died elsewhere")
    parser.add_argument("--jobdir", type=int, default=0, metavar="KILLS", help="of a crawl with Scrapy's JOBDIR")
    parser.add_argument("--broken", action="append", default=[], choices=BREAKS)
    parser.add_argument("--database", choices=list(_KILLS), default="sqlite")
    parser.add_argument("--articles", type=int, default=600, help="on four outlets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="a line for each kill, on standard error")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _trials(chosen: argparse.Namespace) -> Iterator[list[Figure]]:
    """The figures of each trial."""
    seed, everything = chosen.seed, chosen.all
    tell = partial(print, file=sys.stderr) if chosen.verbose else lambda _: None
    with _site(chosen.articles) as site:
        if kills := chosen.jobdir or 3 * everything:
            yield figures.of_jobdir("Scrapy's JOBDIR", kill_jobdir(site, kills, seed))
        for kind in _KILLS if everything else [chosen.database]:
            with databases(kind) as new:
                if "pops" in chosen.broken or everything:
                    toll = kill(site, new, 20, seed, broken="pops")
                    yield figures.of_broken(f"broken: pops, {kind}", toll.findings)
                if kills := chosen.kills or _KILLS[kind] * everything:
                    toll = kill(site, new, kills, seed, tell=tell)
                    yield figures.of_kills(f"kills, {kind}", toll, _REFETCHES_A_KILL)
                if chosen.lease or everything:
                    yield figures.of_lease(f"lease, {kind}", return_of_a_lease(site, new))
    if chosen.poison or everything:
        with _site(_FEW, poison=True) as site, databases(chosen.database) as new:
            yield figures.of_poison("poison", poison(site, new))
    if not (chosen.workers or "unfenced" in chosen.broken or everything):
        return
    with _site(chosen.articles) as site, databases("postgresql") as new:
        if "unfenced" in chosen.broken or everything:
            worked = work(site, new, 6, seed, broken="unfenced")
            yield figures.of_broken("broken: unfenced, two workers", worked.findings)
        if disturbances := chosen.workers or _DISTURBANCES * everything:
            yield figures.of_workers("two workers, postgresql", work(site, new, disturbances, seed))


@contextmanager
def _site(articles: int, *, poison: bool = False) -> Iterator[Site]:
    made = outlets(_OUTLETS, articles // _OUTLETS, _DELAY_MS, poison=poison)
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, serve(made, Path(folder) / "requests") as site:
        yield site


if __name__ == "__main__":
    main()
