"""Transfer: an archive moved from SQLite to PostgreSQL and back holds the same, answers the same, and goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from crawler.cli import copydesk
from storage import Archive, Query
from storage.database import Database
from storage.errors import Damaged, Refused
from storage.transfer import Transfer
from tests.newsroom import numbered
from tests.small_archive import furnish

ROOT = Path(__file__).parents[1]


def url_of(kind: str, folder: Path, databases: Any) -> str:
    return f"sqlite:///{folder / 'archive.db'}" if kind == "sqlite" else databases.fresh()


@pytest.fixture(params=[("sqlite", "postgresql"), ("postgresql", "sqlite")], ids="-to-".join)
def urls(request: pytest.FixtureRequest, tmp_path: Path, postgres_databases: Any) -> tuple[str, str]:
    """Two databases that nobody has used, of different kinds."""
    here, there = request.param
    return url_of(here, tmp_path / "here", postgres_databases), url_of(there, tmp_path / "there", postgres_databases)


def answers(archive: Archive) -> list[object]:
    """What an archive says of all it holds; ties of rank stand in the order of ids."""
    found = list(archive.find(Query()))
    asked = ("flood", "title:gate", '"north gate"', "author:duarte", "gat*", "is:copy")
    return [
        found,
        [sorted(each.id for each in archive.find(Query(words=words))) for words in asked],
        [archive.versions(each.id) for each in found],
        [archive.removed(each.id) for each in found],
        [archive.sightings(each.id) for each in found],
        [archive.stories.links(each.id) for each in found],
        [archive.raw(each.id) for each in found],
        archive.changes.since(0, 1000),
        archive.runs(),
        archive.statistics(),
        archive.tokens.all(),
        archive.watches.all(),
    ]


def test_the_copy_is_the_archive_and_goes_on(urls: tuple[str, str], tmp_path: Path) -> None:
    with Archive.open(urls[0], str(tmp_path / "raw")) as archive:
        _, _, opera = furnish(archive)
        last, _ = archive.save(*numbered(7)), archive.tokens.add("desk", "read")
        archive.watches.add("floods", Query(words="flood"), "command", "true")
        gone = archive.forget(str(last.article_id)).article_id  # the highest number is given, and its row is gone
        done = archive.copy(urls[1], str(tmp_path / "bytes"))
        expected, place = answers(archive), archive.place
        highest = archive.changes.since(0, 1000)[-1].seq
        follower = archive.save(*numbered(8)).article_id
        seq_here = seq_of(archive, follower)
    assert (done.articles, done.last_change) == (len(expected[0]), highest)  # type: ignore[arg-type]
    assert done.rows > done.articles
    assert (tmp_path / "bytes") != Path(place)
    with Archive.open(urls[1], str(tmp_path / "bytes")) as moved:
        assert answers(moved) == expected
        assert list(moved.verify()) == []
        assert moved.get(opera)
        assert gone is not None
        assert moved.forgotten(gone)
        again = moved.save(*numbered(8)).article_id
        assert moved.changes.since(highest, 10)[0].seq == highest + 1
        assert (again, seq_of(moved, again)) == (follower, seq_here)
        assert moved.save(*numbered(7)).outcome == "rejected"  # forgotten there too


def seq_of(archive: Archive, article: str | None) -> int:
    with archive._database.reading() as connection:
        return int(connection.execute(text("SELECT seq FROM article WHERE id = :id"), {"id": article}).scalar_one())


def test_what_is_not_empty_is_not_written_to(urls: tuple[str, str], tmp_path: Path) -> None:
    with Archive.open(urls[1], str(tmp_path / "other")) as other:
        other.save(*numbered(1))
        before = answers(other)
        with Archive.open(urls[0], str(tmp_path / "raw")) as archive:
            furnish(archive)
            with pytest.raises(Refused, match="is not empty: its table article has rows"):
                archive.copy(urls[1])
        assert answers(other) == before


def test_bytes_of_another_archive_are_left_alone(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/other.db", str(tmp_path / "other")) as other:
        other.save(*numbered(1))
        with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive:
            furnish(archive)
            with pytest.raises(Refused, match="those of another archive"):
                archive.copy(f"sqlite:///{tmp_path}/new.db", str(tmp_path / "other"))
        assert list(other.verify()) == []


def test_a_row_that_reads_back_otherwise_undoes_all(
    urls: tuple[str, str], tmp_path: Path, postgres_databases: Any
) -> None:
    """The new database changes a title behind our back; then it does not, and the same command works."""
    with Archive.open(urls[0], str(tmp_path / "raw")) as archive:
        furnish(archive)
        target = Database.open(urls[1])
        changing = "UPDATE version SET title = title || '!' WHERE article_id = {}.article_id AND number = {}.number;"
        with target.writing() as connection:
            if target.file is None:
                connection.exec_driver_sql(
                    "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN NEW.title := NEW.title || '!'; RETURN NEW; END $$"
                )
                connection.exec_driver_sql(
                    "CREATE TRIGGER shouts BEFORE INSERT ON version FOR EACH ROW EXECUTE FUNCTION shout()"
                )
            else:
                body = changing.format("NEW", "NEW")
                connection.exec_driver_sql(f"CREATE TRIGGER shouts AFTER INSERT ON version BEGIN {body} END")
        with pytest.raises(Damaged, match="the table version reads back otherwise"):
            archive.copy(urls[1])
        with target.writing() as connection:
            connection.exec_driver_sql("DROP TRIGGER shouts" + (" ON version" if target.file is None else ""))
        target.close()
        assert archive.copy(urls[1]).articles == archive.statistics().articles


def test_others_may_write_and_the_copy_is_of_one_moment(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/archive.db"
    with Archive.open(place) as archive, Archive.open(place) as other:
        furnish(archive)
        before = answers(archive)

        def writing(what: str, _total: int | None) -> AbstractContextManager[Callable[[int], None]]:
            if what == "rows":
                other.save(*numbered(9))
            return nullcontext(lambda _: None)

        archive.copy(f"sqlite:///{tmp_path}/new/archive.db", str(tmp_path / "new" / "raw"), writing)
        assert answers(archive) != before
    with Archive.open(f"sqlite:///{tmp_path}/new/archive.db") as moved:
        assert answers(moved) == before
        assert list(moved.verify()) == []


KILLED = """
import os, sys
from contextlib import nullcontext
from storage import Archive

def progress(what, total):
    if what == sys.argv[3]:
        os.kill(os.getpid(), 9)
    return nullcontext(lambda _: None)

Archive.open(sys.argv[1], sys.argv[4]).copy(sys.argv[2], sys.argv[5], progress)
"""


@pytest.mark.parametrize("stage", ["word index", "reading back", "pages"])
def test_what_was_killed_is_begun_again(stage: str, urls: tuple[str, str], tmp_path: Path) -> None:
    places = str(tmp_path / "raw"), str(tmp_path / "bytes")
    with Archive.open(urls[0], places[0]) as archive:
        furnish(archive)
        said = [sys.executable, "-c", KILLED, *urls, stage, *places]
        killed = subprocess.run(said, check=False, cwd=ROOT, timeout=120)
        assert killed.returncode == -signal.SIGKILL
        with Archive.open(urls[1], places[1]) as half:
            assert half.statistics().articles == 0
        archive.copy(urls[1], places[1])
        with Archive.open(urls[1], places[1]) as moved:
            assert answers(moved) == answers(archive)
            assert list(moved.verify()) == []


def test_what_is_forgotten_meanwhile_undoes_all(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive:
        first, _, _ = furnish(archive)
        other = Database.open(f"sqlite:///{tmp_path}/new.db")

        class Forgetting(Transfer):
            """Somebody forgets an article when the rows have been read."""

            def _copy_bytes(self, progress: Any) -> int:
                archive.forget(first)
                return super()._copy_bytes(progress)

        with pytest.raises(Refused, match="forgotten while"):
            Forgetting(archive._database, archive._blobs, other, None).work()
        other.close()
        archive.copy(f"sqlite:///{tmp_path}/new.db")


def test_the_command_tells_what_it_did(tmp_path: Path) -> None:
    place = f"sqlite:///{tmp_path}/archive.db"
    with Archive.open(place) as archive:
        furnish(archive)
    run = CliRunner().invoke(
        copydesk, ["copy", "--to", f"sqlite:///{tmp_path}/new.db", "--json"], obj=None, env={"COPYDESK_DATABASE": place}
    )
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout.splitlines()[-1])
    assert told["rows"] == sum(table["rows"] for table in told["tables"])
    assert told["blobs"] == str(tmp_path / "raw")
    with Archive.open(f"sqlite:///{tmp_path}/new.db", told["blobs"]) as moved:
        assert moved.statistics().articles == told["articles"]
        assert list(moved.verify()) == []
