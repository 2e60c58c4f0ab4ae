"""Kinship: which articles must stay in one split, because who has read one knows much of the other.

They are kin if they are of one story or have the same text, if the archive has noted any likeness between them,
``related`` ones and those that a guard or a person spoke against included, and if their sketches say so now: some pairs
are never compared when they come in, such as copies of two centres, and texts with a phrase that is in the archive too
often. Whoever is kin to the same article is kin.

Copies of one text may stand at the ends of a chain: that, too, is one kin, which makes large groups where an archive
holds families of a template. A split that is smaller than asked for is the lesser evil beside one that leaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from sqlalchemy import Connection, and_, select

from storage import generations
from storage.dataset.meeting import Meeting
from storage.records import Sketch
from storage.resemblance import compare
from storage.schema import article
from storage.sketches import decode
from storage.story_schema import likeness, sketch

_KEPT = 4_000  # sketches in memory
_AT_ONCE = 500  # rows in one question


class Kin:
    """Articles in groups, by their places in a list. The first of a group stands for it."""

    def __init__(self, number: int) -> None:
        self._towards = list(range(number))

    def head(self, place: int) -> int:
        """The first article of the group of one."""
        towards = self._towards
        while towards[place] != place:
            towards[place] = place = towards[towards[place]]
        return place

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        first, second = sorted((self.head(one), self.head(other)))
        self._towards[second] = first

    def join_namesakes(self, named: Iterable[object]) -> None:
        """Make one group of all that have the same name; ``named``: the name of each, in order."""
        firsts: dict[object, int] = {}
        for place, name in enumerate(named):
            self.join(firsts.setdefault(name, place), place)


def join_noted(connection: Connection, kin: Kin, ids: Sequence[str]) -> None:
    """Join whose likeness the archive has noted. ids: of the articles, in order."""
    places = {id_: place for place, id_ in enumerate(ids)}
    noted = select(likeness.c.article_id, likeness.c.other_id).where(likeness.c.generation == _standing(connection))
    for one, other in connection.execute(noted.execution_options(yield_per=_AT_ONCE)):
        if one in places and other in places:
            kin.join(places[one], places[other])


def join_alike(
    connection: Connection, kin: Kin, seqs: Sequence[int], done: Callable[[int], None] = lambda _: None
) -> int:
    """Join whose sketches are alike; the number of those that have none. seqs: of the articles, in order.

    done: is told how many articles were looked at since.
    """
    meeting = Meeting()
    known = 0
    for at in range(0, len(seqs), _AT_ONCE):
        some = {seq: place for place, seq in enumerate(seqs[at : at + _AT_ONCE], start=at)}
        for seq, of in _sketches(connection, list(some)):
            meeting.add(some[seq], of)
            known += 1
        done(len(some))

    @lru_cache(maxsize=_KEPT)
    def read(place: int) -> Sketch:
        ((_, of),) = _sketches(connection, [seqs[place]])
        return of

    for one, other in meeting.pairs():
        if kin.head(one) != kin.head(other) and compare(read(one), read(other)).kind != "none":
            kin.join(one, other)
    return len(seqs) - known


def _sketches(connection: Connection, seqs: Sequence[int]) -> Iterator[tuple[int, Sketch]]:
    """The sketches of the texts that stand for articles."""
    asked = (
        select(sketch.c.article, sketch.c.body)
        .join(article, and_(article.c.seq == sketch.c.article, article.c.current == sketch.c.number))
        .where(sketch.c.generation == _standing(connection), article.c.seq.in_(seqs))
        .order_by(article.c.seq)
    )
    for seq, body in connection.execute(asked).all():
        yield seq, decode(body)


def _standing(connection: Connection) -> int:
    found = generations.standing(connection)
    return found.number if found else 0
