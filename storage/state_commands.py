"""The command that tells how the archive is: status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from storage.console import Column, Desk
from storage.records import Run
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    from storage.inspection import Statistics
    from storage.links import SourceRecord
    from storage.profiles import Profile


@click.command(short_help="Tell what the archive holds and how the last runs went.")
@click.option("--strict", is_flag=True, help="Exit 1 when the last run failed on anything or did not end.")
@speaks
@click.pass_obj
def status(open_archive: OpenArchive, desk: Desk, *, strict: bool) -> None:
    """Tell what the archive holds and how the last runs went."""
    with open_archive() as archive:
        held, runs = archive.statistics(), archive.runs(10)
        outlets, skipped = archive.sources.all(), archive.sources.skipped(limit=5)
        sites = archive.profiles.all()
    if desk.json:
        desk.record({name: getattr(held, name) for name in ("articles", "versions", "sightings", "captures")})
    desk.say(
        f"{held.articles:,} articles, {held.versions:,} versions, {held.sightings:,} sightings;"
        f" {held.captures:,} pages kept"
    )
    if not desk.json:
        _show_sources(desk, held, outlets)
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
    if strict and runs and (runs[0].finished_at is None or dict(runs[0].counts).get("failed")):
        raise SystemExit(1)


def _show_sources(desk: Desk, held: Statistics, outlets: tuple[SourceRecord, ...]) -> None:
    """Every source that a page came from or that the catalogue has."""
    pages = {count.source: count for count in held.sources}
    known = {outlet.name: outlet for outlet in outlets}
    names = [*pages, *(name for name in known if name not in pages)]

    def state(name: str | None) -> str:
        outlet = known.get(name or "")
        return (
            ""
            if outlet is None
            else ("on" if outlet.enabled else "off") + ("" if outlet.verified_at else ", unverified")
        )

    desk.table(
        [name for name in names if name in pages or known[name or ""].enabled],
        [
            Column[str | None]("source", lambda name: name or "(none named)"),
            Column("", state),
            Column("pages", lambda name: pages[name].captures if name in pages else 0),
            Column("last seen", lambda name: pages[name].last_seen_at if name in pages else None),
        ],
        lambda _: {},
    )
    desk.show()


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
