"""What rendering costs beside a plain fetch, page by page: ``python -m benchmarks.rendering``.

A site on this machine whose shell loads six scripts of 100 kB and fetches a story, as sites that scripts write do. Each
page is fetched plainly and rendered in the same run, one after the other, then as many at once as a crawl does. Time is
by the clock; memory is that of all processes of the browser, in which what several share is counted in parts.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from crawler.errors import NoBrowser
from crawler.fetching.addresses import networks
from crawler.fetching.browser import Browser
from crawler.fetching.chromium import Chromium
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import Fetched
from tests.crawling import family, memory
from tests.scripted import Scripted, serving, shell, story

PAGES = 40
SCRIPTS = 6
_HERE = networks(["127.0.0.0/8"])
_CODE = ("const words = [" + "'news', " * 14 + "];\n") * 780  # some 100 kB


def main() -> None:
    """Print the figures."""
    try:
        Chromium.find(os.environ.get("COPYDESK_CHROMIUM"), sandbox=False)
    except NoBrowser as error:
        print(f"not measured: {error}: {error.hint}")
        return
    more = "".join(
        f"document.head.append(Object.assign(document.createElement('script'), {{src: '/{at}.js'}}));"
        for at in range(SCRIPTS)
    )
    pages: dict[str, tuple[str, bytes]] = {
        f"/{at}.js": ("text/javascript", f"{{{_CODE}}}".encode()) for at in range(SCRIPTS)
    }
    for number in range(PAGES):
        pages |= {f"/news/{number}": shell(str(number), more), f"/api/{number}.json": story(str(number))}
    with serving(pages) as site:
        asyncio.run(_measure(site))


async def _measure(site: Scripted) -> None:
    urls = [f"{site.base}/news/{number}" for number in range(PAGES)]
    async with Fetcher() as fetcher, _browser() as browser:

        async def plain(url: str) -> Fetched:
            return await fetcher.fetch(url, allow_private=_HERE)

        async def rendered(url: str) -> Fetched:
            return await browser.render(await plain(url), allow_private=_HERE)

        await plain(urls[0])
        with memory([os.getpid()]) as before:
            await asyncio.sleep(0.5)
        began = time.monotonic()
        with memory([os.getpid()]) as first:
            await rendered(urls[0])
            start = time.monotonic() - began
            await asyncio.sleep(0.5)
        (fetches, fetching), (renders, rendering) = await _each(urls, plain), await _each(urls, rendered)
        began = time.monotonic()
        with memory([os.getpid()]) as peak:
            await asyncio.gather(*map(rendered, urls))
        together = (time.monotonic() - began) / PAGES
        wire = (await rendered(urls[0])).notes[0]
    print(f"plain fetch, median of {PAGES}             {fetches * 1000:>8.1f} ms, {fetching * 1000:.0f} ms of CPU")
    print(f"rendered, one after the other         {renders * 1000:>8.1f} ms, {rendering * 1000:.0f} ms of CPU")
    print(f"rendered, many at once, by page       {together * 1000:>8.1f} ms")
    print(f"the first page, which starts Chromium {start * 1000:>8.1f} ms")
    print(f"beside the shell                      {wire}")
    one, most = (seen["peak"] - before["peak"] >> 20 for seen in (first, peak))
    print(f"memory of the browser with one page   {one:>8} MB, with many {most} MB")


def _browser() -> Browser:
    return Browser("copydesk/benchmark", os.environ.get("COPYDESK_CHROMIUM"), sandbox=os.geteuid() != 0)


async def _each(urls: list[str], work: Callable[[str], Awaitable[Fetched]]) -> tuple[float, float]:
    """Seconds for a page by the clock, one after the other, the median; and of CPU, the mean over all processes."""
    seconds, before = [], _spent()
    for url in urls:
        began = time.monotonic()
        await work(url)
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds), (_spent() - before) / len(urls)


def _spent() -> float:
    """CPU seconds of this process, its site among them, and of what has come from it and was waited for."""
    ticks = 0
    for pid in family(os.getpid()):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(int(fields[at]) for at in (11, 12, 13, 14))
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
