"""What the archive decides of a page: new, the same, a version, a copy. On both databases, and within a batch too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from sqlalchemy import insert

from storage import Archive, Article, Page, Query, schema
from storage.duplicates import article_id, key_of
from tests.newsroom import LONG, NOON, article, page

HERE, THERE, ELSEWHERE = "https://gazette.example/1", "https://herald.example/7", "https://wire.example/a"
OTHER = "Nothing of the sort was ever said, the mayor told reporters. " * 5
SHORT = "More to follow."


@pytest.fixture(params=["one by one", "in a batch"], autouse=True)
def grouping(request: pytest.FixtureRequest, archive: Archive) -> Iterator[None]:
    """Each decision must be the same whether those before it are committed or wait in the same batch."""
    with archive.batch() if request.param == "in a batch" else nullcontext():
        yield


def outcomes(archive: Archive, *saves: tuple[Page, Article]) -> list[str]:
    """What becomes of pages in order; each is saved with bytes of its own."""
    return [archive.save(*save).outcome for save in saves]


def test_the_same_text_at_the_same_address(archive: Archive) -> None:
    assert outcomes(archive, (page(HERE), article()), (page(HERE, hours=1), article())) == ["stored", "unchanged"]
    same = "http://www.gazette.example/1/?utm_source=feed#top"
    assert archive.save(page(same, hours=2), article()).outcome == "unchanged"


def test_another_text_at_the_same_address(archive: Archive) -> None:
    first = archive.save(page(HERE), article())
    second = archive.save(page(HERE, hours=1), article(OTHER))
    assert (second.outcome, second.article_id) == ("version", first.article_id)
    assert second.why.startswith(f"the text of {first.article_id} has changed (major, +45 −60 words")


def test_another_title_at_the_same_address(archive: Archive) -> None:
    first = archive.save(page(HERE), article())
    second = archive.save(page(HERE, hours=1), article(title="Council does not vote"))
    assert (second.outcome, second.why) == ("version", f"the title of {first.article_id} has changed")


def test_a_text_that_comes_back_is_no_third_version(archive: Archive) -> None:
    saves = [(page(HERE, hours=hours), article(text)) for hours, text in enumerate([LONG, OTHER, LONG, OTHER])]
    assert outcomes(archive, *saves) == ["stored", "version", "unchanged", "unchanged"]


def test_the_same_text_elsewhere(archive: Archive) -> None:
    first = archive.save(page(HERE), article())
    second = archive.save(page(THERE), article(title="Under another title"))
    assert (second.outcome, second.article_id) == ("duplicate", first.article_id)
    assert second.why == f"same text as {first.article_id}, seen at {HERE}"
    again = archive.save(page(THERE, hours=1), article(title="Under a third title"))
    assert (again.outcome, again.article_id) == ("unchanged", first.article_id)


def test_the_text_of_an_older_version_elsewhere(archive: Archive) -> None:
    first = archive.save(page(HERE), article())
    archive.save(page(HERE, hours=1), article(OTHER))
    assert archive.save(page(THERE), article()).article_id == first.article_id
    assert archive.save(page(ELSEWHERE), article(OTHER)).article_id == first.article_id


def test_a_short_text_is_the_same_under_the_same_title_only(archive: Archive) -> None:
    saves = [
        (page(HERE), article(SHORT, "Fire in the harbour")),
        (page(THERE), article(SHORT, "Storm in the north")),
        (page(ELSEWHERE), article(SHORT, "Fire in the harbour")),
        (page(ELSEWHERE, hours=1), article(SHORT, "Election called")),
    ]
    assert outcomes(archive, *saves) == ["stored", "stored", "duplicate", "stored"]


def test_a_copy_that_changes_becomes_an_article(archive: Archive) -> None:
    saves = [
        (page(HERE), article()),
        (page(THERE), article()),
        (page(THERE, hours=1), article(OTHER)),
        (page(THERE, hours=2), article(OTHER + "Updated.")),
        (page(HERE, hours=3), article()),
    ]
    assert outcomes(archive, *saves) == ["stored", "duplicate", "stored", "version", "unchanged"]


def test_a_copy_that_changes_may_become_a_copy_of_another(archive: Archive) -> None:
    other = archive.save(page(ELSEWHERE), article(OTHER))
    archive.save(page(HERE), article())
    archive.save(page(THERE), article())
    moved = archive.save(page(THERE, hours=1), article(OTHER))
    assert (moved.outcome, moved.article_id) == ("duplicate", other.article_id)


def test_without_an_address_the_bytes_are_the_identity(archive: Archive) -> None:
    saves = [
        (page(None, b"one"), article()),
        (page(None, b"one"), article()),
        (page(None, b"two"), article()),
        (page("mailto:desk@gazette.example", b"three"), article(OTHER)),
        (page(None, b"three"), article(OTHER)),
    ]
    assert outcomes(archive, *saves) == ["stored", "unchanged", "duplicate", "stored", "unchanged"]


def test_hashes_of_another_normal_form_are_not_compared(archive: Archive) -> None:
    saves = [
        (page(HERE), article()),
        (page(THERE), article(norm_version=2)),
        (page(HERE, hours=1), article(norm_version=2)),
    ]
    assert outcomes(archive, *saves) == ["stored", "stored", "version"]


def test_the_address_that_a_page_names_as_its_own(archive: Archive) -> None:
    first = archive.save(page(HERE), article(canonical_url="https://gazette.example/story"))
    second = archive.save(page("https://gazette.example/story", hours=1), article(OTHER))
    assert (second.outcome, second.article_id) == ("version", first.article_id)


@pytest.mark.parametrize("named", ["https://gazette.example/", "https://herald.example/story", "javascript:alert(1)"])
def test_an_address_that_is_not_believed(archive: Archive, named: str) -> None:
    archive.save(page(HERE), article(canonical_url=named))
    assert archive.save(page(named, b"other", hours=1), article(OTHER)).outcome == "stored"


def test_an_address_that_two_articles_name_is_nobody_s(archive: Archive) -> None:
    front = "https://gazette.example/news"
    third = "Quite another thing happened on Friday, when nobody had expected it. " * 5
    saves = [
        (page(HERE), article(canonical_url=front)),
        (page("https://gazette.example/2"), article(OTHER, canonical_url=front)),
        (page(front), article(third)),
        (page(front, hours=1), article(third + "More.")),
    ]
    assert outcomes(archive, *saves) == ["stored", "stored", "stored", "version"]


def test_the_id_depends_on_the_identity_alone(archive: Archive) -> None:
    saved = archive.save(page("https://www.gazette.example/1/?utm_source=x"), article())
    assert saved.article_id == saved.story_id == article_id("gazette.example/1")


def test_an_id_that_is_taken_is_not_given_again(archive: Archive) -> None:
    """Two addresses whose 64 bits are the same can be found on purpose. Here the table says that it happened."""
    taken = article_id("gazette.example/1")
    with archive._taking_in() as intake:
        row = {"id": taken, "current": 1, "seen_at": NOON, "dated_at": NOON, "story_id": taken, "first_seen_at": NOON}
        intake.connection.execute(insert(schema.article).values(row))
    assert archive.save(page(HERE), article()).article_id == article_id("gazette.example/1", 1) != taken


def test_a_very_long_address(archive: Archive) -> None:
    """An index entry of PostgreSQL holds 2.7 kB."""
    long = "https://gazette.example/" + "x" * 15_000
    saves = [(page(long, origin="o" * 15_000), article()), (page(long, hours=1), article())]
    assert outcomes(archive, *saves) == ["stored", "unchanged"]
    longer = long + "x" * 15_000  # has no URL key
    assert outcomes(archive, (page(longer, b"b"), article(OTHER)), (page(longer, b"b"), article(OTHER))) == [
        "stored",
        "unchanged",
    ]


def test_keys_keep_their_parts_apart() -> None:
    assert key_of("a", None) != key_of(None, "a") != key_of("", "a\0")
    assert key_of("a", None) == key_of("a", "")


def test_which_version_stands_for_the_article(archive: Archive, request: pytest.FixtureRequest) -> None:
    """The one seen last, by the time of fetching, in whatever order the pages come in."""
    pages = [(0, LONG), (2, OTHER), (1, LONG + "Early."), (3, LONG), (2.5, OTHER)]
    for hours, text in pages:
        saved = archive.save(page(HERE, hours=hours), article(text))
    if request.node.callspec.params["grouping"] == "in a batch":
        archive._intake._write()  # type: ignore[union-attr]  # as the end of the batch does
    with archive._taking_in() as intake:
        row = intake.connection.execute(schema.articles()).one()
    assert (row.id, row.text) == (saved.article_id, LONG)


def test_a_title_is_found_only_where_it_stands(archive: Archive) -> None:
    archive.save(page(HERE), article(title="Alpha"))
    archive.save(page(HERE, hours=1), article(title="Beta"))
    archive.save(page(HERE, hours=2), article(title="Alpha"))
    archive.save(page(HERE, hours=0.5), article(title="Gamma"))
    with archive._taking_in() as intake:
        intake._write()
        found = {
            word: intake.connection.execute(_hits(word, intake.connection.dialect.name)).scalar_one()
            for word in ("alpha", "beta", "gamma")
        }
    assert found == {"alpha": 1, "beta": 0, "gamma": 0}


def _hits(word: str, dialect: str):  # type: ignore[no-untyped-def]
    from storage.search import number_of_hits

    return number_of_hits(Query(words=word), dialect)


def test_a_page_that_names_the_address_of_an_article_is_that_article_if_it_shows_its_text(archive: Archive) -> None:
    first = archive.save(page(HERE), article())
    printed, elsewhere = "https://gazette.example/print/1", "https://herald.example/print"
    saves = [
        (page(printed, b"p", 1), article(LONG + "Printed.", canonical_url=HERE)),
        (page(printed, b"p2", 2), article(LONG + "Printed again.")),
        (page("https://gazette.example/2", b"q", 3), article(OTHER, canonical_url=HERE)),
        (page(elsewhere, b"r", 4), article(LONG + "Taken over.", canonical_url=HERE)),
    ]
    assert outcomes(archive, *saves) == ["version", "version", "stored", "stored"], "another site's word is no proof"
    assert archive.save(page(HERE, hours=5), article(LONG + "Now.")).article_id == first.article_id


def test_an_address_that_redirects_and_an_amp_twin_are_the_article_s(archive: Archive) -> None:
    old, amp = "https://old.example/x?id=1", "https://gazette.example/amp/story/1"
    first = archive.save(page(HERE, asked_url=old), article(amp_url=amp))
    saves = [(page(old, b"o", 1), article(LONG + "Old.")), (page(amp, b"a", 2), article(LONG + "Amp."))]
    assert {archive.save(*each).article_id for each in saves} == {first.article_id}
    assert archive.save(page(old, b"new", 3), article(OTHER, "Something else now")).outcome == "stored", "no longer"
