"""What a page says of its article, when its sources agree, disagree, are broken, or are missing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipelines import clean
from pipelines.authors import authors_of, fold_name, names_in
from pipelines.metadata import Metadata, read_metadata
from pipelines.page_head import read_head
from pipelines.structured_data import read_structured
from storage.records import Article, Claims, Page

FETCHED_AT = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/town/bridge.html"


def said(source: str, url: str | None = URL, **claims: Any) -> Metadata:
    tree = LexborHTMLParser(source)
    page = Page(url, b"", "text/html", FETCHED_AT, claims=Claims(**claims))
    return read_metadata(tree, read_head(tree), read_structured(tree), page)


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
    page, meta, byline = ("json-ld", ["The Gazette"]), ("meta", ["Ann Lee"]), ("byline", ["Ann Lee", "Ann Lee"])
    assert authors_of([page, meta], site) == (("Ann Lee",), "meta")
    assert authors_of([("meta", ["The Gazette Newsroom"]), ("byline", [])], site)[0] == ("The Gazette Newsroom",)
    assert authors_of([("meta", []), byline], site) == (("Ann Lee",), "byline")
    many = [f"Ann Lee{chr(97 + at)}" for at in range(26)] * 2
    assert authors_of([("meta", many), ("byline", ["Bo Quist"])], site)[0][0] == "Ann Leea"
    assert authors_of([("meta", [])], site) == ((), None)
    office = "Office of Roads and Bridges"
    assert authors_of([("json-ld", [office])], site, whole={office})[0] == (office,)


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
        '{"@type": "Photo", "headline": "A", "wordCount": "' + "9" * 5000 + '"}',
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
    when = said("<p>Text.</p><p class='date'>Published: 2024-05-03</p>")
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


def origins(metadata: Metadata) -> dict[str, str]:
    return dict(metadata.origins)


def test_every_field_says_where_it_came_from() -> None:
    source = """
    <html lang="en"><head><title>Bridge to be mended | The Gazette</title>
    <link rel="canonical" href="/town/bridge.html"><link rel="amphtml" href="/amp/bridge.html">
    <meta name="author" content="Ann Lee"><meta property="og:image" content="/bridge.jpg">
    <meta property="article:content_tier" content="metered"><meta name="keywords" content="bridge, town">
    </head><body><h1>Bridge to be mended</h1><time datetime="2024-05-03T09:00:00+02:00">today</time>
    <script type="application/ld+json">{"@type": "NewsArticle", "headline": "Bridge to be mended",
    "articleSection": "Town", "dateModified": "2024-05-04"}</script></body></html>
    """
    found = said(source)
    assert origins(found) == {
        "title": "heading", "authors": "meta", "published_at": "time", "modified_at": "json-ld", "language": "html",
        "section": "json-ld", "keywords": "meta", "image": "meta", "canonical_url": "link", "amp_url": "link",
        "access": "meta",
    }  # fmt: skip
    assert found.amp_url == "https://gazette.example/amp/bridge.html"
    claimed = said("<p>Text.</p>", title="Bridge", authors=("Ann Lee",), section="Town", keywords=("bridge",))
    assert origins(claimed) == {"title": "claims", "authors": "claims", "section": "claims", "keywords": "claims"}
    assert said("<p>Text.</p>").origins == ()


def test_the_editors_title_is_preferred_to_the_one_for_search_engines() -> None:
    searched = "<title>Bridge repair Lindau: all closures | Gazette</title><h1>Bridge repair Lindau: all closures</h1>"
    structured = json_ld('{"@type": "NewsArticle", "headline": "Bridge repair Lindau: all closures"}')
    shared = "<meta property='og:title' content='Why the old bridge must rest a whole summer'>"
    assert said(searched + structured + shared).title == "Why the old bridge must rest a whole summer"
    short = "<meta property='og:title' content='Bridge repair Lindau'>"
    assert said(searched + structured + short).title == "Bridge repair Lindau: all closures"


def test_headings_of_something_else_are_not_the_title() -> None:
    head = "<title>Bridge to be mended</title><meta property='og:title' content='Bridge to be mended'>"
    assert said(head + "<h1>Please choose how we may show this</h1>").title == "Bridge to be mended"
    headings = "<h1>Most read this week in all of our many papers</h1><h1>Old bridge to be mended</h1>"
    assert said(headings + "<title>Bridge to be mended by May</title>").title == "Old bridge to be mended"


def test_the_words_of_a_heading_s_parts_stay_apart() -> None:
    assert (
        said("<h1><span>Town</span><span>Bridge to<br>be m<b>e</b>nded</span></h1>").title == "Town Bridge to be mended"
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<p class='author'>Ann Lee<br>4 August 2024</p>",
        "<p class='story-byline'><span>Ann Lee</span><time>4 August 2024</time></p>",
        "<p>from <a href='/authors/ann-lee/'>Ann Lee</a></p>",
        "<div itemprop='author'><img alt=''><span itemprop='name'>Ann Lee</span><span>reads much</span></div>",
        "<meta name='twitter:label1' content='Written by'><meta name='twitter:data1' content='Ann Lee'>",
        "<div class='author-description'>Bo Quist</div><a class='authorname'>Ann Lee</a>",
    ],
)
def test_bylines_are_marked_up_in_many_ways(markup: str) -> None:
    assert said(markup + "<p>Text.</p>").authors == ("Ann Lee",)


def test_an_organisation_s_name_is_not_taken_apart() -> None:
    office = '"author": {"@type": "Organization", "name": "Office of Roads and Bridges"}'
    assert article(office).authors == ("Office of Roads and Bridges",)
    assert article('"author": {"name": "Ann Lee and Bo Quist"}').authors == ("Ann Lee", "Bo Quist")


@pytest.mark.parametrize(
    ("date", "zone"),
    [("2024-05-03T01:30:00+09:00", "UTC+09:00"), ("2024-05-03T01:30:00Z", "UTC+00:00"), ("2024-05-03T01:30:00", None),
     ("2024-05-03", None)],
)  # fmt: skip
def test_the_zone_of_a_date_is_kept_as_stated(date: str, zone: str | None) -> None:
    assert article(f'"datePublished": "{date}"').published_zone == zone


def test_dates_behind_the_title_and_in_the_address_are_found() -> None:
    dated = said("<title>Bridge to be mended | Gazette | 03.05.2024</title><p>On 1 May 2024, they met.</p>")
    assert (dated.title, dated.published_at) == ("Bridge to be mended", datetime(2024, 5, 3, tzinfo=UTC))
    assert (dated.published_precision, dated.published_origin) == ("day", "title")
    for url in ("https://gazette.example/2024/05/03/bridge", "https://gazette.example/town/20240503/bridge"):
        found = said("<p>Text.</p>", url)
        assert (found.published_at, found.published_origin) == (datetime(2024, 5, 3, tzinfo=UTC), "url")


def test_of_dates_in_the_page_the_one_nearest_to_the_headline_is_taken() -> None:
    today = "<div class='date-today'>Friday, 27 November 2025</div>" + "<p class='meta'>Menu</p>" * 5
    own = "<h1>Bridge to be mended</h1><p class='info'>by Ann Lee<br>03.05.24 | 14:07</p>"
    others = "<p class='meta'>More</p>" * 5 + "<span class='card-date'>1 May 2024</span>"
    found = said(today + own + others)
    assert (found.published_at, found.published_precision) == (datetime(2024, 5, 3, 14, 7, tzinfo=UTC), "minute")
    assert found.published_origin == "search, zone unknown"
    assert origins(found)["published_at"] == "search"
    assert said("<h1>Bridge to be mended</h1><p class='info'>Tel. 12.03.14.25</p>").published_at is None


def test_metas_named_after_publication_are_read() -> None:
    found = said("<meta name='shop:published-date' content='2024-05-03'><p>Text.</p>")
    assert (found.published_at, found.published_origin) == (datetime(2024, 5, 3, tzinfo=UTC), "meta")


IMAGE = "https://gazette.example/bridge.jpg"


def test_the_lead_image_has_its_caption_and_credit() -> None:
    image = f'{{"@type": "ImageObject", "url": "{IMAGE}", "caption": "The bridge", "creditText": "Photo: Ann Lee"}}'
    found = article(f'"image": {image}')
    assert (found.image, found.image_caption, found.image_credit) == (IMAGE, "The bridge", "Ann Lee")
    assert origins(found)["image_caption"] == origins(found)["image_credit"] == "json-ld"
    by = f'{{"@type": "ImageObject", "url": "{IMAGE}", "creator": {{"@type": "Person", "name": "Bo Quist"}}}}'
    assert article(f'"image": [{by}]').image_credit == "Bo Quist"


@pytest.mark.parametrize(
    ("figcaption", "caption", "credit"),
    [
        ("The bridge. <span class='credit'>Photo: Ann Lee</span>", "The bridge.", "Ann Lee"),
        ("The bridge at night. Photo: Ann Lee", "The bridge at night.", "Ann Lee"),
        ("The bridge at night (© Ann Lee)", "The bridge at night", "Ann Lee"),
        ("The bridge at night. (AP)", "The bridge at night.", "AP"),
        ("The bridge at night / Ann Lee", "The bridge at night", "Ann Lee"),
        ("The bridge (left)", "The bridge (left)", None),
        ("The bridge. <small>Picture © Ann Lee (Gazette)</small>", "The bridge.", "Ann Lee (Gazette)"),
        ("The bridge at night", "The bridge at night", None),
        ("Bridge to be mended", None, None),
    ],
)
def test_captions_are_read_from_the_article_s_first_figure(figcaption: str, caption: str, credit: str | None) -> None:
    other = "<aside><figure><figcaption>Another story</figcaption></figure></aside>"
    figure = f"<figure><img src=x><figcaption>{figcaption}</figcaption></figure>"
    page = f"{other}<article><h1>Bridge to be mended</h1>{figure}</article>"
    found = said(f"<meta property='og:image' content='/bridge.jpg'>{page}")
    assert (found.image_caption, found.image_credit) == (caption, credit)


def test_an_alternative_text_stands_behind_the_caption_of_the_same_picture() -> None:
    head = f"<meta property='og:image' content='{IMAGE}'><meta property='og:image:alt' content='A bridge'>"
    other = "<figure><img src='/small/town.jpg'><figcaption>The town</figcaption></figure>"
    own = "<figure><img src='/small/bridge.jpg'><figcaption>The bridge in May</figcaption></figure>"
    assert said(head + other).image_caption == "A bridge"
    assert said(head + other + own).image_caption == "The bridge in May"


@pytest.mark.parametrize(
    ("source", "access", "origin"),
    [
        (json_ld('{"@type": "Report", "headline": "A", "hasPart": {"isAccessibleForFree": 0}}'), None, None),
        (json_ld('{"@type": "Report", "headline": "A", "hasPart": {"isAccessibleForFree": false}}'), "paid", "json-ld"),
        ("<meta itemprop='isAccessibleForFree' content='true'>", "free", "meta"),
        ("<meta name='article:content_tier' content='locked'>", "paid", "meta"),
        ("<meta name='shop:is_premium' content='1'>", "paid", "meta"),
        ("<meta name='shop:is_premium' content='false'>", "free", "meta"),
        ("<div class='paywall'>Read on with a subscription: 4 weeks for 1 euro.</div>", "paid", "markup"),
        ("<div class='paywall hidden'>Read on with a subscription: 4 weeks for 1 euro.</div>", None, None),
        ("<p class='paywall'>The council agreed on Monday to mend the old bridge before the winter.</p>", None, None),
        ("<div class='paywall'></div>", None, None),
    ],
)  # fmt: skip
def test_access_says_where_it_was_read(source: str, access: str | None, origin: str | None) -> None:
    found = said(source + "<p>Text.</p>")
    assert (found.access, origins(found).get("access")) == (access, origin)


@pytest.mark.parametrize(
    ("fields", "agency"),
    [
        ('"author": {"@type": "Organization", "name": "dpa"}', "dpa"),
        ('"author": [{"name": "Ann Lee"}, {"name": "Reuters"}]', "Reuters"),
        ('"author": {"name": "Ann Lee"}, "sourceOrganization": {"name": "AFP"}', "AFP"),
        ('"creditText": "Gazette/AP"', "AP"),
        ('"author": {"name": "Ap Dijksterhuis"}', None),
        ('"sourceOrganization": {"name": "The Gazette"}', None),
    ],
)
def test_wire_agencies_are_known(fields: str, agency: str | None) -> None:
    assert article(fields).agency == agency


SENTENCE = "The council agreed on Monday to mend the old bridge before winter, the mayor said in the town hall. "


def cleaned(fields: str, sentences: int) -> Article:
    paragraphs = "".join(f"<p>{SENTENCE.replace('Monday', f'day {at}')}</p>" for at in range(sentences))
    structured = json_ld(f'{{"@type": "NewsArticle", "headline": "Bridge to be mended", {fields}}}')
    source = (
        f"<html lang='en'><body><h1>Bridge to be mended</h1>{structured}<article>{paragraphs}</article></body></html>"
    )
    result = clean(Page(URL, source.encode(), "text/html; charset=utf-8", FETCHED_AT))
    assert isinstance(result, Article)
    return result


def test_a_teaser_of_a_paid_text_is_incomplete() -> None:
    assert "incomplete" in cleaned('"isAccessibleForFree": false', 4).flags
    assert "incomplete" not in cleaned('"isAccessibleForFree": true', 4).flags
    assert "incomplete" not in cleaned('"isAccessibleForFree": false', 12).flags
    assert "incomplete" in cleaned('"isAccessibleForFree": false, "wordCount": 900', 12).flags


def test_an_article_says_what_its_own_lines_told() -> None:
    page = "Bridge to be mended\n\nBy Ann Lee\n\n3 May 2024\n\n" + "\n\n".join([SENTENCE * 2] * 3)
    read = clean(Page(None, page.encode(), "text/plain; charset=utf-8", FETCHED_AT))
    assert isinstance(read, Article)
    assert dict(read.origins) == dict.fromkeys(("title", "authors", "published_at", "language"), "text")
    assert read.origins == tuple(sorted(read.origins))
    claimed = clean(Page(None, page.encode(), "text/plain", FETCHED_AT, claims=Claims(title="Bridge to be mended")))
    assert isinstance(claimed, Article)
    assert dict(claimed.origins)["title"] == "claims"


def test_odd_counts_and_parts_break_nothing() -> None:
    assert article(f'"wordCount": "{"9" * 5000}"').stated_words is None
    assert article('"wordCount": [null, "many", "412"]').stated_words == 412
    assert article('"hasPart": ["x", null, {"isAccessibleForFree": []}], "sourceOrganization": [[], 7]').access is None
    assert article('"image": [{"url": 7, "creator": [null]}, {"contentUrl": "/a.jpg"}]').image_credit is None
    nested = "<div class='author date'>" * 400 + "3 May 2024 " * 400 + "</div>" * 400
    assert said(nested).authors == ()


def test_fields_hold_no_controls() -> None:
    title = "Bridge\x1b[31m to\x9b be \u202emended\u202c"
    page = f"<title>{title}</title><meta property='og:title' content='{title}'>"
    assert said(page).title == "Bridge [31m to be mended"
