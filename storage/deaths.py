"""Deaths: what becomes of the leases of a worker that is gone. Over which of its links it died cannot be known.

A link that was being fetched is suspected. Then each death over it counts that befalls a worker while it is alone; but
little where the process that had started the worker died too: that one never sees a page.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from storage import crawl_schema, schema
from storage.duplicates import key_of
from storage.leases import free_hosts
from storage.url_key import url_key

_ALONE_DEATHS = 3  # after which a link is set aside …
_WEIGHT = 4  # … or so many times as many, where more than the worker died
_SUSPECTED = 1  # what a death among other links weighs
_PAUSE = timedelta(seconds=20)  # longer after each death alone: others go first, and kills that come one upon another
# for a reason of their own do not meet the same link every time. A run does not wait for more than two minutes.

_link, _worker = crawl_schema.link.c, crawl_schema.worker.c


def bury(connection: Connection, dead: Sequence[str], now: datetime, swept: Collection[str] = ()) -> None:
    """Take back what dead workers held. swept: those of them that did not die alone."""
    if not dead:
        return
    of_dead = _link.worker.in_(dead)
    connection.execute(
        update(crawl_schema.link).where(of_dead, _link.state == "fetching", _link.deaths == 0).values(deaths=_SUSPECTED)
    )
    alone = select(_link.key, _link.deaths, _link.worker).where(of_dead, _link.state == "alone")
    for key, deaths, worker in connection.execute(alone).all():
        times = 1 + (deaths - _SUSPECTED) // _WEIGHT
        changed = {"deaths": deaths + (1 if worker in swept else _WEIGHT), "not_before": now + _PAUSE * times}
        connection.execute(update(crawl_schema.link).where(_link.key == key).values(changed))
    for row in connection.execute(
        select(_link.key, _link.run_id, _link.url, _link.found_on, _link.kind).where(
            of_dead, _link.deaths >= _SUSPECTED + _ALONE_DEATHS * _WEIGHT
        )
    ).all():
        _set_aside(connection, row, now)
    connection.execute(
        update(crawl_schema.link).where(of_dead, _link.state != "done").values(state="ready", worker=None)
    )
    free_hosts(connection, dead, now)
    connection.execute(delete(crawl_schema.worker).where(_worker.id.in_(dead)))


def _set_aside(connection: Connection, row: Any, now: datetime) -> None:
    why = f"at least {_ALONE_DEATHS} workers died while nothing else was being fetched"
    connection.execute(
        update(crawl_schema.link)
        .where(_link.key == row.key)
        .values(state="done", worker=None, outcome="set-aside", why=why, done_at=now)
    )
    key = url_key(row.url)
    connection.execute(
        insert(schema.fate).values(
            run_id=row.run_id, at=now, origin=row.found_on, url=row.url, url_key=key and key_of(key),
            outcome="set-aside", why=why, listing=row.kind != "article",
        )
    )  # fmt: skip
