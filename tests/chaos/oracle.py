"""The oracle: what must hold of an archive at every moment, and at the end of a crawl. It asks the archive from another
process than the one that was killed, the site what was fetched, and the engine's notes what it had acknowledged."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from storage import Archive, crawl_schema, schema
from tests.chaos.meddling import LATE
from tests.chaos.scene import Scene
from tests.sites import AccessLog

_link, _fate = crawl_schema.link.c, schema.fate.c
_MOST_WORDS = 12
_UNDER_WAY = ("fetching", "alone")


@dataclass(slots=True)
class Findings:
    """What was wrong, in numbers of articles, addresses or looks; all of it must be 0.

    lost: acknowledged and not there. missing: not there at the end, those set aside included. words: what exactly.
    """

    lost: int = 0
    missing: int = 0
    unaccounted: int = 0
    duplicates: int = 0
    doubles: int = 0
    set_aside: int = 0
    damages: int = 0
    words: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Sum up."""
        for name in ("lost", "missing", "unaccounted", "duplicates", "doubles", "set_aside", "damages"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.words = (self.words + other.words)[:_MOST_WORDS]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.words

    def note(self, name: str, number: int, words: str) -> None:
        """Something is wrong, unless the number is 0."""
        if number:
            setattr(self, name, getattr(self, name) + number)
            if len(self.words) < _MOST_WORDS:
                self.words.append(f"{name} {number}: {words}")


class Oracle:
    """Of one scene, from its beginning to its end. poison: addresses that must be set aside."""

    def __init__(self, scene: Scene, poison: frozenset[str] = frozenset()) -> None:
        self.findings = Findings()
        self.under_way = 0
        self._scene = scene
        self._poison = poison
        self._seen: dict[str, str] = {}
        self._began = time.time()

    def look(self, *, asleep: bool) -> int:
        """Between two kills; how many articles there are. asleep: no process has the archive open."""
        with self._archive(asleep=asleep) as archive:
            if asleep:
                self._check_runs(archive)
            return self._look(archive)

    def _look(self, archive: Archive) -> int:
        with archive._database.reading() as connection:
            acknowledged = self._acknowledged()
            if connection.dialect.name == "sqlite":
                said = "; ".join(connection.exec_driver_sql("PRAGMA integrity_check").scalars())
                self.findings.note("damages", said != "ok", said)
            stored = {row.id: row.url for row in connection.execute(schema.articles().with_only_columns(
                schema.article.c.id, schema.version.c.url))}  # fmt: skip
            missing = {**self._seen, **acknowledged}.keys() - stored.keys()
            self.findings.note("lost", len(missing), f"acknowledged, and not there: {sorted(missing)[:3]}")
            self._seen |= stored
            self.under_way += connection.scalar(select(func.count()).where(_link.state.in_(_UNDER_WAY))) or 0
            return len(stored)

    def conclude(self) -> Findings:
        """After the crawl."""
        with self._scene.archive() as archive:
            self._check_runs(archive)
            with archive._database.reading() as connection:
                self._check_links(connection)
                self._check_articles(connection)
                self._check_fates(connection)
            damages = [f"{damage.subject}: {damage.detail}" for damage in archive.verify()]
            self.findings.note("damages", len(damages), "; ".join(damages[:3]))
        return self.findings

    def fetches(self) -> Counter[str]:
        """How often each article was asked for since the scene began."""
        log = AccessLog.read(self._scene.site.log).where(lambda record: record.t >= self._began)
        truth = self._scene.truth
        return Counter({address: number for address, number in log.fetches().items() if address in truth})

    def late(self) -> int:
        """How many ends came too late, and were dropped."""
        return sum(line["outcome"] == LATE for line in self._notes())

    def refetches(self) -> int:
        """Fetches of articles beyond the first of each."""
        return sum(number - 1 for number in self.fetches().values())

    @contextmanager
    def _archive(self, *, asleep: bool) -> Iterator[Archive]:
        """The archive, or a copy of an SQLite file, so that its recovery after the kill is left to the crawl."""
        if not (asleep and self._scene.database.startswith("sqlite")):
            with self._scene.archive() as archive:
                yield archive
            return
        file = Path(self._scene.database.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
            for each in (file, Path(f"{file}-wal")):
                if each.exists():
                    shutil.copy(each, folder)
            with Archive.open(f"sqlite:///{folder}/{file.name}", self._scene.blobs) as archive:
                yield archive

    def _acknowledged(self) -> dict[str, str]:
        return {line["article"]: line["url"] for line in self._notes() if line["article"]}

    def _notes(self) -> Iterator[dict[str, Any]]:
        log = self._scene.meddling.acknowledged
        yield from map(json.loads, log.read_text(encoding="utf-8").splitlines() if log.exists() else ())

    def _check_runs(self, archive: Archive) -> None:
        for run in archive.runs(1000):
            missing = run.named - run.known - sum(number for _, number in run.counts) - run.pending
            self.findings.note("unaccounted", abs(missing), f"{run}")

    def _check_links(self, connection: Connection) -> None:
        rows = connection.execute(
            select(_link.url, _link.state, _link.outcome, _link.why).where(_link.kind == "article")
        )
        ends = {row.url: row for row in rows}
        for address in self._scene.truth:
            row, wanted = ends.get(address), "set-aside" if address in self._poison else "stored"
            if row is None or row.state != "done" or row.outcome is None:
                self.findings.note("unaccounted", 1, f"{address}: {row}")
            elif row.outcome != wanted:
                self.findings.note("set_aside" if row.outcome == "set-aside" else "unaccounted", 1, f"{row}")
        strange = ends.keys() - self._scene.truth.keys()
        self.findings.note("unaccounted", len(strange), f"addresses that are not there: {sorted(strange)[:3]}")

    def _check_articles(self, connection: Connection) -> None:
        titles = Counter(connection.scalars(schema.articles().with_only_columns(schema.version.c.title)))
        wanted = Counter(truth.title for address, truth in self._scene.truth.items() if address not in self._poison)
        more, less = titles - wanted, wanted - titles
        self.findings.note("duplicates", more.total(), f"{list(more)[:3]}")
        self.findings.note("missing", less.total(), f"{list(less)[:3]}")

    def _check_fates(self, connection: Connection) -> None:
        """One end for each link of a run."""
        link = (_fate.run_id, _fate.url_key, _fate.listing)
        rows = connection.execute(select(*link, func.count().label("number")).group_by(*link).having(func.count() > 1))
        doubles = rows.all()
        self.findings.note("doubles", len(doubles), f"{doubles[:3]}")
