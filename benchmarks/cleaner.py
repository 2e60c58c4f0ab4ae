"""Copydesk as an extractor: each page judged by the models that have not seen its site."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType

from benchmarks.extractors import Asked, Extractor, Found, html_of
from benchmarks.profiles import profile_of
from pipelines import block_model, clean, line_model
from storage.records import Article, Page
from training.pages import FOLDS, eval_module

FOLD_MODELS = Path(__file__).parents[1] / "training" / "folds"
FETCHED_AT = datetime(2026, 11, 1, tzinfo=UTC)

_MODELS = (("{}.npz", line_model, "LineModel"), ("blocks-{}.npz", block_model, "BlockModel"))


def missing_folds() -> list[str]:
    """Files of fold models that are not there: sites are then judged by a model that has seen them."""
    names = [pattern.format(fold) for pattern, _, _ in _MODELS for fold in range(FOLDS)]
    return [name for name in names if not (FOLD_MODELS / name).is_file()]


@cache
def _loaded(path: Path, module: ModuleType, name: str) -> object:
    return getattr(module, name).load(path)


@contextlib.contextmanager
def unseen(fold: int | None) -> Iterator[None]:
    """Judge by the models that have seen no site of this fold; None: by the shipped ones."""
    with contextlib.ExitStack() as stack:
        for pattern, module, name in _MODELS if fold is not None else ():
            path = FOLD_MODELS / pattern.format(fold)
            if path.is_file():
                stack.enter_context(module.using(_loaded(path, module, name)))
        yield


class Copydesk:
    """The whole path from bytes to record."""

    def __init__(self) -> None:
        for fold in range(FOLDS):
            with unseen(fold):
                pass  # so that no page's time goes into loading

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page, after its siblings."""
        with unseen(asked.fold):
            pages = [page_of(html_of(path), asked.url) for path in asked.siblings]
            return found(clean(page_of(html, asked.url), profile_of(pages)))


class CopydeskFromText:
    """The visible text of the page, without its markup, saved as plain text."""

    def __init__(self) -> None:
        self._copydesk = Copydesk()
        self._visible = eval_module("visible").visible_text

    def find(self, html: bytes, asked: Asked) -> Found:
        """One page."""
        page = Page(None, self._visible(html).encode(), "text/plain; charset=utf-8", FETCHED_AT)
        with unseen(asked.fold):
            return found(clean(page))


OURS: dict[str, type[Extractor]] = {"copydesk": Copydesk, "copydesk, from text": CopydeskFromText}


def page_of(html: bytes, url: str) -> Page:
    """A page as the crawl would hand it over."""
    return Page(url or None, html, "text/html", FETCHED_AT)


def found(result: object) -> Found:
    """What a cleaned page says; a rejected one is empty."""
    if not isinstance(result, Article):
        return Found()
    day = result.published_at.date().isoformat() if result.published_at else None
    return Found(result.text, result.title or "", result.authors, day)
