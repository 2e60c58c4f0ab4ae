"""The names of those who wrote it, out of what pages put into author fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from pipelines.phrases import load_phrases
from pipelines.shape import looks_like_name

_LONGEST = 100  # characters of a name, a title and an affiliation included
_MOST = 30
_JOINT = re.compile(
    r"\s*[;|•·／、]\s*|\s+[/&+]\s+|,\s+(?:and|und|et)\s+|\s+(?:and|und|et|y|e|og|och|en|i|ja|và|ve|dan|и)\s+",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\S*@\S+|\bhttps?:\S+|\bwww\.\S+")
_NAME = re.compile(r"[^{}<>=@#\d]*[^\W\d_][^{}<>=@#\d]*")
_BRACKETED = re.compile(r"\([^()]*\)")


def authors_of(
    sources: Iterable[tuple[str, Sequence[str]]], site: frozenset[str], whole: Collection[str] = ()
) -> tuple[tuple[str, ...], str | None]:
    """The names in the first source that names anyone besides the site itself, and which that is.

    Else those of the first that names anyone. sources: pairs of an origin and its fields. site: the folded names of
    the publication (``fold_name``). whole: names of organisations, in which an “and” joins no two authors.
    """
    own: tuple[tuple[str, ...], str | None] = ((), None)
    for origin, fields in sources:
        listed = [name for value in fields for name in ([value] if value in whole else names_in(value))]
        names = tuple(dict.fromkeys(filter(None, listed)))
        if len(names) > _MOST:
            continue
        people = tuple(name for name in names if not _is_site(name, site))
        if people:
            return people, origin
        own = own if own[0] else (names, origin)
    return own if own[0] else ((), None)


def names_in(value: str) -> list[str]:
    """The names that one field lists, without ``By``, addresses and what stands in brackets.

    A single word behind a comma is a place, a degree or an agency, unless all the names are single words.
    """
    text = _ADDRESS.sub(" ", _BRACKETED.sub(" ", value))
    if opener := load_phrases().opens("byline", text.casefold()):
        text = text[opener.end() :]
    names: list[str] = []
    for part in _JOINT.split(text):
        first, *others = [name.strip(" ,:.-–—\"'") for name in " ".join(part.split()).split(", ")]
        names += [first, *(name for name in others if " " in name or " " not in first)]
    return [name for name in names if len(name) <= _LONGEST and len(name.split()) <= 6 and _NAME.fullmatch(name)]


def byline_names(texts: Iterable[str]) -> tuple[str, ...]:
    """The names of the first text that holds nothing but names."""
    for text in texts:
        names = names_in(text) if len(text) <= _LONGEST else []
        if names and all(map(looks_like_name, names)):
            return tuple(names)
    return ()


def _is_site(name: str, site: frozenset[str]) -> bool:
    """Whether a name is the site's, such as ``Gazette Newsroom`` of the Gazette."""
    words = name.split()
    return any(fold_name("".join(words[: count + 1])) in site for count in range(len(words)))


def fold_name(name: str) -> str:
    """A name for comparing: its letters and digits alone."""
    return "".join(filter(str.isalnum, name.casefold()))
