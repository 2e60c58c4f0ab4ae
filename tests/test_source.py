"""Sources: one TOML file each, every fault told in one line with its file, line and key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import FrozenInstanceError
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.cron import check_cron
from crawler.durations import duration_of, written
from crawler.errors import BadSource
from crawler.source import (
    AT_LEAST_EVERY,
    AT_MOST_EVERY,
    KEYS,
    Cleaning,
    Expectation,
    Manners,
    Place,
    PlaceKind,
    Source,
    Timing,
)
from crawler.toml_lines import key_lines

ROOT = Path(__file__).parents[1]
GOOD = """\
title = "Example Gazette"
language = "fr"
country = "FR"
homepage = "https://www.gazette.example.co.uk/"
enabled = true

[[place]]
kind = "feed"
urls = ["https://feeds.example.net/gazette"]

[[place]]
kind = "section"
urls = [
    "https://gazette.example.co.uk/news",
    "https://gazette.example.co.uk/sport",
]
pages = 3

[schedule]
cron = "*/20 6-23 * * mon-fri"
timezone = "Asia/Ho_Chi_Minh"

[fetch]
delay_seconds = 2
allow_private = ["127.0.0.0/8", "::1/128"]
article = ['/\\d{4}/\\d{2}/']
hosts = ["cdn.example.org", "127.0.0.1:8000"]
render = true

[clean]
remove = ["Lire aussi"]
keep = ["(AFP)"]

[expect]
articles_per_week = 150
longest_silence = "12h"
"""
LEAST = 'title = "A"\nhomepage = "https://a.example/"\n[[place]]\nkind = "feed"\nurls = ["https://a.example/rss"]\n'


def test_every_key_is_read() -> None:
    source = Source.parse("gazette", GOOD)
    assert (source.name, source.title, source.language, source.country) == ("gazette", "Example Gazette", "fr", "FR")
    assert source.enabled
    assert source.places == (
        Place("feed", ("https://feeds.example.net/gazette",)),
        Place("section", ("https://gazette.example.co.uk/news", "https://gazette.example.co.uk/sport"), pages=3),
    )
    assert source.schedule == Timing(every=None, cron="*/20 6-23 * * mon-fri", timezone="Asia/Ho_Chi_Minh")
    networks = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    hosts = ("cdn.example.org", "127.0.0.1:8000")
    assert source.fetch == Manners(2.0, networks, (r"/\d{4}/\d{2}/",), hosts, render=True)
    assert source.clean == Cleaning(("Lire aussi",), ("(AFP)",))
    assert source.expect == Expectation(150, timedelta(hours=12))
    assert source.definition == GOOD
    with pytest.raises(FrozenInstanceError):
        source.title = "B"  # type: ignore[misc]


def test_what_is_left_out_has_a_careful_default() -> None:
    source = Source.parse("a", LEAST)
    assert not source.enabled
    assert (source.language, source.country) == (None, None)
    assert source.schedule == Timing(every=timedelta(hours=1))
    assert source.fetch == Manners(5.0)
    assert (source.clean, source.expect) == (Cleaning(), Expectation())


def test_auto_has_bounds_and_a_share_for_rechecks() -> None:
    source = Source.parse("a", LEAST + "[schedule]\nauto = true\n")
    assert source.schedule == Timing(None, auto=True, at_most_every=AT_MOST_EVERY, at_least_every=AT_LEAST_EVERY)
    assert 0 < source.recheck.share < 0.5
    bounded = '[schedule]\nauto = true\nat_most_every = "15m"\nat_least_every = "1d"\nrequests_a_day = 20\n'
    source = Source.parse("a", LEAST + bounded + "[recheck]\nshare = 0\n")
    fifteen, day = timedelta(minutes=15), timedelta(days=1)
    assert source.schedule == Timing(None, auto=True, at_most_every=fifteen, at_least_every=day, requests_a_day=20)
    assert source.recheck.share == 0
    rare = Source.parse("a", LEAST + '[schedule]\nauto = true\nat_most_every = "2d"\n').schedule
    assert rare.at_least_every == timedelta(days=2)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


FAULTS = [  # text, line, key, words
    (changed('title = "Example Gazette"', "title = 7"), 1, "title", "not a text in quotes"),
    (changed('title = "Example Gazette"', 'title = " "'), 1, "title", "empty"),
    (changed('title = "Example Gazette"', 'title = "a\\u001b[31m"'), 1, "title", "has a control character"),
    (changed('title = "Example Gazette"', 'titel = "E"'), 1, "titel", "did you mean title?"),
    (changed('title = "Example Gazette"\n', ""), 1, "title", "missing"),
    (changed('title = "Example Gazette"', 'title = "E'), 1, "", "not TOML"),
    (changed('title = "Example Gazette"', f'title = "{"x" * 5000}"'), 1, "", "a line of more than 2,500 characters"),
    (changed('language = "fr"', 'language = "French"'), 2, "language", "not a language code"),
    (changed('country = "FR"', 'country = "fr"'), 3, "country", "two capital letters"),
    (changed('country = "FR"', 'country = "FR"\ncountry = "DE"'), 4, "", "not TOML: Cannot overwrite a value"),
    (changed('"https://www.gazette.example.co.uk/"', '"gazette.example"'), 4, "homepage", "not an http"),
    (changed('"https://www.gazette.example.co.uk/"', '"ftp://gazette.example"'), 4, "homepage", "not an http"),
    (changed('"https://www.gazette.example.co.uk/"', '"https:///x"'), 4, "homepage", "not an address"),
    (changed('"https://www.gazette.example.co.uk/"', '"https://[::1"'), 4, "homepage", "not an address"),
    (
        changed('"https://www.gazette.example.co.uk/"', '"https://me:s3cret@a.example/"'),
        4,
        "homepage",
        "a user or pass",
    ),
    (changed('"https://www.gazette.example.co.uk/"', '"https://a.example\\\\@b.example/"'), 4, "homepage", "a user or"),
    (changed('"https://www.gazette.example.co.uk/"', '"https://a.example:s3cret/"'), 4, "homepage", "not an address"),
    (changed('"https://www.gazette.example.co.uk/"', '"https://a:s3cret℀@b"'), 4, "homepage", "a user or password"),
    (changed("enabled = true", 'enabled = "yes"'), 5, "enabled", "not true or false"),
    (changed("enabled = true", "enabled = true\nplaces = 1"), 6, "places", "did you mean place?"),
    (changed('kind = "feed"', 'kind = "rss"'), 8, "place[1].kind", "not one of feed, sitemap, section, urls"),
    (changed('kind = "feed"', 'kind = "feed"\npages = 2'), 9, "place[1].pages", "only a section has pages"),
    (changed('["https://feeds.example.net/gazette"]', "[]"), 9, "place[1].urls", "missing"),
    (changed('["https://feeds.example.net/gazette"]', '"https://a.example/"'), 9, "place[1].urls", "not a list"),
    (changed("https://gazette.example.co.uk/sport", "javascript:alert(1)"), 15, "place[2].urls[2]", "not an http"),
    (changed("pages = 3", "pages = true"), 17, "place[2].pages", "not a whole number"),
    (changed("pages = 3", "pages = 101"), 17, "place[2].pages", "not between 1 and 100"),
    (changed('cron = "*/20 6-23 * * mon-fri"', 'cron = "*/20 6-23 * *"'), 20, "schedule.cron", "five fields"),
    (changed("*/20 6-23", "*/20 6-24"), 20, "schedule.cron", "hour: not between 0 and 23"),
    (changed("* * mon-fri", "31 2 *"), 20, "schedule.cron", "it would never run"),
    (LEAST + '[schedule]\nat_most_every = "5m"', 7, "schedule.at_most_every", "only auto has it"),
    (
        LEAST + '[schedule]\nauto = true\nat_most_every = "1h"\nat_least_every = "30m"',
        9,
        "schedule.at_least_every",
        "shorter than at_most_every, 1h",
    ),
    (LEAST + "[schedule]\nauto = true\nrequests_a_day = 0", 8, "schedule.requests_a_day", "not between 1 and"),
    (LEAST + "[recheck]\nshare = 1.0", 7, "recheck.share", "not between 0 and 0.9"),
    (changed("Asia/Ho_Chi_Minh", "Asia/Atlantis"), 21, "schedule.timezone", "not a time zone"),
    (changed("Asia/Ho_Chi_Minh", "../../etc/passwd"), 21, "schedule.timezone", "not a time zone"),
    (changed('timezone = "', 'every = "30m" # "'), 20, "schedule.cron", "stands beside every"),
    (LEAST + '[schedule]\nevery = "half an hour"\n', 7, "schedule.every", 'not a duration such as "30m"'),
    (LEAST + '[schedule]\nevery = "10s"\n', 7, "schedule.every", "not between 1m and 31d"),
    (LEAST + '[schedule]\nevery = "1h"\ntimezone = "UTC"\n', 8, "schedule.timezone", "only cron has a timezone"),
    (LEAST + "schedule = 5\n", 6, "place[1].schedule", "not a key that is known here"),
    ("schedule = 5\n" + LEAST, 1, "schedule", "not a table"),
    (changed("delay_seconds = 2", "delay_seconds = nan"), 24, "fetch.delay_seconds", "not between 0 and 3600"),
    (changed("delay_seconds = 2", "delay_seconds = -1"), 24, "fetch.delay_seconds", "not between 0 and 3600"),
    (changed("delay_seconds = 2", "delay_second = 2"), 24, "fetch.delay_second", "did you mean delay_seconds?"),
    (changed('"::1/128"', '"::1/128", "0.0.0.0/0"'), 25, "fetch.allow_private[3]", "not a private network"),
    (changed('"::1/128"', '"intranet"'), 25, "fetch.allow_private[2]", "not a network"),
    (changed(r"'/\d{4}/\d{2}/'", "'/(/'"), 26, "fetch.article[1]", "not a regular expression"),
    (changed(r"'/\d{4}/\d{2}/'", f"'{'x' * 501}'"), 26, "fetch.article[1]", "more than 500 characters"),
    (changed("render = true", 'render = "yes"'), 28, "fetch.render", "not true or false"),
    (changed("render = true", "rendered = true"), 28, "fetch.rendered", "did you mean render?"),
    (changed('"cdn.example.org"', '"https://cdn.example.org/"'), 27, "fetch.hosts[1]", "not a host"),
    (changed('"cdn.example.org"', '"me@cdn.example.org"'), 27, "fetch.hosts[1]", "not a host"),
    (changed('["Lire aussi"]', '["Lire aussi", 3]'), 31, "clean.remove[2]", "not a text"),
    (changed("articles_per_week = 150", "articles_per_week = -1"), 35, "expect.articles_per_week", "not between"),
    (changed('"12h"', '"12 h"'), 36, "expect.longest_silence", "not a duration"),
    (GOOD + '\n"a\\nb\\u001b[31m" = 1\n', 38, "expect.a?b?[31m", "known here: articles_per_week"),
    ('title = "A"\nhomepage = "https://a.example/"\n', 1, "place", "missing: at least one [[place]]"),
    ('place = "x"\n' + LEAST.partition("[[")[0], 1, "place", "not written [[place]]"),
    (f"x = {'[' * 2000}", 1, "", "nested too deeply"),
    ("# x\n" * 20_000, 1, "", "larger than 64 KiB"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_one_line_with_file_line_and_key(text: str, line: int, key: str, words: str) -> None:
    with pytest.raises(BadSource) as caught:
        Source.parse("x", text, "seeds/sources/x.toml")
    message = str(caught.value)
    assert message.startswith(f"seeds/sources/x.toml:{line}: {key}{': ' * bool(key)}")
    assert words in f"{message}; {caught.value.hint}"
    assert message.isprintable()
    assert "s3cret" not in message
    assert (caught.value.line, caught.value.key) == (line, key)


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "x" * 65, "a.b", "../a", "a\n", "é"])
def test_a_name_is_plain(name: str) -> None:
    with pytest.raises(BadSource, match="the file's name is not"):
        Source.parse(name, LEAST)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.gazette.example.co.uk/2026/01/a", True),
        ("http://example.co.uk/", True),
        ("https://SPORT.Example.Co.UK./x", True),
        ("https://example.co.uk:8443/", True),
        ("https://other.co.uk/", False),
        ("https://notexample.co.uk/", False),
        ("https://example.co.uk.evil.test/", False),
        ("https://example.co.uk@evil.test/", False),
        ("https://example.co.uk\\@evil.test/", False),
        ("https://exa\tmple.co.uk/", False),
        ("https://feeds.example.net/gazette", False),  # where its feed is, but not its articles
        ("https://cdn.example.org/x", True),
        ("https://img.cdn.example.org/x", False),
        ("http://127.0.0.1:8000/", True),
        ("http://127.0.0.1/", False),
        ("http://127.0.0.1:8001/", False),
        ("ftp://example.co.uk/", False),
        ("//example.co.uk/", False),
        ("https://[::1", False),
        ("https://example.co.uk:99999/", False),
        ("", False),
    ],
)
def test_scope(url: str, expected: bool) -> None:
    assert Source.parse("gazette", GOOD).covers(url) is expected


@pytest.mark.parametrize(
    ("homepage", "inside", "outside"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/a", "http://127.0.0.1:8001/a"),
        ("http://[::1]:8000/", "http://[::1]:8000/a", "http://[::1]/a"),
        ("http://localhost:81/", "http://LOCALHOST:81/a", "http://localhost/a"),
        ("https://news.intranet/", "https://news.intranet/a", "https://intranet/a"),
        ("https://gazette.github.io/", "https://gazette.github.io/a", "https://other.github.io/a"),
        ("https://báo.example.vn/", "https://xn--bo-hia.example.vn/a", "https://báo.vn/a"),
    ],
)
def test_scope_of_unusual_homepages(homepage: str, inside: str, outside: str) -> None:
    source = Source.parse("a", LEAST.replace("https://a.example/", homepage, 1))
    assert source.covers(inside)
    assert not source.covers(outside)


def test_lines_of_every_kind_of_key() -> None:
    text = (
        'a = 1\r\n# [no] = 1\nb.c = \'\'\'x\n[no]\n\'\'\'\n"d e" = """\nno = 1\\""""""\n\'f.g\' = [1, # ]\n[\n2]]\n'
        'h = { i = \'x}\', j = ["]", 3] }\n[k . "l\\u00e9"]\nm = 1979-05-27T07:32:00Z\n'
        "[[n]]\n[n.o]\np = 1\n[[n]]\nq = 2\n"
    )
    tomllib.loads(text)
    assert key_lines(text) == {
        ("a",): 1, ("b",): 3, ("b", "c"): 3, ("d e",): 6, ("f.g",): 8, ("f.g", 0): 8, ("f.g", 1): 9, ("f.g", 1, 0): 10,
        ("h",): 11, ("h", "i"): 11, ("h", "j"): 11, ("h", "j", 0): 11, ("h", "j", 1): 11, ("k", "lé"): 12,
        ("k", "lé", "m"): 13, ("n",): 14, ("n", 0): 14, ("n", 0, "o"): 15, ("n", 0, "o", "p"): 16, ("n", 1): 17,
        ("n", 1, "q"): 18,
    }  # fmt: skip


@settings(deadline=None)
@given(st.text(alphabet="ab.=[]{}\"'\\#,\n 1", max_size=60))
def test_whatever_toml_reads_has_lines(text: str) -> None:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = key_lines(text)
    assert {(key,) for key in values} <= lines.keys()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet='[]="{}\n.#xtile', max_size=100))
def test_any_text_is_a_source_or_a_fault(text: str) -> None:
    with pytest.raises(BadSource) as caught:
        Source.parse("x", text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["45s", "30m", "12h", "7d", "90m"])
def test_durations_are_written_as_they_are_read(text: str) -> None:
    assert written(duration_of(text)) == text


@pytest.mark.parametrize("text", ["", "0m", "m", "1", "1w", "-1h", "1.5h", "01h", "1h30m", "1000000d", "１h"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        duration_of(text)


@pytest.mark.parametrize(
    "expression", ["* * * * *", "*/5 * * * *", "0,30 6-23/2 1-15 jan-mar mon,wed-fri", "0 0 29 2 *", "0 0 31 4,5 *"]
)
def test_cron(expression: str) -> None:
    check_cron(expression)


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 1", "* * * * mon-", "5/10 * * * *",
     "*/0 * * * *", "30-10 * * * *", "@hourly", "* * 31 4 *", "a * * * *", "* * * * fri-mon", "1,,2 * * * *"],
)  # fmt: skip
def test_no_cron(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_cron(expression)


def test_the_page_has_every_key() -> None:
    page = (ROOT / "docs" / "add-a-source.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE))
    keys = {f"{table}.{key}".removeprefix(".") for table, names in KEYS.items() for key in names}
    assert rows - set(get_args(PlaceKind)) == keys - set(KEYS)
    assert rows >= set(get_args(PlaceKind))


def test_the_examples_of_the_page_are_sources() -> None:
    page = (ROOT / "docs" / "add-a-source.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        assert Source.parse("example", example)
    assert len([line for line in examples[0].splitlines() if line]) <= 10


def test_choices_of_cleaning_are_checked() -> None:
    text = 'title = "G"\nhomepage = "https://g.example/"\n[[place]]\nkind = "feed"\nurls = ["https://g.example/rss"]\n[clean]\n'
    chosen = Source.parse("g", f'{text}second_opinion = "never"\ncaptions = true\nlists = false\n').clean
    assert chosen == Cleaning(second_opinion="never", parts=(("lists", False), ("captions", True)))
    for wrong, told in (
        ('second_opinion = "perhaps"', r"g.toml:7: clean.second_opinion: not one of auto, never, always"),
        ('lists = "yes"', r"g.toml:7: clean.lists: not true or false"),
        ("list = true", r"g.toml:7: clean.list: not a key"),
    ):
        with pytest.raises(BadSource, match=told):
            Source.parse("g", text + wrong)
