"""What pages show is computed apart from them: timelines, sparklines, funnels, and what was removed in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines import clean
from storage import Archive, Article, Page
from storage.counts import Count
from storage.diff import by_paragraph, diff, is_unchanged
from storage.interleaving import interleaved
from storage.links import SourceRecord
from storage.overview import Span
from storage.records import Query, Removed, Run
from storage.web.asking import Asked
from storage.web.funnel import funnel
from storage.web.sparkline import DAYS, sparkline
from storage.web.timeline import MOST_BARS, timeline
from tests.newsroom import NOON, numbered, page, prose, sketched

TODAY = date(2026, 11, 27)
SAMPLES = sorted((Path(__file__).parents[1] / "seeds" / "articles").glob("*.[th][xt][tm]*"))


def nowhere(spans: Sequence[Span]) -> list[bool]:
    return [False] * len(spans)


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.name)
def test_removed_blocks_stand_where_they_stood(file: Path) -> None:
    kind, url = ("text/plain", None) if file.suffix == ".txt" else ("text/html", "https://a.example/b")
    article = clean(Page(url, file.read_bytes(), kind, NOON))
    assert isinstance(article, Article)
    found = list(interleaved(article.text, article.removed))
    assert [each for each in found if isinstance(each, Removed)] == list(article.removed)
    assert "\n\n".join(each for each in found if isinstance(each, str)) == article.text
    assert [isinstance(each, Removed) for each in found] == [isinstance(each, Removed) for each in article.blocks]


@pytest.mark.parametrize("length", [1, 10, 80, 500, 3_000, 40_000])
@pytest.mark.parametrize("by", ["", "day", "week", "month", "year"])
def test_a_timeline_counts_everything_once(length: int, by: str) -> None:
    days = [TODAY - timedelta(days=length * at // 40) for at in range(40, -1, -1)]
    counts = [Count(day.isoformat(), 3) for day in sorted(set(days))]
    line = timeline(counts, Asked(by=by), (None, None), TODAY, nowhere)
    assert line
    assert line.total == sum(count.number for count in counts)
    assert len(line.bars) <= MOST_BARS
    assert all(before.end == after.start for before, after in zip(line.bars, line.bars[1:], strict=False))
    assert [bar.is_over for bar in line.bars].count(False) == 1  # today is in one of them
    assert all(bar.is_covered == bool(bar.number) for bar in line.bars)


@pytest.mark.parametrize(
    ("since", "until"), [("0001-01-01", "9999-12-31"), ("9999-12-31", "0001-01-01"), ("9998", ""), ("", "0001-01-02")]
)
def test_a_timeline_of_any_period(since: str, until: str) -> None:
    asked = Asked(since=since, until=until)
    query = asked.query(TODAY)
    line = timeline([Count("2026-11-01", 2)], asked, (query.since, query.until), TODAY, nowhere)
    assert line
    assert all(address is None or address.startswith("/search") for _, address in line.steps)


def test_what_is_asked_is_read_again() -> None:
    asked = Asked.read({"q": " flood ", "since": "2026-07", "by": "week", "other": "x"})
    assert asked == Asked(q="flood", since="2026-07", by="week")
    assert asked.address(source="a&b") == "/search?q=flood&source=a%26b&since=2026-07&by=week"
    assert asked.query(TODAY).since == datetime(2026, 7, 1, tzinfo=UTC)
    assert asked.notes(asked.query(TODAY)) == ()
    assert len(Asked(since="x", until="y", by="z", sort="w", after="v").notes(Query())) == 5


def test_a_sparkline_knows_what_is_usual() -> None:
    busy = {TODAY - timedelta(days=at): 10 for at in range(1, DAYS)} | {TODAY: 2, TODAY - timedelta(days=3): 0}
    drawn = sparkline(busy, TODAY)
    assert (drawn.today, drawn.usual, len(drawn.bars)) == (2, (10, 10), DAYS)
    assert "260 articles in the 27 days before today, 2 today; usual 10 to 10 a day" in drawn.sentence
    assert sparkline({TODAY - timedelta(days=2): 5}, TODAY).usual is None  # two days tell nothing


def test_a_funnel_adds_up() -> None:
    counts = (("failed", 1), ("rejected", 1), ("stored", 8), ("version", 1), ("withdrawn", 1))
    run = Run(1, "crawl", NOON, None, counts, named=43, known=29, pending=2)
    made = funnel(run)
    assert (made.number, made.adds_up) == (43, True)
    assert [(part.name, part.number) for part in made.parts[1].parts] == [
        ("fetched", 10),
        ("failed", 1),
        ("withdrawn", 1),
        ("pending", 2),
    ]
    assert funnel(Run(2, "ingest", NOON, NOON, counts)).number == 12


def test_a_diff_by_paragraphs() -> None:
    found = by_paragraph(diff("One stays.\n\nTwo goes on.", "One stays.\n\nTwo went on.\n\nThree."))
    assert [is_unchanged(paragraph) for paragraph in found] == [True, False, False]
    assert "".join(piece.text for piece in found[1] if piece.kind != "removed") == "Two went on."


def test_the_overview_of_an_archive(archive: Archive) -> None:
    overview = archive.overview
    assert overview.dated() is None
    archive.sources.sync([
        SourceRecord(name, name, "en", None, f"https://{name}.example/", True, "") for name in ("a", "c", "gazette")
    ])  # fmt: skip
    with archive.batch():
        for number in range(6):
            archive.save(*numbered(number))
        text = prose(1)
        archive.save(page("https://a.example/1", b"a", 30, source="a"), sketched(text, published_at=NOON))
        archive.save(page("https://b.example/1", b"b", 31, source="b"), sketched(text, published_at=NOON))
    hour = timedelta(hours=1)
    spans = [(NOON - hour, NOON + hour), (NOON + 29 * hour, NOON + 32 * hour), (NOON + 90 * hour, NOON + 91 * hour)]
    assert overview.covered(spans) == (True, True, False)
    assert overview.covered(spans, "b") == (False, True, False)
    assert overview.covered(spans, "gazette") == (True, False, False)
    day = NOON.date()
    assert overview.volumes(day, day + timedelta(days=1)) == {"gazette": {day: 6}, "a": {day: 1}}
    assert overview.volumes(day, day + timedelta(days=1), "a") == {"a": {day: 1}}
    assert overview.dated() == (NOON, NOON)
    (story,) = {found.story_id for found in archive.find(Query(source="a"))}
    assert overview.sights([story, "0" * 16])[story].outlets == 2
    assert overview.member(story) == next(archive.find(Query(source="a"))).id
    assert overview.member("f" * 16) is None
    assert overview.count(Query(), 60) == 7
    assert overview.counts(Query(), "day", 60) == (Count(day.isoformat(), 7),)
    assert overview.count(Query(), 0) is None  # no time at all
