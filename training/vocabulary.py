"""The cue words of the model: words that many sites use and that name nobody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from pipelines.line_features import words_of
from training.pages import LabelledPage

SITES = 18  # a word that fewer sites have around their articles says more about those sites than about lines
_NAMES = frozenset({"angeles", "dpa", "kong", "max", "sky", "tom"})  # seldom after another word, so read by eye
_NAME, _SEEN = 0.7, 3  # a name: this share of at least so many uses after an uncapitalised word is capitalised


def cue_words(pages: Iterable[LabelledPage]) -> list[str]:
    """The folded words that ``SITES`` sites have in lines outside the article, sorted; no word written like a name."""
    sites: defaultdict[str, set[str]] = defaultdict(set)
    used: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for page in pages:
        words = words_of(page.lines)
        text = words.codes.tobytes().decode("utf-32-le", "surrogatepass")
        before = (-1, True)
        for start, end, line, big in zip(
            *(a.tolist() for a in (words.starts, words.ends, words.lines, words.capital)), strict=True
        ):
            word = text[start:end]
            if not page.labels[line]:
                sites[word].add(page.site)
            if before == (line, False):
                used[word] += 1
                capital[word] += big
            before = (line, big)
    names = _NAMES | {word for word, uses in used.items() if uses >= _SEEN and capital[word] >= _NAME * uses}
    return sorted(word for word, seen in sites.items() if len(seen) >= SITES and word not in names)
