"""The title of a page: what its headline, its headings and its head agree on, without the name of the site."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipelines.authors import fold_name
from pipelines.page_head import PageHead, tidy
from pipelines.structured_data import Structured

_SEPARATOR = re.compile(r"\s+[-–—|·•:»«/ǀㅣ]+\s+|\s*[|｜：]+\s*|--|\s*::\s*|-(?=[^-]*$)")
_LONGEST = 500

# A heading is what readers see; the rest is written for machines and often altered for them. Any weights in this order
# that let two sources outvote one do about as well.
_HEADING, _OTHER_HEADING, _STRUCTURED, _SHARED, _TITLE, _CLAIMED, _REST = 1.5, 1.05, 1.0, 0.8, 0.5, 0.4, 0.3


def title_of(head: PageHead, structured: Structured, claimed: str | None, site: frozenset[str]) -> str | None:
    """The candidate with the most votes; equal ones vote together. site: folded names of the publication."""
    headings = sorted((text for text in head.headings if fold_name(text) not in site), key=len, reverse=True)
    whole = [
        *((text, _OTHER_HEADING if at else _HEADING) for at, text in enumerate(headings)),
        (tidy(structured.headline), _STRUCTURED),
        (tidy(claimed), _CLAIMED),
    ]
    lengthened = [
        (head.first("og:title"), _SHARED),
        (head.title, _TITLE),
        (head.first("twitter:title"), _REST),
        (head.first("title", "headline", "dc.title"), _REST),
    ]
    known = {fold_name(text) for text, _ in [*whole, *lengthened] if text and text != head.title}
    cut = [(_without_site(text, known - {fold_name(text)}, site), weight) for text, weight in lengthened if text]
    votes: dict[str, float] = {}
    wording: dict[str, str] = {}
    for text, weight in [*whole, *cut]:
        key = fold_name(text)
        if key and key not in site and len(text) <= _LONGEST:
            votes[key] = votes.get(key, 0.0) + weight
            wording.setdefault(key, text)
    return wording[max(votes, key=votes.__getitem__)] if votes else None


def _without_site(text: str, known: Iterable[str], site: frozenset[str]) -> str:
    """A title cut where the rest is the site's name, or where another source ends it."""
    cuts = list(_SEPARATOR.finditer(text))
    for cut in cuts:
        if fold_name(text[: cut.start()]) in known:
            return text[: cut.start()]
    for cut in cuts:
        tail = fold_name(text[cut.end() :])
        if tail in site or (len(tail) > 3 and any(tail in name or name in tail for name in site)):
            return text[: cut.start()]
    return text
