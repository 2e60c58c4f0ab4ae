"""The evaluation pages as blocks with labels: by gold text where there is any, else by teachers that agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from pipelines.alignment import found_in
from pipelines.block_features import BlockFeatures, block_features
from pipelines.block_tree import block_tree
from pipelines.decoding import NotText, decode
from pipelines.metadata import read_metadata
from pipelines.page_head import read_head
from pipelines.second_opinion import agreement, second_opinion
from pipelines.stated import stated_by
from pipelines.structured_data import read_structured
from storage.records import Page
from training.pages import Record, fold_of, html_of, records, site_of

_FETCHED_AT = datetime(2026, 11, 1, tzinfo=UTC)
_TEACHERS_AGREE = 0.5  # of what either takes for article, by characters; below, a page teaches nothing


@dataclass(frozen=True, slots=True)
class BlockPage:
    """A page and its blocks. labels: 0..1, None where no gold tells; trust: how much each label counts.

    opinion: what trafilatura takes, and told: 1 and 0 for blocks that a snippet says are, or are not, article; else -1.
    Both for pages without gold alone.
    """

    set: str
    id: str
    site: str
    gold: str
    texts: tuple[str, ...]
    seen: BlockFeatures
    labels: NDArray[np.float32] | None
    trust: NDArray[np.float32]
    opinion: tuple[bool, ...] = ()
    told: tuple[int, ...] = ()

    @property
    def fold(self) -> int:
        """The fold in which this site is scored; the models of the other folds learn from it."""
        return fold_of(self.site)


def block_pages(name: str) -> list[BlockPage]:
    """The pages of one set that have a block, in the order of the file."""
    pages = (_read(name, record) for record in records(name))
    return [page for page in pages if page is not None]


def _read(name: str, record: Record) -> BlockPage | None:
    decoded = decode(html_of(name, record.id), "text/html")
    if isinstance(decoded, NotText):
        return None
    parsed = LexborHTMLParser(decoded.text)
    tree = block_tree(parsed)
    if not tree.blocks:
        return None
    tree = tree.only(tree.candidates())
    texts = tuple(block.text for block in tree.blocks)
    head, structured = read_head(parsed), read_structured(parsed)
    said = read_metadata(parsed, head, structured, Page(record.url, b"", "text/html", _FETCHED_AT))
    page = BlockPage(
        name, record.id, site_of(record), record.text, texts, block_features(tree, stated_by(head, structured, said)),
        np.array(found_in(texts, record.text), np.float32) if record.text else None, np.ones(len(texts), np.float32),
    )  # fmt: skip
    if record.text:
        return page
    return replace(page, opinion=tuple(second_opinion(decoded.text, texts)), told=_told(texts, record))


def _told(texts: Sequence[str], record: Record) -> tuple[int, ...]:
    wanted, unwanted = (
        [" ".join(each.split()) for each in part if each.strip()] for part in (record.wanted, record.unwanted)
    )

    def says(text: str, snippets: list[str]) -> bool:
        return any(snippet in text or (len(text) > 25 and text in snippet) for snippet in snippets)

    return tuple(1 if says(text, wanted) else 0 if says(text, unwanted) else -1 for text in texts)


def teachable(page: BlockPage) -> bool:
    """Whether most of the gold text was found among the blocks; else the labels are no good."""
    if page.labels is None:
        return False
    found = sum(len(text) for text, label in zip(page.texts, page.labels, strict=True) if label)
    return found > 0.6 * len(page.gold)


def taught(page: BlockPage, logits: NDArray[np.float32]) -> BlockPage | None:
    """A page without gold, labelled by a model and by trafilatura; None where they tell different stories.

    Where the two agree on a block they are believed, where not as far as the model is sure; a snippet outdoes both.
    """
    likely = 1 / (1 + np.exp(-np.clip(logits, -20, 20)))
    taken, opinion, told = likely > 0.5, np.array(page.opinion), np.array(page.told)
    if not taken.any() or agreement(page.texts, taken.tolist(), page.opinion) < _TEACHERS_AGREE:
        return None
    same = taken == opinion
    labels = np.where(told >= 0, told, np.where(same, taken, likely))
    trust = np.where((told >= 0) | same, 1.0, np.abs(2 * likely - 1))
    return replace(page, labels=labels.astype(np.float32), trust=trust.astype(np.float32))
