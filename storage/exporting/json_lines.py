"""JSON Lines: the record of an article on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from storage.exporting.form import gathered
from storage.exporting.record import record
from storage.records import ArchivedArticle

as_json = json.JSONEncoder(ensure_ascii=False).encode
"""A value as JSON on one line, other scripts as they are."""


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``."""
    return gathered(as_json(record(article)) + "\n" for article in articles)
