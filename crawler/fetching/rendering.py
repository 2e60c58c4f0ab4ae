"""Rendering: one page in a window of its own, from the bytes that were fetched to the page that its scripts made.

The page itself is never asked for again: the browser is given what our own fetcher brought. What scripts ask for goes
through the proxy, bounded in kind, number and bytes. The page is written down in a world that its scripts cannot see.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import RenderLimits
from crawler.fetching.proxy import USER, Pass
from crawler.fetching.request_url import shown

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page

Allows = Callable[[str], bool]
"""Whether robots.txt of the page's server allows an address there."""

_TEXT_OR_CODE = frozenset({"Script", "Stylesheet", "XHR", "Fetch", "Preflight"})  # as Chromium's protocol calls them
_GIVEN_ON = frozenset({"content-type", "content-language", "content-security-policy", "set-cookie"})
_MOST_NOTES = 20
_UNWANTED = 10  # times as many requests as it may make may be asked for and not be made
_WRITE_DOWN = """(() => {
    const done = new Set();
    const unfold = root => {  // shadow trees, which are no part of a page's HTML, to where they are shown
        for (const host of root.querySelectorAll("*")) {
            if (!host.shadowRoot || done.has(host)) continue;
            done.add(host);
            const slots = [...host.shadowRoot.querySelectorAll("slot")].map(slot => [slot, slot.assignedNodes()]);
            for (const [slot, nodes] of slots) if (nodes.length) slot.replaceWith(...nodes);
            host.replaceChildren(...host.shadowRoot.childNodes);
            unfold(host);
        }
    };
    unfold(document);
    const type = document.doctype ? `<!DOCTYPE ${document.doctype.name}>\\n` : "";
    const page = type + (document.documentElement ? document.documentElement.outerHTML : "");
    return {origin: location.origin, size: page.length, page: page.length > %d ? "" : page};
})()"""


class Rendering:
    """A page being rendered. allows: of the page's own server. passed: what lets it through the proxy.

    requests: that it made. notes: what was odd but harmless.
    """

    def __init__(self, fetched: Fetched, allows: Allows, limits: RenderLimits, passed: Pass) -> None:
        self.notes: list[str] = []
        self.requests = 0
        self._fetched = fetched
        self._allows = allows
        self._limits = limits
        self._passed = passed
        self._origin = ""  # of the page, as the browser writes it; empty until it is given
        self._frame = ""
        self._asked = 0  # requests of any kind
        self._enough = asyncio.Event()  # it has had all the requests that it may make

    @property
    def excess(self) -> str | None:
        """The limit that it reached, so that it may not be whole."""
        if self._passed.is_used_up:
            return f"its scripts fetched more than {self._limits.wire_bytes:,} bytes, and no more after them"
        if self._enough.is_set():
            return f"its scripts made more than {self._limits.requests:,} requests, and none after them"
        return None

    async def run(self, window: BrowserContext) -> bytes:
        """The page as it is at the end, in UTF-8. window: with nothing in it yet. Raises FetchError."""
        from playwright.async_api import Error  # noqa: PLC0415 - an extra, and heavy

        url = shown(self._fetched.url)
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._unless_it_crashes(window)
        except TimeoutError as error:
            why = f"its scripts did not let it be read within {self._limits.seconds:g} seconds"
            raise FetchError("timeout", f"{url}: {why}", transient=True) from error
        except Error as error:
            why = error.message.partition("\n")[0][:200]
            raise FetchError("rendering", f"{url}: it broke off: {why}", transient=True) from error

    async def _unless_it_crashes(self, window: BrowserContext) -> bytes:
        page = await window.new_page()
        window.on("page", _leave)
        crash = asyncio.Event()
        page.on("crash", lambda _: crash.set())
        crashed = asyncio.ensure_future(crash.wait())
        made = asyncio.ensure_future(self._made(page))
        try:
            await asyncio.wait([made, crashed], return_when=asyncio.FIRST_COMPLETED)
            if not made.done():
                url = shown(self._fetched.url)
                raise FetchError("rendering", f"{url}: rendering it crashed, or took too much memory", transient=True)
            return made.result()
        finally:
            for task in (made, crashed):
                task.cancel()
            await asyncio.gather(made, crashed, return_exceptions=True)

    async def _made(self, page: Page) -> bytes:
        session = await page.context.new_cdp_session(page)
        session.on("Fetch.requestPaused", lambda event: self._decide(session, event))
        session.on("Fetch.authRequired", lambda event: self._sign_in(session, event))
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}], "handleAuthRequests": True})
        await page.goto(self._fetched.url, wait_until="commit")
        await self._at_rest(page)
        await session.send("Emulation.setScriptExecutionDisabled", {"value": True})
        return await self._written_down(session)

    async def _at_rest(self, page: Page) -> None:
        """Wait until nothing is fetched any more, nothing may be, or it has had its time."""
        rest = asyncio.ensure_future(page.wait_for_load_state("networkidle", timeout=0))
        enough = asyncio.ensure_future(self._enough.wait())
        try:
            ended, _ = await asyncio.wait(
                [rest, enough], timeout=self._limits.settle_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if rest in ended:
                rest.result()  # raises where the page is no more
            elif not ended:
                self._note(f"not at rest after {self._limits.settle_seconds:g} seconds")
        finally:
            for task in (rest, enough):
                task.cancel()
            await asyncio.gather(rest, enough, return_exceptions=True)

    async def _written_down(self, session: CDPSession) -> bytes:
        world = await session.send("Page.createIsolatedWorld", {"frameId": self._frame, "worldName": "copydesk"})
        answer = await session.send(
            "Runtime.evaluate",
            {
                "expression": _WRITE_DOWN % self._limits.body_bytes,
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        url, found = shown(self._fetched.url), answer["result"].get("value")
        if not isinstance(found, dict):
            raise FetchError("rendering", f"{url}: it cannot be written down", transient=True)
        if found["origin"] != self._origin:
            raise FetchError("rendering", f"{url}: its scripts left it for {str(found['origin'])[:100]}")
        body = str(found["page"]).encode("utf-8", "replace")
        if found["size"] > self._limits.body_bytes or len(body) > self._limits.body_bytes:
            raise FetchError("too-large", f"{url}: rendered to more than {self._limits.body_bytes:,} bytes")
        return body

    async def _decide(self, session: CDPSession, event: dict[str, Any]) -> None:
        """What becomes of a request: the page's own is answered with its bytes, others are made or refused."""
        request = {"requestId": event["requestId"]}
        with _until_it_is_over():
            if event["resourceType"] == "Document" and not self._origin:
                self._origin, self._frame = _origin(event["request"]["url"]), event["frameId"]
                await session.send("Fetch.fulfillRequest", request | self._given())
            elif self._is_wanted(event["resourceType"], event["request"]["url"]):
                await session.send("Fetch.continueRequest", request)
            elif event["resourceType"] == "Document":  # any other reason would show a page of the browser's own
                if event["frameId"] == self._frame:
                    self._note(f"leads on to {shown(event['request']['url'])}, which is not followed")
                await session.send("Fetch.failRequest", request | {"errorReason": "Aborted"})
            else:
                await session.send("Fetch.failRequest", request | {"errorReason": "BlockedByClient"})

    def _given(self) -> dict[str, Any]:
        headers = [(name, value) for name, value in self._fetched.headers if name.lower() in _GIVEN_ON]
        return {
            "responseCode": self._fetched.status,
            "responseHeaders": [{"name": name, "value": value} for name, value in headers],
            "body": base64.b64encode(self._fetched.body).decode(),
        }

    def _is_wanted(self, kind: str, url: str) -> bool:
        """Other pages, frames, pictures, films and fonts are not; each hop of a redirect is asked about."""
        self._asked += 1
        if self._enough.is_set() or self._asked > _UNWANTED * self._limits.requests:
            self._enough.set()
            return False
        if kind not in _TEXT_OR_CODE or not url.startswith(("http://", "https://")):
            return False
        if _origin(url) == self._origin and not self._allows(url):
            self._note(f"robots.txt refuses {shown(url)}")
            return False
        if self.requests == self._limits.requests:
            self._enough.set()
            return False
        self.requests += 1
        return True

    def _note(self, note: str) -> None:
        if len(self.notes) < _MOST_NOTES and note not in self.notes:
            self.notes.append(note)

    async def _sign_in(self, session: CDPSession, event: dict[str, Any]) -> None:
        """Tell our proxy who asks, and nobody else."""
        answer = {"response": "CancelAuth"}
        if event["authChallenge"]["source"] == "Proxy":
            answer = {"response": "ProvideCredentials", "username": USER, "password": self._passed.secret}
        with _until_it_is_over():
            told = {"requestId": event["requestId"], "authChallengeResponse": answer}
            await session.send("Fetch.continueWithAuth", told)


def _until_it_is_over() -> suppress:
    """What is said to a page that is gone, or of a request that it has given up, is not heard."""
    from playwright.async_api import Error  # noqa: PLC0415 - as above

    return suppress(Error)


async def _leave(other: Page) -> None:
    """Close a window that a page has opened."""
    with _until_it_is_over():
        await other.close()


def _origin(url: str) -> str:
    """The origin of an address that the browser wrote: in small letters, and without the usual port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
