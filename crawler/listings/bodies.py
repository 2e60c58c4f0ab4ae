"""Bodies: the bytes of a listing made text, unpacked and within a limit."""

from __future__ import annotations

import io

from crawler.errors import Unreadable
from crawler.listings.listing import LeftOut
from crawler.readers.gunzip import MAGIC, gunzip
from pipelines.decoding import NotText, decode

_DEFLATE_RATIO = 1_032  # the most that deflate can do: our limit is the size alone
_CHUNK = 256 * 1024


def text_of(body: bytes, content_type: str, most_bytes: int, left_out: LeftOut) -> str:
    """The text of a listing, which may be a gzip file.

    A gzip file that ends early is read up to there, which is noted. Unreadable: ``too-large`` past ``most_bytes``
    (unpacked), ``empty``, ``damaged``, ``not-text``.
    """
    if body.startswith(MAGIC):
        body = _unpacked(body, most_bytes, left_out)
    if len(body) > most_bytes:
        raise Unreadable("too-large", f"larger than {most_bytes:,} bytes, which is the most that is read of a listing")
    if not body.strip():
        raise Unreadable("empty", "there is nothing in it")
    decoded = decode(body, f"text/xml; {content_type}")  # so that a declaration in the markup counts under any label
    if isinstance(decoded, NotText):
        raise Unreadable("not-text", f"{decoded.kind}, not a listing")
    if decoded.damaged:
        left_out["listing with characters that are damaged"] += 1
    return decoded.text


def _unpacked(body: bytes, most_bytes: int, left_out: LeftOut) -> bytes:
    stream = gunzip(io.BytesIO(body), _DEFLATE_RATIO)
    unpacked = bytearray()
    try:
        while len(unpacked) <= most_bytes and (chunk := stream.read1(_CHUNK)):
            unpacked += chunk
    except Unreadable as error:
        if error.reason != "cut" or not unpacked:
            raise
        left_out[f"cut off: {error}"] += 1
    return bytes(unpacked)
