"""Turn: a link that is being fetched, and those who wait for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from crawler.fetching.addresses import Networks
from crawler.fetching.answers import Answer
from crawler.fetching.limits import FetchLimits
from crawler.outlets import Outlet
from crawler.source import Source
from storage.links import Link, LinkKind

_SITEMAP = FetchLimits(body_bytes=50 << 20, wire_bytes=50 << 20)  # as large as the protocol allows them to be


def limits_of(kind: LinkKind) -> FetchLimits:
    """What may come of a link of that kind."""
    return _SITEMAP if kind == "sitemap" else FetchLimits()


def is_rendered(kind: LinkKind, source: Source) -> bool:
    """Whether a browser runs the scripts of what is at a link of that kind: feeds and sitemaps have none."""
    return source.fetch.render and kind in ("article", "section")


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """A link at the server. allows: what robots.txt there allows. answered: what the server's answer means; its host's
    next turn waits for it."""

    link: Link
    outlet: Outlet | None
    allows: Callable[[str], bool] = lambda _: True
    answered: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def allow_private(self) -> Networks:
        """Networks that may be reached although they are not public."""
        return self.outlet.source.fetch.allow_private if self.outlet else ()

    @property
    def limits(self) -> FetchLimits:
        """What may come."""
        return limits_of(self.link.kind)

    @property
    def is_rendered(self) -> bool:
        """Whether a browser runs the scripts of the page."""
        return self.outlet is not None and is_rendered(self.link.kind, self.outlet.source)

    def tell(self, answer: Answer) -> None:
        """The answer has come."""
        if not self.answered.done():
            self.answered.set_result(answer)
