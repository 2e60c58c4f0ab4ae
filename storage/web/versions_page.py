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
    """Paragraphs in a row that are all as they were, or one that is not. number: of the change, from 1; None for none."""

    paragraphs: tuple[tuple[Piece, ...], ...]
    number: int | None


def versions(request: Request) -> Response:
    """The page of all versions, with what the last of them changed; or of the two in the address, ``2..3``."""
    desk = desk_of(request)
    article = desk.archive.get(request.path_params["article"])
    makings = desk.archive.makings(article.id)
    texts = desk.archive.versions(article.id)
    pair = _pair(request.path_params.get("pair"), makings)
    shown: dict[str, object] = {"pair": pair, "passages": (), "titles": (), "changes": 0}
    if pair:
        by_number = {making.number: text for making, text in zip(makings, texts, strict=True)}
        before, after = by_number[pair[0]], by_number[pair[1]]
        passages = _passages(diff(before.text, after.text))
        shown |= {
            "passages": passages, "changes": sum(passage.number is not None for passage in passages),
            "titles": diff(before.title, after.title) if before.title != after.title else (), "after": after,
            "making": next((each for each in makings if each.number == pair[1] and _since(each) == pair[0]), None),
        }  # fmt: skip
    return page(
        request, "versions", article=article, makings=makings, since=_since,
        next_look=None if article.source is None else desk.newsroom.next_run(article.source), **shown,
    )  # fmt: skip


def _since(making: Making) -> int:
    """The version that one was compared with."""
    return making.changed_since or making.number - 1


def _pair(said: str | None, makings: Sequence[Making]) -> tuple[int, int] | None:
    """The two versions to be compared. Raises Problem."""
    numbers = {making.number for making in makings}
    if said is None:
        latest = next((making for making in reversed(makings) if _since(making) in numbers), None)
        return latest and (_since(latest), latest.number)
    found = _PAIR.fullmatch(said)
    pair = found and (int(found[1]), int(found[2]))
    if not pair or not numbers.issuperset(pair):
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
