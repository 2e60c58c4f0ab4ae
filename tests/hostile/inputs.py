"""Bad inputs, each made by a small function, with what must become of it. Nothing binary is kept; seeds are fixed."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import socket
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

WORDS = "The council voted on Tuesday to rebuild the old bridge before the winter, and the mayor thanked the workers."


@dataclass(frozen=True, slots=True)
class BadInput:
    """make: writes ``name`` into a folder. reason: of its one failure; origin: its place, from the name on.

    pages: how many pages of the same input come through. flag: the doubt about a page that is read all the same.
    """

    name: str
    make: Callable[[Path], object]
    reason: str | None = None
    origin: str = ""
    pages: int = 0
    flag: str | None = None


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def repeated(piece: bytes, times: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(piece * times)


def response(
    number: int, body: bytes | None = None, headers: tuple[tuple[str, str], ...] = ()
) -> tuple[str, bytes, StatusAndHeaders]:
    """Address, body and HTTP header of a response with a page of its own."""
    body = body if body is not None else f"<html><title>{number}</title><p>{WORDS * 5} {number}".encode()
    http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8"), *headers], protocol="HTTP/1.1")
    return f"https://gazette.example/{number}", body, http


def warc(records: int, *, packed: bool) -> tuple[bytes, list[int]]:
    """A WARC file of a warcinfo record and some responses; and where each response ends in it."""
    file, ends = io.BytesIO(), []
    writer = WARCWriter(file, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("x.warc", {"software": "tests"}))
    for number in range(records):
        url, body, http = response(number)
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http))
        ends.append(file.tell())
    return file.getvalue(), ends


def _random(seed: int, size: int, head: bytes = b"") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(head + random.Random(seed).randbytes(size))


def _cut_warc(path: Path) -> None:
    content, ends = warc(4, packed=True)
    path.write_bytes(content[: ends[2] - 20])


def _zip(path: Path, *members: tuple[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def _encrypted_zip(path: Path) -> None:
    _zip(path, ("secret.txt", WORDS.encode()))
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)


def _zip_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.txt", "w") as member:
        for _ in range(200):
            member.write(bytes(1_000_000))


def _overlapping_zip(path: Path) -> None:
    """Two members in the directory that share the same packed bytes."""
    _zip(path, ("a.txt", WORDS.encode() * 50))
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    entry = content[start:end]
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    path.write_bytes(content[:start] + entry * 2 + tail)


def _linked_zip(path: Path) -> None:
    link = zipfile.ZipInfo("passwd.txt")
    link.external_attr = 0xA1FF << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")


def _zip_in_zip(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.txt", WORDS)
    _zip(path, ("inner.zip", inner.getvalue()))


def _gzip_bomb(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as packed:
        for _ in range(200):
            packed.write(bytes(1_000_000))


def _unreadable(path: Path) -> None:
    """Permissions do not stop root; a link to nowhere stops everyone."""
    if os.geteuid() == 0:
        path.symlink_to(path.with_name("nowhere"))
    else:
        path.write_text(WORDS)
        path.chmod(0)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 107 bytes at most
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def _lines(*lines: bytes) -> Callable[[Path], object]:
    good = json.dumps({"title": "Bridge", "text": WORDS}).encode()
    return written(b"\n".join((good, *lines, good)) + b"\n")


_JSON = [  # a line between two good ones: its name, the line, the reason of its failure
    ("broken", b'{"title": "Bridge", "text": ', "bad-json"),
    ("deep", b'{"text": ' + b"[" * 100_000, "bad-json"),
    ("bigint", b'{"text": ' + b"9" * 5000 + b"}", "bad-json"),
    ("nan", b'{"text": NaN}', "bad-json"),
    ("list", b"[1, 2]", "bad-json"),
    ("untyped", b'[{"text": "x"}]', "bad-json"),
    ("graph", b'{"@graph": 17}', "bad-json"),
    ("number", b'{"text": 17}', "wrong-field"),
    ("title", b'{"title": {"a": 1}, "text": "x"}', "wrong-field"),
    ("textless", b'{"title": "Bridge", "text": null}', "no-text"),
    ("latin1", '{"text": "déjà"}'.encode("latin-1"), "charset"),
    ("nul", b'{"text": "a\x00b"}', "bad-json"),
    ("long", b'{"text": "' + b"x" * 20_000_000 + b'"}', "too-large"),
]

CASES = [
    BadInput("empty.txt", written(b""), "empty"),
    BadInput("blank.txt", written(b" \n\r\n\t"), "empty"),
    BadInput("empty.jsonl", written(b""), "empty"),
    BadInput("empty.warc", written(b""), "empty"),
    BadInput("random.txt", _random(1, 5_000_000), "not-text"),
    BadInput("random.html", _random(2, 5_000_000), "not-text"),
    BadInput("random.jsonl", _random(3, 5_000_000), "not-text"),
    BadInput("random.warc", _random(4, 500_000), "damaged", "#1"),
    BadInput("random.zip", _random(5, 500_000), "damaged"),
    BadInput("random.txt.gz", _random(6, 500_000, b"\x1f\x8b"), "damaged"),
    BadInput("pdf.txt", written(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"), "not-text"),
    BadInput("nul-rich.txt", written(b"a\x00\x00b\x00\x00c" * 5000), "not-text"),
    BadInput("nul.txt", written(b"a\x00b " + WORDS.encode()), pages=1, flag="charset-damaged"),
    BadInput("utf16.txt", written(WORDS.encode("utf-16-le")), pages=1, flag="charset-guessed"),
    BadInput(
        "invalid.txt",
        written(f"Où ? Là-bas, à côté. {WORDS} ".encode() + b"\xff\xfe\x80"),
        pages=1,
        flag="charset-damaged",
    ),
    BadInput("latin1.txt", written(f"Où ? Là-bas, à côté. {WORDS}".encode("latin-1")), pages=1, flag="charset-guessed"),
    BadInput("surrogate.jsonl", _lines(b'{"text": "a \\ud800 b"}'), pages=3, flag="charset-damaged"),
    *(BadInput(f"{name}.jsonl", _lines(line), reason, ":2", pages=2) for name, line, reason in _JSON),
    BadInput("cut.json", written(b'[{"text": "one"}, {"text": "two"}, {"text": "th'), "bad-json", pages=2),
    BadInput("unclosed.json", written(b'[{"text": "one"}, {"text": "two"}'), "cut", pages=2),
    BadInput("utf16.jsonl", written('{"text": "one"}\n'.encode("utf-16-le")), "charset"),
    BadInput("folder.html", lambda path: path.mkdir(), "not-a-file"),
    BadInput(".html", lambda path: path.mkdir(), "not-a-file"),
    BadInput("pipe.txt", os.mkfifo, "not-a-file"),
    BadInput("socket.txt", _socket, "not-a-file"),
    BadInput("unreadable.txt", _unreadable, "not-found" if os.geteuid() == 0 else "not-readable"),
    BadInput("link.txt", lambda path: path.symlink_to("nowhere"), "not-found"),
    BadInput("loop.txt", lambda path: path.symlink_to(path), "not-found"),
    BadInput("device.txt", lambda path: path.symlink_to("/dev/zero"), "not-a-file"),
    BadInput("cut.warc.gz", _cut_warc, "cut", pages=2),
    BadInput("cut.html.gz", written(gzip.compress(WORDS.encode() * 99)[:-9]), "cut"),
    BadInput("bomb.html.gz", _gzip_bomb, "bomb"),
    BadInput("bomb.jsonl.gz", _gzip_bomb, "not-text"),
    BadInput("huge.txt", repeated(b"word ", 5_000_000), "too-large"),
    BadInput(
        "leading-out.zip",
        lambda path: _zip(path, ("../evil.txt", b"x"), ("ok.txt", WORDS.encode())),
        "unsafe-name",
        "/../evil.txt",
        pages=1,
    ),
    BadInput("absolute.zip", lambda path: _zip(path, ("/abs.txt", b"x")), "unsafe-name", "//abs.txt"),
    BadInput("drive.zip", lambda path: _zip(path, ("C:\\abs.txt", b"x")), "unsafe-name", "/C:\\abs.txt"),
    BadInput("encrypted.zip", _encrypted_zip, "encrypted", "/secret.txt"),
    BadInput("bomb.zip", _zip_bomb, "bomb", "/zeros.txt"),
    BadInput("overlap.zip", _overlapping_zip, "bomb"),
    BadInput("linked.zip", _linked_zip, "not-a-file", "/passwd.txt"),
    BadInput("nested.zip", _zip_in_zip, "nested-zip", "/inner.zip"),
    BadInput("nested.html", repeated(b"<div>", 100_000), "too-deep"),
    BadInput("unclosed.html", repeated(b"<font>x", 50_000), "too-deep"),
    BadInput(
        "attributes.html",
        written(b"<p " + b" ".join(b"a%d=1" % n for n in range(40_000)) + b">x"),
        "too-many-attributes",
    ),
    BadInput("tags.html", repeated(b"<i>x</i>", 250_000), "too-many-tags"),
    BadInput("wide.html", repeated(b"<p>word", 1_200_000), "too-large"),
]
