"""Intake: one transaction of saves, from page to decision to rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

from sqlalchemy import Connection, select, update

from storage import generations, ledger, profile_schema, profiles, regrouping, schema
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import Entry
from storage.changes import Change, agree, has_collapsed
from storage.copies import Copies
from storage.duplicates import Address, AddressKind, Glance, Known, decide, identity_of, key_of
from storage.errors import NotFound, StorageError
from storage.learned import Learned
from storage.links import Link, Named, Passed, Postponed, Taught, Validators
from storage.placement import Newcomer, Placing
from storage.records import Article, Failed, FateOutcome, Page, Rejected, Saved, Sketch
from storage.regrouping import Unruly
from storage.rereading import CONTENT, Reread, differences, reread
from storage.resemblance import RULE_VERSION
from storage.rulings import Ruling
from storage.settling import Settlements, owned, postpone
from storage.tray import Head, Tray, capture_key
from storage.url_key import alias_key, url_key

_AT_ONCE = 500  # inputs whose rows are held back
_AS = {"near": "a near copy of", "contains": "that holds", "contained": "held by"}

_version, _capture = schema.version.c, schema.capture.c


class Intake:
    """Decides on pages, each knowing those before it. ``finish`` makes all durable but the commit itself.

    unnamed_run: the run under which saves without one are entered; made when it is needed.
    """

    def __init__(self, connection: Connection, blobs: Blobs, unnamed_run: int | None = None) -> None:
        self.connection = connection
        self.unnamed_run = unnamed_run
        self._blobs = blobs
        self._known = Known(connection, self._write)
        self._copies: Copies | None = None
        self._tray = Tray(connection)
        self._settlements = Settlements(connection)
        self._held: dict[str, bool] = {}
        self._logged: list[Entry] = []
        self._is_whole = True

    def save(self, page: Page, result: Article | Rejected, run: int | None) -> Saved:
        """Keep a page and what became of it."""
        self._enter()
        capture = Capture.of(page, self._blobs.put(page.body), result.profile)
        key = self._tray.put_capture(capture, result.cleaner)
        if isinstance(result, Article):
            saved = self._place(capture, key, result)
            if saved.outcome in ("stored", "version"):  # what was seen before teaches nothing twice
                self._teach(capture, result)
        else:
            saved = Saved("rejected", None, None, f"{result.reason}: {result.detail}")
        self._note(saved.outcome, saved, page.origin, page.url, run, key)
        return self._leave(saved)

    def clean_again(self, page: Page, result: Article | Rejected, run: int | None) -> Saved:
        """See ``Archive.clean_again``."""
        self._enter()
        capture = replace(Capture.of(page, sha256(page.body).hexdigest(), result.profile), again=True)
        key = capture_key(capture)
        self._write()  # what the tables say is to be whole
        found = reread(self.connection, key)
        if found is None:
            saved = Saved("unchanged", None, None, "another text stands for it by now")
        else:
            saved = self._decide_again(found, capture, result)
            self.connection.execute(
                update(schema.capture).where(_capture.key == key).values(profile=result.profile, cleaner=result.cleaner)
            )
        self._note(saved.outcome, saved, page.origin, page.url, run, key)
        return self._leave(saved)

    def _decide_again(self, found: Reread, capture: Capture, result: Article | Rejected) -> Saved:
        if isinstance(result, Rejected):
            stays = f"; {found.article_id} stays as it is" if found.article_id else ""
            return Saved("rejected", found.article_id, found.article_id, f"{result.reason}: {result.detail}{stays}")
        if found.article_id is None:
            saved = self._place(capture, found.key, result)
            if saved.outcome in ("stored", "version"):
                self._teach(capture, result)
        elif other := differences(found.before, result):
            self._put_version(capture, found.key, result, found.article_id, came_by="reprocess")
            why = f"cleaned again: {', '.join(other)} changed"
            saved = Saved("version", found.article_id, found.article_id, why)
        else:
            saved = Saved("unchanged", found.article_id, found.article_id, "cleaned again: the same")
        if found.article_id and found.cleaner is None:
            self._teach(capture, result)  # an old cleaner, which learned nothing, had read it
        if saved.outcome not in ("unchanged", "rejected"):
            self._logged.append(capture)
        return saved

    def settle(
        self,
        link: Link,
        page: Page | None,
        result: Article | Rejected | Failed | Passed,
        named: Sequence[Named] = (),
        otherwise: Sequence[Named] = (),
        validators: Validators | None = None,
        taught: Taught | None = None,
    ) -> Saved | None:
        """See ``Archive.settle``."""
        if not self._holds(link):
            return None
        outcome: FateOutcome
        match result:
            case Article() | Rejected():
                if page is None:
                    raise StorageError(f"{link.url}: an outcome of cleaning needs its page")
                saved = self.save(page, result, link.run)
                outcome = saved.outcome
            case Failed():
                saved = self.fail(result, link.run, listing=link.kind != "article")
                outcome = saved.outcome
            case Passed():
                outcome = result.outcome
                saved = self._pass(link, result)
        self._enter()
        now = datetime.now(UTC)
        self._settlements.put(link, outcome, saved, now, validators)
        if taught is not None and link.source:
            self._settlements.learn(link.source, taught)
        if named or otherwise or link.kind != "article":
            self._settlements.name(link, named, otherwise, now)
        return self._leave(saved)

    def postpone(self, link: Link, postponed: Postponed) -> bool:
        """See ``Archive.postpone``."""
        if not self._holds(link):
            return False
        postpone(self.connection, link, postponed)
        return True

    def expect(self, pages: Sequence[tuple[Page, Article | Rejected]], links: Sequence[Link]) -> None:
        """See ``Archive.expect``."""
        for worker in {link.worker for link in links}:
            keys = [link.key for link in links if link.worker == worker]
            held = owned(self.connection, worker, keys)
            self._held |= {key: key in held for key in keys}
        coming = [
            (identity_of(page.url, sha256(page.body).hexdigest()), page, result)
            for page, result in pages
            if isinstance(result, Article)
        ]
        self._known.expect([(identity, article) for identity, _, article in coming])
        strange = [
            (article, page.source)
            for identity, page, article in coming
            if self._known.is_strange(identity, article) and _can_be_likened(article)
        ]
        if strange:
            self._likened(strange[0][0]).expect([(_sketch(article), source) for article, source in strange])

    def fail(self, failed: Failed, run: int | None, *, listing: bool = False) -> Saved:
        """Note an input that could not be read."""
        self._enter()
        saved = Saved("failed", None, None, f"{failed.reason}: {failed.detail}")
        self._note("failed", saved, failed.origin, failed.url, run, None, listing=listing)
        return self._leave(saved)

    def learn(self, learned: Learned, body: bytes | None) -> bool:
        """Enter a profile; see ``storage.profiles``. body: None for one that the log has already."""
        self._enter()
        self._write()  # the lessons that are part of it
        if body is not None:
            learned = replace(learned, sha256=self._blobs.put(body))
        if is_new := profiles.enter(self.connection, learned, gaps=body is None):
            self._logged += [learned] if body is not None else []
        self._is_whole = True
        return is_new

    def rule(self, ruling: Ruling, *, is_known: bool = False) -> str | None:
        """Carry out what somebody says of stories; the id of the event. is_known: the log has it already, and where
        it changes nothing by now, it is passed over. Raises Unruly and NotFound."""
        self._enter()
        self._write()
        standing = generations.standing(self.connection)
        try:
            event = regrouping.apply(self.connection, ruling, standing.number if standing else 0)
        except (Unruly, NotFound):
            self._is_whole = True  # nothing was changed
            if is_known:
                return None
            raise
        self._logged += [] if is_known else [ruling]
        self._is_whole = True
        return event

    def adopt(self, captures: Iterable[Capture]) -> None:
        """Enter captures that the log has already, so that saving their pages does not log them again."""
        self._enter()
        self._write()
        for capture in captures:
            self._tray.put_capture(capture)
        self._tray.write()
        self._is_whole = True

    def finish(self) -> None:
        """Write what is held back; then bytes and log, so that nothing committed can name bytes that are not there."""
        if not self._is_whole:
            raise StorageError("an earlier save of this batch failed half-way: nothing of the batch is kept")
        self._write()
        if self.unnamed_run is not None:
            ledger.finish_run(self.connection, self.unnamed_run, datetime.now(UTC))
        for entry in self._logged:
            self._blobs.log(entry)
        self._blobs.flush()

    def _holds(self, link: Link) -> bool:
        """Whether the worker still has a lease that ends now. Nobody else writes before this transaction is over."""
        held = self._held.get(link.key)
        self._held[link.key] = False
        return bool(owned(self.connection, link.worker, [link.key])) if held is None else held

    def _enter(self) -> None:
        """From here to ``_leave`` the rows are not whole: an exception in between must not be committed around."""
        if not self._is_whole:
            raise StorageError("an earlier save of this batch failed half-way; an archive serves one thread at a time")
        self._is_whole = False

    def _leave(self, saved: Saved) -> Saved:
        if len(self._tray) >= _AT_ONCE:
            self._write()
        self._is_whole = True
        return saved

    def _write(self) -> None:
        self._logged += self._tray.write()
        if self._copies is not None:
            self._copies.write()
        self._settlements.write()
        self._known.forget()

    def _pass(self, link: Link, passed: Passed) -> Saved:
        """Note a link that brought no page; what it is known by stays."""
        self._enter()
        article_id = link.article_id if passed.outcome == "unchanged" else None
        saved = Saved("unchanged", article_id, article_id, passed.why)
        self._note(passed.outcome, saved, link.found_on, link.url, link.run, None, listing=link.kind != "article")
        return self._leave(saved)

    def _note(
        self,
        outcome: FateOutcome,
        saved: Saved,
        origin: str | None,
        url: str | None,
        run: int | None,
        capture_key: str | None,
        *,
        listing: bool = False,
    ) -> None:
        at = datetime.now(UTC)
        if run is None:
            if self.unnamed_run is None:
                self.unnamed_run = ledger.begin_run(self.connection, "save", None, at)
            run = self.unnamed_run
        key = url and url_key(url)
        self._tray.put(
            schema.fate, run_id=run, at=at, origin=origin, url=url, url_key=key and key_of(key),
            outcome=outcome, why=saved.why, article_id=saved.article_id, capture_key=capture_key, listing=listing,
        )  # fmt: skip

    def _teach(self, capture: Capture, article: Article) -> None:
        """Have what a page teaches wait to be learned."""
        site = profiles.site_of(capture.url)
        if site and article.lesson and len(article.lesson) <= profiles.LARGEST_LESSON:
            self._tray.put(profile_schema.lesson, site=site, body=article.lesson, made_at=datetime.now(UTC))

    def _place(self, capture: Capture, capture_key: str, article: Article) -> Saved:
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
            number = self._put_version(
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
            standing = generations.standing(self.connection)
            if standing is None and article.sketch is not None:
                made_by = RULE_VERSION, article.sketch.version, article.norm_version
                generations.begin(self.connection, 0, *made_by, ended=True)
            self._copies = Copies(self.connection, standing.number if standing else 0)
        return self._copies

    def _put_version(
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
        dated_at = article.published_at or capture.fetched_at
        if is_new:
            number = 1
            head = Head(number, number, capture.fetched_at, dated_at)
            self._tray.put_article(article_id, head, capture.fetched_at)
        else:
            before = self._tray.head(article_id)
            number = before.last + 1
            is_latest = came_by is not None or capture.fetched_at >= before.seen_at
            if change and change.kind == "collapsed":
                is_latest = False
            seen_at = max(capture.fetched_at, before.seen_at)
            head = Head(number, number, seen_at, dated_at) if is_latest else replace(before, last=number)
            self._tray.put_head(article_id, head)
        if head.current == number:
            self._tray.put_words(article_id, article.title, article.text)
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
            blocks = [(cut.start, cut.end, cut.line, cut.text, cut.because, cut.rule, cut.score) for cut in removed]
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
            title, text, published_at, fetched_at = self.connection.execute(
                select(_version.title, _version.text, _version.published_at, _version.fetched_at).where(
                    _version.article_id == article_id, _version.number == number
                )
            ).one()
            self._tray.put_words(article_id, title, text)
            head = replace(head, current=number, dated_at=published_at or fetched_at)
            self._tray.put_head(article_id, replace(head, seen_at=capture.fetched_at))
            self._renew(capture, article, article_id, number, None)
            return
        self._tray.put_head(article_id, replace(head, seen_at=capture.fetched_at))

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
