"""Sketches as bytes, for a column of the database: a tagged form that later versions can still tell apart."""

from __future__ import annotations

import struct

from storage.errors import Damaged
from storage.records import Sketch

_FORM = 1
_HEAD = struct.Struct("<BHIQBII")  # form, sketch version, words, reach, anchors, shingles' bytes, texts' bytes
_HINT = "run `copydesk rebuild`: it makes the sketches again"
_FIELD, _ITEM = "\x1e", "\x1f"


def encode(sketch: Sketch) -> bytes:
    """About 4 bytes a word and 400 besides; ``decode`` gives the same sketch again."""
    lists = (sketch.numbers, sketch.title_numbers, sketch.names)
    texts = _FIELD.join((sketch.language or "", sketch.title_pattern, *map(_ITEM.join, lists)))
    written = texts.encode("utf-8", "surrogatepass")
    sizes = (len(sketch.anchors), len(sketch.shingles), len(written))
    head = _HEAD.pack(_FORM, sketch.version, sketch.words, sketch.reach, *sizes)
    return head + struct.pack(f"<{len(sketch.anchors)}q", *sketch.anchors) + sketch.shingles + written


def decode(data: bytes) -> Sketch:
    """The sketch that ``encode`` wrote. Raises Damaged."""
    try:
        form, version, words, reach, anchors, shingles, texts = _HEAD.unpack_from(data)
        at = _HEAD.size + 8 * anchors
        if form != _FORM or len(data) != at + shingles + texts or shingles % 4:
            raise Damaged(f"sketch: {len(data)} bytes of another form than {_FORM}", _HINT)
        language, pattern, *lists = data[at + shingles :].decode("utf-8", "surrogatepass").split(_FIELD)
        numbers, title_numbers, names = (tuple(each.split(_ITEM)) if each else () for each in lists)
    except (struct.error, ValueError) as error:
        raise Damaged(f"sketch: {len(data)} bytes that are none", _HINT) from error
    return Sketch(
        version,
        language or None,
        words,
        struct.unpack_from(f"<{anchors}q", data, _HEAD.size),
        data[at : at + shingles],
        reach,
        numbers,
        title_numbers,
        pattern,
        names,
    )
