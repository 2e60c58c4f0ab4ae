"""The evaluation pages as lines with labels, and the fold each belongs to: no site stands in two folds."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType

from tld import get_fld

from pipelines.alignment import found_in

SETS = ("aeb", "fundus", "wcxb")
FOLDS = 4


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page as plain text. gold: its article by hand or by a parser; labels: which lines belong to it.

    site: the registrable domain. weight: what the page counts in training.
    """

    set: str
    id: str
    site: str
    title: str
    gold: str
    lines: tuple[str, ...]
    labels: tuple[bool, ...]
    weight: float = 1.0

    @property
    def fold(self) -> int:
        """The fold in which this site is scored; the models of the other folds learn from it."""
        return fold_of(self.site)


def fold_of(site: str) -> int:
    """The fold of a registrable domain."""
    return hashlib.blake2b(site.encode()).digest()[0] % FOLDS


def eval_folder() -> Path:
    """The folder of the evaluation data: COPYDESK_EVAL, else ../shared/eval. Raises FileNotFoundError."""
    folder = Path(os.environ.get("COPYDESK_EVAL", Path(__file__).parents[2] / "shared" / "eval"))
    if not (folder / "score.py").is_file():
        raise FileNotFoundError(f"{folder}: no evaluation data here; COPYDESK_EVAL names the folder")
    return folder


@cache
def eval_module(name: str) -> ModuleType:
    """``score`` or ``visible`` of the evaluation folder, imported from its file."""
    spec = importlib.util.spec_from_file_location(f"copydesk_eval_{name}", eval_folder() / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a set: its gold text, or snippets that must and must not be in it."""

    id: str
    url: str
    title: str
    text: str
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]


def records(name: str) -> list[Record]:
    """The gold records of one set, in the order of the file."""
    with gzip.open(eval_folder() / name / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        read = [json.loads(line) for line in file]
    return [
        Record(
            each["id"],
            each["url"],
            each["title"] or "",
            each["text"] or "",
            tuple(each["with"] or ()),
            tuple(each["without"] or ()),
        )
        for each in read
    ]


def html_of(name: str, page_id: str) -> bytes:
    """The page's HTML as it was saved."""
    return gzip.decompress((eval_folder() / name / "html" / f"{page_id}.html.gz").read_bytes())


def labelled_pages(name: str) -> list[LabelledPage]:
    """The pages of one set with text, in the order of the file."""
    pages = (_labelled(name, record, html_of(name, record.id), record.text) for record in records(name))
    return [page for page in pages if page is not None]


def silver_pages() -> list[LabelledPage]:
    """Pages known by snippets only, with what trafilatura finds in their HTML as gold, where that fits the snippets.

    Every wanted snippet is in it and no unwanted one.
    """
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    pages = []
    for record in records("trafilatura"):
        html = html_of("trafilatura", record.id)
        text = trafilatura.extract(html) or ""
        flat = " ".join(text.split())
        wanted, unwanted = (
            [" ".join(each.split()) in flat for each in part] for part in (record.wanted, record.unwanted)
        )
        if all(wanted) and not any(unwanted) and (page := _labelled("trafilatura", record, html, text)):
            pages.append(page)
    return pages


def _labelled(name: str, record: Record, html: bytes, gold: str) -> LabelledPage | None:
    visible: Callable[[bytes], str] = eval_module("visible").visible_text
    lines = tuple(visible(html).split("\n"))
    if not gold or lines == ("",):
        return None
    labels = tuple(found_in(lines, gold))
    return LabelledPage(name, record.id, site_of(record), record.title, gold, lines, labels)


def site_of(record: Record) -> str:
    """The registrable domain of a record's address; some are ``hard::`` and a file's name that begins with it."""
    return get_fld(record.url, fail_silently=True) or record.url.removeprefix("hard::").partition("-")[0]


def teachable(page: LabelledPage) -> bool:
    """Whether most of the gold text was found among the lines; else the labels are no good."""
    found = sum(len(line) for line, label in zip(page.lines, page.labels, strict=True) if label)
    return found > 0.6 * len(page.gold)


def weighted(page: LabelledPage, weight: float) -> LabelledPage:
    """The page with another weight."""
    return replace(page, weight=weight)
