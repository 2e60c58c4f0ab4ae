"""Furniture of the page: widgets, hotlines, the imprint, navigation, separators, and whatever trails the article."""

from __future__ import annotations

import re
from collections import Counter

from pipelines.draft import SURE, Draft
from pipelines.normalise import normal_form
from pipelines.shape import script_of

_PHONE = re.compile(r"\+?\(?\d(?:[\s().\-–/]{0,2}\d){5,14}(?!\d)")
_MAIL_OR_SITE = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64}|\b(?:www\.|https?://)\S+", re.IGNORECASE)
_COUNTER = re.compile(r"^\W*\d{1,3}(?:[.,\s]?\d{3}){0,3}\s?[kKmM]?\W*$")
_COUNTED = re.compile(r"^\W*[\d.,]+\s?[km]?\s+(.{2,30})$|^(.{2,30}?)\s*[(:]?\s*[\d.,]+\)?$")
_RIGHTS = re.compile(
    r"(?:©|\(c\)|copyright)\W{0,3}(?:\w+\W+){0,3}?(?:19|20)\d\d|(?:19|20)\d\d\W{0,3}(?:©|\(c\))", re.IGNORECASE
)
_UNLIKELY, _SURELY_NOT = 0.45, 0.02  # likelihoods below which a line goes: on a furnished page, in a bare text
_WITHIN = 0.5  # of that for a sentence between two paragraphs of the body
_LIKELY = 0.75
_FEW = 40  # lines
_CORE_IN_PAGE, _CORE_IN_TEXT = 0.12, 0.33  # share of lines that are surely article: on a whole page, in a saved text
_FURNISHED_ENOUGH = 0.5
_FURNISHED, _PIECES = 0.12, 4  # share and number of lines that rules find on a page saved whole, at the least
_TRAIL = re.compile(
    r"^[^/›»>→|\n]{2,30}(?:\s*[›»>→|]\s*|\s+/\s+)[^/›»>→|\n]{2,30}(?:(?:\s*[›»>→|]\s*|\s+/\s+)[^/›»>→|\n]{2,60})*$"
)
_LONGEST_CALL = 32  # words of a call to subscribe, share or comment


def find_separators(draft: Draft) -> None:
    """Lines without a letter or digit."""
    for at in draft.undecided():
        if not any(map(str.isalnum, draft.lines[at].text)):
            draft.remove(at, "separator", "separator.no-words")


def find_widgets(draft: Draft) -> None:
    """Calls to register, share, comment or report, and the counters beside them."""
    first, last = draft.core()
    for at in draft.undecided():
        shape = draft.shapes[at]
        if draft.phrases.is_whole("widget", shape.folded):
            draft.remove(at, "widget", "widget.whole")
        elif draft.phrases.opens("widget", shape.folded) and shape.words <= _LONGEST_CALL:
            # Within the body a sentence may well begin so; there the model must doubt it too.
            if not shape.sentence or draft.likelihood[at] < (0.5 if first < at < last else SURE):
                draft.remove(at, "widget", "widget.opener")
        elif (counted := _COUNTED.match(shape.folded)) and draft.phrases.is_whole(
            "widget", (counted[1] or counted[2]).strip(" ()")
        ):
            draft.remove(at, "widget", "widget.counter")
        elif _COUNTER.match(draft.lines[at].text) and not first < at < last and draft.likelihood[at] < 0.5:
            draft.remove(at, "widget", "widget.counter")


def find_hotlines(draft: Draft) -> None:
    """A label and a telephone number."""
    for at in draft.undecided():
        shape = draft.shapes[at]
        if shape.words <= 25 and draft.phrases.labelled("hotline", shape.folded) and _PHONE.search(shape.folded):
            draft.remove(at, "hotline", "hotline.labelled")


def find_imprint(draft: Draft) -> None:
    """Who publishes, where, under which licence; telephone and mail lines; rights."""
    for at in draft.undecided():
        first, last = draft.core()
        text, shape = draft.lines[at].text, draft.shapes[at]
        within = first < at < last
        if shape.words > 60 or (within and draft.likelihood[at] >= 0.5):
            continue
        reach = _PHONE.search(text) or _MAIL_OR_SITE.search(text)
        if draft.phrases.labelled("imprint", shape.folded) and (shape.words <= 25 or reach):
            draft.remove(at, "imprint", "imprint.labelled")
        elif draft.phrases.opens("imprint", shape.folded):
            draft.remove(at, "imprint", "imprint.opener")
        elif _RIGHTS.search(text) and shape.words <= 40:
            draft.remove(at, "imprint", "imprint.rights")
        elif (
            reach
            and shape.words <= 14
            and not shape.sentence
            and last >= 0
            and not within
            and draft.likelihood[at] < SURE
        ):
            draft.remove(at, "imprint", "imprint.contact")


def find_navigation(draft: Draft) -> None:
    """Rubrics, menus, tags and back-to-top links; within the body a rubric may be a subhead and stays."""
    first, last = draft.core()
    for at in draft.undecided():
        shape = draft.shapes[at]
        if first < at < last and draft.likelihood[at] >= 0.5:
            continue
        if shape.words <= 14 and not shape.ended and _TRAIL.match(draft.lines[at].text):
            draft.remove(at, "nav", "nav.trail")
        elif draft.phrases.is_whole("nav", shape.folded):
            draft.remove(at, "nav", "nav.whole")
        elif draft.phrases.opens("nav", shape.folded) and not shape.ended:
            draft.remove(at, "nav", "nav.opener")


def find_tail(draft: Draft) -> None:
    """After the last line of the body: labels, leftovers of a template, lines in another script."""
    _, last = draft.core()
    if last < 0:
        return
    tail = list(draft.undecided(last + 1))
    if not tail:
        return
    script = script_of(" ".join(draft.lines[at].text for at in draft.staying(stop=last + 1))[:4_000])
    surest = _LIKELY * draft.furnished
    for at in tail:
        shape = draft.shapes[at]
        if shape.words <= 25 and script_of(draft.lines[at].text) not in (script, None):
            draft.remove(at, "widget", "tail.other-script")
        elif not shape.ended and shape.words <= 25 and draft.likelihood[at] < surest:
            draft.remove(at, "nav", "tail.short")


def find_repeats(draft: Draft) -> None:
    """A line that stands there a second time; a text without furniture may repeat itself as it likes."""
    if draft.furnished < _FURNISHED_ENOUGH:
        return
    seen: Counter[str] = Counter()
    for at in draft.undecided():
        if draft.shapes[at].words >= 6:
            key = normal_form(draft.lines[at].text)
            if seen[key]:
                draft.remove(at, "repeated", "repeated.line")
            seen[key] += 1


def leave_outside(draft: Draft) -> None:
    """What an earlier stage left out of the body, and no rule has named."""
    for at in draft.undecided():
        if verdict := draft.lines[at].outside:
            draft.dismiss(at, verdict)


def find_unlikely(draft: Draft) -> None:
    """What the model, which has seen how articles read, does not take for article.

    The less of a page is around the article, the surer the model must be: bare text is clean already.
    """
    first, last = draft.core()
    if last < 0 and len(draft.lines) <= _FEW:
        return  # nothing in it is like an article: then the model has nothing to tell the rest by
    threshold = _SURELY_NOT + (_UNLIKELY - _SURELY_NOT) * draft.furnished * (1 - _bareness(draft))
    for at in draft.undecided():
        within = first < at < last
        if draft.likelihood[at] < (threshold * _WITHIN if within and draft.shapes[at].ended else threshold):
            draft.remove(at, "other" if within else "nav", "model.unlike-article")


def _bareness(draft: Draft) -> float:
    """0 for an article somewhere in a page, 1 for hardly anything but an article: by the share of core lines."""
    inside = [at for at, line in enumerate(draft.lines) if not line.outside]
    share = sum(map(draft.is_core, inside)) / max(1, len(inside))
    return min(1.0, max(0.0, (share - _CORE_IN_PAGE) / (_CORE_IN_TEXT - _CORE_IN_PAGE)))


def weigh_furniture(draft: Draft) -> None:
    """Set how much of a page's furniture the input still has: from none, as in clean text, to that of a whole page."""
    inside = [at for at, line in enumerate(draft.lines) if not line.outside]
    said = {"title", "byline", "dateline"}  # a clean text may have these too
    found = sum((verdict := draft.verdicts[at]) is not None and verdict.reason not in said for at in inside)
    share = found / max(1, len(inside))
    draft.furnished = min(1.0, share / _FURNISHED) * min(1.0, found / _PIECES)
