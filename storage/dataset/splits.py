"""Splits: which articles are for training, for validation and for tests. Whoever is kin is in the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection

from storage.dataset.kinship import Kin, join_alike, join_noted
from storage.records import Query
from storage.schema import article, version
from storage.search import hits

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True, slots=True)
class Splitting:
    """How articles are divided. shares: of the stories, as any three numbers; seed: another one divides otherwise.

    copies: all articles of a story, instead of one.
    """

    shares: tuple[float, float, float] = (90, 5, 5)
    seed: str = "copydesk"
    copies: bool = False

    @property
    def said(self) -> str:
        """The shares as people write them."""
        return "/".join(f"{share:g}" for share in self.shares)

    def split_of(self, name: str) -> SplitName:
        """Where the kin of this name are; a share is met the better the more there are."""
        digest = hashlib.sha256(f"{self.seed}\0{name}".encode()).digest()
        lot = int.from_bytes(digest[:8]) / 2**64 * sum(self.shares)
        return next((split for split, upto in zip(SPLITS, accumulate(self.shares), strict=True) if lot < upto), "test")


@dataclass(frozen=True, slots=True)
class Hit:
    """What is known of an article before its text is read. cleaner: the edition that made its text."""

    seq: int
    id: str
    story_id: str
    copy_of: str | None
    dated_at: datetime
    content_hash: str
    norm_version: int
    cleaner: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which article goes where. found: all that answer the query; unlikened: those that have no sketch.

    kin: groups of articles that must stay together; largest: articles in the largest of them.
    """

    splits: dict[str, SplitName]
    found: int
    unlikened: int
    kin: int
    largest: int
    cleaners: tuple[str, ...]
    norms: tuple[int, ...]


def plan(
    connection: Connection, query: Query, splitting: Splitting, done: Callable[[int], None] = lambda _: None
) -> Plan:
    """Divide the articles that answer a query. done: is told how many articles were looked at since."""
    columns: tuple[ColumnElement[Any], ...] = (
        article.c.seq, article.c.id, article.c.story_id, article.c.copy_of, article.c.dated_at,
        version.c.content_hash, version.c.norm_version, version.c.cleaner,
    )  # fmt: skip
    asked = hits(query, connection.dialect.name).with_only_columns(*columns, maintain_column_froms=True)
    found = sorted((Hit(*row) for row in connection.execute(asked)), key=lambda hit: hit.seq)
    kin = Kin(len(found))
    kin.join_namesakes(hit.story_id for hit in found)
    kin.join_namesakes((hit.norm_version, hit.content_hash) for hit in found)
    join_noted(connection, kin, [hit.id for hit in found])
    unlikened = join_alike(connection, kin, [hit.seq for hit in found], done)
    heads = [kin.head(place) for place in range(len(found))]
    kept = range(len(found)) if splitting.copies else _one_of_each(found)
    splits = {found[place].id: splitting.split_of(found[heads[place]].story_id) for place in kept}
    sizes = [0] * len(found)
    for place in kept:
        sizes[heads[place]] += 1
    return Plan(
        splits, len(found), unlikened, sum(map(bool, sizes)), max(sizes, default=0),
        tuple(sorted({hit.cleaner or "unknown" for hit in found})), tuple(sorted({hit.norm_version for hit in found})),
    )  # fmt: skip


def _one_of_each(found: Sequence[Hit]) -> list[int]:
    """The places of one article of each story: its centre if it answers the query, else the one dated first."""
    best: dict[str, int] = {}
    for place, hit in enumerate(found):
        standing = best.setdefault(hit.story_id, place)
        if _merit(hit) < _merit(found[standing]):
            best[hit.story_id] = place
    return sorted(best.values())


def _merit(hit: Hit) -> tuple[bool, datetime, int]:
    return hit.copy_of is not None, hit.dated_at, hit.seq
