"""Related articles: lines that lead away, by a mark, by words such as “read also”, or under a heading that says so."""

from __future__ import annotations

import re

from pipelines.draft import SURE, Draft

_POINTER = re.compile(r"^\s*(?:>{1,3}|»|›|►|▶|▸|▷|→|➤|➜|➔|☛|👉|🔴|■|\+\+)\s*\S")
# “READ TOO: …” in any language: a label in capitals, or in the brackets of East Asian pages, before a headline
_SHOUTED = re.compile(r"^\W*(?P<label>[^\W\d_]{3,}(?:\s[^\W\d_]{2,}){0,3})\s?(?::|>|»|\|)\s?\S|^【[^【】]{2,12}】\s*\S")
_AFTER_LABEL = frozenset({":", "：", "|", ">", "»", "–", "—", "-"})
_DOUBTED = 0.7
_LONGEST_HEADLINE = 32  # words
_MOST_LISTED = 25  # lines under one heading


def find_related(draft: Draft) -> None:
    """Lists of related articles under a heading; pointers, openers and labels."""
    for at in draft.undecided():
        if draft.phrases.is_whole("related", draft.shapes[at].folded):
            _remove_list(draft, at)
    for at in draft.undecided():
        text, shape = draft.lines[at].text, draft.shapes[at]
        if shape.words > _LONGEST_HEADLINE + 10:
            continue
        opener = draft.phrases.opens("related", shape.folded)
        rest = shape.folded[opener.end() :].lstrip() if opener else ""
        doubtful = draft.likelihood[at] < SURE
        if _POINTER.match(text) and (doubtful or (text.startswith((">>", "►")) and not shape.sentence)):
            draft.remove(at, "related", "related.pointer")
        elif opener and rest[:1] in _AFTER_LABEL and rest[1:].strip() and (doubtful or not shape.ended):
            draft.remove(at, "related", "related.opener")
        elif (
            opener
            and doubtful
            and " " in opener.group().strip()
            and not shape.ended
            and shape.words <= _LONGEST_HEADLINE
        ):
            draft.remove(at, "related", "related.opener")
    first, last = draft.core()
    for at in draft.undecided(first, last + 1):
        shouted = _SHOUTED.match(draft.lines[at].text)
        is_label = shouted and (not shouted["label"] or shouted["label"].isupper())
        if is_label and draft.likelihood[at] < _DOUBTED and not draft.shapes[at].sentence:
            draft.remove(at, "related", "related.label")


def _remove_list(draft: Draft, heading: int) -> None:
    """The heading, and the headlines under it up to the next sentence of the article."""
    _, last = draft.core()
    draft.remove(heading, "related", "related.heading")
    for listed, at in enumerate(draft.staying(heading + 1)):
        shape = draft.shapes[at]
        # Within the body a set-apart line may be the next subhead: only what stands close belongs to the list.
        apart = draft.lines[at].outside != draft.lines[heading].outside or (
            at < last and draft.lines[at].gap > draft.lines[heading + 1].gap
        )
        if (
            listed >= _MOST_LISTED
            or apart
            or shape.words > _LONGEST_HEADLINE
            or draft.is_core(at)
            or (shape.sentence and at < last)
        ):
            return
        draft.remove(at, "related", "related.listed")
