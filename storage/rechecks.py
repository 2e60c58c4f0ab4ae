"""Rechecks: known articles that are due to be looked at again; those whose page is gone, and those that are back.

That a page is gone is believed when it is found so twice, an hour apart, while another article of its host came.
The article stays, with the flag ``withdrawn`` and the time at which its page was first missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from storage import change_log, crawl_schema, schema
from storage.captures import claims_fields, read_claims
from storage.duplicates import key_of
from storage.links import LONG_AGO, Link, Named
from storage.naming import link_key
from storage.records import Claims, Failed, Rejected
from storage.times import rfc3339
from storage.url_key import host_of, url_key
from storage.withdrawals import Withdrawal, WithdrawalKind

WITHDRAWN = "withdrawn"
"""The flag of an article whose page is gone."""

GONE = frozenset({"http-404", "http-410", "gone"})
"""Reasons of a failure that say that a page is no more."""

SURE = timedelta(hours=1)
"""Between the two times that a page has to be missed."""

_NO_ARTICLE = frozenset({"no-article", "no-text", "empty"})
_WELL = ("stored", "version", "unchanged", "duplicate")
_LOOKED_AT = 500  # links of a host, the newest, among which one has to have come well

_link, _article, _version = crawl_schema.link.c, schema.article.c, schema.version.c


@dataclass(frozen=True, slots=True)
class Missed:
    """What it means that a page is gone. is_withdrawn: it is believed by now. ask_at: when to make sure of it.
    withdrawal: for the log, where that is news."""

    is_withdrawn: bool
    why: str
    ask_at: datetime | None
    withdrawal: Withdrawal | None = None


def due(connection: Connection, source: str, limit: int, now: datetime) -> tuple[Named, ...]:
    """Known articles of a source to be looked at again: half of them became due last, the others wait longest.

    So where not all can be looked at in time, the newest still are, and no article is forgotten. Those that are missed
    come last: what comes before them tells whether their host is well.
    """
    asked = select(crawl_schema.link).where(
        _link.source == source, _link.ask_at <= now,
        _link.kind == "article", _link.state == "done", _link.article_id.is_not(None),
    )  # fmt: skip
    newest = connection.execute(asked.order_by(_link.ask_at.desc()).limit((limit + 1) // 2)).all()
    oldest = connection.execute(asked.order_by(_link.ask_at).limit(limit)).all()
    rows = list({row.key: row for row in (*newest, *oldest)}.values())[:limit]
    rows.sort(key=lambda row: row.missing_at is not None)
    return tuple(
        Named(
            row.asked_url or row.url, claims=read_claims(row.claims), found_on=row.found_on, priority=-float(at),
            place=row.place, again=True,
        )
        for at, row in enumerate(rows)
    )  # fmt: skip


def is_gone(result: object) -> bool:
    """Whether an answer says that there is no such page, or shows one without an article."""
    return (isinstance(result, Failed) and result.reason in GONE) or (
        isinstance(result, Rejected) and result.reason in _NO_ARTICLE
    )


def miss(connection: Connection, link: Link, result: Failed | Rejected, now: datetime) -> Missed | None:
    """Note that the page of an article is gone; None where the address is not the article's own."""
    if link.article_id is None or not _is_its_own(connection, link):
        return None
    missing_at, withdrawn_at = _gone_since(connection, link)
    why = f"{result.reason}: {result.detail}"
    if missing_at is None:
        begun = update(crawl_schema.link).where(_link.key == link.key).values(missing_at=withdrawn_at or now)
        connection.execute(begun)
    since = missing_at or withdrawn_at
    if since is None:
        return Missed(False, f"{why}; looked at again in an hour, before it counts as withdrawn", now + SURE)
    missed = f"{why}; missed since {rfc3339(since)}"
    if withdrawn_at:
        return Missed(True, missed, None)
    if now - since < SURE:
        return Missed(False, missed, since + SURE)
    if not _is_well(connection, link, since):
        return Missed(False, f"{missed}, but no other article of {link.host} came either", now + SURE)
    _set(connection, link.article_id, "withdrawn", since)
    told = Withdrawal("withdrawn", link.article_id, now, since, link.url, link.source, missed, link.asked_url)
    return Missed(True, missed, None, told)


def meet(connection: Connection, link: Link, why: str, now: datetime) -> Withdrawal | None:
    """Note that the page of an article is there; for the log, where it has, or may have, that it was gone: whoever was
    to commit that may have been killed in between."""
    missing_at, withdrawn_at = _gone_since(connection, link)
    since = missing_at or withdrawn_at
    if link.article_id is None or since is None or not (missing_at or _is_its_own(connection, link)):
        return None
    connection.execute(update(crawl_schema.link).where(_link.key == link.key).values(missing_at=None))
    _set(connection, link.article_id, "returned", None)
    if withdrawn_at is None and now - since < SURE:
        return None
    return Withdrawal("returned", link.article_id, now, since, link.url, link.source, why, link.asked_url)


def restore(connection: Connection, told: Withdrawal, run: int, now: datetime) -> bool:
    """Carry out what the log has, and have the address be looked at again; whether that changes anything.

    run: that the address is entered for.
    """
    if not _set(connection, told.article_id, told.kind, told.since if told.kind == "withdrawn" else None):
        return False
    key = link_key("article", told.asked_url or told.url, told.source)
    if key is None:
        return True
    first_seen_at = connection.execute(
        select(_article.first_seen_at).where(_article.id == told.article_id)
    ).scalar_one()
    outcome, missing_at = (WITHDRAWN, told.since) if told.kind == "withdrawn" else ("unchanged", None)
    state = {
        "outcome": outcome, "why": told.why, "article_id": told.article_id, "done_at": told.at, "ask_at": now,
        "missing_at": missing_at,
    }  # fmt: skip
    entered = {
        "key": key, "kind": "article", "url": told.url, "asked_url": told.asked_url, "host": host_of(told.url),
        "source": told.source, "run_id": run, "named_in": run, "named_at": first_seen_at,
        "claims": claims_fields(Claims()), "depth": 0, "place": 0, "hops": 0, "priority": first_seen_at.timestamp(),
        "state": "done", "not_before": LONG_AGO, "attempts": 0, "failures": 0, "deaths": 0, **state,
    }  # fmt: skip
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    upsert = insert(crawl_schema.link).values(entered)
    connection.execute(upsert.on_conflict_do_update(index_elements=["key"], set_=state, where=_link.state == "done"))
    return True


def flags_of(connection: Connection, article_id: str) -> tuple[str, ...]:
    """The flags that an article has whatever its text is."""
    is_gone = connection.scalar(select(_article.withdrawn_at).where(_article.id == article_id))
    return (WITHDRAWN,) if is_gone else ()


def _is_its_own(connection: Connection, link: Link) -> bool:
    """Whether a link leads to an address of its article, and not to a copy elsewhere."""
    kinds = select(schema.address.c.kind).where(
        schema.address.c.key == key_of(url_key(link.url) or ""), schema.address.c.article_id == link.article_id
    )
    return connection.scalar(kinds) in ("own", "alias")


def _gone_since(connection: Connection, link: Link) -> tuple[datetime | None, datetime | None]:
    """Since when a link has been missed, and since when its article is withdrawn."""
    withdrawn_at = select(_article.withdrawn_at).where(_article.id == link.article_id).scalar_subquery()
    row = connection.execute(select(_link.missing_at, withdrawn_at).where(_link.key == link.key)).one_or_none()
    return (None, None) if row is None else (row[0], row[1])


def _is_well(connection: Connection, link: Link, since: datetime) -> bool:
    """Whether the host has given another article since then. A listing proves nothing: it may come in an outage too."""
    newest = (
        select(_link.key, _link.outcome, _link.done_at)
        .where(_link.host == link.host, _link.state == "done")
        .order_by(_link.priority.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    found = select(newest.c.key).where(newest.c.key != link.key, newest.c.done_at > since, newest.c.outcome.in_(_WELL))
    return connection.execute(found.limit(1)).first() is not None


def _set(connection: Connection, article_id: str, kind: WithdrawalKind, since: datetime | None) -> bool:
    """Have an article be withdrawn since then, or no longer; and say so, where that changes it: whether it does."""
    was_other = _article.withdrawn_at.is_(None) if since else _article.withdrawn_at.is_not(None)
    changed = (
        update(schema.article)
        .where(_article.id == article_id, was_other)
        .values(withdrawn_at=since)
        .returning(_article.current)
    )
    number = connection.execute(changed).scalar_one_or_none()
    if number is None:
        return False
    for row in connection.execute(select(_version.number, _version.flags).where(_version.article_id == article_id)):
        _flag(connection, article_id, row.number, row.flags, is_gone=since is not None and row.number == number)
    change_log.enter(connection, {article_id: kind}, {article_id: number})
    return True


def _flag(connection: Connection, article_id: str, number: int, flags: Sequence[str], *, is_gone: bool) -> None:
    wanted = (*(flag for flag in flags if flag != WITHDRAWN), *((WITHDRAWN,) if is_gone else ()))
    if wanted != tuple(flags):
        of_version = update(schema.version).where(_version.article_id == article_id, _version.number == number)
        connection.execute(of_version.values(flags=wanted))
