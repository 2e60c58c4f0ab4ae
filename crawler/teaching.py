"""Teaching: a person looks at pages of a source as they are cleaned, and says what is wrong about single blocks.

A correction is the beginning of a line in the source's file, where it counts for all pages and before every rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from crawler.catalogue import advise
from crawler.outlets import record_of
from crawler.profiles import Briefing
from crawler.site_desk import SiteDesk
from crawler.source import Source
from storage import Archive
from storage.errors import Damaged, NotFound
from storage.records import Article, Block, Page, Query, Rejected, Removed

Verb = Literal["keep", "remove"]

_LONGEST_LINE = 80  # characters of a block that stand for it
_ORDER = re.compile(r"([kr])\s+(\d+(?:\s*-\s*\d+)?(?:[\s,]+\d+(?:\s*-\s*\d+)?)*)")
_RANGE = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it is cleaned now."""

    page: Page
    result: Article | Rejected

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Its blocks, kept and removed; none of a rejected page."""
        return self.result.blocks if isinstance(self.result, Article) else ()


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of a page: these blocks, counted from 1, are to be kept, or removed."""

    verb: Verb
    numbers: tuple[int, ...]


def read_correction(said: str, blocks: int) -> Correction:
    """``k 12``, ``r 7``, ``k 3-5 8``. Raises ValueError, whose words say what is wrong.

    blocks: how many the page has.
    """
    if not (order := _ORDER.fullmatch(said.strip())):
        raise ValueError("write k 12 to keep a block, r 7 or r 7-9 to remove some, n for the next page, q to end")
    numbers: list[int] = []
    for first, last in _RANGE.findall(order[2]):
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= blocks:
            raise ValueError(f"blocks are counted from 1 to {blocks}: {first}{'-' + last if last else ''} is none")
        numbers += range(low, high + 1)
    return Correction("keep" if order[1] == "k" else "remove", tuple(dict.fromkeys(numbers)))


def line_of(text: str) -> str:
    """What stands for a block in a source's file: its beginning, whole words."""
    line = " ".join(text.split())
    if len(line) <= _LONGEST_LINE:
        return line
    return line[: _LONGEST_LINE + 1].rpartition(" ")[0] or line[:_LONGEST_LINE]


class Teaching:
    """Corrections to one source. folder: of the catalogue."""

    def __init__(self, archive: Archive, folder: Path, source: Source) -> None:
        self.source = source
        self._archive = archive
        self._folder = folder
        self._sites = SiteDesk(archive, keeps=False)

    def kept_pages(self, most: int) -> tuple[Page, ...]:
        """The latest pages of the source that the archive has the bytes of."""
        found: list[Page] = []
        for article in self._archive.find(Query(source=self.source.name, limit=None)):
            try:
                found.append(self._archive.page(article.id))
            except (Damaged, NotFound):
                continue
            if len(found) == most:
                break
        return tuple(found)

    def kept_page(self, url: str) -> Page | None:
        """The page of an address, from the archive; None where it has none."""
        for fate in self._archive.fates(url):
            if fate.article_id:
                try:
                    return replace(self._archive.page(fate.article_id), source=self.source.name)
                except (Damaged, NotFound):
                    return None
        return None

    def briefing(self, page: Page) -> Briefing:
        """What is known before a page is cleaned, the corrections so far among it."""
        return self._sites.briefing(page, self.source.clean) or Briefing()

    def look(self, page: Page) -> Shown:
        """A page as it is cleaned now, in this process: for pages that went well in one that can be killed."""
        return Shown(page, self.briefing(page)(page))

    def correct(self, shown: Shown, correction: Correction) -> tuple[str, ...]:
        """Note a correction in the source's file; the lines that stand there for its blocks. Raises BadSource."""
        texts = [shown.blocks[number - 1].text for number in correction.numbers]
        return self.note(correction.verb, [line for text in texts if (line := line_of(text))])

    def note(self, verb: Verb, lines: Sequence[str]) -> tuple[str, ...]:
        """Note beginnings of lines in the source's file; it and the archive know them when this returns.

        What the file says to the contrary of the same lines goes. Raises BadSource, and OSError.
        """
        keep, remove = self.source.clean.keep, self.source.clean.remove
        if verb == "keep":
            remove = tuple(old for old in remove if not any(_folded(old) == _folded(line) for line in lines))
            keep = _with(lines, keep)
        else:
            keep = tuple(old for old in keep if not any(_folded(line).startswith(_folded(old)) for line in lines))
            remove = _with(lines, remove)
        self.source = advise(self._folder, self.source.name, remove, keep)
        self._archive.sources.sync([record_of(self.source)])
        return tuple(lines)


def changed(before: Shown, after: Shown) -> tuple[int, int]:
    """How many characters of its text a page lost and won by a correction."""
    was, now = ({(b.start, b.end) for b in shown.blocks if not isinstance(b, Removed)} for shown in (before, after))
    return sum(end - start for start, end in was - now), sum(end - start for start, end in now - was)


def _with(lines: Sequence[str], old: Sequence[str]) -> tuple[str, ...]:
    known = {_folded(line) for line in old}
    return (*(line for line in dict.fromkeys(lines) if _folded(line) not in known), *old)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
