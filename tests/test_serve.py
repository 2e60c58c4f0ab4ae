"""``copydesk serve`` and ``tokens`` as a person uses them: real processes, real signals, and the lines of the docs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from storage import Archive
from storage.web.safety import Safety
from tests.test_commands import SAMPLES, Copydesk, sqlite_copydesk  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[1]
CURL = re.compile(r"^curl '([^']+)'(.*)$", re.MULTILINE)


@contextmanager
def served(copydesk: Copydesk, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and its address without the slash at the end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where a shell's job ignores it, the server would too
    server = subprocess.Popen(
        [sys.executable, "-m", "crawler", "serve", "--port", "0", "--json", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=copydesk.folder, env=copydesk.environ,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        yield server, json.loads(server.stdout.readline())["address"].rstrip("/")
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_ends_well_when_it_is_told_to(sqlite_copydesk: Copydesk, number: signal.Signals, code: int) -> None:  # noqa: F811
    with served(sqlite_copydesk) as (server, address):
        assert address.startswith("http://127.0.0.1:")
        well = httpx.get(f"{address}/health")
        assert (well.text, "server" in well.headers) == ("ok\n", False)
        assert httpx.get(f"{address}/nothing%0A404%20GET%20/forged%1B%5B31m").status_code == 404
        assert httpx.get(f"{address}/api/v1/runs?a%0A404%20GET%20/forged%1B=1").status_code == 422
        server.send_signal(number)
        _, told = server.communicate(timeout=60)
        assert server.returncode == code
    assert [line.split(":")[0].split("%")[0] for line in told.splitlines()[:2]] == [
        "404 GET /nothing", "422 GET /api/v1/runs"
    ]  # a line for what failed, and no other  # fmt: skip
    assert "\n404 GET /forged" not in told
    assert "\x1b" not in told
    assert "Traceback" not in told


def test_others_are_not_answered_without_a_token(sqlite_copydesk: Copydesk) -> None:  # noqa: F811
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        refused = sqlite_copydesk("serve", "--host", host, "--port", "0")
        assert refused.returncode == 2
        assert "try: copydesk tokens add NAME --scope read" in refused.stderr
    said = sqlite_copydesk.json("tokens", "add", "monitor")[0]["token"]
    with served(sqlite_copydesk, "--host", "0.0.0.0", "--allow-host", "News.example") as (_, address):
        local = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{local}/api/v1/articles").status_code == 401
        token = {"Authorization": f"Bearer {said}"}
        assert httpx.get(f"{local}/api/v1/articles", headers=token).status_code == 200
        assert httpx.get(f"{local}/api/v1/articles", headers=token | {"Host": "news.example"}).status_code == 200
        assert httpx.get(f"{local}/api/v1/articles", headers=token | {"Host": "other.example"}).status_code == 421
        sqlite_copydesk("tokens", "remove", "monitor")  # the last one: still nobody is let in
        for _ in range(100):
            if (code := httpx.get(f"{local}/api/v1/articles", headers=token).status_code) == 401:
                break
        assert code == 401 or httpx.get(f"{local}/api/v1/articles").status_code == 401


def test_a_port_that_is_taken_is_told(sqlite_copydesk: Copydesk) -> None:  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = sqlite_copydesk("serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 3
    assert "try: copydesk serve --port 0" in refused.stderr


def test_below_a_path_and_behind_a_proxy(sqlite_copydesk: Copydesk) -> None:  # noqa: F811
    with served(sqlite_copydesk, "--root-path", "/news", "--behind-proxy") as (_, address):
        bare = address.removesuffix("/news")  # the proxy takes the path away
        said = httpx.get(f"{bare}/api/v1/nothing", headers={"X-Forwarded-Proto": "https"})
        assert said.json()["type"] == "/news/docs/problems/not-found"
        assert httpx.get(f"{bare}/").headers["location"] == "/news/search"
        filed = httpx.post(f"{bare}/api/v1/runs", json={"urls": ["https://x.example/"]})
        assert filed.headers["location"].startswith("/news/api/v1/runs/")
        assert "; Secure" in httpx.get(f"{bare}/login").headers["set-cookie"]


def test_tokens_are_made_listed_and_removed(sqlite_copydesk: Copydesk) -> None:  # noqa: F811
    made = sqlite_copydesk("tokens", "add", "desk", "--scope", "write")
    said = made.stdout.strip()
    assert re.fullmatch(r"copydesk_[A-Za-z0-9_-]{43}", said)
    assert sqlite_copydesk("tokens", "add", "desk").returncode == 2
    (listed,) = sqlite_copydesk.json("tokens", "list")
    assert (listed["name"], listed["scope"], listed["used_at"]) == ("desk", "write", None)
    assert said not in json.dumps(listed)
    with Archive.open(sqlite_copydesk.environ["COPYDESK_DATABASE"]) as archive:
        assert said.encode() not in (sqlite_copydesk.folder / "archive.db").read_bytes()
        assert archive.tokens.all()[0].may_write
    assert sqlite_copydesk("tokens", "remove", "desk").returncode == 0
    assert sqlite_copydesk("tokens", "remove", "desk").returncode == 1
    assert sqlite_copydesk.json("tokens", "list") == []


def test_the_lines_of_the_documentation_run(sqlite_copydesk: Copydesk) -> None:  # noqa: F811
    """Against the sample articles: each answers, and with something."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl")
    (sqlite_copydesk.folder / "seeds").symlink_to(ROOT / "seeds")
    assert sqlite_copydesk.json("ingest", SAMPLES)[-1]["failed"] == 0
    lines = CURL.findall((ROOT / "docs" / "api.md").read_text(encoding="utf-8"))
    assert len(lines) > 5
    with served(sqlite_copydesk) as (_, address):
        for url, options in lines:
            done = subprocess.run(
                [curl, "--fail-with-body", "-sS", url.replace("http://127.0.0.1:8000", address), *shlex.split(options)],
                capture_output=True, text=True, cwd=sqlite_copydesk.folder, env=os.environ, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (url, done.stdout, done.stderr)
            if "-o" not in options:
                assert json.loads(done.stdout)
        assert json.loads((sqlite_copydesk.folder / "articles.jsonl").read_text().splitlines()[0])["id"]


def test_the_limits_of_the_documentation_are_those_of_the_server() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    safety = Safety()
    assert (
        f"a body {safety.longest_body >> 20} MiB, an address {safety.longest_address >> 10} KiB, headers"
        f" {safety.longest_headers >> 10} KiB, a question {safety.seconds:.0f} seconds, {safety.readers} questions"
        f" at a time (others wait), {safety.exports} exports"
    ) in operating
