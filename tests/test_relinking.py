"""Relinking: all is likened again beside the links that stand; a kill costs a batch, and what people ruled holds."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from itertools import count

import pytest
from sqlalchemy import Engine, event, func, select, update

from crawler.relinking import MADE_BY, is_outdated, relink
from pipelines.fingerprint import content_key
from storage import Archive, Query, story_schema
from storage.likeness import Likeness
from tests.newsroom import ended, fork, page, prose, sketched
from tests.test_commands import Copydesk, sqlite_copydesk  # noqa: F401 - a fixture
from tests.test_stories import WIRE, at, came, edited, places, save, trio

NEWER = MADE_BY[0] + 1, *MADE_BY[1:]


def newsroom(archive: Archive) -> None:
    """Two stories with copies, an article alone, a short one, and one of two versions."""
    other = prose(41)
    save(
        archive, "expected",
        *(came(f"paper{number}", edited(WIRE, number), number) for number in range(5)),
        *(came(f"late{number}", edited(other, number), number) for number in range(4)),
        came("alone", prose(42)), (page(at("short"), b"s"), sketched("More to follow.")),
        came("alone", edited(prose(42), 3), 5),
    )  # fmt: skip


def links(archive: Archive) -> set[Likeness]:
    """All that was measured."""
    return {each for article in archive.find(Query(limit=None)) for each in archive.stories.likenesses(article.id)}


def pairs(archive: Archive) -> set[tuple[str, str]]:
    """Whom was likened to whom."""
    return {(each.article_id, each.other_id) for each in links(archive)}


def rows(archive: Archive) -> dict[str, int]:
    """Rows of each table of stories."""
    tables = story_schema.anchor, story_schema.sketch, story_schema.likeness, story_schema.regrouped
    with archive._database.reading() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_the_same_rule_makes_the_same_links(archive: Archive) -> None:
    newsroom(archive)
    placed, measured, kept = places(archive), links(archive), rows(archive)
    assert not is_outdated(archive)
    report = relink(archive, lambda _: None)
    assert (report.articles, report.copies) == (11, 7)
    assert (places(archive), links(archive)) == (placed, measured)
    assert rows(archive) == kept | {"sketch": kept["sketch"] + 1}, "a short text has a sketch now"
    again = archive.save(*came("later", edited(WIRE, 9), 9))
    assert again.story_id == archive.get(next(iter(placed))).story_id or again.story_id in placed
    assert archive.get(again.article_id or "").copy_of is not None
    relink(archive, lambda _: None)
    assert places(archive).items() >= placed.items()
    generation = archive.relinking.standing()
    assert generation is not None
    assert generation.number == 2


def test_articles_from_before_there_were_sketches_are_linked(archive: Archive) -> None:
    pages = [came(f"paper{number}", edited(WIRE, number), number) for number in range(4)]
    for came_as, article in pages:
        archive.save(came_as, replace(article, sketch=None))
    assert {copy_of for _, copy_of in places(archive).values()} == {None}
    relink(archive, lambda _: None)
    assert sum(copy_of is not None for _, copy_of in places(archive).values()) == 3


def test_the_links_that_stand_stay_until_all_is_done(archive: Archive) -> None:
    """Half-way, nothing is other to anybody; what comes in meanwhile is linked by both."""
    from crawler.relinking import _sketched

    newsroom(archive)
    placed, measured = places(archive), links(archive)
    coming = archive.relinking.begin(*NEWER)
    for _ in range(2):
        archive.relinking.decide(coming, [_sketched(each) for each in archive.relinking.left(coming, 3)])
    assert (places(archive), links(archive)) == (placed, measured)
    assert archive.relinking.is_under_way()
    late = archive.save(*came("late", edited(WIRE, 8), 9))
    moved = archive.save(*came("paper2", f"{edited(WIRE, 2)} And one word more.", 10))
    assert archive.get(late.article_id or "").copy_of is not None
    assert moved.outcome == "version"
    report = relink(archive, lambda _: None, NEWER)
    assert report.articles == 11 - 6 + 1 + 1, "the others, the new one, and the one with another version"
    assert places(archive) == placed | {late.article_id: (late.story_id, archive.get(late.article_id or "").copy_of)}
    assert archive.get(late.article_id or "").copy_of is not None
    standing = archive.relinking.standing()
    assert standing is not None
    assert standing.made_by == NEWER
    assert not archive.relinking.is_under_way()


def test_another_rule_starts_anew(archive: Archive) -> None:
    from crawler.relinking import _sketched

    newsroom(archive)
    placed = places(archive)
    coming = archive.relinking.begin(*NEWER)
    archive.relinking.decide(coming, [_sketched(each) for each in archive.relinking.left(coming, 5)])
    newest = NEWER[0] + 1, *NEWER[1:]
    assert relink(archive, lambda _: None, newest).articles == 11
    assert places(archive) == placed


def test_what_people_ruled_holds(archive: Archive) -> None:
    centre, copy, other = trio(archive)
    (alone,) = (saved.article_id or "" for saved in save(archive, "expected", came("alone", prose(43))))
    split = archive.stories.split(copy)
    merged = archive.stories.merge(centre, alone)
    undone = archive.stories.split(other)
    archive.stories.undo(undone)
    relink(archive, lambda _: None, NEWER)
    stories = {id_: story for id_, (story, _) in places(archive).items()}
    assert stories[copy] != stories[centre] == stories[alone], "the third is as like the first as the second"
    assert {each.id for each in archive.stories.events()} >= {merged, split}
    archive.stories.undo(merged)
    assert archive.get(alone).copy_of is None


def test_a_new_normal_form_makes_new_keys(archive: Archive) -> None:
    newsroom(archive)
    relink(archive, lambda _: None, (MADE_BY[0], MADE_BY[1], MADE_BY[2] + 1))
    for article in archive.find(Query(limit=None)):
        assert {(each.content_hash, each.norm_version) for each in archive.versions(article.id)} == {
            (content_key(each.text), MADE_BY[2] + 1) for each in archive.versions(article.id)
        }


def test_a_kill_at_any_instant_loses_nothing(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = str(tmp_path_factory.mktemp("raw"))
    monkeypatch.setattr("crawler.relinking._AT_ONCE", 3)
    with Archive.open(database_url, raw) as archive:
        newsroom(archive)
        ids = [each.id for each in archive.find(Query(limit=None)) if each.source in ("alone", "late0")]
        archive.stories.merge(*ids)
        placed, measured = places(archive), pairs(archive)

    def work(moment: int) -> None:
        with Archive.open(database_url, raw) as archive:
            statements = count(1)

            def one_more(*_: object) -> None:
                if next(statements) == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

            event.listen(Engine, "before_cursor_execute", one_more)
            event.listen(Engine, "commit", one_more)
            relink(archive, lambda _: None, NEWER)

    for moment in count(25, 2 if backend == "sqlite" else 11):
        code = ended(fork(work, moment))
        assert code in (0, -signal.SIGKILL)
        with Archive.open(database_url, raw) as archive:
            assert (places(archive), pairs(archive)) == (placed, measured)
        if code == 0:
            break
    assert moment > 50
    with Archive.open(database_url, raw) as archive:
        assert not archive.relinking.is_under_way()
        assert list(archive.verify()) == []


def test_the_command(sqlite_copydesk: Copydesk) -> None:  # noqa: F811 - the fixture
    article = "Gate stays shut\n\n" + "\n\n".join(
        f"The {word} authority said {number} gates will stay shut, and no boat may pass before the flood is over."
        for number, word in enumerate(["river", "lake", "harbour", "coast", "canal", "sea", "dam"], 2)
    )
    (sqlite_copydesk.folder / "one.txt").write_text(article)
    (sqlite_copydesk.folder / "two.txt").write_text(
        f"{article}\n\nNobody was hurt, and the mayor will speak on Friday about it."
    )
    sqlite_copydesk("ingest", "one.txt", "two.txt")
    assert sqlite_copydesk("relink").stdout.startswith("all links are of the newest rule")
    done = sqlite_copydesk("relink", "--again")
    assert done.returncode == 0, done.stderr
    assert "2 articles likened" in done.stdout
    assert "1 are copies" in done.stdout
    assert json.loads(sqlite_copydesk("relink", "--again", "--json").stdout)["articles"] == 2
    with (
        Archive.open(sqlite_copydesk.environ["COPYDESK_DATABASE"]) as archive,
        archive._database.writing() as connection,
    ):
        connection.execute(update(story_schema.generation).values(rule=0))
    told = sqlite_copydesk("doctor")
    assert told.returncode == 1
    assert "try: copydesk relink" in told.stdout
    assert "2 articles likened" in sqlite_copydesk("relink").stdout
    assert sqlite_copydesk("doctor").returncode == 0
