"""Shapes: which addresses look like articles, and how those of one site fall together."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.listings.shapes import is_article, likelihood, shape

ARTICLES = [
    "https://gazette.example/2024/05/06/council-votes-to-rebuild-the-old-bridge",
    "https://gazette.example/2024/05/bridge-vote/",
    "https://gazette.example/news/council-votes-to-rebuild-the-old-bridge-4123456.html",
    "https://gazette.example/news/4123456",
    "https://gazette.example/article/AB12CD34EF56GH",
    "https://gazette.example/story/550e8400-e29b-41d4-a716-446655440000",
    "https://gazette.example/politique/article/le-conseil-vote-la-reconstruction_812345_3210.html",
    "https://gazette.example/wirtschaft/stadtrat-beschliesst-neubau-der-alten-bruecke-a-1045678.html",
    "https://bao.example/thoi-su/hoi-dong-thong-qua-viec-xay-lai-cau-cu-20240506101500.htm",
    "https://bao.example/hoi-dong-thong-qua-viec-xay-lai-cau-cu-post1234567.vnp",
    "https://shimbun.example/articles/%E8%AD%B0%E4%BC%9A%E3%81%8C%E5%8F%A4%E3%81%84%E6%A9%8B%E3%81%AE%E5%86%8D%E5%BB%BA%E3%82%92%E6%B1%BA%E5%AE%9A/",
    "https://shimbun.example/articles/ASV5B3T4YV5BUTIL012M.html",
    "https://sahifa.example/news/2024/5/6/المجلس-يصوت-على-إعادة-بناء-الجسر",
    "https://diario.example/sociedad/el-pleno-aprueba-reconstruir-el-puente-viejo_1_10987654.html",
    "https://giornale.example/cronaca/2024/05/06/news/il_consiglio_vota_per_il_ponte-422987654/",
    "https://gazeta.example/7,114883,30945678,rada-miasta-zdecydowala-o-odbudowie-mostu.html",
    "https://gazeta.example/view.php?id=20240506001234",
    "https://gazette.example/?p=104567",
]

OTHERS = [
    "https://gazette.example",
    "https://gazette.example/",
    "https://gazette.example/index.html",
    "https://gazette.example/en",
    "https://gazette.example/?lang=fr",
    "https://gazette.example/news",
    "https://gazette.example/news/",
    "https://gazette.example/news/world",
    "https://gazette.example/news/world/europe/",
    "https://gazette.example/sport/football",
    "https://gazette.example/wirtschaft/",
    "https://gazette.example/politique",
    "https://gazette.example/thoi-su",
    "https://gazette.example/the-thao/bong-da",
    "https://gazette.example/tag/bridge",
    "https://gazette.example/tags/rebuilding-the-old-bridge",
    "https://gazette.example/topic/climate-change-and-the-sea",
    "https://gazette.example/topics/elections-2024",
    "https://gazette.example/thema/bruecken",
    "https://gazette.example/category/local-news",
    "https://gazette.example/category/news/page/12",
    "https://gazette.example/author/jane-roe",
    "https://gazette.example/author/jane-van-der-roe-senior",
    "https://gazette.example/authors/12345",
    "https://gazette.example/autor/erika-mustermann",
    "https://gazette.example/auteur/jean-de-la-rue-du-pont",
    "https://gazette.example/search",
    "https://gazette.example/search?q=bridge",
    "https://gazette.example/?s=old+bridge+vote+today",
    "https://gazette.example/suche/?query=alte-bruecke-im-winter",
    "https://gazette.example/recherche/le-vieux-pont-de-pierre",
    "https://gazette.example/page/2",
    "https://gazette.example/page/2/",
    "https://gazette.example/news/page/144",
    "https://gazette.example/news?page=3",
    "https://gazette.example/news/?paged=2",
    "https://gazette.example/2",
    "https://gazette.example/login",
    "https://gazette.example/login?return=/news/4123456",
    "https://gazette.example/account/settings",
    "https://gazette.example/register",
    "https://gazette.example/users/signin",
    "https://gazette.example/wp-login.php",
    "https://gazette.example/wp-admin/",
    "https://gazette.example/cart",
    "https://gazette.example/subscribe",
    "https://gazette.example/newsletter",
    "https://gazette.example/newsletters/the-morning-briefing-for-you",
    "https://gazette.example/about",
    "https://gazette.example/about-us",
    "https://gazette.example/contact",
    "https://gazette.example/impressum",
    "https://gazette.example/privacy",
    "https://gazette.example/terms",
    "https://gazette.example/files/annual-report-of-the-council-2024.pdf",
    "https://gazette.example/img/2024/05/bridge-at-dawn-12345.jpg",
    "https://gazette.example/media/interview-with-the-mayor-12345.mp3",
    "https://gazette.example/static/app.4f3a9c1b2d.js",
    "https://gazette.example/rss.xml",
    "https://gazette.example/feed/",
    "https://gazette.example/sitemap.xml",
    "https://gazette.example/2024",
    "https://gazette.example/2024/05",
    "https://gazette.example/2024/05/06/",
    "https://gazette.example/archive/2024/05",
    "https://gazette.example/calendar/2024-05",
    "https://gazette.example/calendar?month=5",
    "https://gazette.example/weather",
    "https://gazette.example/tv",
    "https://gazette.example/live",
    "https://gazette.example/jobs",
    "https://gazette.example/shop?sort=price",
    "https://gazette.example/video/",
    "https://gazette.example/podcasts",
    "https://social.example/share?u=abc",
    "https://social.example/intent/tweet",
    "https://social.example/gazette",
]


def test_addresses_of_articles_in_many_languages_are_known_by_their_look() -> None:
    missed = [url for url in ARTICLES if not is_article(url)]
    assert not missed


def test_addresses_of_other_pages_are_refused() -> None:
    assert len(OTHERS) >= 60
    taken = [url for url in OTHERS if is_article(url)]
    assert len(taken) <= 0.05 * len(OTHERS), taken


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/news/2024/05/council-votes-on-the-bridge.html", "/news/<n4>/<n2>/<slug>.html"),
        ("https://a.example/news/council-votes-4123456.html", "/news/<slug>-<n8>.html"),
        ("https://a.example/news/4123456-council-votes", "/news/<n8>-<slug>"),
        ("https://a.example/politics/world/a-b-c-d", "/politics/<word>/<slug>"),
        ("https://a.example/x/550e8400-e29b-41d4-a716-446655440000", "/x/<hex>"),
        ("https://a.example/list?colour=red&size=4", "/list?<many>"),
        ("https://a.example/view?id=12345678", "/view?id=<n8>"),
        ("https://a.example/", "/"),
        ("javascript:alert(1)", ""),
    ],
)
def test_an_address_comes_down_to_its_shape(url: str, expected: str) -> None:
    assert shape(url) == expected


def test_filters_in_any_combination_are_few_shapes() -> None:
    names = [f"filter{number}" for number in range(12)]
    shapes = set()
    for chosen in range(1, 2**12):
        query = "&".join(f"{name}=on" for bit, name in enumerate(names) if chosen >> bit & 1)
        shapes.add(shape(f"https://a.example/list?{query}"))
    assert len(shapes) == 13


def test_patterns_decide_alone() -> None:
    patterns = (re.compile(r"/n/\d+$"),)
    assert is_article("https://a.example/n/7", patterns)
    assert not is_article("https://a.example/2024/05/06/council-votes-on-the-old-bridge", patterns)


def test_what_was_learned_outweighs_the_look() -> None:
    unlikely, likely = "https://a.example/s/bridge", "https://a.example/offers/buy-a-new-car-today"
    assert not is_article(unlikely)
    assert is_article(unlikely, (), {shape(unlikely): (9, 1)})
    assert is_article(likely)
    assert not is_article(likely, (), {shape(likely): (0, 10)})


@given(st.text(max_size=200))
def test_any_text_has_a_shape_and_a_likelihood(text: str) -> None:
    for url in (text, f"https://a.example/{text}"):
        assert isinstance(shape(url), str)
        assert 0 <= likelihood(url) <= 1
