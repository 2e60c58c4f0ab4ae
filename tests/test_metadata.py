"""What a page says of its article, when its sources agree, disagree, are broken, or are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.authors import authors_of, fold_name, names_in
from pipelines.metadata import Metadata, read_metadata
from pipelines.structured_data import read_structured
from pipelines.visible import parse
from storage.records import Claims, Page

FETCHED_AT = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/town/bridge.html"


def said(source: str, url: str | None = URL, **claims: Any) -> Metadata:
    root = parse(source)
    return read_metadata(root, read_structured(root), Page(url, b"", "text/html", FETCHED_AT, claims=Claims(**claims)))


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script><p>Text.</p>'


def article(fields: str) -> Metadata:
    return said(json_ld(f'{{"@type": "NewsArticle", "headline": "Bridge to be mended", {fields}}}'))


@pytest.mark.parametrize(
    "head",
    [
        "<title>Bridge to be mended | The Gazette</title><h1>Bridge to be mended</h1>",
        "<title>Bridge to be mended - The Gazette</title><meta property='og:site_name' content='The Gazette'>",
        "<title>Bridge to be mended - gazette.example</title>",
        "<title>Bridge to be mended - Town - Gazette</title><meta property='og:title' content='Bridge to be mended'>",
        "<h1>The Gazette</h1><h1>Bridge to be mended</h1><meta property='og:site_name' content='The Gazette'>",
        "<h1>Bridge to be men&shy;ded</h1>",
        "<meta property='og:title' content='Bridge &amp;#116;o be mended'><title>Gazette</title>",
    ],
)
def test_the_title_is_without_the_site_s_name(head: str) -> None:
    assert said(head + "<p>Text.</p>").title == "Bridge to be mended"


def test_what_most_sources_say_is_the_title() -> None:
    head = "<h1>Old bridge gets a new deck</h1><meta property='og:title' content='Bridge to be mended'>"
    assert said(head + "<title>Bridge to be mended</title>" + json_ld("{}")).title == "Old bridge gets a new deck"
    structured = json_ld('{"@type": "NewsArticle", "headline": "Bridge to be mended"}')
    assert said(head + structured).title == "Bridge to be mended"
    assert said(head, title="Bridge to be mended").title == "Old bridge gets a new deck"
    assert said("<p>Text.</p>", title="Bridge to be mended").title == "Bridge to be mended"
    assert said(f"<title>{'long ' * 500}</title>").title is None


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("By Ann Lee and Bo Quist", ["Ann Lee", "Bo Quist"]),
        ("Von Anna Lehm, Bo Quist und Cy Rahn, Lindau", ["Anna Lehm", "Bo Quist", "Cy Rahn"]),
        ("Ann Lee; Bo Quist | Cy Rahn", ["Ann Lee", "Bo Quist", "Cy Rahn"]),
        ("Ann Lee (correspondent) ann@gazette.example", ["Ann Lee"]),
        ("https://gazette.example/authors/ann", []),
        ("松岡大地", ["松岡大地"]),
        ("@annlee", []),
        ("Ann {color: red}", []),
        ("12345", []),
    ],
)
def test_author_fields_give_names(value: str, names: list[str]) -> None:
    assert names_in(value) == names


def test_people_are_preferred_to_the_site_as_author() -> None:
    site = frozenset({fold_name("The Gazette")})
    assert authors_of([["The Gazette"], ["Ann Lee"]], site) == ("Ann Lee",)
    assert authors_of([["The Gazette Newsroom"], []], site) == ("The Gazette Newsroom",)
    assert authors_of([[], ["Ann Lee", "Ann Lee"]], site) == ("Ann Lee",)
    assert authors_of([[f"Ann Lee{chr(97 + at)}" for at in range(26)] * 2, ["Bo Quist"]], site)[0] == "Ann Leea"


def test_author_markup_of_other_articles_is_not_taken() -> None:
    own = "<div><a rel='author'>Ann Lee</a> <a rel='author'>Bo Quist</a></div>"
    assert said(own + "<p>Text.</p><div><a rel='author'>Cy Rahn</a></div>").authors == ("Ann Lee", "Bo Quist")
    assert said("<p class='byline'>12 comments</p><p class='article__byline'>By Ann Lee</p>").authors == ("Ann Lee",)
    assert said("<p>Text.</p>", authors=("Ann Lee",)).authors == ("Ann Lee",)


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ('"Ann Lee"', ("Ann Lee",)),
        ('{"name": "Ann Lee"}', ("Ann Lee",)),
        ('["Ann Lee", {"name": ["Bo Quist"]}, {"@id": "#none"}, null, 7.5, [[]]]', ("Ann Lee", "Bo Quist")),
        ("{}", ()),
        ("true", ()),
    ],
)
def test_json_ld_authors_come_in_many_forms(author: str, names: tuple[str, ...]) -> None:
    assert article(f'"author": {author}').authors == names


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[1, 2", "nonsense", '"' * 5000, "[" * 100_000, '{"a":' * 100_000, "9" * 5000, "[NaN]", "[]" * 3),
        '{"@type": {"a": 1}, "headline": [[[]]]}',
        '{"@type": ["NewsArticle"], "headline": {"a": []}, "datePublished": true}',
    ],
)
def test_broken_json_ld_is_skipped(text: str) -> None:
    good = json_ld('{"@type": "NewsArticle", "headline": "Bridge to be mended"}')
    assert said(json_ld(text) + good).title == "Bridge to be mended"


def test_json_ld_in_comments_and_with_line_breaks_is_read() -> None:
    broken = '<!-- //<![CDATA[\n{"@type": "Article", "headline": "Bridge to\nbe mended"}\n//]]> -->'
    assert said(json_ld(broken)).title == "Bridge to be mended"


def test_related_articles_are_not_the_article() -> None:
    related = '"itemListElement": [{"@type": "NewsArticle", "headline": "Another", "datePublished": "2020-01-01"}]'
    this = '{"@type": "BlogPosting", "headline": "This", "datePublished": "2024-01-01"}'
    assert said(json_ld(f'[{{"@type": "ItemList", {related}}}, {this}]')).title == "This"


def test_the_most_exact_of_agreeing_dates_is_taken() -> None:
    metas = "<meta property='article:published_time' content='2024-05-03T12:34:56+02:00'>"
    when = said(json_ld('{"@type": "NewsArticle", "datePublished": "2024-05-03"}') + metas)
    assert (when.published_at, when.published_precision) == (datetime(2024, 5, 3, 10, 34, 56, tzinfo=UTC), "second")
    assert when.published_origin == "meta"
    when = said(json_ld('{"@type": "NewsArticle", "datePublished": "2021-05-03"}') + metas)
    assert (when.published_at, when.published_precision) == (datetime(2021, 5, 3, tzinfo=UTC), "day")
    assert when.published_origin == "json-ld"


@pytest.mark.parametrize("date", ["1970-01-01T00:00:01Z", "2031-01-01", "30 Feb", "", "0001-01-01T00:00:00"])
def test_absurd_dates_are_refused(date: str) -> None:
    metas = "<meta name='pubdate' content='2024-05-03'>"
    assert article(f'"datePublished": "{date}"').published_at is None
    assert said(json_ld(f'{{"@type": "NewsArticle", "datePublished": "{date}"}}') + metas).published_origin == "meta"


def test_claims_fill_gaps_and_are_doubted_where_the_page_says_otherwise() -> None:
    claimed = datetime(2024, 5, 9, 7, 0, 1, tzinfo=UTC)
    alone = said("<p>Text.</p>", published_at=claimed)
    assert (alone.published_at, alone.published_origin, alone.flags) == (claimed, "claims", ())
    stated = json_ld('{"@type": "NewsArticle", "datePublished": "2024-05-03T12:34:56Z"}')
    against = said(stated, published_at=claimed)
    assert (against.published_origin, against.flags) == ("json-ld", ("date-disputed",))
    assert said(stated, published_at=datetime(2024, 5, 3, 14, tzinfo=UTC)).flags == ()


def test_a_date_is_searched_where_none_is_stated() -> None:
    when = said("<p>Text.</p>", url="https://gazette.example/2024/05/03/bridge")
    assert (when.published_at, when.published_origin) == (datetime(2024, 5, 3, tzinfo=UTC), "search")


def test_a_change_before_the_publication_is_none() -> None:
    assert article('"datePublished": "2024-05-03", "dateModified": "2024-05-02"').modified_at is None
    changed = article('"datePublished": "2024-05-03", "dateModified": "2024-05-04"').modified_at
    assert changed == datetime(2024, 5, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("href", "canonical"),
    [
        ("/town/other.html", "https://gazette.example/town/other.html"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("https://gazette.example/", None),
        ("https://gazette.example/?p=12", "https://gazette.example/?p=12"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("https://[bad/", None),
        ("https://gazette.example/a b", None),
        ("https://gazette.example/" + "a" * 3000, None),
    ],
)
def test_addresses_are_absolute_http_and_not_the_front_page(href: str, canonical: str | None) -> None:
    assert said(f"<link rel='canonical' href='{href}'><p>Text.</p>").canonical_url == canonical


@pytest.mark.parametrize(
    ("source", "access"),
    [
        ('"isAccessibleForFree": false', "paid"),
        ('"isAccessibleForFree": "True"', "free"),
        ('"isAccessibleForFree": "http://schema.org/False"', "paid"),
        ('"isAccessibleForFree": [1]', None),
        ('"name": "x"', None),
    ],
)
def test_access_is_what_the_page_says(source: str, access: str | None) -> None:
    assert article(source).access == access


def test_fields_too_long_or_too_many_are_not_taken() -> None:
    assert article(f'"articleSection": "{"x" * 200}"').section is None
    assert article(f'"keywords": "{",".join(f"word{at}" for at in range(100))}"').keywords == ()
    assert article('"keywords": "bridge, river , bridge"').keywords == ("bridge", "river")
    assert article(f'"description": "{"x" * 5000}"').description is None
    assert article(f'"image": "https://gazette.example/{"x" * 5000}"').image is None
