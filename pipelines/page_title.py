"""The title of a page: what its headline, its headings and its head agree on, without the name of the site."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from pipelines.authors import fold_name
from pipelines.page_head import PageHead, tidy
from pipelines.structured_data import Structured

_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/ǀㅣ]+\s+|\s*[|｜：]+\s*|--|\s*::\s*|-(?=[^-]*$)")
_WORD = re.compile(r"\w+")
_LONGEST = 500

# A heading is what readers see; the rest is written for machines and often altered for them. A heading that shares no
# word with any of them is of something else on the page.
_HEADING, _OTHER_HEADING, _STRUCTURED, _SHARED, _TITLE, _CLAIMED, _REST = 1.5, 1.05, 1.0, 0.8, 0.5, 0.4, 0.3
_SHORT = 12  # letters: no editors' title is shorter
_KINDRED = 0.2  # share of words that a heading and a title have in common when they are of the same article


def title_of(
    head: PageHead, structured: Structured, claimed: str | None, site: frozenset[str]
) -> tuple[str | None, str | None]:
    """The candidate with the most votes, and the kind of source it is from; equal ones vote together.

    site: folded names of the publication.
    """
    told = [
        (tidy(structured.headline), _STRUCTURED, "json-ld"),
        (tidy(claimed), _CLAIMED, "claims"),
        (head.first("og:title") or "", _SHARED, "meta"),
        (head.title or "", _TITLE, "title"),
        (head.first("twitter:title") or "", _REST, "meta"),
        (head.first("title", "headline", "dc.title") or "", _REST, "meta"),
    ]
    candidates = [*_headings(head.headings, [text for text, *_ in told], site), *told]
    known = {fold_name(text) for text, _, origin in candidates if origin != "title"}
    votes: dict[str, float] = {}
    wording: dict[str, tuple[str, str]] = {}
    keys: dict[str, str] = {}
    for text, weight, origin in candidates:
        bare = _bare(text, () if origin == "heading" else known, site)
        key = fold_name(bare)
        if key and key not in site and len(bare) <= _LONGEST:
            votes[key] = votes.get(key, 0.0) + weight
            wording.setdefault(key, (bare, origin))
            keys.setdefault(text, key)
    if not votes:
        return None, None
    best = max(votes, key=votes.__getitem__)
    shared = keys.get(head.first("og:title") or "", best)
    if best == keys.get(tidy(structured.headline)) == keys.get(head.title or "") and _is_other(shared, best):
        best = shared  # one title went into all the places that search engines read, and the editors wrote another
    return wording[best]


def _is_other(shared: str, best: str) -> bool:
    """Whether the title for sharing is another one, not the same cut short or lengthened."""
    return len(shared) >= _SHORT and not best.startswith(shared) and not shared.startswith(best)


def _headings(texts: Sequence[str], told: Sequence[str], site: frozenset[str]) -> list[tuple[str, float, str]]:
    """The headings with their weights: the one that is most like what the page is called elsewhere counts most."""
    texts = [text for text in texts if fold_name(text) not in site]
    likeness = [max((_likeness(text, other) for other in told if other), default=1.0) for text in texts]
    if not texts:
        return []
    best = max(range(len(texts)), key=lambda at: (likeness[at], len(texts[at])))
    return [
        (text, (_HEADING if at == best else _OTHER_HEADING) if likeness[at] >= _KINDRED else _REST, "heading")
        for at, text in enumerate(texts)
    ]


def _likeness(one: str, other: str) -> float:
    """The share of words that two titles have in common; whether one holds the other, in scripts without spaces."""
    mine, theirs = ({*_WORD.findall(text.casefold())} for text in (one, other))
    if not mine or not theirs:
        return 0.0
    if fold_name(one) in fold_name(other):
        return 1.0
    return len(mine & theirs) / min(len(mine), len(theirs))


def _bare(text: str, known: Collection[str], site: frozenset[str]) -> str:
    """A title without the site's name and without what another source lets go at its end."""
    cuts = list(_SEPARATOR.finditer(text))
    for cut in cuts:
        if fold_name(text[: cut.start()]) in known:
            return text[: cut.start()]
    for cut in cuts:
        tail = fold_name(text[cut.end() :])
        if tail in site or (len(tail) > 3 and any(tail in name or name in tail for name in site)):
            return text[: cut.start()]
    return text
