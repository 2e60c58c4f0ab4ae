"""The cue words of the model: words that many sites use and that name nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


from pipelines.line_features import words_of
from training.pages import LabelledPage

SITES = 14  # a word that fewer sites use says more about those sites than about lines


def cue_words(pages: Iterable[LabelledPage]) -> list[str]:
    """The folded words seen on at least ``SITES`` sites, sorted; names are left out, see ``_lower``."""
    sites: defaultdict[str, set[str]] = defaultdict(set)
    for page in pages:
        words = words_of(page.lines)
        text = words.codes.tobytes().decode("utf-32-le", "surrogatepass")
        for start, end in zip(words.starts.tolist(), words.ends.tolist(), strict=True):
            sites[text[start:end]].add(page.site)
    return sorted(word for word, seen in sites.items() if len(seen) >= SITES and "\x00" not in word)


