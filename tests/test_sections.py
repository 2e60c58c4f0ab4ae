"""Sections: the articles that a page links, and its next page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import Unreadable
from crawler.listings import Listing, read_section
from crawler.listings.page_numbers import follows
from crawler.listings.shapes import shape

URL = "https://gazette.example/news/"
STORY = "/2024/05/06/council-votes-on-the-old-bridge"


def read(body: str, url: str = URL, **kinds: object) -> Listing:
    page = f"<!doctype html><html><head><title>News</title></head><body>{body}</body></html>"
    return read_section(page.encode(), "text/html; charset=utf-8", url, **kinds)  # type: ignore[arg-type]


def titles(listing: Listing) -> list[tuple[str, str | None]]:
    return [(link.url.removeprefix("https://gazette.example"), link.claims.title) for link in listing.links]


def test_articles_are_listed_once_with_their_headline() -> None:
    listing = read(
        f"""<nav><a href="/2024/05/06/a-story-that-is-in-the-menu">A story in the menu here</a></nav>
        <article><a href="{STORY}?utm_source=home"><img src="i.jpg"></a>
        <h2><a href="{STORY}#top">Council votes on the &lt;old&gt; bridge</a></h2><a href="{STORY}">More</a></article>
        <a href="/tin/hoi-dong-thong-qua-viec-xay-lai-cau-cu-20240506.htm"><h3>Hội đồng thông qua việc xây lại cầu</h3>
        <p>Cầu cũ được xây lại.</p></a>
        <a href="https://shimbun.example/articles/4123456789">議会が古い橋の再建を可決したと発表</a>
        <a href="/news/world">World</a><a href="mailto:desk@gazette.example">Write to the news desk</a>
        <a href="javascript:void(0)">Share this with your friends</a><a href="#top">Back to the top now</a>
        <footer><a href="/2019/01/01/how-we-work-at-the-gazette">How we work at the Gazette</a></footer>"""
    )
    assert titles(listing) == [
        (f"{STORY}?utm_source=home", "Council votes on the <old> bridge"),
        ("/tin/hoi-dong-thong-qua-viec-xay-lai-cau-cu-20240506.htm", "Hội đồng thông qua việc xây lại cầu"),
        ("https://shimbun.example/articles/4123456789", "議会が古い橋の再建を可決したと発表"),
    ]
    assert listing.notes == (
        "2 links to no web page",
        "2 links of navigation",
        "1 link unlike an article",
    )


def test_relative_links_stand_on_the_base_of_the_page() -> None:
    listing = read('<base href="https://cdn.example/root/"><a href="2024/05/06/the-old-bridge">x</a>')
    assert [link.url for link in listing.links] == ["https://cdn.example/root/2024/05/06/the-old-bridge"]
    listing = read('<base href="javascript:alert(1)"><a href="2024/05/06/the-old-bridge">x</a>')
    assert [link.url for link in listing.links] == ["https://gazette.example/news/2024/05/06/the-old-bridge"]


def test_patterns_and_what_was_learned_decide() -> None:
    body = f'<a href="/n/7">x</a><a href="{STORY}">y</a>'
    assert titles(read(body, patterns=(re.compile(r"/n/\d+$"),))) == [("/n/7", None)]
    learned = {shape("https://gazette.example/n/7"): (20, 1), shape(f"https://gazette.example{STORY}"): (0, 30)}
    assert titles(read(body, learned=learned)) == [("/n/7", None)]


@pytest.mark.parametrize(
    ("body", "url", "expected"),
    [
        ('<a rel="next" href="/news/?start=20">Older</a>', URL, "/news/?start=20"),
        ('<a href="?page=2">2</a><a href="?page=3">3</a>', URL, "/news/?page=2"),
        ('<a href="/news/?page=1">1</a><a href="/news/?page=3">3</a>', f"{URL}?page=2", "/news/?page=3"),
        ('<a href="/news/page/2/">Older</a>', URL, "/news/page/2/"),
        ('<a href="/news/page/2/">2</a><a href="/news/page/4/">4</a>', f"{URL}page/3/", "/news/page/4/"),
        ('<a href="/thoi-su-p2">2</a>', "https://gazette.example/thoi-su", "/thoi-su-p2"),
        ('<a href="/list-2.html">2</a>', "https://gazette.example/list.html", "/list-2.html"),
        ('<nav><a href="/news/trang-2.htm">2</a></nav>', URL, None),
        ('<nav><a href="/news/trang-2">2</a></nav>', URL, "/news/trang-2"),
        ('<a href="/news/4123457">x</a>', URL, None),
        ('<a rel="next" href="javascript:more()">x</a>', URL, None),
        ('<a rel="next" href="/news/">x</a>', URL, None),
        ('<a href="/sport/?page=2">x</a>', URL, None),
    ],
)
def test_the_next_page(body: str, url: str, expected: str | None) -> None:
    more = read(body, url).more
    assert [(each.url.removeprefix("https://gazette.example"), each.kind) for each in more] == (
        [(expected, "section")] if expected else []
    )


def test_a_link_in_the_head_names_the_next_page() -> None:
    body = (
        b'<html><head><link rel="next" href="/news/b"><link rel="stylesheet" href="/2024/05/06/a-b-c-d"></head></html>'
    )
    listing = read_section(body, "text/html", URL)
    assert [more.url for more in listing.more] == ["https://gazette.example/news/b"]
    assert listing.links == ()


def test_a_page_does_not_follow_itself_nor_go_back() -> None:
    page = "https://a.example/news/page/3"
    assert follows("https://a.example/news/page/4", page)
    for other in ("3", "2", "5", "x"):
        assert not follows(f"https://a.example/news/page/{other}", page)
    assert not follows("https://b.example/news/page/4", page)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "not-text"),
        (b"<a" + b" x" * 2_000 + b">", "too-many-attributes"),
        (b"<div>" * 300, "too-deep"),
        (b"<br>" * 200_001, "too-many-tags"),
        (b"<p>" + b"x" * (6 << 20), "too-large"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_pages_that_no_parser_may_see(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_section(body, "text/html", URL)
    assert caught.value.reason == reason


MARKUP = st.sampled_from(
    ["<a href='", "'>", "</a>", "<base href='//['>", "<base href='//b.example/'>", "?page=2", STORY, "http://[", "&",
     "<nav>", "<!--", "<svg>", "<a rel='next' href=x>", "\0", "\ud800", "<?x", "<![CDATA[", "<h2>",
     "Council votes on the bridge"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(MARKUP, max_size=25).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")),
    )
)
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    try:
        listing = read_section(body, "text/html", URL)
    except Unreadable:
        return
    assert all(link.url.startswith(("http://", "https://")) for link in (*listing.links, *listing.more))
