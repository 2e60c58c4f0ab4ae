"""OPML: what goes out comes back; what others wrote becomes drafts; what is hostile is refused in one line."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path

import pytest

from crawler.catalogue import add, draft, read_sources
from crawler.errors import BadOpml, BadSource
from crawler.opml import read_opml, write_opml
from crawler.source import Place, Source

SEEDS = Path(__file__).parents[1] / "seeds" / "sources"
FOREIGN = """\
<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.0">
  <head><title>Feeds</title></head>
  <body>
    <outline text="Tin tức">
      <outline text="Báo" type="rss" xmlUrl="https://bao.example.vn/rss?a=1&amp;b=2" htmlUrl="https://bao.example.vn/"/>
      <outline title="Europe &amp; co" text="x">
        <outline text="Blatt" type="atom" xmlUrl=" https://blatt.example.de/atom.xml "/>
        <outline text="no feed"/>
      </outline>
    </outline>
    <outline text="Blatt" type="RSS" xmlUrl="https://other.example/feed"/>
    <outline text="朝日" type="rss" xmlUrl="https://asahi.example/rss" language="ja"/>
    <outline type="rss" xmlUrl="https://untitled.example/rss"/>
  </body>
</opml>
"""


def test_all_sources_come_back(tmp_path: Path) -> None:
    sources = read_sources(SEEDS).sources
    outlines = read_opml(write_opml(sources).encode())
    told = attrgetter("name", "title", "homepage", "language", "country", "places")
    assert [told(outline) for outline in outlines] == [told(source) for source in sources]
    for outline in outlines:
        add(tmp_path, outline.name, outline.definition)
    again = read_sources(tmp_path)
    assert again.faults == ()
    assert write_opml(again.sources) == write_opml(sources)


def test_words_that_xml_and_toml_must_escape_come_back() -> None:
    title = "\"A\" & <b> 'c' \\ é 朝日 \U0001f4f0 ]]> #\u00a0  روزنامه\u200cها"
    place = Place("feed", ("https://a.example/?x=1&y='\"<>",))
    source = Source.parse("a", draft("a", title, "https://a.example/", None, None, (place,)))
    (outline,) = read_opml(write_opml([source]).encode())
    assert (outline.title, outline.places) == (title, (place,))
    assert Source.parse("a", outline.definition) == source


def test_a_list_from_elsewhere() -> None:
    outlines = read_opml(FOREIGN.encode())
    assert [(outline.name, outline.title, outline.sections) for outline in outlines] == [
        ("bao", "Báo", ("Tin tức",)),
        ("blatt", "Blatt", ("Tin tức", "Europe & co")),
        ("blatt-2", "Blatt", ()),
        (outlines[3].name, "朝日", ()),
        ("untitled-example", "https://untitled.example/", ()),
    ]
    assert [outline.homepage for outline in outlines[:2]] == ["https://bao.example.vn/", "https://blatt.example.de/"]
    assert outlines[0].places == (Place("feed", ("https://bao.example.vn/rss?a=1&b=2",)),)
    for outline in outlines:
        assert Source.parse(outline.name, outline.definition).places == outline.places


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_other_encodings(encoding: str) -> None:
    text = '<opml version="2.0"><body><outline text="Presse é" xmlUrl="https://a.example/"/></body></opml>'
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding == "iso-8859-1" else ""
    (outline,) = read_opml((head + text).encode(encoding))
    assert outline.title == "Presse é"


def test_a_name_is_given_once() -> None:
    feeds = "".join(f'<outline text="{title}" xmlUrl="https://a.example/"/>' for title in ("a-2", "a", "a", "a", "a-2"))
    names = [outline.name for outline in read_opml(f"<opml><body>{feeds}</body></opml>".encode())]
    assert len(set(names)) == 5
    assert names[:2] == ["a-2", "a"]


def test_an_address_that_is_none_is_a_fault_of_its_draft(tmp_path: Path) -> None:
    text = '<opml><body><outline text="A" htmlUrl="https://a.example/" xmlUrl="javascript:alert(1)"/></body></opml>'
    (outline,) = read_opml(text.encode())
    with pytest.raises(BadSource, match=r"place\[1\].urls\[1\]: not an http"):
        add(tmp_path, outline.name, outline.definition)


LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
BODY = "<opml><body>{}</body></opml>"
HOSTILE = {
    "empty": b"",
    "not XML": b"\x89PNG\r\n\x1a\n",
    "cut": FOREIGN.encode()[:400],
    "HTML": b"<html><body><outline xmlUrl='https://a.example/'/></body></html>",
    "no body": b"<opml/>",
    "laughs": f'<!DOCTYPE opml [<!ENTITY a "ha">{LAUGHS}]><opml><body><outline text="&i;"/></body></opml>'.encode(),
    "UTF-16 laughs": f'<!DOCTYPE opml [<!ENTITY a "ha">{LAUGHS}]>{BODY.format("&i;")}'.encode("utf-16"),
    "UTF-7 type": b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE opml+AD4APA-opml+AD4-',
    "file": b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><body>&x;</body></opml>',
    "outer type": b'<!doctype opml SYSTEM "http://127.0.0.1:9/x.dtd"><opml><body/></opml>',
    "undeclared": b"<opml><body>&x;</body></opml>",
    "deep": BODY.format("<outline text='a'>" * 40 + "</outline>" * 40).encode(),
    "very deep": BODY.format("<outline>" * 5000 + "</outline>" * 5000).encode(),
    "many": BODY.format("<outline xmlUrl='https://a.example/'/>" * 20_001).encode(),
    "large": b" " * (4 * 1024 * 1024 + 1),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_lists_are_refused_in_one_line(case: str) -> None:
    with pytest.raises(BadOpml) as caught:
        read_opml(HOSTILE[case])
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) <= 320


def test_an_include_includes_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{tmp_path}/secret" parse="text"/>'
    assert read_opml(BODY.format(include).encode()) == ()
