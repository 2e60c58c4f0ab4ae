"""Gold: the pages of a set, with what people or publishers' parsers say of them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tld import get_fld

from benchmarks.extractors import Asked
from training.pages import LabelledPage, eval_folder

SNIPPETS = "trafilatura"  # the set that is known by snippets alone


@dataclass(frozen=True, slots=True)
class Gold:
    """A page and what is right of it; None and empty where that is unknown.

    html: its file. site: the registrable domain. fold: that of the site, whose models have not seen it; None for pages
    that nothing has learned from. wanted, unwanted: snippets that must and must not be in the text.
    """

    set: str
    id: str
    html: Path
    url: str
    site: str
    fold: int | None
    lang: str
    text: str | None
    title: str | None
    authors: tuple[str, ...]
    day: str | None
    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    def asked(self, siblings: Sequence[Gold] = ()) -> Asked:
        """The page as extractors are asked for it."""
        return Asked(str(self.html), self.url, self.set, self.fold, tuple(str(page.html) for page in siblings))


def folder_of(name: str) -> Path:
    """Where a set lies: a folder of the evaluation data, or any other in its form. Raises FileNotFoundError."""
    folder = Path(name) if "/" in name or Path(name, "gold.jsonl.gz").is_file() else eval_folder() / name
    if not (folder / "gold.jsonl.gz").is_file():
        raise FileNotFoundError(f"{folder}: no gold.jsonl.gz here")
    return folder


def gold_pages(name: str, most: int | None = None) -> list[Gold]:
    """The pages of a set, in the order of its file. most: a sample of so many, the same each time."""
    folder = folder_of(name)
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as file:
        is_learned = folder.parent == eval_folder()
        pages = [_gold(folder, json.loads(line), is_learned=is_learned) for line in file]
    known = [page for page in pages if page.text or page.wanted]
    if most is None or most >= len(known):
        return known
    drawn = set(sorted((page.id for page in known), key=lambda each: hashlib.blake2b(each.encode()).digest())[:most])
    return [page for page in known if page.id in drawn]


def siblings_of(pages: Sequence[Gold], count: int) -> list[list[Gold]]:
    """For each page so many others of its site, those that follow it in the set first."""
    by_site: dict[str, list[Gold]] = {}
    for page in pages:
        by_site.setdefault(page.site, []).append(page)
    found = []
    for page in pages:
        mine = by_site[page.site]
        at = mine.index(page)
        found.append((mine[at + 1 :] + mine[:at])[:count])
    return found


def fold_of(site: str) -> int:
    """The fold of a site, as training has it."""
    return LabelledPage("", "", site, "", "", (), ()).fold


def _gold(folder: Path, row: dict, *, is_learned: bool) -> Gold:
    url = row["url"] or ""
    site = get_fld(url, fail_silently=True) or url.removeprefix("hard::").partition("-")[0] or row["site"]
    return Gold(
        folder.name,
        row["id"],
        folder / "html" / f"{row['id']}.html.gz",
        "" if url.startswith("hard::") else url,
        site,
        fold_of(site) if is_learned else None,
        row["lang"] or "??",
        row["text"] or None,
        row["title"] or None,
        tuple(row["authors"] or ()),
        row["date"] or None,
        tuple(row["with"] or ()),
        tuple(row["without"] or ()),
    )
