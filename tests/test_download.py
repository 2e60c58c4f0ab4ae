"""Fetching as others use it: in a real Scrapy crawl, and within the memory that was promised."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import zlib
from contextlib import AsyncExitStack

import brotli
import pytest
from backports import zstd

from tests.raw_server import RawServer, response, serving

PAGE = "<html><body>" + "The council voted on Tuesday. " * 50 + "</body></html>"

CRAWL = """
import json, sys
from pathlib import Path
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from crawler.fetching.addresses import networks
from crawler.fetching.fetch import user_agent
from crawler.fetching.limits import FetchLimits
from crawler.fetching.scrapy_settings import manners

port, reactor = int(sys.argv[1]), sys.argv[2] == "reactor"
here = {"allow_private": networks(["127.0.0.0/8"])}
seen = {}


def listening():
    mine = {str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    tables = [Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6")]
    rows = [row.split() for table in tables if table.exists() for row in table.read_text().splitlines()[1:]]
    return sum(row[3] == "0A" and f"socket:[{row[9]}]" in mine for row in rows)


class Spider(scrapy.Spider):
    name = "spider"

    async def start(self):
        for path, meta in [
            ("/page", here),
            ("/refused", {}),
            ("/cut", here),
            ("/moved", here),
            ("/busy", here),
            ("/missing", here),
            ("/page?large", {**here, "fetch_limits": FetchLimits(body_bytes=100)}),
        ]:
            url = f"http://127.0.0.1:{port}{path}"
            yield scrapy.Request(url, meta=meta, callback=self.came, errback=self.failed, cb_kwargs={"name": path})
        for url in ("file:///etc/hostname", "data:text/plain,x", "ftp://127.0.0.1/", "s3://bucket/key"):
            yield scrapy.Request(url, callback=self.came, errback=self.failed, cb_kwargs={"name": url})

    def came(self, response, name):
        kind = type(response).__name__
        text = getattr(response, "text", "")
        seen[name] = [kind, response.status, text, response.flags, "Content-Encoding" in response.headers, listening()]

    def failed(self, failure):
        error = failure.value
        seen[failure.request.cb_kwargs["name"]] = [type(error).__name__, getattr(error, "reason", None)]


process = AsyncCrawlerProcess({**manners(user_agent("https://desk.example/")), "TWISTED_REACTOR_ENABLED": reactor})
process.crawl(Spider)
process.start()
print(json.dumps(seen))
"""

MEASURE = """
import asyncio, json, resource, sys
from crawler.fetching.addresses import networks
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import FetchError


async def run():
    found = {}
    async with Fetcher() as fetcher:
        for path in ["/page", *sys.argv[2:]]:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                await fetcher.fetch(f"http://127.0.0.1:{sys.argv[1]}{path}", allow_private=networks(["127.0.0.0/8"]))
                reason = None
            except FetchError as error:
                reason = error.reason
            found[path] = reason, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(json.dumps(found))


asyncio.run(run())
"""


async def child(program: str, *words: str) -> dict[str, list[object]]:
    """What a program prints, run while this process serves."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()[-2000:]
    assert err == b""
    found: dict[str, list[object]] = json.loads(out)
    return found


@pytest.mark.parametrize("engine", ["reactor", "asyncio"])
def test_a_scrapy_crawl_goes_through_the_guard(engine: str) -> None:
    packed = response(
        gzip.compress(PAGE.encode()), "Content-Type: text/html", "Content-Encoding: gzip", "Set-Cookie: a=b"
    )
    answers = {
        "/page": packed,
        "/page?large": packed,
        "/refused": packed,
        "/cut": response(PAGE.encode(), "Content-Type: text/html", length=9999),
        "/moved": response(b"", "Location: /page", status="301 Moved Permanently"),
        "/busy": response(b"", "Retry-After: 30", status="503 Service Unavailable"),
    }

    async def run() -> tuple[RawServer, dict[str, list[object]]]:
        async with serving(answers) as server:
            return server, await child(CRAWL, str(server.port), engine)

    server, seen = asyncio.run(run())
    assert seen["/page"] == ["HtmlResponse", 200, PAGE, [], False, 0]
    assert seen["/cut"][:3] == ["HtmlResponse", 200, PAGE]
    assert seen["/cut"][3] == [f"truncated: the connection ended early, after {len(PAGE):,} bytes of the body"]
    assert seen["/moved"][1] == 301
    assert seen["/busy"][1] == 503
    assert seen["/missing"][1] == 404
    assert seen["/refused"] == ["FetchError", "address"]
    assert seen["/page?large"] == ["FetchError", "too-large"]
    assert [seen[url] for url in seen if not url.startswith("/")] == [["NotSupported", None]] * 4
    assert sorted(server.targets) == ["/busy", "/cut", "/missing", "/moved", "/page", "/page?large"]
    for head in server.heads:
        assert b"User-Agent: copydesk/" in head
        assert b"(+https://desk.example/)" in head
        assert b"Cookie" not in head
        assert b"Referer" not in head


def test_a_bomb_costs_little_memory() -> None:
    mebibyte = zlib.compressobj(9, zlib.DEFLATED, 31)
    first, again = (mebibyte.compress(bytes(1024**2)) + mebibyte.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = first + again * 899
    bodies = {
        "gzip": bomb,
        "gzip, gzip": gzip.compress(bomb),
        "br": brotli.compress(bytes(10**8), quality=1),
        "zstd": zstd.compress(bytes(10**7)) * 90,
        "deflate": zlib.compress(bytes(10**8), 1),
    }
    answers = {f"/{n}": response(body, f"Content-Encoding: {name}") for n, (name, body) in enumerate(bodies.items())}

    async def run() -> dict[str, list[object]]:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(serving({"/page": response(PAGE.encode()), **answers}))
            return await child(MEASURE, str(server.port), *answers)

    found = asyncio.run(run())
    assert [found[path][0] for path in answers] == ["too-large"] * 5
    assert all(float(str(mebibytes)) < 50 for _, mebibytes in found.values()), found
