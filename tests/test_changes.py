"""The change log: whoever follows it has an exact mirror, whatever happens to the articles, and while others write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from crawler.relinking import MADE_BY, relink
from storage import Archive, Query
from storage.change_log import ChangeKind
from storage.errors import NotFound
from tests.chaos_changes import Mirror, race
from tests.newsroom import LONG, article, page, prose, sketched


def kinds(archive: Archive, since: int = 0) -> list[tuple[str, str, int | None]]:
    return [(each.kind, each.article_id, each.number) for each in archive.changes.since(since)]


def test_each_change_of_an_article_is_told_once(archive: Archive) -> None:
    came = page(body=b"one")
    id_ = archive.save(came, article()).article_id or ""
    assert kinds(archive) == [("stored", id_, 1)]
    archive.save(page(body=b"one", hours=1), article())
    archive.save(page("https://else.example/", b"two"), article())
    assert archive.changes.last() == 1, "it was seen again, and elsewhere: it is as it was"
    archive.save(page(body=b"three", hours=2), article(LONG + "More of it."))
    archive.save(page(body=b"one", hours=3), article())
    assert kinds(archive, 1) == [("version", id_, 2), ("version", id_, 1)], "the earlier text stands for it again"
    archive.clean_again(came, article(title="Cleaned again"))
    archive.forget(id_)
    assert kinds(archive, 3) == [("version", id_, 3), ("forgotten", id_, None)]


def test_what_is_rolled_back_has_not_changed(archive: Archive) -> None:
    def fail() -> None:
        with archive.batch():
            archive.save(page(), article())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (archive.changes.last(), archive.changes.since(0)) == (0, ())


def test_a_number_that_was_never_given(archive: Archive) -> None:
    archive.save(page(), article())
    assert archive.changes.since(1) == ()
    with pytest.raises(NotFound, match="the last one is 1") as raised:
        archive.changes.since(2)
    assert "--since 0" in str(raised.value.hint)


def test_a_mirror_is_exact_after_every_step(archive: Archive) -> None:
    """Articles, versions, copies, other centres, rulings, pages cleaned again, links made again, things forgotten."""
    mirror = Mirror()

    def check(what: str) -> None:
        while mirror.follow(archive, 2):
            pass
        assert mirror.articles == {found.id: found for found in archive.find(Query())}, what

    def save(number: int, hours: float, text: str, title: str = "A title") -> str:
        came = page(f"https://paper{number}.example/1", text.encode(), hours, source=f"p{number}")
        return archive.save(came, sketched(text, title)).article_id or ""

    text = prose(1)
    edits = [text.replace(".", f" {letter}.", 1) for letter in "abcdef"]
    ids = [save(number, 10 - number, edits[number]) for number in range(4)]
    check("each was the centre when it came, since it is earlier")
    assert archive.get(ids[0]).copy_of == ids[3]
    save(0, 20, edits[0] + " " + prose(2, 24))
    check("a version")
    save(0, 30, edits[0])
    check("a text that appears again")
    save(1, 31, prose(3, 40))
    check("another article at the address of one")
    archive.clean_again(
        page("https://paper2.example/1", edits[2].encode(), 8, source="p2"), sketched(edits[2], "Cleaned")
    )
    check("cleaned again")
    split = archive.stories.split(ids[1])
    check("split")
    archive.stories.undo(split)
    check("undone")
    lone = save(7, 1, prose(7))
    archive.stories.merge(ids[3], lone)
    check("merged")
    archive.stories.split(ids[0])
    before = archive.changes.last()
    relink(archive, lambda _: None, (MADE_BY[0], MADE_BY[1], MADE_BY[2] + 1))
    check("likened again, under another normal form")
    assert "version" in {each.kind for each in archive.changes.since(before)}
    before = archive.changes.last()
    relink(archive, lambda _: None, (MADE_BY[0] + 1, MADE_BY[1], MADE_BY[2] + 1))
    check("likened again, by the same rule in effect")
    assert {each.kind for each in archive.changes.since(before)} <= {"grouped"}
    archive.forget(ids[3])
    check("the centre was forgotten")
    archive.forget(lone)
    check("one was forgotten")
    assert list(archive.verify()) == []
    assert {"stored", "version", "grouped", "forgotten"} == {each.kind for each in archive.changes.since(0)}


def test_a_mirror_misses_nothing_while_eight_write(database_url: str, tmp_path: Path) -> None:
    mirror, held, seqs = race(database_url, str(tmp_path / "raw"), writers=8, rounds=6)
    assert mirror.seqs == seqs == sorted(set(seqs))
    assert mirror.articles == held
    with Archive.open(database_url, str(tmp_path / "raw")) as archive:
        told = Counter(each.kind for each in archive.changes.since(0))
        assert min(told[kind] for kind in ("stored", "version", "grouped", "forgotten")) > 0
        assert list(archive.verify()) == []


def copydesk(*arguments: str, database: str, raw: str, status: int = 0) -> str:
    environment = os.environ | {"COPYDESK_DATABASE": database, "COPYDESK_BLOBS": raw}
    done = subprocess.run(
        [sys.executable, "-m", "crawler", *arguments],
        env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + (done.stderr if status else "")


def test_the_commands(archive: Archive, database_url: str, tmp_path: Path) -> None:
    raw = str(tmp_path / "raw")
    ids = []
    for number in range(3):
        text = prose(1).replace(".", f" {number}.", 1)
        came = page(f"https://paper{number}.example/1", text.encode(), number, source=f"p{number}")
        ids.append(archive.save(came, sketched(text)).article_id or "")
    told = [json.loads(line) for line in
            copydesk("changes", "--json", database=database_url, raw=raw).splitlines()]  # fmt: skip
    assert [(each["seq"], each["kind"], each["article_id"]) for each in told] == [
        (number, "stored", id_) for number, id_ in enumerate(ids, start=1)
    ]
    listed = copydesk("changes", "--since", "1", "--limit", "1", database=database_url, raw=raw)
    assert listed.split("\t")[0] == "2"
    refused = copydesk("forget", ids[0], database=database_url, raw=raw, status=2)
    assert "--yes" in refused
    told = [json.loads(copydesk("forget", "--yes", "--json", ids[0], database=database_url, raw=raw))]
    assert (told[0]["article_id"], told[0]["copies"]) == (ids[0], sorted(ids[1:]))
    fates = copydesk("why", "https://paper0.example/1", database=database_url, raw=raw)
    assert "forgotten on 20" in fates
    gone = copydesk("show", ids[0], database=database_url, raw=raw, status=1)
    assert "was forgotten on 20" in gone
    copydesk("forget", "--yes", "--story", ids[1], database=database_url, raw=raw)
    assert archive.count(Query()) == 0
    assert "all well" in copydesk("verify", database=database_url, raw=raw)


def test_the_mirror_of_the_documentation(archive: Archive) -> None:
    section = (Path(__file__).parents[1] / "docs" / "querying.md").read_text().partition("## What has changed")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    ids = [archive.save(page(f"https://a.example/{at}", b"%d" % at), article(prose(at))).article_id for at in range(3)]
    archive.forget(ids[0] or "")
    mirror: dict[str, object] = {}
    exec(example, {"archive": archive, "mirror": mirror, "NotFound": NotFound})
    assert mirror == {found.id: found for found in archive.find(Query())}
    assert all(f"`{kind}`" in section for kind in get_args(ChangeKind))
