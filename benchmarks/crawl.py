"""How many pages a second a crawl stores, beside peers: ``python -m benchmarks.crawl``.

The same articles of four generated outlets on loopback, without a delay, by their addresses:

- copydesk: ``copydesk crawl URL…`` into a fresh archive (SQLite and a folder): cleaned, every page durable.
- Scrapy with trafilatura: a spider with Scrapy's own concurrency, whose item pipeline extracts text and metadata, and
  its feed export writes JSON Lines; nothing is kept of the bytes, and nothing is synced.
- news-please: its library's ``from_urls``, in an environment of its own under ``build/``.

All take turns for three rounds; the figures are medians. whole: pages a second from the start of the process to its
end. under way: the rate between the first tenth of the requests and the ninth, from the server's access log. start:
seconds until the first article is asked for. processor: seconds a page of all processes but the server, which shares
the machine with them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage import Archive
from storage.records import Query
from tests.sites import Site, serve
from tests.sites.__main__ import plain_outlets

ROOT = Path(__file__).parents[1]
PEER = ROOT / "build" / "news-please"
OUTLETS, ARTICLES, ROUNDS = 4, 150, 3
FURNITURE = (110, 0)  # links and scripts around an article: as on real pages, and none
_LONGEST = 600  # seconds
_SET_CHILD_SUBREAPER = 36  # of prctl(2)


@dataclass(frozen=True, slots=True)
class Job:
    """What a crawler is given. folder: its own, and empty."""

    site: Site
    urls: tuple[str, ...]
    folder: Path


@dataclass(frozen=True, slots=True)
class Round:
    """What one crawl came to."""

    stored: int
    seconds: float
    start_seconds: float
    rate_under_way: float
    processor_seconds: float


def main() -> None:
    """Print a table for pages as large as real ones, and one for bare ones."""
    _adopt_orphans()
    crawlers: dict[str, Callable[[Job], int]] = {"copydesk": _copydesk, "scrapy + trafilatura": _scrapy}
    if trouble := _install_news_please():
        print(f"news-please: not measured: {trouble}")
    else:
        crawlers["news-please"] = _news_please
    for furniture in FURNITURE:
        _compare(dict(crawlers), furniture)


def _compare(crawlers: dict[str, Callable[[Job], int]], furniture: int) -> None:
    """Print one table."""
    rounds: dict[str, list[Round]] = {name: [] for name in crawlers}
    with tempfile.TemporaryDirectory(prefix="copydesk-bench-") as place:
        folder = Path(place)
        with serve(plain_outlets(OUTLETS, ARTICLES, furniture=furniture), folder / "access.jsonl") as site:
            urls = tuple(_in_turns(site))
            size = statistics.mean(len(_get(url)) for url in urls)  # and the server has made each page once
            print(
                f"{len(urls)} articles of {OUTLETS} outlets, {size:,.0f} bytes each on average, {os.cpu_count()} cores"
            )
            for number in range(ROUNDS):
                for name, crawl in list(crawlers.items()):
                    own = folder / f"{name.split()[0]}{number}"
                    own.mkdir()
                    try:
                        rounds[name].append(_measured(crawl, Job(site, urls, own)))
                    except (subprocess.SubprocessError, ValueError) as error:
                        print(f"{name}: not measured: {_last_line(error)}")
                        del crawlers[name]
    print(f"{'':<22}{'stored':>8}{'whole':>10}{'under way':>11}{'start':>8}{'processor':>11}")
    for name in crawlers:
        done = rounds[name]
        print(
            f"{name:<22}{min(each.stored for each in done):>8,}"
            f"{_median(done, lambda each: each.stored / each.seconds):>8.1f}/s"
            f"{_median(done, lambda each: each.rate_under_way):>9.1f}/s"
            f"{_median(done, lambda each: each.start_seconds):>6.1f} s"
            f"{1000 * _median(done, lambda each: each.processor_seconds / each.stored):>8.1f} ms",
            flush=True,
        )


def _measured(crawl: Callable[[Job], int], job: Job) -> Round:
    wanted = {url.split("://", 1)[1] for url in job.urls}
    before = _processor_seconds(job.site.pid)
    began, started = time.time(), time.perf_counter()
    stored = crawl(job)
    seconds = time.perf_counter() - started
    log = job.site.read_log().where(lambda each: each.t >= began and f"{each.host}:{each.port}{each.path}" in wanted)
    times = [each.t for each in log.records]
    if not stored or len(times) < len(job.urls):
        raise ValueError(f"{stored} pages stored, {len(times)} of {len(job.urls)} asked for")
    first, last = times[len(times) // 10], times[len(times) * 9 // 10]
    rate = 0.8 * len(times) / (last - first)
    return Round(stored, seconds, times[0] - began, rate, _processor_seconds(job.site.pid) - before)


def _copydesk(job: Job) -> int:
    sources = job.folder / "seeds" / "sources"
    sources.mkdir(parents=True)
    for host in job.site.outlets:
        (sources / f"outlet-{host.rpartition('.')[2]}.toml").write_text(job.site.source_toml(host), encoding="utf-8")
    database = f"sqlite:///{job.folder}/archive.db"
    _run(
        [sys.executable, "-m", "crawler", "crawl", "--quiet", *job.urls],
        COPYDESK_DATABASE=database, COPYDESK_SEEDS=str(sources.parent),
    )  # fmt: skip
    with Archive.open(database) as archive:
        return archive.count(Query())


def _scrapy(job: Job) -> int:
    return _peer(job, sys.executable, "scrapy_peer")


def _news_please(job: Job) -> int:
    return _peer(job, str(PEER / "bin" / "python"), "news_please_peer")


def _peer(job: Job, python: str, module: str) -> int:
    (job.folder / "urls").write_text("\n".join(job.urls))
    out = job.folder / "out.jsonl"
    code = SCRAPY if module == "scrapy_peer" else NEWS_PLEASE
    script = job.folder / f"{module}.py"
    script.write_text(code)
    _run([python, str(script), str(job.folder / "urls"), str(out)])
    with out.open(encoding="utf-8") as lines:
        return sum(1 for line in lines if json.loads(line)["text"])


SCRAPY = """
import sys

import scrapy
import trafilatura
from scrapy.crawler import AsyncCrawlerProcess

urls, out = sys.argv[1:]


class ExtractPipeline:
    def process_item(self, item):
        found = trafilatura.bare_extraction(item["html"], url=item["url"], with_metadata=True)
        return {"url": item["url"], **found.as_dict(), "body": None, "commentsbody": None}


class News(scrapy.Spider):
    name = "news"
    start_urls = open(urls).read().split()

    def parse(self, response):
        yield {"url": response.url, "html": response.text}


process = AsyncCrawlerProcess({
    "ITEM_PIPELINES": {ExtractPipeline: 300},
    "FEEDS": {out: {"format": "jsonlines"}},
    "LOG_LEVEL": "WARNING",
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
})
process.crawl(News)
process.start()
"""

NEWS_PLEASE = """
import json
import sys

from newsplease import NewsPlease

if __name__ == "__main__":
    urls, out = sys.argv[1:]
    found = NewsPlease.from_urls(open(urls).read().split(), request_args={"timeout": 30}, fetch_images=False)
    with open(out, "w") as file:
        for article in found.values():
            if article:
                file.write(json.dumps({**article.get_serializable_dict(), "text": article.maintext}) + "\\n")
"""


def _install_news_please() -> str | None:
    """Make its environment where there is none; what went wrong."""
    if (PEER / "installed").exists():
        return None
    try:
        _run([sys.executable, "-m", "venv", str(PEER)])
        _run([str(PEER / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "news-please"])
        _run([str(PEER / "bin" / "python"), "-c", "import newsplease"])
    except subprocess.SubprocessError as error:
        return _last_line(error)
    (PEER / "installed").touch()
    return None


def _run(command: list[str], **environment: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COPYDESK_")}
    subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=_LONGEST, cwd=ROOT, env=clean | environment
    )


def _in_turns(site: Site) -> Iterator[str]:
    """The addresses of all outlets, by turns, newest first."""
    for some in zip(*(site.articles(host) for host in site.outlets), strict=True):
        yield from some


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def _adopt_orphans() -> None:
    """Have the system give us the processes that a crawler leaves behind, so that theirs is counted too (Linux)."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _processor_seconds(server: int) -> float:
    """What all children that have ended took, after waiting for those that a crawler has left to end."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for child in {int(each) for each in children.read_text().split()} - {server}:
        os.waitpid(child, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _median(rounds: list[Round], of: Callable[[Round], float]) -> float:
    return statistics.median(of(each) for each in rounds)


def _last_line(error: Exception) -> str:
    said = str(getattr(error, "stderr", None) or error).strip()
    return said.splitlines()[-1] if said else repr(error)


if __name__ == "__main__":
    main()
