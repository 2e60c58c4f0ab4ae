"""Sites under test: started in a process of their own, with the truth about what they serve."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from tests.sites.access_log import AccessLog
from tests.sites.outlet import Outlet
from tests.sites.pages import FEEDS

ROOT = Path(__file__).resolve().parents[2]
Twin = Literal["article", "amp", "mobile"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What stands at an address. canonical: the address of the article that it is, its own or its twin's.

    wire: the article's text stands in other outlets too, under the key of the same name. number: 1 is the oldest.
    """

    address: str
    canonical: str
    kind: Twin
    host: str
    number: int
    title: str
    author: str
    paragraphs: tuple[str, ...]
    published_at: datetime
    language: str
    wire: str | None

    @property
    def text(self) -> str:
        """The paragraphs joined by one blank line."""
        return "\n\n".join(self.paragraphs)


class Site:
    """Running outlets. bases: host to ``http://host:port``. log: the access log's file."""

    def __init__(self, outlets: Iterable[Outlet], bases: Mapping[str, str], control: str, log: Path, pid: int) -> None:
        self.outlets = {outlet.host: outlet for outlet in outlets}
        self.bases = dict(bases)
        self.log = log
        self.pid = pid
        self._control = control

    @property
    def host(self) -> str:
        """The host of the first outlet."""
        return next(iter(self.bases))

    @property
    def base(self) -> str:
        """The base address of the first outlet."""
        return self.bases[self.host]

    def read_log(self) -> AccessLog:
        """What has been asked for up to now; requests that are over for us are over in the log."""
        self._tell({})  # the server answers when it has noted what went before
        return AccessLog.read(self.log)

    def control(self, host: str, **values: Any) -> None:
        """Change fields of an outlet (see Outlet) while it runs. Raises TypeError, ValueError."""
        changed = self.outlets[host].changed(values)
        self._tell({"host": host, "set": {name: changed.to_json()[name] for name in values}})
        self.outlets[host] = changed
        self.__dict__.pop("truth", None)

    @cached_property
    def truth(self) -> dict[str, Truth]:
        """Address to what stands there, of every article that is out and not removed, and of its twins.

        Edits count as if they held already. Redirects and addresses with parameters are not in it.
        """
        return {truth.address: truth for host in self.outlets for truth in self._truths(host)}

    def articles(self, host: str | None = None) -> dict[str, Truth]:
        """The truth of the articles alone, without their twins."""
        return {
            address: truth
            for address, truth in self.truth.items()
            if truth.kind == "article" and host in (None, truth.host)
        }

    def listing(self, host: str, kind: str) -> str:
        """The address of a listing: rss, rdf, atom, json, plain, index, news, home, or the slug of a section."""
        paths = {name: path for name, (path, _) in FEEDS.items()}
        paths |= {"plain": "/sitemap.xml", "index": "/sitemap-index.xml", "news": "/news-sitemap.xml", "home": "/"}
        return self.bases[host] + paths.get(kind, f"/{kind}/")

    def source_toml(
        self,
        host: str,
        kind: str = "feed",
        *,
        listing: str | None = None,
        urls: Iterable[str] | None = None,
        every: str = "30m",
        delay_seconds: float = 0,
        **fetch: Any,
    ) -> str:
        """A source file for an outlet. kind: feed, sitemap, section or urls. fetch: further keys of [fetch].

        listing: which one, as for ``listing``; the outlet's first feed or sitemap when None. urls: in place of it.
        """
        outlet = self.outlets[host]
        first = {"feed": outlet.feeds, "sitemap": outlet.sitemaps, "section": ("home",)}.get(kind, ())
        if urls is None:
            urls = [self.listing(host, listing or first[0])] if first else list(self.articles(host))
        keys = {"delay_seconds": delay_seconds, "allow_private": ["127.0.0.0/8"], **fetch}
        lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in keys.items()]
        return "\n".join([
            f"title = {json.dumps(outlet.name, ensure_ascii=False)}",
            f'language = "{outlet.language}"',
            f'homepage = "{self.bases[host]}/"',
            "enabled = true",
            "[[place]]",
            f'kind = "{kind}"',
            f"urls = {json.dumps(list(urls), indent=4)}",
            "[schedule]",
            f'every = "{every}"',
            "[fetch]",
            *lines,
            "",
        ])  # fmt: skip

    def _tell(self, wish: Mapping[str, Any]) -> None:
        request = urllib.request.Request(self._control, json.dumps(wish).encode(), {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()

    def _truths(self, host: str) -> Iterator[Truth]:
        outlet, base = self.outlets[host], self.bases[host]
        for piece in outlet.newest_first():
            written = outlet.written(piece, outlet.edits.get(piece.number, 0))
            places: list[tuple[Twin, str]] = [("article", "")]
            places += [("amp", "/amp")] if "amp" in outlet.twins else []
            places += [("mobile", "/m")] if "mobile" in outlet.twins else []
            for kind, prefix in places:
                yield Truth(
                    address=base + prefix + piece.path,
                    canonical=base + piece.path,
                    kind=kind,
                    host=host,
                    number=piece.number,
                    title=written.title,
                    author=written.author,
                    paragraphs=written.paragraphs,
                    published_at=piece.published_at,
                    language=outlet.language,
                    wire=f"{outlet.language}/{piece.seed}" if piece.number <= outlet.wire else None,
                )


@contextmanager
def serve(outlets: Iterable[Outlet], log: Path, *, port: int = 0) -> Iterator[Site]:
    """Serve outlets from a process of its own while the block runs. Raises RuntimeError where it does not start.

    The server ends with the block, and by itself when this process dies. It writes to ``log``; a file that is there
    is continued.
    """
    outlets, log = list(outlets), log.resolve()
    with TemporaryDirectory(prefix="sites-") as folder:
        config = Path(folder) / "outlets.json"
        config.write_text(json.dumps([outlet.to_json() for outlet in outlets]), encoding="utf-8")
        command = [sys.executable, "-m", "tests.sites", "--config", str(config), "--log", str(log), "--port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            line = server.stdout.readline()  # it listens before it says so
            if not line:
                raise RuntimeError(f"the sites did not start: exit code {server.wait(30)}")
            said = json.loads(line)
            yield Site(outlets, said["bases"], said["control"], log, server.pid)
        finally:
            server.terminate()
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(10)
            server.stdout.close()
