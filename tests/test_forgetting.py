"""Forgetting: nothing of an article is left, and it does not come back; others of its story go on without it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, event, select

from pipelines import clean
from storage import Archive, Claims, Page, Query, Rejected
from storage.blobs import open_blobs
from storage.errors import Gone, NotFound, StorageError
from storage.links import Named, Order
from tests.newsroom import NOON, article, ended, fork, page, prose, sketched

MARK = "zanzibarquagga"
"""A word that nothing else has."""
TEXT = f"The {MARK} council met again. " * 12
ADDRESS = f"https://gazette.example/2026/{MARK}-votes"


@pytest.fixture(params=["folder", "s3"])
def kept(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Archive]:
    """An empty archive on each kind of database, with its bytes in a folder and in a bucket."""
    place = str(tmp_path / "raw") if request.param == "folder" else request.getfixturevalue("s3_place")
    with Archive.open(database_url, place) as archive:
        yield archive


def a_page(url: str = ADDRESS, body: bytes = MARK.encode(), hours: float = 0) -> Page:
    return page(
        url, body, hours, headers=(("X-Title", f"About the {MARK}"),), claims=Claims(title=f"The {MARK} votes"),
        origin=f"saved/{MARK}.html",
    )  # fmt: skip


def an_article_of_every_kind(archive: Archive) -> str:
    """One that has versions, an alias, a copy elsewhere, a page that was rejected, a link; its id."""
    archive.file_run("gazette", [Named(ADDRESS, claims=Claims(title=f"The {MARK} votes"))])
    first = archive.save(a_page(), article(TEXT, f"The {MARK} votes", canonical_url="https://gazette.example/canon"))
    archive.save(a_page(body=f"second {MARK}".encode(), hours=1), article(TEXT + "More of it.", f"The {MARK} votes"))
    archive.save(a_page("https://paper.example/same", f"{MARK} there".encode()), article(TEXT, f"{MARK} elsewhere"))
    archive.save(a_page(body=f"a wall for {MARK}".encode(), hours=2), Rejected("no-text", f"{MARK} is behind a wall"))
    assert first.article_id
    return first.article_id


def all_that_is_kept(archive: Archive) -> str:
    """Every cell of every table, and every byte beside them, as text."""
    blobs = open_blobs(archive.place)
    with archive._database.reading() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        rows = [str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    lines = [line.decode() for log in blobs.logs() for line in blobs.lines(log)]
    return "\n".join([*rows, *lines, *(blobs.get(sha256).decode() for sha256 in blobs.hashes())])


def test_nothing_is_left_of_it(kept: Archive) -> None:
    id_ = an_article_of_every_kind(kept)
    kept.save(*_another(1))
    assert MARK in all_that_is_kept(kept)
    taken = kept.forget(id_)
    assert (taken.article_id, taken.versions, taken.captures, taken.copies) == (id_, 2, 4, ())
    assert MARK not in all_that_is_kept(kept).lower()
    assert kept.count(Query()) == 1
    assert kept.count(Query(words=MARK)) == 0
    assert list(kept.verify()) == []
    with pytest.raises(Gone, match="was forgotten on 20"):
        kept.get(id_)


def test_no_file_of_an_embedded_archive_holds_its_words(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive:
        for number in range(40):
            archive.save(*_another(number))
        id_ = an_article_of_every_kind(archive)
        for number in range(40, 80):
            archive.save(*_another(number))
        archive.forget(id_)
        archive.vacuum()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(file.name == "archive.db" for file in files)
    assert [file for file in files if MARK.encode() in file.read_bytes()] == []


def test_it_does_not_come_back(kept: Archive) -> None:
    id_ = an_article_of_every_kind(kept)
    kept.forget(id_)
    run = kept.begin_run("ingest")
    tried = {
        "its address, whatever it shows": (a_page(body=b"new", hours=9), article(prose(3), "Another")),
        "its address, of a page that is no article": (a_page(body=b"gone", hours=9), Rejected("no-text", "404")),
        "an address where a copy was seen": (a_page("https://paper.example/same", b"other"), article(prose(4), "x")),
        "its text elsewhere": (a_page("https://else.example/1", b"elsewhere"), article(TEXT, "Another title")),
        "an older text of it": (a_page("https://else.example/2", b"older"), article(TEXT + "More of it.", "t")),
        "its bytes elsewhere": (a_page("https://else.example/3"), article(prose(5), "t")),
        "an address that leads there": (
            replace(a_page("https://else.example/4", b"moved"), asked_url=ADDRESS), article(prose(6), "t"),
        ),
    }  # fmt: skip
    with kept.batch():
        kept.expect(list(tried.values()))
        saved = {name: kept.save(*each, run=run) for name, each in tried.items()}
    assert {name: each.outcome for name, each in saved.items()} == dict.fromkeys(tried, "rejected")
    assert all(each.why.startswith("forgotten on 20") for each in saved.values())
    kept.finish_run(run)
    assert dict(kept.run(run).counts) == {"rejected": len(tried)}
    assert kept.count(Query()) == 0
    assert MARK not in all_that_is_kept(kept)
    stranger = a_page("https://else.example/9", b"a stranger"), article(prose(7), "A stranger")
    assert kept.save(*stranger).outcome == "stored"


def test_short_texts_are_told_apart_by_their_titles(archive: Archive) -> None:
    forgotten = archive.save(page("https://a.example/1", b"more"), article("More to follow.", "Storm"))
    assert forgotten.article_id
    archive.forget(forgotten.article_id)
    assert archive.save(page("https://a.example/2", b"more"), article("More to follow.", "Storm")).outcome == "rejected"
    other = archive.save(page("https://a.example/3", b"more"), article("More to follow.", "Flood"))
    assert other.outcome == "stored"
    assert archive.raw(other.article_id or "") == b"more"
    assert list(archive.verify()) == []


def test_what_others_need_stays(archive: Archive) -> None:
    """The same bytes at another address made another article: they are read with what is known of each site."""
    first = archive.save(page("https://a.example/1", b"shared"), article(prose(1), "One"))
    other = archive.save(page("https://b.example/1", b"shared"), article(prose(2), "Two"))
    archive.forget(first.article_id or "")
    assert archive.raw(other.article_id or "") == b"shared"
    assert archive.save(page("https://b.example/1", b"shared", 5), article(prose(2), "Two")).outcome == "unchanged"
    assert list(archive.verify()) == []


def test_a_text_that_another_article_has_too_is_still_welcome_there(archive: Archive) -> None:
    first = archive.save(page("https://a.example/1", b"a"), article(prose(1), "One"))
    other = archive.save(page("https://b.example/1", b"b"), article(prose(1) + " And more.", "One"))
    assert archive.save(page("https://b.example/1", b"b2", 1), article(prose(1), "One")).outcome == "version"
    taken = archive.forget(first.article_id or "")
    assert taken.copies == (other.article_id,)
    assert archive.save(page("https://b.example/1", b"b3", 2), article(prose(1), "One")).outcome == "unchanged"
    assert list(archive.verify()) == []


def test_the_fate_of_what_was_forgotten(archive: Archive) -> None:
    id_ = an_article_of_every_kind(archive)
    assert archive.forgotten(id_) is None
    archive.forget(ADDRESS)
    at = archive.forgotten(id_)
    assert at
    for named in (id_, id_[:8], ADDRESS, "https://paper.example/same", "https://gazette.example/canon"):
        assert archive.forgotten(named) == at
    for named in (id_, id_[:8], ADDRESS, "https://paper.example/same"):
        fates = archive.fates(named)
        assert fates
        assert {fate.why for fate in fates} == {f"forgotten on {at:%Y-%m-%d}"}
        assert {(fate.url, fate.origin) for fate in fates} == {(None, None)}
    assert archive.fates(id_)[0].outcome == "forgotten"
    assert archive.forgotten("https://nowhere.example/") is None
    assert archive.forgotten("ffff") is None
    again = archive.forget(id_)
    assert again.forgotten_at == at
    with pytest.raises(NotFound):
        archive.forget("https://nowhere.example/")


def test_an_address_without_an_article(archive: Archive) -> None:
    archive.save(a_page(), Rejected("no-text", f"{MARK} is no article"))
    taken = archive.forget(ADDRESS)
    assert (taken.article_id, taken.captures) == (None, 1)
    assert MARK not in all_that_is_kept(archive)
    assert archive.save(a_page(hours=3), article(TEXT)).outcome == "rejected"


def test_a_crawl_does_not_fetch_it(archive: Archive) -> None:
    """An address that is named again counts as known; one that waits gets an outcome: the sums of the runs agree."""
    waiting = archive.file_run("gazette", [Named(ADDRESS)]).run
    archive.save(a_page(), article(TEXT))
    archive.forget(ADDRESS)
    run = archive.run(waiting)
    assert (run.named, run.known, run.pending, dict(run.counts)) == (1, 0, 0, {"rejected": 1})
    again = archive.file_run("tribune", [Named(ADDRESS, again=True)], Order(again=True)).run
    run = archive.run(again)
    assert (run.named, run.known, run.pending, dict(run.counts)) == (1, 1, 0, {})
    assert MARK not in all_that_is_kept(archive)


def test_it_cannot_be_forgotten_within_a_batch(archive: Archive) -> None:
    id_ = an_article_of_every_kind(archive)
    with archive.batch(), pytest.raises(StorageError, match="batch"):
        archive.forget(id_)
    assert archive.get(id_).title


# --- stories


def story(archive: Archive, number: int = 4) -> list[str]:
    """One text in some papers, an hour apart; the ids, the centre first."""
    text = prose(50)
    ids = []
    for at in range(number):
        edited = text.replace(".", f" {chr(97 + at)}.", 1)
        saved = archive.save(page(f"https://paper{at}.example/1", b"%d" % at, at, source=f"p{at}"), sketched(edited))
        ids.append(saved.article_id or "")
    assert archive.get(ids[-1]).copy_of == ids[0]
    return ids


def test_others_of_a_story_get_another_centre(archive: Archive) -> None:
    first, *others = story(archive)
    taken = archive.forget(first)
    assert taken.copies == tuple(sorted(others))
    assert [archive.get(id_).copy_of for id_ in others] == [None, others[0], others[0]]
    assert {archive.get(id_).story_id for id_ in others} == {others[0]}
    assert list(archive.verify()) == []
    text = prose(50).replace(".", " z.", 1)
    late = archive.save(page("https://late.example/1", b"late", 9, source="late"), sketched(text))
    assert archive.get(late.article_id or "").copy_of == others[0]


def test_a_copy_is_forgotten_and_the_story_stands(archive: Archive) -> None:
    centre, copy, *others = story(archive)
    archive.forget(copy)
    assert {archive.get(id_).copy_of for id_ in others} == {centre}
    assert list(archive.verify()) == []


def test_rulings_go_on_about_who_is_left(archive: Archive) -> None:
    first, second, third, fourth = story(archive)
    archive.stories.split(fourth)
    archive.forget(first)
    changed = archive.save(
        page("https://paper3.example/1", b"changed", 20, source="p3"), sketched(prose(50) + "\n\n" + prose(51, 30))
    )
    assert changed.outcome == "version"
    assert archive.get(fourth).copy_of is None, "it was split from that story"
    assert {archive.get(id_).story_id for id_ in (second, third)} == {second}
    assert list(archive.verify()) == []


# --- made again


def test_a_rebuilt_archive_does_not_have_it(kept: Archive, tmp_path: Path) -> None:
    from crawler.rebuilding import make_again

    html = "<html><title>{0}</title><body><article><h1>{0}</h1>{1}</article></body></html>"
    saved = []
    for number, word in ((1, MARK), (2, "harbour")):
        body = html.format(f"The {word} plan", f"<p>The {word} council met and voted on the plan of the town.</p>" * 9)
        came = Page(f"https://gazette.example/{number}", body.encode(), "text/html", NOON)
        saved.append(kept.save(came, clean(came)))
    kept.forget(saved[0].article_id or "")
    with Archive.open(f"sqlite:///{tmp_path}/again.db", kept.place) as again:
        make_again(again, lambda *_: None, workers=1)
        assert [found.id for found in again.find(Query())] == [saved[1].article_id]
        assert again.forgotten(saved[0].article_id or "") == kept.forgotten(saved[0].article_id or "")
        assert list(again.verify()) == []
        body = html.format(f"The {MARK} plan", "<p>Something else was said of the plan and its costs today.</p>" * 9)
        came = Page("https://gazette.example/1", body.encode(), "text/html", NOON)
        assert again.save(came, clean(came)).outcome == "rejected"


def test_a_page_that_shows_it_when_it_is_cleaned_again(archive: Archive) -> None:
    came = page("https://else.example/1", b"unreadable", source="else")
    archive.save(came, Rejected("no-text", "an old cleaner saw nothing"))
    id_ = archive.save(a_page(), article(TEXT)).article_id or ""
    archive.forget(id_)
    saved = archive.clean_again(came, article(TEXT))
    assert (saved.outcome, saved.article_id) == ("rejected", None)
    assert saved.why.startswith("forgotten on")
    assert archive.count(Query()) == 0


# --- killed


def _die_at(moment: int, raw: Path) -> None:
    """Kill this process at a statement, a commit, or a file that is opened, renamed or removed."""
    moments = count(1)

    def one_more(*_: object) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(what: str, arguments: tuple[object, ...]) -> None:
        if what in ("open", "os.rename", "os.remove") and str(raw) in str(arguments[0]):
            one_more()

    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, one_more)
    sys.addaudithook(audit)


@pytest.mark.parametrize("at_once", [7])
def test_a_killed_forgetting_leaves_either_state_and_is_finished_by_the_next(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, at_once: int
) -> None:
    """Killed at every seventh moment of its life, each time on a fresh archive."""
    moment, is_done, states = 3, False, set()
    while not is_done:
        url = _fresh(backend, request, tmp_path, moment)
        raw = tmp_path / f"raw{moment}"
        with Archive.open(url, str(raw)) as archive:
            id_ = an_article_of_every_kind(archive)
            archive.save(*_another(1))

        def forget(url: str, raw: Path, id_: str, moment: int) -> None:
            with Archive.open(url, str(raw)) as archive:
                _die_at(moment, raw)
                archive.forget(id_)

        is_done = ended(fork(forget, url, raw, id_, moment)) == 0
        with Archive.open(url, str(raw)) as archive:
            is_there = archive.forgotten(id_) is None
            states.add(is_there)
            if is_there:
                assert archive.get(id_).title
                assert archive.raw(id_)
                assert list(archive.verify()) == []
            archive.forget(id_)
            assert MARK not in all_that_is_kept(archive)
            assert list(archive.verify()) == []
        moment += at_once
    assert states == {True, False}
    assert moment > 40, "it has more moments than that"


def _fresh(backend: str, request: pytest.FixtureRequest, folder: Path, number: int) -> str:
    if backend == "sqlite":
        return f"sqlite:///{folder}/{number}.db"
    return str(request.getfixturevalue("postgres_databases").emptied())


def _another(number: int) -> tuple[Page, object]:
    return page(f"https://other.example/{number}", b"other %d" % number), article(prose(900 + number), f"No {number}")
