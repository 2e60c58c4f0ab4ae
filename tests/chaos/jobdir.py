"""Scrapy's own JOBDIR under the same kills: ``python -m tests.chaos.jobdir FOLDER FEED…`` is a crawl of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

from tests.chaos.command import ROOT, until
from tests.sites import Site

_STORED = "stored"
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class JobdirToll:
    """What it came to. code: of the last crawl, which ended by itself."""

    kills: int
    articles: int
    lost: int
    code: int


class FeedSpider(Spider):
    """Takes what feeds list; an address is stored by a line of a file, which survives a kill."""

    name = "feeds"

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the feeds."""
        for feed in self.feeds:  # type: ignore[attr-defined]  # Scrapy makes attributes of arguments
            yield Request(feed, self.parse)

    def parse(self, response: Response, **_: Any) -> Iterator[Request]:
        """Follow the items of a feed."""
        for address in response.xpath("//item/link/text()").getall():
            yield Request(address, self.store)

    def store(self, response: Response) -> None:
        """Store an article."""
        log = os.open(self.stored, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)  # type: ignore[attr-defined]  # as above
        os.write(log, response.url.encode() + b"\n")
        os.close(log)


def kill_jobdir(site: Site, kills: int, seed: int, window: float = 1.5) -> JobdirToll:
    """Crawl the outlets with a plain Scrapy spider and JOBDIR, kill it so many times, then let it end."""
    chance = random.Random(seed)
    feeds = [site.listing(host, "rss") for host in site.bases]
    done = 0
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        stored = Path(folder) / _STORED
        stored.touch()
        while True:
            size = stored.stat().st_size
            with (Path(folder) / "log").open("ab") as log:
                crawl = subprocess.Popen(
                    [sys.executable, "-m", "tests.chaos.jobdir", folder, *feeds],
                    cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            until(lambda: crawl.poll() is not None or stored.stat().st_size > size, _PATIENCE)  # noqa: B023 - called here
            time.sleep(chance.uniform(0, window))
            if done == kills or crawl.poll() is not None:
                code = crawl.wait(_PATIENCE)
                break
            os.killpg(crawl.pid, signal.SIGKILL)
            crawl.wait()
            done += 1
        articles = site.articles()
        lost = len(articles.keys() - set(stored.read_text().split()))
    return JobdirToll(done, len(articles), lost, code)


def main() -> None:
    """Be such a crawl."""
    folder, *feeds = sys.argv[1:]
    settings = {
        "JOBDIR": f"{folder}/jobdir", "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
        "LOG_LEVEL": "WARNING",
    }  # fmt: skip
    process = AsyncCrawlerProcess(settings)
    process.crawl(FeedSpider, feeds=feeds, stored=f"{folder}/{_STORED}")
    process.start()


if __name__ == "__main__":
    main()
