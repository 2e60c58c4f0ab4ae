"""The language of a text: by its script where that decides, else by its letters; what the page says breaks ties."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_FEW_LETTERS = 40
_PIECE = 300  # characters from the start and as many from the middle decide as well as 2,000 and cost a third
_OPENING, _SURE = 150, 0.9  # characters that say enough where they surely say what the page declares

# scripts that one language of news uses
_SCRIPT = re.compile(
    "(?=[\u0370-\u1fff\u3040-\ud7af])"
    "(?:(?P<el>[\u0370-\u03ff\u1f00-\u1fff])|(?P<hy>[\u0531-\u0587])|(?P<he>[\u05d0-\u05ea])|(?P<pa>[\u0a00-\u0a7f])"
    "|(?P<gu>[\u0a80-\u0aff])|(?P<ta>[\u0b80-\u0bff])|(?P<te>[\u0c00-\u0c7f])|(?P<kn>[\u0c80-\u0cff])"
    "|(?P<ml>[\u0d00-\u0d7f])|(?P<si>[\u0d80-\u0dff])|(?P<th>[\u0e00-\u0e7f])|(?P<lo>[\u0e80-\u0eff])"
    "|(?P<my>[\u1000-\u109f])|(?P<ka>[\u10a0-\u10ff])|(?P<km>[\u1780-\u17ff])|(?P<ja>[\u3040-\u30ff])"
    "|(?P<ko>[\u1100-\u11ff\uac00-\ud7af]))"
)
_SCRIPT_SHARE = 0.3  # kana are about half of a Japanese text

_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
_SAME = {  # other codes of a language, and country codes that pages take for one
    other: code
    for code, others in {
        "ar": "ara arz ary",
        "cs": "ces cz",
        "da": "dan dk",
        "de": "deu ger",
        "el": "ell gr grc",
        "en": "eng",
        "es": "spa",
        "fr": "fra fre",
        "he": "heb hbo iw",
        "id": "ind in",
        "it": "ita",
        "ja": "jpn jp",
        "ko": "kor",
        "nl": "nld dut",
        "no": "nor nb nob nn nno",
        "pl": "pol",
        "pt": "por",
        "ru": "rus",
        "sr": "srp sh",
        "tl": "fil",
        "tr": "tur",
        "uk": "ukr ua",
        "uz": "uzs",
        "vi": "vie vn",
        "zh": "zho chi cmn yue wuu cn",
    }.items()
    for other in others.split()
}
_NONE = frozenset({"und", "mul", "mis", "zxx", "xx", "xxx"})


def language_of(text: str, hint: str | None = None) -> str | None:
    """The ISO 639 code of a text's language, such as ``vi``; None where neither text nor ``hint`` tells.

    hint: what the page declares, as any BCP 47 tag. It stands where the text is too short to judge, and between
    languages that the text fits almost alike. All written forms of Norwegian are ``no``.
    """
    hint = language_code(hint)
    if hint and len(text) > 2 * _PIECE and _opens_in(hint, text[:_OPENING]):
        return hint
    sample = text if len(text) <= 2 * _PIECE else f"{text[:_PIECE]} {text[len(text) // 2 :][:_PIECE]}"
    letters = sum(map(str.isalpha, sample))
    scripts = [match.lastgroup for match in _SCRIPT.finditer(sample)]
    if len(scripts) > _SCRIPT_SHARE * letters:
        return max(sorted(set(filter(None, scripts))), key=scripts.count)
    if letters < _FEW_LETTERS:
        return hint
    likely: dict[str | None, float] = {}
    for code, share in _identifier().rank(sample):
        likely.setdefault(language_code(code), share)
    best = max(likely, key=likely.__getitem__)
    if hint and (likely.get(hint, 0.0) > likely[best] / 4 or (hint not in likely and likely[best] < 0.5)):
        return hint
    return best or hint


def _opens_in(code: str, opening: str) -> bool:
    if _SCRIPT.search(opening):
        return False
    likeliest, share = _identifier().rank(opening)[0]
    return share > _SURE and language_code(likeliest) == code


@lru_cache(maxsize=1024)
def language_code(tag: str | None) -> str | None:
    """The language of a BCP 47 tag, normalised (``vi-VN`` is ``vi``); None for anything else."""
    match = _TAG.fullmatch(tag.strip()) if tag else None
    if match is None:
        return None
    code = match[1].lower()
    return None if code in _NONE else _SAME.get(code, code)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - its model takes half a second to load

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
