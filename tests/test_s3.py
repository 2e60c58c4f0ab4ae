"""Kept bytes in S3 over HTTP, when it refuses, is shared, or is overloaded."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from storage.blobs import open_blobs
from storage.errors import ArchiveUnavailable
from tests.captured import kept, page


def test_s3_errors_name_the_bucket_and_no_secret(s3_place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]

    def failure(place: str) -> str:
        with pytest.raises(ArchiveUnavailable) as raised:
            kept(open_blobs(place), [page()])
        said = f"{raised.value} {raised.value.hint}"
        assert secret not in said
        assert "hunter2" not in said
        return said

    assert "no-such-bucket: NoSuchBucket" in failure("s3://no-such-bucket")
    assert "names no bucket" in failure("s3:///prefix")
    assert "names no bucket" in failure("s3://key:hunter2@bucket/prefix")
    bucket = s3_place.split("/")[2]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    assert f"{bucket}: SignatureDoesNotMatch" in failure(s3_place)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "hunter2")
    assert f"{bucket}: InvalidAccessKeyId" in failure(s3_place)


def test_many_writers_of_the_same_blobs_in_s3(s3_place: str) -> None:
    """``If-None-Match: *``: one of them makes each object, the others see that it is there."""
    script = (
        "import sys; from storage.blobs import open_blobs; blobs = open_blobs(sys.argv[1])\n"
        "[blobs.put(b'%d' % n) for n in range(60)]; blobs.flush()\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, s3_place], cwd=Path.cwd()) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    blobs = open_blobs(s3_place)
    assert {blobs.get(name) for name in blobs.hashes()} == {b"%d" % n for n in range(60)}


class Overloaded(BaseHTTPRequestHandler):
    """Stands before the S3 server: of each object's PUTs it answers the first with 503, the second with 409."""

    protocol_version = "HTTP/1.1"
    behind: str
    puts: Counter[str]

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "PUT":
            self.puts[self.path] += 1
        faults = {1: (503, "SlowDown"), 2: (409, "ConditionalRequestConflict")}
        if self.command == "PUT" and (fault := faults.get(self.puts[self.path])):
            status, content = fault[0], f"<Error><Code>{fault[1]}</Code></Error>".encode()
        else:
            server = http.client.HTTPConnection(self.behind, timeout=20)
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                server.putheader(name, value)  # Host as well: the signature covers it
            server.endheaders(body)
            answer = server.getresponse()
            status, content = answer.status, answer.read()
            server.close()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_GET = forward  # noqa: N815  (http.server looks for these names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (named so by http.server)
        """Say nothing."""


def test_s3_that_is_overloaded_is_asked_again(s3_place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Overloaded.behind, Overloaded.puts = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"), Counter()
    with ThreadingHTTPServer(("127.0.0.1", 0), Overloaded) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
        blobs = open_blobs(s3_place)
        captures = kept(blobs, [page(n, body=b"%d" % n) for n in range(4)])
        assert list(blobs.captures(pytest.fail)) == captures
        assert {blobs.get(name) for name in blobs.hashes()} == {b"0", b"1", b"2", b"3"}
        proxy.shutdown()
        thread.join()
    assert list(Overloaded.puts.values()) == [3] * 5
