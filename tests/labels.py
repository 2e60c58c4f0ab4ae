"""Labelled saved articles: what a line is, and whether it must be in the clean text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines import clean
from storage.records import Article, Page, Removed


@dataclass(frozen=True)
class Label:
    kind: str
    keep: str


def read_labels(folder: Path) -> dict[str, dict[int, Label]]:
    """File name to line number to label."""
    labels: dict[str, dict[int, Label]] = {}
    with (folder / "labels.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"):
            labels.setdefault(row["file"], {})[int(row["line"])] = Label(row["class"], row["keep"])
    return labels


def cleaned(text: str) -> Article:
    page = Page(url=None, body=text.encode(), content_type="text/plain", fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    article = clean(page)
    assert isinstance(article, Article), article
    return article


def errors(text: str, labels: Mapping[int, Label]) -> Iterator[str]:
    """Each labelled line that is not where its label wants it: in the text (or its title), or removed."""
    article = cleaned(text)
    kept: dict[int, bool] = {}
    for block in article.blocks:
        here = not isinstance(block, Removed) or block.reason == "title"
        for number in range(block.line, block.line + 1 + block.text.count("\n")):
            kept[number] = kept.get(number, False) or here
    lines = text.splitlines()
    for number, label in labels.items():
        # A removed title line is in its field, and so counts as kept; a second one is labelled `no`.
        wanted = label.keep == "yes"
        removed_title = any(b.line == number and b.reason == "title" for b in article.removed)
        stays = kept[number] and not (label.keep == "no" and removed_title)
        if label.keep != "either" and stays != wanted:
            verdicts = [f"{b.rule}" for b in article.removed if b.line == number]
            yield f"{number} {label.kind} {'lost' if wanted else 'left'} {verdicts} {lines[number - 1][:80]}"
