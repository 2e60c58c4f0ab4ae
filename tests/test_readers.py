"""Readers: saved files of every kind become pages, with what their formats say of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
import zlib
from base64 import b32encode
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from fastwarc.stream_io import BrotliWriter
from warcio.warcwriter import WARCWriter

from crawler.errors import UnknownField
from crawler.readers import ReaderLimits, ReaderOptions, field_mapping, read_inputs
from pipelines.fingerprint import content_key
from storage.records import Failed, Page
from tests.hostile.inputs import WORDS, response, warc

packed = partial(gzip.compress, mtime=0)  # the same bytes each time, and so the same names of tests

PLAIN = ReaderOptions()
SAVED_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def save(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (SAVED_AT.timestamp(), SAVED_AT.timestamp()))
    return path


def pages(*places: Path | str, options: ReaderOptions = PLAIN, stdin: bytes = b"") -> list[Page]:
    results = list(read_inputs([str(place) for place in places], options, io.BytesIO(stdin)))
    assert [result for result in results if isinstance(result, Failed)] == []
    return [result for result in results if isinstance(result, Page)]


def one(thing: object, tmp_path: Path, options: ReaderOptions = PLAIN) -> Page:
    (page,) = pages(save(tmp_path / "x.jsonl", json.dumps(thing)), options=options)
    return page


def failures(place: Path, options: ReaderOptions = PLAIN) -> list[tuple[str, str]]:
    results = read_inputs([str(place)], options)
    return [(each.origin.removeprefix(str(place)), each.reason) for each in results if isinstance(each, Failed)]


# Text and HTML


def test_text_is_kept_byte_for_byte(tmp_path: Path) -> None:
    body = "\ufeffTiêu đề\r\n\r\nĐoạn văn.\x0c\n".encode()
    (page,) = pages(save(tmp_path / "a.txt", body), options=ReaderOptions(source="gazette"))
    assert page == Page(
        None, body, "text/plain; charset=utf-8", SAVED_AT, source="gazette", origin=str(tmp_path / "a.txt")
    )


def test_text_without_a_byte_order_mark_names_no_charset(tmp_path: Path) -> None:
    (page,) = pages(save(tmp_path / "a.text", "déjà".encode("latin-1")))
    assert page.content_type == "text/plain"


@pytest.mark.parametrize(
    ("head", "url"),
    [
        (
            "<!doctype html>\n<!-- saved from url=(0031)https://gazette.example/bridge -->",
            "https://gazette.example/bridge",
        ),
        (
            "<!--\n Page saved with SingleFile \n url: https://gazette.example/b?c=d \n-->",
            "https://gazette.example/b?c=d",
        ),
        ('<link rel="canonical" href="https://gazette.example/bridge">', None),
        ("<!-- saved from url=(0019)javascript:alert(1) -->", None),
    ],
)
def test_html_knows_its_address_when_the_browser_noted_it(head: str, url: str | None, tmp_path: Path) -> None:
    (page,) = pages(save(tmp_path / "a.htm", f"{head}<p>{WORDS}"))
    assert (page.url, page.content_type) == (url, "text/html")


def test_packed_files_are_unpacked(tmp_path: Path) -> None:
    two_members = packed(b"one ") + packed(b"two") + bytes(512)
    save(tmp_path / "a.txt.gz", two_members)
    save(tmp_path / "b.html.gz", packed(b"<p>three"))
    save(tmp_path / "c.jsonl.gz", packed(b'{"text": "four"}\n{"text": "five"}'))
    assert [page.body for page in pages(tmp_path)] == [b"one two", b"<p>three", b"four", b"five"]


# JSON


NEWS_PLEASE = {
    "authors": ["Ann Lee", "Bob Ray"],
    "date_download": "2024-05-02 11:00:00",
    "date_modify": "None",
    "date_publish": "2024-05-01 10:00:00",
    "description": "A short summary.",
    "filename": "x.json",
    "image_url": "https://gazette.example/i.jpg",
    "language": "en",
    "localpath": None,
    "maintext": WORDS,
    "source_domain": "gazette.example",
    "text": None,
    "title": "Bridge",
    "title_page": "Bridge | Gazette",
    "url": "https://gazette.example/bridge",
}


def test_news_please(tmp_path: Path) -> None:
    page = one(NEWS_PLEASE, tmp_path)
    assert (page.url, page.body.decode(), page.content_type) == (
        "https://gazette.example/bridge",
        WORDS,
        "text/plain; charset=utf-8",
    )
    assert page.fetched_at == datetime(2024, 5, 2, 11, tzinfo=UTC)
    assert page.source == "gazette.example"
    assert page.origin == f"{tmp_path}/x.jsonl:1"
    claims = page.claims
    assert (claims.title, claims.authors, claims.language) == ("Bridge", ("Ann Lee", "Bob Ray"), "en")
    assert (claims.published_at, claims.modified_at) == (datetime(2024, 5, 1, 10, tzinfo=UTC), None)
    assert (claims.image, claims.description) == ("https://gazette.example/i.jpg", "A short summary.")


def test_fundus(tmp_path: Path) -> None:
    body = {"summary": ["First."], "sections": [{"headline": ["Then"], "paragraphs": ["Second.", "Third."]}]}
    html = {"requested_url": "https://gazette.example/b", "content": "<p>x", "crawl_date": "2024-05-02 11:00:00+02:00"}
    thing = {"title": "Bridge", "body": body, "publishing_date": "2024-05-01 10:00:00+02:00", "html": html}
    page = one({**thing, "authors": ["Ann Lee"], "topics": ["Bridges", "Winter"], "lang": "en"}, tmp_path)
    assert page.body.decode() == "First.\n\nThen\n\nSecond.\n\nThird."
    assert (page.url, page.fetched_at) == ("https://gazette.example/b", datetime(2024, 5, 2, 9, tzinfo=UTC))
    assert page.claims.published_at == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert (page.claims.keywords, page.claims.language) == (("Bridges", "Winter"), "en")


def test_fundus_with_html_alone(tmp_path: Path) -> None:
    page = one({"title": "Bridge", "html": {"requested_url": "https://gazette.example/b", "content": "<p>x"}}, tmp_path)
    assert (page.body, page.content_type) == (b"<p>x", "text/html; charset=utf-8")


def test_trafilatura(tmp_path: Path) -> None:
    from trafilatura import extract

    html = (
        "<html lang=en><head><title>Bridge</title><meta name=author content='Ann Lee; Bob Ray'>"
        "<meta property='og:url' content='https://gazette.example/b'><meta name=keywords content='bridges,winter'>"
        "<meta property='article:published_time' content='2024-05-01'></head><body><article><h1>Bridge</h1>"
        + "".join(f"<p>{WORDS} {number}" for number in range(8))
    )
    extracted = extract(html, url="https://gazette.example/b", output_format="json", with_metadata=True)
    assert extracted is not None
    page = one(json.loads(extracted), tmp_path)
    assert (page.url, page.source) == ("https://gazette.example/b", "gazette.example")
    assert f"{WORDS} 1\n{WORDS} 2" in page.body.decode()
    assert page.claims.authors == ("Ann Lee", "Bob Ray")
    assert page.claims.published_at == datetime(2024, 5, 1, tzinfo=UTC)
    assert page.claims.keywords == ("bridges", "winter")


@pytest.mark.parametrize(
    "kind", ["NewsArticle", "newsarticle", ["Thing", "schema:Article"], "https://schema.org/BlogPosting"]
)
def test_schema_org(kind: object, tmp_path: Path) -> None:
    article = {
        "@type": kind,
        "headline": "Bridge",
        "articleBody": WORDS,
        "author": [{"@type": "Person", "name": "Ann Lee"}, "Bob Ray"],
        "datePublished": "2024-05-01T10:00:00Z",
        "dateModified": "2024-05-01T11:00:00+00:00",
        "inLanguage": {"@type": "Language", "name": "en"},
        "mainEntityOfPage": {"@id": "https://gazette.example/b"},
        "publisher": {"name": "The Gazette"},
        "image": [{"url": "https://gazette.example/i.jpg"}],
        "articleSection": ["Town", "News"],
        "keywords": "bridges, winter",
    }
    for thing in (article, {"@graph": [{"@type": "BreadcrumbList"}, article]}, [{"@type": "WebSite"}, article]):
        page = one(thing, tmp_path)
        claims = page.claims
        assert (page.url, page.source, page.body.decode()) == ("https://gazette.example/b", "The Gazette", WORDS)
        assert (claims.title, claims.authors) == ("Bridge", ("Ann Lee", "Bob Ray"))
        assert (claims.published_at, claims.modified_at) == (
            datetime(2024, 5, 1, 10, tzinfo=UTC),
            datetime(2024, 5, 1, 11, tzinfo=UTC),
        )
        assert (claims.language, claims.section, claims.keywords) == ("en", "Town", ("bridges", "winter"))
        assert claims.image == "https://gazette.example/i.jpg"


def test_schema_org_data_about_something_else_is_counted(tmp_path: Path) -> None:
    reading = read_inputs([str(save(tmp_path / "x.jsonl", '{"@type": "WebSite", "name": "Gazette"}'))], PLAIN)
    assert list(reading) == []
    assert reading.left_alone == {"schema.org data without an article": 1}


def test_fields_can_be_mapped(tmp_path: Path) -> None:
    options = ReaderOptions(mapping=field_mapping("text=data.story, title=kop"))
    page = one({"kop": "Bridge", "title": "Gazette", "data": {"story": WORDS}, "text": "x"}, tmp_path, options)
    assert (page.claims.title, page.body.decode()) == ("Bridge", WORDS)
    assert failures(save(tmp_path / "y.jsonl", '{"text": "x"}'), options) == [(":1", "no-text")]


@pytest.mark.parametrize("wrong", ["teXt=body", "text", "text=", "=body", ""])
def test_a_wrong_mapping_is_named(wrong: str) -> None:
    with pytest.raises(UnknownField, match="cannot map"):
        field_mapping(wrong)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("Wed, 01 May 2024 10:00:00 +0200", datetime(2024, 5, 1, 8, tzinfo=UTC)),
        (1714557600, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (1714557600000, datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("last week", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1e300, None),
        (True, None),
    ],
)
def test_times_of_every_shape(written: object, at: datetime | None, tmp_path: Path) -> None:
    assert one({"text": WORDS, "date": written}, tmp_path).claims.published_at == at


def test_a_file_of_mixed_shapes_and_its_line_numbers(tmp_path: Path) -> None:
    lines = [
        "\ufeff" + json.dumps(NEWS_PLEASE),
        "",
        '{"articleBody": "two"}',
        "  ",
        '{"html": "<p>three"}\r',
        '{"content": "<p>four"}',
    ]
    read = pages(save(tmp_path / "x.ndjson", "\n".join(lines)))
    assert [(page.origin or "")[-2:] for page in read] == [":1", ":3", ":5", ":6"]
    assert [page.content_type.split(";")[0] for page in read] == ["text/plain", "text/plain", "text/html", "text/html"]


@pytest.mark.parametrize(
    ("content", "origins"),
    [
        ('{"text": "one"}', ["#1"]),
        ('{\n  "text": "one"\n}\n', ["#1"]),
        ('[{"text": "one"},\n {"text": "two"}]\n', ["#1", "#2"]),
        ('\ufeff [{"text": "one"}]', ["#1"]),
        ('{"text": "one"}\n{"text": "two"}\n', [":1", ":2"]),
        ("[]", []),
    ],
)
def test_json_files_of_every_shape(content: str, origins: list[str], tmp_path: Path) -> None:
    read = pages(save(tmp_path / "x.json", content))
    assert [(page.origin or "")[-2:] for page in read] == origins
    assert [page.body for page in read] == [b"one", b"two"][: len(origins)]


def test_a_long_array_is_read_value_by_value(tmp_path: Path) -> None:
    texts = [f"{number} {'é' * (number % 7 * 9_000)}" for number in range(60)]
    path = save(tmp_path / "x.json", json.dumps([{"text": text} for text in texts], ensure_ascii=False, indent=1))
    assert [page.body.decode() for page in pages(path)] == [text.strip() for text in texts]


def test_a_thousand_lines_with_thirty_bad_ones(tmp_path: Path) -> None:
    bad = {number: b'{"text": ' if number % 2 else b"\xff" for number in range(7, 1000, 34)}
    lines = [bad.get(number, b'{"text": "%d"}' % number) for number in range(1, 1001)]
    path = save(tmp_path / "x.jsonl", b"\n".join(lines))
    results = list(read_inputs([str(path)], PLAIN))
    failed = [int(each.origin.rpartition(":")[2]) for each in results if isinstance(each, Failed)]
    assert failed == sorted(bad)
    assert len(results) == 1000


# WARC


def test_warc_gives_the_responses_of_text(tmp_path: Path) -> None:
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=True)
    url, body, http = response(1, headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "cafe")))
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "tests"}))
    writer.write_record(writer.create_warc_record(url, "request", payload=io.BytesIO(b"GET / HTTP/1.1\r\n\r\n")))
    date = {"WARC-Date": "2024-05-01T10:00:00Z"}
    writer.write_record(
        writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http, warc_headers_dict=date)
    )
    _, image, http = response(2, b"\x89PNG\r\n\x1a\n")
    http.replace_header("Content-Type", "image/png")
    writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(image), http_headers=http))
    _, gone, http = response(3)
    http.statusline = "404 Not Found"
    writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(gone), http_headers=http))
    writer.write_record(
        writer.create_warc_record(
            "file:///notes.txt", "resource", payload=io.BytesIO(b"A note."), warc_content_type="text/plain"
        )
    )
    path = save(tmp_path / "x.warc.gz", file.getvalue())
    reading = read_inputs([str(path)], ReaderOptions(source="gazette"))
    page, note = reading
    assert isinstance(page, Page)
    assert isinstance(note, Page)
    assert (page.url, page.body, page.content_type, page.status) == (url, body, "text/html; charset=utf-8", 200)
    assert (page.fetched_at, page.source) == (datetime(2024, 5, 1, 10, tzinfo=UTC), "gazette")
    assert page.origin == f"{path}#3"
    assert page.headers[1:] == (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Name", "cafe"))
    assert (note.url, note.body, note.status, note.origin) == (None, b"A note.", None, f"{path}#6")
    assert reading.left_alone == {"WARC warcinfo": 1, "WARC request": 1, "other content type": 1, "HTTP status 404": 1}


def brotli(body: bytes) -> bytes:
    file = io.BytesIO()
    writer = BrotliWriter(file)
    writer.write(body)
    writer.close()
    return file.getvalue()


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def record(payload: bytes, *headers: bytes, warc: tuple[bytes, ...] = (), kind: bytes = b"response") -> bytes:
    """A WARC record written by hand, so that it can be wrong."""
    http = b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: text/html", *headers, b"", payload))
    fields = (b"WARC-Type: " + kind, b"WARC-Target-URI: https://gazette.example/b", b"Content-Type: application/http")
    length = () if any(field.startswith(b"Content-Length") for field in warc) else (b"Content-Length: %d" % len(http),)
    return b"\r\n".join((b"WARC/1.0", *fields, *warc, *length, b"", http)) + b"\r\n\r\n"


HTML = f"<p>{WORDS}</p>".encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)


@pytest.mark.parametrize(
    ("payload", "headers"),
    [
        (HTML, ()),
        (packed(HTML), (b"Content-Encoding: gzip",)),
        (packed(packed(HTML)), (b"Content-Encoding: gzip, x-gzip",)),
        (zlib.compress(HTML), (b"Content-Encoding: deflate",)),
        (raw_deflate(HTML), (b"Content-Encoding: deflate",)),
        (brotli(HTML), (b"Content-Encoding: br",)),
        (CHUNKED, (b"Transfer-Encoding: chunked",)),
        (HTML, (b"Transfer-Encoding: chunked",)),
        *((HTML, (b"Content-Encoding: " + coding,)) for coding in (b"gzip", b"br", b"deflate", b"zstd", b"identity")),
    ],
)
def test_warc_bodies_are_decoded(payload: bytes, headers: tuple[bytes, ...], tmp_path: Path) -> None:
    (page,) = pages(save(tmp_path / "x.warc", record(payload, *headers)))
    assert page.body == HTML


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
def test_bodies_are_unpacked_within_the_limit(coding: str, tmp_path: Path) -> None:
    packed = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli}[coding](HTML * 9)
    path = save(tmp_path / "x.warc", record(packed, b"Content-Encoding: " + coding.encode()))
    assert failures(path, ReaderOptions(limits=ReaderLimits(page_bytes=len(HTML) * 8))) == [("#1", "too-large")]
    assert failures(path, ReaderOptions(limits=ReaderLimits(page_bytes=len(HTML) * 9))) == []


def test_header_bytes_outside_ascii_are_read_as_latin1(tmp_path: Path) -> None:
    (page,) = pages(save(tmp_path / "x.warc", record(HTML, b"X-Name: caf\xe9")))
    assert ("X-Name", "caf\xe9") in page.headers


def digest(content: bytes) -> bytes:
    return b"sha1:" + b32encode(hashlib.sha1(content).digest())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record(packed(HTML)[:-9], b"Content-Encoding: gzip"), "cut"),
        (record(zlib.compress(HTML)[:-9], b"Content-Encoding: deflate"), "cut"),
        (record(brotli(HTML)[:-5], b"Content-Encoding: br"), "damaged"),
        (record(packed(bytes(50_000_000)), b"Content-Encoding: gzip"), "bomb"),
        (record(HTML, b"Content-Encoding: x-foo"), "coding"),
        (record(CHUNKED[:60], b"Transfer-Encoding: chunked"), "cut"),
        (record(b""), "empty"),
        (record(b"%PDF-1.7 x"), "not-text"),
        (record(HTML, warc=(b"WARC-Truncated: length",)), "cut"),
        (record(HTML, warc=(b"WARC-Payload-Digest: " + digest(b"other"),)), "damaged"),
        (record(HTML, warc=(b"WARC-Block-Digest: " + digest(b"other"),)), "damaged"),
        (record(HTML, warc=(b"Content-Length: 20",)), "damaged"),
        (record(HTML, warc=(b"Content-Length: -1",)), "damaged"),
        (record(HTML, warc=(b"Content-Length: " + b"9" * 5000,)), "damaged"),
        (record(b"word " * 5_000_000), "too-large"),
        (record(b"", warc=(b"X-Name: " + b" " * 60_000 + b"x",)), "empty"),
        (b"no record at all\r\n" * 5, "damaged"),
        (record(HTML).replace(b"HTTP/1.1 200 OK", b"SSH-2.0-OpenSSH"), "damaged"),
    ],
)
def test_a_bad_record_is_reported_and_the_next_is_read(bad: bytes, reason: str, tmp_path: Path) -> None:
    path = save(tmp_path / "x.warc", record(b"<p>first") + bad + record(b"<p>last"))
    results = list(read_inputs([str(path)], PLAIN))
    assert [each.body if isinstance(each, Page) else (each.origin, each.reason) for each in results] == [
        b"<p>first",
        (f"{path}#2", reason),
        b"<p>last",
    ]


def test_sound_digests_pass(tmp_path: Path) -> None:
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + HTML
    path = save(tmp_path / "x.warc", record(HTML, warc=(b"WARC-Block-Digest: " + digest(block),)))
    path.write_bytes(path.read_bytes() + record(HTML, warc=(b"WARC-Payload-Digest: " + digest(HTML),)))
    assert len(pages(path)) == 2


@pytest.mark.parametrize("packed", [True, False])
def test_a_warc_file_cut_anywhere_gives_all_whole_records_and_says_so(packed: bool, tmp_path: Path) -> None:
    content, ends = warc(12, packed=packed)
    bodies = [response(number)[1] for number in range(12)]
    starts = {0, len(content), *ends, content.index(b"WARC/1.0", 1) if not packed else ends[0]}
    cuts = [len(content) * step // 220 for step in range(1, 220)] + [len(content) - last for last in range(1, 9)]
    for cut in sorted({cut for cut in cuts if cut not in starts}):
        path = save(tmp_path / "x.warc.gz", content[:cut])
        results = list(read_inputs([str(path)], PLAIN))
        read = [each.body for each in results if isinstance(each, Page)]
        whole = sum(end <= cut for end in ends)
        assert read[:whole] == bodies[:whole]
        assert len(read) in (whole, whole + 1)  # the content may be whole where the record's end is not
        assert [each.reason for each in results if isinstance(each, Failed)] == ["cut"], cut


def test_a_flipped_bit_is_never_passed_on(tmp_path: Path) -> None:
    content, _ = warc(6, packed=True)
    bodies = {response(number)[1] for number in range(6)}
    for place in range(400, len(content), 97):
        flipped = bytearray(content)
        flipped[place] ^= 16
        results = list(read_inputs([str(save(tmp_path / "x.warc.gz", bytes(flipped)))], PLAIN))
        read = {each.body for each in results if isinstance(each, Page)}
        assert read <= bodies
        assert read == bodies or any(isinstance(each, Failed) for each in results)


# Places


def test_a_folder_is_read_in_order_and_the_rest_counted(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.html", "a/y/x.TXT", "c.jpg", "notes", ".hidden.txt", ".git/config.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, f"<p>{name}")
    save(tmp_path / "page.html", "<p>page")
    (tmp_path / "page_files").mkdir()
    save(tmp_path / "page_files" / "advert.html", "<p>advert")
    (tmp_path / "around").symlink_to(tmp_path)
    reading = read_inputs([str(tmp_path)], PLAIN)
    origins = [each.origin for each in reading]
    assert origins == [f"{tmp_path}/{name}" for name in ("a/y/x.TXT", "a/z.html", "b.txt", "page.html")]
    assert reading.left_alone == {"other ending": 2, "hidden": 2, "link to a folder": 1, "files of a saved page": 1}


def test_a_name_that_is_not_utf8_can_be_shown(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.txt")).write_text(WORDS)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.html")).mkdir()
    origins = [each.origin for each in read_inputs([str(tmp_path)], PLAIN)]
    assert origins == [f"{tmp_path}/caf\ufffd.html", f"{tmp_path}/caf\ufffd.txt"]


ARTICLE = """Der Rat stimmt für die neue Brücke

Der Stadtrat hat am Dienstag mit großer Mehrheit beschlossen, die alte Brücke noch vor dem Winter zu erneuern.

Die Bürgermeisterin dankte den Arbeitern und kündigte an, dass die Kosten von 3,5 Millionen Euro bezahlt werden.

Anwohner hatten seit Monaten gefordert, dass etwas geschieht, weil Lastwagen den Umweg durch die Altstadt nahmen.

Die Arbeiten sollen im Mai beginnen und ungefähr sechs Monate dauern, sagte ein Sprecher nach der Sitzung."""


def test_the_same_article_in_every_form_has_the_same_content(tmp_path: Path) -> None:
    from pipelines import clean

    title, *paragraphs = ARTICLE.split("\n\n")
    marked_up = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    page = f"<html lang=de><head><title>{title}</title></head><body><article><h1>{title}</h1>{marked_up}</article>"
    lines = [
        {"title": title, "maintext": "\n".join(paragraphs)},
        {"@type": "NewsArticle", "headline": title, "articleBody": "\n\n".join(paragraphs)},
        {"title": title, "body": {"summary": [], "sections": [{"headline": [], "paragraphs": paragraphs}]}},
        {"html": page},
    ]
    save(tmp_path / "a.txt", ARTICLE)
    save(tmp_path / "b.txt", ARTICLE.replace("\n", "\r\n").encode("utf-16"))
    save(tmp_path / "c.txt", ARTICLE.encode("cp1252"))
    save(tmp_path / "d.html", page)
    save(tmp_path / "e.jsonl", "\n".join(map(json.dumps, lines)))
    save(tmp_path / "f.warc.gz", packed(record(page.encode())))
    save(tmp_path / "g.zip", zipped(("a.txt", ARTICLE)))
    articles = [clean(each) for each in pages(tmp_path)]
    assert len(articles) == 10
    assert {getattr(article, "content_hash", article) for article in articles} == {content_key("\n\n".join(paragraphs))}
    assert {getattr(article, "title", article) for article in articles} == {title}


def test_a_very_deep_folder_is_walked(tmp_path: Path) -> None:
    """Deeper than Python's stack; made and removed step by step, because its tools recurse."""
    here, depth = Path.cwd(), 1200
    os.chdir(tmp_path)
    try:
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.txt").write_text(WORDS)
        assert len(pages(tmp_path)) == 1
        Path("a.txt").unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()
    finally:
        os.chdir(here)


@pytest.mark.parametrize(
    ("content", "content_type", "number"),
    [
        (WORDS.encode(), "text/plain", 1),
        (b"[Reuters] - " + WORDS.encode(), "text/plain", 1),
        (b"\n<!DOCTYPE html><p>x", "text/html", 1),
        (packed(b"<html><p>x"), "text/html", 1),
        (b'{"text": "one"}\n{"text": "two"}', "text/plain; charset=utf-8", 2),
        (b'[{"text": "one"}]', "text/plain; charset=utf-8", 1),
        (warc(3, packed=True)[0], "text/html; charset=utf-8", 3),
        (warc(3, packed=False)[0], "text/html; charset=utf-8", 3),
    ],
)
def test_the_kind_is_told_by_the_first_bytes(content: bytes, content_type: str, number: int, tmp_path: Path) -> None:
    for read in (pages(save(tmp_path / "saved", content)), pages("-", stdin=content)):
        assert [page.content_type for page in read] == [content_type] * number


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes | str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def test_a_zip_file_is_read_like_a_folder(tmp_path: Path) -> None:
    dated = zipfile.ZipInfo("a/dated.txt", (2024, 5, 1, 10, 0, 0))
    undated = zipfile.ZipInfo("undated.txt", (1980, 0, 0, 0, 0, 0))
    lines = '{"text": "one"}\n{"text": "two"}'
    members = ((dated, WORDS), ("i.jpg", b"x"), ("__MACOSX/._x.txt", b"x"), ("l.jsonl", lines), (undated, WORDS))
    content = zipped(*members, ("w.warc.gz", warc(2, packed=True)[0]))
    path = save(tmp_path / "x.zip", content)
    reading = read_inputs([str(path)], PLAIN)
    read = [page for page in reading if isinstance(page, Page)]
    names = ["a/dated.txt", "l.jsonl:1", "l.jsonl:2", "undated.txt", "w.warc.gz#2", "w.warc.gz#3"]
    assert [page.origin for page in read] == [f"{path}/{name}" for name in names]
    assert read[0].fetched_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert read[3].fetched_at == SAVED_AT
    assert reading.left_alone == {"other ending": 1, "hidden": 1, "WARC warcinfo": 1}
    assert [page.body for page in pages("-", stdin=content)] == [page.body for page in read]


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        (ReaderLimits(members=3), [("", "too-large")]),
        (ReaderLimits(bundle_bytes=250), [("", "too-large")]),
        (
            ReaderLimits(page_bytes=99),
            [("/0.txt", "too-large"), ("/1.txt", "too-large"), ("/2.txt", "too-large"), ("/3.txt", "too-large")],
        ),
    ],
)
def test_limits_of_a_zip_file(limits: ReaderLimits, found: list[tuple[str, str]], tmp_path: Path) -> None:
    path = save(tmp_path / "x.zip", zipped(*((f"{number}.txt", "x" * 100) for number in range(4))))
    assert failures(path, ReaderOptions(limits=limits)) == found


def test_a_damaged_member_is_reported_and_the_next_is_read(tmp_path: Path) -> None:
    content = bytearray(zipped(("a.txt", WORDS), ("b.txt", "second")))
    content[content.index(b"a.txt") + 20] ^= 255
    results = list(read_inputs([str(save(tmp_path / "x.zip", bytes(content)))], PLAIN))
    assert [each.body if isinstance(each, Page) else each.reason for each in results] == ["damaged", b"second"]


def test_places_that_are_not_there(tmp_path: Path) -> None:
    assert failures(tmp_path / "nowhere.txt") == [("", "not-found")]
    assert failures(tmp_path / "nowhere") == [("", "not-found")]
