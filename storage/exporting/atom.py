"""Atom (RFC 4287): articles as a feed that any reader follows, with their full texts.

An entry is named for ever by a ``urn:uuid:``; it is updated when another text of the article is fetched. A date of
publication is told if the day is known. The feed is as new as its newest entry; that is known at the end, where RFC
4287 lets it stand. Control characters and others that XML cannot hold are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from storage.exporting.form import gathered
from storage.exporting.names import link, urn
from storage.records import ArchivedArticle
from storage.times import rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # an empty feed has never changed
_NO_CHARACTERS = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\U00010000-\U0010ffff]")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_PARAGRAPHS = re.compile(r"\n{2,}")


def write(articles: Iterable[ArchivedArticle]) -> Iterator[bytes]:
    """See ``storage.exporting.form.Writer``."""
    return atom_feed(articles, "copydesk")


def atom_feed(
    articles: Iterable[ArchivedArticle], title: str, self_url: str | None = None, updated: datetime | None = None
) -> Iterator[bytes]:
    """A feed of articles. self_url: where it is found, if anywhere. updated: None for that of its newest entry."""
    return gathered(_feed(articles, title, self_url, updated))


def _feed(
    articles: Iterable[ArchivedArticle], title: str, self_url: str | None, updated: datetime | None
) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
    yield _element("id", urn(self_url or title))
    yield _element("title", title)
    yield "<generator>copydesk</generator>\n"
    yield _link("self", self_url, "application/atom+xml")
    newest = _EPOCH
    for article in articles:
        newest = max(newest, article.fetched_at)
        yield from _entry(article)
    yield _element("updated", rfc3339(updated or newest))
    yield "</feed>\n"


def _entry(article: ArchivedArticle) -> Iterator[str]:
    spoken = _LANGUAGE.fullmatch(article.language or "")
    yield f"<entry xml:lang={quoteattr(spoken[0])}>\n" if spoken else "<entry>\n"
    yield _element("id", urn(article.id))
    yield _element("title", article.title or "(no title)")
    yield _element("updated", rfc3339(article.fetched_at))
    if article.published_at and article.published_precision not in ("month", "year"):
        yield _element("published", rfc3339(article.published_at))
    for author in article.authors or (article.agency or article.source or "unknown",):  # RFC 4287 asks for one
        yield f"<author>{_element('name', author).strip()}</author>\n"
    yield _link("alternate", article.url, "text/html")
    for word in (article.section, *article.keywords):
        if word:
            yield f"<category term={quoteattr(_sound(word))}/>\n"
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in _PARAGRAPHS.split(article.text))
    yield f'<content type="html">{escape(_sound(paragraphs))}</content>\n</entry>\n'


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_sound(text))}</{name}>\n"


def _link(rel: str, address: str | None, kind: str) -> str:
    href = link(address)
    return f'<link rel="{rel}" type="{kind}" href={quoteattr(href)}/>\n' if href else ""


def _sound(text: str) -> str:
    """Text that XML can hold."""
    return _NO_CHARACTERS.sub("", text)
