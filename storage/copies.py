"""Copies: which article of the archive a new one is a copy of, if of any, and what else it is like.

Stories are stars. A new article is likened to those that share anchors with it; where it is like a copy, it must be
like the article in the centre of that story too, so that no chain of small changes leads from one text to another. The
centre is the earliest of them; when an earlier one comes, and all others are copies of it as well, it becomes the
centre.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select

from storage import schema
from storage.anchors import MOST, SERIES, Anchors, series_hash, short
from storage.likeness import COPIED, Likeness, liken
from storage.placement import Move, Newcomer, Placing, write
from storage.records import Sketch
from storage.sketches import decode
from storage.story_schema import likeness, regrouped, sketch, story_event

MOST_COMPARED = 64
"""Articles that a new one is likened to; those with the most anchors in common."""

MOST_NAMED = 5
"""Related articles that are noted of one; the closest."""

_LARGEST_MOVED = 64  # copies that follow when their story gets another centre
_AT_ONCE = 1_000  # rows that are asked for in one question

_article, _sketch, _likeness = schema.article.c, sketch.c, likeness.c
_regrouped, _event = regrouped.c, story_event.c


@dataclass(slots=True)
class Resident:
    """An article of the archive. texts: the sketches of its first and its current version, by number."""

    article_id: str
    story_id: str
    copy_of: str | None
    dated_at: datetime
    texts: dict[int, Sketch] = field(default_factory=dict)

    @property
    def anchors(self) -> set[int]:
        """The hashes that its texts are found by."""
        return {short(anchor) for text in self.texts.values() for anchor in text.anchors}


class Copies:
    """Articles as one generation has them: the tables, and what this transaction has decided but not written yet.

    is_next: whether the generation is the one that is being made.
    """

    def __init__(self, connection: Connection, generation: int, *, is_next: bool = False) -> None:
        self._connection = connection
        self._generation = generation
        self._is_next = is_next
        self._anchors = Anchors(connection, generation)
        self._found: dict[int, list[int]] = {}  # hash → seqs, of the hashes that were asked for
        self._residents: dict[str, Resident] = {}
        self._ids: dict[int, str] = {}  # of residents, by seq
        self._waiting: dict[int, list[str]] = defaultdict(list)  # hash → articles that the tables do not have
        self._moved: dict[str, tuple[str, str | None]] = {}
        self._learned: list[tuple[Newcomer, Placing]] = []
        self._renewed = "", ""  # the article that was placed anew last, and its story

    def expect(self, coming: Iterable[tuple[Sketch, str | None]]) -> None:
        """Look up what articles, each with its source, may be like, in two questions for all."""
        asked = [_hashes(sketch, source) for sketch, source in coming]
        self._look_up({hash_ for each in asked for hash_ in (*each.asked, *each.series)})
        self._load({seq for each in asked for seq in self._candidates(each.asked)})

    def place(self, new: Newcomer, apart: Collection[str] = ()) -> Placing:
        """Where an article belongs. apart: articles that it was split from."""
        if not new.sketch.anchors:
            return Placing(new.article_id)
        hashes = _hashes(new.sketch, new.source)
        self._look_up({*hashes.asked, *hashes.series})
        is_series = any(self._count(hash_) >= SERIES for hash_ in hashes.series)
        likenesses = self._likenesses(new, hashes, series=is_series)
        for each in likenesses:
            found = None
            if each.is_copy and each.other_id not in apart:
                found = self._centre(new, each, series=is_series)
            if found and found[0].article_id not in apart:
                return self._beside(new, *found, hashes)
        named = [
            replace(each, kind="related", guard="apart" if each.other_id in apart else "centre")
            if each.is_copy
            else each
            for each in likenesses[:MOST_NAMED]
        ]
        return Placing(new.article_id, None, tuple(named), self._postings(hashes))

    def renew(self, new: Newcomer, *, is_other: bool) -> None:
        """Another version stands for an article that the tables have. is_other: so much that it may belong elsewhere.

        An article that is alone is placed anew then; a copy, or what others are copies of, stays in its story.
        """
        known = self.resident(new.article_id)
        if known is not None:
            self._drop(known, new)
        story_id, copy_of, is_alone = self._where(new.article_id)
        if is_alone and (known is None or is_other):
            placing = self.place(new, self.split_from(new.article_id))
        else:
            hashes = _hashes(new.sketch, new.source)
            self._look_up({*hashes.own, *hashes.series})
            centre = self.resident(copy_of) if copy_of else None
            postings = self._postings(hashes, centre.anchors if centre else (), is_copy=centre is not None)
            placing = Placing(story_id, copy_of, (), postings)
        self._enter(new, placing)
        self.write()
        self._renewed = new.article_id, placing.story_id

    def learn(self, new: Newcomer, placing: Placing) -> None:
        """The transaction will write this article where ``placing`` says."""
        resident = Resident(new.article_id, placing.story_id, placing.copy_of, new.dated_at, {new.number: new.sketch})
        self._residents[new.article_id] = resident
        self._enter(new, placing)
        self._moved[new.article_id] = placing.story_id, placing.copy_of
        for move in placing.moved:
            self._moved[move.article_id] = move.story_id, move.copy_of
            if moved := self._residents.get(move.article_id):
                moved.story_id, moved.copy_of = move.story_id, move.copy_of

    def stand_alone(self, article_id: str) -> None:
        """Have an article of the tables be found by all its anchors, since it is a copy no more."""
        if resident := self.resident(article_id):
            seq = next(seq for seq, id_ in self._ids.items() if id_ == article_id)
            self._look_up(resident.anchors)
            self._anchors.add((hash_, seq) for hash_ in resident.anchors if self._count(hash_) < MOST)

    def learn_text(self, other: Newcomer) -> None:
        """Have an article that is learned be found by another of its texts too."""
        known = self._residents[other.article_id]
        hashes = _hashes(other.sketch, None)
        self._look_up(hashes.own)
        postings = self._postings(hashes, known.anchors)
        known.texts[other.number] = other.sketch
        self._enter(other, Placing(known.story_id, known.copy_of, (), postings))

    def write(self) -> None:
        """Write all that was learned; the tables have the articles by now."""
        write(self._connection, self._generation, self._learned, is_next=self._is_next)
        for known in (self._found, self._residents, self._ids, self._waiting, self._moved, self._learned):
            known.clear()

    def resident(self, article_id: str) -> Resident | None:
        """An article; None for one without a sketch."""
        if article_id not in self._residents:
            self._read(_article.id == article_id)
        return self._residents.get(article_id)

    def _enter(self, new: Newcomer, placing: Placing) -> None:
        self._learned.append((new, placing))
        for hash_ in placing.postings:
            self._waiting[hash_].append(new.article_id)

    def story_of(self, article_id: str) -> str | None:
        """The story that an article is put in by this transaction; None where it has not touched it."""
        if article_id in self._moved:
            return self._moved[article_id][0]
        return self._renewed[1] if article_id == self._renewed[0] else None

    # --- who may be like it

    def _look_up(self, hashes: Collection[int]) -> None:
        asked = [hash_ for hash_ in hashes if hash_ not in self._found]
        found = self._anchors.find(asked)
        self._found |= {hash_: found.get(hash_, []) for hash_ in asked}

    def _count(self, hash_: int) -> int:
        return len(self._found[hash_]) + len(self._waiting.get(hash_, ()))

    def _candidates(self, hashes: Sequence[int]) -> list[int]:
        """The articles of the tables with most of the hashes."""
        hits = Counter(seq for hash_ in hashes if self._count(hash_) < MOST for seq in self._found[hash_])
        return sorted(hits, key=lambda seq: (-hits[seq], seq))[:MOST_COMPARED]

    def _likenesses(self, new: Newcomer, hashes: _Hashes, *, series: bool) -> list[Likeness]:
        """What it is to each article that may be like it, the closest first; equal ones as they came."""
        seqs = self._candidates(hashes.asked)
        self._load(seqs)
        telling = (hash_ for hash_ in hashes.asked if self._count(hash_) < MOST)
        waiting = Counter(id_ for hash_ in telling for id_ in self._waiting.get(hash_, ()))
        met = [self._ids[seq] for seq in sorted(seqs) if seq in self._ids]
        met += [id_ for id_ in self._moved if id_ in waiting]  # in the order of their coming
        found = (
            liken((new.article_id, new.number, new.sketch), id_, self._residents[id_].texts, series=series)
            for id_ in dict.fromkeys(met)
            if id_ != new.article_id
        )
        return sorted((each for each in found if each), key=lambda each: each.rank)

    def _centre(self, new: Newcomer, closest: Likeness, *, series: bool) -> tuple[Resident, Likeness] | None:
        """The centre of the story that ``closest`` is of, and what says that the new article belongs there."""
        resident = self._residents[closest.other_id]
        if resident.copy_of is None:
            return resident, closest
        centre = self.resident(resident.copy_of)
        if centre is None:
            return None
        found = liken((new.article_id, new.number, new.sketch), centre.article_id, centre.texts, series=series)
        if found and found.is_copy:
            return centre, found
        return None if self._is_measured(resident.article_id, centre.article_id) else (centre, closest)

    def _is_measured(self, article_id: str, centre: str) -> bool:
        """Whether a copy is known to be like its centre; else somebody put it there, with all that is like it."""
        asked = select(_likeness.kind).where(
            _pair(article_id, centre), _likeness.generation == self._generation, _likeness.kind.in_(COPIED)
        )
        return self._connection.execute(asked).first() is not None or article_id in self._moved

    # --- its place in a story

    def _beside(self, new: Newcomer, centre: Resident, closest: Likeness, hashes: _Hashes) -> Placing:
        """The place in the story around ``centre``: beside it, or in its stead."""
        story_id, own = centre.story_id, self._postings(hashes, centre.anchors, is_copy=True)
        members = self._copies_of(centre) if is_earlier(new.dated_at, centre.dated_at) else None
        if members is None:
            return Placing(story_id, centre.article_id, (closest,), own)
        also: list[Likeness] = []
        for member in members:
            found = liken((member.article_id, *_latest(member)), new.article_id, {new.number: new.sketch})
            if found is None or not found.is_copy:
                return Placing(story_id, centre.article_id, (closest,), own)
            also.append(found)
        moved = (
            Move(new.article_id, story_id, centre.article_id, story_id, None),
            *(Move(each.article_id, story_id, each.copy_of, story_id, new.article_id) for each in (centre, *members)),
        )
        return Placing(story_id, None, (closest,), self._postings(hashes, is_copy=True), moved, tuple(also))

    def _copies_of(self, centre: Resident) -> list[Resident] | None:
        """Its copies; None where there are too many of them to follow another centre."""
        asked = select(self._story_columns()[0]).where(self._story_columns()[1] == centre.story_id)
        ids = list(self._connection.scalars(self._joined(asked).order_by(_article.seq).limit(_LARGEST_MOVED + 1)))
        ids += [id_ for id_, (story_id, _) in self._moved.items() if story_id == centre.story_id]
        found = [self.resident(id_) for id_ in dict.fromkeys(ids)]
        members = [each for each in found if each and each.copy_of == centre.article_id]
        return members if len(members) <= _LARGEST_MOVED else None

    def _postings(self, hashes: _Hashes, others: Collection[int] = (), *, is_copy: bool = False) -> tuple[int, ...]:
        """The hashes to be entered: those that tell something, and that the centre of the story is not found by.

        A series is counted by stories: a copy is no further member.
        """
        own = [hash_ for hash_ in hashes.own if hash_ not in others and self._count(hash_) < MOST]
        series = [] if is_copy else [hash_ for hash_ in hashes.series if self._count(hash_) < SERIES]
        return (*own, *series)

    # --- another text of the same article

    def _drop(self, known: Resident, new: Newcomer) -> None:
        """Take away what the version before was found by, unless it is the first: two texts of an article are known."""
        first = min(known.texts)
        gone = [number for number in known.texts if number not in (first, new.number)]
        kept = {short(anchor) for anchor in (*known.texts[first].anchors, *new.sketch.anchors)}
        seq = next(seq for seq, id_ in self._ids.items() if id_ == known.article_id)
        self._anchors.drop((hash_, seq) for hash_ in known.anchors - kept)
        self._connection.execute(
            delete(sketch).where(
                _sketch.article == seq, _sketch.number.in_(gone), _sketch.generation == self._generation
            )
        )
        for known_of in (self._found, self._residents, self._ids):
            known_of.clear()

    def _where(self, article_id: str) -> tuple[str, str | None, bool]:
        """The story of an article of the tables, what it is a copy of, and whether it is alone in its story."""
        id_, story, copied = self._story_columns()
        asked = self._joined(select(story, copied).where(_article.id == article_id))
        story_id, copy_of = self._connection.execute(asked).one()
        others = self._joined(select(id_)).where(story == story_id).limit(2)
        return story_id, copy_of, len(self._connection.execute(others).all()) == 1

    def split_from(self, article_id: str) -> set[str]:
        """The articles that somebody split from this one, or this one from."""
        undone = select(_event.undoes).where(_event.undoes.is_not(None))
        asked = select(_event.article_id, _event.other_id).where(
            or_(_event.article_id == article_id, _event.other_id == article_id),
            _event.kind == "split", _event.id.not_in(undone),
        )  # fmt: skip
        return {id_ for row in self._connection.execute(asked) for id_ in row} - {article_id}

    # --- reading

    def _load(self, seqs: Collection[int]) -> None:
        asked = iter([seq for seq in seqs if seq not in self._ids])
        while some := list(islice(asked, _AT_ONCE)):
            self._read(_article.seq.in_(some))

    def _read(self, which: ColumnElement[bool]) -> None:
        _, story_id, copy_of = self._story_columns()
        asked = select(
            _article.seq, _article.id, story_id, copy_of, _article.dated_at, _sketch.number, _sketch.body
        ).join(sketch, and_(_sketch.article == _article.seq, _sketch.generation == self._generation))
        for seq, id_, story, copied, dated_at, number, body in self._connection.execute(
            self._joined(asked).where(which)
        ):
            resident = self._residents.get(id_)
            if resident is None:
                story, copied = self._moved.get(id_, (story, copied))  # noqa: PLW2901 - as it will be
                resident = self._residents[id_] = Resident(id_, story, copied, dated_at)
            resident.texts[number] = decode(body)
            self._ids[seq] = id_

    def _story_columns(self) -> tuple[ColumnElement[str], ColumnElement[str], ColumnElement[str | None]]:
        if self._is_next:
            return _article.id, func.coalesce(_regrouped.story_id, _article.id), _regrouped.copy_of
        return _article.id, _article.story_id, _article.copy_of

    def _joined(self, asked: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        return asked.join(regrouped, _regrouped.article_id == _article.id, isouter=True) if self._is_next else asked


def _pair(one: str, other: str) -> ColumnElement[bool]:
    """The likeness of two articles, whichever of them was likened to the other."""
    return or_(
        and_(_likeness.article_id == one, _likeness.other_id == other),
        and_(_likeness.article_id == other, _likeness.other_id == one),
    )


def is_earlier(one: datetime, other: datetime) -> bool:
    """Whether an article is dated before another; a midnight is a date alone, and says no time of that day."""
    if time() in (one.time(), other.time()):
        return one.date() < other.date()
    return one < other


class _Hashes(NamedTuple):
    """What an article is found by, what it asks for besides, and the hash of its series where it may be of one."""

    own: tuple[int, ...]
    asked: tuple[int, ...]
    series: tuple[int, ...]


def _hashes(sketch: Sketch, source: str | None) -> _Hashes:
    series = (series_hash(source, sketch.title_pattern),) if source and sketch.title_pattern else ()
    own = dict.fromkeys(map(short, sketch.anchors))
    return _Hashes(tuple(own), tuple(own | dict.fromkeys(map(short, sketch.probes))), series)


def _latest(resident: Resident) -> tuple[int, Sketch]:
    return max(resident.texts.items())
