"""Manners, measured at the server: robots.txt, Retry-After, delays across workers, hosts that are down."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from math import ceil
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select, update

from crawler.fetching.fetched import FetchError
from crawler.fetching.robots import answer_of
from storage import crawl_schema
from storage.links import LONG_AGO
from storage.records import Run
from tests.crawling import CrawlDesk, adds_up, counts, definition, kill_engine, lately
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
    """Sites and the desk that crawls them. asked: addresses by state of robots.txt; watch: of the worker."""

    site: Site
    desk: CrawlDesk
    asked: dict[str, list[str]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    watch: int = 0


# --- robots.txt


def robots_outlets(states: Sequence[str]) -> dict[str, Outlet]:
    """An outlet for each state that a server can be in."""
    outlets = {}
    for at, state in enumerate(states, start=1):
        text = ROBOTS[state][1]
        robots = "text" if text else "open" if state in ("tls", "dns", "refused") else state
        outlets[state] = Outlet(
            f"127.0.4.{at}", state, 100 + at, articles=_TWO, robots=robots, robots_text=text, feeds=()
        )
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


def robots_faults(
    watched: Watched, outlets: Mapping[str, Outlet], asked: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The states in which something else was done than robots.txt says, and what."""
    log = watched.site.read_log()
    wrong = {}
    with watched.desk.archive() as archive:
        for state, outlet in outlets.items():
            verdict = ROBOTS[state][0]
            fetched = len(log.of(outlet.host, "*.html"))
            fates = [archive.fates(address)[0] for address in asked[state]]
            kept = archive.frontier.robots("/".join(asked[state][0].split("/")[:3]))
            outcomes = {str(fate.outcome) for fate in fates}
            expected = {"allow": (_TWO, {"stored"}), "deny": (0, {"refused"}), "defer": (0, {"pending"})}[verdict]
            if (fetched, outcomes) != expected:
                wrong[state] = f"{fetched} fetched, {outcomes}: {fates[0].why}"
            elif kept is None or (kept.verdict == "defer") != (verdict == "defer"):
                wrong[state] = f"kept as {kept and kept.verdict}"
            elif verdict == "defer" and kept.expires_at - kept.fetched_at != timedelta(minutes=10):
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
        outlet = Outlet(f"127.0.5.{at}", f"{case}", 200 + at, articles=_TWO, newest_at=lately())
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


def requests_in_an_hour(watched: Watched, host: str) -> tuple[int, list[int]]:
    """How often a host is asked within an hour in which it always fails, and the waits between, in minutes.

    The waits are not waited for: they are read from the archive, and then taken away.
    """
    name = watched.site.bases[host].removeprefix("http://")
    engine = create_engine(watched.desk.database)
    row, link = crawl_schema.host, crawl_schema.link
    waits: list[int] = []
    passed, asked, failures = timedelta(), 0, 4
    while passed < timedelta(hours=1):
        failures = _failed_more(engine, name, failures)
        asked = len(watched.site.read_log().of(host, "*.html"))
        with engine.begin() as connection:
            until = connection.scalar(select(row.c.not_before).where(row.c.name == name))
            assert until
            wait = until.replace(tzinfo=UTC) - datetime.now(UTC)
            waits.append(ceil(wait / timedelta(minutes=1)))
            passed += wait
            connection.execute(update(row).where(row.c.name == name).values(not_before=LONG_AGO, due_at=LONG_AGO))
            connection.execute(
                update(link).where(link.c.host == name, link.c.state == "ready").values(not_before=LONG_AGO)
            )
    engine.dispose()
    return asked, waits


def _failed_more(engine: Engine, name: str, failures: int) -> int:
    """Wait until a host has failed more often in a row, and nobody holds it."""
    row = crawl_schema.host.c
    for _ in range(600):
        with engine.connect() as connection:
            found = connection.execute(select(row.failures, row.worker).where(row.name == name)).one_or_none()
        if found and found.worker is None and found.failures > failures:
            return int(found.failures)
        time.sleep(0.1)
    raise AssertionError(f"{name} is not asked")


def is_known_to_wait(desk: CrawlDesk, name: str) -> None:
    """Wait until the archive knows that a host wants to be left alone."""
    row = crawl_schema.host.c
    engine = create_engine(desk.database)
    for _ in range(600):
        with engine.connect() as connection:
            until = connection.scalar(select(row.not_before).where(row.name == name))
        if until and until.replace(tzinfo=UTC) > datetime.now(UTC) + timedelta(seconds=1):
            break
        time.sleep(0.05)
    engine.dispose()


# --- one worker for all of them

_CI_ROBOTS = [state for state in ROBOTS if state != "hang"]  # which takes half a minute
_CI_RETRIES = RETRIES[::5]
_PAUSED = Outlet("127.0.7.2", "paused", 2, articles=6, newest_at=lately(),
                 faults=(Fault("/*.html", status=429, first=1),))  # fmt: skip
_DOWN = Outlet("127.0.7.1", "down", 1, articles=10, newest_at=lately(), faults=(Fault("/*.html", status=503),))
_KILLED = Outlet("127.0.7.3", "killed", 3, articles=2, newest_at=lately(),
                 faults=(Fault("/*.html", status=503, retry_after="6", first=1),))  # fmt: skip


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One worker, and every server that has a wish."""
    folder = tmp_path_factory.mktemp("manners")
    outlets = [*robots_outlets(_CI_ROBOTS).values(), *retry_outlets(_CI_RETRIES).values(), _PAUSED, _DOWN, _KILLED]
    with serve(outlets, folder / "log") as site:
        made = Watched(site, CrawlDesk(folder))
        made.asked = add_robots_sources(made, robots_outlets(_CI_ROBOTS))
        for at, outlet in enumerate(retry_outlets(_CI_RETRIES).values()):
            made.desk.add(f"retry-{at}", site.source_toml(outlet.host))
        for outlet in (_PAUSED, _DOWN, _KILLED):
            made.desk.add(outlet.name, site.source_toml(outlet.host))
        names = [file.stem for file in made.desk.sources.iterdir() if file.stem != "killed"]
        with made.desk.workers() as started:
            made.watch = started[0].pid
            made.runs = dict(zip(names, made.desk.work(*names), strict=True))
            yield made


def test_robots_txt_is_obeyed_in_every_state(watched: Watched) -> None:
    assert robots_faults(watched, robots_outlets(_CI_ROBOTS), watched.asked) == {}


def test_every_run_adds_up(watched: Watched) -> None:
    assert [run for run in watched.runs.values() if not adds_up(run)] == []


def test_retry_after_is_kept(watched: Watched) -> None:
    assert retry_faults(watched.site.read_log(), retry_outlets(_CI_RETRIES)) == {}
    stored = [counts(watched.runs[f"retry-{at}"]) for at in range(len(_CI_RETRIES))]
    assert stored == [{"stored": _TWO}] * len(_CI_RETRIES)


def test_too_many_requests_pause_the_host_also_without_a_time(watched: Watched) -> None:
    (refused,) = watched.site.read_log().of(_PAUSED.host, status=429).records
    later = watched.site.read_log().of(_PAUSED.host).where(lambda record: record.t > refused.t).records
    assert all(record.t >= refused.t + 30 for record in later)


def test_a_host_that_is_down_is_left_alone_and_others_are_not(watched: Watched) -> None:
    asked, waits = requests_in_an_hour(watched, _DOWN.host)
    assert asked <= 20
    assert waits == [5, 10, 20, 40]
    (run,) = watched.desk.over(watched.runs["down"].id)
    assert adds_up(run)
    assert run.pending + counts(run).get("failed", 0) == _DOWN.articles


def test_a_wish_to_be_left_alone_survives_the_engine(watched: Watched) -> None:
    run = watched.desk.file("killed")
    while not watched.site.read_log().of(_KILLED.host, status=503).records:
        time.sleep(0.05)
    is_known_to_wait(watched.desk, watched.site.bases[_KILLED.host].removeprefix("http://"))
    kill_engine(watched.watch)
    (ended,) = watched.desk.over(run)
    assert counts(ended) == {"stored": 2}
    asked = watched.site.read_log().of(_KILLED.host).records
    assert all(after.t - before.t >= 6 for before, after in pairwise(asked) if before.status == 503)
