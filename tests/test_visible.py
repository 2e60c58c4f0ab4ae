"""The visible text of HTML: what is a line, what is silent or hidden, and that offsets hold."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.lines import Line, plain_lines
from pipelines.visible import parse, visible_lines, was_cut

EVAL = Path(os.environ.get("COPYDESK_EVAL", Path(__file__).parents[2] / "shared" / "eval"))
PROSE = "The council agreed on Monday to mend the old bridge before winter, the mayor said in the town hall. "


def read(source: str) -> list[str]:
    return [line.text for line in visible_lines(parse(source))[1]]


def assert_lines_stand_in(text: str, lines: list[Line]) -> None:
    assert text.split("\n") == [line.text for line in lines] or (text, lines) == ("", [])
    for number, line in enumerate(lines, 1):
        assert text[line.start : line.end] == line.text == line.text.strip() != ""
        assert line.number == number


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("<p>One <b>wo</b>rd</p>", ["One word"]),
        ("<p>one<br>two</p>", ["one", "two"]),
        ("<p>a<!-- b -->c<?php d ?>e</p>", ["ace"]),
        ("<div>before<p>inside</p>after</div>", ["before", "inside", "after"]),
        ("<p>a&#10;\t b&nbsp;c\u2028d</p>", ["a b c d"]),
        ("<span>Photo</span><span>grapher</span> <i>Lee</i>", ["Photographer Lee"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("just text", ["just text"]),
        ("<p>&lt;script&gt; is shown</p>", ["<script> is shown"]),
        ("<?xml version='1.0' encoding='latin-1'?><html><body>é đ</body></html>", ["é đ"]),
        ("<meta charset=latin-1><p>é đ</p>", ["é đ"]),
        ("", []),
        ("<!-- nothing -->", []),
    ],
)
def test_a_block_is_a_line(source: str, lines: list[str]) -> None:
    assert read(source) == lines


@pytest.mark.parametrize(
    "element",
    ["script", "style", "noscript", "template", "svg", "iframe", "object", "select", "textarea", "video", "canvas"],
)
def test_silent_elements_are_left_out(element: str) -> None:
    assert read(f"<p>seen</p><{element}>unseen</{element}><p>seen too</p>") == ["seen", "seen too"]


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        'style="display:none"',
        'style="color: red; DISPLAY : none"',
        'style="visibility:hidden"',
        'style="position:absolute;clip:rect(0 0 0 0)"',
        'class="icon sr-only"',
        'class="visually-hidden"',
    ],
)
def test_hidden_elements_are_left_out(attribute: str) -> None:
    assert read(f"<p>a link<span {attribute}>, opens in a new tab</span>.</p>") == ["a link."]


def test_what_scripts_uncover_is_seen_where_it_is_most_of_the_page() -> None:
    hidden = f"<div style='display:none'><p>{PROSE * 3}</p></div>"
    assert read(f"<body><p>Subscribe to read on.</p>{hidden}</body>") == ["Subscribe to read on.", (PROSE * 3).strip()]
    assert read(f"<body><p>{PROSE * 4}</p>{hidden}</body>") == [(PROSE * 4).strip()]


def test_a_row_of_plain_cells_is_one_line_and_one_with_blocks_is_not() -> None:
    assert read("<table><tr><th>Night<th>Leaves<tr><td>Monday<td>22:15</table>") == ["Night Leaves", "Monday 22:15"]
    assert read("<table><tr><td><p>Menu</p><td><p>Text</p></table>") == ["Menu", "Text"]
    assert read("<table><tr><td>a<table><tr><td>b<td>c</table>d</table>") == ["a", "b c", "d"]


def test_captions_and_headings_name_all_their_text() -> None:
    source = (
        "<h1><div>Head</div></h1><figure><figcaption><p>Cap</p><span>Credit</span></figcaption></figure><p>Text</p>"
    )
    lines = visible_lines(parse(source))[1]
    assert [(line.text, line.tag) for line in lines] == [
        ("Head", "h1"),
        ("Cap", "figcaption"),
        ("Credit", "figcaption"),
        ("Text", "p"),
    ]


@pytest.mark.parametrize("depth", [250, 300, 2000])
def test_deep_text_is_kept(depth: int) -> None:
    root = parse(f"<html><body>{'<div>' * depth}deep{'</div>' * depth}<p>after</p>")
    assert [line.text for line in visible_lines(root)[1]] == ["deep", "after"]
    assert not was_cut(root)


def test_text_too_deep_for_the_parser_is_reported() -> None:
    assert was_cut(parse(f"<html><body><p>before</p>{'<div>' * 3000}deep"))


TAGS = st.sampled_from(
    ["p", "div", "b", "span", "li", "td", "tr", "table", "br", "h1", "figcaption", "script", "p hidden"]
)
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.one_of(TEXTS, TAGS.map(lambda tag: f"<{tag}>"), TAGS.map(lambda tag: f"</{tag}>")), max_size=40))
def test_lines_tile_the_visible_text(pieces: list[str]) -> None:
    text, lines = visible_lines(parse("".join(pieces)))
    assert_lines_stand_in(text, lines)
    assert [line.text for line in plain_lines(text)] == [line.text for line in lines]


@pytest.mark.skipif(not EVAL.is_dir(), reason=f"the evaluation pages are not in {EVAL}")
def test_lines_tile_the_visible_text_of_news_pages() -> None:
    pages = sorted(EVAL.glob("aeb/html/*.html.gz"))
    assert pages
    for path in pages:
        text, lines = visible_lines(parse(gzip.decompress(path.read_bytes()).decode("utf-8", "replace")))
        assert_lines_stand_in(text, lines)
        assert len(lines) > 5, path.name
