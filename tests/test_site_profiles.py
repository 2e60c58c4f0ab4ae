"""What sites teach is kept in versions: none of it is lost, nothing is learned twice, and a rebuild has it all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from crawler.ingest import take_in
from crawler.profiles import Briefing, Memory
from crawler.rebuilding import make_again
from crawler.sandbox import clean_all
from crawler.site_desk import SiteDesk
from crawler.source import Cleaning
from pipelines.learning import MOST_WAITING, grown, is_due
from pipelines.profile import SiteProfile
from pipelines.site_memory import Lesson, SiteMemory
from storage import Archive, Article, Page, Query, Rejected, profile_schema, schema
from storage.learned import Learned, Traits
from storage.profiles import LARGEST_LESSON, site_of
from tests import newsroom
from tests.newsroom import ended, fork
from tests.teaching import FURNITURE, clean, page, teaching

__all__ = ["teaching"]

TRAITS = Traits(1)


def taught(number: int, **fields: object) -> tuple[Page, Article]:
    made = clean(page(number))
    assert isinstance(made, Article)
    return page(number), replace(made, **fields)  # type: ignore[arg-type]  # fields of Article


def waiting(archive: Archive) -> dict[str, int]:
    return archive.profiles.waiting(["gazette.example", "ledger.example"])


def versions(archive: Archive) -> list[tuple[object, ...]]:
    """All texts, with what each was made with."""
    kept = schema.version.c
    asked = select(kept.article_id, kept.number, kept.text, kept.content_hash, kept.profile, kept.came_by)
    with archive._database.reading() as connection:
        return [tuple(row) for row in connection.execute(asked.order_by(kept.article_id, kept.number))]


def profiles(archive: Archive) -> list[tuple[object, ...]]:
    asked = select(profile_schema.profile).order_by("site", "number")
    with archive._database.reading() as connection:
        return [tuple(row) for row in connection.execute(asked)]


# --- storage


def test_a_new_text_teaches_its_site_once(archive: Archive) -> None:
    archive.save(*taught(1))
    assert waiting(archive) == {"gazette.example": 1}
    came, made = taught(1)
    archive.save(came, made)  # the same capture
    archive.save(replace(came, fetched_at=came.fetched_at.replace(hour=20)), made)  # unchanged
    archive.save(replace(came, url="https://ledger.example/copy"), made)  # a duplicate
    archive.save(newsroom.page("https://gazette.example/none"), Rejected("no-text", "none"))
    archive.save(*taught(2, lesson=None))
    archive.save(*taught(3, lesson=b"x" * (LARGEST_LESSON + 1)))
    archive.save(replace(page(4), url=None), taught(4)[1])
    assert waiting(archive) == {"gazette.example": 1}
    archive.save(replace(came, body=b"other"), newsroom.article("Another text.", lesson=b"second"))  # a version
    assert [lesson.body for lesson in archive.profiles.lessons("gazette.example", 9)] == [made.lesson, b"second"]


def test_a_batch_that_is_rolled_back_teaches_nothing(archive: Archive) -> None:
    def fail_after_it() -> None:
        with archive.batch():
            archive.save(*taught(1))
            archive.profiles.put("gazette.example", 1, b"memory", (), TRAITS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_it()
    assert (waiting(archive), archive.profiles.all()) == ({}, ())


def test_the_first_to_put_a_profile_wins(archive: Archive, tmp_path: Path) -> None:
    for number in range(5):
        archive.save(*taught(number))
    with Archive.open(archive._database.engine.url.render_as_string(False), str(tmp_path / "raw")) as other:
        mine, theirs = archive.profiles.lessons("gazette.example", 3), other.profiles.lessons("gazette.example", 2)
        assert other.profiles.put("gazette.example", 1, b"theirs", theirs, TRAITS)
        assert not archive.profiles.put("gazette.example", 1, b"mine", mine, TRAITS)
        assert not archive.profiles.put("gazette.example", 3, b"mine", mine, TRAITS)
        assert waiting(archive) == {"gazette.example": 3}
        rest = archive.profiles.lessons("gazette.example", 9)
        assert archive.profiles.put("gazette.example", 2, b"both", rest, Traits(5, 1, 2))
    newest = archive.profiles.newest("gazette.example")
    assert newest is not None
    assert (newest.number, newest.pages, newest.layout, newest.layout_pages) == (2, 5, 1, 2)
    assert newest.changed_at == newest.made_at
    assert newest.is_learning_again
    assert archive.profiles.body(newest.sha256) == b"both"
    assert waiting(archive) == {}
    assert archive.profiles.put("gazette.example", 3, b"later", (), Traits(9, 1, 6))
    (last,) = archive.profiles.all()
    assert last.changed_at == newest.changed_at
    assert not last.is_learning_again
    assert list(archive.verify()) == []
    next((tmp_path / "raw").rglob(f"{last.sha256}*")).unlink()
    assert [damage.subject for damage in archive.verify()] == [last.sha256]


def test_scores_of_removed_lines_are_kept(archive: Archive) -> None:
    cut = clean(page(1), SiteProfile(remove=(FURNITURE,)))
    assert isinstance(cut, Article)
    id_ = archive.save(page(1), cut).article_id or ""
    assert [block.score for block in archive.removed(id_)] == [0.25]
    with archive._database.writing() as connection:  # as an older copydesk wrote it
        connection.execute(schema.removal.update().values(blocks=[[0, 1, 1, "x", "nav", "nav.menu"]]))
    assert [(block.rule, block.score) for block in archive.removed(id_)] == [("nav.menu", None)]


def test_sites_are_hosts() -> None:
    assert site_of("https://www.Gazette.example:443/a?b#c") == site_of("http://gazette.example/") == "gazette.example"
    assert site_of("https://sport.gazette.example/") == "sport.gazette.example"
    assert site_of(None) is site_of("mailto:x") is site_of(f"https://{'a' * 300}.example/") is None


def test_lines_of_the_log_come_back() -> None:
    learned = Learned("gazette.example", 3, "0" * 64, 4, Traits(9, 1, 2), newsroom.NOON, newsroom.NOON)
    assert Learned.read(json.loads(learned.line())) == learned
    with pytest.raises(ValueError, match="no site"):
        Learned.read({"site": "x"})


# --- learning


def test_early_pages_are_learned_at_once_and_late_ones_together() -> None:
    learned, pages = [], 0
    for page_number in range(1, 300):
        if is_due(pages, page_number - pages):
            pages = page_number
            learned.append(pages)
    assert learned[:9] == [1, 2, 3, 4, 6, 9, 13, 19, 28]
    assert learned[-1] - learned[-2] == MOST_WAITING
    assert not is_due(0, 0)


def test_what_others_wrote_is_as_if_it_were_not_there() -> None:
    lesson = Lesson((1, 2), (1,), {3: (100, 2.0)}, 100)
    new = grown(b"of the future", [b"", b"nonsense", lesson.encode()])
    assert new.body == SiteMemory().learn(lesson).encode()
    assert (new.pages, new.layout, new.layout_pages) == (1, 0, 1)


def test_a_briefing_is_named_after_all_it_says() -> None:
    memory = Memory.of(SiteMemory(pages=3).encode())
    kept = {memory.name: memory.body}
    for advice in (
        Cleaning(),
        Cleaning(("Lire aussi",)),
        Cleaning(keep=("AFP",), second_opinion="never", parts=(("lists", False),)),
    ):
        for each in (memory, None):
            told = Briefing.of(advice, each)
            if told.name is None:
                assert (advice, each) == (Cleaning(), None)
                continue
            kept[told.name] = told.body or b""
            again = Briefing.read(told.name, kept.__getitem__)
            assert again == told
            assert again.profile() == told.profile()
            assert told.profile().memory.pages == (3 if each else 0)
    assert len(kept) == 1 + 4
    assert Briefing.of(Cleaning(), memory).name == memory.name


def test_a_page_is_cleaned_with_what_earlier_ones_taught(archive: Archive, teaching: None) -> None:
    sites = SiteDesk(archive)
    texts = []
    for number in range(1, 6):
        briefing = sites.briefing(page(number))
        made = briefing(page(number)) if briefing else clean(page(number))
        assert isinstance(made, Article)
        assert made.profile == (briefing.name if briefing else None)
        archive.save(page(number), made)
        sites.learn(["gazette.example"])
        texts.append(made.text)
    assert [FURNITURE in text for text in texts] == [True, True, False, False, False]
    newest = archive.profiles.newest("gazette.example")
    assert newest is not None
    assert (newest.number, newest.pages) == (4, 4)
    assert waiting(archive) == {"gazette.example": 1}
    assert sites.briefing(replace(page(9), content_type="text/plain")) is None
    assert SiteDesk(archive).at_hand(page(9)) is None
    assert (sites.at_hand(page(9)) or [None])[0] == sites.briefing(page(9))


def test_a_lost_memory_is_learned_anew(archive: Archive, tmp_path: Path) -> None:
    archive.save(*taught(1))
    SiteDesk(archive).learn(["gazette.example"])
    next((tmp_path / "raw").rglob(f"{archive.profiles.all()[0].sha256}*")).unlink()
    sites = SiteDesk(archive)
    assert sites.briefing(page(2)) is None
    archive.save(*taught(2))
    sites.learn(["gazette.example"])
    assert [(each.number, each.pages) for each in archive.profiles.all()] == [(2, 1)]


def test_preview_writes_nothing(archive: Archive, tmp_path: Path) -> None:
    told = SiteDesk(archive, keeps=False).briefing(page(1), Cleaning(("x",)))
    assert told is not None
    assert not list((tmp_path / "raw").rglob("*.gz"))
    SiteDesk(archive).briefing(page(1), Cleaning(("x",)))
    assert archive.body(told.name or "") == told.body


# --- ingest and rebuild


def ingested(archive: Archive, pages: list[Page]) -> None:
    take_in(archive, pages, "ingest", "", lambda *_: None, workers=0)


SOURCE = """
title = "Gazette"
homepage = "https://gazette.example/"
[[place]]
kind = "feed"
urls = ["https://gazette.example/rss"]
[clean]
remove = ["Title g"]
"""


def test_rebuild_follows_what_was_known(archive: Archive, tmp_path: Path, teaching: None) -> None:
    """Same texts, ids, versions and profiles; lessons that wait still wait; a user's lines as they were then."""
    from crawler.outlets import record_of
    from crawler.source import Source

    ingested(archive, [page(number) for number in range(60)])
    archive.sources.sync([record_of(Source.parse("gazette", SOURCE))])
    ingested(archive, [page(number) for number in range(60, 110)])
    ingested(archive, [page(3, hours=1, more=" again"), page(4, hours=2), page(200, "ledger.example")])
    archive.save(newsroom.page("https://gazette.example/none", b"nothing"), Rejected("no-text", "it says so"))
    before = versions(archive)
    assert {FURNITURE in str(row[2]) for row in before} == {True, False}
    assert len({row[4] for row in before}) > 4
    with Archive.open(f"sqlite:///{tmp_path}/again.db", blobs=str(tmp_path / "raw")) as again:
        make_again(again, lambda *_: None, workers=0)
        assert versions(again) == before
        assert profiles(again) == profiles(archive)
        assert waiting(again) == waiting(archive)
        assert [lesson.body for lesson in again.profiles.lessons("gazette.example", 99)] == [
            lesson.body for lesson in archive.profiles.lessons("gazette.example", 99)
        ]
        assert list(again.find(Query(limit=None))) == list(archive.find(Query(limit=None)))
        assert list(again.verify()) == []


def test_the_sandbox_gives_each_page_its_own_briefing(teaching: None) -> None:
    """In worker processes, which clean as the real cleaner does: the user's lines show whose page is whose."""
    from crawler.sandbox import Assigned

    body = "\n".join(["First line stays here", "Second line goes sometimes", newsroom.LONG]).encode()
    plain = replace(newsroom.page(), body=body, content_type="text/plain")
    told = Briefing.of(Cleaning(("Second line",)), Memory.of(SiteMemory(pages=1).encode()))
    results = list(clean_all([plain, Assigned(plain, told), Assigned(plain, None)] * 3, workers=1))
    articles = [each[1] for each in results if isinstance(each, tuple)]
    assert [getattr(article, "profile", "") for article in articles] == [None, told.name, None] * 3
    assert ["Second line" in getattr(article, "text", "") for article in articles] == [True, False, True] * 3


# --- kills


def _die_at(moment: int) -> None:
    moments = count(1)

    def one_more(*_: object) -> None:
        if next(moments) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", one_more)
    event.listen(Engine, "commit", one_more)


def test_a_kill_at_any_instant_loses_no_lesson_and_learns_none_twice(
    database_url: str, tmp_path: Path, backend: str
) -> None:
    """Each article is in the memory or waits, once; the memory is as if nothing had happened."""
    raw, total = str(tmp_path / "raw"), 7

    def work(moment: int) -> None:
        if moment:
            _die_at(moment)
        with Archive.open(database_url, raw) as archive:
            sites = SiteDesk(archive)
            for number in range(total):
                archive.save(*taught(number))
                sites.learn(["gazette.example"])

    step = 1 if backend == "sqlite" else 5
    for moment in count(1, step):
        code = ended(fork(work, moment))
        with Archive.open(database_url, raw) as archive:
            held = archive.profiles.newest("gazette.example")
            articles = archive.count(Query())
            assert (held.pages if held else 0) + waiting(archive).get("gazette.example", 0) == articles
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert articles == total
    with Archive.open(database_url, raw) as archive:
        SiteDesk(archive).learn(["gazette.example"])
        kept = [lesson.body for lesson in archive.profiles.lessons("gazette.example", 99)]
        held = archive.profiles.newest("gazette.example")
        assert held is not None
        memory = grown(archive.profiles.body(held.sha256), kept).body
        assert list(archive.verify()) == []
    assert memory == grown(None, [taught(number)[1].lesson or b"" for number in range(total)]).body


def test_processes_that_learn_at_the_same_time_lose_nothing(database_url: str, tmp_path: Path) -> None:
    raw = str(tmp_path / "raw")

    def work(first: int) -> None:
        with Archive.open(database_url, raw) as archive:
            sites = SiteDesk(archive)
            for number in range(first, first + 20):
                archive.save(*taught(number))
                sites.learn(["gazette.example"])

    run: Callable[..., None] = work
    assert [ended(process) for process in [fork(run, at * 20) for at in range(3)]] == [0, 0, 0]
    with Archive.open(database_url, raw) as archive:
        newest = archive.profiles.newest("gazette.example")
        assert newest is not None
        assert newest.pages + waiting(archive).get("gazette.example", 0) == 60
        assert len(profiles(archive)) == newest.number


# --- what people see


def test_status_tells_what_sites_have_taught(archive: Archive, tmp_path: Path) -> None:
    archive.profiles.put("gazette.example", 1, b"first", (), Traits(14))
    archive.profiles.put("ledger.example", 1, b"first", (), Traits(20))
    archive.profiles.put("ledger.example", 2, b"second", (), Traits(22, 1, 2))
    environ = os.environ | {
        "COPYDESK_DATABASE": archive._database.engine.url.render_as_string(False),
        "COPYDESK_BLOBS": archive.place,
    }

    def status(*options: str) -> list[str]:
        command = [sys.executable, "-m", "crawler", "status", *options]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environ, cwd=tmp_path
        ).stdout.splitlines()

    told = [line.split("\t") for line in status() if ".example" in line]
    assert [line[:2] for line in told] == [["gazette.example", "14"], ["ledger.example", "22"]]
    assert told[0][2] == "as it was"
    assert told[1][2].startswith("changed 20")
    assert told[1][2].endswith(", learning again")
    records = [json.loads(line) for line in status("--json")]
    sites = {record["site"]: record for record in records if "site" in record}
    assert (sites["ledger.example"]["profile"], sites["ledger.example"]["learning_again"]) == (2, True)
    assert sites["gazette.example"]["layout_changed_at"] is None
