"""Charset labels as the WHATWG Encoding Standard reads them: what a page calls latin1 is windows-1252."""

from __future__ import annotations

import codecs

_SUPERSETS = {  # keyed by Python's name of the codec that the label itself would give
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
_LABELS = {  # labels that browsers know and Python does not
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ks_c_5601-1987": "cp949",
    "windows-949": "cp949",
    "big5-hkscs": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "unicode-1-1-utf-8": "utf-8",
    "utf8mb4": "utf-8",  # what a database calls it, written into pages all the same
}
_REFUSED = {"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-8-sig"}


def codec_name(label: str) -> str | None:
    """Python's codec for a label in a header or page; None where the label names no charset of text."""
    label = label.strip().strip("\"'").lower()
    if not label.isascii() or len(label) > 40:
        return None
    if label in _LABELS:
        return _LABELS[label]
    try:
        codec = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    if not codec._is_text_encoding or codec.name in _REFUSED:  # base64 and the like are codecs too
        return "utf-8" if codec.name == "utf-8-sig" else None
    return _SUPERSETS.get(codec.name, codec.name)
