"""HTML pages to lines and metadata: the dated pages of tests/pages, and pages whose body is hard to find."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.html_body import body_lines, read_html
from pipelines.visible import parse, visible_lines
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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_gives_the_article_beside_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    lines, said = read_html(path.read_text(encoding="utf-8"), page(expected["url"]))
    inside = [line.text for line in lines if line.outside is None]
    outside = [line.text for line in lines if line.outside]
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


def test_lines_left_out_say_which_rule_left_them_out() -> None:
    root = parse(f"<nav><a href='/'>Home</a> <a href='/n'>News</a></nav><article>{paragraphs()}</article>")
    _, lines = visible_lines(root)
    marked = body_lines(root, lines)
    assert [line.outside for line in marked] == ["body.outside", None, None, None, None, None]
    assert [(line.start, line.end, line.text) for line in marked] == [
        (line.start, line.end, line.text) for line in lines
    ]


def test_finding_the_body_leaves_the_tree_as_it_was() -> None:
    root = parse(f"<div class='comments'><p>A reader said so.</p></div><article>{paragraphs()}</article>")
    before = visible_lines(root)
    body_lines(root, before[1])
    assert visible_lines(root) == before


def test_no_body_found_marks_nothing() -> None:
    lines, _ = read_html("<html><body><ul><li>One</li><li>Two</li></ul></body></html>", page())
    assert [(line.text, line.outside) for line in lines] == [("One", None), ("Two", None)]


def test_the_third_copy_of_a_page_is_found_like_the_first() -> None:
    source = f"<html><body><article>{paragraphs()}</article></body></html>"
    first, second, third = (read_html(source, page())[0] for _ in range(3))
    assert first == second == third
    assert [line.outside for line in third] == [None] * len(SENTENCES)


@pytest.mark.parametrize("depth", [260, 1500])
def test_an_article_under_many_elements_is_read_whole(depth: int) -> None:
    source = f"<html><body>{'<div>' * depth}{paragraphs()}{'</div>' * depth}</body></html>"
    lines, said = read_html(source, page())
    assert [line.text for line in lines if line.outside is None] == SENTENCES
    assert said.flags == ()


def test_what_even_the_wider_limit_cuts_is_flagged() -> None:
    source = f"<html><body>{paragraphs()}{'<div>' * 2500}<p>Too deep.</p></body></html>"
    lines, said = read_html(source, page())
    assert [line.text for line in lines] == SENTENCES
    assert said.flags == ("page-cut",)


def test_an_empty_page_has_no_lines() -> None:
    assert read_html("", page())[0] == []
    assert read_html("<!-- nothing -->", page())[0] == []
