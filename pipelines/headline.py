"""The headline: found, given its own field, and taken out of the text wherever it stands."""

from __future__ import annotations

import re

from pipelines.draft import Draft
from pipelines.normalise import normal_form

_WORD = re.compile(r"\w{3,}")


def find_title(draft: Draft, claimed: str | None) -> None:
    """Set ``draft.title``: the claimed one, or the line before the body that says most of what the body says."""
    first, _ = draft.core()
    if claimed:
        draft.title = " ".join(claimed.split())
        key = normal_form(claimed)
        draft.title_at = next(
            (
                at
                for at in draft.undecided(stop=min(len(draft.lines), first + 1))
                if _same_title(normal_form(draft.lines[at].text), key)
            ),
            None,
        )
    else:
        candidates = [
            at
            for at in list(draft.staying())[:-1]  # a headline has something under it
            if at < first and 3 <= draft.shapes[at].words <= 45 and not _closed(draft.lines[at].text)
        ]
        if candidates:
            body = {word for at in range(first, min(first + 40, len(draft.lines))) for word in _words(draft, at)}
            scores = {at: _said_again(draft, at, body) for at in candidates}
            best = max(scores.values())
            draft.title_at = next(at for at in candidates if scores[at] >= 0.5 * best)
            draft.title = draft.lines[draft.title_at].text
    if draft.title_at is not None:
        draft.remove(draft.title_at, "title", "title.line")


def find_repeated_title(draft: Draft) -> None:
    """The headline again, alone or with the site's name behind it."""
    key = normal_form(draft.title)
    if len(key) < 12:
        return
    for at in draft.undecided():
        if len(draft.lines[at].text) <= 2 * len(key) and _same_title(normal_form(draft.lines[at].text), key):
            draft.remove(at, "title", "title.repeated")


def _same_title(text: str, key: str) -> bool:
    return text == key or (
        len(key) >= 12 and text.startswith(key) and len(text) <= len(key) + 30 and len(text) <= 1.6 * len(key)
    )


def _closed(text: str) -> bool:
    return text.rstrip("\"'”’»)").endswith((".", ":", ",", ";", "|", "。")) and not text.endswith("...")


def _words(draft: Draft, at: int) -> set[str]:
    return set(_WORD.findall(draft.shapes[at].folded))


def _said_again(draft: Draft, at: int, body: set[str]) -> float:
    """How much of a candidate the body says again; longer candidates say more, up to a headline's length."""
    words = _words(draft, at)
    return (len(words & body) + 0.5) / (len(words) + 1) * min(len(words) + 1, 8)
