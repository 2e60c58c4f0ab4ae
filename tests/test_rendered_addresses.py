"""Forbidden addresses in rendered pages: whatever a script does with them, nobody connects to them."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

from crawler.fetching.addresses import Networks, networks
from crawler.fetching.browser import Browser
from crawler.fetching.fetched import Fetched
from crawler.fetching.proxy import USER, Proxy
from storage.records import Page
from tests import test_addresses
from tests.crawling import CrawlDesk, adds_up, definition
from tests.raw_server import Names, RawServer, response
from tests.raw_server import serving as raw_serving
from tests.scripted import serving
from tests.test_addresses_crawled import CANARY, SPELLINGS, Lured, canary
from tests.test_rendered_crawls import rendering_desk

EVERYTHING = networks(["0.0.0.0/0", "::/0"])
A_PAGE = 20  # targets that one page tries: all that it does with them is less than it may
WAYS = 19
SCRIPT = """
const attempt = deed => { try { const done = deed(); if (done && done.catch) done.catch(() => 0); } catch (error) {} };
const add = (name, fields) => attempt(() => {
    document.body.append(Object.assign(document.createElement(name), fields)); });
const worker = code => new Worker(URL.createObjectURL(new Blob([code])));
for (const [target, hop] of %s) {
    attempt(() => fetch(target, {mode: "no-cors"}));
    attempt(() => fetch(target, {method: "POST", mode: "no-cors", body: "x"}));
    attempt(() => { const asking = new XMLHttpRequest(); asking.open("GET", target); asking.send(); });
    attempt(() => fetch(hop, {mode: "no-cors"}));
    add("script", {src: target});
    add("script", {src: hop});
    add("link", {rel: "stylesheet", href: target});
    for (const rel of ["dns-prefetch", "preconnect", "prefetch", "prerender"]) add("link", {rel, href: target});
    add("img", {src: target});
    add("iframe", {src: target});
    add("object", {data: target});
    attempt(() => new WebSocket(target.replace(/^http/i, "ws")));
    attempt(() => new EventSource(target));
    attempt(() => navigator.sendBeacon(target, "x"));
    attempt(() => worker(`fetch(${JSON.stringify(target)}, {mode: "no-cors"}).catch(() => 0)`));
    attempt(() => window.open(target));
}
attempt(() => {
    const peer = new RTCPeerConnection({iceServers: [{urls: "stun:%s"}]});
    peer.createDataChannel("x");
    return peer.createOffer().then(offer => peer.setLocalDescription(offer));
});
attempt(() => new WebTransport("https://%s/").ready);
setTimeout(() => attempt(() => { location = %s; }), 300);
"""


@contextmanager
def luring(targets: Sequence[str], port: int) -> Iterator[tuple[str, list[str]]]:
    """A site whose pages try all that a script can do with some of the targets; its base, and their addresses."""
    pages: dict[str, object] = {"/robots.txt": ("text/plain", b"User-agent: *\nDisallow:\n")}

    def hop(handler: BaseHTTPRequestHandler) -> None:
        number = int(handler.path.rpartition("/")[2])
        handler.send_response(302)
        handler.send_header("Location", quote(targets[number], safe="/:%?#[]@!$&'()*+,;=\\"))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    pages |= {f"/hop/{at}": hop for at in range(len(targets))}
    there = f"{CANARY}:{port}"
    for first in range(0, len(targets), A_PAGE):
        some = [(each, f"/hop/{first + at}") for at, each in enumerate(targets[first : first + A_PAGE])]
        script = SCRIPT % (json.dumps(some), there, there, json.dumps(some[0][0]))
        text = "<p>The council of Lower Amblewick voted on Tuesday to rebuild the footbridge over the Thurle.</p>" * 5
        body = (
            f"<!DOCTYPE html><html><head><title>Page {first}</title></head><body>{text}<script>{script}</script></body>"
        )
        pages[f"/page/{first}"] = "text/html; charset=utf-8", body.encode()
    with serving(pages) as site:  # type: ignore[arg-type]  # a page of either kind
        yield site.base, [f"{site.base}/page/{first}" for first in range(0, len(targets), A_PAGE)]


def lured_by_scripts(desk: CrawlDesk) -> Lured:
    """All spellings in all ways that scripts have, and behind a redirect of the page itself."""
    with canary() as there, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("", there.port))
        datagrams.setblocking(False)
        targets = [each.replace(":P", f":{there.port}") for each in SPELLINGS]
        with luring(targets, there.port) as (base, pages):
            site = f"{base.removeprefix('http://').partition(':')[0]}/32"
            hops = [f"{base}/hop/{at}" for at in range(len(targets))]
            narrow = {"allow_private": [site], "hosts": [CANARY, f"{CANARY}:{there.port}"], "render": True}
            desk.add("lure", definition(f"{base}/", ("urls", [*pages, *hops]), **narrow))
            with desk.workers():
                (ended,) = desk.work("lure")
                reached = list(there.reached) + _heard(datagrams)
                control = ("urls", [f"{pages[0]}?allowed"])
                desk.add("control", definition(f"{base}/", control, render=True))
                desk.work("control")
    stored = [url for url, article in desk.articles().items() if "Lower Amblewick" not in article.text]
    wrong = [*([] if adds_up(ended) else [f"{ended}"]), *stored]
    wrong += [f"{each} was not rendered whole" for each in pages if each not in _rendered(desk)]
    return Lured(len(targets) * (WAYS + 1), reached, there.reached[len(reached) :], wrong)


def _heard(datagrams: socket.socket) -> list[str]:
    try:
        return [f"a datagram of {datagrams.recvfrom(2048)[1]}"]
    except BlockingIOError:
        return []


def _rendered(desk: CrawlDesk) -> set[str | None]:
    """The pages that were rendered whole."""
    with desk.archive() as archive:
        return {page.url for page in archive.replay() if isinstance(page, Page) and page.rendered and not page.cut}


def test_no_script_reaches_what_is_not_allowed(tmp_path: Path, chromium: str) -> None:
    result = lured_by_scripts(rendering_desk(tmp_path, chromium))
    assert list(result.reached) == []
    assert list(result.wrong) == []
    assert len(result.control) > 20  # it would have sung


def test_the_browser_looks_up_no_name_itself(chromium: str) -> None:
    names = Names({"good.example": [["127.0.0.1"]], "intranet.example": [["127.0.0.9"]], "localhost": [["127.0.0.1"]]})
    script = """for (const name of ["good.example", "intranet.example", "localhost"]) fetch(`http://${name}:%d/`)
        .then(answer => answer.text(), () => "refused").then(text => document.body.append(name + "=" + text + " "))"""

    async def run() -> None:
        async with (
            raw_serving({"/": response(b"page", "Access-Control-Allow-Origin: *")}, host="0.0.0.0") as server,
            Browser("copydesk/test", chromium, sandbox=False, resolver=names) as browser,
        ):
            page = f"<html><body><script>{script % server.port}</script></body></html>".encode()
            said = (("Content-Type", "text/html"),)
            fetched = Fetched("http://gazette.example/", 200, said, page, datetime.now(UTC), None, 0.1)
            rendered = await browser.render(fetched, allow_private=networks(["127.0.0.1"]))
            for text in (b"good.example=page", b"localhost=page", b"intranet.example=refused"):
                assert text in rendered.body
            assert "refused: 127.0.0.9: not a public address (loopback)" in rendered.notes
            assert set(server.reached) == {"127.0.0.1"}

    asyncio.run(run())


async def ask(proxy: Proxy, request: str, secret: str | None, host: str = "x") -> str:
    """The status with which the proxy answers a request."""
    port = int(proxy.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    credentials = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    sign = "" if secret is None else f"Proxy-Authorization: Basic {credentials}\r\n"
    writer.write(f"{request} HTTP/1.1\r\nHost: {host}\r\n{sign}\r\n".encode("latin-1", "replace"))
    answer = await reader.read(1024)
    writer.close()
    return answer.decode("latin-1").partition("\r\n")[0].partition(" ")[2][:3]


def test_no_spelling_passes_the_proxy() -> None:
    hosts = [*test_addresses.SPELLINGS, *(f"[{each}]" if ":" in each else each for each in test_addresses.ELSEWHERE)]

    async def run() -> None:
        async with AsyncExitStack() as stack:
            server = await test_addresses.canary(stack)
            proxy = Proxy()
            await proxy.open()

            async def answers(allowed: Networks, some: Sequence[str]) -> set[str]:
                with proxy.passing(allowed, 1 << 20) as page:
                    requests = [f"CONNECT {host}:{server.port}" for host in some]
                    requests += [f"GET http://{host}:{server.port}/" for host in some]
                    requests += [f"GET https://{host}:{server.port}/" for host in some]
                    return set(await asyncio.gather(*(ask(proxy, each, page.secret) for each in requests)))

            assert await answers((), hosts) <= {"403", "502", "400"}  # 502: a name that has no address
            assert server.reached == []
            assert "200" in await answers(EVERYTHING, test_addresses.SPELLINGS)
            assert len(server.reached) >= 10  # it would have sung
            await proxy.close()

    asyncio.run(run())


def test_nobody_else_is_let_through() -> None:
    async def run() -> None:
        async with raw_serving({"/": response(b"page")}) as server:
            proxy = Proxy()
            await proxy.open()
            with proxy.passing(EVERYTHING, 1 << 20) as page:
                secret = page.secret
                for request in (f"GET {server.url('/')}", f"CONNECT 127.0.0.1:{server.port}"):
                    assert await ask(proxy, request, None) == "407"
                    assert await ask(proxy, request, "a guess") == "407"
                assert server.reached == []
                assert await ask(proxy, f"GET {server.url('/')}", secret) == "200"
            assert await ask(proxy, f"GET {server.url('/')}", secret) == "407"  # its page is over
            await proxy.close()

    asyncio.run(run())


def test_a_name_is_judged_each_time_by_the_address_that_is_connected_to() -> None:
    names = Names({"rebinding.example": [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]], "six.example": [["::1"]]})

    async def run() -> list[str]:
        async with raw_serving({"/": response(b"page")}, host="0.0.0.0") as server:
            proxy = Proxy(names)
            await proxy.open()
            with proxy.passing(networks(["127.0.0.2"]), 1 << 20) as page:
                answers = [
                    await ask(proxy, f"GET http://{name}.example:{server.port}/", page.secret)
                    for name in ("rebinding", "rebinding", "rebinding", "six")
                ]
                assert answers == ["200", "403", "200", "403"]
                assert page.refusals == {
                    "127.0.0.1: not a public address (loopback)",
                    "::1: not a public address (not global unicast)",
                }
            await proxy.close()
            return server.reached

    assert asyncio.run(run()) == ["127.0.0.2", "127.0.0.2"]


def test_a_connection_leads_where_it_was_asked_to_and_nowhere_else() -> None:
    async def keeps_open(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"page"))
        await asyncio.sleep(30)

    async def run() -> None:
        async with raw_serving({"/": keeps_open}) as first, raw_serving({"/": response(b"other")}) as second:
            proxy = Proxy()
            await proxy.open()
            with proxy.passing(EVERYTHING, 1 << 20) as page:
                await _twice(proxy, page.secret, first, second)
            await proxy.close()
            assert len(first.heads) == 1
            assert second.reached == []
            head = first.heads[0].lower()
            assert b"proxy-authorization" not in head
            assert b"connection: close" in head

    asyncio.run(run())


async def _twice(proxy: Proxy, secret: str, first: RawServer, second: RawServer) -> None:
    """Ask for something else on a connection whose answer has come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.address.rpartition(":")[2]))
    sign = base64.b64encode(f"{USER}:{secret}".encode()).decode()
    for server in (first, second):
        writer.write(f"GET {server.url('/')} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic {sign}\r\n\r\n".encode())
        await asyncio.sleep(0.2)
    assert (await reader.read()).endswith(b"page")
    writer.close()
