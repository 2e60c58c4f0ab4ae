"""A small archive for tests over HTTP: a story in three papers, one of them twice; an opera; a source; a crawl."""

from __future__ import annotations

from datetime import timedelta

from storage import Archive, Block, Failed, Removed
from storage.links import Named, Order, SourceRecord
from tests.newsroom import NOON, page, sketched
from tests.test_story_commands import PAGES

DEFINITION = """title = "Gazette"
homepage = "https://gazette.example/"
enabled = true
[[place]]
kind = "feed"
urls = ["https://gazette.example/rss"]
[schedule]
every = "30m"
"""
GATE = "https://gazette.example/gate"


def furnish(archive: Archive) -> tuple[str, str, str]:
    """Fill an archive; the ids of the wire's article, the gazette's near copy with two versions, and the opera."""
    run = archive.begin_run("ingest", "made")
    blocks = (Block(0, 10, 1, "x" * 10), Removed(12, 25, 3, "By Ana Duarte", "byline", "byline.by-name"))
    ids = []
    for number, (source, title, text) in enumerate(PAGES):
        at = NOON + timedelta(hours=number)
        article = sketched(
            text, title, published_at=at, published_precision="minute", authors=("Ana Duarte",), blocks=blocks,
            origins=(("published_at", "json-ld"), ("title", "heading")),
        )  # fmt: skip
        saved = archive.save(
            page(f"https://{source}.example/gate", text.encode(), source=source, hours=number), article, run
        )
        ids.append(str(saved.article_id))
    archive.fail(Failed("saved/0412.jsonl:88", "not-json", "not JSON"), run)
    archive.finish_run(run)
    archive.sources.sync([SourceRecord("gazette", "Gazette", "en", "GB", "https://gazette.example/", True, DEFINITION)])
    archive.file_run("gazette", [Named("https://gazette.example/rss", "feed")], Order(), "2026-11-20T13:00:00Z")
    return ids[0], ids[1], ids[4]
