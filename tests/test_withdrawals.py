"""Withdrawals: what the log says of articles whose page went or came back, and an archive that is made again by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update

from storage import Archive, Query, crawl_schema
from storage.blobs import open_blobs
from storage.captures import Replayed
from storage.captures_log import is_whole, read_entry
from storage.links import Named
from storage.withdrawals import Withdrawal, WithdrawalKind
from tests.newsroom import numbered
from tests.newsstand import FEED, SAME, Newsstand, gone


@pytest.fixture
def stand(archive: Archive) -> Newsstand:
    """Four articles that are due to be looked at again."""
    return Newsstand(archive, 4)


def made_again(archive: Archive, folder: Path) -> Archive:
    """Another archive of what the log tells; the pages are read as they were."""
    again = Archive.open(f"sqlite:///{folder}/again.db", archive.place)
    run = again.begin_run("rebuild")
    for told in again.history():
        match told:
            case Replayed(page=came):
                again.save(came, numbered(int(str(came.url).rpartition("/")[2]))[1], run)
            case Withdrawal():
                again.withdrawals.restore(told, run)
    return again


def withdraw(stand: Newsstand, number: int) -> None:
    stand.again({number: gone(number), 3: SAME})
    stand.later(2)
    stand.again({number: gone(number, "http-410"), 3: SAME})


def withdrawal(stand: Newsstand, number: int) -> Withdrawal:
    """One that might stand in the log."""
    now = datetime.now(UTC)
    return Withdrawal(
        "withdrawn", stand.id_of(number), now, now - timedelta(hours=2), stand.urls[number], "gazette", "http-404"
    )


def entries(archive: Archive) -> list[Withdrawal]:
    return [each for each in archive._blobs.entries() if isinstance(each, Withdrawal)]


def test_the_log_has_who_was_withdrawn_and_who_returned(stand: Newsstand, tmp_path: Path) -> None:
    withdraw(stand, 0)
    withdraw(stand, 1)
    stand.later(2)
    stand.again({1: SAME})
    told = entries(stand.archive)
    assert [(each.kind, each.url) for each in told] == [
        ("withdrawn", stand.urls[0]), ("withdrawn", stand.urls[1]), ("returned", stand.urls[1])
    ]  # fmt: skip
    (found,) = stand.archive.find(Query(words="flag:withdrawn"))
    since = stand.archive.overview.withdrawn_at(found.id)
    with made_again(stand.archive, tmp_path) as again:
        assert [each.id for each in again.find(Query(words="flag:withdrawn"))] == [found.id]
        fates = [again.fates(stand.urls[number])[0] for number in range(2)]
        assert [fate.outcome for fate in fates] == ["withdrawn", "unchanged"]
        assert fates[0].why == stand.archive.fates(stand.urls[0])[0].why
        assert fates[1].why == SAME.why
        changes = [each.kind for each in again.changes.since(0) if each.kind != "stored"]
        assert changes == ["withdrawn", "withdrawn", "returned"]
        assert again.overview.withdrawn_at(found.id) == told[0].since == since
        due = again.paces.rechecks("gazette", 9, datetime.now(UTC))
        assert {each.url for each in due} == set(stand.urls[:2])
        assert list(again.verify()) == []


def test_a_line_that_is_met_twice_is_one_withdrawal(stand: Newsstand, tmp_path: Path) -> None:
    withdraw(stand, 0)
    (told,) = entries(stand.archive)
    with made_again(stand.archive, tmp_path) as again:
        assert not again.withdrawals.restore(told, again.begin_run("rebuild"))
        assert [each.kind for each in again.changes.since(0)].count("withdrawn") == 1
        assert len(again.fates(told.url)) == 2
        unknown = replace(told, article_id="0" * 16)
        assert not again.withdrawals.restore(unknown, again.begin_run("rebuild")), "its page is lost"
        assert len(entries(again)) == 1, "nothing is logged twice"


def test_what_is_restored_in_turn_is_as_the_last_has_it(stand: Newsstand) -> None:
    withdraw(stand, 0)
    (told,) = entries(stand.archive)
    run = stand.archive.begin_run("rebuild")
    for kind, flags in (("returned", ()), ("withdrawn", ("withdrawn",))):
        assert stand.archive.withdrawals.restore(replace(told, kind=kind), run)
        assert stand.flags(0) == flags
    with stand.archive._database.writing() as connection:
        connection.execute(delete(crawl_schema.link))
    assert stand.archive.withdrawals.restore(replace(told, kind="returned"), run)
    assert [each.url for each in stand.archive.paces.rechecks("gazette", 9, datetime.now(UTC))] == [told.url]


def test_an_address_that_is_named_anew_is_that_of_the_withdrawn_article(stand: Newsstand, tmp_path: Path) -> None:
    """Also where nothing is left of the link by which its page was missed."""
    withdraw(stand, 0)
    since = stand.archive.overview.withdrawn_at(stand.id_of(0))
    with made_again(stand.archive, tmp_path) as again:
        with again._database.writing() as connection:
            connection.execute(delete(crawl_schema.link))
        stand.archive = again
        again.frontier.sign_on("w1", "here", "1")
        again.file_run("gazette", [Named(url, found_on=FEED.url) for url in stand.urls])
        again.frontier.close_runs()
        assert stand.again({0: gone(0)}) == {0: "withdrawn"}
        assert stand.changes() == ["withdrawn"]
        assert again.overview.withdrawn_at(stand.id_of(0)) == since
        with again._database.writing() as connection:
            connection.execute(update(crawl_schema.link).values(missing_at=None))
        assert stand.again({0: SAME}) == {0: "unchanged"}
        assert stand.changes() == ["withdrawn", "returned"]
        assert [each.kind for each in entries(again)] == ["withdrawn", "returned"]


def test_a_return_is_logged_where_the_withdrawal_was_logged_and_not_committed(stand: Newsstand, tmp_path: Path) -> None:
    stand.again({0: gone(0), 3: SAME})
    assert entries(stand.archive) == []
    stand.later(2)
    lost = withdrawal(stand, 0)
    stand.archive._blobs.log(lost)
    stand.archive._blobs.flush()  # and killed before the commit
    stand.again({0: SAME})
    assert [each.kind for each in entries(stand.archive)] == [lost.kind, "returned"]
    with made_again(stand.archive, tmp_path) as again:
        assert again.overview.withdrawn_at(stand.id_of(0)) is None


def test_a_line_goes_with_its_article(stand: Newsstand, tmp_path: Path) -> None:
    """Also one that was torn; those of others stay."""
    withdraw(stand, 0)
    withdraw(stand, 1)
    blobs, url = open_blobs(stand.archive.place), stand.urls[0].encode()
    torn = withdrawal(stand, 0).line()[:-30]
    (log, *_) = [log for log in blobs.logs() if any(url in line for line in blobs.lines(log))]
    blobs._shelf.replace(log, b"".join(blobs.lines(log)) + torn)
    stand.archive.forget(stand.id_of(0))
    lines = [line for log in blobs.logs() for line in blobs.lines(log)]
    assert [line for line in lines if url + b'"' in line] == []
    assert [each.url for each in entries(stand.archive)] == [stand.urls[1]]
    assert list(stand.archive.verify()) == []
    with made_again(stand.archive, tmp_path) as again:
        again.takedowns.bury()
        assert [each.url for each in again.find(Query(words="flag:withdrawn"))] == [stand.urls[1]]


def test_logs_that_are_joined_have_each_line_once(stand: Newsstand, tmp_path: Path) -> None:
    withdraw(stand, 0)
    blobs = open_blobs(stand.archive.place)
    (log,) = blobs.logs()
    twin = log.replace(".jsonl", "x.jsonl")
    blobs._shelf.replace(twin, b"".join(blobs.lines(log)))
    assert [each.kind for each in entries(stand.archive)] == ["withdrawn"] * 2
    with made_again(stand.archive, tmp_path) as again:
        assert [each.kind for each in again.changes.since(0)].count("withdrawn") == 1
    assert blobs.join([log, twin]) == 1
    assert [each.kind for each in entries(stand.archive)] == ["withdrawn"]


def test_what_is_to_go_is_told(stand: Newsstand) -> None:
    withdraw(stand, 0)
    told = withdrawal(stand, 0)
    stand.archive.takedowns.forget(stand.id_of(0))  # and broken off
    assert "a line of it is of something that was forgotten" in [each.detail for each in stand.archive.verify()]
    stand.archive.takedowns.erase()
    assert list(stand.archive.verify()) == []
    assert told.url not in [each.url for each in entries(stand.archive)]


@given(
    st.sampled_from(("withdrawn", "returned")), st.text(min_size=1), st.none() | st.text(), st.text(),
    st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip
def test_any_withdrawal_is_one_line_and_comes_back(
    kind: WithdrawalKind, url: str, source: str | None, why: str, at: datetime
) -> None:
    told = Withdrawal(kind, "0123456789abcdef", at, at, url, source, why, source or None)
    line = told.line()
    assert line.count(b"\n") == 1
    assert read_entry(line) == told
    assert is_whole(line)
    assert not is_whole(line[:-1])


@pytest.mark.parametrize("lacking", ["article", "at", "since", "url", "withdrawal"])
def test_half_a_withdrawal_is_none(lacking: str) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    fields = json.loads(Withdrawal("withdrawn", "0123456789abcdef", at, at, "https://a.example/", None, "gone").line())
    with pytest.raises(ValueError, match="no withdrawal"):
        read_entry(json.dumps(fields | {lacking: None}).encode())
