"""Relinking: every article of the archive likened again by the newest rule, sketch and normal form."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.fingerprint import content_key
from pipelines.normalise import NORM_VERSION
from pipelines.sketch import SKETCH_VERSION, sketch
from storage import Archive
from storage.relinking import Sketched, Unlinked
from storage.resemblance import RULE_VERSION

MADE_BY = RULE_VERSION, SKETCH_VERSION, NORM_VERSION
"""The versions of rule, sketch and normal form that links are made by now."""

_AT_ONCE = 200  # articles in one transaction


@dataclass(slots=True)
class Relinked:
    """What came of it. articles: decided on by this run, by ones before it not counted; copies: of these."""

    articles: int = 0
    copies: int = 0
    seconds: float = 0.0


def is_outdated(archive: Archive) -> bool:
    """Whether the links that stand were made by an older rule."""
    standing = archive.relinking.standing()
    return standing is not None and standing.made_by != MADE_BY


def relink(archive: Archive, advance: Callable[[int], None], versions: tuple[int, int, int] = MADE_BY) -> Relinked:
    """Make the next generation of links, or go on with it, and have it take over. What was committed stays.

    versions: of rule, sketch and normal form. advance: told of articles done. Raises StorageError.
    """
    started = time.monotonic()
    report = Relinked()
    coming = archive.relinking.begin(*versions)
    while True:
        while some := archive.relinking.left(coming, _AT_ONCE):
            report.copies += archive.relinking.decide(coming, [_sketched(each) for each in some])
            report.articles += len(some)
            advance(len(some))
        if archive.relinking.finish(coming):
            break
    report.seconds = time.monotonic() - started
    return report


def _sketched(article: Unlinked) -> Sketched:
    likened = {article.versions[0].number, article.current}
    return Sketched(
        article,
        {
            each.number: sketch(each.title, each.text, each.language)
            for each in article.versions
            if each.number in likened
        },
        {each.number: (content_key(each.text), content_key(each.title)) for each in article.versions},
    )
