"""Feeds: every kind of them, in several languages, broken in every way, to a Listing."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crawler.errors import Unreadable
from crawler.listings import Listing, read_feed

packed = partial(gzip.compress, mtime=0)  # the same bytes each time, and so the same names of tests

NOW = datetime(2024, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/rss/all.xml"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"><channel><title>Gazette</title>
<link>https://gazette.example/</link><language>vi</language>{}</channel></rss>"""


def rss(*items: str) -> bytes:
    return RSS.format("".join(f"<item>{item}</item>" for item in items)).encode()


def read(body: bytes, content_type: str = "application/rss+xml", url: str = URL) -> Listing:
    return read_feed(body, content_type, url, NOW)


def urls(listing: Listing) -> list[str]:
    return [link.url for link in listing.links]


def refused(body: bytes, content_type: str = "application/rss+xml") -> str:
    with pytest.raises(Unreadable) as caught:
        read(body, content_type)
    return caught.value.reason


def test_an_rss_item_says_what_it_claims() -> None:
    listing = read(
        rss(
            "<title>Hội đồng thông qua việc xây lại cầu &amp;amp; đường</title><link>https://gazette.example/a-1</link>"
            "<guid isPermaLink='false'>1</guid><pubDate>Mon, 06 May 2024 10:00:00 +0700</pubDate>"
            "<dc:creator>Nguyễn Văn A</dc:creator><dc:creator>Trần Thị B</dc:creator>"
            "<category>Thời sự</category><category>Hà Nội</category>"
            "<media:content url='https://gazette.example/i.jpg' medium='image'/>"
            "<description><![CDATA[<p>Cầu cũ được <b>xây lại</b>.</p><p>Năm sau.</p>]]></description>"
        )
    )
    (link,) = listing.links
    assert link.url == "https://gazette.example/a-1"
    assert link.kind == "article"
    assert link.changed_at is None
    claims = link.claims
    assert claims.title == "Hội đồng thông qua việc xây lại cầu & đường"
    assert claims.authors == ("Nguyễn Văn A", "Trần Thị B")
    assert claims.published_at == datetime(2024, 5, 6, 3, tzinfo=UTC)
    assert (claims.section, claims.keywords) == ("Thời sự", ("Thời sự", "Hà Nội"))
    assert (claims.language, claims.image) == ("vi", "https://gazette.example/i.jpg")
    assert claims.description == "Cầu cũ được xây lại. Năm sau."
    assert listing.notes == ()


def test_an_atom_entry_says_what_it_claims() -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://zeitung.example/basis/">
    <title>Zeitung</title><link rel="self" href="/atom"/><link rel="next" href="/atom?page=2"/>
    <entry><id>tag:1</id><title type="html">Stadtrat &amp;lt;b&amp;gt; &amp;amp; Brücke</title>
    <link rel="edit" href="/edit/1"/><link rel="alternate" type="application/json" href="/1.json"/>
    <link rel="alternate" type="text/html" href="artikel-1.html"/>
    <author><name>Erika Mustermann</name></author><published>2024-05-06T10:00:00+02:00</published>
    <updated>2024-05-07T09:00:00Z</updated><category term="Politik"/><summary>Kurz gesagt.</summary></entry></feed>"""
    listing = read(body.encode(), "application/atom+xml", "https://zeitung.example/atom")
    (link,) = listing.links
    assert link.url == "https://zeitung.example/basis/artikel-1.html"
    assert link.claims.title == "Stadtrat <b> & Brücke"
    assert link.claims.authors == ("Erika Mustermann",)
    assert link.claims.published_at == datetime(2024, 5, 6, 8, tzinfo=UTC)
    assert link.changed_at == link.claims.modified_at == datetime(2024, 5, 7, 9, tzinfo=UTC)
    assert (link.claims.language, link.claims.section) == ("de", "Politik")
    assert [(more.url, more.kind) for more in listing.more] == [("https://zeitung.example/atom?page=2", "feed")]


def test_rss_1_with_its_date_as_publication() -> None:
    body = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://s.example/"><title>新聞</title></channel>
    <item rdf:about="https://s.example/articles/1"><title>議会が古い橋の再建を可決</title>
    <link>https://s.example/articles/1</link><dc:date>2024-05-06T10:00:00+09:00</dc:date></item></rdf:RDF>"""
    (link,) = read(body.encode("euc_jp"), "text/xml; charset=euc-jp").links
    assert link.claims.title == "議会が古い橋の再建を可決"
    assert link.claims.published_at == datetime(2024, 5, 6, 1, tzinfo=UTC)
    assert link.claims.modified_at is None


def test_a_json_feed_under_any_label() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "language": "ar",
        "next_url": "/feed.json?page=2",
        "items": [
            {
                "id": "1",
                "url": "/news/1",
                "title": "المجلس يصوت على إعادة بناء الجسر",
                "authors": [{"name": "ليلى"}],
                "date_published": "2024-05-06T10:00:00+03:00",
                "tags": ["محليات"],
                "image": "/i.jpg",
                "content_html": "<p>نص</p>",
            },
            "no item",
            {"id": "https://gazette.example/2", "url": 7, "title": None, "tags": "x", "authors": "y"},
        ],
    }
    listing = read(json.dumps(feed).encode(), "application/rss+xml")
    assert urls(listing) == ["https://gazette.example/news/1", "https://gazette.example/2"]
    claims = listing.links[0].claims
    assert (claims.title, claims.authors) == ("المجلس يصوت على إعادة بناء الجسر", ("ليلى",))
    assert claims.published_at == datetime(2024, 5, 6, 7, tzinfo=UTC)
    assert (claims.language, claims.section, claims.image) == ("ar", "محليات", "https://gazette.example/i.jpg")
    assert claims.description == "نص"
    assert [more.url for more in listing.more] == ["https://gazette.example/feed.json?page=2"]
    assert listing.notes == ("1 entry without an address",)


def test_titles_stay_with_their_own_entries() -> None:
    listing = read(rss(*(f"<title>Title {n}</title><link>https://gazette.example/{n}</link>" for n in range(300))))
    assert [(link.url, link.claims.title) for link in listing.links] == [
        (f"https://gazette.example/{n}", f"Title {n}") for n in range(300)
    ]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("<link>/a</link>", "https://gazette.example/a"),
        ("<link> \n https://gazette.example/a \n</link>", "https://gazette.example/a"),
        ("<link><![CDATA[https://gazette.example/?a=1&b=2]]></link>", "https://gazette.example/?a=1&b=2"),
        ("<link>https://gazette.example/?a=1&b=2&copy=3</link>", "https://gazette.example/?a=1&b=2&copy=3"),
        ("<link>https://gazette.example/tin/cầu cũ</link>", "https://gazette.example/tin/c%E1%BA%A7u%20c%C5%A9"),
        ("<guid>https://gazette.example/a</guid>", "https://gazette.example/a"),
        ("<guid>4711</guid>", "entry without an address"),
        ("<guid isPermaLink='false'>4711</guid><title>x</title>", "entry without an address"),
        ("<link/><title>x</title>", "entry without an address"),
        ("<link>javascript:alert(1)</link>", "entry whose address is no web page"),
        ("<link>mailto:desk@gazette.example</link>", "entry whose address is no web page"),
        ("<link>file:///etc/passwd</link>", "entry whose address is no web page"),
        ("<link>https://user:secret@gazette.example/</link>", "entry whose address is no web page"),
        ("<link>https:\\\\gazette.example</link>", "entry whose address is no web page"),
        ("<link>https://gazette.example/" + "a" * 2_083 + "</link>", "entry whose address is no web page"),
        (
            "<link>https://counter.example/~r/1</link><feedburner:origLink>https://gazette.example/a</feedburner:origLink>",
            "https://gazette.example/a",
        ),
        (
            "<link>https://counter.example/~r/1</link><feedburner:origLink>javascript:x</feedburner:origLink>",
            "https://counter.example/~r/1",
        ),
    ],
)
def test_where_an_item_leads(item: str, expected: str) -> None:
    listing = read(rss(item))
    assert urls(listing) == [expected] if "://" in expected else listing.notes == (f"1 {expected}",)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Vote", "Vote"),
        ("<![CDATA[Le <b>vote</b> &agrave; l'Assembl&eacute;e]]>", "Le vote à l'Assemblée"),
        ("L&eacute;gislatives &nbsp; 2024", "Législatives 2024"),
        ("Rock & Roll < Jazz", "Rock & Roll < Jazz"),
        ("a\n  b\tc", "a b c"),
        ("\x1b[2JVote\x07", "[2JVote"),
        ("", None),
    ],
)
def test_titles_are_plain_text(title: str, expected: str | None) -> None:
    listing = read(rss(f"<title>{title}</title><link>https://gazette.example/a</link>"))
    assert listing.links[0].claims.title == expected


def test_long_texts_are_cut_and_noted() -> None:
    listing = read(rss(f"<link>/a</link><title>{'t' * 5000}</title><description>{'d' * 5000}</description>"))
    claims = listing.links[0].claims
    assert (len(claims.title or ""), len(claims.description or "")) == (1_000, 2_000)
    assert set(listing.notes) == {"1 title cut after 1,000 characters", "1 description cut after 2,000 characters"}


def test_a_bare_mail_address_is_no_author() -> None:
    listing = read(
        rss(
            "<link>/a</link><author>desk@gazette.example</author>",
            "<link>/b</link><author>desk@gazette.example (Jane Roe)</author>",
        )
    )
    assert [link.claims.authors for link in listing.links] == [(), ("Jane Roe",)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2024-05-06 10:00:00", datetime(2024, 5, 6, 10, tzinfo=UTC)),
        ("Mon, 06 May 2024 10:00:00 EST", datetime(2024, 5, 6, 15, tzinfo=UTC)),
        ("2024-06-02T00:00:00Z", datetime(2024, 6, 2, tzinfo=UTC)),
        ("9999-12-31", "date before 1990 or in the future"),
        ("0001-01-01T00:00:00Z", "date"),
        ("2999-01-01", "date before 1990 or in the future"),
        ("1970-01-01T00:00:00Z", "date before 1990 or in the future"),
        ("-1", "date that cannot be read"),
        ("99999999999999999999", "date that cannot be read"),
        ("2024-02-30", "date that cannot be read"),
        ("Foo", "date that cannot be read"),
    ],
)
def test_dates(written: str, expected: datetime | str) -> None:
    listing = read(rss(f"<link>/a</link><pubDate>{written}</pubDate>"))
    if isinstance(expected, datetime):
        assert listing.links[0].claims.published_at == expected
        assert listing.notes == ()
    else:
        assert listing.links[0].claims.published_at is None
        assert listing.notes[0].startswith(f"1 {expected}")


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item><title>T</title><link>https://gazette.example/a</link><x:y>1</x:y></item></channel></rss>",
        b"<r:rss xmlns:r='urn:r'><r:channel><r:item><link>https://gazette.example/a</link></r:item></r:channel></r:rss>",
        b"\n\n <?xml version='1.0'?><rss><channel><item><link>https://gazette.example/a</link></item></channel></rss>",
        b"<rss><channel><item><title>A <b>T</title><link>https://gazette.example/a</link></item></channel></rss>",
        b"<!DOCTYPE rss PUBLIC '-//N' 'http://127.0.0.1:1/'><rss><item><link>https://gazette.example/a</link></item></rss>",
        "<rss><channel><item><link>https://gazette.example/a</link></item></channel></rss>".encode("utf-16"),
        packed(rss("<link>https://gazette.example/a</link>")),
    ],
)
def test_broken_and_mislabelled_feeds_are_read(body: bytes) -> None:
    assert urls(read(body, "text/html; charset=utf-8")) == ["https://gazette.example/a"]


@pytest.mark.parametrize("cut", range(1, 60, 5))
def test_of_a_feed_cut_off_the_whole_items_are_kept(cut: int) -> None:
    items = [f"<title>Số {n}</title><link>https://gazette.example/number-{n}</link>" for n in range(3)]
    listing = read(rss(*items)[: -len("</channel></rss>") - cut])
    assert urls(listing) == ["https://gazette.example/number-0", "https://gazette.example/number-1"]
    assert [link.claims.title for link in listing.links] == ["Số 0", "Số 1"]
    assert listing.notes == ("cut off after entry 2",)


def test_of_a_json_feed_cut_off_the_whole_items_are_kept() -> None:
    body = json.dumps({"items": [{"url": f"https://gazette.example/number-{n}"} for n in range(3)]})
    listing = read(body[:-10].encode(), "application/json")
    assert urls(listing) == ["https://gazette.example/number-0", "https://gazette.example/number-1"]
    assert listing.notes == ("cut off after entry 2",)


def test_an_address_is_listed_once() -> None:
    listing = read(rss("<link>/a?utm_source=rss</link><guid>1</guid>", "<link>/a</link><guid>2</guid>"))
    assert len(listing.links) == 1
    assert listing.notes == ("1 entry with the address of another",)


def test_of_20_000_items_the_first_5_000_are_read() -> None:
    listing = read(rss(*(f"<link>https://gazette.example/{n}</link>" for n in range(20_000))))
    assert len(listing.links) == 5_000
    assert listing.links[-1].url == "https://gazette.example/4999"
    assert listing.notes == ("cut after 5,000 of 20,000 entries",)


def bombs(secret: str = "/etc/hostname") -> dict[str, str]:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(10))
    subsets = {
        "laughs": f'<!ENTITY l0 "ha">{laughs}',
        "quadratic": f'<!ENTITY l10 "{"a" * 50_000}">',
        "file": f'<!ENTITY l10 SYSTEM "file://{secret}">',
        "http": '<!ENTITY l10 SYSTEM "http://127.0.0.1:1/">',
        "parameter": '<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;',
        "parameter-file": f'<!ENTITY % p SYSTEM "file://{secret}"> %p;',
        "attribute-default": '<!ATTLIST item a CDATA "x">',
        "empty": "",
    }
    return {name: f"<!DOCTYPE rss [{subset}]>" for name, subset in subsets.items()}


@pytest.mark.parametrize("name", bombs())
@pytest.mark.parametrize("before", ["", "<?xml version='1.0'?>", "\ufeff<!-- a > b --><?pi?>\n"])
def test_a_doctype_with_declarations_is_refused_before_any_parser(name: str, before: str) -> None:
    body = f"{before}{bombs()[name]}<rss><channel><item><title>&l10;</title><link>/a</link></item></channel></rss>"
    assert refused(body.encode()) == "entities"


def test_nothing_outside_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    body = f"""<?xml-stylesheet type="text/xsl" href="file://{secret}"?><!DOCTYPE rss SYSTEM "file://{secret}">
    <rss xmlns:xi="http://www.w3.org/2001/XInclude"><channel><item><link>/a</link>
    <title>x<xi:include href="file://{secret}" parse="text"/>&canary;</title></item></channel></rss>"""
    assert "canary" not in repr(read(body.encode())).replace("&canary;", "")


def test_bytes_that_name_a_file_do_not_open_it(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_bytes(rss("<link>/a</link>"))
    assert refused(str(file).encode()) == "not-a-feed"
    assert refused(b"https://gazette.example/feed") == "not-a-feed"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"<!doctype html><html><body>Log in</body></html>", "html"),
        (b"<html><head><title>Log in</title></head></html>", "html"),
        (b"<urlset><url><loc>https://a.example/</loc></url></urlset>", "not-a-feed"),
        (b"just text", "not-a-feed"),
        (b"{}", "not-a-feed"),
        (b"[1, 2]", "not-a-feed"),
        (b"[" * 100_000, "not-a-feed"),
        (b'{"items": ' + b"9" * 5_000 + b"}", "not-a-feed"),
        (b"%PDF-1.7 ...", "not-text"),
        (packed(b"\0" * (60 << 20)), "too-large"),
        (b"<rss>" + b" " * (10 << 20), "too-large"),
        (b"<rss><channel><item><title>Half of a", "cut"),
        (b"<rss><channel><item>" + b"<a>" * 100_000, "too-large"),
        (b"<rss><channel>" + b"<a/>" * 200_000, "too-large"),
        (b"<rss><channel><item/>" * 100_000, "too-large"),
        (b"<rss><channel><item" + b" a='1'" * 100_000 + b"></item></channel></rss>", "too-large"),
        (b"<rss><channel><item>" + b"<a " * 100_000, "too-large"),
        (b"<rss><channel><item>" + b"< " * 600_000, "damaged"),
        (b"<rss><channel><item><title>" + b"\n" * 1_100_000 + b"</title></item></channel></rss>", "too-large"),
        (b"<!-- " + b"x" * 100_000 + b"--><rss/>", "damaged"),
    ],
    ids=lambda value: str(value[:30]),
)
def test_what_is_no_feed_says_why(body: bytes, reason: str) -> None:
    assert refused(body) == reason


MARKUP = st.sampled_from(
    ["<rss>", "<channel>", "<item>", "</item>", "<entry>", "<feed xml:base='//['>", "<link>", "</link>", "<link href='",
     "<![CDATA[", "]]>", "<!--", "-->", "&", "&#0;", "&#x110000;", "<title type='xhtml'>", "<div>", "]]", "http://[",
     "<updated>", "9999", "<content mode='base64'>", "=", "<?xml encoding='utf-7'?>",
     "<enclosure url='x' type='image/'/>", "<!DOCTYPE rss", ">", "{", '"items":[', "\ud800", "\0"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(MARKUP, max_size=25).map(lambda p: "".join(p).encode("utf-8", "surrogatepass")),
    )
)
@example(rss("<link>http://[</link>"))
@example(b"<rss><channel><item><link>http://a.example:99999/</link></item></channel></rss>")
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    for each in (body, b"<rss><channel><item>" + body + b"</item></channel></rss>"):
        try:
            listing = read(each)
        except Unreadable:
            continue
        assert all(link.url.startswith(("http://", "https://")) for link in listing.links)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("<ttl>60</ttl>", 3600.0),
        ("<ttl> 5 </ttl>", 300.0),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>99999999</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", 3600.0),
        ("<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 21_600.0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 3600.0),
        ("<sy:updatePeriod>never</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_a_feed_says_how_often_it_wants_to_be_asked(said: str, seconds: float | None) -> None:
    text = (
        '<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>A</title>'
        f"{said}<item><title>B</title><link>https://a.example/1</link></item></channel></rss>"
    )
    found = read_feed(text.encode(), "application/rss+xml", "https://a.example/rss", datetime(2026, 11, 22, tzinfo=UTC))
    assert len(found.links) == 1
    assert found.rest == seconds
