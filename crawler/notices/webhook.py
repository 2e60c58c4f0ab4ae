"""Webhook: a message as a POST, through the same guard of addresses as the crawl.

A receiver knows a message that it had already by ``Copydesk-Delivery``, and one that is ours by
``Copydesk-Signature: sha256=…``, the hex HMAC-SHA256 of the body under the secret that both know.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import aiohttp

from crawler.errors import BadTarget, Undelivered
from crawler.fetching.addresses import Networks
from crawler.fetching.connections import Connections, refused
from crawler.fetching.diagnosis import POSSIBLE, diagnosis
from crawler.fetching.fetched import FetchError
from crawler.fetching.request_url import request_url, shown
from crawler.fetching.retry_after import retry_after
from crawler.notices.message import Message, first_line

SECONDS = 30.0
"""For a whole request."""

_ANSWER_BYTES = 2_000  # of the answer, of which the first line may be told


def check(url: str) -> None:
    """Raises BadTarget where nothing can be posted to ``url``. Where its name leads is seen at each delivery."""
    try:
        request_url(url)
    except FetchError as error:
        raise BadTarget(str(error), "give an address such as https://desk.example/hook") from None


def post(message: Message, url: str, secret: str | None, agent: str, allowed: Networks) -> None:
    """Deliver. Raises Undelivered for whatever is not an answer of 200 to 299; a redirect is not followed."""
    asyncio.run(_post(message, url, secret, agent, allowed))


def signature(payload: bytes, secret: str) -> str:
    """The value of ``Copydesk-Signature``."""
    return "sha256=" + hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


async def _post(message: Message, url: str, secret: str | None, agent: str, allowed: Networks) -> None:
    payload = message.payload
    headers = {"User-Agent": agent, "Content-Type": "application/json", "Copydesk-Delivery": message.id}
    if secret:
        headers["Copydesk-Signature"] = signature(payload, secret)
    refused.set([])
    connections = Connections(None, None)
    try:
        async with (
            asyncio.timeout(SECONDS),
            connections.session(allowed) as session,
            session.post(request_url(url), data=payload, headers=headers, allow_redirects=False) as response,
        ):
            if response.status not in range(200, 300):
                raise await _refusal(response)
    except FetchError as error:
        raise Undelivered(str(error)) from error
    except POSSIBLE as error:
        why = refused.get()[0] if refused.get() else first_line(diagnosis(error)[1])
        raise Undelivered(f"{shown(url)}: {why}") from error
    finally:
        await connections.close()


async def _refusal(response: aiohttp.ClientResponse) -> Undelivered:
    wait: timedelta | None = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    if response.status in range(300, 400):
        return Undelivered(f"HTTP {response.status}: redirects are not followed, give the address that it leads to")
    said = first_line((await response.content.read(_ANSWER_BYTES)).decode("utf-8", "replace"))
    return Undelivered(f"HTTP {response.status}" + (f": {said}" if said else ""), wait)
