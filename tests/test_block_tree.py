"""The blocks of an HTML page: what is one, what is silent, hidden or deep, and what each says of its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from pipelines.block_tree import FIGURE, HIDDEN, LIST, BlockTree, block_tree


def tree_of(source: str) -> BlockTree:
    return block_tree(LexborHTMLParser(source))


def read(source: str) -> list[str]:
    return [block.text for block in tree_of(source).blocks]


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("<p>One <b>wo</b>rd</p>", ["One word"]),
        ("<p>one<br>two</p>", ["one two"]),
        ("<p>one<br><br>two</p>", ["one", "two"]),
        ("<p>a<!-- b -->c<?php d ?>e</p>", ["ace"]),
        ("<div>before<p>inside</p>after</div>", ["before", "inside", "after"]),
        ("<p>a&#10;\t b&nbsp;c\u2028d</p>", ["a b c d"]),
        ("<span>Photo</span><span>grapher</span> <i>Lee</i>", ["Photographer Lee"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("<my-card>one</my-card>two", ["one", "two"]),
        ("just text", ["just text"]),
        ("<p>&lt;script&gt; is shown</p>", ["<script> is shown"]),
        ("<table><tr><th>Night<th>Leaves<tr><td>Monday<td>22:15</table>", ["Night Leaves", "Monday 22:15"]),
        ("<table><tr><td><p>Menu</p><td><p>Text</p></table>", ["Menu", "Text"]),
        ("<table><tr><td>a<table><tr><td>b<td>c</table>d</table>", ["a", "b c", "d"]),
        ("<p>a link<span class='icon sr-only'>, opens in a new tab</span>.</p>", ["a link."]),
        ("<p>a link<span hidden>, opens in a new tab</span>.</p>", ["a link."]),
        ("", []),
        ("<!-- nothing -->", []),
    ],
)
def test_a_block_is_what_a_page_shows_as_one(source: str, texts: list[str]) -> None:
    assert read(source) == texts


@pytest.mark.parametrize(
    "element",
    ["script", "style", "noscript", "template", "svg", "iframe", "object", "select", "textarea", "video", "canvas"],
)
def test_silent_elements_have_no_text(element: str) -> None:
    assert read(f"<p>seen</p><{element}>unseen</{element}><p>seen too</p>") == ["seen", "seen too"]


@pytest.mark.parametrize(
    "attribute", ["hidden", "style='display:none'", "style='color: red; DISPLAY : none'", "aria-hidden=true"]
)
def test_hidden_blocks_are_flagged(attribute: str) -> None:
    tree = tree_of(f"<div {attribute}><p>inside</p></div><p>beside</p>")
    assert [bool(tree.flags[block.element] & HIDDEN) for block in tree.blocks] == [True, False]


def test_what_a_block_knows_of_its_place() -> None:
    tree = tree_of(
        "<ul class='cards' id='more'><li><a href='/x'>A <b>headline</b></a> today</ul><figure><p>Cap</figure>"
    )
    first, second = tree.blocks
    assert (first.text, first.linked, first.links, first.bold) == ("A headline today", 9, 1, 8)
    assert tree.tag[first.element] == "li"
    assert tree.names[tree.parent[first.element]] == "cards more"
    assert tree.classes[tree.parent[first.element]] == "cards"
    assert tree.flags[first.element] & LIST
    assert tree.flags[second.element] & FIGURE
    assert tree.chars[0] == len("A headline today") + len("Cap")


@pytest.mark.parametrize("depth", [250, 3000])
def test_deep_text_is_kept(depth: int) -> None:
    assert read(f"<html><body>{'<div>' * depth}deep{'</div>' * depth}<p>after") == ["deep", "after"]


TAGS = st.sampled_from(["p", "div", "b", "span", "li", "td", "tr", "table", "br", "h1", "a", "script", "p hidden"])
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.one_of(TEXTS, TAGS.map(lambda tag: f"<{tag}>"), TAGS.map(lambda tag: f"</{tag}>")), max_size=40))
def test_the_columns_agree_whatever_comes(pieces: list[str]) -> None:
    tree = tree_of("".join(pieces))
    for block in tree.blocks:
        assert block.text == " ".join(block.text.split()) != ""
        assert max(block.linked, block.bold) <= len(block.text)
    if tree.tag:
        assert tree.chars[0] == sum(len(block.text) for block in tree.blocks)
        assert tree.count[0] == len(tree.blocks) == sum(tree.own)
        assert all(parent < at for at, parent in enumerate(tree.parent[1:], 1))
