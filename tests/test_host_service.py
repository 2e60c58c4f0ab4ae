"""Serving a host: what it wants is in the archive before anything else may happen, also a kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from crawler.archive_thread import ArchiveThread
from crawler.fetching.answers import Answer
from crawler.fetching.fetch import Fetcher
from crawler.fetching.robots_desk import RobotsDesk
from crawler.hand import Hand
from crawler.host_service import HostService
from crawler.settlements import Settler
from storage import Archive, crawl_schema
from storage.crawl_schema import host as host_table
from storage.links import Host, Named, SourceRecord
from tests.crawling import definition
from tests.raw_server import RawServer, response, serving

_DELAY = 0.5  # seconds; the pause between two requests of these tests


@dataclass
class Served:
    """A host that is being served, and what the archive says of it. times: of the requests to its server."""

    archive: ArchiveThread
    service: HostService
    hand: Hand
    host: Host
    server: RawServer
    times: list[float] = field(default_factory=list)

    async def kept(self) -> tuple[datetime, float, int]:
        """Not before, delay and failures, as another worker would find them if this one were killed now."""
        row = host_table.c

        def read(archive: Archive) -> tuple[datetime, float, int]:
            with archive._database.reading() as connection:
                found = connection.execute(select(row.not_before, row.delay, row.failures)).one()
                return found.not_before, found.delay, found.failures

        return await self.archive.do(read)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """One link of a host, leased; its robots.txt redirects once, and nothing is settled."""
    stopping = asyncio.Event()
    archive = await ArchiveThread.open(lambda: Archive.open(f"sqlite:///{folder}/archive.db"))
    times: list[float] = []
    answers = {
        "/robots.txt": _timed(times, response(b"", "Location: /rules", status="301 Moved")),
        "/rules": _timed(times, response(b"User-agent: *\nDisallow: /private/\n")),
    }
    async with serving(answers) as server, Fetcher() as fetcher:
        host = await archive.do(lambda archive: _leased(archive, server.url("/")))
        settler, hand = Settler(archive), Hand(stopping)
        service = HostService(
            "w", archive, settler, RobotsDesk(archive, fetcher), hand, stopping, None, lambda: None
        )  # fmt: skip
        yield Served(archive, service, hand, host, server, times)
    await archive.close()


def _timed(times: list[float], answer: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def send(writer: asyncio.StreamWriter) -> None:
        times.append(time.monotonic())
        writer.write(answer)
        await writer.drain()

    return send


def _leased(archive: Archive, home: str) -> Host:
    text = definition(home, ("urls", [f"{home}1"]), delay_seconds=_DELAY)
    archive.sources.sync([SourceRecord("gazette", "Gazette", "en", None, home, True, text)])
    archive.file_run("gazette", [Named(f"{home}1")])
    archive.frontier.sign_on("w", "node", "process")
    (host,) = archive.frontier.lease("w", 1, 1)
    return host


def test_a_wish_to_be_left_alone_is_kept_before_the_link_is_settled(tmp_path: Path) -> None:
    async def run() -> None:
        async with served(tmp_path) as made:
            serving = asyncio.create_task(made.service.serve(made.host, None))
            while (turn := made.hand.next()) is None:
                await asyncio.sleep(0.01)
            until = datetime.now(UTC) + timedelta(hours=1)
            turn.tell(Answer(None, until, host_failed=True))
            await serving
            assert await made.kept() == (until, _DELAY, 1)

    asyncio.run(run())


def test_the_pause_is_known_as_soon_as_robots_txt_is_asked_for(tmp_path: Path) -> None:
    async def run() -> None:
        async with served(tmp_path) as made:
            serving = asyncio.create_task(made.service.serve(made.host, None))
            while not made.times:
                await asyncio.sleep(0.01)
            assert (await made.kept())[1] == _DELAY
            serving.cancel()

    asyncio.run(run())


def test_redirects_of_robots_txt_wait_as_long_as_anything_else(tmp_path: Path) -> None:
    async def run() -> None:
        async with served(tmp_path) as made:
            serving = asyncio.create_task(made.service.serve(made.host, None))
            while made.hand.next() is None:
                await asyncio.sleep(0.01)
            fetched = time.monotonic()
            first, second = made.times
            assert second - first >= _DELAY
            assert fetched - second >= _DELAY
            serving.cancel()

    asyncio.run(run())


def test_a_pause_is_no_shorter_because_another_source_wants_less(archive: Archive) -> None:
    archive.file_run(None, [Named("https://gazette.example/1")])
    archive.frontier.sign_on("w", "node", "process")
    (host,) = archive.frontier.lease("w", 1, 1)
    for delay in (5.0, 1.0):
        archive.frontier.pace("w", host.name, delay)
    archive.frontier.pace("another", host.name, 9.0)
    with archive._database.reading() as connection:
        assert connection.scalar(select(crawl_schema.host.c.delay)) == 5.0
