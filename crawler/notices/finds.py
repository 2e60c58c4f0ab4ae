"""Finds: the articles of a watch, as a message."""

from __future__ import annotations

from crawler.notices.message import Message
from storage.export import record
from storage.records import ArchivedArticle
from storage.snippet import snippet
from storage.times import rfc3339
from storage.watch import Delivery, Watch


def message_of(delivery: Delivery) -> Message:
    """What a watch has found. In JSON, an article has every field of its record but the text, and a snippet."""
    watch, articles = delivery.watch, delivery.articles
    return _message(delivery.id, watch, articles, _headline(watch, len(articles)), is_test=False)


def trial_of(watch: Watch, articles: tuple[ArchivedArticle, ...], id_: str) -> Message:
    """What a watch would tell, with articles that are there already."""
    return _message(id_, watch, articles, f"Test of the watch {watch.name}", is_test=True)


def _message(id_: str, watch: Watch, articles: tuple[ArchivedArticle, ...], headline: str, *, is_test: bool) -> Message:
    asked = watch.query.words or ""
    body: dict[str, object] = {
        "watch": watch.name,
        "query": asked,
        "test": is_test,
        "articles": [
            {name: value for name, value in record(article).items() if name != "text"}
            | {"snippet": snippet(article.text, asked).text}
            for article in articles
        ],
    }
    lines = [f"{headline}: {asked}", ""]
    for article in articles:
        at = rfc3339(article.published_at or article.fetched_at)
        lines += [article.title or "(no title)", " · ".join(filter(None, (article.source, at, article.url)))]
        lines += [snippet(article.text, asked).text, f"copydesk show {article.id}", ""]
    lines.append(f"To end this: copydesk watch remove {watch.name}")
    return Message(id_, "watch", headline, "\n".join(lines) + "\n", body)


def _headline(watch: Watch, number: int) -> str:
    return f"{number:,} new article{'s' if number > 1 else ''} for the watch {watch.name}"
