"""The command that tells how it is: the sources and their problems, then what the archive holds and the last runs."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.records import Run
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from crawler.lookout import Health, Outlook
    from storage.archive import Archive
    from storage.problems import Problem
    from storage.profiles import Profile

_STATES = ("well", "new", "late", "broken", "off")  # in the order of the summary
_SHORT = 8  # digits of an id


@click.command(short_help="Tell how the sources are, what the archive holds and how the last runs went.")
@click.option("--strict", is_flag=True, help="Exit 1 while a problem is open, or when the last run failed on anything.")
@click.option("--prometheus", is_flag=True, help="Figures in the text format of Prometheus, and nothing else.")
@speaks
@click.pass_obj
def status(open_archive: OpenArchive, desk: Desk, *, strict: bool, prometheus: bool) -> None:
    """Tell how the sources are, what is wrong with those that are not well, and what to try.

    \b
    copydesk status
    copydesk status --strict

    Then what the archive holds, and how the last runs went. It only looks: problems are opened and closed by copydesk
    schedule, which looks each minute.
    """
    from crawler.lookout import Lookout

    now = datetime.now(UTC)
    with open_archive() as archive:
        outlook = Lookout(archive).look(now)
        if prometheus:
            from crawler.exposition import exposition

            desk.show(exposition(archive, outlook, now).rstrip("\n"))
        else:
            _show_health(desk, outlook)
            runs = _show_archive(desk, archive)
        runs = archive.runs(1) if prometheus else runs
    failed = bool(runs) and (runs[0].finished_at is None or bool(dict(runs[0].counts).get("failed")))
    troubled = outlook.open or outlook.offline or any(health.trouble for health in outlook.sources)
    if strict and (failed or troubled):
        raise SystemExit(1)


def _show_health(desk: Desk, outlook: Outlook) -> None:
    """One line for all that is well, and a block for each problem."""
    from crawler.notices.troubles import record_of

    if desk.json:
        for health in outlook.sources:
            desk.record({
                "source": health.source, "state": health.state, "last_article_id": health.article_id,
                "last_article_at": health.article_at and rfc3339(health.article_at),
            })  # fmt: skip
        for problem in outlook.open:
            desk.record(record_of(problem))
        return
    states = Counter(health.state for health in outlook.sources)
    if outlook.sources:
        last = max((health.article_at for health in outlook.sources if health.article_at), default=None)
        said = ", ".join(f"{states[state]:,} {state}" for state in _STATES if states[state])
        number = len(outlook.sources)
        desk.say(
            f"{number:,} source{'s' if number > 1 else ''}: {said}"
            + (f"; last article {desk.time(last)}" if last else "")
        )
    for problem in outlook.open:
        _show_problem(desk, problem)
    entered = {problem.source for problem in outlook.open}
    for health in outlook.sources:
        if health.trouble and health.source not in entered:
            _show_trouble(desk, health)
    if outlook.offline and None not in entered:
        desk.show(f"offline  this machine  since {desk.time(outlook.offline)}: no source can be reached", "red")
    if outlook.sources:
        desk.say("")


def _show_problem(desk: Desk, problem: Problem) -> None:
    _show_block(
        desk, problem.state, problem.source or "this machine", problem.since, problem.detail, problem.article_id,
        problem.hint,
    )  # fmt: skip


def _show_trouble(desk: Desk, health: Health) -> None:
    """What is seen and not entered: no schedule has looked yet."""
    trouble = health.trouble
    if trouble:
        _show_block(desk, health.state, health.source, trouble.since, trouble.detail, health.article_id, trouble.hint)


def _show_block(
    desk: Desk, state: str, name: str, since: datetime, detail: str, article: str | None, hint: str
) -> None:
    desk.show(f"{state}  {name}  since {desk.time(since)}: {detail}", "red")
    last = f"last good {article[:_SHORT]}; " if article else ""
    desk.show(f"        {last}try: {hint}")


def _show_archive(desk: Desk, archive: Archive) -> tuple[Run, ...]:
    """What it holds, and its last runs; those."""
    held, runs = archive.statistics(), archive.runs(10)
    skipped, sites = archive.sources.skipped(limit=5), archive.profiles.all()
    if desk.json:
        desk.record({name: getattr(held, name) for name in ("articles", "versions", "sightings", "captures")})
    desk.say(
        f"{held.articles:,} articles, {held.versions:,} versions, {held.sightings:,} sightings;"
        f" {held.captures:,} pages kept"
    )
    if not desk.json:
        desk.table(
            held.sources,
            [
                Column("source", lambda count: count.source or "(none named)"),
                Column("pages", lambda count: count.captures),
                Column("last seen", lambda count: count.last_seen_at),
            ],
            lambda _: {},
        )
        desk.show()
    _show_runs(desk, runs)
    _show_sites(desk, sites)
    if skipped and not desk.json:
        desk.show()
        desk.table(
            skipped,
            [
                Column("not run", lambda skip: skip.source),
                Column("slots", lambda skip: skip.number),
                Column("from", lambda skip: skip.first_slot),
                Column("to", lambda skip: skip.last_slot),
                Column("why", lambda skip: skip.why, shrinks=True),
            ],
            lambda _: {},
        )
    return runs


def _show_sites(desk: Desk, sites: tuple[Profile, ...]) -> None:
    """What was learned of each site, and how lately its layout has changed."""

    def layout(site: Profile) -> str:
        if site.changed_at is None:
            return "as it was"
        return f"changed {desk.time(site.changed_at)}" + (", learning again" if site.is_learning_again else "")

    if sites and not desk.json:
        desk.show()
    desk.table(
        sites,
        [
            Column["Profile"]("site", lambda site: site.site),
            Column("pages learned from", lambda site: site.pages),
            Column("layout", layout),
            Column("profile", lambda site: site.number),
            Column("of", lambda site: site.made_at),
        ],
        lambda site: {
            "site": site.site, "profile": site.number, "sha256": site.sha256, "made_at": rfc3339(site.made_at),
            "pages": site.pages, "layout": site.layout, "layout_pages": site.layout_pages,
            "layout_changed_at": site.changed_at and rfc3339(site.changed_at), "learning_again": site.is_learning_again,
        },
    )  # fmt: skip


def _show_runs(desk: Desk, runs: tuple[Run, ...]) -> None:
    """The funnel of each run: what its places named, what of that was known, and what became of the rest."""
    desk.table(
        runs,
        [
            Column[Run]("run", lambda run: run.id),
            Column("what", lambda run: run.kind),
            Column("source", lambda run: run.source),
            Column("started", lambda run: run.started_at),
            Column("state", lambda run: "ended" if run.finished_at else "under way, or killed"),
            Column("named", lambda run: run.named if run.kind == "crawl" else ""),
            Column("known", lambda run: run.known if run.kind == "crawl" else ""),
            Column("waiting", lambda run: run.pending if run.kind == "crawl" else ""),
            Column("read", lambda run: run.read),
            Column("outcomes", lambda run: ", ".join(f"{outcome} {count:,}" for outcome, count in run.counts)),
        ],
        lambda run: {
            "run": run.id, "kind": run.kind, "source": run.source, "slot": run.slot,
            "started_at": rfc3339(run.started_at), "finished_at": run.finished_at and rfc3339(run.finished_at),
            "named": run.named, "known": run.known, "left_out": run.left_out, "pending": run.pending,
            "read": run.read, **{str(outcome): count for outcome, count in run.counts},
            "listings": {str(outcome): count for outcome, count in run.listings},
        },
    )  # fmt: skip


COMMANDS = (status,)
