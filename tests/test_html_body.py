"""HTML pages to lines and metadata: the dated pages of tests/pages, and pages whose body is hard to find."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.html_body import JudgedPage, judge_html
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from storage.records import Page

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
FETCHED_AT = datetime(2026, 6, 1, tzinfo=UTC)
SENTENCES = [
    "The council agreed on Monday to mend the old bridge before winter, the mayor said in the town hall.",
    "Work is to begin in August and should take about eleven weeks, unless the river rises earlier than usual.",
    "Lorries will have to drive around by way of Little Hampton, which adds nine miles to every journey.",
    "Shopkeepers in the High Street fear for their trade and have asked for a footbridge in the meantime.",
    "The last repair, forty years ago, cost twice what had been planned and was not finished until Easter.",
]


def page(url: str | None = "https://gazette.example/bridge") -> Page:
    return Page(url, b"", "text/html", FETCHED_AT)


def paragraphs(sentences: list[str] = SENTENCES) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def judged(source: str, profile: SiteProfile = NOTHING_KNOWN) -> JudgedPage:
    return judge_html(source, page(), profile)


def kept(found: JudgedPage) -> list[str]:
    draft = found.draft
    return [line.text for line, verdict in zip(draft.lines, draft.verdicts, strict=True) if verdict is None]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_gives_the_article_beside_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found = judge_html(path.read_text(encoding="utf-8"), page(expected["url"]), NOTHING_KNOWN)
    said, inside = found.said, kept(found)
    outside = [line.text for line in found.draft.lines if line.text not in inside]
    assert [text for text in expected["body"] if text not in inside] == []
    assert [text for text in expected["outside"] if text not in outside] == []
    for field in ("title", "language", "section", "image", "canonical_url", "access", "site_name"):
        assert getattr(said, field) == expected[field], field
    for field in ("authors", "keywords"):
        assert list(getattr(said, field)) == expected[field], field
    for field in ("published_at", "modified_at"):
        value = getattr(said, field)
        assert (value and value.isoformat()) == expected[field], field
    assert said.published_precision == expected["published_precision"]
    assert said.published_origin == expected["published_origin"]


def test_every_page_has_its_article_beside_it() -> None:
    assert len(PAGES) >= 4
    assert {path.with_suffix(".json") for path in PAGES} == set((Path(__file__).parent / "pages").glob("*.json"))


def test_each_line_that_goes_says_why() -> None:
    source = f"""
      <title>The old bridge</title><meta name='author' content='Ada Brook'>
      <nav><a href='/'>Home</a> <a href='/n'>News</a></nav>
      <article><h1>The old bridge</h1>{paragraphs()}
      <figure><figcaption>The bridge in May</figcaption></figure></article>
      <div class='newsletter'><p>Get our news every morning.</p></div>
      <div class='author-bio'><p>Ada Brook has written about rivers and those who cross them for thirty years.</p></div>
      <blockquote class='twitter-tweet'><p>What a bridge!</p></blockquote>
      <section class='comments'><p>Well said, I think so too.</p></section>"""
    found = judged(source)
    assert kept(found) == SENTENCES
    gone = {
        line.text: verdict.reason
        for line, verdict in zip(found.draft.lines, found.draft.verdicts, strict=True)
        if verdict
    }
    assert gone["Home News"] == "nav"
    assert gone["The old bridge"] == "title"
    assert gone["The bridge in May"] == "caption"
    assert gone["Get our news every morning."] == "appeal"
    assert [reason for text, reason in gone.items() if text.startswith("Ada Brook")] == ["bio"]
    assert gone["What a bridge!"] == "embed"
    assert gone["Well said, I think so too."] == "comment"


def test_the_third_copy_of_a_page_is_judged_like_the_first() -> None:
    source = f"<html><body><article>{paragraphs()}</article></body></html>"
    assert [kept(judged(source)) for _ in range(3)] == [SENTENCES] * 3


@pytest.mark.parametrize("depth", [100, 240])
def test_an_article_under_many_elements_is_read_whole(depth: int) -> None:
    source = f"<html><body>{'<div>' * depth}{paragraphs()}{'</div>' * depth}</body></html>"
    assert kept(judged(source)) == SENTENCES


def test_the_article_once_more_in_one_hidden_piece_goes() -> None:
    again = "<div style='display:none'>" + " ".join(SENTENCES * 2) + "</div>"
    found = judged(f"<html><body><article>{paragraphs(SENTENCES * 2)}</article>{again}</body></html>")
    assert kept(found) == SENTENCES * 2  # a refrain is no second copy


def test_a_user_s_lines_come_before_the_model() -> None:
    source = f"<article>{paragraphs()}</article><footer><p>Printed on the quay.</p></footer>"
    told = judged(source, SiteProfile(remove=("Shopkeepers in",), keep=("Printed on",)))
    assert kept(told) == [*SENTENCES[:3], SENTENCES[4], "Printed on the quay."]


def test_a_user_chooses_which_parts_count() -> None:
    row = "<table><tr><td>Weight limit<td>three tons</table>"
    source = f"<article>{paragraphs(SENTENCES[:3])}<h2>What is next</h2>{row}{paragraphs(SENTENCES[3:])}</article>"
    without = judged(source, SiteProfile(parts=(("subheads", False), ("tables", False))))
    assert kept(without) == SENTENCES
    both = judged(source, SiteProfile(parts=(("subheads", True), ("tables", True))))
    assert kept(both) == [*SENTENCES[:3], "What is next", "Weight limit three tons", *SENTENCES[3:]]
    rules = {verdict.rule for verdict in without.draft.verdicts if verdict}
    assert rules <= {"source.subheads", "source.tables", "block.unlike-article"}


def test_an_empty_page_has_no_lines() -> None:
    assert judged("").draft.lines == []
    assert judged("<!-- nothing -->").draft.lines == []


def test_a_page_nested_like_no_other_is_doubted() -> None:
    deep = judged(f"<title>t</title><article>{paragraphs()}{'<div>' * 300}<p>The tail.</p></article>")
    assert "uncertain" in deep.said.flags
    assert set(SENTENCES) <= set(kept(deep))
    assert "uncertain" not in judged(f"<title>t</title><article>{paragraphs()}</article>").said.flags
