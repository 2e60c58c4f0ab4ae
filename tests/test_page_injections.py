"""Whatever stands in an article stays text: sixty payloads in nine fields, in a browser without a content policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from storage import Archive, Failed
from storage.links import SourceRecord
from storage.records import Removed
from tests.newsroom import NOON, article, page
from tests.payloads import PAYLOADS
from tests.reading_room import ALIVE, serving


@dataclass(frozen=True)
class Bait:
    """A payload in every field of an article that has two versions, a removed block, and a failure beside it."""

    payload: str
    article_id: str


@pytest.fixture(scope="module")
def baits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Bait]]]:
    folder = tmp_path_factory.mktemp("baits")
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        laid = []
        with archive.batch():
            run = archive.begin_run("ingest", "baits")
            laid = [Bait(payload, _lay(archive, number, payload, run)) for number, payload in enumerate(PAYLOADS)]
            archive.finish_run(run)
        archive.sources.sync(
            [SourceRecord(f"s{at}", each, each[:20], None, each, True, each) for at, each in enumerate(PAYLOADS)]
        )
        with serving(archive, folder) as base:
            yield base, laid


def _lay(archive: Archive, number: int, payload: str, run: int) -> str:
    text = f"{payload} flood number {number}. " + "The gate is watched by day and by night. " * 8
    made = article(
        text, payload, authors=(payload, "Ana"), agency=payload, dateline=payload, section=payload,
        keywords=(payload,), image=payload, image_caption=payload, image_credit=payload, canonical_url=payload,
        language="en", flags=(payload[:40],), blocks=(Removed(0, 9, 1, payload, "widget", payload),),
        origins=(("title", payload),),
    )  # fmt: skip
    url = f"https://gazette.example/{number}?{payload}"
    body = f"{number} {payload}".encode()
    saved = archive.save(page(url, body, number, source=payload, origin=payload), made, run)
    later = replace(made, text=f"{text}\n\nAnd {payload} again.", content_hash=f"{number:032x}")
    archive.save(page(url, body + b"2", number + 1, source=payload, origin=payload), later, run)
    other = page(payload, body + b"3", number + 2, source=payload, origin=payload)  # the payload as the whole address
    archive.save(replace(other, fetched_at=NOON + timedelta(days=1)), replace(made, text=f"Elsewhere. {text}"), run)
    archive.fail(Failed(payload, payload, payload, url=payload), run)
    assert saved.article_id
    return saved.article_id


def test_payloads_stay_text(browser: Any, baits: tuple[str, list[Bait]]) -> None:
    base, laid = baits
    context = browser.new_context(bypass_csp=True)
    window = context.new_page()
    dialogs: list[str] = []
    elsewhere: list[str] = []
    window.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    window.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(base) else None)
    addresses = [
        "/search",
        "/sources",
        "/runs",
        "/runs/1?fate=failed",
        "/runs/1?fate=stored",
        "/about",
        "/stories?since=2000",
    ]
    for bait in laid:
        asked = quote(bait.payload, safe="")
        id_ = bait.article_id
        addresses += [f"/articles/{id_}?show=removed", f"/articles/{id_}/versions", f"/why?url={id_}"]
        addresses += [f"/search?q={asked}&source={asked}&language={asked}&since={asked}&after={asked}&sort={asked}"]
        addresses += [f"/why?url={asked}", f"/runs?source={asked}", f"/search?q=x&q={asked}&source={asked}"]
        addresses += [f"/watches/new?q={asked}&name={asked}&target={asked}&way={asked}", f"/watches?made={asked}"]
    addresses += [f"/stories/{laid[at].article_id}" for at in range(0, len(laid), 6)]
    addresses += [f"/sources/s{at}" for at in range(0, len(laid), 6)]
    for address in addresses:
        window.goto(base + address, wait_until="load")
        assert window.evaluate(ALIVE) == [], address
    assert dialogs == []
    assert elsewhere == []
    for bait in laid[::10]:
        window.goto(f"{base}/articles/{bait.article_id}")
        assert window.inner_text("h1") == " ".join(bait.payload.split())
    context.close()
