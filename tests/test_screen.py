"""Screen: what no parser must see is refused, and the count of its nesting is the parser's own."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest
from lxml import html

from pipelines.screen import Refusal, ScreenLimits, screen, screen_page

EVAL = Path(os.environ.get("COPYDESK_EVAL", Path(__file__).parents[2] / "shared" / "eval"))
NAMES = [
    *(
        "a",
        "address",
        "article",
        "b",
        "blockquote",
        "button",
        "caption",
        "center",
        "dd",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
    ),
    *("fieldset", "font", "form", "h1", "h3", "i", "legend", "li", "menu", "ol", "optgroup", "option", "p", "pre"),
    *("section", "select", "span", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "x-y"),
]


def reason(text: str, content_type: str = "text/html", limits: ScreenLimits | None = None) -> str | None:
    refusal = screen(text, content_type, limits) if limits else screen(text, content_type)
    return refusal.reason if refusal else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<div>" * 100_000, "too-deep"),
        ("<div></nothing>" * 100_000, "too-deep"),
        ("<font>x" * 50_000, "too-deep"),
        ("<ul><li>" * 126, "too-deep"),
        ("<dd>x" * 300, "too-deep"),
        ("<ul><li>" * 124, None),
        ("<ul>" + "<li>x" * 50_000, None),
        ("<p>x" * 50_000, None),
        ("<br>" * 100_000, None),
        ("<img/>" * 1000 + "<x/>" * 1000, None),
        ("<table>" + "<tr><td>x" * 20_000, None),
        ("<select>" + "<option>x" * 20_000, None),
        ("<script>" + "'<div>'" * 1000 + "</script>", None),
        ("<!--" + "<div>" * 1000 + "-->", None),
        ("<script>" + "<div>" * 1000, "too-deep"),
        ("<!-- " + "<div>" * 1000, "too-deep"),
        (f'<a title="{"<div>" * 1000}">', None),
        ("<i>x</i>" * 100_001, "too-many-tags"),
        ("<!-- x -->" * 200_001, "too-many-tags"),
        ("<p " + "a=1 " * 40_000 + ">", "too-many-attributes"),
        ("<p " + "a " * 1001 + ">", "too-many-attributes"),
        ("<p " + 'a=">"' * 1001 + ">", "too-many-attributes"),
        ("<p " + "a='>'/" * 1001 + ">", "too-many-attributes"),
        ("<p " + "a " * 1000 + ">", None),
        ("<p style='" + "a " * 5000 + "'>", None),
        ("x" * (5 * 1024 * 1024 + 1), "too-large"),
    ],
)
def test_markup(text: str, expected: str | None) -> None:
    assert reason(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("word " * 100_000, None),
        ("word\n" * 200_001, "too-large"),
        ("word\n" + "x" * 1_000_001, "too-large"),
        ("x" * 1_000_001 + "\nword", "too-large"),
        ("<div>" * 1000, None),
        ("a line\n" * 5 * 1024 * 1024, "too-large"),
    ],
)
def test_plain_text(text: str, expected: str | None) -> None:
    assert reason(text, "text/plain") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<div>" * 100_000, "too-deep"),
        ("<div>" * 900 + "x", None),
        ("<b>x</b>" * 5_000, None),
        ("".join(f"<font size={n}><p>" for n in range(2_000)), "too-deep"),
        ("<p " + "a=1 " * 40_000 + ">", "too-many-attributes"),
        ("<p " + 'a=">"' * 1001 + ">", "too-many-attributes"),
        ("<p " + "a " * 900 + ">", None),
        ("<p style='" + "a " * 5000 + "'>", None),
        ("<i>x</i>" * 100_001, "too-many-tags"),
        ("x" * (5 * 1024 * 1024 + 1), "too-large"),
    ],
)
def test_pages_for_a_parser_without_a_limit_of_depth(text: str, expected: str | None) -> None:
    refusal = screen_page(text)
    assert (refusal and refusal.reason) == expected


def test_limits_are_settings_and_refusals_say_them() -> None:
    limits = ScreenLimits(depth=3, tags=10)
    assert screen("<i>" * 4, "text/html", limits) == Refusal("too-deep", "elements nested more than 3 deep")
    assert screen("<i>" * 3, "text/html", limits) is None


@pytest.mark.parametrize(
    "flood",
    [
        "<",
        "<a",
        "<a ",
        '<a b="',
        "<a b=\"c' ",
        "<!--",
        "<script>",
        "<script></script>",
        "</",
        "<a =",
        "<a/",
        "<p>",
        "<a b='c'",
        "&",
        "]]>",
    ],
)
def test_floods_take_time_in_proportion(flood: str) -> None:
    """Quadratic time on five million characters would be hours; the suite would never end."""
    screen(flood * (5_000_000 // len(flood)), "text/html")
    screen_page(flood * (5_000_000 // len(flood)))


def depth(tree: html.HtmlElement) -> int:
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        element, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in element]
    return deepest


@pytest.mark.parametrize("seed", range(300))
def test_nesting_is_counted_as_libxml2_nests(seed: int) -> None:
    """Tag soup is refused exactly where the tree that libxml2 makes of it is deeper than the limit."""
    chance = random.Random(seed)
    names = chance.sample(NAMES, chance.randint(1, 6))
    soup = "".join(
        chance.choice([f"<{name}>", f"<{name} a='>'>", f"</{name}>", f"<{name}>x", "text"])
        for name in chance.choices(names, k=chance.randint(10, 300))
    )
    page = f"<html><body>{soup}"
    deep = depth(html.document_fromstring(page, parser=html.HTMLParser(huge_tree=True)))
    assert reason(page, limits=ScreenLimits(depth=deep)) is None
    assert reason(page, limits=ScreenLimits(depth=deep - 1)) == "too-deep"


@pytest.mark.skipif(not EVAL.is_dir(), reason="needs the evaluation pages")
def test_no_real_page_is_refused() -> None:
    pages = sorted(EVAL.glob("*/html/*.gz"))[::5]
    assert len(pages) > 200
    refused = {path.name: reason(gzip.decompress(path.read_bytes()).decode("utf-8", "replace")) for path in pages}
    assert {name: why for name, why in refused.items() if why} == {}
