"""Resume: how long the leases of a worker hold that died on another machine."""

from __future__ import annotations

import time

from sqlalchemy import update

from storage import crawl_schema
from tests.chaos.command import until
from tests.chaos.scene import NewDatabase, filed, scene
from tests.sites import Site

_PATIENCE = 120.0


def return_of_a_lease(site: Site, new_database: NewDatabase) -> float:
    """Seconds from the death of a worker, on a machine that nobody can look at, to the next request to its hosts."""
    with scene(site, new_database, one_source=True) as made:
        filed(made, made.sources)
        first = made.command("worker")
        try:
            until(lambda: made.committed() > 0, _PATIENCE)
            time.sleep(0.5)
        finally:
            first.end()
        died = time.monotonic()
        with made.archive() as archive, archive._database.writing() as connection:
            connection.execute(update(crawl_schema.worker).values(node="another machine"))
        requests = made.requests()
        second = made.command("worker")
        try:
            until(lambda: made.requests() > requests, _PATIENCE)
            return time.monotonic() - died
        finally:
            second.end()
