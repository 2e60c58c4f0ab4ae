"""Verify: each kind of damage is made, and is named with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update

from pipelines import clean
from pipelines.fingerprint import content_key
from pipelines.normalise import NORM_VERSION
from storage import Archive, Article, Damage, Page, schema
from storage.damages import NormalForm
from storage.reader_schema import change, tombstone
from storage.story_schema import sketch as sketches
from tests.newsroom import NOON, prose

FORM = NormalForm(NORM_VERSION, content_key)
_article, _version, _change = schema.article.c, schema.version.c, change.c


def a_page(number: int, words: str) -> Page:
    body = (
        f"<html><title>Plan {number}</title><body><article><h1>Plan {number}</h1><p>{words}</p></article></body></html>"
    )
    return Page(f"https://gazette.example/{number}", body.encode(), "text/html", NOON, source="gazette")


@pytest.fixture
def ids(archive: Archive) -> list[str]:
    """Three articles: one, its copy, and another."""
    text = prose(1)
    found = []
    for number, words in enumerate((text, text.replace(".", " edited.", 1), prose(2))):
        came = a_page(number, words)
        result = clean(came)
        assert isinstance(result, Article)
        found.append(archive.save(came, result).article_id or "")
    assert archive.get(found[1]).copy_of == found[0]
    assert damages(archive) == []
    return found


def damages(archive: Archive, *, quick: bool = False) -> list[Damage]:
    return list(archive.verification(FORM, quick=quick).damages(lambda _: None))


def meddle(archive: Archive, *statements: object) -> None:
    with archive._database.writing() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


Meddling = Callable[[Connection, list[str]], object]

ROWS: dict[str, tuple[Meddling, int | str, str, str]] = {
    "a text that was changed": (
        lambda _, ids: update(schema.version).where(_version.article_id == ids[2]).values(text="Another text."),
        2, "the text of version 1 is not what its hash says", "relink",
    ),
    "a title that was changed": (
        lambda _, ids: update(schema.version).where(_version.article_id == ids[2]).values(title="Another"),
        2, "the title of version 1 is not what its hash says", "rebuild",
    ),
    "no current version": (
        lambda _, ids: update(schema.article).where(_article.id == ids[2]).values(current=9),
        2, "has no current version", "rebuild",
    ),
    "another date": (
        lambda _, ids: update(schema.article).where(_article.id == ids[2]).values(dated_at=NOON.replace(year=1999)),
        2, "is not dated as its current version is", "rebuild",
    ),
    "no sighting": (
        lambda _, ids: delete(schema.sighting).where(schema.sighting.c.article_id == ids[2]),
        2, "has no sighting", "rebuild",
    ),
    "a copy of none": (
        lambda _, ids: update(schema.article).where(_article.id == ids[1]).values(story_id=ids[1]),
        1, "is a copy of none that its story stands around", "relink",
    ),
    "two centres": (
        lambda _, ids: update(schema.article).where(_article.id == ids[1]).values(copy_of=None),
        0, "the story has 2 articles in its centre", "relink",
    ),
    "a change too few": (
        lambda _, ids: delete(change).where(_change.article_id == ids[2]),
        2, "is not as the change log has it last", "since 0",
    ),
    "a change of another version": (
        lambda _, ids: update(change).where(_change.article_id == ids[2]).values(number=7),
        2, "is not as the change log has it last", "since 0",
    ),
    "a change of no article": (
        lambda _, ids: insert(change).values(at=NOON, kind="stored", article_id="feedbeef", number=1),
        "feedbeef", "the change log has an article that is not there", "since 0",
    ),
    "a sketch that is none": (
        lambda _, ids: update(sketches).where(
            sketches.c.article == select(_article.seq).where(_article.id == ids[2]).scalar_subquery()
        ).values(body=b"?"),
        2, "bytes that are none", "relink",
    ),
    "a sketch of no version": (
        lambda _, ids: update(sketches).where(
            sketches.c.article == select(_article.seq).where(_article.id == ids[2]).scalar_subquery()
        ).values(number=8),
        2, "a sketch is of version 8", "relink",
    ),
    "an article that was forgotten": (
        lambda _, ids: insert(tombstone).values(key=ids[2], kind="article", article_id=ids[2], at=NOON),
        2, "forgotten, yet not gone", "copydesk forget {2}",
    ),
    "an address that was forgotten": (
        lambda connection, ids: insert(tombstone).values(
            key=connection.scalar(select(schema.address.c.key).where(schema.address.c.article_id == ids[2])),
            kind="address", article_id=ids[2], at=NOON,
        ),
        2, "its address was forgotten", "copydesk forget {2}",
    ),
    "a text that was forgotten": (
        lambda connection, ids: insert(tombstone).values(
            key=connection.scalar(select(_version.content_hash).where(_version.article_id == ids[2])),
            kind="content", article_id=ids[2], at=NOON,
        ),
        2, "is a text that was forgotten", "copydesk forget {2}",
    ),
    "bytes that were forgotten": (
        lambda connection, ids: insert(tombstone).values(
            key=connection.scalar(select(schema.capture.c.sha256)), kind="bytes", article_id=ids[2], at=NOON
        ),
        2, "a page of it is there", "copydesk forget {2}",
    ),
}  # fmt: skip
"""What is done to the tables; the subject of the damage, its detail, its remedy."""


@pytest.mark.parametrize("what", ROWS)
def test_a_damaged_row_is_named(archive: Archive, ids: list[str], what: str) -> None:
    meddling, subject, detail, remedy = ROWS[what]
    with archive._database.writing() as connection:
        connection.execute(meddling(connection, ids))  # type: ignore[call-overload]
    named = [each for each in damages(archive) if detail in each.detail]
    assert [each.subject for each in named] == [ids[subject] if isinstance(subject, int) else subject]
    assert remedy.format(*ids) in named[0].remedy


def test_the_search_index_has_every_article_and_no_other(archive: Archive, ids: list[str]) -> None:
    key = "rowid" if archive.database.startswith("sqlite") else "seq"
    meddle(archive, text(f"DELETE FROM article_words WHERE {key} = 3"))
    assert [(each.subject, each.detail) for each in damages(archive)] == [(ids[2], "the article has no search entry")]
    if key == "seq":
        return  # PostgreSQL itself lets in no entry of no article
    meddle(archive, text("INSERT INTO article_words (rowid, title) VALUES (77, 'of nothing')"))
    assert [each.detail for each in damages(archive) if each.subject == "search index"] == ["entry 77 is of no article"]


def test_every_article_is_counted_as_what_it_is(archive: Archive, ids: list[str]) -> None:
    if not archive.database.startswith("sqlite"):
        return  # PostgreSQL counts the articles themselves
    meddle(archive, text("DELETE FROM article_facets WHERE seq = 1"))
    meddle(archive, text("UPDATE article_facets SET source = 'another' WHERE seq = 2"))
    meddle(archive, text("UPDATE article_facets SET dated_at = dated_at + 1 WHERE seq = 3"))
    named = [each.subject for each in damages(archive) if each.detail == "the article is not counted as what it is"]
    assert named == ids[:3]


def test_bytes_that_are_damaged_or_gone(archive: Archive, ids: list[str], tmp_path: Path) -> None:
    kept = sorted((tmp_path / "raw" / "sha256").rglob("*.gz"))
    damaged, gone = kept[0].name.removesuffix(".gz"), kept[1].name.removesuffix(".gz")
    kept[0].write_bytes(b"?")
    kept[1].unlink()
    assert damages(archive, quick=True) == []
    found = {each.subject: each for each in damages(archive)}
    assert set(found) == {damaged, gone}
    assert all("from a backup" in each.remedy for each in found.values())


def test_the_log_has_every_capture(archive: Archive, ids: list[str], tmp_path: Path) -> None:
    (log,) = _logs(tmp_path)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[1:]) + b'{"torn')
    (found,) = damages(archive, quick=True)
    assert found.detail == "the captures log has no line of this capture"
    assert json.loads(lines[0])["sha256"] == _sha256(archive, found.subject)
    assert "backup" in found.remedy


def test_what_was_forgotten_is_gone_from_beside_the_tables(archive: Archive, ids: list[str], tmp_path: Path) -> None:
    (log,) = _logs(tmp_path)
    lines, body = log.read_bytes(), archive.raw(ids[2])
    archive.forget(ids[2])
    assert damages(archive) == []
    log.write_bytes(lines + log.read_bytes())
    archive._blobs.put(body)
    archive._blobs.flush()
    found = damages(archive)
    assert sorted(each.detail for each in found) == [
        "a line of it is of something that was forgotten",
        "these bytes are of something that was forgotten, and still there",
    ]
    assert {each.remedy for each in found} == {f"copydesk forget {ids[2]}"}
    archive.forget(ids[2])
    assert damages(archive) == []


def test_it_tells_how_far_it_is(archive: Archive, ids: list[str]) -> None:
    for quick in (False, True):
        work, done = archive.verification(FORM, quick=quick), []
        assert list(work.damages(done.append)) == []
        assert sum(done) == work.total() > 0


def test_older_normal_forms_are_not_held_against_the_newest(archive: Archive, ids: list[str]) -> None:
    older = NormalForm(NORM_VERSION + 1, lambda text: "")
    assert list(archive.verification(older).damages(lambda _: None)) == []


def _logs(folder: Path) -> list[Path]:
    return sorted((folder / "raw" / "captures").rglob("*.jsonl"))


def _sha256(archive: Archive, key: str) -> str | None:
    with archive._database.reading() as connection:
        return connection.scalar(select(schema.capture.c.sha256).where(schema.capture.c.key == key))
