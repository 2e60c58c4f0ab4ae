"""The evaluation pages as lines with labels, and the fold each belongs to: no site stands in two folds."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
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

    site: the registrable domain. weight: what the page counts in training. doubtful: lines that teach nothing.
    """

    set: str
    id: str
    site: str
    lang: str
    title: str
    gold: str
    lines: tuple[str, ...]
    labels: tuple[bool, ...]
    weight: float = 1.0
    doubtful: frozenset[int] = frozenset()

    @property
    def fold(self) -> int:
        """The fold in which this site is scored; the models of the other folds learn from it."""
        return hashlib.blake2b(self.site.encode()).digest()[0] % FOLDS


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
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def records(name: str) -> list[dict[str, str | None]]:
    """The gold records of one set."""
    with gzip.open(eval_folder() / name / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def html_of(name: str, page_id: str) -> bytes:
    """The page's HTML as it was saved."""
    return gzip.decompress((eval_folder() / name / "html" / f"{page_id}.html.gz").read_bytes())


def labelled_pages(name: str) -> list[LabelledPage]:
    """The pages of one set with text, in the order of the file."""
    visible: Callable[[bytes], str] = eval_module("visible").visible_text
    pages = []
    for record in records(name):
        gold, page_id, url = record["text"], record["id"], record["url"]
        lines = tuple(visible(html_of(name, page_id or "")).split("\n"))
        if gold and page_id and url and lines != ("",):
            labels = tuple(found_in(lines, gold))
            site = get_fld(url, fail_silently=True) or record["site"] or page_id
            title, lang = record["title"] or "", record["lang"] or ""
            pages.append(LabelledPage(name, page_id, site, lang, title, gold, lines, labels))
    return pages


def teachable(page: LabelledPage) -> bool:
    """Whether most of the gold text was found among the lines; else the labels say more of the parser than of the page."""
    found = sum(len(line) for line, label in zip(page.lines, page.labels, strict=True) if label)
    return found > 0.6 * len(page.gold)


def weighted(page: LabelledPage, weight: float) -> LabelledPage:
    """The page with another weight."""
    return replace(page, weight=weight)
