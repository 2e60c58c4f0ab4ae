"""Feed cut: the whole entries of an XML feed, as many as a parser may see, in a document that is whole again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crawler.errors import Unreadable
from crawler.listings.listing import LeftOut
from crawler.listings.safe_xml import Document

_MOST_ELEMENTS = 60_000  # feedparser takes 30 to 140 µs for each
_MOST_PIECES = 1_000_000  # expat hands text over anew at each line and reference, 2 µs for each
_LONGEST_TAG = 16_384  # characters; many attributes take it minutes
_MOST_BROKEN = 100  # tags without an end, on which feedparser is slow too
_MOST_DEPTH = 200  # elements within each other; a feed has a dozen, and XHTML in it a few dozen

_PIECE = re.compile(  # whatever does not end goes on to the end of the text, so that nothing is looked for twice
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)"
    r"|<(?P<close>/)?(?P<name>[^\W\d][\w.:-]*+)(?P<rest>(?:\"[^\"]*\"|'[^']*'|[^\"'<>])*+)(?P<end>>)?",
    re.DOTALL,
)
_ENTRIES = frozenset({"item", "entry"})


@dataclass(slots=True)
class _Scan:
    """What was seen of a feed. ends: of the whole entries that may be read. total: of all entries."""

    ends: list[int] = field(default_factory=list)
    channel: str | None = None  # the name of a channel that is open where the entries begin
    total: int = 0
    excess: str | None = None  # what there is too much of to read on


def cut(feed: Document, most_entries: int, left_out: LeftOut) -> str:
    """The feed with its first whole entries alone; what is left out is counted.

    Unreadable: ``cut`` and ``too-large`` where the feed breaks off, or exceeds a limit, before one entry is whole.
    """
    scan = _scan(feed, most_entries)
    if not scan.ends and scan.excess:
        raise Unreadable("too-large", f"{scan.excess} before the end of the first entry")
    if not scan.total:
        return feed.text
    if not scan.ends:
        raise Unreadable("cut", "the feed is cut off within its first entry")
    if scan.total > len(scan.ends):
        kept = f"{len(scan.ends):,} of {scan.total:,} entries"
        left_out[f"cut after {kept}" if scan.excess else f"cut off after entry {len(scan.ends):,}"] += 1
    text = feed.text[: scan.ends[-1]]
    if text.count("\n") + text.count("&") > _MOST_PIECES:
        raise Unreadable("too-large", f"more than {_MOST_PIECES:,} lines and references")
    closing = f"</{scan.channel}>" if scan.channel else ""
    return f"{text}{closing}</{feed.root}>"


def _scan(feed: Document, most_entries: int) -> _Scan:
    scan = _Scan()
    elements = depth = broken = 0
    inside = False
    for piece in _PIECE.finditer(feed.text):
        if not piece["name"]:
            continue
        name = piece["name"].rpartition(":")[2].lower()
        opens, alone = not piece["close"], piece["rest"].endswith("/")
        is_entry = name in _ENTRIES and not alone and bool(piece["end"] or opens)
        scan.total += is_entry and opens
        if scan.excess:
            continue
        if is_entry and inside:  # whether it ends here, or the next begins before it has ended
            scan.ends.append(piece.start() if opens else piece.end())
        if is_entry:
            inside = opens
        if name == "channel" and not scan.total:
            scan.channel = piece["name"] if opens and not alone else None
        elements += opens
        broken += not piece["end"]
        depth += 0 if alone else 1 if opens else -1
        scan.excess = _excess(len(scan.ends) - most_entries, elements, depth, len(piece["rest"]), broken)
    return scan


def _excess(entries: int, elements: int, depth: int, tag: int, broken: int) -> str | None:
    if entries >= 0:
        return "too many entries"
    if elements > _MOST_ELEMENTS:
        return f"more than {_MOST_ELEMENTS:,} elements"
    if depth > _MOST_DEPTH:
        return f"elements nested more than {_MOST_DEPTH} deep"
    if broken > _MOST_BROKEN:
        return f"more than {_MOST_BROKEN:,} tags without an end"
    return f"a tag of more than {_LONGEST_TAG:,} characters" if tag > _LONGEST_TAG else None
