"""What strangers may not: without a token, by another name, from another site, too much, too long."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from storage import Archive, Query
from storage.errors import ArchiveNewer, ArchiveUnavailable, Damaged, Gone, NotFound, Refused
from storage.patience import patience
from storage.tokens import token_of
from storage.web.app import create_app
from storage.web.door import Door
from storage.web.gate import HEADERS, problem_of
from storage.web.problems import Problem
from storage.web.safety import Safety
from tests.newsroom import numbered
from tests.reading_room import serving
from tests.small_archive import furnish
from tests.test_api import sources  # noqa: F401 - a fixture

API = "/api/v1"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@pytest.fixture
def small(archive: Archive) -> Archive:
    furnish(archive)
    return archive


@pytest.fixture
def lone(sqlite_template: Path, tmp_path: Path) -> Iterator[Archive]:
    """An archive on SQLite alone: for what no database can change."""
    (tmp_path / "archive.db").write_bytes(sqlite_template.read_bytes())
    with Archive.open(f"sqlite:///{tmp_path}/archive.db") as archive:
        furnish(archive)
        yield archive


@contextmanager
def asking(archive: Archive, folder: Path, safety: Safety | None = None) -> Iterator[httpx.Client]:
    with serving(archive, folder, safety) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- tokens


@dataclass(frozen=True, slots=True)
class _Nobody:
    """A newsroom that nobody asks."""


def routes(archive: Archive) -> list[tuple[str, str]]:
    """Every method and path of the application, pages among them; what is asked for need not be there."""
    app = create_app(archive, _Nobody(), Safety())  # type: ignore[arg-type]
    found: list[tuple[str, str]] = []
    for path, operations in _described(app).items():
        found += [(method.upper(), path) for method in operations]
    from storage.web import login, pages

    for router in (pages.routes(), login.routes()):
        found += [(method, route.path) for route in router.routes for method in route.methods]  # type: ignore[attr-defined]
    return [(method, re.sub(r"\{[^}]*\}", "abcd", path)) for method, path in found if method != "HEAD"]


def _described(app: FastAPI) -> dict[str, Any]:
    from storage.web.api.description import description

    return description(app)["paths"]


def test_every_route_asks_for_the_token(lone: Archive, sources: Path) -> None:  # noqa: F811 - the fixture
    read, write = lone.tokens.add("reader", "read"), lone.tokens.add("writer", "write")
    asked = routes(lone)
    assert len(asked) > 30
    with asking(lone, sources) as client:
        for method, path in asked:
            if path in ("/login", "/static/abcd"):
                continue
            for said in (
                {},
                bearer("copydesk_wrong"),
                {"Authorization": "Basic eDp5"},
                {"Cookie": "copydesk_session=x"},
            ):
                refused = client.request(method, path, headers=said)
                assert refused.status_code in (401, 429), (method, path, said)
                assert "Bearer" in refused.headers.get("www-authenticate", "Bearer")
                if not path.startswith("/api/"):
                    assert refused.headers["content-type"].startswith("text/html")
                    if refused.status_code == 401:
                        assert 'name="token"' in refused.text
            is_writing = method == "POST"
            with_read = client.request(method, path, headers=bearer(read))
            assert (with_read.status_code == 403) == is_writing, (method, path, with_read.text)
            if path.startswith("/api/") and is_writing:
                assert with_read.json()["type"] == "/docs/problems/scope"
            with_write = client.request(method, path, headers=bearer(write))
            assert with_write.status_code not in (401, 429), (method, path)
            if path.startswith("/api/"):
                assert with_write.status_code != 403, (method, path)
        assert client.get("/health").text == "ok\n"
        assert client.get("/login").status_code == 200


def test_without_tokens_this_machine_is_answered_and_others_never(lone: Archive, sources: Path) -> None:  # noqa: F811
    with asking(lone, sources) as client:
        assert client.get(f"{API}/articles").status_code == 200
    with asking(lone, sources, Safety(needs_token=True)) as client:
        assert client.get(f"{API}/articles").status_code == 401
        assert client.get("/search").status_code == 401
        assert client.get("/health").status_code == 200


def test_a_token_is_kept_as_its_hash_and_used_to_the_hour(small: Archive, sources: Path) -> None:  # noqa: F811
    said = small.tokens.add("notebook", "read")
    (token,) = small.tokens.all()
    assert said not in repr(token) + token.hash
    assert token.used_at is None
    assert token_of(said, [token]) == token
    assert token_of(f"{said} ", [token]) is None
    with asking(small, sources) as client:
        assert client.get(f"{API}/articles", headers=bearer(said)).status_code == 200
        for _ in range(100):
            if (used := small.tokens.all()[0].used_at) is not None:
                break
            time.sleep(0.05)
        assert used is not None
        assert client.get(f"{API}/articles", headers=bearer(said)).status_code == 200
        assert small.tokens.all()[0].used_at == used  # no row is written at each request
        small.tokens.remove("notebook")
        small.tokens.add("other", "read")
        time.sleep(1.1)  # what was read of the tokens is believed for a second
        assert client.get(f"{API}/articles", headers=bearer(said)).status_code == 401


def test_a_name_is_one(lone: Archive) -> None:
    for name in ("", " ", "a b", "-x", "x" * 65, "a\n", "é"):
        with pytest.raises(Refused):
            lone.tokens.add(name, "read")


def test_wrong_tokens_are_told_to_wait_and_right_ones_never_are(lone: Archive) -> None:
    said, now = lone.tokens.add("a", "read"), 1000.0
    door = Door(lone, b"secret", needs_token=False, now=lambda: now)
    for _ in range(10):
        assert _refusal(door, "wrong", "1.2.3.4") == "token"
    assert _refusal(door, "wrong", "1.2.3.4") == "too-many-tries"
    assert _refusal(door, "wrong", "1.2.3.5") == "token"
    assert door.ask(said, {}, "1.2.3.4").name == "a"
    now += 61
    assert _refusal(door, "wrong", "1.2.3.4") == "token"


def _refusal(door: Door, said: str, client: str) -> str:
    with pytest.raises(Problem) as raised:
        door.ask(said, {}, client)
    return raised.value.kind


# --- logging in


def test_a_browser_logs_in_and_out(lone: Archive, sources: Path) -> None:  # noqa: F811
    said = lone.tokens.add("desk", "read")
    with asking(lone, sources) as client:
        refused = client.get("/search?q=flood")
        assert refused.status_code == 401
        form = {"csrf": CSRF.findall(refused.text)[0], "next": "/search?q=flood"}
        assert 'value="/search?q=flood"' in refused.text
        wrong = client.post("/login", data=form | {"token": "copydesk_wrong"})
        assert (wrong.status_code, "no such token" in wrong.text) == (401, True)
        right = client.post("/login", data=form | {"token": said})
        assert (right.status_code, right.headers["location"]) == (303, "/search?q=flood")
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert "secure" not in cookie.lower()
        assert said not in cookie
        assert client.get("/search?q=flood").status_code == 200
        assert client.get(f"{API}/articles").status_code == 200
        out = client.post("/logout", data={"csrf": form["csrf"]})
        assert out.status_code == 303
        assert client.get("/search").status_code == 401


def test_a_session_cannot_be_made_nor_outlive_its_token(lone: Archive) -> None:
    lone.tokens.add("desk", "write")
    door = Door(lone, b"secret", needs_token=False)
    (token,) = lone.tokens.all()
    session = door.session(token)
    assert door.ask(None, {"copydesk_session": session}, "").token == token
    ends, signed, name = session.split("~")
    for forged in (
        f"{int(ends) + 1}~{signed}~{name}",
        f"{ends}~{signed[::-1]}~{name}",
        f"1~{signed}~{name}",
        "~~",
        "é~é~é",
    ):
        with pytest.raises(Problem):
            door.ask(None, {"copydesk_session": forged}, "")
    with pytest.raises(Problem):
        Door(lone, b"other secret", needs_token=False).ask(None, {"copydesk_session": session}, "")
    lone.tokens.remove("desk")
    lone.tokens.add("desk", "write")  # of the same name, and another one
    with pytest.raises(Problem):
        Door(lone, b"secret", needs_token=False).ask(None, {"copydesk_session": session}, "")


def test_cookies_go_by_https_alone_where_there_is_https(lone: Archive, sources: Path) -> None:  # noqa: F811
    with asking(lone, sources, Safety(is_https=True)) as client:
        assert "; Secure" in client.get("/login").headers["set-cookie"]


@pytest.mark.parametrize(
    "away", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:x", "/a\r\nb: c"]
)
def test_logging_in_leads_nowhere_else(lone: Archive, sources: Path, away: str) -> None:  # noqa: F811
    said = lone.tokens.add("desk", "read")
    with asking(lone, sources) as client:
        form = {"csrf": CSRF.findall(client.get("/login").text)[0], "next": away, "token": said}
        assert client.post("/login", data=form).headers["location"] == "/"


# --- the name of the server


def test_only_its_own_names_are_answered(lone: Archive, sources: Path) -> None:  # noqa: F811
    with asking(lone, sources, Safety(frozenset({"news.example"}))) as client:
        port = client.base_url.port
        ours = (
            "localhost",
            "LOCALHOST:1",
            f"127.0.0.1:{port}",
            "[::1]:80",
            "[::1]",
            "news.example",
            "News.Example:443",
            "news.example.",
        )
        for host in ours:
            assert client.get(f"{API}/articles?limit=1", headers={"Host": host}).status_code == 200, host
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "news.example.evil", "", "127.0.0.2",
                     "localhost:x", "[::2]", "news.example@evil.example", "0.0.0.0"):  # fmt: skip
            for path in ("/health", "/login", f"{API}/articles", "/search"):
                refused = client.get(path, headers={"Host": host})
                assert refused.status_code == 421, (host, path)
                assert "csrf" not in refused.text


# --- other sites


def test_another_site_cannot_file_a_crawl(lone: Archive, sources: Path) -> None:  # noqa: F811
    asked = {"urls": ["https://gazette.example/9"]}
    with asking(lone, sources) as client:
        before = len(lone.runs())
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                        {"Sec-Fetch-Site": "same-site"}, {"Origin": f"http://127.0.0.1:{(client.base_url.port or 0) + 1}"}):  # fmt: skip
            for path in (f"{API}/runs", "/runs", "/login"):
                refused = client.post(path, json=asked, headers=headers)
                assert refused.status_code in (403, 422), (headers, path)
            assert client.post(f"{API}/runs", json=asked, headers=headers).json()["type"] == "/docs/problems/cross-site"
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            refused = client.post(
                f"{API}/runs", content=b'{"urls":["https://x.example/"]}', headers={"Content-Type": kind}
            )
            assert (refused.status_code, refused.json()["type"]) == (415, "/docs/problems/media-type"), kind
        assert len(lone.runs()) == before
        own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        assert client.post(f"{API}/runs", json=asked, headers=own).status_code == 202


def test_a_form_needs_what_its_page_gave_to_this_browser(lone: Archive, sources: Path) -> None:  # noqa: F811
    with asking(lone, sources) as client, httpx.Client(base_url=client.base_url) as other:
        mine, theirs = (CSRF.findall(each.get("/login").text)[0] for each in (client, other))
        assert mine != theirs
        posts = [path for method, path in routes(lone) if method == "POST" and not path.startswith("/api/")]
        assert set(posts) >= {"/login", "/logout", "/runs"}
        for path in posts:
            for form in ({}, {"csrf": ""}, {"csrf": theirs}, {"csrf": mine[:-1]}, {"csrf": "é"}):
                refused = client.post(path, data={"token": "x", "source": "gazette", **form})
                assert refused.status_code == 403, (path, form)
        assert httpx.post(f"{client.base_url}/logout", data={"csrf": mine}).status_code == 403  # without the cookie
        assert client.post("/logout", data={"csrf": mine}).status_code == 303


# --- what every answer carries


def test_every_answer_has_the_headers(lone: Archive, sources: Path) -> None:  # noqa: F811
    with asking(lone, sources) as client:
        for path in ("/health", "/login", "/search", "/nothing", f"{API}/articles", f"{API}/nothing", f"{API}/openapi.json",
                     "/docs/problems/token", f"{API}/export"):  # fmt: skip
            headers = client.get(path).headers
            for name, value in HEADERS.items():
                if name != "Cache-Control":
                    assert headers[name] == value, (path, name)
            assert headers["cache-control"] in ("private, no-cache", "no-store")
            assert "server" not in headers
        assert "script-src" not in headers["content-security-policy"]


# --- too much


def test_bodies_addresses_and_headers_have_limits(lone: Archive, sources: Path) -> None:  # noqa: F811
    safety = Safety(longest_body=1000, longest_address=500, longest_headers=2000)
    with asking(lone, sources, safety) as client:
        large = b'{"urls":["https://x.example/' + b"a" * 2000 + b'"]}'
        kind = {"Content-Type": "application/json"}
        told = client.post(f"{API}/runs", content=large, headers=kind)
        assert (told.status_code, told.json()["type"]) == (413, "/docs/problems/too-large")
        untold = client.post(f"{API}/runs", content=iter([large[:900], large[900:]]), headers=kind)  # in chunks
        assert untold.status_code == 413
        assert client.post("/login", data={"token": "x" * 2000}).status_code == 413
        long = client.get(f"{API}/articles", params={"q": "x" * 600})
        assert (long.status_code, long.json()["type"]) == (414, "/docs/problems/too-long")
        wide = client.get(f"{API}/articles", headers={"X-Wide": "x" * 3000})
        assert (wide.status_code, wide.json()["type"]) == (431, "/docs/problems/headers")
        assert client.get(f"{API}/articles").status_code == 200


def test_a_body_whose_length_is_a_lie(lone: Archive, sources: Path) -> None:  # noqa: F811
    with serving(lone, sources) as address:
        port = httpx.URL(address).port or 0
        for length in ("-1", "x", "99999999999999999999"):
            with socket.create_connection(("127.0.0.1", port), 10) as client:
                client.sendall(
                    f"POST {API}/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {length}\r\n\r\n{{}}".encode()
                )
                assert client.recv(100).split()[1] in (b"400", b"413")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_question_that_takes_too_long_is_ended(archive: Archive, sources: Path) -> None:  # noqa: F811
    with archive.batch():
        for number in range(400):
            archive.save(*numbered(number))
    with asking(archive, sources, Safety(seconds=1e-6)) as client:
        ended = client.get(
            f"{API}/counts", params={"by": "agency", "q": " OR ".join(f"{each}*" for each in "abcdefghijk")}
        )
        assert (ended.status_code, ended.json()["type"]) == (503, "/docs/problems/took-too-long")
        assert "hint" in ended.json()
        assert client.get("/health").status_code in (200, 503)
    with asking(archive, sources) as client:  # the connections are as good as before
        assert client.get(f"{API}/counts", params={"by": "agency", "q": "a*"}).json()["total"] == 400
    with patience(1e-6), patience(None):  # who waits as long as it takes says so within
        assert archive.count(Query(words="a*")) == 400


# --- what goes wrong


def test_what_an_error_is_to_strangers() -> None:
    secret = "/home/somebody/archive.db: disk I/O error"
    for error, kind in (
        (ArchiveUnavailable(secret), "unavailable"), (ArchiveNewer(secret), "newer"), (Damaged(secret), "damaged"),
        (ValueError(secret), "defect"), (Refused("as things are"), "refused"), (NotFound("x"), "not-found"), (Gone("x"), "forgotten"),
    ):  # fmt: skip
        problem = problem_of(error)
        assert problem.kind == kind
        assert b"somebody" not in bytes(problem.response().body)


def test_an_archive_that_is_gone_is_a_problem_and_comes_back(lone: Archive, sources: Path, tmp_path: Path) -> None:  # noqa: F811
    with asking(lone, sources) as client:
        lone._database.engine.dispose()
        file = tmp_path / "archive.db"
        away = tmp_path / "away"
        away.mkdir()
        for each in tmp_path.glob("archive.db*"):
            each.rename(away / each.name)
        file.mkdir()  # a folder where the file was: it cannot be opened
        time.sleep(1.1)  # beyond what was read of the tokens
        for path in (f"{API}/articles", f"{API}/search?q=x", f"{API}/export", "/health", "/search"):
            gone = client.get(path)
            assert gone.status_code == 503, (path, gone.text)
            assert "Traceback" not in gone.text
            assert str(tmp_path) not in gone.text
        assert client.get(f"{API}/articles").json()["type"] == "/docs/problems/unavailable"
        file.rmdir()
        for each in away.iterdir():
            each.rename(tmp_path / each.name)
        assert client.get(f"{API}/articles").status_code == 200
