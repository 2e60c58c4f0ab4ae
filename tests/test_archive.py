"""The archive as its users see it, on both databases."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from storage import (
    Archive,
    ArchivedArticle,
    ArchiveUnavailable,
    Article,
    Block,
    Claims,
    Damaged,
    Failed,
    NotFound,
    Page,
    Query,
    Rejected,
    Removed,
    StorageError,
    schema,
)
from storage.archive import _REPLAYED_AT_ONCE
from storage.intake import _AT_ONCE
from storage.migrations import known
from storage.safe_text import safe_text
from tests.newsroom import LONG, NOON, article, numbered, page

REJECTED = Rejected("too-short", "3 words")


def logged(tmp_path: Path) -> list[str]:
    """The lines of the captures log."""
    files = sorted((tmp_path / "raw" / "captures").rglob("*.jsonl"))
    return [line for file in files for line in file.read_text().splitlines()]


def rows(archive: Archive) -> dict[str, int]:
    """How many rows each table has."""
    with archive._database.reading() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in schema.metadata.sorted_tables
        }


def test_importing_storage_opens_no_library() -> None:
    script = (
        "import storage, sys; storage.Page; sys.exit(any(m in sys.modules for m in ('sqlalchemy', 'boto3', 'alembic')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_article_comes_back_as_it_went_in(archive: Archive) -> None:
    blocks = (
        Removed(0, 13, 1, "Council votes", "title", "title.first-line"),
        Block(14, 20, 2, "Hué, 20"),
        Removed(21, 30, 3, "Foto: dpa", "credit", "credit.label"),
    )
    went_in = article(
        blocks=blocks,
        authors=("Đặng Văn An", "O'Neil"),
        agency="AFP",
        dateline="Huế",
        published_at=datetime(2026, 11, 20, 7, 30, tzinfo=timezone(timedelta(hours=7))),
        published_precision="minute",
        published_origin="json-ld",
        modified_at=NOON,
        language="vi",
        section="Thời sự",
        keywords=("bầu cử",),
        image="https://gazette.example/1.jpg",
        canonical_url="https://gazette.example/one",
        access="free",
        flags=("charset-guessed",),
        published_zone="UTC+07:00",
        image_caption="Hội đồng",
        image_credit="An",
        amp_url="https://gazette.example/amp/one",
        origins=(("access", "json-ld"), ("title", "heading")),
    )
    saved = archive.save(page(), went_in)
    came_out = archive.get(saved.article_id or "")
    for field in dataclasses.fields(ArchivedArticle):
        if hasattr(went_in, field.name):
            assert getattr(came_out, field.name) == getattr(went_in, field.name), field.name
    assert (came_out.url, came_out.source, came_out.fetched_at) == ("https://gazette.example/1", "gazette", NOON)
    assert (came_out.id, came_out.story_id, came_out.copy_of) == (saved.article_id, saved.story_id, None)
    assert came_out.published_at is not None
    assert came_out.published_at.tzinfo is UTC
    assert archive.removed(came_out.id) == went_in.removed
    assert list(archive.find(Query(words="council"))) == [came_out] == list(archive.versions(came_out.id))


def test_what_was_removed_is_that_of_the_current_version(archive: Archive) -> None:
    cut = Removed(0, 4, 1, "Menu", "nav", "nav.words")
    first = archive.save(page(), article(blocks=(cut,)))
    archive.save(page(hours=1), article(LONG + "More."))
    assert archive.removed(first.article_id or "") == ()


def test_each_sighting_keeps_its_place_and_time(archive: Archive) -> None:
    first = archive.save(page(origin="a.html"), article())
    archive.save(page("https://wire.example/9", b"other", 1, source="wire"), article(title="Copied", published_at=NOON))
    archive.save(page(hours=2), article())
    seen = archive.sightings(first.article_id or "")
    assert [(sighting.outcome, sighting.source, sighting.title) for sighting in seen] == [
        ("stored", "gazette", "Council votes"),
        ("duplicate", "wire", "Copied"),
        ("unchanged", "gazette", "Council votes"),
    ]
    assert (seen[0].origin, seen[1].published_at, seen[2].fetched_at) == ("a.html", NOON, NOON + timedelta(hours=2))
    assert archive.body(seen[1].sha256) == b"other"


def test_the_very_same_capture_is_kept_once(archive: Archive, tmp_path: Path) -> None:
    assert archive.save(page(), article()).outcome == "stored"
    with archive.batch():
        assert archive.save(page(), article()).outcome == "unchanged"
        assert archive.save(page(origin="another copy of the file"), article()).outcome == "unchanged"
    counted = rows(archive)
    assert (counted["capture"], counted["sighting"], counted["fate"], len(logged(tmp_path))) == (1, 1, 3, 1)
    archive.save(page(hours=1), article())
    assert (rows(archive)["capture"], rows(archive)["sighting"], len(logged(tmp_path))) == (2, 2, 2)


def test_a_rejected_page_is_kept_all_the_same(archive: Archive, tmp_path: Path) -> None:
    saved = archive.save(page(body=b"Hello.", origin="short.txt"), REJECTED)
    assert (saved.outcome, saved.article_id, saved.why) == ("rejected", None, "too-short: 3 words")
    fate = archive.fates("short.txt")[0]
    assert (fate.outcome, fate.url, fate.why) == ("rejected", "https://gazette.example/1", "too-short: 3 words")
    assert (rows(archive)["capture"], rows(archive)["article"], len(logged(tmp_path))) == (1, 0, 1)
    assert archive.save(page(body=b"Hello."), article()).outcome == "stored"  # cleaned again, by other rules


def test_runs_add_up(archive: Archive) -> None:
    run = archive.begin_run("ingest", "saved/")
    with archive.batch():
        for number in range(3):
            archive.save(*numbered(number), run)
        archive.save(*numbered(0), run)
        archive.save(page("https://gazette.example/x"), REJECTED, run)
        archive.fail(Failed("saved/cut.warc.gz", "cut", "ends in the middle of a record"), run)
    under_way = archive.runs()[0]
    assert (under_way.id, under_way.kind, under_way.read, under_way.finished_at) == (run, "ingest", 6, None)
    assert dict(under_way.counts) == {"stored": 3, "unchanged": 1, "rejected": 1, "failed": 1}
    archive.finish_run(run)
    assert archive.runs(1)[0].finished_at is not None
    assert archive.fates("saved/cut.warc.gz")[0].why == "cut: ends in the middle of a record"
    with pytest.raises(NotFound, match="no run 99"):
        archive.finish_run(99)


def test_saves_without_a_run_share_one(archive: Archive) -> None:
    archive.save(*numbered(1))
    archive.begin_run("ingest")
    archive.save(*numbered(2))
    assert [(run.kind, run.read, run.finished_at is None) for run in archive.runs()] == [
        ("ingest", 0, True),
        ("save", 2, False),
    ]


def test_fates_by_address_origin_and_article(archive: Archive) -> None:
    saved = archive.save(*numbered(1))
    archive.save(page("https://wire.example/1", b"copy"), article(f"Story 1. {LONG}"))
    archive.fail(Failed("https://gazette.example/1", "timeout", "no answer", url="https://gazette.example/1"))
    by_address = archive.fates("http://www.gazette.example/1#top")
    assert [fate.outcome for fate in by_address] == ["failed", "stored"]
    assert [fate.outcome for fate in archive.fates("made:1")] == ["stored"]
    assert [fate.outcome for fate in archive.fates((saved.article_id or "")[:6])] == ["duplicate", "stored"]
    assert archive.fates("never seen") == ()


def test_ids_may_be_shortened(archive: Archive) -> None:
    ids = sorted(archive.save(*numbered(number)).article_id or "" for number in range(40))
    for id_ in ids:
        assert archive.get(id_).id == archive.get(id_[:12].upper()).id == id_
    with archive._taking_in() as intake:  # 40 of 65,536 rarely share four digits
        twin = ids[0][:4] + "f" * 12
        same = select(*(func.coalesce(twin, c) if c.name in ("id", "story_id") else c for c in schema.article.c[1:]))
        intake.connection.execute(
            schema.article.insert().from_select(
                [column.name for column in schema.article.c[1:]], same.where(schema.article.c.id == ids[0])
            )
        )
    with pytest.raises(NotFound, match=f"{ids[0][:4]} fits several articles: {ids[0]}, {twin}"):
        archive.get(ids[0][:4])
    assert archive.get(ids[0]).id == ids[0]


@pytest.mark.parametrize("bad", ["", "abc", "zzzz", "0123456789abcdef0", "%%%%", "....", "' OR 1=1", "\0abcd", "abcd"])
def test_what_is_no_id_is_not_found(archive: Archive, bad: str) -> None:
    with pytest.raises(NotFound):
        archive.get(bad)
    assert archive.fates(bad) == ()


def test_a_batch_is_all_or_nothing(archive: Archive, tmp_path: Path) -> None:
    archive.save(*numbered(0))
    before = rows(archive)

    def save_and_raise() -> None:
        with archive.batch():
            for number in range(1, _AT_ONCE + 20):  # more than are held back at once
                archive.save(*numbered(number))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_and_raise()
    assert rows(archive) == before
    archive.save(*numbered(1))
    assert len(logged(tmp_path)) == 2  # no line of what was rolled back
    assert list(archive.verify()) == []


def test_batches_join(archive: Archive) -> None:
    def save_and_raise() -> None:
        with archive.batch():
            archive.save(*numbered(1))
            with archive.batch():
                archive.save(*numbered(2))
            raise KeyError

    with pytest.raises(KeyError):
        save_and_raise()
    assert archive.count(Query()) == 0
    with archive.batch():
        with archive.batch():
            archive.save(*numbered(1))
        assert archive.count(Query()) == 0  # answers are of what is committed
    assert archive.count(Query()) == 1


def test_a_save_that_fails_half_way_is_not_committed_around(archive: Archive) -> None:
    naive = dataclasses.replace(page("https://gazette.example/naive"), fetched_at=datetime(2026, 1, 1))  # noqa: DTZ001  (the mistake to be found)

    def save_and_go_on() -> None:
        with archive.batch():
            for number in range(_AT_ONCE - 1):
                archive.save(*numbered(number))
            with pytest.raises(Exception, match="without a zone"):
                archive.save(naive, article())
            with pytest.raises(StorageError, match="half-way"):
                archive.save(*numbered(1000))

    with pytest.raises(StorageError, match="nothing of the batch is kept"):
        save_and_go_on()
    assert archive.count(Query()) == 0
    assert archive.save(*numbered(1)).outcome == "stored"


def test_find_streams_newest_first(archive: Archive) -> None:
    with archive.batch():
        for number in range(30):
            came, made = numbered(number)
            archive.save(came, dataclasses.replace(made, published_at=NOON - timedelta(hours=number % 10)))
    found = list(archive.find(Query(limit=None)))
    assert found == sorted(found, key=lambda one: (one.published_at or NOON, one.id), reverse=True)
    assert len(found) == archive.count(Query(limit=3)) == 30
    stream = archive.find(Query(limit=None))
    assert next(stream) == found[0]
    archive.save(page("https://gazette.example/new", hours=5), article())  # saving goes on beside a question
    assert len(list(stream)) == 29
    half_read = archive.find(Query(limit=None))
    next(half_read)
    del half_read  # gives its connection back


def test_statistics(archive: Archive) -> None:
    archive.save(page(), article())
    archive.save(page(hours=1), article(LONG + "More."))
    archive.save(page("https://wire.example/1", b"wire", 2, source=None), article())
    archive.save(page("https://gazette.example/2", b"bad"), REJECTED)
    counted = archive.statistics()
    assert (counted.articles, counted.versions, counted.sightings, counted.captures) == (1, 2, 3, 4)
    assert counted.captured_bytes == 3 + 3 + 4 + 3
    assert [(one.source, one.captures, one.last_seen_at) for one in counted.sources] == [
        ("gazette", 3, NOON + timedelta(hours=1)),
        (None, 1, NOON + timedelta(hours=2)),
    ]


def test_verify_names_every_damage(archive: Archive, tmp_path: Path) -> None:
    ids = [archive.save(*numbered(number)).article_id or "" for number in range(6)]
    assert list(archive.verify()) == []
    hashes = [archive.sightings(id_)[0].sha256 for id_ in ids]
    blobs = {sha256: next((tmp_path / "raw").rglob(f"{sha256}*")) for sha256 in hashes}
    blobs[hashes[0]].unlink()
    blobs[hashes[1]].write_bytes(blobs[hashes[2]].read_bytes())
    blobs[hashes[2]].write_bytes(b"")
    with archive._taking_in() as intake:
        connection = intake.connection
        connection.execute(update(schema.article).where(schema.article.c.id == ids[3]).values(current=7))
        connection.execute(delete(schema.sighting).where(schema.sighting.c.article_id == ids[4]))
        key = "rowid" if connection.dialect.name == "sqlite" else "seq"
        connection.exec_driver_sql(f"DELETE FROM article_words WHERE {key} = 6")
    assert {damage.subject for damage in archive.verify()} == {*hashes[:3], *ids[3:]}
    for sha256, error in ((hashes[0], NotFound), (hashes[1], Damaged), (hashes[2], Damaged)):
        with pytest.raises(error):
            archive.body(sha256)


def test_the_kept_bytes_make_the_archive_again(archive: Archive, tmp_path: Path) -> None:
    """A new database over the same bytes ends with the same articles, and the log is not written twice."""
    with archive.batch():
        for number in range(_REPLAYED_AT_ONCE + 10):
            archive.save(*numbered(number))
    claims = Claims(title="Claimed", authors=("A",), published_at=NOON)
    archive.save(page(body=b"bare", url=None, headers=(("ETag", "x"),), claims=claims, status=200), article())
    archive.save(page("https://wire.example/1", b"wire", 1), article(f"Story 3. {LONG}"))
    archive.save(page("https://wire.example/2", b"stub", 1), REJECTED)
    lines = logged(tmp_path)

    def clean_again(kept: Page) -> Article | Rejected:
        if kept.body == b"bare":
            assert (kept.headers, kept.claims, kept.status) == ((("ETag", "x"),), claims, 200)
            return article()
        if kept.body == b"wire":
            return article(f"Story 3. {LONG}")
        if kept.body == b"stub":
            return REJECTED
        return numbered(int((kept.url or "").rpartition("/")[2]))[1]

    with Archive.open(f"sqlite:///{tmp_path}/again.db", blobs=str(tmp_path / "raw")) as again:
        with again.batch():
            for kept in again.replay():
                assert isinstance(kept, Page)
                again.save(kept, clean_again(kept))
        assert list(again.find(Query(limit=None))) == list(archive.find(Query(limit=None)))
        assert {**rows(again), "run": 0} == {**rows(archive), "run": 0}
        assert list(again.verify()) == []
    assert logged(tmp_path) == lines


def test_the_bytes_of_the_current_version(archive: Archive) -> None:
    id_ = archive.save(page(body=b"first"), article()).article_id or ""
    archive.save(page(body=b"second"), article(LONG + "More."))
    archive.save(page("https://wire.example/1", b"copy", 1), article())
    assert archive.raw(id_) == b"second"


def test_a_checkup_finds_all_well(archive: Archive, tmp_path: Path) -> None:
    assert archive.body(archive.write_probe()) == b"copydesk\n"
    assert archive.migration() == known()[-1]
    assert archive.place == str(tmp_path / "raw")
    assert archive.database.startswith(("sqlite", "postgresql"))
    assert rows(archive) == dict.fromkeys(rows(archive), 0)
    assert list(archive.verify()) == []


def test_bytes_in_a_bucket(database_url: str, s3_place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(database_url, blobs=s3_place) as archive:
        id_ = archive.save(*numbered(1)).article_id or ""
        assert archive.raw(id_) == numbered(1)[0].body
        assert [one.url for one in archive.replay() if isinstance(one, Page)] == ["https://gazette.example/1"]
        assert list(archive.verify()) == []
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with Archive.open(database_url, blobs=s3_place) as archive:
        with pytest.raises(ArchiveUnavailable):
            archive.save(*numbered(2))
        assert archive.count(Query()) == 1


def test_a_lost_body_is_a_failure_of_the_replay(archive: Archive, tmp_path: Path) -> None:
    for number in range(3):
        archive.save(*numbered(number))
    next(
        (tmp_path / "raw").rglob(f"{archive.sightings(archive.fates('made:1')[0].article_id or '')[0].sha256}*")
    ).unlink()
    replayed = list(archive.replay())
    assert [type(one) for one in replayed] == [Page, Failed, Page]
    assert isinstance(replayed[1], Failed)
    assert (replayed[1].origin, replayed[1].reason) == ("made:1", "damaged")


_hostile = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("\0\r\n\t\x1b\x7f\x85\x9b\ud800\udfff\ufeff\u0301e'\"\\%")),
    max_size=30,
)


@given(_hostile)
def test_safe_text_is_safe_and_stays_so(hostile: str) -> None:
    safe = safe_text(hostile)
    assert safe == safe_text(safe)
    safe.encode()  # no lone surrogates
    assert not any((ch < " " and ch not in "\n\t") or "\x7f" <= ch <= "\x9f" for ch in safe)


def test_safe_text_parts_endless_marks() -> None:
    """Putting combining marks in order takes quadratic time: a megabyte of them would hold the writer for minutes."""
    marks = "\u0301\u0316" * 500_000
    safe = safe_text("a" + marks)
    assert safe.replace("\u034f", "").count("\u0301") + (safe[0] == "á") == 500_000
    assert max(map(len, safe.split("\u034f"))) <= 32


def test_safe_text_changes_no_more_than_it_must() -> None:
    assert (
        safe_text("Hue\u0302\u0301\r\nline\rtab\tend\x1b[2J\x00\x0cpage\ud83d") == "Huế\nline\ntab\tend[2J page\ufffd"
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=_hostile, number=st.integers(0, 10**9))
def test_every_string_may_be_hostile(archive: Archive, hostile: str, number: int) -> None:
    body = f"{number} {hostile!r}".encode()
    url = f"https://gazette.example/{number}?{hostile}"
    came = page(
        url,
        body,
        source=hostile,
        origin=hostile,
        headers=((hostile, hostile),),
        claims=Claims(title=hostile, keywords=(hostile,)),
    )
    made = article(
        f"{number} {hostile} {LONG}",
        hostile,
        blocks=(Removed(0, 1, 1, hostile, "other", hostile),),
        authors=(hostile,),
        agency=hostile,
        keywords=(hostile,),
        canonical_url=hostile,
        flags=(hostile,),
    )
    saved = archive.save(came, made, archive.begin_run(hostile, hostile))
    assert saved.article_id is not None
    kept = archive.get(saved.article_id)
    assert (kept.title, kept.authors, kept.agency) == (safe_text(hostile), (safe_text(hostile),), safe_text(hostile))
    assert archive.removed(kept.id)[-1].text == safe_text(hostile)
    assert archive.save(came, REJECTED).outcome == "rejected"
    assert archive.fail(Failed(hostile, hostile, hostile, url=hostile)).outcome == "failed"
    assert archive.fates(url)
    found = archive.find(Query(words=f"{number} council", source=hostile, limit=None))
    assert kept.id in {each.id for each in found}  # others may be the same when what is unsafe is gone


@pytest.mark.parametrize("year", [1, 1900, 9999])
def test_times_far_away(archive: Archive, year: int) -> None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    saved = archive.save(page(), article(published_at=at))
    assert archive.get(saved.article_id or "").published_at == at
