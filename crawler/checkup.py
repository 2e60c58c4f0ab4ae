"""Checkup: what ``doctor`` looks at, one finding after the other; one that fails does not hide the next."""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from crawler.catalogue import read_sources
from crawler.errors import NoBrowser
from crawler.fetching.chromium import Chromium
from crawler.relinking import is_outdated
from crawler.settings import Settings
from storage import Archive
from storage.database import SAFE_SQLITE, sqlite_version
from storage.errors import StorageError
from storage.speaking import OpenArchive

_ENOUGH = 500 * 1024 * 1024  # bytes free on a disk that takes a batch, its log and a backup of a small database


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, and what to do where it is not well."""

    well: bool
    subject: str
    detail: str
    remedy: str | None = None


def checkup(open_archive: OpenArchive) -> Iterator[Finding]:
    """Look at the machine, then at the archive."""
    yield Finding(True, "copydesk", f"{version('copydesk')} on Python {platform.python_version()}, {platform.system()}")
    yield _sqlite()
    yield _sources(Settings.here().sources)
    yield from _browser(Settings.here())
    try:
        with open_archive() as archive:
            yield Finding(True, "database", f"{archive.database}, migration {archive.migration()}")
            held = archive.statistics()
            yield Finding(True, "archive", f"{held.articles:,} articles, {held.captures:,} kept pages")
            yield _links(archive)
            sha256 = archive.write_probe()
            yield Finding(True, "blobs", f"{archive.place} can be written and read ({sha256[:8]}…)")
            if "://" not in archive.place:
                yield _space(Path(archive.place))
    except StorageError as error:
        yield Finding(False, "archive", str(error), error.hint)


def _links(archive: Archive) -> Finding:
    if is_outdated(archive):
        return Finding(False, "copies", "links are of an older rule, or of none", "copydesk relink")
    return Finding(True, "copies", "links are of the newest rule")


def _sqlite() -> Finding:
    found = sqlite_version()
    shown = ".".join(map(str, found))
    if found >= SAFE_SQLITE:
        return Finding(True, "SQLite", shown)
    safe = ".".join(map(str, SAFE_SQLITE))
    return Finding(
        False,
        "SQLite",
        f"{shown} may damage a file that two programs write to",
        f"SQLite {safe} or newer, as in the package pysqlite3",
    )


def _sources(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding(True, "sources", f"no folder {folder}: nothing to crawl but addresses")
    catalogue = read_sources(folder)
    enabled = sum(source.enabled for source in catalogue.sources)
    shown = f"{len(catalogue.sources)} in {folder}, {enabled} enabled"
    if not catalogue.faults:
        return Finding(True, "sources", shown)
    return Finding(False, "sources", f"{shown}; {catalogue.faults[0]}", "copydesk sources list tells every fault")


def _browser(settings: Settings) -> Iterator[Finding]:
    """Whether pages can be rendered, where a source wants that: Chromium is started for it."""
    sources = read_sources(settings.sources).sources if settings.sources.is_dir() else ()
    if not any(source.enabled and source.fetch.render for source in sources):
        return
    try:
        chromium = Chromium.find(settings.chromium, sandbox=settings.is_sandboxed)
        shown = f"{chromium.path}, Chromium {asyncio.run(_version(chromium))}, its sandbox {settings.chromium_sandbox}"
    except NoBrowser as error:
        yield Finding(False, "browser", str(error), error.hint)
    else:
        yield Finding(True, "browser", shown)


async def _version(chromium: Chromium) -> str:
    running = await chromium.start("http://127.0.0.1:1")  # nobody is there, and nothing is fetched
    try:
        return running.chromium.version
    finally:
        await running.chromium.close()
        await running.playwright.stop()


def _space(folder: Path) -> Finding:
    free = shutil.disk_usage(next(part for part in (folder, *folder.absolute().parents) if part.exists())).free
    shown = f"{free / 1024**3:,.1f} GB free"
    return Finding(free > _ENOUGH, "disk", shown, None if free > _ENOUGH else "make room: a full disk stops every run")
