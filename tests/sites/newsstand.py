"""What an outlet answers to a request: the routes of a site, with its behaviour of the moment."""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from tests.sites import listings, traps
from tests.sites.behaviour import Answer, Misconduct, moved, refusal, robots, rules
from tests.sites.outlet import POISON, Outlet, Piece
from tests.sites.pages import amp_page, article_page, list_page, message_page, mobile_page

HTML = "text/html; charset=utf-8"
_LISTINGS: dict[str, tuple[str, str, Callable[[Outlet, str, listings.Versions], bytes]]] = {
    "/rss.xml": ("rss", "application/rss+xml; charset=utf-8", listings.rss),
    "/rdf.xml": ("rdf", "application/rdf+xml; charset=utf-8", listings.rdf),
    "/atom.xml": ("atom", "application/atom+xml; charset=utf-8", listings.atom),
    "/feed.json": ("json", "application/feed+json; charset=utf-8", listings.json_feed),
    "/sitemap.xml": ("plain", "application/xml", listings.sitemap),
    "/sitemap-index.xml": ("index", "application/xml", listings.sitemap_index),
    "/news-sitemap.xml": ("news", "application/xml", listings.news_sitemap),
}
_CHILD = re.compile(r"/sitemap-(\d{1,6})\.xml\.gz")
_SECTION = re.compile(r"/([\w-]+)/(?:page/(\d{1,6})/)?")
_MORE_PACKED = 400  # packed bodies that are kept beside those of the pages: traps make new ones all the time


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. target: path and query; headers: names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


class Newsstand:
    """One outlet as it is now. Bodies are made once and kept until the outlet changes."""

    def __init__(self, outlet: Outlet, port: int) -> None:
        self.outlet = outlet
        self.base = f"http://{outlet.host}:{port}"
        self._misconduct = Misconduct()
        self._open()

    def change(self, values: Mapping[str, Any]) -> None:
        """Set fields of the outlet. Raises TypeError for unknown ones, ValueError for wrong values."""
        self.outlet = self.outlet.changed(values)
        if "faults" in values:
            self._misconduct = Misconduct()  # they count from the start again
        self._open()

    def answer(self, request: Request) -> Answer:
        """What to send, with the fault that goes with it, if one is due."""
        path, _, query = request.target.partition("?")
        fault = self._misconduct.fault(self.outlet, path)
        if fault and fault.kind == "status":
            return refusal(fault)
        answer = self._found(path, query)
        if fault and answer.status == 404:  # an address may be there for its fault alone
            answer = _page(200)
        if answer.status == 200 and not fault and not answer.fault:
            answer = self._conditional(answer, request.headers)
        if self.outlet.compress and not fault and "gzip" in request.headers.get("accept-encoding", ""):
            answer = self._packed(answer)
        return replace(answer, fault=fault) if fault else answer

    def _open(self) -> None:
        self._edited = self._edits_hold()
        self._by_path = {piece.path: piece for piece in map(self.outlet.piece, range(1, self.outlet.out + 1))}
        self._made: dict[str, Answer] = {}
        self._gzipped: dict[bytes, bytes] = {}

    def _edits_hold(self) -> bool:
        return self.outlet.edit_at is None or time.time() >= self.outlet.edit_at

    def _version(self, piece: Piece) -> int:
        return self.outlet.edits.get(piece.number, 0) if self._edited else 0

    def _found(self, path: str, query: str) -> Answer:
        if not self._edited and self._edits_hold():
            self._open()
        if path == "/robots.txt":
            return robots(self.outlet, self.base)
        if trap := traps.answer(self.outlet, self.base, path, query):
            return trap
        if "session" in self.outlet.traps and query.startswith("sid="):
            return traps.in_session(self._found(path, ""))
        key = path if query != "amp=1" else f"{path}?amp=1"  # other parameters change nothing
        if key not in self._made:
            self._made[key] = self._make(path, query)
            if self._made[key].status == 404:  # any number of addresses is not there
                return self._made.pop(key)
        return self._made[key]

    def _make(self, path: str, query: str) -> Answer:
        if path == "/robots-moved.txt":
            return Answer(200, (("Content-Type", "text/plain"),), rules(self.outlet, self.base))
        if piece := self._by_path.get(path):
            return self._article(piece, "amp" if query == "amp=1" and "parameter" in self.outlet.twins else "")
        for twin, prefix in (("amp", "/amp"), ("mobile", "/m")):
            if twin in self.outlet.twins and (piece := self._by_path.get(path.removeprefix(prefix))):
                return self._article(piece, twin)
        return self._listing(path) or self._section(path) or moved(self.outlet, path, self.base) or _page(404)

    def _article(self, piece: Piece, twin: str) -> Answer:
        if status := self.outlet.removed.get(piece.number):
            return _page(status)
        version = self._version(piece)
        write = {"amp": amp_page, "mobile": mobile_page}.get(twin, article_page)
        body = write(self.outlet, self.base, piece, version)
        extra = (("X-Poison", "1"),) if piece.path == POISON else ()
        at = self.outlet.modified_at(piece, version)
        return self._validated(HTML, body, at, (*self.outlet.headers, *extra))

    def _listing(self, path: str) -> Answer | None:
        outlet = self.outlet
        if (child := _CHILD.fullmatch(path)) and "index" in outlet.sitemaps:
            body = listings.sitemap_child(outlet, self.base, self._version, int(child[1]))
            return self._validated("application/gzip", body, self._changed_at()) if body else None
        kind, content_type, write = _LISTINGS.get(path, ("", "", listings.rss))
        if kind not in (*outlet.feeds, *outlet.sitemaps):
            return None
        return self._validated(content_type, write(outlet, self.base, self._version), self._changed_at())

    def _section(self, path: str) -> Answer | None:
        names = dict(self.outlet.sections)
        if path == "/":
            pieces, title = list(self.outlet.newest_first())[: self.outlet.page_size], self.outlet.name
            return self._validated(
                HTML, list_page(self.outlet, title, pieces, traps.doors(self.outlet)), self._changed_at()
            )
        if not (found := _SECTION.fullmatch(path)) or found[1] not in names:
            return None
        pieces, page, size = list(self.outlet.newest_first(found[1])), int(found[2] or 1), self.outlet.page_size
        if page < 1 or (page > 1 and (page - 1) * size >= len(pieces)):
            return None
        following = f"/{found[1]}/page/{page + 1}/"
        more = traps.next_link(self.outlet, following) if page * size < len(pieces) else ""
        shown = pieces[(page - 1) * size : page * size]
        body = list_page(self.outlet, names[found[1]], shown, more + traps.doors(self.outlet))
        return self._validated(HTML, body, self._changed_at())

    def _changed_at(self) -> datetime:
        """When the lists changed last: later with each article that comes out, goes or is edited."""
        changes = self.outlet.out + len(self.outlet.removed) + (sum(self.outlet.edits.values()) if self._edited else 0)
        return datetime.fromisoformat(self.outlet.newest_at) + timedelta(seconds=changes)

    def _validated(
        self, content_type: str, body: bytes, at: datetime, extra: tuple[tuple[str, str], ...] = ()
    ) -> Answer:
        headers = [("Content-Type", content_type), *extra]
        if self.outlet.conditional:
            headers.append(("ETag", f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'))
            headers.append(("Last-Modified", format_datetime(at, usegmt=True)))
        return Answer(200, tuple(headers), body)

    def _conditional(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """304 where the client has the page already; as RFC 9110 says, a date counts only without an entity tag."""
        ours = dict(answer.headers)
        if (tags := headers.get("if-none-match")) is not None:
            fresh = ours.get("ETag") in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        elif (since := headers.get("if-modified-since")) is not None and "Last-Modified" in ours:
            fresh = _at(since) >= _at(ours["Last-Modified"])
        else:
            fresh = False
        if not fresh:
            return answer
        return Answer(304, tuple((name, value) for name, value in answer.headers if name != "Content-Type"))

    def _packed(self, answer: Answer) -> Answer:
        if len(answer.body) < 500 or dict(answer.headers).get("Content-Type") == "application/gzip":
            return answer
        if answer.body not in self._gzipped:
            if len(self._gzipped) > len(self._made) + _MORE_PACKED:
                self._gzipped.clear()
            self._gzipped[answer.body] = gzip.compress(answer.body, 1, mtime=0)
        headers = (*answer.headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        return Answer(answer.status, headers, self._gzipped[answer.body], answer.fault)


def _page(status: int) -> Answer:
    return Answer(status, (("Content-Type", HTML),), message_page(status))


def _at(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0.0
