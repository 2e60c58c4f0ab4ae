"""Doors: the question of a page as files, as a command, in Python, and over HTTP. It has one meaning at all of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from storage.records import CountedBy, Query
from storage.web.asking import Asked, Unit

_PIECE = re.compile(r'\S*"[^"]*"\*?|\S+')
_EXPORTS = (("JSON Lines", "jsonl"), ("CSV", "csv"), ("Parquet", "parquet"), ("Atom", "atom"))


def pieces(words: str) -> Sequence[str]:
    """The parts of a question that stand by themselves; a phrase with its operator is one."""
    return _PIECE.findall(words)


def exports(asked: Asked) -> list[tuple[str, str]]:
    """The answers as files."""
    said = asked.without("by", "counts", "sort").parameters()
    return [(title, f"/api/v1/export?{urlencode({'format': form} | said)}") for title, form in _EXPORTS]


def lines(asked: Asked, query: Query) -> list[tuple[str, str]]:
    """A search."""
    sort = None if query.sort == "newest" else query.sort
    said = _filters(asked, query) | ({"sort": sort} if sort else {})
    fields = {"words": query.words, "source": query.source, "since": query.since, "until": query.until,
              "language": query.language, "sort": sort}  # fmt: skip
    written = ", ".join(f"{name}={_python(value)}" for name, value in fields.items() if value is not None)
    parameters = urlencode(({"q": asked.q} if asked.q else {}) | said)
    return [
        ("Command", _command(asked.q, said)),
        ("Python", f"archive.find(Query({written}))"),
        ("HTTP", f"/api/v1/search?{parameters}" if parameters else "/api/v1/search"),
    ]


def comparing_lines(asked: Asked, query: Query, unit: Unit | None) -> list[tuple[str, str]]:
    """A comparison."""
    said = _filters(asked, query)
    by = next((by for by in get_args(CountedBy) if by == unit), "week")
    versus = [word for question in asked.questions[1:] for word in ("--versus", shlex.quote(question))]
    parameters = [*(("q", question) for question in asked.questions), *said.items(), ("by", by)]
    return [
        ("Command", _command(asked.q, said | {"count-by": by}, versus)),
        ("HTTP", f"/api/v1/counts?{urlencode(parameters)}"),
    ]


def watching_line(asked: Asked, query: Query) -> str | None:
    """The command that has new answers told; None where nothing is asked for."""
    words = watched_words(asked, query)
    return " ".join(["copydesk watch add NAME --webhook URL --", *map(shlex.quote, words)]) if words else None


def watched_words(asked: Asked, query: Query) -> list[str]:
    """The whole question in the query language, piece by piece."""
    said = {"source": query.source, "lang": query.language, "since": query.since and asked.since,
            "until": query.until and asked.until}  # fmt: skip
    return [*pieces(asked.q), *(f"{name}:{value}" for name, value in said.items() if value)]


def _filters(asked: Asked, query: Query) -> dict[str, str]:
    """What narrows beside the words."""
    since, until = query.since and asked.since, query.until and asked.until
    named = {"source": query.source, "language": query.language, "since": since, "until": until}
    return {name: value for name, value in named.items() if value}


def _command(words: str, options: dict[str, str], more: Sequence[str] = ()) -> str:
    said = pieces(words)  # each an argument of its own: one with spaces would be a phrase
    given = [f"--{name} {shlex.quote(value)}" for name, value in options.items()]
    dashes = ["--"] if any(piece.startswith("-") for piece in said) else []
    return " ".join(["copydesk search", *given, *more, *dashes, *map(shlex.quote, said)])


def _python(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"datetime.fromisoformat({value.isoformat()!r})"
    return repr(value)
