"""Autodiscovery: the feeds and sitemaps that a page names, and where they usually are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import Unreadable
from crawler.listings import guesses, places_of

URL = "https://gazette.example/"


def places(body: str) -> list[tuple[str, str, str | None]]:
    return [(place.url, place.kind, place.claims.title) for place in places_of(body.encode(), "text/html", URL)]


def test_feeds_that_the_head_names_come_first() -> None:
    assert places(
        """<head><link rel="alternate" type="application/rss+xml" title="À la une &amp; plus" href="/rss/une.xml">
        <link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="https://feeds.example/gazette">
        <link rel="alternate" type="application/feed+json" href="feed.json">
        <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/1">
        <link rel="alternate" type="application/rss+xml" href="/comments/feed/">
        <link rel="alternate" type="application/rss+xml" href="javascript:x">
        <link rel="alternate" hreflang="en" href="/en/"><link rel="stylesheet" href="/rss.css">
        <link rel="sitemap" type="application/xml" href="/plan.xml"></head>
        <body><a href="/rss/une.xml">again</a><a href="/rss/sport">Sport</a><a href="/sitemap-news.xml.gz">Plan</a>
        <a href="/feed-the-birds">no</a><a href="/press">no</a></body>"""
    ) == [
        ("https://gazette.example/rss/une.xml", "feed", "À la une & plus"),
        ("https://feeds.example/gazette", "feed", None),
        ("https://gazette.example/feed.json", "feed", None),
        ("https://gazette.example/plan.xml", "sitemap", None),
        ("https://gazette.example/rss/sport", "feed", "Sport"),
        ("https://gazette.example/sitemap-news.xml.gz", "sitemap", "Plan"),
    ]


def test_a_page_without_feeds_names_none() -> None:
    assert places("<p>nothing</p>") == []


def test_places_are_bounded() -> None:
    assert len(places("".join(f'<a href="/rss/{n}.xml">x</a>' for n in range(300)))) == 200


def test_guesses_stand_at_the_section_and_at_the_root() -> None:
    guessed = guesses("https://gazette.example/vi/index.html?x=1")
    urls = [(place.url, place.kind) for place in guessed]
    assert urls[0] == ("https://gazette.example/vi/feed/", "feed")
    assert ("https://gazette.example/rss.xml", "feed") in urls
    assert ("https://gazette.example/sitemap.xml", "sitemap") in urls
    assert len(set(urls)) == len(urls)
    assert len(guesses("https://gazette.example")) == len({place.url for place in guesses("https://gazette.example/")})
    assert guesses("file:///etc/passwd") == ()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.text(max_size=100))
def test_any_bytes_are_read_or_unreadable(body: bytes, href: str) -> None:
    for each in (body, f'<link rel=alternate type=application/rss+xml href="{href}">'.encode("utf-8", "replace")):
        try:
            found = places_of(each, "text/html", URL)
        except Unreadable:
            continue
        assert all(place.url.startswith(("http://", "https://")) for place in found)


@pytest.mark.parametrize("url", ["", "gazette", "https://["])
def test_no_address_has_no_guesses(url: str) -> None:
    assert guesses(url) == ()
