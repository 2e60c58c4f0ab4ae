"""Manners, measured at the server: robots.txt, Retry-After, delays across workers, hosts that are down."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise, product
from pathlib import Path

import pytest
from sqlalchemy import create_engine, update

from crawler.fetching.answers import breaker
from crawler.fetching.fetched import FetchError
from crawler.fetching.robots import RobotsAnswer, answer_of
from storage import crawl_schema
from storage.links import LONG_AGO
from tests.crawling import CrawlDesk, adds_up, counts, definition, engines, kill_engine, lately
from tests.sites import AccessLog, Fault, Outlet, Site, serve

_RULES_OF_OTHERS = "User-agent: copydesk\nDisallow: /\n\nUser-agent: *\nAllow: /\n"
_LONGEST_WINS = "User-agent: *\nDisallow: /\nAllow: /*.html$\n"
_ODD_DELAYS = "User-agent: *\nCrawl-delay: -5\nCrawl-delay: nan\nCrawl-delay:\nDisallow: /private/\n"
_BINARY = "\ufeffUser-agent: *\n\x00\x01\x02\x7f\ufffd\nDisallow: /\n"
_UTF_16 = "User-agent: *\nDisallow: /\n".encode("utf-16-le").decode("latin-1")  # without a mark
_CR_ONLY = "User-agent: *\rDisallow: /\r"

# The states of robots.txt (reliability corpus R01 to R17), and what each means: allow, deny or defer.
ROBOTS: Mapping[str, tuple[str, str]] = {
    "open": ("allow", ""), "closed": ("deny", ""), "named": ("deny", _RULES_OF_OTHERS),
    "longest": ("allow", _LONGEST_WINS), "html": ("allow", ""), "huge": ("allow", ""), "stars": ("allow", ""),
    "hang": ("defer", ""), "reset": ("defer", ""), "redirect-5": ("allow", ""), "redirect-6": ("allow", ""),
    "401": ("allow", ""), "403": ("allow", ""), "404": ("allow", ""), "429": ("defer", ""), "500": ("defer", ""),
    "503": ("defer", ""), "tls": ("defer", ""), "dns": ("defer", ""), "refused": ("defer", ""),
    "odd-delay": ("allow", _ODD_DELAYS), "binary": ("deny", _BINARY), "utf-16": ("deny", _UTF_16),
    "cr-only": ("deny", _CR_ONLY),
}  # fmt: skip
_TWO = 2  # articles of an outlet, where so many are enough


@dataclass
class Watched:
    """Sites, the desk that crawls them, and what was found wrong in the log."""

    site: Site
    desk: CrawlDesk
    wrong: list[str] = field(default_factory=list)


# --- robots.txt


def robots_outlets(states: Sequence[str]) -> dict[str, Outlet]:
    """An outlet for each state that a server can be in."""
    outlets = {}
    for at, state in enumerate(states, start=1):
        text = ROBOTS[state][1]
        robots = "text" if text else "open" if state in ("tls", "dns", "refused") else state
        outlets[state] = Outlet(f"127.0.4.{at}", state, at, articles=_TWO, robots=robots, robots_text=text, feeds=())
    return outlets


def add_robots_sources(watched: Watched, outlets: Mapping[str, Outlet]) -> dict[str, list[str]]:
    """A source for each state, with the articles of its outlet by their addresses; these addresses."""
    asked = {}
    for state, outlet in outlets.items():
        base = watched.site.bases[outlet.host]
        instead = {
            "tls": base.replace("http:", "https:"),
            "dns": base.replace(outlet.host, "nowhere.invalid"),
            "refused": base.replace(outlet.host, "127.0.4.250"),
        }.get(state, base)
        asked[state] = [instead + outlet.piece(number).path for number in range(1, _TWO + 1)]
        watched.desk.add(f"robots-{state}", definition(f"{instead}/", ("urls", asked[state])))
    return asked


def robots_faults(watched: Watched, outlets: Mapping[str, Outlet], asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The states in which something else was done than robots.txt says, and what."""
    log = watched.site.read_log()
    wrong = {}
    with watched.desk.archive() as archive:
        for state, outlet in outlets.items():
            verdict = ROBOTS[state][0]
            fetched = len(log.of(outlet.host, "*.html").where(lambda record: "robots" not in record.path))
            fates = [archive.fates(address)[0] for address in asked[state]]
            origin = asked[state][0].partition("/")[2].lstrip("/").partition("/")[0]
            kept = archive.frontier.robots(f"{asked[state][0].partition(':')[0]}://{origin}")
            outcomes = {str(fate.outcome) for fate in fates}
            expected = {"allow": (_TWO, {"stored"}), "deny": (0, {"refused"}), "defer": (0, {"pending"})}[verdict]
            if (fetched, outcomes) != expected:
                wrong[state] = f"{fetched} fetched, {outcomes}: {fates[0].why}"
            elif kept is None or (kept.verdict == "defer") != (verdict == "defer"):
                wrong[state] = f"kept as {kept and kept.verdict}"
            elif verdict == "defer" and not kept.expires_at - kept.fetched_at == timedelta(minutes=10):
                wrong[state] = f"asked again at {kept.expires_at}"
            elif verdict == "defer" and (fates[0].why.count("not before") != 1 or kept.why not in fates[0].why):
                wrong[state] = f"why says {fates[0].why!r}"
            elif verdict == "deny" and "robots.txt" not in fates[0].why:
                wrong[state] = f"why says {fates[0].why!r}"
    return wrong


def test_a_deferred_host_is_asked_again_after_longer_and_longer_waits() -> None:
    now, before, waits = datetime.now(UTC), None, []
    for _ in range(8):
        before = answer_of(FetchError("timeout", "no answer", transient=True), now, before)
        assert before.verdict == "defer"
        waits.append((before.expires_at - now) // timedelta(minutes=1))
        now = before.expires_at
    assert waits == [10, 20, 40, 80, 160, 320, 360, 360]


# --- Retry-After


@dataclass(frozen=True, slots=True)
class Asked:
    """A server that asks to be left alone. retry_after: as it says that; kind: of what it says it for."""

    status: int
    retry_after: str
    kind: str
    times: int = 1

    @property
    def seconds(self) -> float:
        return float(self.retry_after.removeprefix("date:"))


RETRIES = [
    *(Asked(*each) for each in product((429, 503), ("1", "2", "3", "date:2", "date:3", "date:4"), ("article", "feed"),
                                       (1, 2))),
    Asked(429, "1.5", "article"), Asked(503, "1.5", "feed"),
]  # fmt: skip


def retry_outlets(cases: Sequence[Asked]) -> dict[Asked, Outlet]:
    """An outlet for each case."""
    outlets = {}
    for at, case in enumerate(cases, start=1):
        outlet = Outlet(f"127.0.5.{at}", f"{case}", at, articles=_TWO, newest_at=lately())
        path = "/rss.xml" if case.kind == "feed" else outlet.piece(1).path
        fault = Fault(path, status=case.status, retry_after=case.retry_after, first=case.times)
        outlets[case] = outlet.changed({"faults": (fault,)})
    return outlets


def retry_faults(log: AccessLog, outlets: Mapping[Asked, Outlet]) -> dict[Asked, str]:
    """The cases in which a host was asked again too soon, or not at all."""
    wrong = {}
    for case, outlet in outlets.items():
        asked = log.of(outlet.host).records
        waits = [(before, after.t) for before, after in pairwise(asked) if before.status == case.status]
        if len(waits) != case.times:
            wrong[case] = f"refused {len(waits)} times"
        for before, after in waits:
            earliest = before.t + case.seconds
            if case.retry_after.startswith("date:"):
                earliest = float(int(earliest))  # the header has whole seconds
            if after < earliest:
                wrong[case] = f"asked again {earliest - after:.3f} s too early"
    return wrong


# --- delays


def pace_faults(log: AccessLog, delays: Mapping[str, float]) -> list[str]:
    """Where requests to a host followed each other too quickly, or overlapped."""
    wrong = []
    for host, delay in delays.items():
        wrong += [f"{host}: {gap:.3f} s after {delay} s" for gap in log.gaps(host) if gap < 0.95 * delay]
        if log.most_in_flight(host) > 1:
            wrong.append(f"{host}: {log.most_in_flight(host)} at once")
    return wrong


def paced(desk: CrawlDesk, requests: int, workers: int, kills: int) -> tuple[list[str], int, int]:
    """Addresses of several hosts, fetched by several workers of which some are killed; what went wrong, the number of
    requests to the first host, and how many addresses were asked for more than once."""
    delays = {"127.0.6.1": 0.05, "127.0.6.2": 0.1, "127.0.6.3": 0.2, "127.0.6.4": 0.05, "127.0.6.5": 0.1}
    outlets = [Outlet(host, host, at, articles=1, crawl_delay=0.2 if host == "127.0.6.3" else None)
               for at, host in enumerate(delays)]  # fmt: skip
    with serve(outlets, desk.folder / "pace.log") as site:
        for at, (host, delay) in enumerate(delays.items()):
            number = requests if at == 0 else requests // 5
            urls = [f"{site.bases[host]}/none/{number}.html" for number in range(number)]  # 404: nothing is to be read
            stated = 0 if host == "127.0.6.3" else delay  # the robots.txt of that one asks for it
            desk.add(f"pace-{at}", definition(f"{site.bases[host]}/", ("urls", urls), delay_seconds=stated))
        runs = [desk.file(f"pace-{at}") for at in range(len(delays))]
        with desk.workers(workers) as started:
            for kill in range(kills):
                seen = requests * (kill + 1) // (kills + 2)
                while len(site.read_log().of("127.0.6.1")) < seen:
                    time.sleep(0.05)
                for each in started:  # whichever of them has that host
                    kill_engine(each.pid)
            ended = desk.over(*runs)
        log = site.read_log()
    wrong = pace_faults(log.of(path="/none/*"), delays)
    wrong += [f"{run}" for run in ended if not adds_up(run) or run.pending]
    asked = log.of(path="/none/*").fetches()
    return wrong, len(log.of("127.0.6.1", "/none/*")), sum(times > 1 for times in asked.values())


def test_delays_hold_across_workers_and_their_deaths(tmp_path: Path) -> None:
    wrong, asked, _ = paced(CrawlDesk(tmp_path), 100, 2, 1)
    assert wrong == []
    assert asked >= 100


# --- hosts that are down


def rewind(desk: CrawlDesk, host: str) -> None:
    """Let the wait of a host be over."""
    engine = create_engine(desk.database)
    with engine.begin() as connection:
        now = datetime.now(UTC)
        connection.execute(
            update(crawl_schema.host).where(crawl_schema.host.c.name == host).values(not_before=LONG_AGO, due_at=now)
        )
        connection.execute(
            update(crawl_schema.link).where(crawl_schema.link.c.host == host, crawl_schema.link.c.state != "done").values(not_before=LONG_AGO)
        )
    engine.dispose()
