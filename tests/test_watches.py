"""Watches: what is new to each, once; held by one who tells, told at least once, retried, given up."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from storage import Archive, NotFound, Query, Unruly
from storage.notices import ATTEMPTS, HELD, TOGETHER, delay
from storage.reader_schema import notice, watch
from storage.watch import Delivery
from tests.newsroom import LONG, article, ended, fork, page

FLOOD = "The flood gate stays shut. " + LONG


def saved(archive: Archive, number: int, text: str = FLOOD, **fields: Any) -> str:
    """The id of an article that is new."""
    body = f"{number} {text}"
    found = archive.save(
        page(f"https://gazette.example/{number}", body.encode(), **fields), article(body, f"No {number}")
    )
    assert found.article_id
    return found.article_id


def told(archive: Archive) -> list[str]:
    """Everything that is due, told."""
    archive.watches.match()
    ids = []
    while delivery := archive.watches.due():
        ids += [each.id for each in delivery.articles]
        archive.watches.told(delivery)
    return ids


def add(archive: Archive, name: str = "floods", words: str = "flood", **options: Any) -> None:
    archive.watches.add(name, Query(words), "webhook", "https://desk.example/hook", **options)


def pass_time(archive: Archive, by: timedelta) -> None:
    """Make everything that waits due so much sooner."""
    with archive._writing() as connection:
        for row in connection.execute(select(notice)).all():
            mine = (notice.c.watch == row.watch) & (notice.c.article_id == row.article_id)
            connection.execute(update(notice).where(mine).values(not_before=row.not_before - by))


def held(archive: Archive) -> Delivery:
    delivery = archive.watches.due()
    assert delivery
    return delivery


def test_what_is_stored_from_now_on_is_told_once(archive: Archive) -> None:
    before = saved(archive, 1)
    add(archive)
    add(archive, "all", from_start=True)
    add(archive, "fires", "fire")
    assert told(archive) == [before], "only the one from the start"
    after = saved(archive, 2)
    saved(archive, 3, LONG)
    saved(archive, 2, hours=1)  # seen again
    assert Counter(told(archive)) == {after: 2}
    saved(archive, 2, FLOOD + "And so it went on.", hours=2)  # a version
    assert told(archive) == []
    assert [(each.name, each.told, each.waiting) for each in archive.watches.all()] == [
        ("all", 2, 0), ("fires", 0, 0), ("floods", 1, 0),
    ]  # fmt: skip


def test_a_version_that_answers_is_told_if_the_article_is_new(archive: Archive) -> None:
    saved(archive, 1, LONG)
    add(archive)
    new = saved(archive, 2, LONG)
    assert told(archive) == []
    saved(archive, 1, FLOOD, hours=1)
    saved(archive, 2, FLOOD, hours=1)
    assert told(archive) == [new]


def test_the_query_is_that_of_search(archive: Archive) -> None:
    queries = ['"flood gate" source:gazette', "-flood", "lang:en", "flo* OR fire", "since:7d", "is:canonical", "opera"]
    for number, words in enumerate(queries):
        add(archive, f"w{number}", words)
    with archive.batch():
        for number in range(6):
            saved(archive, number, FLOOD if number % 2 else LONG, source="gazette" if number % 3 else "herald")
    archive.watches.match()
    waiting = {each.query.words: each.waiting for each in archive.watches.all()}
    assert waiting == {words: archive.count(Query(words)) for words in queries}
    assert waiting["opera"] == 0 < waiting["-flood"] < 6


def test_many_changes_are_read_in_stretches(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.watches._CHANGES", 7)
    add(archive)
    with archive.batch():
        ids = [saved(archive, number) for number in range(60)]
    assert archive.watches.match() == 60
    assert archive.watches.match() == 0
    first = held(archive)
    assert [each.id for each in first.articles] == ids[:TOGETHER], "the oldest first"
    assert archive.watches.due() is None, "one delivery of a watch at a time"
    archive.watches.told(first)
    assert told(archive) == ids[TOGETHER:]


def test_what_died_between_is_told_again_under_the_same_id(archive: Archive) -> None:
    add(archive)
    saved(archive, 1)
    archive.watches.match()
    first = held(archive)
    saved(archive, 2)
    archive.watches.match()
    assert archive.watches.due() is None
    pass_time(archive, HELD)
    again = held(archive)
    assert (again.id, again.articles, again.attempt) == (first.id, first.articles, 2)
    archive.watches.failed(first, "the first holder is late")
    assert archive.watches.get("floods").why is None, "it is not its delivery any more"
    archive.watches.told(again)
    assert len(told(archive)) == 1


def test_failures_are_retried_with_growing_delays_and_given_up(archive: Archive) -> None:
    add(archive)
    saved(archive, 1)
    archive.watches.match()
    for attempt in range(1, ATTEMPTS + 1):
        delivery = held(archive)
        assert delivery.attempt == attempt
        archive.watches.failed(delivery, f"HTTP 500: no {attempt}")
        assert archive.watches.due() is None
        pass_time(archive, timedelta(hours=2))
    state = archive.watches.get("floods")
    assert (state.waiting, state.told, state.given_up, state.why) == (0, 0, 1, f"HTTP 500: no {ATTEMPTS}")
    saved(archive, 2)
    assert len(told(archive)) == 1, "what comes later does not wait for it"
    assert archive.watches.retry("floods") == 1
    assert len(told(archive)) == 1
    state = archive.watches.get("floods")
    assert (state.waiting, state.told, state.given_up, state.why) == (0, 2, 0, None)


def test_delays() -> None:
    means = [sum((delay(attempt) for _ in range(200)), timedelta()) / 200 for attempt in range(1, 20)]
    assert all(one < other for one, other in pairwise(means[:7]))
    assert timedelta(seconds=20) < means[0] < timedelta(seconds=40)
    assert max(delay(attempt) for attempt in range(1, 2_000)) <= timedelta(hours=1.25)


def test_who_asks_to_wait_is_left_alone(archive: Archive) -> None:
    add(archive)
    saved(archive, 1)
    archive.watches.match()
    archive.watches.failed(held(archive), "HTTP 429", timedelta(hours=10))
    pass_time(archive, timedelta(hours=9, minutes=59))
    assert archive.watches.due() is None
    pass_time(archive, timedelta(minutes=2))
    assert held(archive)


def test_an_article_that_is_forgotten_is_not_told(archive: Archive) -> None:
    add(archive)
    gone, stays = saved(archive, 1), saved(archive, 2)
    archive.watches.match()
    first = held(archive)
    archive.watches.failed(first, "later")
    archive.forget(gone)
    pass_time(archive, timedelta(hours=2))
    again = held(archive)
    assert (again.id, [each.id for each in again.articles]) == (first.id, [stays])
    archive.watches.failed(again, "later")
    archive.forget(stays)
    pass_time(archive, timedelta(hours=2))
    assert archive.watches.due() is None
    assert archive.watches.get("floods").waiting == 0


def test_names(archive: Archive) -> None:
    add(archive, "Überflutung-1.x")
    for bad in ("", " ", "a b", "x" * 101, "../etc", "a\n", "-x"):
        with pytest.raises(Unruly):
            add(archive, bad)
    with pytest.raises(Unruly, match="already"):
        add(archive, "Überflutung-1.x")
    archive.watches.remove("Überflutung-1.x")
    assert archive.watches.all() == ()
    for ask in (archive.watches.remove, archive.watches.get, archive.watches.retry):
        with pytest.raises(NotFound):
            ask("Überflutung-1.x")


def test_a_watch_that_is_removed_takes_its_notices_along(archive: Archive) -> None:
    add(archive)
    saved(archive, 1)
    archive.watches.match()
    delivery = held(archive)
    archive.watches.remove("floods")
    archive.watches.told(delivery)
    archive.watches.failed(delivery, "nobody is there")
    with archive._database.reading() as connection:
        assert connection.execute(select(notice)).all() == connection.execute(select(watch)).all() == []


def test_all_filters_of_a_query_are_kept(archive: Archive) -> None:
    at = datetime(2026, 7, 15, 8, 30, tzinfo=UTC)
    asked = Query("flood", "gazette", at, at + timedelta(days=3), "fr", limit=3, sort="relevance")
    archive.watches.add("w", asked, "command", "true", "key")
    kept = archive.watches.get("w")
    assert kept.query == Query("flood", "gazette", at, at + timedelta(days=3), "fr", limit=None)
    assert (kept.secret, "key" in repr(kept)) == ("key", False)


def test_three_tell_at_once_and_one_is_killed(archive: Archive, database_url: str, tmp_path: Path) -> None:
    """Every article arrives; those twice that somebody held who was killed, and no others."""
    for name in ("one", "two", "three", "four"):
        add(archive, name)
    with archive.batch():
        ids = {saved(archive, number) for number in range(180)}
    arrived = tmp_path / "arrived"
    arrived.touch()

    def tell(teller: int) -> None:
        with Archive.open(database_url, str(tmp_path / "raw")) as mine:
            mine.watches.match()
            until = time.monotonic() + 60
            while teller and not arrived.stat().st_size and time.monotonic() < until:
                time.sleep(0.01)  # the one that is killed has a delivery first: the others would leave it none
            while delivery := mine.watches.due():
                with arrived.open("a") as file:  # one line is one write
                    file.write("".join(f"{delivery.watch.name}/{each.id} " for each in delivery.articles) + "\n")
                if teller == 0:
                    os.kill(os.getpid(), signal.SIGKILL)  # it arrived, and nobody knows
                mine.watches.told(delivery)

    archive.close()
    codes = [ended(each) for each in [fork(tell, teller) for teller in range(3)]]
    assert codes == [-9, 0, 0]
    pass_time(archive, HELD)
    assert ended(fork(tell, 3)) == 0
    counted = Counter(arrived.read_text().split())
    assert set(counted) == {f"{name}/{each}" for name in ("one", "two", "three", "four") for each in ids}
    twice = {each for each, times in counted.items() if times > 1}
    assert len(twice) <= TOGETHER
    assert max(counted.values()) <= 2
    assert [each.told for each in archive.watches.all()] == [180] * 4
