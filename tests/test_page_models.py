"""What pages show is computed apart from them: timelines, sparklines, funnels, and what was removed in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

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
from storage.web.comparison import HEIGHT as COMPARED_HEIGHT
from storage.web.comparison import comparison
from storage.web.funnel import funnel
from storage.web.periods import MOST_BARS, Counting
from storage.web.sparkline import DAYS, sparkline
from storage.web.timeline import timeline
from tests.newsroom import NOON, numbered, page, prose, sketched

TODAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
SAMPLES = sorted((Path(__file__).parents[1] / "seeds" / "articles").glob("*.[th][xt][tm]*"))


def counting(days: Sequence[Count], hours: Sequence[Count] = ()) -> Counting:
    return lambda by: {"day": days, "hour": hours}[by] or None


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


@pytest.mark.parametrize("length", [10, 80, 500, 3_000, 40_000])
@pytest.mark.parametrize("by", ["", "hour", "day", "week", "month", "year"])
def test_a_timeline_counts_everything_once(length: int, by: str) -> None:
    days = [TODAY - timedelta(days=length * at // 40) for at in range(40, -1, -1)]
    counts = [Count(day.isoformat(), 3) for day in sorted(set(days))]
    line = timeline(counting(counts), Asked(by=by), (None, None), NOW, nowhere)
    assert line
    assert line.total == sum(count.number for count in counts)
    assert len(line.bars) <= MOST_BARS
    periods = line.frame.periods
    assert all(before.end == after.start for before, after in pairwise(periods))
    assert [period.is_over for period in periods].count(False) == 1  # today is in one of them
    assert all(bar.period.is_covered == bool(bar.number) for bar in line.bars)


def test_a_short_period_has_bars_by_hour() -> None:
    days = [Count("2026-11-26", 3), Count("2026-11-27", 2)]
    hours = [Count("2026-11-26T08:00Z", 3), Count("2026-11-27T13:00Z", 2)]
    asked = Asked(since="yesterday")
    span = (asked.query(TODAY).since, None)
    line = timeline(counting(days, hours), asked, span, NOW, nowhere)
    assert line
    assert (line.frame.unit, len(line.bars), line.total) == ("hour", 24 + 15, 5)  # up to the hour that goes on
    assert [(bar.period.label, bar.number) for bar in line.bars if bar.number] == [
        ("26 Nov 2026 08:00", 3),
        ("27 Nov 2026 13:00", 2),
    ]
    assert not line.bars[-1].period.is_over
    assert line.bars[8].period.address == "/search?since=2026-11-26T08%3A00%3A00Z&until=2026-11-26T09%3A00%3A00Z"
    day = timeline(counting(days), asked, span, NOW, nowhere)  # no time is left to count hours
    assert day
    assert (day.frame.unit, day.total) == ("day", 5)
    by_day = timeline(counting(days, hours), Asked(by="day"), span, NOW, nowhere)
    assert by_day
    assert by_day.frame.unit == "day"


def test_a_period_narrows_to_the_hour() -> None:
    span = (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC))
    addresses = []
    for _ in range(4):
        asked = Asked(since=span[0].isoformat(), until=span[1].isoformat())
        line = timeline(counting([Count("2026-11-20", 1)], [Count("2026-11-20T11:00Z", 1)]), asked, span, NOW, nowhere)
        assert line
        assert line.frame.unit == "hour"
        narrower = dict(line.frame.steps)["Narrower"]
        if narrower is None:
            break
        said = parse_qs(urlsplit(narrower).query)
        span = (datetime.fromisoformat(said["since"][0]), datetime.fromisoformat(said["until"][0]))
        addresses.append(span)
    assert [(start.hour, end.hour) for start, end in addresses] == [(6, 18), (9, 15), (10, 14), (11, 13)]


@pytest.mark.parametrize(
    ("since", "until"), [("0001-01-01", "9999-12-31"), ("9999-12-31", "0001-01-01"), ("9998", ""), ("", "0001-01-02"),
                         ("9999-12-31T23:30", ""), ("0001-01-01", "0001-01-01T00:10")],
)  # fmt: skip
@pytest.mark.parametrize("by", ["", "hour"])
def test_a_timeline_of_any_period(since: str, until: str, by: str) -> None:
    asked = Asked(since=since, until=until, by=by)
    query = asked.query(TODAY)
    counts = counting([Count("2026-11-01", 2)], [Count("2026-11-01T08:00Z", 2)])
    line = timeline(counts, asked, (query.since, query.until), NOW, nowhere)
    assert line
    assert all(address is None or address.startswith("/search") for _, address in line.frame.steps)


def test_what_is_asked_is_read_again() -> None:
    asked = Asked.read([("q", " flood "), ("since", "2026-07"), ("by", "week"), ("other", "x")])
    assert asked == Asked(q="flood", since="2026-07", by="week")
    assert asked.address(source="a&b") == "/search?q=flood&source=a%26b&since=2026-07&by=week"
    assert asked.query(TODAY).since == datetime(2026, 7, 1, tzinfo=UTC)
    assert asked.notes(asked.query(TODAY)) == ()
    assert len(Asked(since="x", until="y", by="z", sort="w", after="v").notes(Query())) == 5


def test_several_questions_are_one_address() -> None:
    pairs = [("q", "flood"), ("q", " fire "), ("q", ""), ("q", "flood"), ("since", "7d"), ("after", "x")]
    asked = Asked.read(pairs)
    assert asked == Asked(q="flood", versus=("fire",), since="7d", after="x")
    assert asked.address(source="a") == "/search?q=flood&q=fire&source=a&since=7d"
    assert asked.without("since").address() == "/search?q=flood&q=fire"
    assert asked.asking("fire").address() == "/search?q=fire&since=7d"
    many = Asked.read([("q", each) for each in "abcdef"])
    assert many.questions == ("a", "b", "c", "d")
    assert many.address() == "/search?q=a&q=b&q=c&q=d"
    assert many.notes(Query("a")) == ("q: 4 questions are compared; the others are left out",)


def test_lines_over_the_same_periods() -> None:
    one = [Count("2026-11-01", 4), Count("2026-11-04", 2)]
    other = [Count("2026-11-02", 1)]
    asked = Asked(q="a", versus=("b", "c"))
    made = comparison([counting(one), counting(other), counting(())], asked, (None, None), NOW, nowhere)
    assert made is None  # one of them could not be counted
    empty: Counting = lambda _: ()  # noqa: E731
    made = comparison([counting(one), counting(other), empty], asked, (None, None), NOW, nowhere)
    assert made
    assert [period.is_covered for period in made.frame.periods] == [True, True, False, True]
    assert [line.numbers for line in made.lines] == [(4, 0, 0, 2), (0, 1, 0, 0), (0, 0, 0, 0)]
    assert [line.total for line in made.lines] == [6, 1, 0]
    assert made.highest == 4
    first, second, third = made.lines
    low, high = COMPARED_HEIGHT - 2, 4
    assert first.path == f"M0 {high}h1V{low}h1M3 {(low + high) / 2:g}h1"  # not drawn where nothing was captured
    assert third.path == f"M0 {low}h1V{low}h1M3 {low}h1"
    assert abs(second.end - third.end) >= 12  # letters stand apart, also where lines end together
    assert first.end < min(second.end, third.end) <= max(second.end, third.end) <= COMPARED_HEIGHT


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
    assert overview.newest(["gazette", "a", "nobody"]) == {"gazette": NOON, "a": NOON}
    assert overview.newest([]) == {}
    held = archive.statistics()
    assert overview.numbers(60) == (held.articles, held.versions, held.sightings, held.captures) == (7, 7, 8, 8)
    assert overview.captured_bytes(60) == held.captured_bytes
    assert overview.count(Query(), 60) == 7
    assert overview.counts(Query(), "day", 60) == (Count(day.isoformat(), 7),)
    assert overview.counts(Query(), "hour", 60) == (Count(f"{day.isoformat()}T12:00Z", 7),)
    assert overview.count(Query(), 0) is None  # no time at all
