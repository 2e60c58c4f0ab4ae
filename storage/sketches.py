"""Sketches as bytes, for a column of the database: a tagged form that later versions can still tell apart."""

from __future__ import annotations

import struct

from storage.errors import Damaged
from storage.records import Sketch

_FORM = 1
_HEAD = struct.Struct("<BHIQBHHII")  # form, sketch version, words, reach, anchors, numbers, names; bytes of two parts
_HINT = "run `copydesk rebuild`: it makes the sketches again"
_FIELD, _ITEM = "\x1e", "\x1f"


def encode(sketch: Sketch) -> bytes:
    """About 4 bytes a word and 400 besides; ``decode`` gives the same sketch again."""
    lists = (sketch.numbers, sketch.title_numbers, sketch.names)
    texts = _FIELD.join((sketch.language or "", sketch.title_pattern, *map(_ITEM.join, lists)))
    written = texts.encode("utf-8", "surrogatepass")
    sizes = (len(sketch.anchors), len(sketch.numbers), len(sketch.names), len(sketch.shingles), len(written))
    head = _HEAD.pack(_FORM, sketch.version, sketch.words, sketch.reach, *sizes)
    anchors = struct.pack(f"<{len(sketch.anchors)}q", *sketch.anchors)
    return b"".join((head, anchors, sketch.number_slots, sketch.name_slots, sketch.shingles, written))


def decode(data: bytes) -> Sketch:
    """The sketch that ``encode`` wrote. Raises Damaged."""
    try:
        form, version, words, reach, anchor_count, number_count, name_count, *sizes = _HEAD.unpack_from(data)
        if form != _FORM:
            raise Damaged(f"sketch: form {form}, not {_FORM}", _HINT)
        anchors = struct.unpack_from(f"<{anchor_count}q", data, _HEAD.size)
        parts, at = [], _HEAD.size + 8 * anchor_count
        for size in (4 * number_count, 4 * name_count, *sizes):
            parts.append(data[at : at + size])
            at += size
        if at != len(data) or sizes[0] % 4:
            raise Damaged(f"sketch: {len(data)} bytes in place of {at}", _HINT)
        number_slots, name_slots, shingles, texts = parts
        language, pattern, *lists = texts.decode("utf-8", "surrogatepass").split(_FIELD)
        numbers, title_numbers, names = (tuple(each.split(_ITEM)) if each else () for each in lists)
    except (struct.error, ValueError) as error:
        raise Damaged(f"sketch: {len(data)} bytes that are none", _HINT) from error
    return Sketch(
        version,
        language or None,
        words,
        anchors,
        shingles,
        reach,
        numbers,
        title_numbers,
        pattern,
        names,
        number_slots,
        name_slots,
    )
