"""Shapes: how the addresses of a site look, and which of them are articles. By the address alone; no page is seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from crawler.listings.periods import period_of
from storage.url_key import url_key

Learned = Mapping[str, tuple[int, int]]
"""A shape to how often it was an article, and how often something else."""

NOTHING_LEARNED: Learned = MappingProxyType({})

_PRIOR_WEIGHT = 4  # pages that the look of an address counts for, beside those that were seen

_ENDING = re.compile(r"\.(?:s?html?|php\d?|aspx?|jspx?|cms|ece|do)$", re.IGNORECASE)
_FILE = re.compile(  # what is no page at all
    r"\.(?:pdf|jpe?g|png|gif|webp|avif|svg|ico|mp[34]|m4[av]|webm|zip|g?z|docx?|xlsx?|pptx?|epub|apk|exe|css|js|json"
    r"|xml|rss|atom|txt|csv|ics|woff2?)$",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[a-f])[0-9a-f]{16,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{1,24}")
_PARTED = re.compile(r"[-_+, ]+")
_NUMBER = re.compile(r"[0-9]+")
_LONG_NUMBER = re.compile(r"(?<![0-9])[0-9]{5,}(?![0-9])")
_CODE = re.compile(r"(?<![^\W_])(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{10,}(?![^\W_])", re.IGNORECASE)
_IDENTIFIERS = (_LONG_NUMBER, _UUID, _CODE)
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)  # scripts in which a title has no hyphens

_LISTS = frozenset({  # folders of lists and services, on sites of any language
    *("tag", "tags", "topic", "topics", "category", "categories", "author", "authors", "search", "page", "archive"),
    *("archives", "login", "signin", "register", "signup", "account", "user", "users", "profile", "cart", "checkout"),
    *("feed", "feeds", "rss", "amp", "share", "sharer", "intent", "wp-admin", "wp-content", "wp-json", "wp-login.php"),
    *("thema", "themen", "autor", "autoren", "auteur", "auteurs", "suche", "recherche", "buscar", "busca", "cerca"),
    *("contact", "about", "privacy", "terms", "impressum", "subscribe", "newsletter", "newsletters", "calendar"),
    *("cdn-cgi", "static", "assets", "kategorie", "categorie", "categoria", "etiqueta", "rubrik", "rubrique"),
})  # fmt: skip
_ASKED = frozenset({"q", "s", "query", "search", "keyword", "keywords", "page", "paged", "sort", "order", "filter"})


def shape(url: str) -> str:
    """The look of an address without its host: ``/news/<n4>/<n2>/<slug>.html``.

    Numbers stand by classes of length (``<n2>`` up to two digits, ``<n4>``, ``<n8>``, ``<n>``), titles as ``<slug>``,
    long hexadecimal ids as ``<hex>``, short words as ``<word>``, but for the first one, which is kept. A query counts
    by its name; one of several parameters is ``?<many>``, so that combinations of filters are one shape.
    """
    key = url_key(url)
    if key is None:
        return ""
    path, _, query = key.partition("?")
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    looks = [
        _look(segment, first=number == 0 and (len(segments) > 1 or bool(query)))
        for number, segment in enumerate(segments)
    ]
    parameters = [parameter for parameter in query.split("#")[0].split("&") if parameter]
    asked = "" if not parameters else "?<many>" if len(parameters) > 1 else f"?{_asked(parameters[0])}"
    return "/" + "/".join(looks) + asked


def likelihood(url: str, patterns: tuple[re.Pattern[str], ...] = (), learned: Learned = NOTHING_LEARNED) -> float:
    """How likely the address is an article's, from 0 to 1.

    Patterns decide alone where there are any. Else what was learned of the shape counts, beside how addresses of news
    look anywhere.
    """
    if patterns:
        return float(any(pattern.search(url) for pattern in patterns))
    articles, others = learned.get(shape(url), (0, 0))
    return (_prior(url) * _PRIOR_WEIGHT + articles) / (_PRIOR_WEIGHT + articles + others)


def is_article(url: str, patterns: tuple[re.Pattern[str], ...] = (), learned: Learned = NOTHING_LEARNED) -> bool:
    """Whether the address is rather an article's than not."""
    return likelihood(url, patterns, learned) >= 0.5


def _look(segment: str, *, first: bool) -> str:
    ending = _ENDING.search(segment)
    stem, end = (segment[: ending.start()], ending.group().lower()) if ending else (segment, "")
    if _UUID.fullmatch(stem) or _HEX.fullmatch(stem):
        return f"<hex>{end}"
    if stem.isascii() and stem.isdigit():
        return _number(stem) + end
    parts = _PARTED.split(stem)
    numbers = [part for part in (parts[0], parts[-1]) if part.isascii() and part.isdigit() and len(part) >= 4]
    if len(parts) > 1 and numbers:
        return (f"{_number(parts[0])}-<slug>" if parts[0] == numbers[0] else f"<slug>-{_number(parts[-1])}") + end
    if len(parts) > 2 or len(stem) > 24 or len(_UNSPACED.findall(stem)) > 5:
        return f"<slug>{end}"
    if _NUMBER.search(stem):
        return _NUMBER.sub(lambda match: _number(match.group()), stem[:24]) + end
    return (stem.lower() if first else "<word>") + end


def _number(digits: str) -> str:
    return next((f"<n{most}>" for most in (2, 4, 8) if len(digits) <= most), "<n>")


def _asked(parameter: str) -> str:
    name, _, value = parameter.partition("=")
    return f"{name[:24].lower()}={_look(unquote(value), first=False)}" if value else name[:24].lower()


def _prior(url: str) -> float:
    """How likely an address is an article's by its look, for a site of which nothing is known."""
    key = url_key(url)
    if key is None:
        return 0.0
    path, _, query = key.partition("?")
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    names = {parameter.partition("=")[0].lower() for parameter in query.split("&") if parameter}
    if (not segments and not query) or _FILE.search(path) or names & _ASKED:
        return 0.05
    last = segments[-1] if segments else ""
    ending = _ENDING.search(last)
    stem = last[: ending.start()] if ending else last
    parts = [part for part in _PARTED.split(stem) if part]
    titled = len(parts) >= 4 or len(_UNSPACED.findall(stem)) > 8
    numbered = any(identifier.search(stem) for identifier in _IDENTIFIERS) or bool(_LONG_NUMBER.search(query))
    dated = period_of(f"https://x/{'/'.join(segments[:-1])}/") is not None
    if any(segment.lower() in _LISTS for segment in segments[:-1]) and not (numbered and (titled or dated)):
        return 0.1
    if last.lower() in _LISTS or (stem.isdigit() and len(stem) <= 4 and not ending):
        return 0.1
    score = 0.9 if titled or numbered else 0.3
    if dated and len(parts) >= 2:
        score = 0.95
    elif ending and len(segments) >= 2 and len(parts) >= 2:
        score = max(score, 0.7)
    elif len(parts) == 3:
        score = max(score, 0.5)
    return score
