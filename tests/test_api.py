"""The HTTP API over a real socket: it says what the archive says, page by page, and every refusal is a problem."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Archive, Query
from storage.diff import diff
from storage.export import FIELDS, record
from storage.links import Named
from storage.positions import Position
from storage.times import moment, rfc3339
from storage.web.api.description import description
from storage.web.api.parameters import AFTER, WHEN
from storage.web.app import create_app
from storage.web.problems import KINDS
from storage.web.safety import Safety
from tests.newsroom import article, numbered, page
from tests.payloads import PAYLOADS
from tests.reading_room import serving
from tests.small_archive import DEFINITION, GATE, furnish

ROOT = Path(__file__).parents[1]
API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Asking:
    """A client of a server on an archive that has something of everything."""

    archive: Archive
    client: httpx.Client
    wire: str
    gazette: str
    opera: str

    def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        """The JSON that a path answers with."""
        response = self.client.get(f"{API}{path}", params=parameters or None)
        assert response.status_code == status, response.text
        problem = status >= 400
        assert response.headers["content-type"] == ("application/problem+json" if problem else "application/json")
        return response.json()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder of one source."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "gazette.toml").write_text(DEFINITION, encoding="utf-8")
    return folder


@pytest.fixture
def asking(archive: Archive, sources: Path) -> Iterator[Asking]:
    ids = furnish(archive)
    with serving(archive, sources) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield Asking(archive, client, *ids)


def test_articles_are_the_records_of_exports(asking: Asking) -> None:
    found = asking.get("/articles")
    assert [each["id"] for each in found["articles"]] == [asking.opera, asking.gazette, asking.wire]
    assert found["articles"][0] == record(asking.archive.get(asking.opera))
    assert tuple(found["articles"][0]) == FIELDS
    assert found["next"] is None
    assert asking.get(f"/articles/{asking.wire[:6]}") == record(asking.archive.get(asking.wire))
    assert [each["id"] for each in asking.get("/articles", source="wire")["articles"]] == [asking.wire]
    places = asking.get("/articles", by="sighting", q="story:" + asking.wire)["articles"]
    assert {each["source"] for each in places} == {"wire", "herald", "gazette"}


def test_pages_joined_are_the_whole(asking: Asking) -> None:
    with asking.archive.batch():
        for number in range(40):
            asking.archive.save(*numbered(number))
    for path, name in (("/articles", "articles"), ("/search", "hits")):
        whole = [each["id"] for each in asking.get(path, q="council", limit=200, sort="relevance")[name]]
        paged: list[str] = []
        after: dict[str, str] = {}
        while True:
            some = asking.get(path, q="council", limit=7, sort="relevance", **after)
            paged += [each["id"] for each in some[name]]
            if some["next"] is None:
                break
            after = {"after": some["next"]}
        assert paged == whole
        assert len(whole) > 40


def test_an_article_in_full(asking: Asking) -> None:
    removed = asking.get(f"/articles/{asking.gazette}/removed")["removed"]
    assert removed == [
        {"line": 3, "reason": "byline", "rule": "byline.by-name", "score": None, "text": "By Ana Duarte", "start": 12,
         "end": 25, "pages": None, "of_pages": None}
    ]  # fmt: skip
    versions = asking.get(f"/articles/{asking.gazette}/versions")["versions"]
    assert [(each["number"], each["change"], each["stands"]) for each in versions] == [
        (1, None, False), (2, "major", True)
    ]  # fmt: skip
    before = asking.get(f"/articles/{asking.gazette}/versions/1")
    assert before["article"] == record(asking.archive.versions(asking.gazette)[0])
    assert not before["stands"]
    told = asking.get(f"/articles/{asking.gazette}/diff")
    texts = [each.text for each in asking.archive.versions(asking.gazette)]
    assert [(each["kind"], each["text"]) for each in told["text"]] == [(each.kind, each.text) for each in diff(*texts)]
    assert (told["since"], told["number"]) == (1, 2)
    back = asking.get(f"/articles/{asking.gazette}/diff", **{"from": 2, "to": 1})
    assert "".join(each["text"] for each in back["text"] if each["kind"] != "removed") == texts[0]
    asking.get(f"/articles/{asking.gazette}/versions/3", 404)
    asking.get(f"/articles/{asking.gazette}/diff", 404, to=9)


def test_the_page_as_it_came_is_a_download_and_nothing_else(asking: Asking) -> None:
    asking.archive.save(
        page("https://gazette.example/x", b"<script>alert(1)</script>"), article("Some other text here.")
    )
    (found,) = asking.get("/articles", q="some other text here")["articles"]
    raw = asking.client.get(f"{API}/articles/{found['id']}/raw")
    assert raw.content == b"<script>alert(1)</script>"
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"].startswith("attachment;")
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert raw.headers["content-security-policy"].startswith("sandbox;")


def test_each_place_of_an_article_is_found_and_counted(asking: Asking) -> None:
    places = asking.archive.count(Query(by="sighting"))
    assert places > asking.archive.count(Query())
    found = asking.get("/search", by="sighting", limit=200)
    assert found["count"] == len(found["hits"]) == places
    assert asking.get("/counts", by="source", of="sighting")["total"] == places


def test_search_marks_counts_and_notes(asking: Asking) -> None:
    found = asking.get("/search", q="flood gate", facets=["source", "day"])
    assert found["count"] == 2
    assert {each["key"]: each["number"] for each in found["facets"]["source"]} == {"wire": 1, "gazette": 1}
    assert sum(each["number"] for each in found["facets"]["day"]) == 2
    for hit in found["hits"]:
        marks = [each["text"].lower() for each in hit["snippet"]["pieces"] if each["is_mark"]]
        assert marks[:2] == ["flood", "gate"]
        assert "".join(each["text"] for each in hit["snippet"]["pieces"]) in asking.archive.get(hit["id"]).text
    noted = asking.get("/search", q="since:2021-13")
    assert noted["hits"] == []
    assert "since:2021-13" in noted["notes"][0]


def test_counts_add_up_and_have_a_denominator(asking: Asking) -> None:
    by = asking.get("/counts", q="flood", by="day", share=True)
    assert by["total"] == sum(each["number"] for each in by["counts"]) == asking.archive.count(Query(words="flood"))
    assert by["counts"] == [{"key": "2026-11-20", "number": 2, "of": 3, "share": 0.666667}]
    assert by["versus"] == []
    both = asking.get("/counts", q=["flood", "", "source:courier", "flood"], by="day", share=True)
    assert {name: both[name] for name in ("total", "counts")} == {name: by[name] for name in ("total", "counts")}
    assert [each["q"] for each in both["versus"]] == ["source:courier", "flood"]
    assert both["versus"][1] == {"q": "flood", **{name: by[name] for name in ("total", "counts", "notes")}}
    assert both["versus"][0]["total"] == asking.get("/counts", q="source:courier", by="day")["total"] == 1
    asking.get("/counts", 422, q=["a", "b", "c", "d", "e"], by="day")
    assert asking.get("/counts", by="source")["counts"][0] == {"key": "courier", "number": 1, "of": None, "share": None}
    asking.get("/counts", 422)


def test_stories(asking: Asking) -> None:
    (spread,) = asking.get("/stories")["stories"]
    assert (spread["outlets"], spread["articles"]) == (3, 2)
    for id_ in (spread["story_id"], asking.gazette, asking.wire[:7]):
        story = asking.get(f"/stories/{id_}")
        assert [each["article_id"] for each in story["members"]] == [asking.wire, asking.gazette]


def test_sources_and_their_days(asking: Asking) -> None:
    (source,) = asking.get("/sources")["sources"]
    assert source["name"] == "gazette"
    assert datetime.fromisoformat(source["next_at"]) > datetime(2026, 11, 20, tzinfo=UTC)
    assert source["last_run"]["slot"] == "2026-11-20T13:00:00Z"
    assert (source["state"], source["problem"]) == ("well" if source["verified_at"] else "new", None)
    now = datetime.now(UTC).replace(microsecond=0)
    hint = "copydesk sources check gazette"
    asking.archive.problems.enter("gazette", "late", now, "silent for long", hint, asking.gazette, now)
    (source,) = asking.get("/sources")["sources"]
    assert source["state"] == "late"
    assert source["problem"] == {
        "kind": "late", "since": rfc3339(now), "opened_at": rfc3339(now), "last_article_id": asking.gazette,
        "detail": "silent for long", "hint": hint,
    }  # fmt: skip
    days = asking.get("/sources/gazette/days", days=366)["days"]
    assert len(days) == 366
    assert days[-1]["day"] == datetime.now(UTC).date().isoformat()
    covered = {each["day"]: each["articles"] for each in days if each["is_covered"]}
    since = (datetime.now(UTC).date() - date(2026, 11, 20)).days
    assert covered == ({"2026-11-20": 1} if 0 <= since < 366 else {})
    asking.get("/sources/nobody/days", 404)


def test_head_is_get_without_a_body(asking: Asking) -> None:
    for path in ("/sources", "/openapi.json", "/export", f"/articles/{asking.gazette}", "/articles/ffffffffffff"):
        got, head = asking.client.get(API + path), asking.client.head(API + path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        for name in ("etag", "content-type", "copydesk-count", "content-security-policy"):
            assert head.headers.get(name) == got.headers.get(name), path
    assert asking.client.head(f"{API}/runs", params={"limit": 0}).status_code == 422
    assert asking.client.head("/search").status_code == 200


def test_what_waits_in_a_run_is_listed(asking: Asking) -> None:
    urls = [f"https://coast.example/{number}" for number in range(23)]
    run = asking.archive.file_run(None, [Named(url) for url in urls]).run
    found, after = [], None
    while True:
        page_ = asking.get(f"/runs/{run}/links", fate="pending", limit=5, **({"after": after} if after else {}))
        found += page_["links"]
        if (after := page_["next"]) is None:
            break
    assert sorted(each["url"] for each in found) == sorted(urls)
    assert {(each["outcome"], each["why"]) for each in found} == {("pending", "its turn comes when a worker runs")}


def test_runs_and_why(asking: Asking) -> None:
    crawl, ingest = asking.get("/runs")["runs"]
    assert (crawl["kind"], crawl["finished_at"], crawl["source"]) == ("crawl", None, "gazette")
    assert ingest["outcomes"] == {"duplicate": 1, "failed": 1, "stored": 3, "version": 1}
    assert ingest["read"] == 6
    first = asking.get("/runs", limit=1)
    assert asking.get("/runs", limit=1, after=first["next"])["runs"] == [ingest]
    assert asking.get("/runs", failing=True)["runs"] == [ingest]
    assert asking.get(f"/runs/{ingest['id']}") == ingest
    asking.get("/runs/999", 404)
    links = asking.get(f"/runs/{ingest['id']}/links")
    assert [each["origin"] for each in links["links"]] == ["saved/0412.jsonl:88"]
    some = asking.get(f"/runs/{ingest['id']}/links", fate="stored", limit=2)
    rest = asking.get(f"/runs/{ingest['id']}/links", fate="stored", limit=2, after=some["next"])
    assert len(some["links"]) + len(rest["links"]) == 3
    assert rest["next"] is None
    why = asking.get("/why", url=GATE)
    assert [each["outcome"] for each in why["fates"]] == ["version", "stored"]
    assert why["links"][0]["other_id"] == asking.wire
    assert asking.get("/why", url="https://nobody.example/")["fates"] == []


def test_changes_lead_to_everything_there_is(asking: Asking) -> None:
    seen, since = [], 0
    while True:
        some = asking.get("/changes", since=since, limit=2)
        seen += some["changes"]
        since = some["next"]
        if not some["more"]:
            break
    assert [each["seq"] for each in seen] == sorted({each["seq"] for each in seen})
    assert {each["article_id"] for each in seen} == {asking.wire, asking.gazette, asking.opera}
    assert asking.get("/changes", since=since) == {"changes": [], "next": since, "more": False}
    asking.archive.save(*numbered(1))
    assert [each["kind"] for each in asking.get("/changes", since=since)["changes"]] == ["stored"]
    asking.get("/changes", 404, since=since + 100)


def test_whoever_has_an_answer_is_told_so(asking: Asking) -> None:
    for path in ("/articles", f"/articles/{asking.wire}", "/search?q=flood", "/stories", "/runs", "/openapi.json"):
        first = asking.client.get(f"{API}{path}")
        again = asking.client.get(f"{API}{path}", headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    tag = asking.client.get(f"{API}/articles").headers["etag"]
    asking.archive.save(*numbered(1))
    assert asking.client.get(f"{API}/articles", headers={"If-None-Match": tag}).status_code == 200


UNREADABLE = [
    ("/articles?limit=0", "limit"), ("/articles?limit=201", "limit"), ("/articles?limit=x", "limit"),
    ("/articles?after=yesterday", "after"), ("/articles?since=2021-13", "since"), ("/articles?until=x", "until"),
    ("/articles?sort=best", "sort"), ("/articles?sorce=gazette", "sorce"), ("/search?facets=colour", "facets.0"),
    ("/counts?by=colour", "by"), ("/articles/zz", "id"), ("/runs/0", "number"), ("/runs?after=-1", "after"),
    ("/changes?since=-1", "since"), ("/export?format=docx", "format"), ("/sources/gazette/days?days=400", "days"),
]  # fmt: skip


def test_a_parameter_that_cannot_be_read_is_named(asking: Asking) -> None:
    for path, parameter in UNREADABLE:
        problem = asking.get(path, 422)
        assert problem["type"] == "/docs/problems/parameter"
        assert parameter in [each["parameter"] for each in problem["errors"]]


def test_what_is_not_there_is_a_problem_too(asking: Asking) -> None:
    assert asking.get("/nothing", 404)["type"] == "/docs/problems/not-found"
    assert asking.get("/articles/ffffffffffff", 404)["detail"] == "no article ffffffffffff"
    for method in ("PUT", "DELETE", "PATCH", "POST"):
        refused = asking.client.request(method, f"{API}/articles")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        assert refused.json()["type"] == "/docs/problems/method"
    assert asking.client.put(f"{API}/runs").headers["allow"] == "GET, HEAD, POST"


# --- asking for a crawl


def test_a_crawl_is_filed_once_for_a_key(asking: Asking) -> None:
    asked = {"urls": ["https://gazette.example/2"]}
    first = asking.client.post(f"{API}/runs", json=asked, headers={"Idempotency-Key": "a"})
    assert first.status_code == 202
    run = first.json()["run_id"]
    assert first.headers["location"] == f"{API}/runs/{run}"
    assert asking.client.get(first.headers["location"]).json()["id"] == run
    again = asking.client.post(f"{API}/runs", json=asked, headers={"Idempotency-Key": "a"})
    assert (again.status_code, again.json()["run_id"], again.json()["is_new"]) == (202, run, False)
    other = asking.client.post(f"{API}/runs", json={"urls": ["https://x.example/"]}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["type"]) == (409, "/docs/problems/key-reused")
    assert len(asking.archive.runs()) == 3


def test_a_key_is_one_run_however_many_ask_at_once(asking: Asking) -> None:
    runs: list[int] = []

    def ask() -> None:
        asked = {"urls": ["https://gazette.example/3"]}
        told = httpx.post(
            f"{asking.client.base_url}{API}/runs", json=asked, headers={"Idempotency-Key": "b"}, timeout=60
        )
        runs.append(told.json()["run_id"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(runs) == 8
    assert len(set(runs)) == 1


def test_a_crawl_that_is_refused_or_under_way(asking: Asking) -> None:
    under_way = asking.client.post(f"{API}/runs", json={"source": "gazette"}).json()
    assert not under_way["is_new"]
    assert "is under way" in under_way["why"]
    refused = asking.client.post(f"{API}/runs", json={"source": "nobody"}, headers={"Idempotency-Key": "c"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/docs/problems/refused")
    assert "/" not in refused.json()["detail"]  # nothing of where files lie
    unreadable: tuple[Any, ...] = (
        {}, {"source": "gazette", "urls": []}, {"urls": []}, {"urls": ["ftp://x/"]}, {"source": "gazette", "limit": 0},
        {"source": "gazette", "limit": "7"}, {"source": "gazette", "since": "2021-13"}, [], "x",
    )  # fmt: skip
    for body in unreadable:
        unread = asking.client.post(f"{API}/runs", json=body)
        assert (unread.status_code, unread.json()["type"]) == (422, "/docs/problems/parameter"), body
    assert len(asking.archive.runs()) == 2


def test_what_a_crawl_is_asked_for(asking: Asking) -> None:
    asked = {"urls": ["https://gazette.example/4"], "since": "2026-07", "until": "2026-08-02", "limit": 7}
    run = asking.client.post(f"{API}/runs", json=asked).json()["run_id"]
    order = asking.archive.order(run)
    assert (order.since, order.until, order.limit) == (
        datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 2, tzinfo=UTC), 7
    )  # fmt: skip


# --- what the description promises


@settings(max_examples=300, deadline=None)
@given(st.from_regex(WHEN, fullmatch=True))
def test_every_time_that_fits_is_one(said: str) -> None:
    assert moment(said.removesuffix("\n"), date(2026, 7, 15)) is not None


@settings(max_examples=300, deadline=None)
@given(st.from_regex(AFTER, fullmatch=True))
def test_every_position_that_fits_is_one(said: str) -> None:
    assert Position.read(said.removesuffix("\n"))


def test_answers_give_positions_that_fit(archive: Archive) -> None:
    with archive.batch():
        for number in range(30):
            archive.save(*numbered(number))
    for sort in ("newest", "relevance", "recent"):
        for by in ("article", "sighting"):
            after = archive.results(Query(words="council OR story", sort=sort, by=by, limit=3)).after  # type: ignore[arg-type]
            assert re.fullmatch(AFTER, str(after)), after


@pytest.fixture(scope="module")
def described(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("described")
    (folder / "archive.db").write_bytes(sqlite_template.read_bytes())
    with Archive.open(f"sqlite:///{folder}/archive.db") as archive:
        yield description(create_app(archive, None, Safety()))  # type: ignore[arg-type]  # nobody asks it anything


def test_the_description_is_complete(described: dict[str, Any]) -> None:
    seen = set()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["operationId"] not in seen
            seen.add(operation["operationId"])
            assert operation["summary"], path
            assert operation["description"], path
            for status, response in operation["responses"].items():
                assert response["description"], (path, status)
                for kind, content in response.get("content", {}).items():
                    assert ("example" in content) == (kind in ("application/json", "application/problem+json")), path
            assert {"401", "404", "422", "500", "503"} <= set(operation["responses"]), path
            assert ("409" in operation["responses"]) == (method == "post")


def test_every_example_is_what_its_schema_says(described: dict[str, Any]) -> None:
    number = 0
    for operations in described["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                for content in response.get("content", {}).values():
                    if "example" in content:
                        schema = content["schema"] | {"components": described["components"]}
                        jsonschema.validate(content["example"], schema)
                        number += 1
    assert number > 100


def test_examples_have_the_keys_that_answers_have(asking: Asking) -> None:
    """An example that the schema allows may still lack what is always there."""
    with asking.archive.batch():
        for number in range(40):
            asking.archive.save(*numbered(number))
        for number in range(10):
            made = article(f"Lighthouse {number}: its keeper painted the tower again. " * 3, f"Tower {number}")
            asking.archive.save(page(f"https://coast.example/{number}", str(number).encode()), made)
    asking.archive.problems.enter("gazette", "late", datetime.now(UTC), "silent", "copydesk sources check gazette",
                                  asking.gazette, datetime.now(UTC))  # fmt: skip
    asking.archive.watches.add("floods", Query(words="flood"), "command", "cat")
    description_ = asking.client.get(f"{API}/openapi.json").json()
    run = asking.get("/runs")["runs"][-1]["id"]
    paths = {
        "/articles": "/articles?limit=1", "/articles/{id}": f"/articles/{asking.gazette}",
        "/articles/{id}/removed": f"/articles/{asking.gazette}/removed",
        "/articles/{id}/versions": f"/articles/{asking.gazette}/versions",
        "/articles/{id}/versions/{number}": f"/articles/{asking.gazette}/versions/2",
        "/articles/{id}/diff": f"/articles/{asking.gazette}/diff", "/search": "/search?q=flood&facets=source&limit=1",
        "/counts": "/counts?by=week&share=true&q=flood", "/stories": "/stories",
        "/stories/{id}": f"/stories/{asking.wire}",
        "/sources": "/sources", "/sources/{name}/days": "/sources/gazette/days", "/runs": "/runs",
        "/runs/{number}": f"/runs/{run}", "/runs/{number}/links": f"/runs/{run}/links", "/why": f"/why?url={GATE}",
        "/changes": "/changes", "/terms": "/terms?q=lighthouse", "/watches": "/watches",
    }  # fmt: skip
    for path, asked in paths.items():
        example = description_["paths"][f"{API}{path}"]["get"]["responses"]["200"]["content"]["application/json"][
            "example"
        ]
        assert _keys(example) <= _keys(asking.get(asked)), path


def _keys(value: Any, at: str = "") -> set[str]:
    """Where something stands in JSON, whatever it is, that is not named by data."""
    if isinstance(value, dict):
        named_by_data = at.endswith(("origins", "outcomes", "listings", "facets"))
        return {at}.union(*(_keys(each, at if named_by_data else f"{at}.{key}") for key, each in value.items()))
    if isinstance(value, list):
        return {at}.union(*(_keys(each, at) for each in value))
    return {at}


def test_the_description_is_the_same_text_each_time(asking: Asking) -> None:
    one = asking.client.get(f"{API}/openapi.json")
    other = json.dumps(description(create_app(asking.archive, None, Safety())), ensure_ascii=False, indent=1)  # type: ignore[arg-type]
    assert one.text == other
    assert "cdn" not in one.text


def test_the_documentation_lists_every_route_and_problem(described: dict[str, Any]) -> None:
    told = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(GET|POST) (/[^`]*)`", told, re.MULTILINE))
    routes = {
        (method.upper(), path.removeprefix(API))
        for path, operations in described["paths"].items()
        for method in operations
    }
    assert rows == routes
    listed = {
        (name, int(status)) for name, status in re.findall(r"^\| `([a-z-]+)` \| ([0-9]{3}) \|", told, re.MULTILINE)
    }
    assert listed == {(name, kind.status) for name, kind in KINDS.items()}


# --- strange texts


def test_strange_texts_are_data(archive: Archive, sources: Path) -> None:
    with archive.batch():
        for number, payload in enumerate(PAYLOADS):
            made = article(
                f"Number {number}. {payload} " + "It was said again and again. " * 3, payload, authors=(payload,),
                agency=payload, section=payload, keywords=(payload,), image=payload, dateline=payload,
                canonical_url=payload,
            )  # fmt: skip
            archive.save(page(f"https://gazette.example/{number}", str(number).encode(), source=payload), made)
    with serving(archive, sources) as address, httpx.Client(base_url=address) as client:
        articles = client.get(f"{API}/articles", params={"limit": 200})
        assert articles.headers["content-type"] == "application/json"
        assert articles.headers["x-content-type-options"] == "nosniff"
        stored = {each.id: record(each) for each in archive.find(Query(limit=None))}
        assert {each["id"]: each for each in articles.json()["articles"]} == stored
        for payload in PAYLOADS:
            for path, name in (("/search", "q"), ("/articles", "source"), ("/why", "url"), ("/articles", "q")):
                answer = client.get(f"{API}{path}", params={name: payload[:64]})
                assert answer.status_code == 200, (path, name, payload)
                assert answer.headers["content-type"] == "application/json"
                answer.json()
