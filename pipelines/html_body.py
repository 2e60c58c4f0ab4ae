"""An HTML page, judged: its blocks as lines, each with a verdict, and what the page says of itself.

The block model decides, with what the site has shown before; where it is in doubt trafilatura is asked. Rules say what
the lines are that go, and read what they tell; of what the model keeps they take only what cannot be article.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from pipelines.block_features import NAMES, BlockFeatures, block_features
from pipelines.block_kinds import PART_REASONS, Surroundings
from pipelines.block_model import block_logits
from pipelines.block_tree import BlockTree, block_tree
from pipelines.boilerplate import judge_blocks
from pipelines.draft import Draft
from pipelines.lines import Line, Verdict
from pipelines.metadata import Metadata, read_metadata
from pipelines.page_head import read_head
from pipelines.phrases import load_phrases
from pipelines.profile import SiteProfile, heed
from pipelines.second_opinion import agreement, is_drawn, second_opinion
from pipelines.selection import Selection, select
from pipelines.shape import Shape, shape_of
from pipelines.site_memory import Lesson
from pipelines.stated import stated_by
from pipelines.structured_data import read_structured
from storage.records import Page

_SURE = 9.0  # log odds
_ALONE = 2  # blocks: a headline and a body, or one of them; the model, which compares, has nothing to say
_IS_TITLE = NAMES.index("is_title")
_IS_DESCRIPTION = NAMES.index("is_description")
_UNSURE = 0.14  # doubt from which trafilatura is asked: one page in fifteen
_WEIGHT = 3.0  # log odds that its opinion counts
_AT_ODDS = 0.6  # agreement below which a page that was asked about is flagged
_TOLD_BY_PLACE = frozenset({"comment", "appeal", "bio", "embed"})  # reasons that no words tell better than the place
_DEEPEST_LEARNED = 60  # elements; a page nested deeper is like none that the model has learned from
_BEFORE, _AFTER = 12, 8  # lines around the article in which its byline, its date and its agency may stand


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """draft: every line with its verdict. lesson: what the page teaches of its site."""

    draft: Draft
    said: Metadata
    lesson: Lesson | None


def judge_html(source: str, page: Page, profile: SiteProfile) -> JudgedPage:
    """Read and judge a page, whose decoded text ``source`` is. A page without text has a draft without lines."""
    parsed = LexborHTMLParser(source)
    head, structured = read_head(parsed), read_structured(parsed)
    said = read_metadata(parsed, head, structured, page)
    tree = block_tree(parsed)
    if not tree.blocks:
        return JudgedPage(Draft([], [], [], load_phrases()), said, None)
    candidates = tree.candidates()
    part = tree.only(candidates)
    seen = block_features(part, stated_by(head, structured, said))
    odds = block_logits(seen) if len(tree.blocks) > _ALONE else np.full(len(tree.blocks), _SURE, np.float32)
    selection = select(part.blocks, seen, odds, profile.memory).among(candidates, len(tree.blocks))
    selection, flags = _asked(source, page, tree, selection, profile)
    if max(tree.depth) > _DEEPEST_LEARNED:
        flags = ("uncertain",)
    draft = _drafted(tree, seen, candidates, selection, profile)
    judge_blocks(draft, said.title)
    return JudgedPage(draft, replace(said, flags=(*said.flags, *flags)), selection.lesson)


def _asked(
    source: str, page: Page, tree: BlockTree, selection: Selection, profile: SiteProfile
) -> tuple[Selection, tuple[str, ...]]:
    """The selection after a second opinion, where one is due; and flags."""
    unsure = selection.doubt >= _UNSURE
    if profile.second_opinion == "never" or not (unsure or profile.second_opinion == "always" or is_drawn(page.body)):
        return selection, ()
    texts = [block.text for block in tree.blocks]
    opinion = second_opinion(source, texts)
    agree = agreement(texts, selection.kept(), opinion)
    if unsure:
        leaning = np.where(np.array(opinion), _WEIGHT, -_WEIGHT).astype(np.float32)
        selection = replace(selection, odds=selection.odds + leaning)
    return selection, ("uncertain",) if agree < _AT_ODDS else ()


def _drafted(
    tree: BlockTree, seen: BlockFeatures, candidates: Sequence[int], selection: Selection, profile: SiteProfile
) -> Draft:
    """The blocks as lines. Those far from the article have their verdict; those near it may still tell something."""
    count = len(tree.blocks)
    kept = selection.kept()
    first = kept.index(True) if any(kept) else count
    last = count - 1 - kept[::-1].index(True) if any(kept) else -1
    around = Surroundings(tree, seen)
    titles, descriptions = (
        {candidates[at] for at in np.flatnonzero(seen.dense[:, column]).tolist()}
        for column in (_IS_TITLE, _IS_DESCRIPTION)
    )
    unwanted = _chosen(kept, around, descriptions, dict(profile.parts), first, last) if profile.parts else {}
    verdicts = _Verdicts(around, titles, selection, unwanted)
    lines: list[Line] = []
    start = 0
    for at, block in enumerate(tree.blocks):
        outside = None if kept[at] else verdicts.of(at)
        end = start + len(block.text)
        lines.append(Line(start, end, at + 1, block.text, tag=tree.tag[block.element], outside=outside))
        start = end + 1
    likelihood = 1 / (1 + np.exp(-np.clip(selection.odds, -30, 30)))
    draft = Draft(lines, _Shapes([block.text for block in tree.blocks]), likelihood.tolist(), load_phrases())
    heed(draft, profile)
    for at, line in enumerate(lines):
        if line.outside is None:
            continue
        if line.outside.reason in _TOLD_BY_PLACE or not first - _BEFORE <= at <= last + _AFTER:
            draft.dismiss(at, line.outside)
    return draft


def _chosen(
    kept: list[bool], around: Surroundings, descriptions: set[int], parts: dict[str, bool], first: int, last: int
) -> dict[int, Verdict]:
    """Have in ``kept`` the parts that the user wants and not the others; the verdicts of these."""
    unwanted: dict[int, Verdict] = {}
    for at in range(max(0, first - _BEFORE), last + 1):
        part = around.part(at, is_description=at in descriptions, before_body=at <= first)
        wanted = parts.get(part)
        if wanted is False and kept[at]:
            unwanted[at] = Verdict(PART_REASONS.get(part, "other"), f"source.{part}")
        if wanted is not None and (at >= first or part == "standfirst"):
            kept[at] = wanted
    return unwanted


class _Verdicts:
    """Why blocks that are not of the article go, as far as their place tells."""

    def __init__(
        self, around: Surroundings, titles: set[int], selection: Selection, unwanted: Mapping[int, Verdict]
    ) -> None:
        self._around = around
        self._unwanted = unwanted
        self._gone = selection.gone
        self._titles = titles

    def of(self, at: int) -> Verdict:
        if at in self._unwanted:
            return self._unwanted[at]
        if at in self._gone:
            return self._gone[at]
        if at in self._titles:
            return Verdict("title", "block.title")
        return Verdict(*self._around.reason(at))


class _Shapes(Sequence[Shape]):
    """The shapes of lines, made when they are asked for: most lines of a page never are."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._known: dict[int, Shape] = {}

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> Shape: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Shape]: ...

    def __getitem__(self, at: int | slice) -> Shape | Sequence[Shape]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        shape = self._known.get(at)
        if shape is None:
            shape = self._known[at] = shape_of(self._texts[at])
        return shape
