"""The versions page: what became of an article's text, word by word, between any two of its versions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response

from storage.diff import Piece, by_paragraph, diff, is_unchanged
from storage.rereading import Making
from storage.web.front_desk import desk_of
from storage.web.problems import Problem
from storage.web.rendering import page

_PAIR = re.compile(r"([0-9]{1,9})\.\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Passage:
    """Paragraphs in a row that are as they were, or one that is not. number: of the change, from 1; None for none."""

    paragraphs: tuple[tuple[Piece, ...], ...]
    number: int | None


def versions(request: Request) -> Response:
    """The page of all versions, with what the last of them changed; or of the two in the address, ``2..3``."""
    desk = desk_of(request)
    article = desk.archive.get(request.path_params["article"])
    makings = desk.archive.makings(article.id)
    texts = desk.archive.versions(article.id)
    by_number = {making.number: text for making, text in zip(makings, texts, strict=True)}
    pair = _pair(request.path_params.get("pair"), makings)
    before, after = (by_number[number] for number in pair) if pair else (article, article)
    passages = _passages(diff(before.text, after.text)) if pair else []
    return page(
        request, "versions", article=article, makings=makings, since=_since, pair=pair, after=after, passages=passages,
        changes=sum(passage.number is not None for passage in passages),
        titles=diff(before.title, after.title) if before.title != after.title else (),
        making=next((each for each in makings if pair == (_since(each), each.number)), None),
        next_look=None if article.source is None else desk.newsroom.next_run(article.source),
    )  # fmt: skip


def _since(making: Making) -> int:
    """The version that one was compared with."""
    return making.changed_since or making.number - 1


def _pair(said: str | None, makings: Sequence[Making]) -> tuple[int, int] | None:
    """The two versions to be compared. Raises Problem."""
    numbers = {making.number for making in makings}
    if said is None:
        pairs = ((_since(making), making.number) for making in reversed(makings))
        return next((pair for pair in pairs if pair[0] in numbers), None)
    found = _PAIR.fullmatch(said)
    pair = (int(found[1]), int(found[2])) if found else None
    if pair is None or not numbers.issuperset(pair):
        have = f"versions {min(numbers)} to {max(numbers)}" if len(numbers) > 1 else "only one version"
        raise Problem("not-found", f"{said[:40]} are no two versions of this article: it has {have}")
    return pair


def _passages(found: Sequence[Piece]) -> list[Passage]:
    passages: list[Passage] = []
    number = 0
    for same, run in groupby(by_paragraph(found), is_unchanged):
        if same:
            passages.append(Passage(tuple(run), None))
            continue
        for paragraph in run:
            number += 1
            passages.append(Passage((paragraph,), number))
    return passages
