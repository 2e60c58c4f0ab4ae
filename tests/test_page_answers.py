"""What pages answer is what the archive holds; each address is a state that can be kept, and each form is guarded."""

from __future__ import annotations

import html
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import update

from crawler.errors import BadTarget
from crawler.newsroom import CatalogueNewsroom
from crawler.notices.outbox import Outbox
from storage import Archive, schema
from storage.diff import diff
from storage.links import SourceRecord
from storage.records import Query, Removed
from storage.speaking import as_said
from storage.times import rfc3339
from storage.web.app import create_app, warm_up
from storage.web.asking import Asked
from storage.web.doors import watching_line
from storage.web.safety import Safety
from tests.newsroom import article, page
from tests.reading_room import NOW, Room, follow, serving

# --- search ---------------------------------------------------------------------------------------------------------


def hits_of(window: Any) -> list[str]:
    return [node.get_attribute("href") for node in window.query_selector_all(".hit h2 a")]


def total_of(window: Any) -> int:
    return int(window.inner_text("h1").split()[0].replace(",", ""))


@pytest.mark.parametrize(
    "address",
    ["/search", "/search?q=flood+gate&by=week", "/search?since=20d&until=yesterday&by=day", "/search?since=yesterday"],
)
def test_the_timeline_is_a_table_too(address: str, room: Room, window: Any) -> None:
    window.goto(room.base + address)
    bars = [node.get_attribute("href") for node in window.query_selector_all(".chart a")]
    assert bars
    assert all(node.get_attribute("tabindex") == "-1" for node in window.query_selector_all(".chart a"))
    rows = [node.get_attribute("href") for node in window.query_selector_all(".timeline tbody a")]
    assert rows == bars
    window.click(".timeline summary")
    numbers = [node.inner_text() for node in window.query_selector_all(".timeline tbody .number")]
    total = sum(int(each.replace(",", "")) for each in numbers if each != "–")
    assert total == total_of(window) == int(window.inner_text(".timeline tfoot .number"))
    for href, number in list(zip(bars, numbers, strict=True))[-4:]:
        query = parse_qs(urlsplit(href).query)
        assert set(query) >= {"since", "until"}
        window.goto(room.base + href)
        if number not in ("–", "0"):
            assert total_of(window) == int(number)


def test_what_the_timeline_shows_stands_in_words(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?by=day")
    caption = window.inner_text(".timeline figcaption")
    assert "is not over (dashed)" in caption
    assert window.locator(".chart rect.unfinished").count() == 1
    bare = window.locator(".chart rect.uncovered").count()
    assert bare > 0
    assert f"Nothing was captured in {bare} of " in caption
    window.goto(
        f"{room.base}/search?q=lighthouses&by=day"
    )  # there are days without an answer, and days without a capture
    window.click(".timeline summary")
    rows = [row.inner_text().split("\t") for row in window.query_selector_all(".timeline tbody tr")]
    assert any(row[1] == "0" and row[2] == "" for row in rows)
    assert all((row[1] == "–") == ("nothing captured" in row[2]) for row in rows)
    assert sum(row[1] == "–" for row in rows) == window.locator(".chart rect.uncovered").count()


def test_period_links_brush(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?since=2026-11-10&until=2026-11-20")
    links = {
        node.inner_text(): parse_qs(urlsplit(node.get_attribute("href")).query)
        for node in window.query_selector_all(".steps a")
    }
    assert (links["Earlier"]["since"], links["Earlier"]["until"]) == (["2026-10-31"], ["2026-11-10"])
    assert (links["Wider"]["since"], links["Wider"]["until"]) == (["2026-11-05"], ["2026-11-25"])
    assert (links["Narrower"]["since"], links["Narrower"]["until"]) == (["2026-11-12"], ["2026-11-18"])
    assert (links["Later"]["since"], links["Later"]["until"]) == (["2026-11-20"], ["2026-11-30"])
    assert links["All time"] == {}


def test_address_is_the_state(browser: Any, room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?q=flood+gate")
    before, number = hits_of(window), total_of(window)
    follow(window, ".facet a:has-text('harbour-post')")
    narrowed = hits_of(window)
    assert total_of(window) < number
    assert parse_qs(urlsplit(window.url).query)["source"] == ["harbour-post"]
    other = browser.new_context().new_page()
    other.goto(window.url)
    assert hits_of(other) == narrowed
    other.context.close()
    follow(window, ".hit h2 a >> nth=2")
    window.go_back()
    assert hits_of(window) == narrowed
    follow(window, ".facet a[aria-current]")
    assert hits_of(window) == before
    assert total_of(window) == number


def test_pages_of_hits_are_all_the_hits(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?q=flood+gate&sort=relevance")
    number, found = total_of(window), hits_of(window)
    while window.locator("a.next").count():
        follow(window, "a.next")
        assert total_of(window) == number
        found += hits_of(window)
    assert len(found) == len(set(found)) == number == room.archive.count(Query("flood gate"))


def test_questions_are_compared(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?q=flood")
    window.fill(".facet .period input[name=q]:not([type=hidden])", "bench -lighthouses")
    follow(window, ".facet button:has-text('Compare')")
    assert parse_qs(urlsplit(window.url).query)["q"] == ["flood", "bench -lighthouses"]
    expected = [room.archive.count(Query(words)) for words in ("flood", "bench -lighthouses")]
    assert [int(each.replace(",", "")) for each in re.findall(r"in ([\d,]+)", window.inner_text("h1"))] == expected
    legend = window.inner_text(".legend")
    assert all(word in legend for word in ("A flood solid", "B bench -lighthouses dashed"))
    assert (
        len(
            {
                node.evaluate("node => getComputedStyle(node).strokeDasharray")
                for node in window.query_selector_all(".lines path")
            }
        )
        == 2
    )  # told apart without colour, too
    areas = [node.get_attribute("href") for node in window.query_selector_all(".chart a")]
    assert areas == [node.get_attribute("href") for node in window.query_selector_all(".timeline tbody a")]
    assert all(parse_qs(urlsplit(href).query)["q"] == ["flood", "bench -lighthouses"] for href in areas)
    window.click(".timeline summary")
    rows = [row.inner_text().split("\t") for row in window.query_selector_all(".timeline tbody tr")]
    for column, number in enumerate(expected, start=1):
        assert sum(int(row[column]) for row in rows if row[column] != "–") == number
    assert all((row[1] == "–") == (row[2] == "–") == ("nothing captured" in row[3]) for row in rows)
    (of_source,) = [
        row.inner_text().split("\t")
        for row in window.query_selector_all(".sides tr")
        if row.inner_text().startswith("harbour-post")
    ]
    assert [int(each) for each in of_source[1:]] == [
        room.archive.count(Query(words, source="harbour-post")) for words in ("flood", "bench -lighthouses")
    ]
    follow(window, ".sides a:has-text('harbour-post')")
    assert [int(each) for each in re.findall(r"in (\d+)", window.inner_text("h1"))] == [
        int(each) for each in of_source[1:]
    ]
    window.click(".lines summary")
    shown = window.inner_text("details.lines")
    line = "copydesk search --source harbour-post --count-by day --versus 'bench -lighthouses' flood"
    assert line in shown
    assert "/api/v1/counts?q=flood&q=bench+-lighthouses&source=harbour-post&by=day" in shown
    follow(window, ".legend a:has-text('leave out') >> nth=0")
    assert parse_qs(urlsplit(window.url).query)["q"] == ["bench -lighthouses"]
    assert total_of(window) == int(of_source[2])


def test_a_comparison_that_cannot_be_counted_says_so(room: Room, tmp_path: Path) -> None:
    with serving(room.archive, tmp_path, Safety(counting_seconds=0)) as base:
        hurried = httpx.get(f"{base}/search?q=flood&q=bench&source=harbour-post").text
    assert "not counted" in hurried
    assert "q=flood&amp;q=bench&amp;source=harbour-post&amp;counts=all" in hurried
    assert not re.search(r"<td[^>]*>0</td>", hurried)


def test_what_takes_too_long_to_count_is_a_link(room: Room, tmp_path: Path) -> None:
    with serving(room.archive, tmp_path, Safety(counting_seconds=0)) as base:
        hurried = httpx.get(f"{base}/search?q=flood").text
        assert "Counting them takes a while" in hurried
        (all_of_them,) = set(re.findall(r'href="([^"]+)">Count these', hurried))
        counted = httpx.get(base + html.unescape(all_of_them)).text
    assert "Count these" not in counted
    assert re.search(r"<h1[^>]*>\s*[\d,]+ articles match", counted)


def test_who_asks_first_waits_for_nothing_that_is_made_once(room: Room, tmp_path: Path) -> None:
    made = room.archive._database.engine._compiled_cache
    app = create_app(room.archive, CatalogueNewsroom(room.archive, tmp_path), Safety(counting_seconds=10))
    assert made is not None
    made.clear()
    warm_up(app)
    statements = set(made)
    assert len(statements) > 8
    with serving(room.archive, tmp_path) as base:
        for address in ("/search", "/search?q=flood"):
            assert httpx.get(base + address).status_code == 200
    new = set(made) - statements
    assert len(new) <= 2  # the door's, whether there are tokens


def test_what_the_archive_holds(room: Room, tmp_path: Path) -> None:
    held = room.archive.statistics()
    with serving(room.archive, tmp_path, Safety(counting_seconds=0)) as base:
        hurried = httpx.get(f"{base}/about").text
        assert "Not everything was counted" in hurried
        assert "sightings" not in hurried
        (address,) = re.findall('href="([^"]+)">Count these', hurried)
        counted = httpx.get(base + address).text
    assert "Not everything" not in counted
    shown = dict(re.findall(r"<dt>(\w[\w ]*)</dt><dd>([\d,.]+)", counted))
    told = [shown[name].rstrip(",") for name in ("articles", "versions", "sightings", "pages kept")]
    assert told == [f"{number:,}" for number in (held.articles, held.versions, held.sightings, held.captures)]
    assert f"{held.captured_bytes / 1048576:.1f} MB" in counted
    rows = re.findall(r'/sources/([\w-]+)".*?<td class="number">([\d,]+)</td><td><time datetime="([^"]+)', counted)
    assert rows == [
        (
            each.key,
            f"{each.number:,}",
            rfc3339(next(room.archive.find(Query(source=each.key, limit=1))).published_at or NOW),
        )
        for each in room.archive.counts(Query(), "source")
    ]


def test_nothing_found_names_the_culprit(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?q=flood+gate+zeppelin&source=riverside-courier")
    assert total_of(window) == 0
    assert window.inner_text(".filters li b") == "riverside-courier"
    assert window.input_value("#q") == "flood gate zeppelin"
    number = room.archive.count(Query("flood gate", source="riverside-courier"))
    assert f"The narrowest part is zeppelin: without it, {number} articles" in window.inner_text(".empty")
    follow(window, ".empty a")
    assert total_of(window) == number


def test_notes_and_doors(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/search?q=since:2021-13+flood&since=never&sort=loud&after=here")
    notes = window.inner_text(".ask")
    assert "since:2021-13: no time" in notes
    assert "since=never: no time" in notes
    assert "sort=loud" in notes
    assert "after: no position" in notes
    window.goto(f"{room.base}/search?q=flood+%22upper+gate%22+-drill&source=harbour-post")
    window.click(".watch summary")
    line = "copydesk watch add NAME --webhook URL -- flood '\"upper gate\"' -drill source:harbour-post"
    assert line in window.inner_text(".watch")
    window.click(".lines summary")
    shown = window.inner_text(".lines")
    assert """copydesk search --source harbour-post -- flood '"upper gate"' -drill""" in shown
    assert """archive.find(Query(words='flood "upper gate" -drill', source='harbour-post'))""" in shown
    exports = [node.get_attribute("href") for node in window.query_selector_all(".takes a")]
    assert [parse_qs(urlsplit(each).query)["format"][0] for each in exports] == ["jsonl", "csv", "parquet", "atom"]
    assert all(parse_qs(urlsplit(each).query)["source"] == ["harbour-post"] for each in exports)


def test_a_watch_of_a_line_asks_the_same(room: Room) -> None:
    """What the page has one type is read by the command as the page reads it."""
    asked = Asked(q='title:gate OR "upper gate" -zeppelin', source="harbour-post", since="2020")
    line = shlex.split(watching_line(asked, asked.query(NOW.date())) or "")
    watched = Query(as_said(tuple(line[line.index("--") + 1 :])))
    found = {each.id for each in room.archive.find(watched)}
    assert found == {each.id for each in room.archive.find(asked.query(NOW.date()))} != set()
    assert watching_line(Asked(), Query()) is None


def test_a_line_that_the_site_repeats_has_its_evidence(archive: Archive, tmp_path: Path) -> None:
    blocks = (
        Removed(0, 9, 3, "Follow us", "repeated", "site.repeated", 0.21, 22, 24),
        Removed(10, 19, 4, "Follow me", "repeated", "site.repeated", 0.21, 0, 24),
        Removed(20, 29, 5, "Read more", "related", "related.opener"),
    )
    saved = archive.save(page(), article(blocks=blocks))
    assert archive.removed(saved.article_id or "") == blocks
    with serving(archive, tmp_path) as base:
        shown = httpx.get(f"{base}/articles/{saved.article_id}?show=removed").text
        told = httpx.get(f"{base}/api/v1/articles/{saved.article_id}/removed").json()["removed"]
    labels = re.findall(r'<p class="label"[^>]*>(.*?)</p>', shown)
    assert ["22 of the 24 other pages" in each for each in labels] == [True, False, False]
    assert "on 0 of the 24 other pages of its site seen last and on others before" in labels[1]
    assert "pages of its site" not in labels[2]
    assert [(each["pages"], each["of_pages"]) for each in told] == [(22, 24), (0, 24), (None, None)]


# --- articles, versions, stories ------------------------------------------------------------------------------------


def test_each_script_reads_right(room: Room, window: Any) -> None:
    direction = "node => getComputedStyle(node).direction"
    window.goto(f"{room.base}/articles/{room.ids['arabic']}?show=removed")
    paragraphs = window.query_selector_all(".text > p")
    ways = [node.evaluate(direction) for node in paragraphs]
    assert set(ways) == {"rtl", "ltr"}
    assert [way for way, node in zip(ways, paragraphs, strict=True) if "harbour" in node.inner_text()] == ["ltr"]
    labels = window.query_selector_all(".cut .label, .cut .remedy")
    assert labels
    assert {node.evaluate(direction) for node in labels} == {"ltr"}
    assert window.evaluate("getComputedStyle(document.querySelector('h1')).direction") == "rtl"
    for name, language in (("japanese", "ja"), ("chinese", "zh"), ("thai", "th"), ("vietnamese", "vi")):
        window.goto(f"{room.base}/articles/{room.ids[name]}")
        assert window.get_attribute(".text", "lang") == language
        assert window.get_attribute("h1", "lang") == language
    window.goto(f"{room.base}/search?q=図書館")
    assert window.get_attribute(".hit h2 bdi", "lang") == "ja"
    assert window.locator("mark").count() > 0


_FITS = """place => {
  const node = document.querySelector(place), style = getComputedStyle(node), cut = [];
  for (let at = node; at; at = at.parentElement) if (getComputedStyle(at).overflowY !== 'visible') cut.push(at.tagName);
  const spaced = parseFloat(style.lineHeight) / parseFloat(style.fontSize);
  return {cut, fits: node.scrollHeight <= node.clientHeight + 1, spaced};
}"""


def test_vietnamese_capitals_are_not_clipped(browser: Any, room: Room) -> None:
    context = browser.new_context(viewport={"width": 640, "height": 450}, device_scale_factor=2)  # 1280 at 200 %
    window = context.new_page()
    window.goto(f"{room.base}/articles/{room.ids['vietnamese']}")
    for place, least in (("h1", 1.4), (".text > p", 1.7)):
        seen = window.evaluate(_FITS, place)
        assert seen["cut"] == []
        assert seen["fits"]
        assert seen["spaced"] >= least
    context.close()


def test_removed_and_kept_are_the_article(room: Room, window: Any) -> None:
    article, removed = room.archive.get(room.ids["gate"]), room.archive.removed(room.ids["gate"])
    window.goto(f"{room.base}/articles/{article.id}")
    kept = [node.inner_text() for node in window.query_selector_all(".text > p")]
    assert "\n\n".join(kept) == article.text
    assert window.locator(".cut").count() == 0
    follow(window, "text=removed lines")
    assert [node.inner_text() for node in window.query_selector_all(".text > p")] == kept
    cuts = window.query_selector_all(".cut")
    assert [node.query_selector("p:nth-child(2)").inner_text() for node in cuts] == [each.text for each in removed]
    for node, each in zip(cuts, removed, strict=True):
        label = node.query_selector(".label").inner_text()
        assert f"Removed: {each.because} · {each.rule} · line {each.line}" in label
        assert "keep = [" in node.query_selector(".remedy").inner_text()
    order = [node.inner_text().split("\n")[0] for node in window.query_selector_all(".text > *")]
    assert "Removed: related" in order[order.index(kept[1]) + 1]
    follow(window, "text=Hide")
    assert window.locator(".cut").count() == 0


_SIDE = """dropped => { const copy = document.querySelector('.diff').cloneNode(true);
  for (const node of copy.querySelectorAll('.unseen, summary, ' + dropped)) node.remove();
  return [...copy.querySelectorAll('p')].map(node => node.textContent).filter(Boolean).join('\\n\\n') }"""


def test_a_diff_makes_both_versions_again(room: Room, window: Any) -> None:
    first, second, third = room.archive.versions(room.ids["gate"])
    for pair, before, after in (("1..2", first, second), ("2..3", second, third), ("3..1", third, first)):
        window.goto(f"{room.base}/articles/{room.ids['gate']}/versions/{pair}")
        assert window.evaluate(_SIDE, "ins") == before.text
        assert window.evaluate(_SIDE, "del") == after.text
        pieces = diff(before.text, after.text)
        assert window.locator(".diff del").count() == sum(piece.kind == "removed" for piece in pieces)
        assert window.locator(".diff ins").count() == sum(piece.kind == "added" for piece in pieces)


def test_a_diff_is_read_without_colour(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/articles/{room.ids['gate']}/versions/1..2")
    line = "node => getComputedStyle(node).textDecorationLine"
    assert {node.evaluate(line) for node in window.query_selector_all("del")} == {"line-through"}
    assert {node.evaluate(line) for node in window.query_selector_all("ins")} == {"underline"}
    assert all(
        re.fullmatch(r"\[removed: .+\]", node.text_content(), re.DOTALL) for node in window.query_selector_all("del")
    )
    assert all(
        re.fullmatch(r"\[added: .+\]", node.text_content(), re.DOTALL) for node in window.query_selector_all("ins")
    )
    assert "major" in window.inner_text("main")
    assert window.locator("details.fold").count() > 0


def test_a_story_shows_every_outlet(room: Room, window: Any) -> None:
    story = room.archive.stories.of(room.ids["gate"])
    window.goto(f"{room.base}/stories/{story.id}")
    assert window.locator(".lanes circle").count() == len(story.sights) == 7
    assert window.locator("tbody tr").count() == 7
    names = [node.inner_text() for node in window.query_selector_all("tbody a")]
    assert names == [sight.source for sight in story.sights]
    minutes = [int(node.inner_text().replace(",", "")) for node in window.query_selector_all("tbody td:nth-child(2)")]
    assert minutes == sorted(minutes)
    assert minutes[:2] == [0, 40]


# --- sources, runs, forms -------------------------------------------------------------------------------------------


def test_states_are_words(room: Room) -> None:
    shown = re.sub(r"<[^>]*>", " ", httpx.get(f"{room.base}/sources").text)
    assert re.search(r"1\s+broken", shown)
    for name, state in (
        ("daffa-times", "broken"),
        ("harbour-post", "well"),
        ("north-quay-news", "off"),
        ("lantern", "new"),
    ):
        page = re.sub(r"<[^>]*>", " ", httpx.get(f"{room.base}/sources/{name}").text)
        assert re.search(rf"[✓✕–○]\s+{state}", page), name


def test_a_problem_says_since_when_and_what_to_try(room: Room) -> None:
    (problem,) = room.archive.problems.open()
    for address in ("/sources", "/sources/daffa-times"):
        (block,) = re.findall(
            r'<section class="problem broken">.*?</section>', httpx.get(room.base + address).text, re.DOTALL
        )
        assert rfc3339(problem.since) in block
        assert f'href="/articles/{room.ids["copy daffa-times"]}"' in block
        assert "HTTP 503" in block
        assert "<code>copydesk sources check daffa-times</code>" in block
    assert "problem" not in re.sub(r"<head>.*</head>", "", httpx.get(f"{room.base}/sources/harbour-post").text)


def test_a_machine_that_is_offline_is_told_once(room: Room) -> None:
    hint = "look at its network"
    room.archive.problems.enter(None, "offline", NOW, "this machine is offline", hint, None, NOW)
    try:
        for address in ("/sources", "/sources/harbour-post"):
            assert httpx.get(room.base + address).text.count("this machine is offline") == 1
        assert httpx.get(f"{room.base}/api/v1/sources").json()["offline"]["hint"] == hint
    finally:
        room.archive.problems.close(next(each for each in room.archive.problems.open() if each.source is None), NOW)


def test_a_gap_is_marked_and_can_be_filled(room: Room, window: Any) -> None:
    day = (NOW - timedelta(days=2)).date()
    window.goto(f"{room.base}/sources/riverside-courier")
    assert window.locator(".sparkline rect.bad").count() == 1
    assert "1 of the days is a gap" in window.inner_text(".volume")
    follow(window, "text=Fetch what is missing")
    assert window.input_value("#source") == "riverside-courier"
    assert window.input_value("#since") == day.isoformat()
    assert window.input_value("#until") == (day + timedelta(days=1)).isoformat()
    days = httpx.get(f"{room.base}/api/v1/sources/riverside-courier/days").json()["days"]
    assert [each["day"] for each in days if each["is_gap"]] == [day.isoformat()]


def test_a_withdrawn_article_says_so(room: Room) -> None:
    address = f"{room.base}/articles/{room.ids['library']}"
    assert "Withdrawn" not in httpx.get(address).text
    row = schema.article.c
    with room.archive._database.writing() as connection:
        connection.execute(update(schema.article).where(row.id == room.ids["library"]).values(withdrawn_at=NOW))
    (note,) = re.findall('<p class="note">Withdrawn.*?</p>', httpx.get(address).text)
    assert rfc3339(NOW) in note


def test_print(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/articles/{room.ids['gate']}?show=removed")
    window.emulate_media(media="print")
    for hidden in (".top", ".tools", ".bottom", ".skip"):
        assert not window.is_visible(hidden), hidden
    assert window.is_visible(".text > p")
    window.goto(f"{room.base}/why?url=https://riverside-courier.example/gate")
    assert not any(node.is_visible() for node in window.query_selector_all("form"))
    after = "getComputedStyle(document.querySelector('.fates a.out'), '::after').content"
    assert "https://riverside-courier.example/gate" in window.evaluate(after)


def test_a_form_from_elsewhere_is_refused(room: Room) -> None:
    runs = room.archive.runs(1)[0].id
    for form in ({"source": "harbour-post"}, {"urls": "https://a.example/1", "csrf": "0" * 64}):
        answer = httpx.post(f"{room.base}/runs", data=form)
        assert answer.status_code == 403
        assert "load the page again" in answer.text
    assert room.archive.runs(1)[0].id == runs


def test_a_crawl_filed_twice_is_one_run(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/sources/lantern")
    follow(window, "text=Crawl now")
    first = urlsplit(window.url)
    assert re.fullmatch(r"/runs/\d+", first.path)
    assert "Filed." in window.inner_text("main")
    window.goto(f"{room.base}/sources")
    follow(window, "[aria-label='Crawl lantern now']")
    assert urlsplit(window.url).path == first.path
    assert "under way already" in window.inner_text("main")
    assert sum(run.source == "lantern" for run in room.archive.runs(50)) == 1


def test_the_crawl_form_says_what_is_wrong(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/runs/new")
    window.fill("#since", "whenever")
    window.fill("#limit", "-3")
    follow(window, "text=File it")
    shown = window.inner_text("[role=alert]")
    assert "since: no time" in shown
    assert "limit: a whole number" in shown
    assert "name a source, or addresses" in shown
    assert window.input_value("#since") == "whenever"
    window.fill("#since", "")
    window.fill("#limit", "")
    window.fill("#urls", "nothing-like-an-address")
    follow(window, "text=File it")
    assert window.locator("[role=alert] li").count() == 1
    window.fill("#urls", "https://harbour-post.example/a\nhttps://harbour-post.example/b")
    follow(window, "text=File it")
    filed = room.archive.run(int(urlsplit(window.url).path.rpartition("/")[2]))
    assert (filed.named, filed.pending) == (2, 2)


def test_a_search_is_watched_from_its_page(room: Room, window: Any) -> None:
    asked = 'q=flood+OR+bench+"upper+gate"&source=harbour-post&since=2020'
    window.goto(f"{room.base}/search?{asked}")
    window.click(".watch summary")
    for field, said in (("name", "floods"), ("target", "not an address")):
        window.fill(f"#watch-{field}", said)
    follow(window, ".watch button")
    with pytest.raises(BadTarget) as refused:
        Outbox("copydesk").check("webhook", "not an address")
    assert window.inner_text("[role=alert] li") == f"{refused.value}; {refused.value.hint}"  # as the command says it
    assert window.input_value("#watch-name") == "floods"
    window.fill("#watch-target", "https://desk.example/hook?key=5f0c")
    follow(window, "main button")
    assert urlsplit(window.url).path == "/watches"
    shown = window.inner_text("main")
    assert "The watch floods is made" in shown
    assert "5f0c" not in window.content()  # it may be a secret
    made = room.archive.watches.get("floods")
    assert (made.way, made.target, made.secret) == ("webhook", "https://desk.example/hook?key=5f0c", None)
    assert made.query.words == 'flood OR bench "upper gate" source:harbour-post since:2020'
    page = Query('flood OR bench "upper gate"', source="harbour-post", since=datetime(2020, 1, 1, tzinfo=UTC))
    assert room.archive.count(made.query) == room.archive.count(page)
    follow(window, "td a:has-text('flood OR bench')")
    assert total_of(window) == room.archive.count(page)
    room.archive.watches.remove("floods")


def test_a_watch_that_cannot_be_made_says_why(room: Room) -> None:
    with httpx.Client(base_url=room.base) as browser:
        csrf = re.findall(r'name="csrf" value="([^"]+)"', browser.get("/watches/new").text)[0]

        def told(**fields: str) -> list[str]:
            form = {"csrf": csrf, "name": "hook", "q": "flood", "way": "webhook", "target": "https://a.example/"}
            answer = browser.post("/watches", data=form | fields)
            assert answer.status_code == 422, fields
            return [html.unescape(each) for each in re.findall("<li><bdi>(.*?)</bdi></li>", answer.text)]

        assert told(way="command", target="touch /tmp/x") == ["say how to tell it: by webhook or email"]
        assert told(way="") == ["say how to tell it: by webhook or email"]
        assert told(q="") == ["nothing is asked for: there is no word in the query"]
        assert told(q='"" ,') == ["nothing is asked for: there is no word in the query"]
        assert told(name="flood-gate")[0].startswith("there is a watch 'flood-gate' already; ")
        assert told(name="a b")[0].startswith("'a b' is no name of a watch; ")
        assert told(name="", target="") == [
            "name: the watch needs one", "say where to tell it: the address of a webhook, or of mail"
        ]  # fmt: skip
        assert told(target="ftp://a.example/x")
        assert told(target="x" * 2001) == ["address: at most 2,000 characters"]
        assert told(way="email", target="a@b.example")[0].startswith("no mail can be sent: no mail server")
        assert browser.post("/watches", data={"name": "hook", "q": "flood"}).status_code == 403
    assert [watch.name for watch in room.archive.watches.all()] == ["flood-gate"]


def test_who_may_only_read_is_shown_nothing_that_files_a_crawl(tmp_path: Path) -> None:
    text = '[[place]]\nkind = "feed"\nurls = ["https://quay.example/rss"]\n'
    quay = SourceRecord("quay", "The Quay", "en", None, "https://quay.example/", enabled=True, definition=text)
    (tmp_path / "quay.toml").write_text(
        f'title = "The Quay"\nlanguage = "en"\nhomepage = "https://quay.example/"\nenabled = true\n{text}'
    )
    offers = {
        "/sources": ['action="/runs"', "Crawl now"],
        "/sources/quay": ['action="/runs"', "Crawl now", "Fetch what is missing", 'href="/runs/new'],
        "/runs": ["File a crawl"],
        "/why?url=https://quay.example/1": ['action="/runs"', "Look now"],
    }
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive:
        archive.sources.sync([quay])
        archive.pulses.expect({("quay", int((NOW - timedelta(days=2)).timestamp()) // 86400): (9.0, 4.0)})
        asks = [(archive.tokens.add("reader", "read"), False), (archive.tokens.add("writer", "write"), True)]
        with serving(archive, tmp_path) as base:
            for token, may in asks:
                with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as browser:
                    for address, offered in offers.items():
                        shown = browser.get(address)
                        assert shown.status_code == 200
                        assert [each in shown.text for each in offered] == [may] * len(offered), address
                    head, body = (browser.get("/sources").text.count(f"<{cell}") for cell in ("th scope", "td"))
                    assert head == body, "each column has its head"
                    csrf = re.findall(r'name="csrf" value="([^"]+)"', browser.get("/runs/new").text)[0]
                    filed = browser.post("/runs", data={"csrf": csrf, "source": "quay"})
                    assert filed.status_code == (303 if may else 403)
        assert [run.source for run in archive.runs(9)] == ["quay"]


def test_who_may_only_read_makes_no_watch(tmp_path: Path) -> None:
    with Archive.open(f"sqlite:///{tmp_path}/a.db") as archive:
        asks = [(archive.tokens.add("reader", "read"), False), (archive.tokens.add("writer", "write"), True)]
        form = {"name": "hook", "q": "flood", "way": "webhook", "target": "https://a.example/"}
        with serving(archive, tmp_path) as base:
            for token, may in asks:
                with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}) as browser:
                    assert ("Make a watch" in browser.get("/watches").text) == may
                    assert ('action="/watches"' in browser.get("/search?q=flood").text) == may
                    csrf = re.findall(r'name="csrf" value="([^"]+)"', browser.get("/watches/new").text)[0]
                    assert browser.post("/watches", data=form | {"csrf": csrf}).status_code == (303 if may else 403)
        assert [watch.name for watch in archive.watches.all()] == ["hook"]


_STEPS = """() => {
  const number = each => parseInt(each.querySelector(':scope > .step > b').textContent.replaceAll(',', ''));
  const steps = [...document.querySelectorAll('.funnel li')].filter(node => node.querySelector(':scope > ul'));
  return steps.map(node => [number(node), [...node.querySelectorAll(':scope > ul > li')].map(number)]);
}"""


def test_the_funnel_adds_up(room: Room, window: Any) -> None:
    for run in room.archive.runs(50):
        window.goto(f"{room.base}/runs/{run.id}")
        found = window.evaluate(_STEPS)
        assert found
        for whole, parts in found:
            assert whole == sum(parts), run
        assert found[0][0] == (run.named if run.kind == "crawl" else run.read)
    window.goto(f"{room.base}/runs/2")
    causes = [row.inner_text().split("\t") for row in window.query_selector_all("tbody tr")]
    assert [int(number) for _, number in causes] == [2, 1]
    window.goto(f"{room.base}/runs")
    assert "HTTP 503: the server is busy ×2" in window.inner_text("tr:has(a:text-is('2'))")


def test_reloading_is_asked_for(room: Room) -> None:
    number = next(run.id for run in room.archive.runs(50) if run.finished_at is None)
    assert "refresh" not in httpx.get(f"{room.base}/runs/{number}").headers
    assert httpx.get(f"{room.base}/runs/{number}?reload").headers["refresh"] == "5"
    assert "refresh" not in httpx.get(f"{room.base}/runs/2?reload").headers


def test_why_is_something_missing(room: Room, window: Any) -> None:
    window.goto(f"{room.base}/why?url=https://riverside-courier.example/crawled/2")
    assert window.inner_text("h1") == "Not in the archive: failed"
    assert "HTTP 410: gone" in window.inner_text(".fates")
    window.goto(f"{room.base}/why?url=https://riverside-courier.example/crawled/nowhere")
    assert window.inner_text("h1") == "Never named"
    assert window.locator(".plainlist a").count() == 5
    follow(window, "text=Look now")
    assert re.fullmatch(r"/runs/\d+", urlsplit(window.url).path)


def test_the_kept_page_is_only_a_download(room: Room) -> None:
    answer = httpx.get(f"{room.base}/articles/{room.ids['gate']}/page")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.content == room.archive.raw(room.ids["gate"])
