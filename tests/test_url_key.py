"""URL keys: what is one article's address, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.url_key import LONGEST, alias_key, url_key

STORY = "https://gazette.example/2026/Story-1"


@pytest.mark.parametrize(
    "same",
    [
        "http://gazette.example/2026/Story-1",
        "https://www.gazette.example/2026/Story-1",
        "https://GAZETTE.example/2026/Story-1",
        "https://gazette.example./2026/Story-1",
        "https://gazette.example:443/2026/Story-1",
        "http://gazette.example:80/2026/Story-1",
        "https://reader:secret@gazette.example/2026/Story-1",
        "https://m.gazette.example/2026/Story-1",
        "https://mobile.gazette.example/2026/Story-1",
        "https://amp.gazette.example/2026/Story-1",
        "https://gazette.example/2026/Story-1/",
        "https://gazette.example/2026/Story-1/amp/",
        "https://gazette.example/2026/Story-1.amp",
        "https://gazette.example/2026/Story-1?amp",
        "https://gazette.example/2026/Story-1?outputType=amp",
        "https://gazette-example.cdn.ampproject.org/c/s/gazette.example/2026/Story-1",
        "https://www.google.co.uk/amp/s/gazette.example/2026/Story-1",
        "https://gazette.example/2026/./x/../Story-1",
        "https://gazette.example/2026/%53tory-1",
        "https://gazette.example/2026/Story-1#comments",
        "https://gazette.example/2026/Story-1?",
        "https://gazette.example/2026/Story-1?utm_source=a&UTM_Medium=b&fbclid=c&_ga=d&mc_eid=e",
        "  https://gazette.example/2026/Story-1\n",
    ],
)
def test_equal(same: str) -> None:
    assert url_key(same) == url_key(STORY) == "gazette.example/2026/Story-1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/News", "https://a.example/news"),
        ("https://a.example/x?id=1", "https://a.example/x?id=2"),
        ("https://a.example/x?cid=1", "https://a.example/x"),
        ("https://a.example/?p=7", "https://a.example/"),
        ("https://a.example/x?page=2", "https://a.example/x"),
        ("https://a.example/x?source=1", "https://a.example/x?source=2"),
        ("https://a.example/#!/1", "https://a.example/#!/2"),
        ("https://blog.a.example/x", "https://a.example/x"),
        ("https://a.example:8080/x", "https://a.example/x"),
        ("https://m.example/x", "https://example/x"),
        ("https://www.example/x", "https://example/x"),
        ("https://a.example/amp", "https://a.example/"),
        ("https://a.example/camp", "https://a.example/c"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/x?a=1&a=2", "https://a.example/x?a=2&a=1"),
        ("https://www.google.com/c/s/a.example/x", "https://a.example/x"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert url_key(one) != url_key(other)


def test_one_spelling_of_every_part() -> None:
    assert url_key("https://bücher.example/ü?b=+&a=%c3%bc") == "xn--bcher-kva.example/%C3%BC?a=%C3%BC&b=%20"
    assert url_key("https://[2001:DB8::1]:81/x") == "[2001:db8::1]:81/x"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "/x",
        "mailto:a@b.example",
        "ftp://a.example/x",
        "javascript:alert(1)",
        "http://",
        "http:///x",
        "http://[::1",
        "http://a.example:port/",
        "http://a.example:99999/",
        "http://a b.example/",
        "http://a..example/",
        "http://\ud800.example/",
        "http://" + "ü" * 300 + ".example/",
        "http://a.example/" + "x" * LONGEST,
    ],
)
def test_no_key(bad: str) -> None:
    assert url_key(bad) is None


_PIECES = """www. m. amp. a.example /amp .amp .amp.html / // . .. %41 %2e %2F %25 % + & = ? # #! utm_a=1 amp=1 ; : @ 8
ü 。 cdn.ampproject.org /c/s/ google.com /amp/s/ [ ] xn-- _"""
_pieces = st.sampled_from([*_PIECES.split(), "\ud800", "\0"])


def test_only_whole_labels_go() -> None:
    assert url_key("https://team.a.example/x") == "team.a.example/x"
    assert url_key("https://newwww.a.example/x") == "newwww.a.example/x"


@given(st.one_of(st.text(max_size=40), st.lists(_pieces, max_size=12).map("".join)), st.sampled_from(["http", "https"]))
@example("www.m.www.a.example/x/amp/amp.amp.html?b&a", "https")
@example("M.0WWW.0.0", "http")
@example("cdn.ampproject.org/c/s/cdn.ampproject.org/c/s/a.example/x", "https")
def test_the_key_of_a_key_is_itself(rest: str, scheme: str) -> None:
    key = url_key(f"{scheme}://{rest}")
    if key is not None:
        assert key.isascii()
        assert url_key(f"http://{key}") == url_key(f"https://{key}") == key


@pytest.mark.parametrize(
    ("canonical", "believed"),
    [
        ("https://gazette.example/story", "gazette.example/story"),
        ("https://news.gazette.example/story", "news.gazette.example/story"),
        ("https://gazette.example/2026/Story-1?utm_source=x", None),  # says nothing new
        ("https://gazette.example/", None),  # the home page
        ("https://wire.example/story", None),  # another's
        ("https://evilgazette.example/story", None),
        ("javascript:alert(1)", None),
    ],
)
def test_alias(canonical: str, believed: str | None) -> None:
    assert alias_key(STORY, canonical) == believed
