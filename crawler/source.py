"""Source: one outlet, as one TOML file describes it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from crawler.cron import check_cron
from crawler.definition import Definition, Table
from crawler.durations import duration_of, written
from crawler.scope import checked_host, checked_url, host_and_port, site_of
from pipelines.choices import PARTS, SECOND_OPINIONS

PlaceKind = Literal["feed", "sitemap", "section", "urls"]
PLACE_KINDS: tuple[PlaceKind, ...] = get_args(PlaceKind)
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a source may be called: the stem of its file."""

MOST_PAGES = 100
"""Of a section."""

AT_MOST_EVERY, AT_LEAST_EVERY = timedelta(minutes=2), timedelta(hours=12)
"""Between two looks at a source whose pace is learned, unless its file says otherwise."""

_HOUR = timedelta(hours=1)
_EVERY = (timedelta(minutes=1), timedelta(days=31))
_SILENCE = (_HOUR, timedelta(days=366))
_MOST_DELAY_SECONDS = 3600
_MOST_A_WEEK = 1_000_000
_MOST_A_DAY = 100_000
_MOST_SHARE = 0.9
_LONGEST_PATTERN = 500
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PRIVATE = tuple(
    ip_network(block)
    for block in (
        "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where an outlet lists its articles. pages: how many pages of a section are followed."""

    kind: PlaceKind
    urls: tuple[str, ...]
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Timing:
    """When to look: exactly one of ``every``, ``cron`` (in ``timezone``, else UTC) and ``auto``.

    Of ``auto``: the shortest and the longest time between two looks, and requests a day for this source alone; None for
    a part of those that all share.
    """

    every: timedelta | None
    cron: str | None = None
    timezone: str | None = None
    auto: bool = False
    at_most_every: timedelta = AT_MOST_EVERY
    at_least_every: timedelta = AT_LEAST_EVERY
    requests_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """How to behave at the outlet's servers.

    delay_seconds: between two requests to a host. allow_private: networks that are not on the internet and may be
    fetched from all the same. article: patterns of which one is found in each article's address; empty to learn them.
    hosts: further hosts in scope, ``host`` or ``host:port``. render: have a browser run the scripts of its pages.
    """

    delay_seconds: float = 5.0
    allow_private: tuple[IPv4Network | IPv6Network, ...] = ()
    article: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    render: bool = False


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What a user knows better of cleaning. remove, keep: beginnings of lines that go, and that stay.

    second_opinion: ``auto``, ``always`` or ``never``. parts: which of ``pipelines.choices.PARTS`` belong to a text.
    """

    remove: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    second_opinion: str = "auto"
    parts: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an outlet usually does, so that its silence is noticed."""

    articles_per_week: int | None = None
    longest_silence: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Rechecking:
    """How often known articles are looked at again. share: of all requests; 0 for never."""

    share: float = 0.2


@dataclass(frozen=True, slots=True)
class Source:
    """An outlet. name: the stem of its file. language: BCP 47. country: ISO 3166, two letters; None where unknown.

    places: in order of preference. definition: the TOML text that all of this was read from.
    """

    name: str
    title: str
    language: str | None
    country: str | None
    homepage: str
    enabled: bool
    places: tuple[Place, ...]
    schedule: Timing
    fetch: Manners
    recheck: Rechecking
    clean: Cleaning
    expect: Expectation
    definition: str = field(repr=False)

    @classmethod
    def parse(cls, name: str, text: str, file: str | None = None) -> Source:
        """Read a TOML text. file: as messages name it. Raises BadSource: file, line and key in one line."""
        definition = Definition.read(file or f"{name}.toml", text)
        if not NAME.fullmatch(name):
            raise definition.fault((), "the file's name is not 1 to 64 of a-z, 0-9 and -, followed by .toml")
        top = Table(definition, (), definition.values, KEYS[""])
        return cls(
            name=name,
            title=top.text("title", _title),
            language=top.optional_text("language", _language),
            country=top.optional_text("country", _country),
            homepage=top.text("homepage", checked_url),
            enabled=top.flag("enabled", False),
            places=_places(top),
            schedule=_timing(top.table("schedule", KEYS["schedule"])),
            fetch=_manners(top.table("fetch", KEYS["fetch"])),
            recheck=Rechecking(
                top.table("recheck", KEYS["recheck"]).number("share", Rechecking().share, 0, _MOST_SHARE)
            ),
            clean=_cleaning(top.table("clean", KEYS["clean"])),
            expect=_expectation(top.table("expect", KEYS["expect"])),
            definition=text,
        )

    def covers(self, url: str) -> bool:
        """Whether an address is the outlet's own: http or https, on the homepage's site or one of ``hosts``.

        A site is a registrable domain and what is under it; a host without one (an IP address, ``localhost``) counts
        with its port. The host of a place is not in scope by being one: feeds may come from elsewhere.
        """
        if (found := host_and_port(url)) is None or (home := host_and_port(self.homepage)) is None:
            return False
        host, port = found
        if host in self.fetch.hosts or f"{host}:{port}" in self.fetch.hosts:
            return True
        site = site_of(home[0])
        return found == home if site is None else site_of(host) == site


KEYS: dict[str, tuple[str, ...]] = {
    "": (
        "title",
        "language",
        "country",
        "homepage",
        "enabled",
        "place",
        "schedule",
        "fetch",
        "recheck",
        "clean",
        "expect",
    ),
    "place": tuple(each.name for each in fields(Place)),
    "schedule": tuple(each.name for each in fields(Timing)),
    "fetch": tuple(each.name for each in fields(Manners)),
    "recheck": tuple(each.name for each in fields(Rechecking)),
    "clean": ("remove", "keep", "second_opinion", *PARTS),
    "expect": tuple(each.name for each in fields(Expectation)),
}
"""Every key that a source may have, by its table."""


def _places(top: Table) -> tuple[Place, ...]:
    if not (tables := top.tables("place", KEYS["place"])):
        raise top.fault("place", "missing: at least one [[place]] says where articles are listed")
    places = []
    for table in tables:
        kind = table.text("kind", _place_kind)
        if not (urls := table.texts("urls", checked_url)):
            raise table.fault("urls", "missing: a list of addresses")
        if "pages" in table and kind != "section":
            raise table.fault("pages", "only a section has pages")
        places.append(Place(kind, urls, table.whole("pages", 1, 1, MOST_PAGES)))
    return tuple(places)


def _timing(table: Table) -> Timing:
    auto = table.flag("auto", False)
    chosen = [key for key in ("every", "cron", "auto") if key in table and (key != "auto" or auto)]
    if len(chosen) > 1:
        raise table.fault(chosen[1], f"stands beside {chosen[0]}: one of every, cron and auto says when")
    if "timezone" in table and "cron" not in table:
        raise table.fault("timezone", "only cron has a timezone")
    for key in ("at_most_every", "at_least_every", "requests_a_day"):
        if key in table and not auto:
            raise table.fault(key, "only auto has it")
    at_most_every = table.optional_text("at_most_every", _span(*_EVERY)) or AT_MOST_EVERY
    at_least_every = table.optional_text("at_least_every", _span(*_EVERY)) or max(AT_LEAST_EVERY, at_most_every)
    if at_most_every > at_least_every:
        raise table.fault("at_least_every", f"shorter than at_most_every, {written(at_most_every)}")
    return Timing(
        every=table.optional_text("every", _span(*_EVERY)) or (None if chosen else _HOUR),
        cron=table.optional_text("cron", _cron),
        timezone=table.optional_text("timezone", _timezone),
        auto=auto,
        at_most_every=min(at_most_every, at_least_every),
        at_least_every=at_least_every,
        requests_a_day=table.whole("requests_a_day", 0, 1, _MOST_A_DAY) if "requests_a_day" in table else None,
    )


def _manners(table: Table) -> Manners:
    return Manners(
        delay_seconds=table.number("delay_seconds", 5.0, 0, _MOST_DELAY_SECONDS),
        allow_private=table.texts("allow_private", _private_network),
        article=table.texts("article", _pattern),
        hosts=table.texts("hosts", checked_host),
        render=table.flag("render", False),
    )


def _cleaning(table: Table) -> Cleaning:
    return Cleaning(
        remove=table.texts("remove", str),
        keep=table.texts("keep", str),
        second_opinion=table.optional_text("second_opinion", _second_opinion) or "auto",
        parts=tuple((part, table.flag(part, False)) for part in PARTS if part in table),
    )


def _expectation(table: Table) -> Expectation:
    is_stated = "articles_per_week" in table
    return Expectation(
        articles_per_week=table.whole("articles_per_week", 0, 0, _MOST_A_WEEK) if is_stated else None,
        longest_silence=table.optional_text("longest_silence", _span(*_SILENCE)),
    )


def _title(text: str) -> str:
    if len(text) > 200:
        raise ValueError("more than 200 characters")
    return text.strip()


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError('not a language code such as "vi", "pt-BR" or "zh-Hant"')
    return text


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise ValueError('not a country code of two capital letters, such as "VN"')
    return text


def _place_kind(text: str) -> PlaceKind:
    for kind in PLACE_KINDS:
        if text == kind:
            return kind
    raise ValueError(f"not one of {', '.join(PLACE_KINDS)}")


def _second_opinion(text: str) -> str:
    if text not in SECOND_OPINIONS:
        raise ValueError(f"not one of {', '.join(SECOND_OPINIONS)}")
    return text


def _span(least: timedelta, most: timedelta) -> Callable[[str], timedelta]:
    def check(text: str) -> timedelta:
        span = duration_of(text)
        if not least <= span <= most:
            raise ValueError(f"not between {written(least)} and {written(most)}")
        return span

    return check


def _cron(text: str) -> str:
    check_cron(text)
    return text


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # OSError: a folder of the time zone files
        raise ValueError('not a time zone such as "Asia/Ho_Chi_Minh"') from None
    return text


def _private_network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError('not a network such as "127.0.0.0/8"') from None
    if not any(network.version == block.version and network.subnet_of(block) for block in _PRIVATE):  # type: ignore[arg-type]
        raise ValueError("not a private network, which is all that this may name")
    return network


def _pattern(text: str) -> str:
    if len(text) > _LONGEST_PATTERN:
        raise ValueError(f"more than {_LONGEST_PATTERN} characters")
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text
