"""Where an outlet lists its articles: feeds in four formats, sitemaps, a sitemap index with packed children."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from html import escape
from itertools import islice

from tests.sites.behaviour import styled
from tests.sites.outlet import Outlet, Piece

Versions = Callable[[Piece], int]
"""Which version of an article is shown at the moment."""

_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def feed_link(outlet: Outlet, base: str, piece: Piece) -> str:
    """The address of an article as the outlet's feeds give it."""
    return base + styled(outlet.link_styles[piece.number % len(outlet.link_styles)], piece.path)


def rss(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(each.title)}</title><link>{escape(link)}</link>"
        f'<guid isPermaLink="false">{outlet.name}-{each.number}</guid><category>{each.section}</category>'
        f"<dc:creator>{each.author}</dc:creator><pubDate>{format_datetime(each.published_at)}</pubDate>"
        f"<description>{escape(lead)}</description></item>\n"
        for each, link, lead in _items(outlet, base, versions)
    )
    return (
        f'{_HEAD}<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{escape(outlet.name)}'
        f"</title><link>{base}/</link><description>{escape(outlet.name)}</description>"
        f"<language>{outlet.language}</language>\n{items}</channel></rss>"
    ).encode()


def rdf(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """RSS 1.0, which is RDF."""
    made = list(_items(outlet, base, versions))
    order = "".join(f'<rdf:li rdf:resource="{escape(link)}"/>' for _, link, _ in made)
    items = "".join(
        f'<item rdf:about="{escape(link)}"><title>{escape(each.title)}</title><link>{escape(link)}</link>'
        f"<description>{escape(lead)}</description><dc:date>{each.published_at.isoformat()}</dc:date></item>\n"
        for each, link, lead in made
    )
    return (
        f'{_HEAD}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="{base}/rdf.xml"><title>'
        f"{escape(outlet.name)}</title><link>{base}/</link><description>{escape(outlet.name)}</description>"
        f"<items><rdf:Seq>{order}</rdf:Seq></items></channel>\n{items}</rdf:RDF>"
    ).encode()


def atom(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """Atom 1.0."""
    entries = "".join(
        f'<entry><title>{escape(each.title)}</title><link href="{escape(link)}"/><id>{base}/id/{each.number}</id>'
        f"<published>{each.published_at.isoformat()}</published><updated>{_updated(outlet, each, versions)}</updated>"
        f"<author><name>{each.author}</name></author><summary>{escape(lead)}</summary></entry>\n"
        for each, link, lead in _items(outlet, base, versions)
    )
    return (
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.language}"><title>{escape(outlet.name)}'
        f'</title><id>{base}/</id><link rel="self" href="{base}/atom.xml"/><updated>{outlet.newest_at}</updated>\n'
        f"{entries}</feed>"
    ).encode()


def json_feed(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """JSON Feed 1.1."""
    items = [
        {
            "id": f"{base}/id/{each.number}",
            "url": link,
            "title": each.title,
            "summary": lead,
            "date_published": each.published_at.isoformat(),
            "date_modified": _updated(outlet, each, versions),
            "authors": [{"name": each.author}],
            "language": outlet.language,
        }
        for each, link, lead in _items(outlet, base, versions)
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": outlet.name, "home_page_url": f"{base}/"}
    return json.dumps({**feed, "feed_url": f"{base}/feed.json", "items": items}, ensure_ascii=False).encode()


def sitemap(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """All articles in one sitemap."""
    return _urlset(outlet, base, versions, list(outlet.newest_first()))


def sitemap_index(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """An index of as many packed sitemaps as the articles need; /sitemap-1.xml.gz has the newest."""
    maps = "".join(
        f"<sitemap><loc>{base}/sitemap-{number}.xml.gz</loc><lastmod>{_updated(outlet, pieces[0], versions)}</lastmod>"
        "</sitemap>\n"
        for number, pieces in enumerate(_children(outlet), start=1)
    )
    return f"{_HEAD}<sitemapindex {_SITEMAP}>\n{maps}</sitemapindex>".encode()


def sitemap_child(outlet: Outlet, base: str, versions: Versions, number: int) -> bytes | None:
    """One packed sitemap of the index; None where it has no such child."""
    pieces = next(islice(_children(outlet), number - 1, None), None) if number > 0 else None
    return gzip.compress(_urlset(outlet, base, versions, pieces), mtime=0) if pieces else None


def news_sitemap(outlet: Outlet, base: str, versions: Versions) -> bytes:
    """The articles of the last two days, with titles and times."""
    since = datetime.fromisoformat(outlet.newest_at) - timedelta(days=2)
    urls = "".join(
        f"<url><loc>{base}{each.path}</loc><news:news><news:publication><news:name>{escape(outlet.name)}</news:name>"
        f"<news:language>{outlet.language}</news:language></news:publication><news:publication_date>"
        f"{each.published_at.isoformat()}</news:publication_date><news:title>{escape(each.title)}</news:title>"
        "</news:news></url>\n"
        for each in outlet.newest_first()
        if each.published_at >= since
    )
    news = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    return f"{_HEAD}<urlset {_SITEMAP} {news}>\n{urls}</urlset>".encode()


def _items(outlet: Outlet, base: str, versions: Versions) -> Iterator[tuple[Piece, str, str]]:
    """The newest articles: each with its link and its first paragraph."""
    for piece in islice(outlet.newest_first(), outlet.feed_items):
        yield piece, feed_link(outlet, base, piece), outlet.written(piece, versions(piece)).paragraphs[0]


def _children(outlet: Outlet) -> Iterator[list[Piece]]:
    pieces = outlet.newest_first()
    while child := list(islice(pieces, outlet.sitemap_size)):
        yield child


def _urlset(outlet: Outlet, base: str, versions: Versions, pieces: list[Piece]) -> bytes:
    urls = "".join(
        f"<url><loc>{base}{each.path}</loc><lastmod>{_updated(outlet, each, versions)}</lastmod></url>\n"
        for each in pieces
    )
    return f"{_HEAD}<urlset {_SITEMAP}>\n{urls}</urlset>".encode()


def _updated(outlet: Outlet, piece: Piece, versions: Versions) -> str:
    return outlet.modified_at(piece, versions(piece)).isoformat()
