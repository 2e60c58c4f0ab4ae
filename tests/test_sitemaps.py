"""Sitemaps: XML, news, indexes, plain text and gzip files, sound and hostile, to a Listing."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import Unreadable
from crawler.listings import Listed, Listing, read_sitemap, within
from crawler.listings.periods import period_of
from storage.records import Claims

NOW = datetime(2024, 6, 1, tzinfo=UTC)
URL = "https://gazette.example/sitemap.xml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)

packed = partial(gzip.compress, mtime=0)  # the same bytes each time, and so the same names of tests


def sitemap(*entries: str) -> bytes:
    return (HEAD + "".join(f"<url>{entry}</url>\n" for entry in entries) + "</urlset>").encode()


def read(body: bytes, content_type: str = "application/xml", url: str = URL) -> Listing:
    return read_sitemap(body, content_type, url, NOW)


def urls(listing: Listing) -> list[str]:
    return [link.url for link in listing.links]


def refused(body: bytes, content_type: str = "application/xml") -> str:
    with pytest.raises(Unreadable) as caught:
        read(body, content_type)
    return caught.value.reason


def test_a_news_sitemap_says_what_it_claims() -> None:
    listing = read(
        sitemap(
            "<image:image><image:loc>https://gazette.example/i.jpg</image:loc></image:image>"
            "<xhtml:link rel='alternate' hreflang='en' href='https://gazette.example/en/1'/>"
            "<loc> https://gazette.example/a?x=1&amp;y=2&z=3 </loc><lastmod>2024-05-07</lastmod>"
            "<news:news><news:publication><news:name>La Gazette</news:name><news:language>fr</news:language>"
            "</news:publication><news:publication_date>2024-05-06T10:00:00+02:00</news:publication_date>"
            "<news:title>Le pont &amp; la mairie d&#8217;Agen</news:title>"
            "<news:keywords>pont, Agen</news:keywords></news:news>"
        )
    )
    published, changed = datetime(2024, 5, 6, 8, tzinfo=UTC), datetime(2024, 5, 7, tzinfo=UTC)
    claims = Claims("Le pont & la mairie d’Agen", (), published, changed, "fr", None, ("pont", "Agen"))
    assert listing == Listing((Listed("https://gazette.example/a?x=1&y=2&z=3", "article", claims, changed),))


@pytest.mark.parametrize(
    ("opening", "prefix"),
    [
        ("<urlset>", ""),
        ("<urlset xmlns='https://wrong.example/'>", ""),
        ("<sm:urlset xmlns:sm='http://www.sitemaps.org/schemas/sitemap/0.9'>", "sm:"),
        ("<sm:urlset>", "sm:"),
    ],
)
def test_namespaces_may_be_missing_wrong_or_undeclared(opening: str, prefix: str) -> None:
    entry = f"<{prefix}url><image:loc>/i</image:loc><{prefix}loc>https://gazette.example/a</{prefix}loc></{prefix}url>"
    listing = read(f"{opening}{entry}</{prefix}urlset>".encode())
    assert urls(listing) == ["https://gazette.example/a"]
    assert listing.notes == ()


def test_an_index_names_further_sitemaps() -> None:
    listing = read(
        b"<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>/s/2024-05.xml.gz</loc>"
        b"<lastmod>2024-05-31T08:00:00Z</lastmod></sitemap><sitemap><loc>https://gazette.example/sitemap.xml</loc></sitemap>"
        b"<sitemap><loc>https://other.example/s.xml</loc></sitemap></sitemapindex>"
    )
    assert listing.links == ()
    assert listing.more == (
        Listed("https://gazette.example/s/2024-05.xml.gz", "sitemap", changed_at=datetime(2024, 5, 31, 8, tzinfo=UTC)),
        Listed("https://other.example/s.xml", "sitemap"),
    )
    assert listing.notes == ("1 entry that is the index itself",)


def test_addresses_of_other_sites_stay_and_other_schemes_are_counted() -> None:
    listing = read(
        sitemap(
            "<loc>https://other.example/a</loc>",
            "<loc>file:///etc/passwd</loc>",
            "<loc>ftp://a.example/</loc>",
            "<loc></loc>",
            "<loc>https://other.example/a</loc><lastmod>2999-01-01</lastmod>",
            "<loc>https://other.example/b</loc><lastmod>2999-01-01</lastmod>",
        )
    )
    assert urls(listing) == ["https://other.example/a", "https://other.example/b"]
    assert listing.links[1].changed_at is None
    assert listing.notes == (
        "2 entries whose address is no web page",
        "1 entry without an address",
        "1 entry with the address of another",
        "1 date before 1990 or in the future",
    )


def test_a_sitemap_of_plain_text() -> None:
    body = "\ufeffhttps://gazette.example/bài-1\r\n\r\nhttps://gazette.example/2\nfile:///etc/passwd\nhttps://gazette.example/2"
    listing = read(body.encode(), "text/plain")
    assert urls(listing) == ["https://gazette.example/b%C3%A0i-1", "https://gazette.example/2"]
    assert listing.notes == ("1 line that is no web address",)


def test_a_feed_given_as_a_sitemap_is_read() -> None:
    listing = read(b"<rss><channel><item><link>/a</link><title>T</title></item></channel></rss>")
    assert [(link.url, link.claims.title) for link in listing.links] == [("https://gazette.example/a", "T")]


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-be", "euc_jp"])
def test_other_charsets(charset: str) -> None:
    body = sitemap(
        "<loc>https://s.example/1</loc><news:news><news:title>議会が古い橋の再建を可決したと発表</news:title></news:news>"
    ).decode()
    listing = read(body.replace("UTF-8", charset).encode(charset))
    assert listing.links[0].claims.title == "議会が古い橋の再建を可決したと発表"


def test_more_than_50_000_addresses_are_cut() -> None:
    listing = read(sitemap(*(f"<loc>https://gazette.example/{n}</loc>" for n in range(50_001))))
    assert len(listing.links) == 50_000
    assert listing.notes == ("cut after 50,000 entries",)


@pytest.mark.parametrize("cut", [1, 7, 12, 30, 45, 50])
def test_of_a_sitemap_cut_off_the_whole_entries_are_kept(cut: int) -> None:
    body = sitemap(*(f"<loc>https://gazette.example/number-{n}</loc>" for n in range(3)))
    listing = read(body[: -len("</url>\n</urlset>") - cut + 6])
    assert urls(listing) == ["https://gazette.example/number-0", "https://gazette.example/number-1"]
    assert listing.notes == ("cut off: its whole entries were read",)


def test_gzip_files_whole_and_cut() -> None:
    body = sitemap(*(f"<loc>https://gazette.example/{n}/{n * 7919 % 1000}</loc>" for n in range(5_000)))
    assert len(read(packed(body)).links) == 5_000
    cut = read(packed(body)[:-4_000])
    assert 0 < len(cut.links) < 5_000
    assert all(link == whole for link, whole in zip(cut.links, read(body).links, strict=False))
    assert [note[:8] for note in cut.notes] == ["cut off:", "cut off:"]


ENTITIES = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(10))


@pytest.mark.parametrize(
    "subset",
    [ENTITIES, f'<!ENTITY l10 "{"a" * 50_000}">', '<!ENTITY l10 SYSTEM "file:///etc/hostname">',
     '<!ENTITY l10 SYSTEM "http://127.0.0.1:1/">', '<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;'],
    ids=["laughs", "quadratic", "file", "http", "parameter"],
)  # fmt: skip
def test_a_doctype_with_declarations_is_refused(subset: str) -> None:
    body = f"<!DOCTYPE urlset [{subset}]><urlset><url><loc>https://a.example/&l10;</loc></url></urlset>"
    assert refused(body.encode()) == "entities"
    assert refused(packed(body.encode())) == "entities"


def test_nothing_outside_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    body = f"""<?xml-stylesheet type="text/xsl" href="file://{secret}"?><!DOCTYPE urlset SYSTEM "file://{secret}">
    <urlset xmlns:xi="http://www.w3.org/2001/XInclude"><url><loc>https://a.example/x<xi:include href="file://{secret}"
    parse="text"/></loc></url></urlset>"""
    assert urls(read(body.encode())) == ["https://a.example/x"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html><body>Log in</body></html>", "html"),
        (b"<opml/>", "not-a-sitemap"),
        (b"just text", "not-a-sitemap"),
        (b"\x89PNG\r\n\x1a\n", "not-text"),
        (packed(b"\0" * (60 << 20), 1), "too-large"),
        (packed(HEAD.encode() + b" " * (60 << 20), 1), "too-large"),
        (packed(packed(sitemap())), "not-text"),
        (b"\x1f\x8b" + b"x" * 100, "damaged"),
        ((HEAD + "<url>" + "<a/>" * 400_000 + "</url></urlset>").encode(), "too-large"),
        ((HEAD + "<url " + " a='1'" * 400_000 + "></url></urlset>").encode(), "too-large"),
    ],
    ids=lambda value: str(value[:20]),
)
def test_what_is_no_sitemap_says_why(body: bytes, reason: str) -> None:
    assert refused(body) == reason


def test_what_mistakes_in_the_markup_may_have_cost_is_noted() -> None:
    entry = "<url><loc>https://a.example/</loc></url>"
    deep = read((HEAD + entry + "<a>" * 1_000 + entry + "</urlset>").encode())
    assert (urls(deep), deep.notes) == (["https://a.example/"], ("cut off: nested too deeply, or too long a text",))
    crossed = read(f"{HEAD}{entry}<url><loc>https://a.example/b</url></loc></urlset>".encode())
    assert (urls(crossed)[0], crossed.notes[-1]) == ("https://a.example/", "2 mistakes in the markup")


MARKUP = st.sampled_from(
    ["<url>", "</url>", "<loc>", "</loc>", "https://a.example/", "<lastmod>", "9999", "<![CDATA[", "]]>", "<!--", "&",
     "&#0;", "<news:news>", "<news:title>", "<x:url xmlns:x='y'>", "http://[", "<a b='", "'", ">",
     "\0", "\ud800", "</urlset>", "<?x"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(MARKUP, max_size=25).map(lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")),
    )
)
def test_any_bytes_are_read_or_unreadable(body: bytes) -> None:
    for each in (body, HEAD.encode() + b"<url><loc>" + body + b"</loc></url></urlset>", b"\x1f\x8b\x08" + body):
        try:
            listing = read(each)
        except Unreadable:
            continue
        assert all(link.url.startswith(("http://", "https://")) for link in listing.links)


@pytest.mark.parametrize(
    ("url", "of_list", "since", "until"),
    [
        ("https://a.example/2024/05/06/bridge", False, "2024-05-06", "2024-05-07"),
        ("https://a.example/news/2024/5/bridge", False, "2024-05-01", "2024-06-01"),
        ("https://a.example/2024/bridge", False, "2024-01-01", "2025-01-01"),
        ("https://a.example/2024-12-31-bridge", False, "2024-12-31", "2025-01-01"),
        ("https://a.example/20240506/bridge", False, "2024-05-06", "2024-05-07"),
        ("https://a.example/sitemap-2024-12.xml", True, "2024-12-01", "2025-01-01"),
        ("https://a.example/sitemap.xml?yyyy=2024&mm=05", True, "2024-05-01", "2024-06-01"),
        ("https://a.example/sitemap_20240506.xml.gz", True, "2024-05-06", "2024-05-07"),
        ("https://a.example/sitemap-2024.xml", True, "2024-01-01", "2025-01-01"),
        ("https://a.example/calendar?date=2024-05", False, "2024-05-01", "2024-06-01"),
    ],
)
def test_the_period_that_an_address_names(url: str, of_list: bool, since: str, until: str) -> None:
    assert period_of(url, of_list=of_list) == tuple(
        datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (since, until)
    )


@pytest.mark.parametrize(
    "url",
    ["https://a.example/election-2024", "https://a.example/2024-reasons-to-stay", "https://a.example/a-200312.html",
     "https://a.example/4120240506", "https://a.example/?id=20240506", "https://[", "https://a.example/sitemap-7.xml"],
)  # fmt: skip
def test_a_number_is_not_always_a_date(url: str) -> None:
    assert period_of(url) is None


def test_what_cannot_be_of_the_time_asked_for_is_passed_over() -> None:
    def listed(url: str, published: int | None = None, changed: int | None = None, year: int = 2024) -> Listed:
        published_at = datetime(year, published, 15, tzinfo=UTC) if published else None
        changed_at = datetime(year, changed, 15, tzinfo=UTC) if changed else None
        return Listed(f"https://a.example/{url}", "article", Claims(published_at=published_at), changed_at)

    def names(since: datetime | None, until: datetime | None) -> list[str]:
        return [link.url.removeprefix("https://a.example/") for link in within(Listing(links), since, until).links]

    links = (
        listed("published-in-april", published=4),
        listed("published-in-may", published=5),
        listed("published-in-april-changed-in-june", published=4, changed=6),
        listed("changed-in-april", changed=4),
        listed("changed-in-june", changed=6),
        listed("2024/04/x"),
        listed("2024/05/x"),
        listed("2024/06/x"),
        listed("undated"),
    )
    may, june = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    assert names(may, june) == ["published-in-may", "changed-in-june", "2024/04/x", "2024/05/x", "2024/06/x", "undated"]
    assert names(datetime(2024, 5, 3, tzinfo=UTC), datetime(2024, 5, 30, tzinfo=UTC)) == [
        "published-in-may", "changed-in-june", "2024/05/x", "undated",
    ]  # fmt: skip
    assert names(None, None) == [link.url.removeprefix("https://a.example/") for link in links]
    assert within(Listing(links, notes=("a note",)), june, None).notes == ("a note", "5 addresses from another time")


def test_child_sitemaps_are_passed_over_by_their_names_and_dates() -> None:
    more = (
        Listed("https://a.example/sitemap-2023-05.xml", "sitemap"),
        Listed("https://a.example/sitemap-2024-05.xml", "sitemap"),
        Listed("https://a.example/sitemap-1.xml", "sitemap", changed_at=datetime(2022, 1, 1, tzinfo=UTC)),
        Listed("https://a.example/sitemap-2.xml", "sitemap", changed_at=datetime(2024, 5, 1, tzinfo=UTC)),
    )
    listing = within(Listing(more=more), datetime(2024, 4, 1, tzinfo=UTC), None)
    assert listing.more == (more[1], more[3])
    assert listing.notes == ("2 lists from another time",)
