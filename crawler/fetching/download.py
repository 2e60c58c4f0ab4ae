"""The door between Scrapy and the net: a download handler that fetches through the guarded Fetcher."""

from __future__ import annotations

from typing import cast

from scrapy import Request
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import NotSupported
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.fetching.addresses import Networks, networks
from crawler.fetching.browser import Browser
from crawler.fetching.fetch import Fetcher
from crawler.fetching.limits import FetchLimits
from crawler.fetching.rendering import Allows

_UNDONE = {"content-encoding", "content-length", "transfer-encoding"}  # true of what came, not of the body handed on


class GuardedDownloadHandler(BaseDownloadHandler):
    """Fetches a request's URL; ``meta`` may carry ``allow_private`` (Networks) and ``fetch_limits`` (FetchLimits).

    Without the former, the setting COPYDESK_ALLOW_PRIVATE says which networks may be reached, such as
    ``127.0.0.0/8,10.0.0.0/8``: none, unless somebody asks for them in Scrapy's shell.
    ``render`` in ``meta``, as ``Browser.render`` has ``allows``, gives the page that its scripts make.
    The response is flagged ``truncated: <why>`` when its body is not whole, and with the notes of ``Fetched``.
    A FetchError goes to the request's errback. Made for the settings of ``manners``; other than GET is not supported.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._allowed = networks(crawler.settings.getlist("COPYDESK_ALLOW_PRIVATE"))
        self._fetcher = Fetcher()  # each request brings the User-Agent of the settings
        self._browser = Browser(
            crawler.settings["USER_AGENT"],
            crawler.settings.get("COPYDESK_CHROMIUM"),
            sandbox=crawler.settings.getbool("COPYDESK_CHROMIUM_SANDBOX", True),
        )

    async def download_request(self, request: Request) -> Response:
        """Fetch. Raises FetchError, or NotSupported for another method than GET."""
        if request.method != "GET":
            raise NotSupported(f"only GET is supported, not {request.method}")
        allowed = cast(Networks, request.meta.get("allow_private", self._allowed))
        if (allows := request.meta.get("render")) is not None:
            self._browser.find()  # else the server would be asked in vain
        fetched = await self._fetcher.fetch(
            request.url,
            headers={name.decode("latin-1"): b", ".join(values).decode("latin-1") for name, values in _sent(request)},
            allow_private=allowed,
            limits=cast(FetchLimits, request.meta.get("fetch_limits", FetchLimits())),
        )
        if allows is not None:
            fetched = await self._browser.render(fetched, allow_private=allowed, allows=cast(Allows, allows))
        request.meta["download_latency"] = fetched.seconds
        headers = Headers([(name, value) for name, value in fetched.headers if name.lower() not in _UNDONE])
        kind = responsetypes.from_args(headers=headers, url=fetched.url, body=fetched.body)
        flags = [*([f"truncated: {fetched.truncated}"] if fetched.truncated else []), *fetched.notes]
        return kind(url=fetched.url, status=fetched.status, headers=headers, body=fetched.body, flags=flags)

    async def close(self) -> None:
        """Close all connections, and the browser where there is one."""
        await self._browser.close()
        await self._fetcher.close()


def _sent(request: Request) -> list[tuple[bytes, list[bytes]]]:
    return [(name, values) for name, values in request.headers.items() if values]
