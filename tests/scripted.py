"""A site on loopback whose pages are written by their scripts, and the Chromium processes that look at it."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.crawling import family

_MARK = re.compile(r"run-driver|--host-resolver-rules=MAP|chrom\S* --type=")
SENTENCES = (
    "The council of Lower Amblewick voted on Tuesday to rebuild the footbridge over the Thurle. ",
    "Engineers had closed it in March, when a survey found that two of its piers had sunk. ",
    "Work is to begin in the autumn and to last until the spring, the mayor told residents. ",
    "Until then a ferry carries schoolchildren across, twenty of them at a time. ",
)
WRITER = """
<!DOCTYPE html><html lang="en"><head><title>Loading</title></head><body><div id="app">Loading …</div><script>
fetch("/api/%(name)s.json").then(answer => answer.json()).then(story => {
    document.title = story.title;
    const article = document.createElement("article"), headline = document.createElement("h1");
    headline.textContent = story.title;
    article.append(headline, ...story.paragraphs.map(text => {
        const paragraph = document.createElement("p"); paragraph.textContent = text; return paragraph; }));
    document.getElementById("app").replaceChildren(article);
});
%(more)s
</script></body></html>
"""

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Scripted:
    """asked: path and User-Agent of each request."""

    base: str
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


def shell(name: str, more: str = "") -> tuple[str, bytes]:
    """A page without any text, whose script fetches it. more: what else the script does."""
    return "text/html; charset=utf-8", (WRITER % {"name": name, "more": more}).encode()


def story(name: str) -> tuple[str, bytes]:
    """What the script fetches."""
    paragraphs = [f"Dispatch {name}, part {part}. " + "".join(SENTENCES) for part in range(1, 5)]
    return "application/json", json.dumps(
        {"title": f"Footbridge {name} to rise again", "paragraphs": paragraphs}
    ).encode()


def feed(base: str, names: list[str]) -> tuple[str, bytes]:
    """A feed that names the pages ``/news/NAME``."""
    items = "".join(f"<item><title>Footbridge {name}</title><link>{base}/news/{name}</link></item>" for name in names)
    return "application/rss+xml", f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


@contextmanager
def serving(pages: Mapping[str, tuple[str, bytes] | Answer]) -> Iterator[Scripted]:
    """Serve pages by path without query; 404 for others. The mapping may be filled while it is served."""
    site = Scripted("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            site.asked.append((self.path, self.headers.get("User-Agent", "")))
            page = pages.get(self.path.partition("?")[0])
            if callable(page):
                with suppress(OSError):  # nobody listens any more
                    page(self)
                return
            kind, body = page or ("text/plain", b"")
            self.send_response(200 if page else 404)
            for name, value in (("Content-Type", kind), ("Content-Length", len(body)), ("ETag", '"always-the-same"')):
                self.send_header(name, str(value))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def chromiums(*pids: int) -> list[int]:
    """The processes of browsers, and of what drives them, that come from these processes; from this one by default."""
    return [pid for pid, command in family(*pids or (os.getpid(),)).items() if _MARK.search(command)]


def gone(processes: list[int], seconds: float = 30) -> bool:
    """Whether processes end within that time."""
    deadline = time.monotonic() + seconds
    while any(_lives(each) for each in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _lives(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False
