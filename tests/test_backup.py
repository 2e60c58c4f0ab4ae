"""Backup: a copy that is an archive itself, made while others write, which grows and which forgets."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from storage import Archive, Query
from storage.backup import BackedUp
from storage.errors import Refused
from tests.newsroom import ended, fork, numbered


def filled(folder: Path, number: int, first: int = 0) -> Archive:
    archive = Archive.open(f"sqlite:///{folder}/archive.db")
    with archive.batch():
        for at in range(first, first + number):
            archive.save(*numbered(at))
    return archive


def restored(folder: Path, tmp_path: Path) -> Archive:
    """A copy of a backup, opened: it needs nothing of where it came from."""
    shutil.copytree(folder, tmp_path / "restored", dirs_exist_ok=True)
    return Archive.open(f"sqlite:///{tmp_path}/restored/archive.db")


def test_a_backup_is_an_archive(tmp_path: Path) -> None:
    with filled(tmp_path / "live", 20) as archive:
        done = archive.backup(tmp_path / "backup")
        assert (done.articles, done.captures, done.last_change, done.new_bodies) == (20, 20, 20, 20)
        held = list(archive.find(Query()))
    shutil.rmtree(tmp_path / "live")
    with restored(tmp_path / "backup", tmp_path) as again:
        assert list(again.find(Query())) == held
        assert again.raw(held[0].id)
        assert list(again.verify()) == []
        assert len(list(again.replay())) == 20
    assert json.loads((tmp_path / "backup" / "backup.json").read_text())["articles"] == 20


def test_the_next_one_copies_only_what_is_new(tmp_path: Path) -> None:
    with filled(tmp_path / "live", 20) as archive:
        archive.backup(tmp_path / "backup")
        before = {file: file.stat().st_mtime_ns for file in (tmp_path / "backup" / "raw" / "sha256").rglob("*.gz")}
        with archive.batch():
            for at in range(20, 25):
                archive.save(*numbered(at))
        assert archive.backup(tmp_path / "backup").new_bodies == 5
        assert {file: file.stat().st_mtime_ns for file in before} == before
        assert archive.backup(tmp_path / "backup").new_bodies == 0
    with restored(tmp_path / "backup", tmp_path) as again:
        assert again.count(Query()) == 25
        assert list(again.verify()) == []


def test_a_backup_while_another_process_writes(tmp_path: Path) -> None:
    """Each copy is of one moment, and the one that is made anew takes the place of the one before."""
    stop = get_context("fork").Event()

    def write() -> None:
        at = 1_000
        with Archive.open(f"sqlite:///{tmp_path}/live/archive.db") as archive:
            while not stop.is_set():
                with archive.batch():
                    for _ in range(10):
                        archive.save(*numbered(at))
                        at += 1

    filled(tmp_path / "live", 200).close()
    writer = fork(write)
    made: list[BackedUp] = []
    try:
        with Archive.open(f"sqlite:///{tmp_path}/live/archive.db") as archive:
            for _ in range(4):
                made.append(archive.backup(tmp_path / "backup"))
                with restored(tmp_path / "backup", tmp_path) as again:
                    held = again.statistics()
                    assert (held.articles, held.captures) == (made[-1].articles, made[-1].captures)
                    assert again.changes.last() == made[-1].last_change
                    assert list(again.verify()) == []
    finally:
        stop.set()
    assert ended(writer) == 0
    assert made[0].articles < made[-1].articles, "nothing was written meanwhile"


def test_what_was_forgotten_goes_from_the_backup_too(tmp_path: Path) -> None:
    with filled(tmp_path / "live", 5) as archive:
        archive.backup(tmp_path / "backup")
        gone = next(iter(archive.find(Query())))
        body = archive.raw(gone.id)
        archive.forget(gone.id)
        archive.backup(tmp_path / "backup")
    with restored(tmp_path / "backup", tmp_path) as again:
        assert again.count(Query()) == 4
        assert again.forgotten(gone.id)
        assert list(again.verify()) == []
        assert body not in [page.body for page in again.replay() if hasattr(page, "body")]
        assert len(list(again._blobs.hashes())) == 4


def test_something_that_is_forgotten_meanwhile_spoils_it(tmp_path: Path) -> None:
    with filled(tmp_path / "live", 5) as archive:
        archive.backup(tmp_path / "backup")
        gone = next(iter(archive.find(Query())))

        def forget_before_the_pages(what: str, _total: int | None) -> AbstractContextManager[Any]:
            if what == "pages":
                archive.forget(gone.id)
            return nullcontext(lambda _: None)

        with pytest.raises(Refused, match="forgotten while"):
            archive.backup(tmp_path / "backup", forget_before_the_pages)
        assert archive.backup(tmp_path / "backup").articles == 4
    with restored(tmp_path / "backup", tmp_path) as again:
        assert list(again.verify()) == []


def test_it_is_whole_or_as_it_was(tmp_path: Path) -> None:
    """Killed at each stage, the backup before is there; the next run finishes."""
    with filled(tmp_path / "live", 30) as archive:
        archive.backup(tmp_path / "backup")
        for at in range(30, 40):
            archive.save(*numbered(at))

    for stage in ("database", "logs", "pages"):

        def die(stage: str) -> None:
            def progress(what: str, _total: int | None) -> AbstractContextManager[Any]:
                if what == stage:
                    os._exit(9)
                return nullcontext(lambda _: None)

            with Archive.open(f"sqlite:///{tmp_path}/live/archive.db") as archive:
                archive.backup(tmp_path / "backup", progress)

        assert ended(fork(die, stage)) == 9
        with restored(tmp_path / "backup", tmp_path) as again:
            assert again.count(Query()) == 30
            assert list(again.verify()) == []
    with Archive.open(f"sqlite:///{tmp_path}/live/archive.db") as archive:
        assert archive.backup(tmp_path / "backup").articles == 40
    assert sorted(file.name for file in (tmp_path / "backup").iterdir()) == ["archive.db", "backup.json", "raw"]


def test_nothing_else_is_written_over(tmp_path: Path) -> None:
    with filled(tmp_path / "live", 1) as archive:
        with pytest.raises(Refused, match="is not empty, and no backup"):
            archive.backup(tmp_path / "live")
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "notes").write_text("mine")
        with pytest.raises(Refused, match="no backup"):
            archive.backup(tmp_path / "mine")
        archive.backup(tmp_path / "backup")
        assert archive.backup(tmp_path / "backup").new_bodies == 0
        with Archive.open(f"sqlite:///{tmp_path}/backup/archive.db") as used:
            used.save(*numbered(77))
            with pytest.raises(Refused, match="in use"):
                archive.backup(tmp_path / "backup")
        assert archive.backup(tmp_path / "backup").articles == 1


def test_kept_bytes_of_a_bucket_come_along(tmp_path: Path, s3_place: str) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/live.db", s3_place) as archive:
        for at in range(5):
            archive.save(*numbered(at))
        assert archive.backup(tmp_path / "backup").new_bodies == 5
    with restored(tmp_path / "backup", tmp_path) as again:
        assert list(again.verify()) == []


def test_the_command(tmp_path: Path, postgres_databases: Any) -> None:
    filled(tmp_path / "live", 3).close()

    def copydesk(*arguments: str, database: str, raw: Path) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"COPYDESK_DATABASE": database, "COPYDESK_BLOBS": str(raw)}
        return subprocess.run(
            [sys.executable, "-m", "crawler", *arguments], env=environment, capture_output=True, text=True, check=False
        )

    live = {"database": f"sqlite:///{tmp_path}/live/archive.db", "raw": tmp_path / "live" / "raw"}
    done = copydesk("backup", "--json", str(tmp_path / "backup"), **live)  # type: ignore[arg-type]
    assert (done.returncode, json.loads(done.stdout)["articles"]) == (0, 3), done.stderr
    done = copydesk("backup", "--database-only", str(tmp_path / "rows"), **live)  # type: ignore[arg-type]
    assert done.returncode == 0
    assert sorted(file.name for file in (tmp_path / "rows").iterdir()) == ["archive.db", "backup.json"]
    url = postgres_databases.emptied()
    refused = copydesk("backup", str(tmp_path / "other"), database=url, raw=tmp_path / "live" / "raw")
    assert refused.returncode == 2
    assert f"pg_dump --format=custom --file={tmp_path}/other.dump" in refused.stderr
    assert not (tmp_path / "other").exists()
