"""Writing a dataset: a folder that appears whole or not at all, with the same bytes for the same archive and query."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection

from storage import reading
from storage.dataset.card import card
from storage.dataset.manifest import Tally, made, manifest
from storage.dataset.splits import SPLITS, Plan, SplitName, Splitting, plan
from storage.errors import StorageError
from storage.export import keep
from storage.exporting.table import FORMS
from storage.folder import sync_one
from storage.records import ArchivedArticle, Query
from storage.search import hits

FORMATS = ("jsonl", "parquet")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was written. articles: by split; copies: that were left out; unlikened: as of a ``Plan``."""

    folder: Path
    articles: dict[SplitName, int]
    copies: int
    unlikened: int


def write_dataset(
    connection: Connection,
    query: Query,
    folder: Path,
    splitting: Splitting = Splitting(),
    form: str = "jsonl",
    done: Callable[[int], None] = lambda _: None,
) -> Dataset:
    """Write the articles that answer a query to a new folder. connection: that sees one state of the archive.

    form: one of ``FORMATS``. done: is told how many articles were done since; each is, twice. Raises StorageError where
    something is in the folder, and where it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(f"{folder}: something is there already", hint="name a new folder, or remove that one")
    division = plan(connection, query, splitting, done)
    by = made(connection)
    tallies = [Tally(split, f"{split}{FORMS[form].endings[0]}") for split in SPLITS]
    aside = folder.with_name(f".{folder.name[:200]}.{uuid4().hex[:8]}")
    try:
        aside.mkdir()
        for tally in tallies:
            articles = tally.of_articles(_of(connection, query, division, tally.split, done))
            keep(tally.of_pieces(FORMS[form].write(articles)), aside / tally.file)
        keep([manifest(query, splitting, division, by, tallies)], aside / "manifest.json")
        keep([card(query, splitting, division, by, tallies)], aside / "README.md")
        aside.replace(folder)
        sync_one(folder.parent)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    left_out = division.found - len(division.splits)
    return Dataset(folder, {each.split: each.rows for each in tallies}, left_out, division.unlikened)


def _of(
    connection: Connection, query: Query, division: Plan, split: SplitName, done: Callable[[int], None]
) -> Iterator[ArchivedArticle]:
    """The articles of one split, in the order that was asked for."""
    for article in reading.stream(connection, hits(query, connection.dialect.name)):
        if division.splits.get(article.id) == split:
            yield article
            done(1)
