"""Formats of others: read back by the tools of those who use them, whatever stands in an article."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import jsonschema
import pyarrow as pa
import pytest
from pyarrow import parquet

from storage import Archive, Query
from storage.errors import StorageError
from storage.export import ENDINGS, FIELDS, MEDIA_TYPES, atom_feed, export, record, streamed, writer_for
from storage.records import ArchivedArticle
from tests.newsroom import page, sketched
from tests.ninjs_schema import NINJS

NOON = datetime(2026, 11, 20, 12, 30, 5, tzinfo=UTC)
ARTICLE = ArchivedArticle(
    id="7f3a91", url="https://x.example/a?b=1&c=é", canonical_url="https://x.example/a", source="x",
    title="Đập nước <b>“vỡ”</b> & co", text="One <script>alert(1)</script>.\n\nTwo & three.", authors=("Ana D.", "B"),
    agency="AFP", dateline="HANOI", published_at=NOON, published_precision="second", modified_at=NOON, language="vi",
    section="world", keywords=("dam", "flood"), image="https://x.example/i j.jpg", access="paid",
    flags=("charset-guessed",), content_hash="0" * 32, norm_version=1, fetched_at=NOON, story_id="7f3a91",
    copy_of="abcdef", published_zone="UTC+07:00", image_caption="The dam", image_credit="Ph. D.",
    amp_url="https://x.example/amp", origins=(("authors", "json-ld"), ("title", "heading")),
)  # fmt: skip
BARE = replace(
    ARTICLE, id="0", url=None, canonical_url=None, source=None, title="", text="", authors=(), agency=None,
    dateline=None, published_at=None, published_precision=None, modified_at=None, language=None, section=None,
    keywords=(), image=None, access=None, flags=(), copy_of=None, published_zone=None, image_caption=None,
    image_credit=None, amp_url=None, origins=(),
)  # fmt: skip
ODD = "\x00\x1b\u2028\ud800\ufffe]]><![CDATA[ &amp; \u202e 🙂 \n\t\r"
HOSTILE = replace(
    ARTICLE, id="1", url=f"https://x.example/{ODD}", title=ODD, text=ODD * 3, authors=(ODD,), section=ODD, source=ODD,
    keywords=(ODD,), language="not a language", agency=ODD, dateline=ODD, image=ODD, image_caption=ODD, flags=(ODD,),
    origins=((ODD, ODD),), published_zone="UTC+99:99",
)  # fmt: skip
ALL = [ARTICLE, BARE, HOSTILE]


def written(form: str, articles: list[ArchivedArticle]) -> bytes:
    return b"".join(streamed(articles, form))


def published(precision: Any, **fields: Any) -> ArchivedArticle:
    return replace(ARTICLE, published_precision=precision, published_at=datetime(2026, 3, 1, tzinfo=UTC), **fields)


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_a_stream_is_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}"
    assert export(ALL, path) == len(ALL)
    assert path.read_bytes() == written(form, ALL)
    assert written(form, ALL) == written(form, ALL)  # the same bytes each time
    assert bool(written(form, [])) == (form not in ("jsonl", "ninjs"))


@pytest.mark.parametrize("form", [form for form in MEDIA_TYPES if form != "parquet"])
def test_packed_files_hold_the_same(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"out.{form}.gz"
    assert export(ALL, path) == len(ALL)
    assert gzip.decompress(path.read_bytes()) == written(form, ALL)
    first = path.read_bytes()
    export(ALL, path)
    assert path.read_bytes() == first


def test_endings_choose_the_format(tmp_path: Path) -> None:
    assert writer_for(Path("a.ninjs.jsonl")) == writer_for(Path("A.NINJS")) != writer_for(Path("a.jsonl"))
    for name in ("a", "a.gz", ".jsonl", ".csv.gz", "a.parquet.gz", "a.xlsx"):
        with pytest.raises(StorageError, match="no format") as raised:
            writer_for(tmp_path / name)
        assert all(ending in str(raised.value.hint) for ending in ENDINGS)


@pytest.mark.parametrize("form", ["jsonl", "csv", "jsonld", "ninjs", "atom", "parquet"])
def test_a_stream_takes_articles_as_they_are_asked_for(form: str) -> None:
    """What is written is given away before all is read: memory stays flat."""
    taken = 0

    def many() -> Iterator[ArchivedArticle]:
        nonlocal taken
        for taken in range(40_000):
            yield replace(ARTICLE, id=str(taken))

    pieces = streamed(many(), form)
    assert next(pieces)
    assert taken < 10_000


# --- CSV


def test_a_long_text_is_whole(tmp_path: Path) -> None:
    """A spreadsheet cuts a cell at 32,767 characters; the file does not."""
    (_, row) = csv.reader(io.StringIO(written("csv", [replace(ARTICLE, text="word " * 20_000)]).decode(), newline=""))
    assert len(row[FIELDS.index("text")]) == 100_000


# --- Parquet


def test_parquet_has_types(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    export([ARTICLE, BARE], path)
    table = parquet.read_table(path)
    assert tuple(table.column_names) == FIELDS
    assert table.schema.field("published_at").type == pa.timestamp("us", "UTC")
    assert table.schema.field("authors").type == pa.list_(pa.string())
    assert not table.schema.field("title").nullable
    assert table.schema.field("url").nullable
    first, second = table.to_pylist()
    assert first["published_at"] == NOON
    assert first | {name: record(ARTICLE)[name] for name in ("published_at", "modified_at", "fetched_at")} == (
        record(ARTICLE) | {"origins": list(ARTICLE.origins)}
    )
    assert second["published_at"] is None
    assert second["keywords"] == []


def test_parquet_is_written_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert export((replace(ARTICLE, id=str(n)) for n in range(12_000)), path) == 12_000
    file = parquet.ParquetFile(path)
    assert file.num_row_groups > 1
    assert file.read(columns=["id"]).column("id").to_pylist() == [str(n) for n in range(12_000)]


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StorageError, match="pyarrow") as raised:
        streamed([], "parquet")
    assert raised.value.hint == "pip install 'copydesk[parquet]'"
    with pytest.raises(StorageError, match="pyarrow"):
        export([ARTICLE], tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


# --- JSON-LD


def test_linked_data_is_one_document() -> None:
    document = json.loads(written("jsonld", ALL))
    assert document["@context"] == "https://schema.org"
    first, bare, hostile = document["@graph"]
    assert first == {
        "@type": "NewsArticle",
        "@id": first["@id"],
        "identifier": "7f3a91",
        "url": "https://x.example/a?b=1&c=%C3%A9",
        "sameAs": ["https://x.example/a", "https://x.example/amp"],
        "headline": ARTICLE.title,
        "articleBody": ARTICLE.text,
        "author": [{"@type": "Person", "name": "Ana D."}, {"@type": "Person", "name": "B"}],
        "publisher": {"@type": "Organization", "name": "x"},
        "sourceOrganization": {"@type": "NewsMediaOrganization", "name": "AFP"},
        "dateline": "HANOI",
        "datePublished": "2026-11-20T19:30:05+07:00",
        "dateModified": "2026-11-20T12:30:05Z",
        "inLanguage": "vi",
        "articleSection": "world",
        "keywords": ["dam", "flood"],
        "image": {
            "@type": "ImageObject", "url": "https://x.example/i%20j.jpg", "caption": "The dam", "creditText": "Ph. D.",
        },
        "isBasedOn": {"@id": first["isBasedOn"]["@id"]},
        "isAccessibleForFree": False,
    }  # fmt: skip
    assert set(bare) == {"@type", "@id", "identifier", "headline", "articleBody"}
    assert hostile["headline"] == ODD
    assert len({each["@id"] for each in document["@graph"]}) == 3
    assert first["isBasedOn"]["@id"] == json.loads(written("jsonld", [replace(BARE, id="abcdef")]))["@graph"][0]["@id"]


@pytest.mark.parametrize(
    ("precision", "said"),
    [("year", "2026"), ("month", "2026-03"), ("day", "2026-03-01"), ("minute", "2026-03-01T07:00:00+07:00")],
)
def test_dates_are_as_exact_as_they_are_known(precision: str, said: str) -> None:
    (thing,) = json.loads(written("jsonld", [published(precision)]))["@graph"]
    assert thing["datePublished"] == said
    (item,) = map(json.loads, written("ninjs", [published(precision)]).splitlines())
    if precision == "minute":
        assert item["contentCreated"] == said
        assert "descriptions" not in item
    else:
        assert "contentCreated" not in item
        assert item["descriptions"] == [{"role": "published", "value": said}]
    (entry,) = feedparser.parse(written("atom", [published(precision)])).entries
    assert ("published" in entry) == (precision in ("day", "minute"))


# --- ninjs


def test_ninjs_is_what_the_iptc_says() -> None:
    validator = jsonschema.Draft202012Validator(NINJS)
    first, bare, hostile = items = [json.loads(line) for line in written("ninjs", ALL).split(b"\n") if line]
    for item in items:
        validator.validate(item)
    assert first["uri"].startswith("urn:uuid:")
    assert first["headlines"][0]["value"] == ARTICLE.title
    assert first["bodies"][0]["value"] == ARTICLE.text
    assert first["by"] == "Ana D., B"
    assert {(each["role"], each["value"]) for each in first["altIds"]} >= {("id", "7f3a91"), ("copy_of", "abcdef")}
    assert first["infoSources"] == [{"role": "agency", "name": "AFP"}, {"role": "publisher", "name": "x"}]
    assert first["associations"][0]["renditions"][0]["href"] == "https://x.example/i%20j.jpg"
    assert "language" not in bare
    assert hostile["bodies"][0]["value"] == ODD * 3
    misspelled = first | {"headline": "x"}
    assert not validator.is_valid(misspelled)


# --- Atom


def test_a_feed_reader_reads_the_feed() -> None:
    feed = b"".join(atom_feed(ALL, "Floods & more", "https://desk.example/feed?q=a b"))
    read = feedparser.parse(feed)
    assert not read.bozo, read.bozo_exception
    assert read.version == "atom10"
    assert read.feed.title == "Floods & more"
    assert read.feed.updated == "2026-11-20T12:30:05Z"
    assert [(each.rel, each.href) for each in read.feed.links] == [("self", "https://desk.example/feed?q=a%20b")]
    first, bare, hostile = read.entries
    assert first.link == "https://x.example/a?b=1&c=%C3%A9"
    assert [each.name for each in first.authors] == ["Ana D.", "B"]
    assert first.published == first.updated == "2026-11-20T12:30:05Z"
    assert first.content[0].value == "<p>One &lt;script&gt;alert(1)&lt;/script&gt;.</p><p>Two &amp; three.</p>"
    assert first.content[0].language == "vi"
    assert [each.term for each in first.tags] == ["world", "dam", "flood"]
    assert bare.author == "unknown"
    assert "🙂" in hostile.title
    assert b"javascript" not in written("atom", [replace(ARTICLE, url="javascript:alert(1)")])
    ids = [read.feed.id, *(each.id for each in read.entries)]
    assert len(set(ids)) == 4
    assert all(each.startswith("urn:uuid:") for each in ids)


def test_a_feed_has_what_rfc_4287_asks_for() -> None:
    atom = "{http://www.w3.org/2005/Atom}"
    for articles in ([], ALL):
        feed = ElementTree.fromstring(written("atom", articles))
        for element in (feed, *feed.iter(f"{atom}entry")):
            for name in ("id", "title", "updated"):
                assert [bool((each.text or "").strip()) for each in element.findall(f"{atom}{name}")] == [True], name
        assert all(entry.find(f"{atom}author/{atom}name") is not None for entry in feed.iter(f"{atom}entry"))
    said = datetime(2026, 1, 2, tzinfo=UTC)
    feed = ElementTree.fromstring(b"".join(atom_feed(ALL, "x", updated=said)))
    assert feed.findtext(f"{atom}updated") == "2026-01-02T00:00:00Z"


# --- as many as are counted


def test_an_export_has_as_many_rows_as_are_counted(archive: Archive, tmp_path: Path) -> None:
    with archive.batch():
        for outlet in ("gazette", "herald", "wire"):
            for number in range(6):
                text = f"Story {number} of the day. " + f"The council {number} met and voted on it at night. " * 9
                archive.save(
                    page(f"https://{outlet}.example/{number}", f"{outlet}{number}".encode(), number, source=outlet),
                    sketched(
                        text if outlet != "herald" else text + "More of it came later in the day.", f"No {number}"
                    ),
                )
    counted = set()
    for by in ("article", "sighting"):
        for fields in (
            {},
            {"words": "council 3"},
            {"source": "herald"},
            {"words": "is:canonical"},
            {"words": "nobody"},
        ):
            query = Query(limit=None, by=by, **fields)  # type: ignore[arg-type]  # fields by their names
            counted.add(archive.count(query))
            for form in MEDIA_TYPES:
                assert export(archive.find(query), tmp_path / f"out.{form}") == archive.count(query)
            lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
            assert len(lines) == archive.count(query)
    assert len(counted) > 3
