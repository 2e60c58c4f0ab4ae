"""Funnel: what a run read, from what its places named to what was stored. The figures of each step add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.records import FateOutcome, Run

_UNREAD: tuple[FateOutcome, ...] = ("failed", "set-aside", "refused", "outside", "withdrawn", "pending")
_READ: tuple[FateOutcome, ...] = ("stored", "version", "duplicate", "unchanged", "rejected")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: so many inputs, and into what they part. fate: the outcome whose inputs can be listed."""

    name: str
    number: int
    parts: tuple[Step, ...] = ()
    fate: FateOutcome | None = None
    about: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether the parts make the whole, all the way down."""
        if not self.parts:
            return True
        return self.number == sum(part.number for part in self.parts) and all(part.adds_up for part in self.parts)


def funnel(run: Run) -> Step:
    """The funnel of a run. Of a crawl it begins with what was named, else with what was read."""
    counts = dict(run.counts)
    counts["pending"] = counts.get("pending", 0) + run.pending
    read = _step("fetched" if run.kind == "crawl" else "read well", _READ, counts)
    unread = tuple(Step(fate, number, fate=fate) for fate in _UNREAD if (number := counts.get(fate, 0)))
    parts = (read, *unread)
    if run.kind != "crawl":
        return Step("read", sum(part.number for part in parts), parts)
    new = Step("new", sum(part.number for part in parts), parts)
    known = Step("known", run.known, about="with an outcome from before")
    rest = run.named - run.known - new.number  # decided without a fetch, or named by another run meanwhile
    other = (Step("elsewhere", rest, about="left to another run"),) if rest > 0 else ()
    return Step("named", run.known + new.number + max(0, rest), (known, new, *other))


def _step(name: str, fates: tuple[FateOutcome, ...], counts: Mapping[FateOutcome, int]) -> Step:
    parts = tuple(Step(fate, number, fate=fate) for fate in fates if (number := counts.get(fate, 0)))
    return Step(name, sum(part.number for part in parts), parts)
