"""Settlements: when the archive fails, everyone who waits for an outcome hears of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from crawler.archive_thread import ArchiveThread
from crawler.settlements import Settlement, Settler
from storage import Archive
from storage.links import Link, Named, Postponed


def test_a_failing_archive_leaves_nobody_waiting(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/archive.db"

    async def run() -> None:
        archive = await ArchiveThread.open(lambda: Archive.open(url))
        link = await archive.do(_leased)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE link"))
        engine.dispose()
        settler = Settler(archive)
        back = Postponed(datetime.now(UTC), "later")
        first, second = settler.put(Settlement(link, back)), settler.put(Settlement(link, back))
        with pytest.raises(SQLAlchemyError):
            await settler.flush()
        third = settler.put(Settlement(link, back))
        for waited in (first, second, third):
            with pytest.raises(SQLAlchemyError):
                await asyncio.wait_for(waited, 5)
        await archive.close()

    asyncio.run(run())


def _leased(archive: Archive) -> Link:
    archive.file_run(None, [Named("https://gazette.example/1")])
    archive.frontier.sign_on("w", "node", "process")
    (host,) = archive.frontier.lease("w", 1, 1)
    return host.links[0]
