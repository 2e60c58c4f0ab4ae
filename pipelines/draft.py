"""Draft: the lines of one input on their way to an article, with what each stage has decided so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.lines import Line, Verdict
from pipelines.phrases import Phrases
from pipelines.shape import Shape
from storage.records import Precision, Reason

SURE = 0.9
"""A line more likely than this to be article is only taken away by a rule that needs no context."""


@dataclass(slots=True)
class Draft:
    """Lines, their shapes and likelihoods, and a verdict each: None for a line that stays.

    furnished: 0 for a text without a page's furniture, 1 for a page saved whole; see ``weigh_furniture``.
    Stages read and fill it in the order that ``clean`` lists; nothing else holds state.
    """

    lines: Sequence[Line]
    shapes: Sequence[Shape]
    likelihood: Sequence[float]
    phrases: Phrases
    verdicts: list[Verdict | None] = field(init=False)
    _core: list[int] = field(init=False)
    _open: list[int] = field(init=False)  # lines that a rule may still take, and some that were taken since
    _protected: set[int] = field(init=False, default_factory=set)
    furnished: float = 0.0
    title: str = ""
    title_at: int | None = None
    authors: tuple[str, ...] = ()
    agency: str | None = None
    dateline: str | None = None
    published_at: datetime | None = None
    published_precision: Precision | None = None

    def __post_init__(self) -> None:
        self.verdicts = [None] * len(self.lines)
        self._open = list(range(len(self.lines)))
        self._core = [at for at in range(len(self.lines)) if self.is_core(at)]

    def remove(self, at: int, reason: Reason, rule: str) -> None:
        """Take line ``at`` out of the text; the first verdict stands."""
        self.dismiss(at, Verdict(reason, rule))

    def dismiss(self, at: int, verdict: Verdict) -> None:
        """The same, with a verdict of an earlier stage."""
        if self.verdicts[at] is None and at not in self._protected:
            self.verdicts[at] = verdict

    def protect(self, at: int) -> None:
        """Have line ``at`` stay, whatever is said of it later."""
        self._protected.add(at)

    def staying(self, start: int = 0, stop: int | None = None) -> Iterator[int]:
        """The lines that still stay, in order."""
        for at in range(start, len(self.lines) if stop is None else stop):
            if self.verdicts[at] is None:
                yield at

    def undecided(self, start: int = 0, stop: int | None = None) -> Iterator[int]:
        """Those of them that a rule may still take."""
        verdicts, protected = self.verdicts, self._protected
        self._open = [at for at in self._open if verdicts[at] is None and at not in protected]
        for at in self._open:
            if start <= at and (stop is None or at < stop) and verdicts[at] is None and at not in protected:
                yield at

    def before(self, at: int) -> int | None:
        """The nearest line before ``at`` that still stays and is not the title."""
        return next((i for i in range(at - 1, -1, -1) if self.verdicts[i] is None and i != self.title_at), None)

    def after(self, at: int) -> int | None:
        """The nearest line after ``at`` that still stays."""
        return next(self.staying(at + 1), None)

    def is_core(self, at: int) -> bool:
        """Whether the line is surely of the body: it reads like prose and the model agrees."""
        likelihood = self.likelihood[at]
        if likelihood < 0.5 or self.lines[at].outside:
            return False
        shape = self.shapes[at]
        return shape.prose or (shape.sentence and likelihood >= 0.8)

    def core(self) -> tuple[int, int]:
        """First and last core line that still stays; (number of lines, -1) where there is none."""
        staying = [at for at in self._core if self.verdicts[at] is None]
        return (staying[0], staying[-1]) if staying else (len(self.lines), -1)
