"""Pruning: what is old and says nothing new goes; what remains says the same, and a mirror misses nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from crawler.cli import copydesk
from crawler.errors import BadSettings
from crawler.ingest import Report
from crawler.rebuilding import make_again
from crawler.settings import Settings
from crawler.upkeep import Upkeep
from pipelines import clean
from storage import Archive, Page, Query, reader_schema, refetches, schema
from storage.blobs import Blobs, open_blobs
from storage.folder import FolderShelf
from storage.links import LONG_AGO, Named, Passed, Released
from storage.pruning import RULES, Pruned, Rule
from storage.records import Claims
from storage.s3 import BucketShelf
from tests.chaos_changes import Mirror
from tests.newsroom import ended, fork, prose

NOW = datetime.now(UTC)
AGO = NOW - timedelta(days=300)
CUT = NOW - timedelta(days=90)
FEED = "https://gazette.example/rss"


def html(text: str, title: str, extra: str = "") -> bytes:
    """A page with an article; ``extra`` is no part of it."""
    paragraphs = "".join(f"<p>{part}</p>" for part in text.split("\n\n"))
    return f"<html><head><title>{title}</title><!-- {extra} --></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>".encode()  # noqa: E501


def fetched(number: int, day: float, text: str, extra: str = "", paper: str = "gazette") -> Page:
    """A page of an article as it was fetched some days after the beginning."""
    return Page(
        f"https://{paper}.example/{number}", html(text, f"Number {number} of the day", extra), "text/html",
        AGO + timedelta(days=day), paper, 200, (("Server", "a"),), Claims(),
    )  # fmt: skip


def story(number: int, edition: int = 0) -> str:
    return prose(number) + "\n\n" + prose(1000 * edition + number, 60) if edition else prose(number)


def furnish(archive: Archive) -> None:
    """Articles that were looked at again and again, changed and changed back, and stood elsewhere too."""
    run = archive.begin_run("ingest")
    for number in range(4):
        with archive.batch():
            for look in range(12):
                edition = (0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0)[look] if number % 2 else 0
                other = "" if number == 2 and 1 <= look <= 6 else str(look)  # the same bytes, time and again
                page = fetched(number, look + number / 10, story(number, edition), other)
                archive.save(page, clean(page), run)
            for look in range(4):
                page = fetched(number, 20 + look, story(number), f"there {look}", "courier")
                archive.save(page, clean(page), run)
    newest = fetched(9, 299, story(9))
    archive.save(newest, clean(newest), run)
    archive.finish_run(run)


def look(archive: Archive, times: int) -> list[int]:
    """Runs that read a listing, and an article that is as it was; their numbers."""
    worker = uuid4().hex
    archive.frontier.sign_on(worker, "here", "1")
    runs = []
    for _ in range(times):
        run = archive.file_run("gazette", [Named(FEED, "feed"), Named("https://gazette.example/0", again=True)]).run
        for _ in range(3):
            for host in archive.frontier.lease(worker, 9, 99):
                for link in host.links:
                    assert archive.frontier.charge(worker, link.key)
                    outcome = Passed("listed", "2 links") if link.kind == "feed" else Passed("unchanged", "HTTP 304")
                    archive.settle(link, None, outcome)
            archive.frontier.release(worker, [Released("gazette.example", LONG_AGO, 0, 0)])
        archive.frontier.close_runs()
        runs.append(run)
    return runs


def aged(archive: Archive) -> None:
    """Have all that the archive noted itself be as old as what it notes."""
    with archive._database.writing() as connection:
        connection.execute(update(schema.fate).values(at=AGO))
        connection.execute(update(reader_schema.change).values(at=AGO))


def told(archive: Archive) -> dict[str, object]:
    """What must remain, as its readers have it."""
    found = list(archive.find(Query()))
    return {
        "articles": found,
        "versions": {each.id: archive.versions(each.id) for each in found},
        "removed": {each.id: archive.removed(each.id) for each in found},
        "raw": {each.id: archive.raw(each.id) for each in found},
        "first": {each.id: archive.sightings(each.id)[0] for each in found},
        "last": {each.id: archive.sightings(each.id)[-1] for each in found},
        "runs": archive.runs(1000),
        "latest": {each.url: archive.fates(str(each.url))[0] for each in found},
        "first fate": {each.url: archive.fates(str(each.url))[-1] for each in found},
        "by sighting": sorted(each.url or "" for each in archive.find(Query(by="sighting"))),
    }


def numbers(went: tuple[Pruned, ...]) -> dict[str, int]:
    return {each.what: each.number for each in went}


@pytest.fixture
def full(archive: Archive) -> Archive:
    """A furnished archive, of which all but one article is old."""
    furnish(archive)
    look(archive, 6)
    aged(archive)
    return archive


def test_what_must_remain_remains(full: Archive) -> None:
    before = told(full)
    would = full.pruning.prune(CUT, dry=True)
    assert told(full) == before
    went = full.pruning.prune(CUT)
    assert went == would
    assert numbers(went).keys() >= {"fate", "capture", "sighting", "lines of captures/", "bodies", "change"}
    for name, held in told(full).items():
        assert held == before[name], name
    assert list(full.verify()) == []
    assert full.pruning.prune(CUT) == ()


def test_the_ends_of_every_streak_stay(full: Archive) -> None:
    ids = {each.url: each.id for each in full.find(Query())}
    full.pruning.prune(CUT, ["refetches"])
    one = [
        (round((each.fetched_at - AGO) / timedelta(days=1)), each.source)
        for each in full.sightings(ids["https://gazette.example/1"])
    ]
    assert one == [(0, "gazette"), (3, "gazette"), (4, "gazette"), (6, "gazette"), (7, "gazette"), (11, "gazette"),
                   (20, "courier"), (23, "courier")]  # fmt: skip


def test_what_is_young_stays(full: Archive) -> None:
    before = full.statistics()
    assert full.pruning.prune(AGO, ["refetches"]) == ()
    assert full.pruning.prune(datetime.now(UTC) + timedelta(days=9), ["hours", "notices"]) == ()
    assert full.statistics() == before


def test_a_rebuild_gives_the_same_articles(full: Archive, tmp_path: Path) -> None:
    full.pruning.prune(CUT)
    with Archive.open(f"sqlite:///{tmp_path}/again.db", full.place) as again:
        report: Report = make_again(again, lambda *_: None, workers=0)
        assert report.outcomes["failed"] == 0
        for name in ("articles", "versions", "raw", "last"):
            assert told(again)[name] == told(full)[name], name


def test_the_numbers_of_runs_hold(archive: Archive) -> None:
    furnish(archive)
    runs = look(archive, 8)
    aged(archive)
    before = [archive.run(run) for run in runs]
    assert before[3].counts == (("unchanged", 1),)
    assert before[3].listings == (("listed", 1),)
    assert numbers(archive.pruning.prune(CUT, ["ledger"]))["fate"] > 8
    assert [archive.run(run) for run in runs] == before
    more = look(archive, 2)
    aged(archive)
    archive.pruning.prune(CUT, ["ledger"])
    assert [archive.run(run) for run in runs] == before
    assert archive.run(more[0]).counts == (("unchanged", 1),)


def test_what_the_health_of_sources_needs_is_folded_first(archive: Archive) -> None:
    furnish(archive)
    look(archive, 5)
    aged(archive)
    before = archive.pulses.look()
    archive.pruning.prune(CUT)
    assert archive.pulses.look().pulses == before.pulses


def test_a_mirror_misses_nothing_from_wherever_it_goes_on(archive: Archive) -> None:
    chance = random.Random(7)
    for at in range(60):
        page = fetched(chance.randrange(8), at, story(chance.randrange(8), chance.randrange(4)))
        archive.save(page, clean(page))
    aged(archive)
    mirrors = [Mirror() for _ in range(archive.changes.last() + 1)]
    for behind, mirror in enumerate(mirrors):
        while len(mirror.seqs) < behind:
            mirror.follow(archive, 1)
    assert numbers(archive.pruning.prune(CUT, ["changes"]))["change"] > 10
    held = {each.id: each for each in archive.find(Query())}
    for mirror in [*mirrors, Mirror()]:
        while mirror.follow(archive, 3):
            pass
        assert mirror.articles == held
        assert len(set(mirror.seqs)) == len(mirror.seqs)


def test_what_was_told_is_not_told_again(archive: Archive) -> None:
    furnish(archive)
    archive.watches.add("all", Query(), "command", "true", from_start=True)
    archive.watches.match()
    delivery = archive.watches.due()
    assert delivery is not None
    archive.watches.told(delivery)
    aged(archive)
    with archive._database.writing() as connection:
        connection.execute(update(reader_schema.notice).values(told_at=AGO))
        young = select(func.max(reader_schema.change.c.seq)).scalar_subquery()
        connection.execute(update(reader_schema.change).where(reader_schema.change.c.seq == young).values(at=NOW))
    assert numbers(archive.pruning.prune(CUT, ["notices"])) == {"notice": len(delivery.articles) - 1}
    page = fetched(0, 299, story(0, 3))
    assert archive.save(page, clean(page)).outcome == "version"
    archive.watches.match()
    assert archive.watches.due() is None
    page = fetched(77, 299, story(77))
    archive.save(page, clean(page))
    archive.watches.match()
    following = archive.watches.due()
    assert following is not None
    assert [each.url for each in following.articles] == [page.url]


def scattered(place: Path) -> None:
    """Have the log of a day that is over lie in four files, as of four writers."""
    (today,) = (place / "captures").iterdir()
    day = today.rename(place / "captures" / "2020-01-01")
    (log,) = day.iterdir()
    lines = log.read_bytes().splitlines(keepends=True)
    log.unlink()
    commits = [b"".join(group) for _, group in groupby(lines, key=lambda line: json.loads(line)["kept_at"])]
    for at in range(4):
        (day / f"{log.name.partition('-')[0]}-{at}{at}.jsonl").write_bytes(b"".join(commits[at::4]))


def test_logs_of_a_day_become_one(full: Archive, tmp_path: Path) -> None:
    scattered(tmp_path / "raw")
    torn = tmp_path / "raw" / "captures" / "2020-01-01" / "20200101T000000.000000Z-55.jsonl"
    torn.write_bytes(b'{"sha256": "ab')
    history = list(open_blobs(full.place).entries())
    would = full.pruning.prune(CUT, ["logs"], dry=True)
    assert full.pruning.prune(CUT, ["logs"]) == would
    assert numbers(would) == {"files of captures/": 3}
    assert list(open_blobs(full.place).entries()) == history
    assert torn.read_bytes() == b'{"sha256": "ab'
    assert full.pruning.prune(CUT, ["logs"]) == ()
    assert list(full.verify()) == []


# --- in a bucket


def yesteryear(place: str) -> None:
    """Have the log of today be that of a day that is over; in a bucket each commit has an object of its own."""
    bucket, prefix = place.removeprefix("s3://").split("/")
    client: Any = boto3.client("s3")
    for found in client.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/captures/")["Contents"]:
        old = f"{prefix}/captures/2020-01-01/{found['Key'].rpartition('/')[2]}"
        client.copy_object(Bucket=bucket, Key=old, CopySource={"Bucket": bucket, "Key": found["Key"]})
        client.delete_object(Bucket=bucket, Key=found["Key"])


def test_what_is_kept_in_s3(database_url: str, s3_place: str, tmp_path: Path) -> None:
    with Archive.open(database_url, s3_place) as archive:
        furnish(archive)
        look(archive, 6)
        aged(archive)
        yesteryear(s3_place)
        before = told(archive)
        would = archive.pruning.prune(CUT, dry=True)
        assert told(archive) == before
        went = archive.pruning.prune(CUT)
        assert [each for each in went if each.rule != "logs"] == [each for each in would if each.rule != "logs"]
        assert numbers(went).keys() >= {"lines of captures/", "bodies", "files of captures/"}
        assert len(list(open_blobs(s3_place).logs())) == 1
        assert {name: told(archive)[name] for name in before} == before
        assert list(archive.verify()) == []
        assert archive.pruning.prune(CUT) == ()
    with Archive.open(f"sqlite:///{tmp_path}/again.db", s3_place) as again:
        assert make_again(again, lambda *_: None, workers=0).outcomes["failed"] == 0
        for name in ("articles", "versions", "raw", "last"):
            assert told(again)[name] == before[name], name


def _prune_in_s3_and_die(database: str, place: str, name: str, countdown: int) -> None:
    _die_at(BucketShelf, name, countdown)
    with Archive.open(database, place) as archive:
        archive.pruning.prune(CUT)


@pytest.mark.parametrize(("name", "countdown"), [("replace", 0), ("remove", 5)])
def test_a_kill_loses_nothing_in_s3(s3_place: str, tmp_path: Path, name: str, countdown: int) -> None:
    database_url = f"sqlite:///{tmp_path}/archive.db"
    with Archive.open(database_url, s3_place) as archive:
        furnish(archive)
        aged(archive)
        before = told(archive)
    yesteryear(s3_place)
    assert ended(fork(_prune_in_s3_and_die, database_url, s3_place, name, countdown)) == -signal.SIGKILL
    with Archive.open(database_url, s3_place) as archive:
        assert told(archive) == before
        archive.pruning.prune(CUT)
        assert told(archive) == before
        assert list(archive.verify()) == []
        assert set(open_blobs(s3_place).hashes()) == {each.sha256 for each in open_blobs(s3_place).captures()}


# --- killed


def _die_at(owner: Any, name: str, countdown: int) -> None:
    """Have this process end at the n-th call."""
    real: Callable[..., Any] = getattr(owner, name)
    left = iter(range(countdown))

    def dying(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)

    setattr(owner, name, dying)


def _prune_and_die(
    database: str, place: str, owner: Any, name: str, countdown: int, rules: Sequence[Rule] = RULES
) -> None:
    _die_at(owner, name, countdown)
    with Archive.open(database, place) as archive:
        archive.pruning.prune(CUT, rules)


@pytest.mark.parametrize(
    ("owner", "name", "countdown"),
    [
        (refetches, "drop", 0), (Blobs, "strike", 0), (Blobs, "strike", 1), (Blobs, "remove", 0), (Blobs, "remove", 3),
        (refetches.Sweep, "_remove", 0),
    ],
)  # fmt: skip
def test_a_kill_loses_nothing_and_the_next_finishes(
    full: Archive, database_url: str, owner: Any, name: str, countdown: int
) -> None:
    before = told(full)
    full.close()
    code = ended(fork(_prune_and_die, database_url, full.place, owner, name, countdown))
    with Archive.open(database_url, full.place) as archive:
        assert told(archive) == before
        assert list(archive.verify()) == []
        archive.pruning.prune(CUT)
        assert told(archive) == before
        assert list(archive.verify()) == []
        assert archive.pruning.prune(CUT) == ()
        named = {capture.sha256 for capture in open_blobs(archive.place).captures()}
        assert set(open_blobs(archive.place).hashes()) == named
        with archive._database.reading() as connection:
            assert connection.scalar(select(func.count()).select_from(schema.pruned)) == 0
            assert connection.scalar(select(func.count()).select_from(schema.capture)) == sum(
                1 for _ in open_blobs(archive.place).captures()
            )
    assert code in (-signal.SIGKILL, 0)
    if countdown == 0:
        assert code == -signal.SIGKILL


@pytest.mark.parametrize("countdown", [0, 2])
def test_a_kill_while_logs_are_joined_loses_no_line(
    full: Archive, database_url: str, tmp_path: Path, countdown: int
) -> None:
    scattered(tmp_path / "raw")
    history = list(open_blobs(full.place).entries())
    before = told(full)
    full.close()
    process = fork(_prune_and_die, database_url, full.place, FolderShelf, "remove", countdown, ["logs"])
    assert ended(process) == -signal.SIGKILL
    assert len(list(open_blobs(full.place).entries())) > len(history) - countdown
    with Archive.open(f"sqlite:///{tmp_path}/again.db", full.place) as again:
        make_again(again, lambda *_: None, workers=0)
        assert told(again)["versions"] == before["versions"]
    with Archive.open(database_url, full.place) as archive:
        archive.pruning.prune(CUT, ["logs"])
        assert list(open_blobs(archive.place).entries()) == history
        assert archive.pruning.prune(CUT, ["logs"]) == ()


def _write(database: str, place: str, first: int) -> None:
    with Archive.open(database, place) as archive:
        for at in range(12):
            with archive.batch():
                for number in range(first, first + 4):
                    page = fetched(number, at, story(number), f"{first} {at}")
                    archive.save(page, clean(page))


def test_others_write_meanwhile(archive: Archive, database_url: str) -> None:
    archive.close()
    writers = [fork(_write, database_url, archive.place, first) for first in (0, 100)]
    with Archive.open(database_url, archive.place) as pruning:
        for _ in range(4):
            pruning.pruning.prune(CUT)
        assert [ended(writer) for writer in writers] == [0, 0]
        pruning.pruning.prune(CUT)
        assert len(list(pruning.find(Query()))) == 8
        assert list(pruning.verify()) == []
        assert [len(pruning.sightings(each.id)) for each in pruning.find(Query())] == [2] * 8
        assert _counts(pruning) == {"stored": 8, "unchanged": 88}


def _counts(archive: Archive) -> dict[str, int]:
    counted: dict[str, int] = {}
    for run in archive.runs(1000):
        for outcome, number in run.counts:
            counted[outcome] = counted.get(outcome, 0) + number
    return counted


# --- the schedule and the command


def test_a_schedule_prunes_where_the_settings_say_so(full: Archive, database_url: str) -> None:
    before = full.statistics()
    lines: list[str] = []
    has_told = threading.Event()

    def tell(line: str) -> None:
        lines.append(line)
        has_told.set()

    def again() -> Archive:
        return Archive.open(database_url, full.place)

    with Upkeep(again, None, tell, first=0):
        assert not has_told.wait(0.2)
    assert full.statistics() == before
    with Upkeep(again, timedelta(days=90), tell, first=0):
        assert has_told.wait(60)
    assert lines[0].startswith("pruned: ")
    assert full.statistics().captures < before.captures


def test_how_long_things_are_kept_is_set(tmp_path: Path) -> None:
    assert Settings.read(tmp_path, {}).kept_for is None
    assert Settings.read(tmp_path, {"COPYDESK_PRUNE_AFTER": "90d"}).kept_for == timedelta(days=90)
    for wrong in ("12h", "90", "soon"):
        with pytest.raises(BadSettings, match="prune_after"):
            Settings.read(tmp_path, {"COPYDESK_PRUNE_AFTER": wrong})


@pytest.fixture
def shown(full: Archive, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The command line over the furnished archive."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COPYDESK_DATABASE", database_url)
    monkeypatch.setenv("COPYDESK_BLOBS", full.place)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(copydesk, ["prune", *arguments])

    return run


def test_the_command_tells_what_then_goes(shown: Any) -> None:
    would = [json.loads(line) for line in shown("--dry-run", "--json").stdout.splitlines()]
    went = [json.loads(line) for line in shown("--yes", "--json", "--older-than", "90d").stdout.splitlines()]
    assert would
    assert [each | {"dry_run": False} for each in would] == went
    assert "nothing to prune" in shown("--yes").stdout


def test_the_command_asks_and_takes_rules(shown: Any) -> None:
    assert shown().exit_code == 2
    assert shown("--yes", "--older-than", "12h").exit_code == 2
    only = [json.loads(line) for line in shown("--yes", "--json", "--only", "changes").stdout.splitlines()]
    assert {each["rule"] for each in only} == {"changes"}


def test_the_rules_of_the_command_are_those_of_the_archive() -> None:
    (rules,) = (each for each in copydesk.commands["prune"].params if each.name == "rules")
    assert tuple(rules.type.choices) == RULES  # type: ignore[attr-defined]
