"""A scene: outlets to crawl, an archive of its own, and the environment in which commands find both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from storage import Archive
from tests.chaos.command import Command
from tests.chaos.meddling import Meddling
from tests.sites import Outlet, Site, Truth
from tests.sites.__main__ import plain_outlets

NewDatabase = Callable[[Path], str]
"""Makes a database for the scene in a folder; its URL."""


@dataclass(frozen=True, slots=True)
class Scene:
    """folder: of the archive and all else. database: an SQLAlchemy URL. meddling: in the engines."""

    folder: Path
    database: str
    site: Site
    sources: tuple[str, ...]
    meddling: Meddling

    @property
    def blobs(self) -> str:
        """Where the kept bytes lie."""
        return str(self.folder / "raw")

    @property
    def truth(self) -> dict[str, Truth]:
        """What there is to be stored."""
        return self.site.articles()

    def command(self, *arguments: str) -> Command:
        """Start a command."""
        environment = {
            "COPYDESK_SEEDS": str(self.folder / "seeds"),
            "COPYDESK_DATABASE": self.database,
            "COPYDESK_BLOBS": self.blobs,
            "COPYDESK_CHAOS": self.meddling.written(),
        }
        return Command(arguments, environment, self.folder)

    def archive(self) -> Archive:
        """The archive, open."""
        return Archive.open(self.database, self.blobs)

    def requests(self) -> int:
        """Grows with every request that the site has seen."""
        return self.site.log.stat().st_size if self.site.log.exists() else 0

    def committed(self) -> int:
        """Grows with every outcome that an engine has committed."""
        log = self.meddling.acknowledged
        return log.stat().st_size if log.exists() else 0

    def said(self) -> str:
        """The last that the commands had to say."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]


def outlets(number: int, articles: int, delay_ms: float, *, poison: bool = False) -> list[Outlet]:
    """Outlets that list all they have in one feed each. poison: the first has an article that kills."""
    made = [replace(each, feeds=("rss",), feed_items=articles) for each in plain_outlets(number, articles, delay_ms)]
    return [replace(made[0], poison=poison), *made[1:]]


@contextmanager
def scene(site: Site, new_database: NewDatabase, *, one_source: bool, **meddling: object) -> Iterator[Scene]:
    """A scene of its own in a folder that goes with it. one_source: all outlets are hosts of one source."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        sources = _write_sources(folder / "seeds" / "sources", site, one_source=one_source)
        yield Scene(folder, new_database(folder), site, sources, Meddling(str(folder), **meddling))  # type: ignore[arg-type]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_sources(folder: Path, site: Site, *, one_source: bool) -> tuple[str, ...]:
    folder.mkdir(parents=True)
    hosts = list(site.bases)
    if not one_source:
        for at, host in enumerate(hosts):
            (folder / f"outlet-{at}.toml").write_text(site.source_toml(host), encoding="utf-8")
        return tuple(f"outlet-{at}" for at in range(len(hosts)))
    text = site.source_toml(
        hosts[0], urls=[site.listing(host, "rss") for host in hosts],
        hosts=[site.bases[host].removeprefix("http://") for host in hosts],
    )  # fmt: skip
    (folder / "press.toml").write_text(text, encoding="utf-8")
    return ("press",)


def sqlite(folder: Path) -> str:
    """A database in a file."""
    return f"sqlite:///{folder}/archive.db"


def filed(scene: Scene, sources: Sequence[str]) -> None:
    """File a run of each source. Raises RuntimeError where a command fails."""
    for source in sources:
        command = scene.command("crawl", source, "--file-only")
        command.wait_for_none()
        if command.code:
            raise RuntimeError(scene.said())
