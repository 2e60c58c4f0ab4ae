"""Sections of a site that never end. Real articles are linked from them too, as on real sites."""

from __future__ import annotations

import re
import secrets
from html import escape
from itertools import islice
from random import Random, SystemRandom
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.sites.behaviour import Answer
from tests.sites.outlet import Outlet, Piece
from tests.sites.pages import list_page
from tests.sites.prose import lexicon, story

TRAPS = {
    "calendar": re.compile(r"/calendar/(?:\d{1,6}/\d{1,2}/)?"),
    "facets": re.compile(r"/search/"),
    "session": re.compile(r"/visit/"),
    "growth": re.compile(r"(?:/a)+/"),
    "endless": re.compile(r"/archive/(?:page/\d+/)?"),
    "farm": re.compile(r"/farm/(?:\d+/)?"),
    "hosts": re.compile(r"/partners/"),
}
"""calendar: a page for every month of all times. facets: twelve switches, 4,096 addresses, one content.

session: another ?sid= behind every link of each response, articles too. growth: links relative to themselves, /a/a/a/.
endless: next pages without end, all with the same articles. farm: pages that link to twenty others each, without end.
hosts: links to other hosts of 127/8, which answer with more of them; HOSTS of them are there.
"""

HOSTS = tuple(f"127.1.0.{number}" for number in range(1, 33))
_SHOWN = 10
_FACETS = 12


def which(target: str) -> str | None:
    """The trap that a path (with its query) belongs to, if any."""
    path, _, query = target.partition("?")
    if "sid=" in query:
        return "session"
    return next((name for name, pattern in TRAPS.items() if pattern.fullmatch(path)), None)


def doors(outlet: Outlet) -> str:
    """The links from ordinary lists into the traps of an outlet."""
    ways = {
        "calendar": "/calendar/",
        "facets": "/search/",
        "session": "/visit/",
        "growth": "/a/",
        "endless": "/archive/",
        "farm": "/farm/",
        "hosts": "/partners/",
    }
    return "".join(f'<p><a href="{ways[trap]}">{trap.title()}</a></p>' for trap in outlet.traps)


def next_link(outlet: Outlet, target: str) -> str:
    """A link to the next page of a list."""
    return f'<p><a rel="next" href="{target}">{lexicon(outlet.language)["furniture"]["next"]}</a></p>'


def answer(outlet: Outlet, base: str, path: str, query: str) -> Answer | None:
    """The page of a trap that the outlet has; None for anything else."""
    trap = which(path)
    if trap not in outlet.traps:
        return None
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    makers = {
        "calendar": _calendar,
        "facets": _facets,
        "session": _visit,
        "growth": _growth,
        "endless": _endless,
        "farm": _farm,
    }
    if trap == "hosts":
        return Answer(
            200, headers, list_page(outlet, "Partners", _shown(outlet), _host_links(urlsplit(base).port or 80))
        )
    page = Answer(200, headers, makers[trap](outlet, path, query))
    return in_session(page) if trap == "session" else page


def in_session(page: Answer) -> Answer:
    """The page with a new session id behind each link to the site itself."""
    new = f"?sid={secrets.token_hex(8)}".encode()
    body = re.sub(rb'href="(/[^"?]*)"', rb'href="\1' + new + b'"', page.body)
    kept = tuple((name, value) for name, value in page.headers if name not in ("ETag", "Last-Modified"))
    return Answer(page.status, (*kept, ("Set-Cookie", f"{new[1:].decode()}; Path=/")), body)


def farm_page(host: str, port: int) -> Answer:
    """What every host of the farm answers, whatever it is asked."""
    body = (
        f"<!DOCTYPE html><html><head><title>{host}</title></head><body><h1>{host}</h1>{_host_links(port)}</body></html>"
    )
    return Answer(200, (("Content-Type", "text/html; charset=utf-8"),), body.encode())


def _calendar(outlet: Outlet, path: str, query: str) -> bytes:
    """A month: its real articles, and links to the months around it."""
    newest = next(outlet.newest_first()).published_at
    year, month = (int(part) for part in path.split("/")[2:4]) if path != "/calendar/" else (newest.year, newest.month)
    before, after = _month(year, month - 1), _month(year, month + 1)
    pieces = [
        piece for piece in outlet.newest_first() if (piece.published_at.year, piece.published_at.month) == (year, month)
    ]
    links = "".join(f'<p><a href="/calendar/{way}/">{way}</a></p>' for way in (before, after))
    return list_page(outlet, f"{year}/{month}", pieces, links)


def _facets(outlet: Outlet, path: str, query: str) -> bytes:
    """The same articles under every set of switches; each switch can be turned."""
    on = {int(name[1:]) for name in parse_qs(query) if re.fullmatch(r"f(?:[0-9]|1[01])", name)}
    turned = [urlencode({f"f{each}": 1 for each in sorted(on ^ {switch})}) for switch in range(_FACETS)]
    links = "".join(f'<li><a href="/search/?{escape(way)}">{at}</a></li>' for at, way in enumerate(turned))
    return list_page(outlet, "?", _shown(outlet), f"<ul>{links}</ul>")


def _visit(outlet: Outlet, path: str, query: str) -> bytes:
    """Where a session begins."""
    return list_page(outlet, "Visit", _shown(outlet), '<p><a href="/visit/">+</a></p>')


def _growth(outlet: Outlet, path: str, query: str) -> bytes:
    """A link that is relative to where it stands."""
    return list_page(outlet, "A", _shown(outlet), '<p><a href="a/">a</a></p>')


def _endless(outlet: Outlet, path: str, query: str) -> bytes:
    """The same articles on every page, and a next page."""
    number = int(path.split("/")[3]) if "page" in path else 1
    return list_page(outlet, f"{number}", _shown(outlet), next_link(outlet, f"/archive/page/{number + 1}/"))


def _farm(outlet: Outlet, path: str, query: str) -> bytes:
    """A page of prose that is no article of the outlet, with links to twenty more of them."""
    random = Random(f"{outlet.seed}{path}")
    made = story(outlet.language, f"farm/{path}")
    links = "".join(
        f'<li><a href="/farm/{number}/">{number}</a></li>' for number in (random.randrange(10**9) for _ in range(20))
    )
    text = "".join(f"<p>{escape(each)}</p>" for each in made.paragraphs[:2])
    return list_page(outlet, made.title, _shown(outlet)[:1], f"{text}<ul>{links}</ul>")


def _host_links(port: int) -> str:
    """Links to hosts that answer, and to one that is not there."""
    random = SystemRandom()
    hosts = [*random.sample(HOSTS, 5), f"127.2.{random.randrange(256)}.{random.randrange(1, 255)}"]
    return "".join(f'<p><a href="http://{host}:{port}/{random.randrange(10**6)}/">{host}</a></p>' for host in hosts)


def _month(year: int, month: int) -> str:
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return f"{year}/{month:02}"


def _shown(outlet: Outlet) -> list[Piece]:
    return list(islice(outlet.newest_first(), _SHOWN))
