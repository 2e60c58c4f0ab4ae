"""Admission: how an article enters the archive: a new one among the stories, a version, or one more sighting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, select

from storage import generations, schema
from storage.captures import Capture
from storage.changes import Change, agree, has_collapsed
from storage.copies import Copies
from storage.duplicates import Address, AddressKind, Glance, Known, decide, identity_of, key_of
from storage.placement import Newcomer, Placing
from storage.records import Article, Removed, Saved, Sketch
from storage.rereading import CONTENT
from storage.resemblance import RULE_VERSION
from storage.tray import Head, Tray
from storage.url_key import alias_key, url_key

_AS = {"near": "a near copy of", "contains": "that holds", "contained": "held by"}

_version = schema.version.c


class Admission:
    """Decides on articles, each knowing those before it, and puts their rows on the tray.

    write: has all that waits written, so that the tables have it; ``written`` is called then.
    """

    def __init__(self, connection: Connection, tray: Tray, write: Callable[[], None]) -> None:
        self._connection = connection
        self._tray = tray
        self._write = write
        self._known = Known(connection, write)
        self._copies: Copies | None = None

    def expect(self, coming: Sequence[tuple[str, Article, str | None]]) -> None:
        """Look up in few questions what articles, each with identity and source, may be."""
        self._known.expect([(identity, article) for identity, article, _ in coming])
        strange = [
            (article, source)
            for identity, article, source in coming
            if self._known.is_strange(identity, article) and _can_be_likened(article)
        ]
        if strange:
            self._likened(strange[0][0]).expect([(_sketch(article), source) for article, source in strange])

    def written(self) -> None:
        """The tables have what the tray had: write what follows from it, and forget what was known besides."""
        if self._copies is not None:
            self._copies.write()
        self._known.forget()

    def place(self, capture: Capture, capture_key: str, article: Article) -> Saved:
        """Decide where an article belongs, and put it there."""
        identity = identity_of(capture.url, capture.sha256)
        seen = self._recognise(capture, article, self._known.glance(identity, article))
        decision = decide(article, seen, self._known)
        if capture.cut and decision.outcome == "version":
            why = f"cut off ({capture.cut}): what was kept of {decision.article_id} before stays"
            return Saved("rejected", decision.article_id, decision.story_id or decision.article_id, why)
        article_id = decision.article_id or self._known.free_id(identity, seen)
        story_id, why, number = decision.story_id, decision.why, decision.number
        if decision.outcome == "stored":
            if decision.reused:
                article = replace(article, flags=(*article.flags, "address-reused"))
            placing = self._settle_in(capture, article, article_id)
            story_id = placing.story_id
            why = _told(decision.why, article_id, placing)
        if number is None:
            number = self.put_version(
                capture, capture_key, article, article_id, is_new=decision.article_id is None, change=decision.change
            )
            self._put_aliases(capture, article, article_id)
        elif seen.address is not None and seen.address.is_own and not decision.reused:
            self._see_again(capture, article, article_id, number)
        if seen.is_named:
            self._put_address(identity, article_id, "alias")
        if capture.asked_url and (asked := url_key(capture.asked_url)) and self._known.address(key_of(asked)) is None:
            self._put_address(asked, article_id, "alias")
        is_late = decision.reused and capture.fetched_at < self._tray.head(decision.reused).seen_at
        if decision.outcome in ("stored", "duplicate") and not is_late:
            self._put_address(identity, article_id, "own" if decision.outcome == "stored" else "duplicate")
        self._tray.put(
            schema.sighting, capture_key=capture_key, article_id=article_id, number=number,
            title=article.title, published_at=article.published_at, outcome=decision.outcome,
        )  # fmt: skip
        if self._copies is not None:
            story_id = self._copies.story_of(article_id) or story_id
        return Saved(decision.outcome, article_id, story_id or article_id, why)

    def _settle_in(self, capture: Capture, article: Article, article_id: str) -> Placing:
        """Find a new article its place among the stories."""
        if not _can_be_likened(article):
            return Placing(article_id)
        copies, new = self._likened(article), _newcomer(capture, article, article_id, 1)
        placing = copies.place(new)
        copies.learn(new, placing)
        return placing

    def _likened(self, article: Article) -> Copies:
        """The copies of the generation that stands; the first sketch of an archive begins one."""
        if self._copies is None:
            standing = generations.standing(self._connection)
            if standing is None and article.sketch is not None:
                made_by = RULE_VERSION, article.sketch.version, article.norm_version
                generations.begin(self._connection, 0, *made_by, ended=True)
            self._copies = Copies(self._connection, standing.number if standing else 0)
        return self._copies

    def put_version(
        self,
        capture: Capture,
        capture_key: str,
        article: Article,
        article_id: str,
        *,
        is_new: bool = False,
        came_by: str | None = None,
        change: Change | None = None,
    ) -> int:
        """A new text of an article; its number. It stands for the article unless a later fetch is known already, or
        it is what a wall left of the one before.

        came_by: None for a page as it came. change: what is other in it.
        """
        if is_new:
            number = 1
            head = _head(capture, article, number, capture.fetched_at)
            self._tray.put_article(article_id, head, capture.fetched_at)
        else:
            before = self._tray.head(article_id)
            number = before.last + 1
            is_latest = came_by is not None or capture.fetched_at >= before.seen_at
            if change and change.kind == "collapsed":
                is_latest = False
            seen_at = max(capture.fetched_at, before.seen_at)
            head = _head(capture, article, number, seen_at) if is_latest else replace(before, last=number)
            self._tray.put_head(article_id, head)
        if head.current == number:
            self._tray.put_words(article_id, article.title, article.text, article.authors, article.agency)
        self._known.learn_version(article, article_id, number, capture.url or capture.origin)
        self._tray.put(
            schema.version,
            article_id=article_id,
            number=number,
            capture_key=capture_key,
            url=capture.url,
            source=capture.source,
            fetched_at=capture.fetched_at,
            came_by=came_by,
            **_changed(change),
            **{name: getattr(article, name) for name in CONTENT},
        )
        if removed := article.removed:
            blocks = [_as_row(cut) for cut in removed]
            self._tray.put(schema.removal, article_id=article_id, number=number, blocks=blocks)
        if head.current == number and not is_new:
            self._renew(capture, article, article_id, number, change)
        return number

    def _renew(self, capture: Capture, article: Article, article_id: str, number: int, change: Change | None) -> None:
        """Have an article be found by the text that stands for it now."""
        if _can_be_likened(article):
            copies = self._likened(article)
            self._write()
            new = _newcomer(capture, article, article_id, number)
            copies.renew(new, is_other=change is None or change.kind in ("major", "correction"))

    def _see_again(self, capture: Capture, article: Article, article_id: str, number: int) -> None:
        """A known text at the article's own address: it stands for the article, unless a later fetch showed another,
        or it is what a wall leaves of it."""
        head = self._tray.head(article_id)
        if capture.fetched_at < head.seen_at:
            return
        if number != head.current:
            if has_collapsed(article.words, article.flags, self._known.standing(article_id)):
                return
            self._write()  # the version may wait in the tray
            then = self._connection.execute(
                select(schema.version).where(_version.article_id == article_id, _version.number == number)
            ).one()
            self._tray.put_words(article_id, then.title, then.text, then.authors, then.agency)
            dated_at = then.published_at or then.fetched_at
            facts = Head(number, head.last, capture.fetched_at, dated_at, then.source, then.language, then.agency)
            self._tray.put_head(article_id, facts)
            self._renew(capture, article, article_id, number, None)
            return
        self._tray.put_head(article_id, replace(head, seen_at=capture.fetched_at), is_seen=True)

    def _recognise(self, capture: Capture, article: Article, seen: Glance) -> Glance:
        """What is known of a page from an unknown address that names an article's as its own, and shows its text."""
        canonical = capture.url and article.canonical_url and alias_key(capture.url, article.canonical_url)
        if not canonical or seen.address is not None or seen.copy is not None:
            return seen
        held = self._known.address(key_of(canonical))
        if held is None or not held.is_own or not agree(self._known.standing(held.article_id), article.text):
            return seen
        return replace(seen, address=Address(held.article_id, "alias", held.story_id), is_named=True)

    def _put_aliases(self, capture: Capture, article: Article, article_id: str) -> None:
        """The addresses that the page names as its own; one that two articles name says nothing of either."""
        for named in (article.canonical_url, article.amp_url):
            alias = capture.url and named and alias_key(capture.url, named)
            if not alias:
                continue
            held = self._known.address(key_of(alias))
            if held is None:
                self._put_address(alias, article_id, "alias")
            elif held.kind == "alias" and held.article_id != article_id:
                self._put_address(alias, held.article_id, "shared")

    def _put_address(self, identity: str, article_id: str, kind: AddressKind) -> None:
        key = key_of(identity)
        self._tray.put_address(key, identity, article_id, kind)
        self._known.learn_address(key, Address(article_id, kind))


def _head(capture: Capture, article: Article, number: int, seen_at: datetime) -> Head:
    """The head of an article that its newest version stands for."""
    dated_at = article.published_at or capture.fetched_at
    return Head(number, number, seen_at, dated_at, capture.source, article.language, article.agency)


def _can_be_likened(article: Article) -> bool:
    """Whether it has a text long enough to be a near copy."""
    return article.sketch is not None and bool(article.sketch.anchors)


def _newcomer(capture: Capture, article: Article, article_id: str, number: int) -> Newcomer:
    dated_at = article.published_at or capture.fetched_at
    return Newcomer(article_id, number, _sketch(article), capture.source, dated_at)


def _sketch(article: Article) -> Sketch:
    """The sketch of an article that can be likened."""
    return cast(Sketch, article.sketch)


def _told(why: str, article_id: str, placing: Placing) -> str:
    """Why, with what the article turned out to be."""
    if placing.story_id == article_id:
        return why
    closest = placing.likenesses[0]
    return f"{why}, {_AS[closest.kind]} {closest.other_id}"


def _changed(change: Change | None) -> dict[str, object]:
    """The columns of a version that say what is other in it."""
    told = (
        None
        if change is None
        else (change.kind, change.since, change.added, change.removed, change.numbers, change.names)
    )
    names = "change", "changed_since", "words_added", "words_removed", "numbers_changed", "names_changed"
    return dict(zip(names, told or (None,) * len(names), strict=True))


def _as_row(cut: Removed) -> tuple[object, ...]:
    """A removed block as it is kept: most have no pages, and an archive has millions."""
    row = (cut.start, cut.end, cut.line, cut.text, cut.because, cut.rule, cut.score)
    return row if cut.pages is None else (*row, cut.pages, cut.of_pages)
