"""The record of an article as JSON has it: what exports, ``--json`` and the HTTP API give."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import TypeAlias

from storage.records import ArchivedArticle
from storage.times import rfc3339

FIELDS = tuple(field.name for field in fields(ArchivedArticle))
"""The columns of a table and the keys of a JSON object, in their order; the names are stable."""

TIMES = ("published_at", "modified_at", "fetched_at")
LISTS = ("authors", "keywords", "flags")

JsonValue: TypeAlias = str | int | list[str] | dict[str, str] | None

values_of = attrgetter(*FIELDS)
"""The values of an article, in the order of ``FIELDS``."""


def record(article: ArchivedArticle) -> dict[str, JsonValue]:
    """An article for JSON: the keys are ``FIELDS``, times are RFC 3339 in UTC, tuples are lists, origins an object."""
    said = dict(zip(FIELDS, values_of(article), strict=True))
    for name in TIMES:
        if said[name] is not None:
            said[name] = rfc3339(said[name])
    for name in LISTS:
        said[name] = list(said[name])
    said["origins"] = dict(article.origins)
    return said
