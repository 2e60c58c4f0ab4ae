"""An archive with something of everything that pages show, and a server for it; all its texts are our own."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn

from crawler.newsroom import CatalogueNewsroom
from pipelines import clean
from storage import Archive, Article, Failed, Page, Saved
from storage.links import Link, Named, Order, Passed, Released, Skipped, SourceRecord
from storage.records import Query
from storage.web.app import create_app
from storage.web.safety import Safety

NOW = datetime.now(UTC).replace(microsecond=0)

_TEXTS = Path(__file__).parent / "texts"
_SUBJECTS = ("The harbour council", "The upper valley school", "A baker of the lower town", "The ferry company",
             "The weather office", "The mill museum", "A court in the old town", "The fire brigade")  # fmt: skip
_VERBS = ("has bought", "will close", "counts again", "argues about", "has found", "opens", "moves", "paints")
_OBJECTS = ("the clock tower", "forty bicycles", "an old bridge", "its winter timetable", "the north quay",
            "a crate of letters", "the swimming bath", "three lighthouses")  # fmt: skip
_DETAILS = (
    "Nobody could say on {day} how long that would take, and nobody tried.",
    "The costs are put at {n} thousand crowns, of which a third is paid already.",
    "Neighbours had asked for it in a letter with {n} signatures.",
    "A first meeting ended after {n} minutes, with tea and without a vote.",
    "Whoever walks by can see it from the quay, between the crane and the fish hall.",
    "In the archive of the town it is mentioned {n} times, the first time in a bill for rope.",
    "The work begins when the river has fallen below the mark on the mill, which may be {day}.",
    "Others remember it differently, and said so loudly on {day} evening.",
    "Of {n} people who were asked, most wished for a bench.",
    "It was raining, as it had been on {day} a year ago.",
    "The flood gate upstream is not part of the plan.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ALIVE = """() => [...document.querySelectorAll('*')].flatMap(node => {
  const isOurs = node.matches('meta[charset], meta[name]');
  const tags = ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'META', 'VIDEO', 'AUDIO', 'IMG', 'MARQUEE'];
  const goes = ['href', 'src', 'action', 'formaction', 'xlink:href', 'srcdoc', 'background', 'poster'];
  const bad = each => /^on/i.test(each.name) || each.name === 'style'
    || goes.includes(each.name) && /^\\s*[a-z][a-z0-9+.-]*:/i.test(each.value) && !/^https?:/i.test(each.value);
  return [...(tags.includes(node.tagName.toUpperCase()) && !isOurs ? [node.outerHTML] : []),
          ...[...node.attributes].filter(bad).map(each => each.name + '=' + each.value)];
})"""
"""What could come alive in a page: elements and attributes that no page of ours has."""


def text_page(
    url: str, text: str, source: str, at: datetime, *, published: datetime | None = None, language: str | None = None
) -> tuple[Page, Article]:
    """A text as an outlet shows it, cleaned."""
    fetched = Page(url, text.encode(), "text/plain; charset=utf-8", at, source=source, origin=None)
    article = clean(fetched)
    assert isinstance(article, Article), article
    given = {"published_at": published or at, "published_precision": "minute", "published_origin": "text"}
    return fetched, replace(article, **given, language=language or article.language)


def report(seed: int) -> str:
    """A short report of its own: another for each seed."""
    chance = random.Random(seed)
    subject, verb, what = chance.choice(_SUBJECTS), chance.choice(_VERBS), chance.choice(_OBJECTS)
    paragraphs = [f"{subject} {verb} {what}, it was said in the town hall on {chance.choice(_DAYS)} in number {seed}."]
    for _ in range(4):
        some = chance.sample(_DETAILS, 3)
        paragraphs.append(" ".join(each.format(day=chance.choice(_DAYS), n=chance.randint(3, 900)) for each in some))
    return f"{subject} {verb} {what}\n\n" + "\n\n".join(paragraphs) + "\n"


def furnish(archive: Archive) -> dict[str, str]:
    """Fill an archive; the ids of articles that tests look at, by name."""
    ids: dict[str, str] = {}

    def save(name: str, page: Page, article: Article) -> Saved:
        saved = archive.save(page, article)
        if saved.article_id:
            ids.setdefault(name, saved.article_id)
        return saved

    _sources(archive)
    _stories(save)
    with archive.batch():
        for seed in range(150):
            days = (seed * 7919 % 40) + (3 if seed % 40 > 20 else 0)
            if days in (11, 12):
                continue
            at = NOW - timedelta(days=days, hours=seed % 20)
            outlet = ("riverside-courier", "harbour-post", "ven-song")[seed % 3]
            save(
                f"report {seed}",
                *text_page(f"https://{outlet}.example/{seed}", report(seed), outlet, at, language="en"),
            )
    _runs(archive)
    _troubles(archive, ids["copy daffa-times"])
    return ids


def _stories(save: Any) -> None:
    at = NOW - timedelta(days=6)
    gate = _text("gate").format(date=f"{at.day} {at:%B %Y}")
    save("gate", *text_page("https://riverside-courier.example/gate", gate, "riverside-courier", at, language="en"))
    later = gate.replace("before spring", "before summer").replace("340,000", "365,000")
    later = later.replace("What we do not have is a dry week.", "What we lack is a dry week, and a second crane.")
    changed = text_page(
        "https://riverside-courier.example/gate", later, "riverside-courier", at + timedelta(hours=9), language="en"
    )
    save("gate", *changed)
    last = later.replace("Fishermen below", "Correction: an earlier report gave the wrong cost.\n\nFishermen below")
    save(
        "gate",
        *text_page(
            "https://riverside-courier.example/gate", last, "riverside-courier", at + timedelta(hours=30), language="en"
        ),
    )
    outlets = ("harbour-post", "ven-song", "daffa-times", "lantern", "north-quay-news", "old-town-gazette")
    for number, outlet in enumerate(outlets):
        copy = gate.replace("By Ana Duarte", "Wire report") if number % 2 else gate.split("Fishermen")[0]
        if number > 2:
            copy = copy.replace("stuck half open since", f"stuck, says the {outlet}, since").replace(
                "River authority", "Authority"
            )
        save(
            f"copy {outlet}",
            *text_page(
                f"https://{outlet}.example/{number}/gate",
                copy,
                outlet,
                at + timedelta(minutes=40 * (number + 1) ** 2),
                language="en",
            ),
        )
    told = (("library", "harbour-post", "en"), ("vietnamese", "ven-song", "vi"), ("arabic", "daffa-times", "ar"),
            ("japanese", "lantern", "ja"), ("chinese", "lantern", "zh"), ("thai", "lantern", "th"))  # fmt: skip
    for number, (name, outlet, language) in enumerate(told):
        when = NOW - timedelta(days=number, hours=2)
        save(name, *text_page(f"https://{outlet}.example/{name}", _text(name), outlet, when, language=language))


def _text(name: str) -> str:
    return (_TEXTS / f"{name}.txt").read_text(encoding="utf-8")


_DEFINITION = """title = "{title}"
language = "{language}"
homepage = "https://{name}.example/"
enabled = {enabled}
[[place]]
kind = "feed"
urls = ["https://{name}.example/rss"]
[schedule]
every = "30m"
"""

OUTLETS = (
    ("riverside-courier", "Riverside Courier", "en", True), ("harbour-post", "Harbour Post", "en", True),
    ("ven-song", "Ven Sông", "vi", True), ("daffa-times", "صحيفة الضفة", "ar", True),
    ("lantern", "港の灯", "ja", True), ("north-quay-news", "North Quay News", "en", False),
)  # fmt: skip


def _definition(name: str, title: str, language: str, enabled: bool) -> str:
    return _DEFINITION.format(name=name, title=title, language=language, enabled=str(enabled).lower())


def _sources(archive: Archive) -> None:
    archive.sources.sync([
        SourceRecord(name, title, language, None, f"https://{name}.example/", enabled,
                     _definition(name, title, language, enabled))
        for name, title, language, enabled in OUTLETS
    ])  # fmt: skip
    gap = NOW - timedelta(days=2)
    archive.sources.skip(
        Skipped(
            "riverside-courier",
            f"{gap:%Y-%m-%dT02:00:00Z}",
            f"{gap:%Y-%m-%dT07:30:00Z}",
            12,
            "the machine was off",
            NOW,
        )
    )


def _runs(archive: Archive) -> None:
    """A run that went well, with some failures; one that failed; one that is under way."""
    archive.frontier.sign_on("desk", "here", "1")
    _crawl(archive, "riverside-courier", ["kept", "kept", "gone", "kept", "refused", "busy", "busy"])
    _crawl(archive, "harbour-post", ["kept", "kept"])
    _crawl(archive, "daffa-times", [])
    archive.frontier.close_runs()
    run = archive.begin_run("ingest", "saved/")
    archive.fail(Failed("saved/0412.jsonl:88", "not-json", "not JSON", hint="sed -n 88p saved/0412.jsonl"), run)
    archive.save(
        *text_page("https://harbour-post.example/saved", report(9001), "harbour-post", NOW - timedelta(days=1)), run
    )
    archive.finish_run(run)
    archive.file_run("ven-song", [Named("https://ven-song.example/rss", "feed")], Order())
    archive.frontier.sign_off("desk")
    archive.watches.add("flood-gate", Query('flood "upper gate"', language="en"), "command", "true")


def _troubles(archive: Archive, last_good: str) -> None:
    """A source that cannot be read, and a day of another one of which articles are missing."""
    since = NOW - timedelta(days=2)
    archive.problems.enter(
        "daffa-times", "failing", since, "cannot be read: HTTP 503: the server is busy",
        "copydesk sources check daffa-times", last_good, NOW,
    )  # fmt: skip
    archive.pulses.fold()
    archive.pulses.expect({("riverside-courier", int(since.timestamp()) // 86400): (9.0, 4.0)})


def _crawl(archive: Archive, source: str, fates: Sequence[str]) -> None:
    place = f"https://{source}.example/rss"
    archive.file_run(source, [Named(place, "feed")], Order(), slot=f"{NOW:%Y-%m-%dT%H:%M:%SZ}")
    (feed,) = _leased(archive)
    named = [Named(f"https://{source}.example/crawled/{at}", found_on=place) for at, _ in enumerate(fates)]
    if not fates:
        archive.settle(feed, None, Failed(feed.url, "http", "HTTP 503: the server is busy", feed.url))
        return
    archive.settle(feed, None, Passed("listed", f"{len(named)} articles"), named)
    archive.frontier.release("desk", [Released(feed.host, NOW - timedelta(hours=1), 0, 0)])
    for at, (link, fate) in enumerate(zip(_leased(archive), fates, strict=True)):
        archive.frontier.charge(link.worker, link.key)
        if fate == "kept":
            text = report(5000 + at + len(source) * 100)
            archive.settle(link, *text_page(link.url, text, source, NOW - timedelta(minutes=at), language="en"))
        elif fate == "refused":
            archive.settle(link, None, Passed("refused", "robots.txt refuses it"))
        else:
            why = "HTTP 503: the server is busy" if fate == "busy" else "HTTP 410: gone"
            archive.settle(link, None, Failed(link.url, "http", why, link.url))


def _leased(archive: Archive) -> list[Link]:
    """Every link that is to be fetched now."""
    return [link for host in archive.frontier.lease("desk", 5, 20) for link in host.links]


@dataclass(frozen=True)
class Room:
    """A furnished archive that is served. base: the address of the server; ids: of articles, by name."""

    archive: Archive
    base: str
    ids: dict[str, str]

    def pages(self) -> dict[str, str]:
        """The address of every page, by a name for it."""
        gate = self.ids["gate"]
        return {
            "search": "/search",
            "search-words": "/search?q=flood+gate",
            "search-narrowed": "/search?q=flood+gate&source=harbour-post&since=14d",
            "search-hours": "/search?since=yesterday",
            "compare": "/search?q=flood&q=bench&q=%D8%A7%D9%84%D9%86%D9%87%D8%B1&q=quay",
            "search-nothing": "/search?q=flood+zeppelin&source=lantern&since=7d",
            "article": f"/articles/{gate}",
            "article-removed": f"/articles/{gate}?show=removed",
            "article-arabic": f"/articles/{self.ids['arabic']}?show=removed",
            "article-japanese": f"/articles/{self.ids['japanese']}",
            "article-vietnamese": f"/articles/{self.ids['vietnamese']}",
            "versions": f"/articles/{gate}/versions/1..2",
            "versions-one": f"/articles/{self.ids['thai']}/versions",
            "story": f"/stories/{gate}",
            "stories": "/stories?since=30d",
            "sources": "/sources",
            "source": "/sources/riverside-courier",
            "source-broken": "/sources/daffa-times",
            "runs": "/runs",
            "run": "/runs/2?fate=failed",
            "run-under-way": f"/runs/{self.archive.runs(1)[0].id}?reload",
            "crawl-form": "/runs/new?source=riverside-courier",
            "why": "/why?url=https://riverside-courier.example/gate",
            "why-never": "/why?url=https://riverside-courier.example/crawled/nowhere",
            "watches": "/watches",
            "watch-form": "/watches/new?q=flood+since:2021-13",
            "about": "/about",
            "not-found": "/articles/0000000000000000",
            "login": "/login",
        }


@contextmanager
def open_room(folder: Path) -> Iterator[Room]:
    """A furnished archive in a folder, served."""
    sources = folder / "sources"
    sources.mkdir()
    for name, title, language, enabled in OUTLETS:
        (sources / f"{name}.toml").write_text(_definition(name, title, language, enabled), encoding="utf-8")
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        ids = furnish(archive)
        with serving(archive, sources) as base:
            yield Room(archive, base, ids)


def follow(window: Any, what: str) -> None:
    """Click what opens another page, and wait until that page is there: a click alone may return before it."""
    with window.expect_navigation():
        window.click(what)


@contextmanager
def serving(archive: Archive, sources: Path, safety: Safety | None = None) -> Iterator[str]:
    """A server for an archive on this machine, in a thread; yields its address, without a slash at its end."""
    app = create_app(archive, CatalogueNewsroom(archive, sources), safety or Safety(counting_seconds=10))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
