"""Hostile pages: HTML that costs parsers minutes, hides text from them or lies, each made by a line or two.

The numbers are those of the corpus of bad inputs (H: markup, E: types and charsets). No bytes are kept, seeds fixed.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.hostile.inputs import CASES

_TOPICS = (
    *("council", "bridge", "harbour", "school", "hospital", "railway", "orchard", "library", "theatre", "reservoir"),
    *("market", "ferry", "museum", "stadium", "chapel", "factory", "nursery", "airport", "brewery", "lighthouse"),
)
_PEOPLE = ("the mayor", "a spokeswoman", "the engineers", "residents", "the committee", "two witnesses", "the owner")
_DEEDS = ("approved", "rejected", "inspected", "described", "closed", "praised", "rebuilt", "measured", "postponed")
TITLE = "Old bridge to be rebuilt before the winter"


@dataclass(frozen=True, slots=True)
class HostilePage:
    """keeps: what must be in the article, or the article must be flagged, or the page refused. never: what must stand
    in no field. alike: pages of the same word have the same text, and must get the same content hash.
    """

    name: str
    make: Callable[[], bytes]
    content_type: str = "text/html; charset=utf-8"
    keeps: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    alike: str = ""


def sentences(count: int, seed: int) -> list[str]:
    """Sentences that no two pages share."""
    chance = random.Random(seed)
    return [
        f"On the {number + 2}nd visit {chance.choice(_PEOPLE)} {chance.choice(_DEEDS)} the {chance.choice(_TOPICS)}"
        f" near the {chance.choice(_TOPICS)}, and {chance.choice(_PEOPLE)} {chance.choice(_DEEDS)} the old"
        f" {chance.choice(_TOPICS)}"
        f" after {chance.randrange(2, 90)} weeks of talks."
        for number in range(count)
    ]


def paragraphs(count: int, seed: int = 1) -> list[str]:
    """Paragraphs of three sentences."""
    said = sentences(3 * count, seed)
    return [" ".join(said[at : at + 3]) for at in range(0, 3 * count, 3)]


STORY = paragraphs(10)
ENDS = (STORY[0], STORY[-1])
BODY = "".join(f"<p>{each}</p>\n" for each in STORY)
HALVES = ("".join(f"<p>{each}</p>\n" for each in half) for half in (STORY[:5], STORY[5:]))
FIRST, SECOND = HALVES


def page(body: str, head: str = "", title: str = TITLE, around: str = "") -> str:
    """A news page with a menu, a headline, the body and a footer."""
    menu = "".join(f'<li><a href="/{each}">{each.title()}</a></li>' for each in _TOPICS[:8])
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{title}</title>{head}</head><body>'
        f'<nav><ul>{menu}</ul></nav><main><article><h1>{title}</h1><div class="story-body">{body}</div>'
        f"</article></main>"
        f"{around}<footer><p>All rights reserved. Gazette Publishing, 1 Quay Street.</p></footer></body></html>"
    )


def _markup() -> Iterator[tuple[str, Callable[[], str], dict[str, object]]]:
    kept: dict[str, object] = {"keeps": ENDS}

    def deep(tag: str, depth: int, inner: str) -> str:
        return f"<{tag}>" * depth + inner + f"</{tag}>" * depth

    yield "H01 article inside 260 divs", lambda: page(deep("div", 260, BODY)), kept
    yield "H02 300 divs, then the tail", lambda: page(FIRST + deep("div", 300, "<p>deep</p>") + SECOND), kept
    yield "H02b 300 unclosed divs, then the tail", lambda: page(FIRST + "<div>" * 300 + SECOND), kept
    yield "H03 100,000 divs", lambda: page(BODY + "<div>" * 100_000), kept
    yield "H04 50,000 unclosed font", lambda: page(FIRST + "<font>x" * 50_000 + SECOND), kept
    attributes = {20: "H05", 100: "H06"}
    for thousands, name in attributes.items():
        many = " ".join(f"a{each}=1" for each in range(thousands * 1000))
        yield f"{name} {thousands},000 attributes", lambda many=many: page(f"<p {many}>x</p>" + BODY), kept
    yield "H07 100,000 br", lambda: page(FIRST + "<br>" * 100_000 + SECOND), kept
    yield "H08 100,000 links", lambda: page(BODY, around="<a href=/x>more</a> " * 100_000), kept
    yield "H09 table of 20,000 rows", lambda: page(FIRST + f"<table>{'<tr><td>1<td>2' * 20_000}</table>{SECOND}"), kept
    yield "H10 article inside 100 tables", lambda: page(f"{'<table><tr><td>' * 100}{BODY}"), kept
    yield "H11 1,000 nested ul", lambda: page(FIRST + "<ul><li>" * 1000 + "x" + "</ul>" * 1000 + SECOND), kept
    yield "H12 article inside 200 blockquotes", lambda: page(deep("blockquote", 200, BODY)), kept
    yield "H13 one text of 20 MB", lambda: page(f"<p>{'word ' * 4_000_000}</p>{BODY}"), kept
    yield "H14 10 MB of paragraphs", lambda: page("".join(f"<p>{each}</p>" for each in paragraphs(24_000))), {}
    yield "H15 2 MB of spaces", lambda: page(FIRST + " " * 2_000_000 + SECOND), kept
    yield "H16 50,000 comments", lambda: page(FIRST + "<!-- x -->" * 50_000 + SECOND), kept
    yield "H17 title of 1 MB", lambda: page(BODY, title="Bridge " * 150_000), kept
    yield "H18 author of 1 MB", lambda: page(BODY, f'<meta name="author" content="{"Ann Lee, " * 110_000}">'), kept
    data = '<script type="application/ld+json">{}</script>'.format
    yield "H19 JSON-LD 100,000 deep", lambda: page(BODY, data("[" * 100_000)), kept
    yield "H20 JSON-LD of 1 MB of quotes", lambda: page(BODY, data('{"a":"' + '\\"' * 500_000)), kept
    yield "H21 50,000 time tags", lambda: page(FIRST + '<time datetime="2026-01-02">2</time>' * 50_000 + SECOND), kept
    yield "H22 1 MB of dates", lambda: page(FIRST + f"<p>{'2020-01-' * 125_000}</p>" + SECOND), kept
    evil: dict[str, object] = {**kept, "never": ("evil.example", "javascript:")}
    yield "H23 evil base", lambda: page(BODY, '<base href="https://evil.example/">'), evil
    yield "H24 canonical of another site", lambda: page(BODY, '<link rel=canonical href="https://evil.example/">'), evil
    yield "H25 canonical javascript", lambda: page(BODY, '<link rel=canonical href="javascript:alert(1)">'), evil
    yield "H26 script as text", lambda: page(f"{FIRST}<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>{SECOND}"), kept
    svg = '<svg onload=alert(1)><math><mtext><img src=x onerror="alert(1)"></math></svg>'
    yield "H27 svg and math", lambda: page(FIRST + svg + SECOND), {**kept, "never": ("onload", "onerror")}
    form = '<form action="https://evil.example/"><input name=q></form><iframe srcdoc="<p>evil.example</p>"></iframe>'
    yield "H28 form and srcdoc", lambda: page(FIRST + form + SECOND), evil
    yield "H29 soft 404", lambda: page("<p>Page not found.</p>", title="404"), {}
    stub = '<div class="paywall"><p>Subscribe to read on.</p></div>'
    yield "H30 paywall stub", lambda: page(f"<p>{STORY[0]}</p>{stub}"), {"keeps": STORY[:1]}
    wall = "<p>We and our partners store cookies. Accept all or choose.</p>"
    yield "H31 cookie wall", lambda: f"<html><title>Consent</title><body><div>{wall}</div></body></html>", {}
    for name in ("spring", "autumn"):
        offer = f'<div class="ad"><a href="/{name}">The great {name} sale of garden chairs is on now</a></div>'
        yield f"H32 {name} advertisement", lambda offer=offer: page(FIRST + offer + SECOND), {**kept, "alike": "ads"}
    yield (
        "H33 print twin",
        lambda: f"<html><title>{TITLE}</title><h1>{TITLE}</h1>{BODY}</html>",
        {**kept, "alike": "ads"},
    )


def _charsets() -> Iterator[HostilePage]:
    accents = tuple(f"{each} Où ? Là-bas, à côté, « déjà » : naïveté." for each in STORY)
    french = page("".join(f"<p>{each}</p>" for each in accents))
    kept = (accents[0], accents[-1])
    bare = "text/html"

    def said(
        name: str, make: Callable[[], bytes], content_type: str = bare, keeps: tuple[str, ...] = kept
    ) -> HostilePage:
        return HostilePage(name, make, content_type, keeps)

    yield said("E01 latin-1 that says UTF-8", lambda: french.encode("latin-1"), "text/html; charset=utf-8")
    yield said("E02 UTF-8 that says latin-1", french.encode, "text/html; charset=iso-8859-1")
    yield said("E03 UTF-16 without mark", lambda: french.encode("utf-16-le"))
    yield said("E04 UTF-16 mark against header", lambda: french.encode("utf-16"), "text/html; charset=utf-8")
    yield said("E05 UTF-7", lambda: french.encode("utf-7"), "text/html; charset=utf-7")
    japanese = tuple(
        f"{at}番目の橋は冬の前に建て直されると、市長は火曜日に記者団に語った。住民は喜んでいる。" for at in range(10)
    )
    chinese = tuple(
        f"市政府周二表示，第{at}座旧桥将在冬季之前重建，居民对此表示欢迎，工程预计持续数周。" for at in range(10)
    )
    for name, text, codec in (("E06 Shift JIS", japanese, "shift_jis"), ("E07 GB 18030", chinese, "gb18030")):
        html = page("".join(f"<p>{each}</p>" for each in text))
        yield said(name, lambda html=html, codec=codec: html.encode(codec), bare, (text[0], text[-1]))
    quoted = page(BODY.replace("after", "“after”"))
    yield said(
        "E08 windows-1252 quotes", lambda: quoted.encode("cp1252"), bare, (STORY[0].replace("after", "“after”"),)
    )
    mixed = french.encode().replace("déjà".encode(), "déjà".encode("cp1252"))
    yield said("E09 cp1252 within UTF-8", lambda: mixed)
    for name, junk in (
        ("E10 invalid", b"\xff\xfe\x80"),
        ("E11 overlong NUL", b"\xc0\x80"),
        ("E12 CESU-8", b"\xed\xa0\xbd"),
    ):
        yield said(name, lambda junk=junk: french.encode().replace(b"</p>", junk + b"</p>", 3), bare, kept[1:])
    references = page(FIRST + "<p>&#0; &#xD800; &#xFFFF; &#x1b;</p>" + SECOND)
    yield HostilePage("E13 references to no character", references.encode, bare, ENDS, ("\x00", "\x1b", "\ud800"))
    for name, junk in (
        ("E14 NUL in the title", "\x00"),
        ("E15 escape in the title", "\x1b[2J\x1b]0;x\x07"),
        ("E16 C1 in the title", "\x9b31m"),
        ("E17 bidi in the title", "\u202e"),
    ):
        titled = page(BODY, title=f"Bridge {junk} rebuilt")
        yield HostilePage(name, titled.encode, bare, ENDS, (junk[0],))
    yield HostilePage(
        "E18 zero width in a host", page(BODY + '<a href="https://ga\u200bzette.example/">x</a>').encode, bare, ENDS
    )
    composed = page("".join(f"<p>{each} Café, très bien.</p>" for each in STORY))
    yield HostilePage("E19 composed", composed.encode, bare, ENDS, alike="forms")
    yield HostilePage("E19 decomposed", lambda: _decomposed(composed).encode(), bare, ENDS, alike="forms")
    yield said("E20 emoji", page(FIRST + "<p>👩‍👩‍👧‍👦 𝔊𝔯𝔢𝔞𝔱 news for all of us here.</p>" + SECOND).encode, bare, ENDS)
    yield said(
        "E21 PDF as HTML",
        lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 99,
        bare,
        (),
    )
    yield said("E22 PNG as HTML", lambda: b"\x89PNG\r\n\x1a\n" + random.Random(22).randbytes(50_000), bare, ())
    yield said("E23 5 MB at random", lambda: random.Random(23).randbytes(5_000_000), bare, ())
    yield said("E24 empty", lambda: b"", bare, ())
    yield said("E25 white space", lambda: b" \n\t" * 999, bare, ())
    yield said("E26 JSON as HTML", lambda: json.dumps({"title": TITLE, "text": BODY}).encode(), bare, ())


def _decomposed(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFD", text)


def hostile_pages() -> list[HostilePage]:
    """All of them, with the HTML of the tests' bad inputs."""
    pages = [HostilePage(name, lambda make=make: make().encode(), **rest) for name, make, rest in _markup()]  # type: ignore[arg-type]
    pages += _charsets()
    with tempfile.TemporaryDirectory() as folder:
        for bad in CASES:
            path = Path(folder) / bad.name
            if not bad.name.endswith(".html") or bad.reason == "not-a-file":
                continue
            bad.make(path)
            pages.append(HostilePage(f"tests {bad.name}", partial(bytes, path.read_bytes())))
    return pages


def grown(size: int, *, around: bool) -> bytes:
    """A news page of about ``size`` bytes. around: cards, comments and menus grow with it; else the article alone."""
    share = 0.25 if around else 0.8
    story = paragraphs(max(5, int(size * share / 430)), seed=size)
    extra = paragraphs(max(3, int(size * (1 - share) / 1300)), seed=size + 1)
    cards = "".join(
        f'<div class="card card-{at % 7}"><figure><img src="/img/{at}.jpg" alt=""></figure><div class="card__text">'
        f'<h3><a class="card__link" href="/2026/{at}/story.html">{each.split(",")[0]}</a></h3>'
        f'<p class="teaser">{each}</p><ul class="meta"><li><time datetime="2026-03-0{1 + at % 9}">'
        f'{1 + at % 9} March</time></li><li><a href="/topic/{at}">'
        f'Topic {at}</a></li></ul></div></div><div class="comment" id="c{at}"><b>Reader {at}</b><p>{each}</p></div>'
        for at, each in enumerate(extra)
    )
    body = "".join(f'<p class="story__text">{each}</p>\n' for each in story)
    return page(body, around=f'<aside class="related">{cards}</aside>').encode()
