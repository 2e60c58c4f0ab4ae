"""Rendering in a real Chromium: what scripts write is read, and no page gets more than it may have."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from crawler.errors import BadSettings, NoBrowser
from crawler.fetching.addresses import networks
from crawler.fetching.browser import Browser
from crawler.fetching.chromium import Chromium
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import RenderLimits
from crawler.settings import Settings
from storage.records import RENDERED
from tests.raw_server import response
from tests.raw_server import serving as raw_serving
from tests.scripted import Scripted, chromiums, gone, serving, shell, story

HERE = networks(["127.0.0.0/8"])
AGENT = "copydesk/test (+https://desk.example/)"
LIMITS = RenderLimits(body_bytes=1 << 18, requests=40, wire_bytes=4 << 20, settle_seconds=2, seconds=120)
QUICK = replace(LIMITS, seconds=6)


def page(site: Scripted, script: str, *headers: tuple[str, str]) -> Fetched:
    """A page of the site, as it was fetched."""
    body = f"<!DOCTYPE html><html><body><p>Shell é</p><script>{script}</script></body></html>".encode()
    said = (("Content-Type", "text/html; charset=utf-8"), *headers)
    return Fetched(f"{site.base}/page", 200, said, body, datetime.now(UTC), None, 0.1)


def in_browser(chromium: str, work: Callable[[Browser], Awaitable[None]]) -> None:
    async def run() -> None:
        async with Browser(AGENT, chromium, sandbox=False) as browser:
            await work(browser)

    asyncio.run(run())


def test_what_scripts_write_is_there_and_the_servers_headers_of_the_bytes_are_not(chromium: str) -> None:
    pages = {"/api/one.json": story("one")}
    kind, body = shell("one")
    with serving(pages) as site:

        async def work(browser: Browser) -> None:
            headers = (
                ("Content-Type", kind),
                ("ETag", '"x"'),
                ("Cache-Control", "max-age=9999"),
                ("X-Robots-Tag", "a"),
            )
            fetched = Fetched(f"{site.base}/news/one", 200, headers, body, datetime.now(UTC), None, 0.1)
            rendered = await browser.render(fetched, allow_private=HERE)
            assert "part 4. The council of Lower Amblewick" in rendered.body.decode()
            assert rendered.truncated is None
            assert {name for name, _ in rendered.headers} == {"X-Robots-Tag", "Content-Type", RENDERED}
            assert (rendered.header(RENDERED) or "").startswith("Chromium/")
            assert site.asked == [("/api/one.json", AGENT)]  # and not the page again
            assert rendered.notes[0].startswith("rendered: 1 requests")

        in_browser(chromium, work)


def test_what_is_no_page_is_left_as_it_is(chromium: str) -> None:
    async def work(browser: Browser) -> None:
        for status, kind, body in ((404, "text/html", b"x"), (200, "text/plain", b"x"), (200, "text/html", b"")):
            fetched = Fetched(
                "http://127.0.0.1:1/", status, (("Content-Type", kind),), body, datetime.now(UTC), None, 0
            )
            assert await browser.render(fetched) is fetched
        assert chromiums() == []  # nothing was started for it

    in_browser(chromium, work)


def _endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/javascript")
    handler.end_headers()
    while True:
        handler.wfile.write(b"// more of it " * 4096)


def _dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"//")
        time.sleep(0.1)


BOMBS = {
    "spins": ("while (true) {}", QUICK, "timeout"),
    "alerts": ("while (true) alert(1)", QUICK, "timeout"),
    "grows": ("setInterval(() => document.body.append('x'.repeat(99999)))", LIMITS, "too-large"),
    "leaves": ("location = 'about:blank'", LIMITS, "rendering"),
}
HOARDERS = {
    "in memory": "const all = []; while (true) all.push(new Array(100000).fill(1))",
    "in the page": "while (true) document.body.append('x'.repeat(9999) + Math.random())",
}


def test_bombs_end_with_a_reason_and_the_next_page_is_rendered(chromium: str) -> None:
    reasons: dict[str, str] = {}
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            for name, (script, limits, _) in BOMBS.items():
                reasons[name] = await _fate(browser, page(site, script), limits)
            after = await browser.render(page(site, "document.body.append('written')"), allow_private=HERE)
            assert b"written" in after.body

        in_browser(chromium, work)
    assert reasons == {name: reason for name, (*_, reason) in BOMBS.items()}


def test_what_hoards_memory_crashes_alone(chromium: str) -> None:
    neighbour = "setTimeout(() => document.body.append('written'), 2000); fetch('/drip')"
    with serving({"/drip": _dripping}) as site:

        async def work(browser: Browser) -> None:
            for script in HOARDERS.values():
                reason, beside = await asyncio.gather(
                    _fate(browser, page(site, script), LIMITS),
                    browser.render(page(site, neighbour), allow_private=HERE, limits=replace(LIMITS, settle_seconds=9)),
                )
                assert reason == "rendering"
                assert b"written" in beside.body

        in_browser(chromium, work)


async def _fate(browser: Browser, fetched: Fetched, limits: RenderLimits) -> str:
    with pytest.raises(FetchError, match=r"http://127\.0\.0\.1") as caught:
        await browser.render(fetched, allow_private=HERE, limits=limits)
    return caught.value.reason


TOO_MUCH = {
    "requests": ("(async () => { for (let i = 0; ; i++) await fetch('/empty?' + i) })()", "more than 40 requests"),
    "requests at once": (
        "setInterval(() => { for (let i = 0; i < 9; i++) fetch('/empty') }, 1)",
        "more than 40 requests",
    ),
    "bytes": ("fetch('/endless.js').then(answer => answer.text())", "more than 4,194,304 bytes"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_takes_too_much_gets_no_more_and_is_not_whole(chromium: str, name: str) -> None:
    script, why = TOO_MUCH[name]
    with serving({"/endless.js": _endless, "/empty": ("text/plain", b"-")}) as site:

        async def work(browser: Browser) -> None:
            rendered = await browser.render(
                page(site, script), allow_private=HERE, limits=replace(LIMITS, settle_seconds=90)
            )
            assert "Shell é" in rendered.body.decode()
            assert why in (rendered.truncated or "")
            assert len(site.asked) <= LIMITS.requests

        in_browser(chromium, work)


HARMLESS = {
    "a script that never ends": "const s = document.createElement('script'); s.src = '/drip'; document.body.append(s)",
    "windows": "for (let i = 0; i < 50; i++) window.open('/asked')",
    "downloads": "const a = document.createElement('a'); a.href = '/asked'; a.download = 'f'; a.click(); a.click()",
    "pictures, films": "document.body.insertAdjacentHTML('beforeend', '<img src=/asked><video src=/asked></video>')",
    "frames": "document.body.insertAdjacentHTML('beforeend', '<iframe src=/asked></iframe><embed src=/asked>')",
    "another page": "location = '/asked'",
    "a file": "location = 'file:///etc/hostname'; fetch('file:///etc/hostname').catch(() => 0)",
    "the browser's own pages": "location = 'chrome://version'",
    "a page of data": "location = 'data:text/html,elsewhere'",
    "a form": "const f = document.createElement('form'); f.action = '/asked'; document.body.append(f); f.submit()",
    "a service worker": "navigator.serviceWorker && navigator.serviceWorker.register('/asked').catch(() => 0)",
    "a beacon": "navigator.sendBeacon('/asked', 'x')",
    "events that never end": "new EventSource('/drip')",
    "a question on leaving": "onbeforeunload = event => { event.preventDefault(); return 'stay' }",
    "printing": "print()",
}


def test_what_is_not_wanted_is_not_fetched_and_harms_nothing(chromium: str) -> None:
    with serving({"/drip": _dripping, "/asked": ("text/html", b"elsewhere")}) as site:

        async def work(browser: Browser) -> None:
            pages = (page(site, script) for script in HARMLESS.values())
            rendered = await asyncio.gather(
                *(browser.render(each, allow_private=HERE, limits=LIMITS) for each in pages)
            )
            wrong = [name for name, each in zip(HARMLESS, rendered, strict=True) if "Shell é" not in each.body.decode()]
            assert wrong == []
            assert "/asked" not in site.paths
            led_on = dict(zip(HARMLESS, rendered, strict=True))["another page"]
            assert f"leads on to {site.base}/asked, which is not followed" in led_on.notes

        in_browser(chromium, work)


def test_what_components_show_is_written_where_they_show_it(chromium: str) -> None:
    script = """
        customElements.define("news-line", class extends HTMLElement { connectedCallback() {
            this.attachShadow({mode: "open"}).innerHTML = "<b>shown</b>"; } });
        customElements.define("news-story", class extends HTMLElement { connectedCallback() {
            this.attachShadow({mode: "open"}).innerHTML =
                "<h1><slot name=head>untitled</slot></h1><news-line></news-line><p><slot></slot></p>"; } });
        document.body.insertAdjacentHTML("beforeend",
            "<news-story>first <news-line>hidden</news-line> last<i slot=head>Head</i></news-story>");"""
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            rendered = (await browser.render(page(site, script), allow_private=HERE)).body.decode()
            shown = (
                '<news-story><h1><i slot="head">Head</i></h1><news-line><b>shown</b></news-line>'
                "<p>first <news-line><b>shown</b></news-line> last</p></news-story>"
            )
            assert rendered.partition("</script>")[2].startswith(shown)

        in_browser(chromium, work)


def test_a_page_is_known_by_any_spelling_of_its_address(chromium: str) -> None:
    async def work(browser: Browser) -> None:
        said, body = (("Content-Type", "text/html"),), b"<p>Shell<script>document.body.append('written')</script>"
        for url in (
            "http://bücher.example/",
            "https://GAZETTE.example:443/a?b=é#c",
            "http://0x7f.1:80/",
            "http://[::1]/",
        ):
            fetched = Fetched(url, 200, said, body, datetime.now(UTC), None, 0.1)
            assert b"written" in (await browser.render(fetched)).body

    in_browser(chromium, work)


def test_scripts_cannot_lie_about_the_page(chromium: str) -> None:
    lies = "Element.prototype.__defineGetter__('outerHTML', () => 'a lie'); JSON.stringify = String = () => 'a lie'"
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            rendered = await browser.render(page(site, lies), allow_private=HERE)
            assert "Shell é" in rendered.body.decode()

        in_browser(chromium, work)


def test_pages_share_no_cookies_and_no_storage(chromium: str) -> None:
    keep = "document.cookie = 'seen=1'; localStorage.seen = 1"
    tell = "document.body.append('cookie=' + document.cookie + ' stored=' + localStorage.seen)"
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            await browser.render(page(site, keep, ("Set-Cookie", "given=1")), allow_private=HERE)
            rendered = await browser.render(page(site, tell), allow_private=HERE)
            assert "cookie= stored=undefined" in rendered.body.decode()

        in_browser(chromium, work)


def test_robots_txt_holds_for_what_scripts_ask_the_pages_server(chromium: str) -> None:
    def away(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/private/there")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    script = "fetch('/private/here').catch(() => fetch('/away')).catch(() => document.body.append('refused'))"
    with serving(
        {"/private/here": ("text/plain", b"x"), "/private/there": ("text/plain", b"x"), "/away": away}
    ) as site:

        async def work(browser: Browser) -> None:
            rendered = await browser.render(
                page(site, script), allow_private=HERE, allows=lambda url: "/private/" not in url
            )
            assert site.paths == ["/away"]
            assert b"refused" in rendered.body
            assert any("robots.txt refuses" in note for note in rendered.notes)

        in_browser(chromium, work)


def test_a_server_that_asks_for_a_password_is_not_told_the_proxys(chromium: str) -> None:
    heard: list[str] = []

    def closed(handler: BaseHTTPRequestHandler) -> None:
        heard.extend(value for name, value in handler.headers.items() if "authorization" in name.lower())
        handler.send_response(401)
        handler.send_header("WWW-Authenticate", 'Basic realm="members"')
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving({"/closed": closed}) as site:

        async def work(browser: Browser) -> None:
            script = "fetch('/closed').then(answer => document.body.append('status ' + answer.status))"
            rendered = await browser.render(page(site, script), allow_private=HERE)
            assert b"status 401" in rendered.body

        in_browser(chromium, work)
    assert heard == []


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(chromium: str, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no openssl to make a certificate: {error}")
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(certificate, key)

    async def run() -> None:
        async with (
            raw_serving({"/": response(b"x", "Access-Control-Allow-Origin: *")}, tls=own) as server,
            Browser(AGENT, chromium, sandbox=False) as browser,
        ):
            script = f"fetch('https://localhost:{server.port}/').catch(error => document.body.append('untrusted'))"
            rendered = await browser.render(page(Scripted("http://127.0.0.1:1"), script), allow_private=HERE)
            assert b"untrusted" in rendered.body
            assert not rendered.notes[0].endswith(" 0 bytes")  # they spoke, through a tunnel, and came to no terms
            assert server.heads == []

    asyncio.run(run())


def test_the_browser_is_told_no_secrets(chromium: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPYDESK_DATABASE", "postgresql://desk:password@db/news")

    async def work(browser: Browser) -> None:
        await browser.render(page(Scripted("http://127.0.0.1:1"), ""), allow_private=HERE)
        told = [Path(f"/proc/{process}/environ").read_bytes() for process in chromiums()]
        assert len(told) > 3
        assert sum(b"password" in each for each in told) == 1  # what leads it, and runs nothing of a page

    in_browser(chromium, work)


def test_a_browser_that_is_killed_is_started_again(chromium: str) -> None:
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            spins = browser.render(page(site, "while (true) {}"), allow_private=HERE, limits=QUICK)
            spinning = asyncio.create_task(spins)
            while len(chromiums()) < 5:
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)
            for process in chromiums():
                os.kill(process, signal.SIGKILL)
            with pytest.raises(FetchError) as caught:
                await spinning
            assert caught.value.reason == "rendering"
            assert caught.value.transient
            assert b"written" in (await browser.render(page(site, "document.body.append('written')"))).body

        in_browser(chromium, work)
    assert gone(chromiums())


def test_the_browser_ends_when_nobody_wants_it_and_is_there_again(
    chromium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.fetching.browser._IDLE_SECONDS", 0.2)
    with serving({}) as site:

        async def work(browser: Browser) -> None:
            for _ in range(2):
                await browser.render(page(site, ""), allow_private=HERE)
                while chromiums():
                    await asyncio.sleep(0.1)

        in_browser(chromium, work)


def test_a_server_does_not_say_that_its_page_was_rendered() -> None:
    async def run() -> None:
        answer = response(b"<p>x</p>", "Content-Type: text/html", f"{RENDERED}: Chromium/1")
        async with raw_serving({"/": answer}) as server, Fetcher() as fetcher:
            fetched = await fetcher.fetch(server.url("/"), allow_private=HERE)
            assert [name for name, _ in fetched.headers] == ["Content-Length", "Content-Type"]

    asyncio.run(run())


@pytest.mark.parametrize("text", ["no", "true", "On"])
def test_the_sandbox_is_on_or_off(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="chromium_sandbox"):
        Settings.read(tmp_path, {"COPYDESK_CHROMIUM_SANDBOX": text})
    assert Settings.read(tmp_path, {}).is_sandboxed
    assert not Settings.read(tmp_path, {"COPYDESK_CHROMIUM_SANDBOX": "off"}).is_sandboxed


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "playwright", None)
    with pytest.raises(NoBrowser, match="playwright is not installed") as caught:
        Chromium.find(None, sandbox=False)
    assert caught.value.hint == "pip install 'copydesk[browser]'"


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoBrowser, match="no program /nowhere/chromium") as caught:
        Chromium.find("/nowhere/chromium", sandbox=False)
    assert "COPYDESK_CHROMIUM" in (caught.value.hint or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoBrowser, match="none of chromium, chromium-browser"):
        Chromium.find(None, sandbox=False)
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert Chromium.find(None, sandbox=False).path == str(program)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(NoBrowser, match="root"):
        Chromium.find(None, sandbox=True)

    async def run() -> None:
        async with Browser(AGENT, sandbox=False) as browser:
            fetched = Fetched(
                "http://127.0.0.1:1/", 200, (("Content-Type", "text/html"),), b"x", datetime.now(UTC), None, 0
            )
            with pytest.raises(FetchError, match="does not start") as failed:
                await browser.render(fetched)
            assert failed.value.reason == "browser"

    asyncio.run(run())
