"""Intake: one transaction of saves, from page to decision to rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Connection, update

from storage import forgetting, generations, ledger, profile_schema, profiles, rechecks, regrouping, schema, tombstones
from storage.admission import Admission
from storage.blobs import Blobs
from storage.captures import Capture
from storage.captures_log import Entry
from storage.duplicates import identity_of, key_of
from storage.errors import NotFound, StorageError, Unruly
from storage.forgetting import Takedown
from storage.learned import Learned
from storage.links import Link, Named, Passed, Postponed, Taught, Validators
from storage.records import Article, Failed, FateOutcome, Page, Rejected, Saved
from storage.rereading import Reread, differences, reread
from storage.rulings import Ruling
from storage.settling import Settlements, owned, postpone, strip
from storage.tombstones import Forgotten, Tombstones
from storage.tray import Tray, capture_key
from storage.url_key import url_key
from storage.withdrawals import Withdrawal

_AT_ONCE = 500  # inputs whose rows are held back

_capture = schema.capture.c


class Intake:
    """Decides on pages, each knowing those before it. ``finish`` makes all durable but the commit itself.

    unnamed_run: the run under which saves without one are entered; made when it is needed.
    """

    def __init__(self, connection: Connection, blobs: Blobs, unnamed_run: int | None = None) -> None:
        self.connection = connection
        self.unnamed_run = unnamed_run
        self._blobs = blobs
        self._tray = Tray(connection)
        self._admission = Admission(connection, self._tray, self._write)
        self._tombstones = Tombstones(connection)
        self._settlements = Settlements(connection)
        self._held: dict[str, bool] = {}
        self._logged: list[Entry] = []
        self._is_whole = True

    def save(self, page: Page, result: Article | Rejected, run: int | None) -> Saved:
        """Keep a page and what became of it."""
        self._enter()
        if forgotten := self._tombstones.refusal(page, result):
            return self._refuse(page, forgotten, run)
        capture = Capture.of(page, self._blobs.put(page.body), result.profile)
        key = self._tray.put_capture(capture, result.cleaner)
        if isinstance(result, Article):
            saved = self._admission.place(capture, key, result)
            if saved.outcome in ("stored", "version"):  # what was seen before teaches nothing twice
                self._teach(capture, result)
        else:
            saved = Saved("rejected", None, None, f"{result.reason}: {result.detail}")
        self._note(saved.outcome, saved, page.origin, page.url, run, key)
        return self._leave(saved)

    def _refuse(self, page: Page, why: str, run: int | None) -> Saved:
        """Note a page that shows what was forgotten. Of itself nothing is kept."""
        saved = Saved("rejected", None, None, why)
        self._note("rejected", saved, None, page.url, run, None, spelt=False)
        return self._leave(saved)

    def clean_again(self, page: Page, result: Article | Rejected, run: int | None) -> Saved:
        """See ``Archive.clean_again``."""
        self._enter()
        capture = replace(Capture.of(page, sha256(page.body).hexdigest(), result.profile), again=True)
        key = capture_key(capture)
        self._write()  # what the tables say is to be whole
        found = reread(self.connection, key)
        if forgotten := self._tombstones.refusal(page, result):
            stands_for = found.article_id if found else None
            stays = f"; {stands_for} stays as it is" if stands_for else ""
            saved = Saved("rejected", stands_for, stands_for, forgotten + stays)
        elif found is None:
            saved = Saved("unchanged", None, None, "another text stands for it by now")
        else:
            saved = self._decide_again(found, capture, result)
            self.connection.execute(
                update(schema.capture).where(_capture.key == key).values(profile=result.profile, cleaner=result.cleaner)
            )
        self._note(saved.outcome, saved, page.origin, page.url, run, key, spelt=not forgotten)
        return self._leave(saved)

    def _decide_again(self, found: Reread, capture: Capture, result: Article | Rejected) -> Saved:
        if isinstance(result, Rejected):
            stays = f"; {found.article_id} stays as it is" if found.article_id else ""
            return Saved("rejected", found.article_id, found.article_id, f"{result.reason}: {result.detail}{stays}")
        if found.article_id is not None:
            result = replace(result, flags=(*result.flags, *rechecks.flags_of(self.connection, found.article_id)))
        if found.article_id is None:
            saved = self._admission.place(capture, found.key, result)
            if saved.outcome in ("stored", "version"):
                self._teach(capture, result)
        elif other := differences(found.before, result):
            self._admission.put_version(capture, found.key, result, found.article_id, came_by="reprocess")
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
        ask_at: datetime | None = None,
    ) -> Saved | None:
        """See ``Archive.settle``."""
        if not self._holds(link):
            return None
        outcome: FateOutcome
        missed = self._miss(link, result)
        match result:
            case Article() | Rejected():
                if page is None:
                    raise StorageError(f"{link.url}: an outcome of cleaning needs its page")
                saved = self.save(page, result, link.run)
                outcome = saved.outcome
                if self._tombstones.refusal(page, result):
                    strip(self.connection, link)
            case Failed() if missed:
                outcome = "withdrawn" if missed.is_withdrawn else "failed"
                saved = self._give_up(link, result, outcome, missed.why)
            case Failed():
                saved = self.fail(result, link.run, listing=link.kind != "article")
                outcome = saved.outcome
            case Passed():
                outcome = result.outcome
                saved = self._pass(link, result)
        self._enter()
        now = datetime.now(UTC)
        if link.article_id and outcome in ("stored", "version", "unchanged", "duplicate"):
            self._write()  # the version that stands now may wait
            if returned := rechecks.meet(self.connection, link, saved.why, now):
                self._logged.append(returned)
        self._settlements.put(link, outcome, saved, now, validators, (missed and missed.ask_at) or ask_at)
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
        self._tombstones.expect(pages)
        self._admission.expect(
            [
                (identity_of(page.url, sha256(page.body).hexdigest()), result, page.source)
                for page, result in pages
                if isinstance(result, Article)
            ]
        )

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

    def withdraw(self, withdrawal: Withdrawal, run: int) -> bool:
        """Carry out a withdrawal that the log has; whether it changes anything."""
        self._enter()
        self._write()
        is_new = rechecks.restore(self.connection, withdrawal, run, datetime.now(UTC))
        is_gone = withdrawal.kind == "withdrawn"
        if is_new and (is_gone or ledger.last_outcome(self.connection, withdrawal.url) == "withdrawn"):
            saved = Saved("unchanged", withdrawal.article_id, withdrawal.article_id, withdrawal.why)
            self._note("withdrawn" if is_gone else "unchanged", saved, None, withdrawal.url, run, None)
        self._is_whole = True
        return is_new

    def forget(self, what: str, run: int) -> Takedown:
        """See ``Archive.forget``. what: an article's id, or an address. Raises NotFound."""
        self._enter()
        self._write()
        try:
            id_ = forgetting.named(self.connection, what)
        finally:
            self._is_whole = True  # nothing was changed
        self._enter()
        at = datetime.now(UTC)
        if id_ is None:
            forgotten, takedown = forgetting.forget_address(self.connection, what, run, at)
        else:
            forgotten, takedown = forgetting.forget(self.connection, id_, run, at)
        self._logged.append(forgotten)
        self._tombstones = Tombstones(self.connection)
        self._is_whole = True
        return takedown

    def bury(self, forgotten: Sequence[Forgotten]) -> None:
        """Enter what the log says was forgotten."""
        self._enter()
        for each in forgotten:
            tombstones.put(self.connection, each)
        self._tombstones = Tombstones(self.connection)
        self._is_whole = True

    def adopt(self, captures: Iterable[Capture]) -> None:
        """Enter captures that the log has already, so that saving their pages does not log them again."""
        self._enter()
        self._write()
        for capture in captures:
            if not self._tombstones.refuses(capture):
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
        self._settlements.write()
        self._admission.written()

    def _miss(self, link: Link, result: object) -> rechecks.Missed | None:
        """What follows where the page of a known article is gone."""
        if link.article_id is None or not isinstance(result, Failed | Rejected) or not rechecks.is_gone(result):
            return None
        self._enter()
        self._write()
        missed = rechecks.miss(self.connection, link, result, datetime.now(UTC))
        if missed and missed.withdrawal:
            self._logged.append(missed.withdrawal)
        self._is_whole = True
        return missed

    def _give_up(self, link: Link, failed: Failed, outcome: FateOutcome, why: str) -> Saved:
        """Note that the page of a known article is gone."""
        self._enter()
        saved = Saved("failed", link.article_id, link.article_id, why)
        self._note(outcome, saved, failed.origin, failed.url, link.run, None)
        return self._leave(saved)

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
        spelt: bool = True,
    ) -> None:
        """spelt: whether origin and address may be read, not only found by who knows them."""
        at = datetime.now(UTC)
        if run is None:
            if self.unnamed_run is None:
                self.unnamed_run = ledger.begin_run(self.connection, "save", None, at)
            run = self.unnamed_run
        key = url and url_key(url)
        self._tray.put(
            schema.fate, run_id=run, at=at, origin=origin if spelt else None, url=url if spelt else None,
            url_key=key and key_of(key), outcome=outcome, why=saved.why, article_id=saved.article_id,
            capture_key=capture_key, listing=listing,
        )  # fmt: skip

    def _teach(self, capture: Capture, article: Article) -> None:
        """Have what a page teaches wait to be learned."""
        site = profiles.site_of(capture.url)
        if site and article.lesson and len(article.lesson) <= profiles.LARGEST_LESSON:
            self._tray.put(profile_schema.lesson, site=site, body=article.lesson, made_at=datetime.now(UTC))
