"""Captions and credits: a credit shows itself, a caption shows by its credit, its place or its double."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from statistics import median

from pipelines.draft import SURE, Draft
from pipelines.normalise import normal_form
from pipelines.shape import looks_like_name

# “<alternative text> - <site>, <width>, <date>”: what some image templates leave in saved text.
_IMAGE_TEMPLATE = re.compile(r",\s*\d{3,4}\s*,\s*\d{1,2}[./-]\d{1,2}[./-]\d{4}\s*$")
_RIGHTS_SIGN = re.compile(r"^[\W_]*(?:©|\(c\)\s)", re.IGNORECASE)
# “(ABC Photo/Name)”, “(Name/ABC)”; but “(ABC)” alone may be what the words before it stand for
_AGENCY_PHOTO = re.compile(
    r"(?:^|[(\s])[A-Z]{2,5}[ -](?:Photo|Images?)\b\s?/?[^()]{0,60}\)?$|\([^()]{2,50}/\s?[A-ZÀ-ÖØ-Þ][^()/]{1,40}\)\.?$"
)
_LABELLED_END = re.compile(
    r"[^\W\d_][.!?…]['\"”’»)]?\s+\(?[^\W\d_]{2,12}\s?[:：]\s?[^\s\W\d][^.:：!?]{1,50}$"
)  # “… at night. Word: Name”
_INNER_END = re.compile(r"[.!?…]['\"”’»)]?\s+(?=[^\W\d_])")
_QUOTE_OPENS = ("«", "“", '"', "„", "‘", "—", "–", "- ")
_FEW_CELLS = 3  # lines that end in a bar; more of them are a table
_LONGEST_CAPTION = 60  # words


def find_credits(draft: Draft) -> None:
    """Lines that are a credit, and lines that end in one: those are captions."""
    opens, closes = _credit_patterns(draft.phrases.credit_marks)
    _, last = draft.core()
    for at in draft.undecided():
        text, shape = draft.lines[at].text, draft.shapes[at]
        if shape.words > _LONGEST_CAPTION or (at > last >= 0 and draft.phrases.opens("agency", shape.folded)):
            continue
        if draft.lines[at].tag == "figcaption":
            draft.remove(at, "caption", "caption.element")
        elif draft.phrases.is_whole("credit", shape.folded) or (opens.match(shape.folded) and shape.words <= 14):
            draft.remove(at, "credit", "credit.marked")
        elif (
            _RIGHTS_SIGN.match(text)
            and shape.words <= 12
            and not draft.phrases.opens("imprint", shape.folded)
            and not re.search(r"\d{4}", text)
        ):
            draft.remove(at, "credit", "credit.rights-sign")
        elif opens.match(shape.folded):
            draft.remove(at, "caption", "caption.marked")
        elif _closing_credit(closes, text, shape.folded) or (
            draft.likelihood[at] < SURE and (_AGENCY_PHOTO.search(text[-100:]) or _LABELLED_END.search(text[-100:]))
        ):
            draft.remove(at, "caption", "caption.with-credit")


@cache
def _credit_patterns(marks: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A mark that opens a line; a mark before the last words: a name, not the rest of a sentence."""
    return (
        re.compile(rf"[\W_]*{marks}\s*(?:[:：]|/(?=\s?\w))\s*\S"),
        re.compile(rf"(?:^|[\s(\[|/.;–—-])(?:{marks}\s?[:：]\s?|©\s?)(?P<who>[^:：]{{2,70}})$"),
    )


def _closing_credit(closes: re.Pattern[str], text: str, folded: str) -> bool:
    match = closes.search(folded[-110:])
    if not match:
        return False
    who = text.rstrip(" )]")[-len(match["who"].rstrip(" )]")) :]
    return len(who.split()) <= 9 and not who[:1].islower() and not (who.endswith(".") and len(who.split()) > 3)


def find_captions(draft: Draft) -> None:
    """Lines that are captions by what stands beside them: above a credit, in a template, said twice."""
    credits_at = [at for at, verdict in enumerate(draft.verdicts) if verdict is not None and verdict.reason == "credit"]
    usual = _usual_length(draft) if credits_at else 0
    for at in credits_at:
        glued = at + 1 < len(draft.lines) and draft.lines[at + 1].number == draft.lines[at].number
        if glued and draft.lines[at].text[:1] not in "([" and draft.shapes[at + 1].words <= _LONGEST_CAPTION:
            draft.remove(at + 1, "caption", "caption.after-credit")
        elif (above := draft.before(at)) is not None and above == at - 1 and _captions(draft, above, at, usual):
            draft.remove(above, "caption", "caption.above-credit")

    cells = [at for at in draft.undecided() if draft.lines[at].text.endswith("|")]
    for at in draft.undecided():
        text, shape = draft.lines[at].text, draft.shapes[at]
        if (
            at in cells[:_FEW_CELLS]
            and len(cells) <= _FEW_CELLS
            and not looks_like_name(text.rstrip("| "))
            and shape.words <= _LONGEST_CAPTION
        ):
            draft.remove(at, "caption", "caption.table-cell")
        elif draft.phrases.opens("caption", shape.folded) and shape.words <= 30 and draft.likelihood[at] < SURE:
            draft.remove(at, "caption", "caption.opener")
        elif shape.words <= 35 and draft.likelihood[at] < 0.7 and draft.phrases.caption_marks.search(shape.folded):
            draft.remove(at, "caption", "caption.position")
    _find_doubles(draft)
    _find_image_templates(draft)


def _usual_length(draft: Draft) -> float:
    """Words of a paragraph of the body."""
    lengths = [draft.shapes[at].words for at in draft.staying() if draft.is_core(at)]
    return median(lengths) if lengths else 0


def _captions(draft: Draft, above: int, credit: int, usual: float) -> bool:
    """Whether the line above a picture's credit is its caption: one sentence, shorter than the paragraphs, no quote."""
    text, words = draft.lines[above].text, draft.shapes[above].words
    if draft.lines[above].outside != draft.lines[credit].outside:
        return False
    if draft.phrases.opens("agency", draft.shapes[credit].folded) and draft.lines[credit].text[:1] not in "([":
        return False  # a source alone credits the article as well as a picture
    if words > _LONGEST_CAPTION or _INNER_END.search(text) or text.startswith(_QUOTE_OPENS):
        return False
    together = draft.lines[credit].gap == 0 and draft.lines[above].gap > 0
    return together or words <= 12 or words <= 0.85 * usual


def _find_doubles(draft: Draft) -> None:
    """A caption that comes again, with or without its credit; or a sentence twice on end: alternative text, caption."""
    times = Counter(draft.lines[at].text for at in draft.undecided())
    for at, twin in pairwise(list(draft.undecided())):
        text, shape = draft.lines[at].text, draft.shapes[at]
        if text == draft.lines[twin].text and times[text] == 2 and shape.words >= 4 and not shape.prose:
            draft.remove(at, "caption", "caption.twice")
            draft.remove(twin, "caption", "caption.twice")
    known = [
        (normal_form(draft.lines[at].text), draft.shapes[at].words)
        for at, verdict in enumerate(draft.verdicts)
        if verdict is not None and verdict.reason == "caption" and 4 <= draft.shapes[at].words <= _LONGEST_CAPTION
    ]
    if not known:
        return
    for at in draft.undecided():
        words = draft.shapes[at].words
        if not 4 <= words <= _LONGEST_CAPTION + 12:
            continue
        text = normal_form(draft.lines[at].text)
        if any((text in other or other in text) and abs(words - count) <= 12 for other, count in known):
            draft.remove(at, "caption", "caption.again")


def _find_image_templates(draft: Draft) -> None:
    """An image template with a headline under it is a card that leads elsewhere; alone it is a caption."""
    for at in list(draft.undecided()):
        if not _IMAGE_TEMPLATE.search(draft.lines[at].text) or draft.verdicts[at] is not None:
            continue
        below = at + 1
        if below < len(draft.lines) and draft.verdicts[below] is None and not draft.shapes[below].ended:
            draft.remove(at, "related", "related.image-template")
            draft.remove(below, "related", "related.card-headline")
        else:
            draft.remove(at, "caption", "caption.image-template")
