"""Decoding: bytes to text by what is declared, else by what they are; never wrong letters without a word of doubt."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from pipelines.charsets import codec_name


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and how it came to be. charset: Python's name of the codec.

    guessed: the charset was inferred from the letters. damaged: some bytes could not be decoded, or the text holds
    replacement or NUL characters already.
    """

    text: str
    charset: str
    guessed: bool = False
    damaged: bool = False

    @property
    def flags(self) -> tuple[str, ...]:
        """The doubts, as flags of an article."""
        flags = (("charset-guessed", self.guessed), ("charset-damaged", self.damaged))
        return tuple(flag for flag, applies in flags if applies)


@dataclass(frozen=True, slots=True)
class NotText:
    """Bytes that are no text in any charset. kind: what they are instead, for people."""

    kind: str


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SIGNATURES = (
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"RIFF", "a RIFF media file"),
    (b"OggS", "an Ogg media file"),
    (b"ID3", "an MP3 file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
)
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")  # ESC belongs to ISO-2022-JP

_HEADER_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']+)", re.IGNORECASE)
_SEVEN_BITS = re.compile(r"charset\s*=\s*[\"']?utf-?7\b", re.IGNORECASE)  # no browser reads it: it hides scripts
_MARKUP_HEAD = 4096
_MARKUP_CHARSET = re.compile(
    rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})"
    rb"|<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([\w.:+-]{1,40})",
    re.IGNORECASE,
)

_SAMPLE = 32 * 1024
_LIKELY = [  # what news is written in outside Unicode; fewer than all codecs, so that a guess is quick and sane
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1258", "cp874", "koi8_r"),
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
]
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_TAG = re.compile(rb"<[^<>]*>")
_PRINTABLE = bytes(range(0x20, 0x7F))
_KANA = re.compile(r"[\u3041-\u30ff]")
_PLAIN = re.compile(r"[\n\r\t -~\u3000-\u303f\uff00-\uffef]")  # ASCII, and the punctuation of East Asia
_UNUSUAL = re.compile(
    r"[^\n\r\t -~\xa0-\u0fff\u1e00-\u20cf\u2100-\u27bf\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\ufe0f\uff00-\uffef]"
)


def binary_kind(body: bytes) -> str | None:
    """What the bytes are when they are no text, such as ``a PDF document``; None for text. Linear and quick."""
    if body.startswith(tuple(mark for mark, _ in _BYTE_ORDER_MARKS)):
        return None
    for signature, kind in _SIGNATURES:
        if body.startswith(signature):
            return kind
    controls = len(body) - len(body.translate(None, _CONTROLS))
    if controls > 8 and controls * 50 > len(body) and _utf16_order(body) is None:
        return "binary data"
    return None


def decode(body: bytes, content_type: str) -> Decoded | NotText:
    """The text of a page's bytes. content_type: as the server or reader says it, charset parameter included.

    In this order: byte order mark, UTF-16 by its zeros, UTF-8 that is valid or nearly so, the declared charset (header,
    then markup), and a guess from the letters. UTF-8 stands before the declaration because text of another charset is
    practically never valid UTF-8, while wrong declarations are common.
    """
    for mark, charset in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], charset)
    if kind := binary_kind(body):
        return NotText(kind)
    declared = _declared(body, content_type)
    if order := _utf16_order(body):
        return _decoded(body, order, guessed=declared != order)
    if declared == "iso2022_jp":  # all its bytes are ASCII: it would pass for UTF-8
        return _decoded(body, declared)
    if _nearly_utf8(body):
        return _decoded(body, "utf-8", guessed=_SEVEN_BITS.search(content_type) is not None)
    if declared not in {None, "utf-8"} and _fits(body, declared):
        return _decoded(body, declared)
    return _decoded(body, _guess(body), guessed=True)


def _decoded(body: bytes, charset: str, *, guessed: bool = False) -> Decoded:
    text = body.decode(charset, "replace")
    return Decoded(text, charset, guessed, damaged="\ufffd" in text or "\x00" in text)


def _declared(body: bytes, content_type: str) -> str | None:
    if header := _HEADER_CHARSET.search(content_type):
        return codec_name(header[1])
    if found := _MARKUP_CHARSET.search(body, 0, _MARKUP_HEAD) if "ml" in content_type else None:
        charset = codec_name((found[1] or found[2]).decode("ascii"))
        return "utf-8" if charset in {"utf-16-le", "utf-16-be"} else charset  # else this markup could not be read
    return None


def _utf16_order(body: bytes) -> str | None:
    """UTF-16 without a byte order mark betrays itself by zeros, beside the signs that occur in any text."""
    sample = body[:_SAMPLE]
    if b"\x00" not in sample:
        return None
    is_ascii = (len(sample) - len(sample.translate(None, _PRINTABLE))) * 5 > len(sample) * 3  # more than UTF-16 holds
    plainest: tuple[int, str | None] = (len(sample) // 50, None)  # spaces and signs: a twenty-fifth of a text at least
    for order in ("utf-16-le", "utf-16-be"):
        text = sample.decode(order, "replace")
        if is_ascii and len(_KANA.findall(text)) * 5 < len(text):  # the bytes of kana look like ASCII
            continue
        if len(_UNUSUAL.findall(text)) * 50 < len(text):
            plainest = max(plainest, (len(_PLAIN.findall(text)), order), key=lambda found: found[0])
    return plainest[1]


def _nearly_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        letters = len(text) - len(text.encode("ascii", "ignore")) - broken
        return broken < letters  # those of another charset are hardly ever sound UTF-8
    return True


def _fits(body: bytes, charset: str) -> bool:
    text = body.decode(charset, "replace")
    return text.count("\ufffd") * 1000 <= len(text)


def _guess(body: bytes) -> str:
    sample = body
    if len(body) > _SAMPLE and (first := _NON_ASCII.search(body)):  # after ASCII alone a character begins here
        sample = body[first.start() : first.start() + _SAMPLE]
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b" "), sample.rfind(b"<"))]  # no half characters
    best = from_bytes(_TAG.sub(b" ", sample), cp_isolation=_LIKELY).best()
    return (best and codec_name(best.encoding)) or "cp1252"
