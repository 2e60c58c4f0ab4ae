"""Parameters: what may be asked for, told so exactly that whatever the description allows is answered.

A parameter that is no parameter of the address is refused: a filter with a slip of the pen would give everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from fastapi import Query as Parameter
from pydantic import Field
from starlette.requests import Request

from storage.positions import Position
from storage.query_language import MOST_OPERATORS
from storage.records import Query, Sort
from storage.safe_text import safe_text
from storage.search import question_of
from storage.times import moment
from storage.web.asking import MOST_QUESTIONS
from storage.web.problems import Fault, Problem

_YEAR = "(?:[1-9][0-9]{3})"
_LEAP_YEAR = "(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[2468][048]|[13579][26])00)"
_MONTH = "(?:0[1-9]|1[0-2])"
_DAY = (
    f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    f"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP_YEAR}-02-29)"
)
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"

WHEN = f"^(?:today|yesterday|[0-9]{{1,4}}d|{_YEAR}|{_YEAR}-{_MONTH}|{_DAY}(?:T{_TIME}(?::[0-5][0-9])?{_ZONE}?)?)$"
"""A time as people write it; ``storage.times.moment`` reads all that fits."""

AFTER = (
    rf"^{_DAY}T{_TIME}:[0-5][0-9](?:\.[0-9]{{1,6}})?Z~[0-9a-f]{{16}}"
    r"(?:~(?:-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-][0-9]{1,2})?)?)?(?:~[0-9a-f]{32})?$"
)
"""A ``Position``, as answers give it."""

_BODIES = ("SourceCrawl", "AddressCrawl")  # pydantic tells by which form of a body it tried to read it

TAKES = {
    "q": f"the query language; up to 1,000 characters, of which {MOST_OPERATORS} operators are read as such",
    "source": "the name of a source",
    "language": "a language as articles have it, such as fr",
    "since": "a time: 2026-07-15, 2026-07, 2026-07-15T08:00Z, today, yesterday or 7d; from then on",
    "until": "a time: 2026-07-15, 2026-07, 2026-07-15T08:00Z, today, yesterday or 7d; before it",
    "limit": "a whole number from 1 to 200",
    "after": "a position, as the answer before gave it in next",
    "id": "4 to 16 of the digits 0-9 and a-f",
    "number": "a whole number from 1 on",
    "by": "one of the words that the description lists",
    "sort": "newest, relevance or recent",
}
"""What each parameter takes, in words, where it is the same everywhere."""

Text = Annotated[str | None, Parameter(max_length=1000, description=TAKES["q"])]
Source = Annotated[str | None, Parameter(max_length=64, description=TAKES["source"])]
Language = Annotated[str | None, Parameter(max_length=35, description=TAKES["language"])]
Since = Annotated[str | None, Parameter(pattern=WHEN, max_length=40, description=TAKES["since"])]
Until = Annotated[str | None, Parameter(pattern=WHEN, max_length=40, description=TAKES["until"])]
Limit = Annotated[int, Parameter(ge=1, le=200, description=TAKES["limit"])]
After = Annotated[str | None, Parameter(pattern=AFTER, max_length=150, description=TAKES["after"])]
Sorted = Annotated[Sort, Parameter(description=TAKES["sort"])]
Found = Annotated[
    Literal["article", "sighting"],
    Parameter(description="article, or sighting for each place that showed an article, as it was there"),
]
ArticleId = Annotated[str, Path(pattern="^[0-9a-f]{4,16}$", description=TAKES["id"])]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description=TAKES["number"])]


Questions = Annotated[
    tuple[Annotated[str, Field(max_length=1000)], ...],
    Parameter(max_length=MOST_QUESTIONS, description=f"{TAKES['q']}; up to {MOST_QUESTIONS} are compared"),
]


class Filters:
    """What all questions have in common: what is asked for, and of what."""

    def __init__(
        self, q: Text = None, source: Source = None, language: Language = None, since: Since = None,
        until: Until = None,
    ) -> None:  # fmt: skip
        self.q = q
        self.source = source
        self.language = language
        self.since = since
        self.until = until

    def query(
        self, limit: int | None = None, sort: Sort = "newest", after: str | None = None,
        by: Literal["article", "sighting"] = "article",
    ) -> Query:  # fmt: skip
        """The query."""
        return Query(
            self.q or None, plain(self.source), time_of("since", self.since), time_of("until", self.until),
            plain(self.language), limit, by, sort, position_of(after),
        )  # fmt: skip

    @property
    def notes(self) -> Sequence[str]:
        """What of the words is read otherwise than it looks."""
        return question_of(Query(words=self.q or None)).notes


class Compared(Filters):
    """The same, with further questions."""

    def __init__(
        self, q: Questions = (), source: Source = None, language: Language = None, since: Since = None,
        until: Until = None,
    ) -> None:  # fmt: skip
        first, *others = q or (None,)
        super().__init__(first, source, language, since, until)
        self.versus = tuple(Filters(each, source, language, since, until) for each in others if each)


def plain(text: str | None) -> str | None:
    """A parameter as databases take it; an empty one is none."""
    return (safe_text(text) or "\ufffd") if text else None


def time_of(name: str, said: str | None) -> datetime | None:
    """The time that a parameter says. Raises Problem."""
    if said is None:
        return None
    if (at := moment(said, datetime.now(UTC).date())) is None:
        raise Problem("parameter", errors=[Fault(name, TAKES["since"])])
    return at


def position_of(said: str | None) -> Position | None:
    """The position that a parameter says. Raises Problem."""
    try:
        return None if said is None else Position.read(said)
    except ValueError:
        raise Problem("parameter", errors=[Fault("after", TAKES["after"])]) from None


def only_known(request: Request) -> None:
    """For every route: raises Problem for a parameter that the address does not have, by the description."""
    known = request.app.state.parameters[request.scope["route"].operation_id]
    if unknown := [name for name in dict.fromkeys(request.query_params) if name not in known]:
        there_are = f"there are {', '.join(known)}" if known else "this address takes none"
        raise Problem("parameter", errors=[Fault(name[:80], f"no parameter; {there_are}") for name in unknown[:20]])


def only_json(request: Request) -> None:
    """For every route: raises Problem for a body of another type, such as a form of some page can send."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and kind != "application/json":
        raise Problem("media-type", f"it is {kind[:80] or 'not named'}")


def misread(errors: Sequence[Any]) -> Problem:
    """The problem of what FastAPI could not read. errors: as pydantic tells them."""
    faults = []
    for error in errors:
        where, *path = (str(part) for part in error["loc"] if part not in _BODIES)
        if error["type"] == "json_invalid":
            path = []
        name = ".".join([where, *path] if where == "body" else path) or where
        takes = TAKES.get(name) if error["type"] != "missing" else None
        faults.append(Fault(name, takes or str(error["msg"])))
    return Problem("parameter", errors=list(dict.fromkeys(faults)))
