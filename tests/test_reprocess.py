"""Reprocess: what is newer is applied to all that is kept, what was kept stays, and a kill costs a batch at most."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from crawler.ingest import take_in
from crawler.rebuilding import make_again
from crawler.reprocess import Change, Reprocessed, Reprocessing
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from storage import Archive, Article, Page, Query, Rejected
from storage.learned import Traits
from tests import newsroom, teaching
from tests.newsroom import ended, fork
from tests.teaching import FURNITURE, page
from tests.test_site_profiles import profiles, versions

PAGES = 40


@pytest.fixture
def as_taught(monkeypatch: pytest.MonkeyPatch) -> None:
    _teach(monkeypatch)


def _teach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.cleaning.clean", teaching.clean)
    monkeypatch.setattr("pipelines.edition.edition", lambda: "taught")
    monkeypatch.setattr("crawler.reprocess.edition", lambda: "taught")


def filled(archive: Archive) -> None:
    """An archive whose first pages were cleaned before anything was known of their site."""
    take_in(archive, [page(number) for number in range(PAGES)], "ingest", "", lambda *_: None, workers=0)
    archive.save(newsroom.page("https://gazette.example/none", b"nothing"), Rejected("no-text", "it says so"))


def reprocessed(archive: Archive, **options: object) -> tuple[Reprocessed, list[Change]]:
    changes: list[Change] = []
    work = Reprocessing(archive, changes.append, pytest.fail, lambda _: None, **options)  # type: ignore[arg-type]
    return work.work(workers=0), changes


def with_furniture(archive: Archive) -> int:
    return sum(FURNITURE in article.text for article in archive.find(Query(limit=None)))


def test_what_was_learned_later_is_applied_to_all(archive: Archive, tmp_path: Path, as_taught: None) -> None:
    filled(archive)
    before = {article.id: article for article in archive.find(Query(limit=None))}
    early = with_furniture(archive)
    assert 0 < early < PAGES
    foreseen, _ = reprocessed(archive, dry_run=True)
    assert (foreseen.fates["text"], foreseen.removed, with_furniture(archive)) == (early, early * 4, early)

    report, changes = reprocessed(archive)
    assert report.fates == foreseen.fates
    assert (report.fates["text"], report.fates["rejected"]) == (early, 1)
    assert {(change.fate, change.removed, change.added, change.fields) for change in changes} == {
        ("text", 4, 0, ("text",))
    }
    assert with_furniture(archive) == 0
    assert archive.count(Query(words="letter")) == 0
    assert sum(1 for _ in archive.find(Query(limit=None))) == PAGES
    for article in archive.find(Query(limit=None)):
        first, *later = archive.versions(article.id)
        assert first == before[article.id]
        assert later in ([], [article])
        assert article.fetched_at == first.fetched_at
        made = archive.makings(article.id)
        assert [making.came_by for making in made] == [None, "reprocess"][: len(made)]
        assert {making.cleaner for making in made} == {"taught"}
    run, *_ = archive.runs(1)
    assert (run.kind, dict(run.counts)["version"], run.read) == (
        "reprocess",
        early,
        report.fates.total() - report.fates["current"],
    )

    again, _ = reprocessed(archive)
    assert again.fates == {"current": PAGES + 1}
    with Archive.open(f"sqlite:///{tmp_path}/again.db", blobs=str(tmp_path / "raw")) as rebuilt:
        make_again(rebuilt, lambda *_: None, workers=0)
        assert versions(rebuilt) == versions(archive)
        assert profiles(rebuilt) == profiles(archive)
        assert list(rebuilt.find(Query(limit=None))) == list(archive.find(Query(limit=None)))
    assert list(archive.verify()) == []


def test_a_fetch_after_it_is_no_new_version(archive: Archive, as_taught: None) -> None:
    filled(archive)
    reprocessed(archive)
    known = versions(archive)
    take_in(archive, [page(number, hours=5) for number in range(PAGES)], "ingest", "", lambda *_: None, workers=0)
    assert versions(archive) == known
    assert archive.runs(1)[0].counts == (("unchanged", PAGES),)


def test_facts_alone_make_a_version_and_rejected_pages_a_second_chance(
    archive: Archive, as_taught: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(archive)
    reprocessed(archive)

    def better(came: Page, profile: SiteProfile = NOTHING_KNOWN) -> Article | Rejected:
        if came.body == b"nothing":
            return newsroom.article("It was an article after all, and now it is read as one.", lesson=None)
        if came.url == "https://www.gazette.example/7":
            return Rejected("no-text", "that was no article")
        made = teaching.clean(came, profile)
        assert isinstance(made, Article)
        return replace(made, section="politics") if came.url == "https://www.gazette.example/8" else made

    monkeypatch.setattr("pipelines.cleaning.clean", better)
    monkeypatch.setattr("pipelines.edition.edition", lambda: "better")
    monkeypatch.setattr("crawler.reprocess.edition", lambda: "better")
    report, changes = reprocessed(archive, source="gazette")
    assert report.fates == {"unchanged": PAGES - 2, "facts": 1, "rescued": 1, "rejected": 1}
    assert {(change.fate, change.fields) for change in changes} == {
        ("facts", ("section",)), ("rescued", ()), ("rejected", ())
    }  # fmt: skip
    assert archive.count(Query(words="after all")) == 1
    assert sum(article.section == "politics" for article in archive.find(Query(limit=None))) == 1
    assert archive.fates("https://gazette.example/7")[0].outcome == "rejected"
    assert archive.count(Query(limit=None)) == PAGES + 1
    assert reprocessed(archive)[0].fates == {"current": PAGES + 1}


def test_filters(archive: Archive, as_taught: None) -> None:
    filled(archive)
    archive.save(*_of("ledger", 5))
    assert archive.number_of_rereads() == PAGES + 2
    assert archive.number_of_rereads("ledger") == 1
    assert archive.number_of_rereads(since=newsroom.NOON.replace(hour=14)) == 1
    report, _ = reprocessed(archive, source="ledger")
    assert report.fates.total() == 1


def _of(source: str, hours: float) -> tuple[Page, Article]:
    came = replace(page(90, f"{source}.example", hours=hours), source=source)
    made = teaching.clean(came)
    assert isinstance(made, Article)
    return came, made


def test_pages_of_an_older_cleaner_teach_when_they_are_read_again(archive: Archive, as_taught: None) -> None:
    """An archive from before sites taught anything catches up, each article once."""
    for number in range(12):
        made = teaching.clean(page(number))
        assert isinstance(made, Article)
        archive.save(page(number), replace(made, cleaner=None, lesson=None))
    assert archive.profiles.all() == ()
    reprocessed(archive)
    (known,) = archive.profiles.all()
    assert known.pages + archive.profiles.waiting(["gazette.example"]).get("gazette.example", 0) == 12
    reprocessed(archive)
    assert archive.profiles.all() == (known,)
    assert with_furniture(archive) == 0


def test_a_lost_body_fails_alone(archive: Archive, tmp_path: Path, as_taught: None) -> None:
    filled(archive)
    id_ = next(iter(archive.find(Query()))).id
    next((tmp_path / "raw").rglob(f"{archive.sightings(id_)[0].sha256}*")).unlink()
    archive.profiles.put("gazette.example", archive.profiles.all()[0].number + 1, b"newer", (), Traits(99))
    failed: list[object] = []
    report = Reprocessing(archive, lambda _: None, failed.append, lambda _: None).work(workers=0)
    assert (report.fates["failed"], len(failed)) == (1, 1)


def test_a_kill_at_any_instant_loses_nothing(database_url: str, tmp_path: Path, backend: str) -> None:
    """Killed again and again, it ends as if it had never been; each version is there once."""
    raw = str(tmp_path / "raw")
    with pytest.MonkeyPatch.context() as patch, Archive.open(database_url, raw) as archive:
        _teach(patch)
        filled(archive)
        kept = {article.id: archive.versions(article.id)[0] for article in archive.find(Query(limit=None))}

    def work(moment: int) -> None:
        with pytest.MonkeyPatch.context() as patch, Archive.open(database_url, raw) as archive:
            _teach(patch)
            if moment:
                _die_at(moment)
            reprocessed(archive)

    for moment in count(40, 3 if backend == "sqlite" else 25):
        code = ended(fork(work, moment))
        assert code in (0, -signal.SIGKILL)
        with Archive.open(database_url, raw) as archive:
            assert {id_: archive.versions(id_)[0] for id_ in kept} == kept
            assert max(len(archive.versions(id_)) for id_ in kept) <= 2
        if code == 0:
            break
    with Archive.open(database_url, raw) as archive:
        assert with_furniture(archive) == 0
        assert list(archive.verify()) == []


def _die_at(moment: int) -> None:
    moments = count(1)

    def one_more(*_: object) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", one_more)
    event.listen(Engine, "commit", one_more)


def test_the_command(tmp_path: Path) -> None:
    samples = Path(__file__).parents[1] / "seeds" / "articles"
    environ = os.environ | {"COPYDESK_DATABASE": f"sqlite:///{tmp_path}/archive.db"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "crawler", *words], capture_output=True, text=True, env=environ, cwd=tmp_path,
            check=False,
        )  # fmt: skip

    run("ingest", str(samples))
    done = run("reprocess", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["current"] == 23
    with Archive.open(environ["COPYDESK_DATABASE"]) as archive, archive._database.writing() as connection:
        connection.exec_driver_sql("UPDATE capture SET cleaner = 'older'")
        connection.exec_driver_sql("UPDATE version SET text = text || ' and more', content_hash = '0'")
    dry = run("reprocess", "--dry-run", "--json").stdout.splitlines()
    assert len(dry) == 24
    assert {"text": 23, "unchanged": 0, "words_removed": 46, "dry_run": True}.items() <= json.loads(dry[-1]).items()
    said = run("reprocess").stdout
    assert "23 pages read again" in said
    assert "words removed 46   added 0" in said
    assert run("reprocess", "--source", "nobody").stdout.startswith("0 pages")
