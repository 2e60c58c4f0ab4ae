"""HTML of an outlet: article pages in three templates, their AMP and mobile twins, the home page and the sections."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any

from tests.sites.outlet import Outlet, Piece
from tests.sites.prose import Story, lexicon

FEEDS = {
    "rss": ("/rss.xml", "application/rss+xml"),
    "rdf": ("/rdf.xml", "application/rdf+xml"),
    "atom": ("/atom.xml", "application/atom+xml"),
    "json": ("/feed.json", "application/feed+json"),
}


def article_page(outlet: Outlet, base: str, piece: Piece, version: int) -> bytes:
    """The page of an article."""
    written = outlet.written(piece, version)
    page = _Page(outlet, base, piece, written, outlet.modified_at(piece, version))
    html = TEMPLATES[outlet.template % len(TEMPLATES)](page)
    return html.replace("</body>", f"{_furniture(outlet.furniture)}</body>").encode()


def _furniture(number: int) -> str:
    """What stands around the articles of real outlets: long menus, and scripts with their data."""
    if not number:
        return ""
    links = "".join(f'<li class="menu-item"><a href="/topics/{at}/">Topic {at}</a></li>' for at in range(number))
    scripts = "".join(
        f'<script>window.slots.push({{"id": {at}, "data": "{"x" * 560}"}})</script>' for at in range(number)
    )
    return f'<nav class="all-topics"><ul>{links}</ul></nav>{scripts}'


def amp_page(outlet: Outlet, base: str, piece: Piece, version: int) -> bytes:
    """The AMP twin; its canonical address is that of the article."""
    written = outlet.written(piece, version)
    page = _Page(outlet, base, piece, written, outlet.modified_at(piece, version))
    return (
        f'<!doctype html><html amp lang="{outlet.language}"><head><meta charset="utf-8">'
        f"<title>{escape(written.title)} - {escape(outlet.name)}</title>"
        f'<link rel="canonical" href="{base}{piece.path}">{page.data()}</head>'
        f"<body><header><a href='/'>{escape(outlet.name)}</a></header><article><h1>{escape(written.title)}</h1>"
        f"{page.paragraphs()}</article><footer>{escape(page.rights)}</footer></body></html>"
    ).encode()


def mobile_page(outlet: Outlet, base: str, piece: Piece, version: int) -> bytes:
    """The mobile twin: the third template, with the article's address as the canonical one."""
    written = outlet.written(piece, version)
    return _narrow(_Page(outlet, base, piece, written, outlet.modified_at(piece, version))).encode()


def list_page(outlet: Outlet, title: str, pieces: list[Piece], more: str = "") -> bytes:
    """A page of links to articles, with teasers. more: HTML under the list, such as the link to the next page."""
    teasers = "".join(
        f'<li><h2><a href="{piece.path}">{escape(piece.title)}</a></h2>'
        f'<time datetime="{piece.published_at.isoformat()}">{_stamp(outlet.language, piece.published_at)}</time>'
        f"<p>{escape(outlet.written(piece, 0).paragraphs[0].split('. ')[0])}…</p></li>"
        for piece in pieces
    )
    feeds = "".join(
        f'<link rel="alternate" type="{FEEDS[kind][1]}" title="{kind}" href="{FEEDS[kind][0]}">'
        for kind in outlet.feeds
    )
    return (
        f'<!DOCTYPE html><html lang="{outlet.language}"><head><meta charset="utf-8"><title>{escape(title)} | '
        f"{escape(outlet.name)}</title>{feeds}</head><body>{_nav(outlet)}<main><h1>{escape(title)}</h1>"
        f'<ul class="teasers">{teasers}</ul>{more}</main>{_foot(outlet)}</body></html>'
    ).encode()


def message_page(status: int) -> bytes:
    """A short page for what is not there."""
    return f"<!DOCTYPE html><html><head><title>{status}</title></head><body><p>{status}</p></body></html>".encode()


class _Page:
    """What the templates put together."""

    def __init__(self, outlet: Outlet, base: str, piece: Piece, written: Story, modified_at: datetime) -> None:
        self.outlet, self.piece, self.story = outlet, piece, written
        self.address = base + piece.path
        self.title, self.name, self.language = escape(written.title), escape(outlet.name), outlet.language
        self.words: dict[str, Any] = lexicon(outlet.language)["furniture"]
        self.rights = self.words["rights"].format(name=outlet.name)
        self.stamp = _stamp(outlet.language, piece.published_at)
        self.published = piece.published_at.isoformat()
        self.modified = modified_at.isoformat()
        self.nav, self.foot = _nav(outlet), _foot(outlet)

    def paragraphs(self, between: str = "") -> str:
        """The paragraphs; ``between`` stands after the second one."""
        made = [f"<p>{escape(text)}</p>" for text in self.story.paragraphs]
        return "\n".join([*made[:2], between, *made[2:]])

    def related(self) -> str:
        """Links to the four articles before this one."""
        numbers = [number for number in range(self.piece.number - 1, 0, -1) if number not in self.outlet.removed][:4]
        pieces = [self.outlet.piece(number) for number in numbers]
        return "".join(f'<li><a href="{each.path}">{escape(each.title)}</a></li>' for each in pieces)

    def data(self) -> str:
        """JSON-LD of the article."""
        value = {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": self.story.title,
            "datePublished": self.published,
            "dateModified": self.modified,
            "inLanguage": self.language,
            "author": {"@type": "Person", "name": self.story.author},
            "publisher": {"@type": "Organization", "name": self.outlet.name},
            "mainEntityOfPage": self.address,
        }
        text = json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
        return f'<script type="application/ld+json">{text}</script>'

    def graph(self) -> str:
        """Open Graph elements."""
        return (
            f'<meta property="og:type" content="article"><meta property="og:title" content="{self.title}">'
            f'<meta property="og:site_name" content="{self.name}"><meta property="og:url" content="{self.address}">'
            f'<meta property="article:published_time" content="{self.published}">'
        )

    def links(self) -> str:
        """The canonical address, and the AMP twin where there is one."""
        amp = f'<link rel="amphtml" href="/amp{self.piece.path}">' if "amp" in self.outlet.twins else ""
        if "parameter" in self.outlet.twins:
            amp = f'<link rel="amphtml" href="{self.piece.path}?amp=1">'
        return f'<link rel="canonical" href="{self.address}">{amp}'

    def word(self, name: str) -> str:
        return escape(self.words[name].format(person=self.story.author, name=self.outlet.name))


def _broad(page: _Page) -> str:
    """Header, breadcrumbs, picture, share bar; related links and newsletter inside the article."""
    related = f'<aside class="related"><h3>{page.word("related")}</h3><ul>{page.related()}</ul></aside>'
    return f"""<!DOCTYPE html>
<html lang="{page.language}"><head><meta charset="utf-8">
<title>{page.title} | {page.name}</title>
{page.links()}{page.graph()}{page.data()}
<meta name="author" content="{escape(page.story.author)}">
<style>body {{ font-family: serif }}</style></head>
<body>{page.nav}
<main><article class="article">
<h1>{page.title}</h1>
<div class="byline">{page.word("by")} <span rel="author">{escape(page.story.author)}</span></div>
<time datetime="{page.published}">{page.stamp}</time>
<div class="share-bar"><span>{page.word("share")}</span> <a href="#f">Facebook</a> <a href="#m">Mastodon</a></div>
<figure><img src="/picture-{page.piece.number}.jpg" alt=""><figcaption>{page.word("caption")}</figcaption></figure>
<div class="article-body">
{page.paragraphs(related)}
</div>
<div class="newsletter"><h3>{page.word("newsletter")}</h3><p>{page.word("newsletter_text")}</p>
<form action="/newsletter"><input type="email"><button>OK</button></form></div>
</article>
<section class="comments" id="comments"><h3>{page.word("comments")}</h3><p>{page.word("no_comments")}</p></section>
</main>{page.foot}</body></html>"""


def _plain(page: _Page) -> str:
    """An old site: nested divs, no structured data but Open Graph, everything beside the article in a column."""
    return f"""<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "x">
<html lang="{page.language}"><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8" />
<title>{page.title} - {page.name}</title>{page.links()}{page.graph()}
<script>var counter = {page.piece.number};</script></head>
<body><div id="top">{page.nav}</div>
<div id="content"><div class="story">
<h1 class="headline">{page.title}</h1>
<p class="meta date">{page.stamp}</p>
<div class="story-text">
{page.paragraphs()}
</div>
<p class="author">{page.word("by")} {escape(page.story.author)}</p>
<ul class="social"><li><a href="#1">Facebook</a></li><li><a href="#2">WhatsApp</a></li><li>E-Mail</li></ul>
</div>
<div id="sidebar"><h3>{page.word("related")}</h3><ul>{page.related()}</ul>
<h3>{page.word("newsletter")}</h3><p>{page.word("newsletter_text")}</p></div>
<div id="comments"><h3>{page.word("comments")}</h3><p>{page.word("no_comments")}</p></div></div>
<div id="bottom">{page.foot}</div></body></html>"""


def _narrow(page: _Page) -> str:
    """A recent site: elements with meaning, JSON-LD, little furniture around."""
    return f"""<!doctype html>
<html lang="{page.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{page.title} · {page.name}</title>{page.links()}{page.data()}</head>
<body>{page.nav}
<article>
<header><h1>{page.title}</h1>
<address class="author">{escape(page.story.author)}</address>
<time datetime="{page.published}">{page.stamp}</time></header>
<section class="text">
{page.paragraphs()}
</section>
</article>
<aside class="more"><h2>{page.word("more")}</h2><ol>{page.related()}</ol></aside>
<div class="newsletter-signup"><p>{page.word("newsletter")}</p></div>
{page.foot}</body></html>"""


TEMPLATES = (_broad, _plain, _narrow)


def _nav(outlet: Outlet) -> str:
    home = lexicon(outlet.language)["furniture"]["home"]
    links = "".join(f'<li><a href="/{slug}/">{escape(name)}</a></li>' for slug, name in outlet.sections)
    return (
        f'<header class="site"><a class="logo" href="/">{escape(outlet.name)}</a>'
        f'<nav><ul><li><a href="/">{escape(home)}</a></li>{links}</ul></nav></header>'
    )


def _foot(outlet: Outlet) -> str:
    words = lexicon(outlet.language)["furniture"]
    return (
        f'<footer class="site-footer"><a href="/imprint">{escape(words["imprint"])}</a> '
        f'<a href="/privacy">{escape(words["privacy"])}</a>'
        f"<p>{escape(words['rights'].format(name=outlet.name))}</p></footer>"
    )


def _stamp(language: str, at: datetime) -> str:
    month = lexicon(language)["month"][at.month - 1]
    match language:
        case "de":
            return f"{at.day}. {month} {at.year}, {at:%H:%M} Uhr"
        case "fr":
            return f"{at.day} {month} {at.year}, {at:%H}h{at:%M}"
        case "vi":
            return f"{at:%d/%m/%Y %H:%M}"
        case _:
            return f"{at.day} {month} {at.year}, {at:%H:%M}"
