"""Traps: addresses without end, and shapes that give nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.traps import trap, worth

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://a.example/a/b/a/b/a/b", "a folder of the same name 3 times"),
        ("https://a.example/" + "/".join(str(n) for n in range(21)), "more than 20 folders"),
        ("https://a.example/?" + "&".join(f"f{n}=1" for n in range(7)), "more than 6 parameters"),
        ("https://a.example/news;jsessionid=0A1B2C3D4E5F", "a session id"),
        ("https://a.example/(S(lit3py55t21z5v55vlm25s55))/news", "a session id"),
        ("https://a.example/news?sid=8c5a1f0e9d7b4c3a2f1e", "a session id"),
        ("https://a.example/news?PHPSESSID=8c5a1f0e9d7b4c3a2f1e", "a session id"),
        ("https://a.example/calendar?date=2091-01", "a calendar of the year 2091"),
        ("https://a.example/calendar?year=2031&month=5", "a calendar of the year 2031"),
        ("https://a.example/calendar/1954/05/", "a calendar of the year 1954"),
        ("https://a.example/" + "a" * 2100, "longer than 2,083 characters"),
        ("https://a.example/?q=" + "a" * 600, "a query of more than 512 characters"),
        ("https://[a.example/", "no address"),
    ],
)
def test_a_trap_is_told_by_its_look(url: str, why: str) -> None:
    assert trap(url, NOW) == why


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/2024/05/06/2024-election-results",
        "https://a.example/world/2049-climate-goals-agreed",
        "https://a.example/view?sid=1234&aid=20240506001234&page=1",
        "https://a.example/news/sport/news/4123456",
        "https://bao.example/chinh-tri/quoc-hoi/ky-hop-thu-bay-khai-mac-20240520.htm",
    ],
)
def test_an_article_is_no_trap(url: str) -> None:
    assert trap(url, NOW) is None


def test_without_a_time_only_far_calendars_are_told() -> None:
    assert trap("https://a.example/calendar?date=2091-01") is not None
    assert trap("https://a.example/calendar?date=2031-01") is None


def test_a_shape_without_articles_is_given_up_after_ten_pages() -> None:
    assert [others for others in range(20) if worth(0, others)] == list(range(10))
    assert worth(1, 50)
    assert not worth(1, 200)
    assert worth(30, 200)


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    for url in (text, f"https://a.example/{text}"):
        assert trap(url, NOW) is None or trap(url, NOW)
