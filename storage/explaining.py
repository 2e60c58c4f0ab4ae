"""Explaining: why an article is a copy of another, or only related to it; what they share, sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Connection, select

from storage import schema
from storage.likeness import Likeness, LikenessKind
from storage.regrouping import events
from storage.spread import likenesses
from storage.words import tokens

Role = Literal["copy of", "copied by", "related", "by hand"]
"""What an article is to the other one. by hand: somebody merged their stories."""

MOST_LINKS = 20
"""Links of an article that are explained: the closest."""

_article, _version = schema.article.c, schema.version.c
_SENTENCE = re.compile(r"(?:[^.!?。！？।؟\n]|[.!?](?=[^\s”\"»)\]]))+[.!?。！？।؟”\"»)\]]*")
_FEWEST = 4  # tokens of a sentence that says something
_FLIPPED: dict[LikenessKind, LikenessKind] = {"contains": "contained", "contained": "contains"}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of an article. likeness: with the article first; None where somebody put it there.

    shared: the sentences of the article that stand in the other one too, out of ``sentences``. event: what moved it
    last, if anything did: it can be undone.
    """

    role: Role
    other_id: str
    title: str
    source: str | None
    url: str | None
    likeness: Likeness | None
    shared: tuple[str, ...]
    sentences: int
    event: str | None


def explain(connection: Connection, article_id: str) -> tuple[Link, ...]:
    """The links of an article, the one to the centre of its story first."""
    copy_of = connection.scalar(select(_article.copy_of).where(_article.id == article_id))
    found = [_from(article_id, each) for each in likenesses(connection, article_id)][:MOST_LINKS]
    if copy_of and not any(each.other_id == copy_of and each.is_copy for each in found):
        by_hand: list[tuple[str, Likeness | None]] = [(copy_of, None)]
    else:
        by_hand = []
    pairs = [*by_hand, *((each.other_id, each) for each in found)]
    ids = [id_ for id_, _ in pairs]
    copies = set(connection.scalars(select(_article.id).where(_article.copy_of == article_id, _article.id.in_(ids))))
    standing = [each.id for each in events(connection, article_id) if not each.undone_by and not each.undoes]
    links = []
    for other_id, likeness in pairs:
        role: Role = "copied by" if other_id in copies else "related"
        if other_id == copy_of:
            role = "copy of" if likeness else "by hand"
        links.append(_link(connection, article_id, role, other_id, likeness, next(iter(standing), None)))
    return tuple(sorted(links, key=lambda link: link.role == "related"))


def _link(
    connection: Connection, article_id: str, role: Role, other_id: str, likeness: Likeness | None, event: str | None
) -> Link:
    own = _text(connection, article_id, likeness.number if likeness else None)
    other = _text(connection, other_id, likeness.other_number if likeness else None)
    shared, number = shared_sentences(own.text, other.text)
    return Link(role, other_id, other.title, other.source, other.url, likeness, shared, number, event)


def _text(connection: Connection, article_id: str, number: int | None) -> Any:
    """The version of that number, or the one that stands."""
    asked = select(_version.title, _version.source, _version.url, _version.text).where(
        _version.article_id == article_id
    )
    if number is None:
        asked = asked.join_from(schema.version, schema.article, schema.current)
    else:
        asked = asked.where(_version.number == number)
    return connection.execute(asked).one()


def shared_sentences(text: str, other: str) -> tuple[tuple[str, ...], int]:
    """The sentences of ``text`` that stand in ``other`` too, whatever their case and accents; and how many it has."""
    known = {tuple(words) for _, words in _sentences(other)}
    own = list(_sentences(text))
    return tuple(sentence for sentence, words in own if tuple(words) in known), len(own)


def _sentences(text: str) -> Iterator[tuple[str, list[str]]]:
    for found in _SENTENCE.finditer(text):
        words = tokens(found.group())
        if len(words) >= _FEWEST:
            yield found.group().strip(), words


def _from(article_id: str, likeness: Likeness) -> Likeness:
    """The likeness as seen from an article."""
    if likeness.article_id == article_id:
        return likeness
    return replace(
        likeness, article_id=article_id, other_id=likeness.article_id, number=likeness.other_number,
        other_number=likeness.number, kind=_FLIPPED.get(likeness.kind, likeness.kind),
    )  # fmt: skip
