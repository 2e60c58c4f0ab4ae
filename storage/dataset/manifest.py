"""Manifest: what a dataset holds, from where and made by what, as a file that programs read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version

from sqlalchemy import Connection, func, select

from storage import generations
from storage.dataset.splits import Plan, SplitName, Splitting
from storage.reader_schema import change
from storage.records import ArchivedArticle, Query
from storage.times import rfc3339

FORM = 1
"""Raise it when keys of the manifest change their meaning."""

_COUNTED = ("sources", "languages", "months")


@dataclass(slots=True)
class Tally:
    """What went into one file, counted as it goes by."""

    split: SplitName
    file: str
    rows: int = 0
    size: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        """Of the file's bytes."""
        return self._digest.hexdigest()

    def of_articles(self, articles: Iterable[ArchivedArticle]) -> Iterator[ArchivedArticle]:
        """The articles, counted."""
        for article in articles:
            self.rows += 1
            self.sources[article.source or ""] += 1
            self.languages[article.language or ""] += 1
            self.months[f"{article.published_at:%Y-%m}" if article.published_at else ""] += 1
            yield article

    def of_pieces(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The bytes, weighed."""
        for piece in pieces:
            self.size += len(piece)
            self._digest.update(piece)
            yield piece


@dataclass(frozen=True, slots=True)
class Made:
    """By what a dataset was made. change: the last change of the archive; rule, sketch: of near copies, 0 for none."""

    copydesk: str
    change: int
    rule: int
    sketch: int


def made(connection: Connection) -> Made:
    """What stands now."""
    last = connection.scalar(select(func.max(change.c.seq))) or 0
    standing = generations.standing(connection)
    return Made(version("copydesk"), last, standing.rule if standing else 0, standing.sketch if standing else 0)


def manifest(query: Query, splitting: Splitting, plan: Plan, by: Made, tallies: Iterable[Tally]) -> bytes:
    """The manifest, as JSON. Of one archive and one query it is always the same; "" is what is not known."""
    files = list(tallies)
    said = {
        "form": FORM,
        "query": asked_for(query),
        "splitting": asdict(splitting),
        "articles": {
            "found": plan.found,
            "left_out_as_copies": plan.found - len(plan.splits),
            "written": sum(each.rows for each in files),
            "without_sketch": plan.unlikened,
        },
        "kin": {"groups": plan.kin, "largest": plan.largest},
        "made_by": asdict(by) | {"cleaners": plan.cleaners, "normal_forms": plan.norms},
        "files": [
            {"path": each.file, "split": each.split, "rows": each.rows, "bytes": each.size, "sha256": each.sha256}
            for each in files
        ],
        "counts": {
            name: {each.split: dict(sorted(getattr(each, name).items())) for each in files} for name in _COUNTED
        },
    }
    return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"


def asked_for(query: Query) -> dict[str, str | int]:
    """What a query asks for, ready for JSON."""
    asked = {name: getattr(query, name) for name in ("words", "source", "language", "since", "until", "limit", "sort")}
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in asked.items()
        if value not in (None, "newest")
    }
