"""Keep or remove, and why: the rules in their order. Those that need no context come first."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.captions import find_captions, find_credits
from pipelines.draft import Draft
from pipelines.furniture import (
    find_hotlines,
    find_imprint,
    find_navigation,
    find_repeats,
    find_separators,
    find_tail,
    find_unlikely,
    find_widgets,
    leave_outside,
    weigh_furniture,
)
from pipelines.glue import split_glued
from pipelines.headline import find_repeated_title, find_title
from pipelines.line_model import article_likelihood
from pipelines.lines import Line
from pipelines.phrases import load_phrases
from pipelines.profile import NOTHING_KNOWN, SiteProfile, heed
from pipelines.related import find_related
from pipelines.shape import shape_of
from pipelines.signature import find_agencies, find_bylines, find_stamps, read_lead

_SURELY = 0.8  # likelihood of a block above which it is no byline and no stamp, whatever it looks like
_ALONE = 2  # lines: a headline and a body, or one of them; the model, which compares neighbours, has nothing to say


def judge(lines: Sequence[Line], claimed_title: str | None = None, profile: SiteProfile = NOTHING_KNOWN) -> Draft:
    """Every line with its verdict, and what the removed lines said: title, authors, agency, place and date.

    A line that an earlier stage left ``outside`` the body goes in any case; a rule may still say what it is.
    """
    phrases = load_phrases()
    parts = list(split_glued(lines, phrases))
    texts = [line.text for line in parts]
    likelihood = article_likelihood(texts) if len(texts) > _ALONE else [1.0] * len(texts)
    draft = Draft(parts, [shape_of(text) for text in texts], likelihood, phrases)
    heed(draft, profile)
    find_separators(draft)
    find_title(draft, claimed_title)
    find_repeated_title(draft)
    find_hotlines(draft)
    find_widgets(draft)
    find_stamps(draft)
    find_imprint(draft)
    find_navigation(draft)
    find_credits(draft)
    find_captions(draft)
    find_related(draft)
    find_agencies(draft)
    find_bylines(draft)
    leave_outside(draft)
    weigh_furniture(draft)
    find_repeats(draft)
    find_unlikely(draft)
    find_tail(draft)
    read_lead(draft)
    return draft


def judge_blocks(draft: Draft, claimed_title: str | None) -> None:
    """The lines of an HTML page, on which the block model has decided: those it left out have an ``outside``.

    Of what it keeps, rules take only what no article says; of the rest they say what it is, and read what it tells.
    """
    find_separators(draft)
    find_title(draft, claimed_title)
    _protect(draft, _SURELY)
    find_stamps(draft)
    find_bylines(draft)
    _protect(draft, 0.0)
    find_hotlines(draft)
    find_widgets(draft)
    find_imprint(draft)
    find_navigation(draft)
    find_credits(draft)
    find_captions(draft)
    find_related(draft)
    find_agencies(draft)
    leave_outside(draft)
    read_lead(draft)


def _protect(draft: Draft, likelihood: float) -> None:
    """Have lines stay that the block model keeps, and takes for this likely to be article."""
    for at in list(draft.undecided()):
        if draft.lines[at].outside is None and draft.likelihood[at] >= likelihood:
            draft.protect(at)
