"""Listings that fail while others of their source are read: what the ledger says of each since it was read last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from sqlalchemy import Connection, select

from storage import crawl_schema, schema
from storage.database import Database
from storage.duplicates import key_of
from storage.links import Named
from storage.naming import link_key
from storage.url_key import url_key

_AT_ONCE = 400  # keys in one question
_MOST_LOOKS = 100

_fate, _run, _link = schema.fate.c, schema.run.c, crawl_schema.link.c


@dataclass(frozen=True, slots=True)
class FailingListing:
    """A listing that could not be read at so many looks in a row, from ``since`` to ``last``."""

    url: str
    since: datetime
    last: datetime
    looks: int
    why: str


class FailingListings:
    """The failing listings of an archive. For one thread; every method may raise ArchiveUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, listings: Mapping[str, Sequence[Named]]) -> Mapping[str, tuple[FailingListing, ...]]:
        """Of each source, those of its listings that failed when they were looked at last."""
        keys = {
            link_key(each.kind, each.url, source): (source, each.url)
            for source, own in listings.items()
            for each in own
        }
        found: dict[str, list[FailingListing]] = defaultdict(list)
        with self._database.reading() as connection:
            for key in _failed(connection, [key for key in keys if key]):
                source, url = keys[key]
                if failing := _streak(connection, source, url):
                    found[source].append(failing)
        return {source: tuple(failing) for source, failing in found.items()}


def _failed(connection: Connection, keys: Sequence[str]) -> list[str]:
    found: list[str] = []
    for at in range(0, len(keys), _AT_ONCE):
        some = keys[at : at + _AT_ONCE]
        found += connection.scalars(select(_link.key).where(_link.key.in_(some), _link.outcome == "failed"))
    return found


def _streak(connection: Connection, source: str, url: str) -> FailingListing | None:
    """Its failures since it was read last."""
    key = url_key(url)
    asked = (
        select(_fate.at, _fate.outcome, _fate.why)
        .join(schema.run, _run.id == _fate.run_id)
        .where(_fate.url_key == (key and key_of(key)), _fate.listing.is_(True), _run.source == source)
        .order_by(_fate.id.desc())
        .limit(_MOST_LOOKS)
    )
    failed = list(takewhile(lambda row: row.outcome == "failed", connection.execute(asked)))
    if not failed:
        return None
    return FailingListing(url, failed[-1].at, failed[0].at, len(failed), failed[0].why)
