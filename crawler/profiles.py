"""Briefings: what whoever cleans a page is told of its site, small enough to go along to a worker process."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crawler.errors import BadSource
from crawler.source import Cleaning, Source
from storage import Archive
from storage.errors import Damaged
from storage.records import Article, Page, Rejected

if TYPE_CHECKING:
    from pipelines.profile import SiteProfile
    from pipelines.site_memory import SiteMemory

NO_ADVICE = Cleaning()
_DECODED = 64  # memories that a worker process holds ready

_decoded: OrderedDict[str, SiteMemory] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Memory:
    """What a site has shown, encoded. name: the sha256 of the bytes."""

    name: str
    body: bytes

    @classmethod
    def of(cls, body: bytes) -> Memory:
        """Named after its bytes."""
        return cls(hashlib.sha256(body).hexdigest(), body)


@dataclass(frozen=True, slots=True)
class Briefing:
    """What is known before a page is cleaned; called with a page, it cleans it. Other processes can be given it.

    name: the sha256 of ``body``, by which the archive knows what a page was cleaned with; None where that is nothing.
    """

    advice: Cleaning = NO_ADVICE
    memory: Memory | None = None
    name: str | None = None

    @classmethod
    def of(cls, advice: Cleaning, memory: Memory | None) -> Briefing:
        """Named after what it says: where no user says anything, that is the memory."""
        if advice == NO_ADVICE:
            return cls(advice, memory, memory.name if memory else None)
        told = cls(advice, memory)
        return replace(told, name=hashlib.sha256(told.body or b"").hexdigest())

    @property
    def body(self) -> bytes | None:
        """What ``name`` names; None where nothing is known. ``read`` reads it."""
        if self.advice == NO_ADVICE:
            return self.memory.body if self.memory else None
        said = {
            "memory": self.memory and self.memory.name,
            "remove": self.advice.remove,
            "keep": self.advice.keep,
            "second_opinion": self.advice.second_opinion,
            "parts": dict(self.advice.parts),
        }
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def read(cls, name: str, body_of: Callable[[str], bytes]) -> Briefing:
        """A briefing by its name. body_of: gives bytes by their sha256. Raises what that does, and Damaged."""
        body = body_of(name)
        if not body.startswith(b"{"):
            return cls(NO_ADVICE, Memory(name, body), name)
        try:
            said = json.loads(body)
            memory: str | None = said.get("memory")
            advice = Cleaning(
                tuple(said.get("remove", ())), tuple(said.get("keep", ())), said.get("second_opinion", "auto"),
                tuple(said.get("parts", {}).items()),
            )  # fmt: skip
        except (ValueError, TypeError, AttributeError) as error:
            raise Damaged(f"profile {name}: cannot be read ({error})") from error
        return cls(advice, Memory(memory, body_of(memory)) if memory else None, name)

    def __call__(self, page: Page) -> Article | Rejected:
        """Clean a page."""
        from pipelines.cleaning import clean  # noqa: PLC0415 - it brings the rules along, which workers alone need
        from pipelines.edition import edition  # noqa: PLC0415 - as above

        result = clean(page, self.profile())
        return replace(result, profile=self.name, cleaner=edition())

    def profile(self) -> SiteProfile:
        """As ``clean`` wants it."""
        from pipelines.profile import SiteProfile  # noqa: PLC0415 - as above

        says = SiteProfile(
            remove=self.advice.remove, keep=self.advice.keep, name=self.name,
            second_opinion=self.advice.second_opinion, parts=self.advice.parts,
        )  # fmt: skip
        return replace(says, memory=_memory(self.memory)) if self.memory else says


def _memory(memory: Memory) -> SiteMemory:
    """A memory, decoded once for all the pages that come with it."""
    from pipelines.site_memory import SiteMemory  # noqa: PLC0415 - as above

    if memory.name not in _decoded:
        _decoded[memory.name] = SiteMemory.decode(memory.body)
        if len(_decoded) > _DECODED:
            _decoded.popitem(last=False)
    _decoded.move_to_end(memory.name)
    return _decoded[memory.name]


def advice_of(archive: Archive) -> dict[str, Cleaning]:
    """What the files of the sources say of cleaning, where they say anything, as the archive knows them."""
    advice = {}
    for record in archive.sources.all():
        try:
            source = Source.parse(record.name, record.definition)
        except BadSource:  # an older or newer copydesk wrote it: its pages are cleaned as those of a stranger
            continue
        if source.clean != NO_ADVICE:
            advice[record.name] = source.clean
    return advice
