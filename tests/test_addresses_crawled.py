"""Forbidden addresses in a crawl: however they are spelled and wherever they stand, nobody connects to them."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.errors import UnknownSource
from crawler.fetching.addresses import WEB_PORTS
from crawler.scope import checked_host
from tests.crawling import CrawlDesk, adds_up, definition

SITE = "127.0.0.1"  # the only address that the source may reach
CANARY = "127.0.0.9"
HOPS = 5
_HOP = re.compile(r"/hop/([1-5])/([0-9]{1,2})(?:\?allowed)?")

# Sixty spellings of the canary's address, and of others of this machine; P stands for its port.
SPELLINGS = """
http://127.0.0.9:P/ http://127.0.0.9.:P/ http://127.9:P/ http://127.0.9:P/ http://2130706441:P/ http://2130706441.:P/
http://0x7f000009:P/ http://0x7F.0x0.0x0.0x9:P/ http://0x7f.9:P/ http://0177.0.0.011:P/ http://0177.0x0.9:P/
http://017700000011:P/ http://127.000.000.009:P/ http://0.0.0.0:P/ http://0:P/ http://0x0:P/ http://00.00.00.00:P/
http://１２７.0.0.9:P/ http://１２７。０。０。９:P/ http://127。0。0。9:P/ http://①②⑦.0.0.9:P/ http://127%2E0%2E0%2E9:P/
http://%31%32%37.0.0.9:P/ http://[::]:P/ http://[::1]:P/ http://[0:0:0:0:0:0:0:1]:P/ http://[0000::0001]:P/
http://[::1%25lo]:P/ http://[::1%lo]:P/ http://[::ffff:127.0.0.9]:P/ http://[::ffff:7f00:9]:P/
http://[::FFFF:7F00:0009]:P/ http://[0:0:0:0:0:ffff:7f00:9]:P/ http://[::127.0.0.9]:P/ http://[::7f00:9]:P/
http://[64:ff9b::127.0.0.9]:P/ http://[64:ff9b::7f00:9]:P/ http://[64:ff9b:1::7f00:9]:P/ http://[2002:7f00:9::]:P/
http://[2001:0:7f00:9::]:P/ http://[fe80::1%25lo]:P/ http://good@127.0.0.9:P/ http://good:pw@127.0.0.9:P/
http://127.0.0.9:P#@good.example/ http://127.0.0.9:P?@good.example/ http://127.0.0.9:P\\@good.example/
http://good.example\\@127.0.0.9:P/ http://127.0.0.9&good@127.0.0.9:P/ http://ip6-localhost:P/ http://ip6-loopback:P/
http://127.255.255.254:P/ http://127.0.0.2:P/ http:\\\\127.0.0.9:P/ http:///127.0.0.9:P/ http:127.0.0.9:P/
//127.0.0.9:P/ ///127.0.0.9:P/ \\\\127.0.0.9:P/ https://127.0.0.9:P/ HTTP://127.0.0.9:P/%2e%2e/
""".split()  # noqa: SIM905 - a list would fill a page


@dataclass
class Canary:
    """A server on every address of this machine. reached: the addresses that were connected to."""

    port: int
    reached: list[str] = field(default_factory=list)


@contextmanager
def canary() -> Iterator[Canary]:
    """Listen at a port that the guard has nothing against."""
    for port in sorted(WEB_PORTS - {80, 443}):
        with suppress(OSError):
            listening = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
            break
    else:
        pytest.skip("the ports of web servers are all taken")
    made = Canary(port)

    def listen() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                made.reached.append(connection.getsockname()[0])
                connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@contextmanager
def luring(targets: Sequence[str]) -> Iterator[str]:
    """A site whose every list names the targets, and that redirects there from /hop/N/NUMBER in N steps; its base."""
    links = "".join(f"<url><loc>{escape(each)}</loc></url>" for each in targets)
    items = "".join(f"<item><title>A title of some words</title><link>{escape(each)}</link></item>" for each in targets)
    anchors = "".join(f'<p><a href="{escape(each)}">A headline of many words</a></p>' for each in targets)
    pages = {
        "/robots.txt": "".join(["User-agent: *\nDisallow:\n", *(f"Sitemap: {each}\n" for each in targets)]),
        "/feed.xml": f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>',
        "/map.xml": f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{links}</urlset>',
        "/index.xml": '<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        + links.replace("url>", "sitemap>")
        + "</sitemapindex>",
        "/section/": f"<html><body>{anchors}</body></html>",
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = pages.get(self.path, "").encode()
            hop = _HOP.fullmatch(self.path)
            self.send_response(302 if hop else 200 if body else 404)
            if hop:
                step, number = int(hop[1]), int(hop[2])
                further = f"/hop/{step - 1}/{number}" if step > 1 else targets[number]
                self.send_header("Location", quote(further, safe="/:%?#[]@!$&'()*+,;=\\"))
            self.send_header("Content-Type", "text/html; charset=utf-8" if self.path == "/section/" else "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((SITE, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{SITE}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass(frozen=True, slots=True)
class Lured:
    """What came of it. reached: addresses that were connected to; control: the same when they are allowed."""

    attempts: int
    reached: Sequence[str]
    control: Sequence[str]
    wrong: Sequence[str]


def lured(desk: CrawlDesk, *, every_hop: bool) -> Lured:
    """All spellings at all entrances of a crawl. every_hop: behind each number of redirects, not one of them."""
    with canary() as there:
        targets = [each.replace(":P", f":{there.port}") for each in SPELLINGS]
        with luring(targets) as base:
            hops = [
                f"{base}/hop/{hop}/{at}"
                for at in range(len(targets))
                for hop in (range(1, HOPS + 1) if every_hop else [at % HOPS + 1])
            ]
            places = {
                "feed": ("feed", [f"{base}/feed.xml"]), "map": ("sitemap", [f"{base}/map.xml"]),
                "index": ("sitemap", [f"{base}/index.xml"]), "section": ("section", [f"{base}/section/"]),
                "hops": ("urls", hops),
            }  # fmt: skip
            in_scope = sorted(set(_hosts(targets)))
            for name, place in places.items():  # the scope is to let them through, so that the guard has to hold
                text = definition(f"{base}/", place, hosts=in_scope, article=["."], allow_private=[f"{SITE}/32"])
                desk.add(f"lure-{name}", text)
            with desk.workers():
                runs = [desk.file(f"lure-{name}") for name in places]
                single = [run for target in targets if (run := _one_off(desk, target)) is not None]
                ended = desk.over(*runs, *single)
                reached = _reached_by_robots(desk, base, there)
                again = ("urls", [f"{base}/hop/1/{at}?allowed" for at in range(len(targets))])
                desk.add("control", definition(f"{base}/", again, allow_private=["127.0.0.0/8", "::1/128"]))
                desk.work("control")
    wrong = [f"{run}" for run in ended if not adds_up(run)]
    wrong += [each.url or "" for each in desk.articles().values()]
    return Lured(len(targets) * 5 + len(hops), reached, there.reached[len(reached) :], wrong)


def _hosts(targets: Sequence[str]) -> Iterator[str]:
    for target in targets:
        with suppress(ValueError):
            yield checked_host(target.partition("//")[2].partition("/")[0])


def _one_off(desk: CrawlDesk, target: str) -> int | None:
    """File a crawl of one address; None where it is refused at once."""
    try:
        return desk.file(target) if "://" in target else None
    except UnknownSource:
        return None


def _reached_by_robots(desk: CrawlDesk, base: str, there: Canary) -> list[str]:
    """What has been reached when the Sitemap lines of robots.txt were followed too."""
    done = desk.copydesk("sources", "discover", f"{base}/", "--allow-private", f"{SITE}/32", "--delay", "0")
    assert done.returncode in (0, 1), done.stderr
    return list(there.reached)


def test_no_spelling_at_no_entrance_reaches_what_is_not_allowed(tmp_path: Path) -> None:
    result = lured(CrawlDesk(tmp_path), every_hop=False)
    assert len(SPELLINGS) == 60
    assert list(result.reached) == []
    assert list(result.wrong) == []
    assert CANARY in {each.removeprefix("::ffff:") for each in result.control}  # it would have sung
