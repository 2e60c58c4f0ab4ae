"""Rechecks: known articles that are due to be looked at again; those whose page is gone, and those that are back.

That a page is gone is believed when it is found so twice, an hour apart, while another article of its host came.
The article stays, with the flag ``withdrawn`` and the time at which its page was first missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select, update

from storage import change_log, crawl_schema, schema
from storage.captures import read_claims
from storage.duplicates import key_of
from storage.links import Link, Named
from storage.records import Failed, Rejected
from storage.times import rfc3339
from storage.url_key import url_key

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
    """What it means that a page is gone. is_withdrawn: it is believed by now. ask_at: when to make sure of it."""

    is_withdrawn: bool
    why: str
    ask_at: datetime | None


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
    key = url_key(link.url)
    kinds = select(schema.address.c.kind).where(
        schema.address.c.key == key_of(key or ""), schema.address.c.article_id == link.article_id
    )
    if connection.scalar(kinds) not in ("own", "alias"):
        return None
    since = connection.scalar(select(_link.missing_at).where(_link.key == link.key))
    why = f"{result.reason}: {result.detail}"
    if since is None:
        connection.execute(update(crawl_schema.link).where(_link.key == link.key).values(missing_at=now))
        return Missed(False, f"{why}; looked at again in an hour, before it counts as withdrawn", now + SURE)
    missed = f"{why}; missed since {rfc3339(since)}"
    if connection.scalar(select(_article.withdrawn_at).where(_article.id == link.article_id)):
        return Missed(True, missed, None)
    if now - since < SURE:
        return Missed(False, missed, since + SURE)
    if not _is_well(connection, link, since):
        return Missed(False, f"{missed}, but no other article of {link.host} came either", now + SURE)
    _set(connection, link.article_id, "withdrawn", since)
    return Missed(True, missed, None)


def meet(connection: Connection, link: Link) -> None:
    """Note that the page of an article is there."""
    was_missed = connection.execute(
        update(crawl_schema.link).where(_link.key == link.key, _link.missing_at.is_not(None)).values(missing_at=None)
    )
    if was_missed.rowcount:
        _set(connection, link.article_id, "returned", None)


def flags_of(connection: Connection, article_id: str) -> tuple[str, ...]:
    """The flags that an article has whatever its text is."""
    is_gone = connection.scalar(select(_article.withdrawn_at).where(_article.id == article_id))
    return (WITHDRAWN,) if is_gone else ()


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


def _set(
    connection: Connection, article_id: str | None, kind: Literal["withdrawn", "returned"], since: datetime | None
) -> None:
    """Have an article be withdrawn since then, or no longer; and say so, where that changes it."""
    was_other = _article.withdrawn_at.is_(None) if since else _article.withdrawn_at.is_not(None)
    changed = (
        update(schema.article)
        .where(_article.id == article_id, was_other)
        .values(withdrawn_at=since)
        .returning(_article.current)
    )
    number = connection.execute(changed).scalar_one_or_none()
    if article_id is None or number is None:
        return
    for row in connection.execute(select(_version.number, _version.flags).where(_version.article_id == article_id)):
        _flag(connection, article_id, row.number, row.flags, is_gone=since is not None and row.number == number)
    change_log.enter(connection, {article_id: kind}, {article_id: number})


def _flag(connection: Connection, article_id: str | None, number: int, flags: Sequence[str], *, is_gone: bool) -> None:
    wanted = (*(flag for flag in flags if flag != WITHDRAWN), *((WITHDRAWN,) if is_gone else ()))
    if wanted != tuple(flags):
        of_version = update(schema.version).where(_version.article_id == article_id, _version.number == number)
        connection.execute(of_version.values(flags=wanted))
