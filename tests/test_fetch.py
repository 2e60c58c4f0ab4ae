"""Fetching from servers that are wrong, huge, slow or malicious: each ends in one declared way."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import brotli
import pytest
from backports import zstd

from crawler.fetching.addresses import networks
from crawler.fetching.fetch import Fetcher, user_agent
from crawler.fetching.fetched import Fetched, FetchError
from crawler.fetching.limits import FetchLimits
from tests.raw_server import Answer, Names, response, serving

LOOPBACK = networks(["127.0.0.0/8"])
PAGE = b"<html><body>" + random.Random(7).randbytes(3000).hex().encode() + b"</body></html>"
GZIPPED = gzip.compress(PAGE)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = FetchLimits(body_bytes=1024**2, wire_bytes=1024**2, seconds=20)


def coded(body: bytes, coding: str) -> bytes:
    return response(body, f"Content-Encoding: {coding}")


def zeros(mebibytes: int) -> bytes:
    """gzip of so many MiB of zeros, made without packing all of them: each MiB packs to the same bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (mebibytes - 1)


def wide_zstd(window_log: int) -> bytes:
    """Zstandard data that makes its reader keep so much in memory."""
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window_log})
    return packer.compress(PAGE) + packer.flush()


async def pieces(writer: asyncio.StreamWriter, *sent: bytes, pause: float = 0.03) -> None:
    """Send pieces apart, so that they arrive apart."""
    for each in sent:
        writer.write(each)
        await writer.drain()
        await asyncio.sleep(pause)


async def endless_chunks(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, CHUNKED, *[b"10000\r\n" + bytes(65536) + b"\r\n"] * 1000, pause=0)


async def endless_plain(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, b"HTTP/1.0 200 OK\r\n\r\n", *[bytes(65536)] * 1000, pause=0)


async def bad_chunk(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, CHUNKED + b"5\r\nhello\r\n", b"zz\r\nhello\r\n0\r\n\r\n")


async def drip(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, response(b"", length=1000), *[b"x"] * 1000)


async def drip_headers(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 1000)


async def silence(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def reset(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, response(PAGE[:3000], length=100000), pause=0.2)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def no_content_with_body(writer: asyncio.StreamWriter) -> None:
    await pieces(writer, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n", PAGE)


@dataclass(frozen=True)
class Case:
    """reason: of the error; None where there is an answer. truncated: a part of what is said; None for a whole body."""

    answer: Answer
    reason: str | None = None
    status: int = 200
    body: bytes | None = PAGE
    truncated: str | None = None
    notes: tuple[str, ...] = ()
    limits: FetchLimits = LIMITS


HASTY = FetchLimits(seconds=0.5)
CASES: dict[str, Case] = {
    "plain": Case(response(PAGE)),
    "empty": Case(response(b""), body=b""),
    "empty gzip": Case(coded(b"", "gzip"), body=b""),
    "gzip": Case(coded(GZIPPED, "gzip")),
    "x-gzip": Case(coded(GZIPPED, "X-GZIP")),
    "deflate": Case(coded(zlib.compress(PAGE), "deflate")),
    "raw deflate": Case(coded(zlib.compress(PAGE)[2:-4], "deflate")),
    "br": Case(coded(brotli.compress(PAGE), "br")),
    "zstd": Case(coded(zstd.compress(PAGE), "zstd")),
    "two members": Case(coded(gzip.compress(PAGE[:999]) + gzip.compress(PAGE[999:]), "gzip")),
    "two frames": Case(coded(zstd.compress(PAGE[:999]) + zstd.compress(PAGE[999:]), "zstd")),
    "br in gzip": Case(coded(gzip.compress(brotli.compress(PAGE)), "br, gzip")),
    "T01 gz_100MB": Case(coded(zeros(100), "gzip"), "too-large"),
    "T02 gz_900MB": Case(coded(zeros(900), "gzip"), "too-large"),
    "T03 gz_in_gz": Case(coded(gzip.compress(GZIPPED), "gzip, gzip")),
    "T03 bomb in gz": Case(coded(gzip.compress(zeros(900)), "gzip, gzip"), "too-large"),
    "empty blocks in gz": Case(
        coded(gzip.compress(gzip.compress(b"")[:10] + b"\0\0\0\xff\xff" * 10**6), "gzip, gzip"), "too-large"
    ),
    "empty members": Case(coded(gzip.compress(b"") * 5000, "gzip"), body=b"", reason="coding"),
    "T04 br_bomb": Case(coded(brotli.compress(bytes(10**7), quality=1), "br"), "too-large"),
    "T05 zstd_900MB": Case(coded(zstd.compress(bytes(10**7)) * 90, "zstd"), "too-large"),
    "zstd window of 128 MiB": Case(coded(wide_zstd(27), "zstd"), "coding"),
    "zstd window of 8 MiB": Case(coded(wide_zstd(23), "zstd")),
    "T06 deflate_raw_bomb": Case(coded(zlib.compress(bytes(10**7))[2:-4], "deflate"), "too-large"),
    "T07 gz_trailing": Case(coded(GZIPPED + bytes(range(99)), "gzip"), notes=("trailing-bytes",)),
    "T07 deflate_trailing": Case(coded(zlib.compress(PAGE) + bytes(99), "deflate"), notes=("trailing-bytes",)),
    "T07 br_trailing": Case(coded(brotli.compress(PAGE) + bytes(range(99)), "br"), notes=("trailing-bytes",)),
    "T07 zstd_trailing": Case(coded(zstd.compress(PAGE) + bytes(range(99)), "zstd"), notes=("trailing-bytes",)),
    "T08 gz_half": Case(coded(GZIPPED[: len(GZIPPED) // 2], "gzip"), body=None, truncated="ends early"),
    "T09 gz_bad_crc": Case(
        coded(GZIPPED[:-8] + bytes(255 - b for b in GZIPPED[-8:]), "gzip"), truncated="incorrect data check"
    ),
    "gz damaged": Case(
        coded(GZIPPED[:2000] + bytes(50) + GZIPPED[2050:], "gzip"), body=None, truncated="the gzip data is damaged"
    ),
    "T10 encoding_lie": Case(coded(PAGE, "gzip"), notes=("not-encoded",)),
    "T10 br_lie": Case(coded(PAGE, "br"), notes=("not-encoded",)),
    "T10 short_lie": Case(coded(b"<p>x</p>", "zstd"), body=b"<p>x</p>", notes=("not-encoded",)),
    "noise as gzip": Case(coded(b"\0" + PAGE, "gzip"), "coding"),
    "noise as br": Case(coded(random.Random(1).randbytes(3000), "br"), "coding"),
    "T11 encoding_unknown": Case(coded(PAGE, "x-foo"), "coding"),
    "three codings": Case(coded(GZIPPED, "gzip, gzip, gzip"), "coding"),
    "T12 double_content_length": Case(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "protocol"
    ),
    "T13 short_body": Case(response(PAGE[:1000], length=100000), body=PAGE[:1000], truncated="after 1,000 bytes"),
    "T14 long_body": Case(response(PAGE, length=100), "protocol"),
    "T15 chunk_bad_size": Case(bad_chunk, body=b"hello", truncated="after 5 bytes"),
    "T15 at once": Case(CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", "protocol"),
    "no last chunk": Case(CHUNKED + b"5\r\nhello\r\n", body=b"hello", truncated="after 5 bytes"),
    "T16 chunk_endless": Case(endless_chunks, "too-large"),
    "endless without length": Case(endless_plain, "too-large"),
    "larger than the wire may carry": Case(response(PAGE), "too-large", limits=FetchLimits(wire_bytes=1000)),
    "more after the end than in it": Case(coded(GZIPPED + bytes(2 * 1024**2), "gzip"), "too-large"),
    "T17 drip": Case(drip, "timeout", limits=HASTY),
    "T18 drip_headers": Case(drip_headers, "timeout", limits=HASTY),
    "T19 accept_then_silence": Case(silence, "timeout", limits=HASTY),
    "closed at once": Case(b"", "protocol"),
    "closed in the headers": Case(b"HTTP/1.1 200 OK\r\nContent-Le", "protocol"),
    "T20 rst_mid_body": Case(reset, body=PAGE[:3000], truncated="after 3,000 bytes"),
    "T21 headers_20000": Case(
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 500) for n in range(20000)) + b"\r\n", "headers"
    ),
    "T22 header_one_10MB": Case(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 10**7 + b"\r\n\r\n", "headers"),
    "T23 header_nul": Case(response(PAGE, "Location: /\0x"), "headers"),
    "header name with a blank": Case(response(PAGE, "Bad Name: x"), "headers"),
    "T24 status_999": Case(response(PAGE, status="999 Request denied"), status=999),
    "status 7": Case(response(PAGE, status="7 x"), "protocol"),
    "T25 http09": Case(PAGE, "protocol"),
    "redirect": Case(response(PAGE, "Location: /elsewhere", status="301 Moved"), status=301),
    "T31 429": Case(response(PAGE, "Retry-After: 30", status="429 Too Many Requests"), status=429),
    "T34 304": Case(response(b"", status="304 Not Modified"), status=304, body=b""),
    "T36 204_with_body": Case(no_content_with_body, status=204, body=b""),
    "bare line feeds": Case(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", body=b"hello"),
    "until the end": Case(b"HTTP/1.0 200 OK\r\n\r\nhello", body=b"hello"),
}


async def outcome(
    answer: Answer, limits: FetchLimits, headers: Mapping[str, str] | None = None
) -> Fetched | FetchError:
    async with serving({"/": answer}) as server, Fetcher() as fetcher:
        try:
            return await fetcher.fetch(server.url("/"), headers=headers, allow_private=LOOPBACK, limits=limits)
        except FetchError as error:
            return error


@pytest.mark.parametrize("name", CASES)
def test_a_server_that_is_right_or_wrong(name: str) -> None:
    case = CASES[name]
    found = asyncio.run(outcome(case.answer, case.limits))
    if isinstance(found, FetchError):
        assert found.reason == case.reason, found
        assert str(found).isprintable()
        assert len(str(found)) < 600
        return
    assert case.reason is None, found
    assert found.status == case.status
    assert found.notes == case.notes
    assert (case.truncated or "whole") in (found.truncated or "whole")
    if case.body is None:
        assert len(found.body) > 500
        assert found.body[:500] == PAGE[:500]
    else:
        assert found.body == case.body


def test_sizes_around_those_of_pieces_are_whole() -> None:
    sizes = [65536 * n + more for n in (1, 2) for more in (-259, -258, -1, 0, 1, 2, 100, 257, 258, 259, 4096)]
    bodies = {f"/{coding}/{size}": (coding, bytes(size)) for size in sizes for coding in ("raw", "gzip", "br", "zstd")}
    pack = {
        "raw": lambda body: zlib.compress(body)[2:-4],
        "gzip": gzip.compress,
        "br": _quick_brotli,
        "zstd": zstd.compress,
    }

    async def run() -> None:
        answers = {
            path: coded(pack[coding](body), "deflate" if coding == "raw" else coding)
            for path, (coding, body) in bodies.items()
        }
        async with serving(answers) as server, Fetcher() as fetcher:
            for path, (_, body) in bodies.items():
                found = await fetcher.fetch(server.url(path), allow_private=LOOPBACK)
                assert (len(found.body), found.truncated, found.notes) == (len(body), None, ()), path

    asyncio.run(run())


def test_a_break_after_much_was_undone_repeats_nothing() -> None:
    body = bytes(1_000_000) + b" ".join(b"%d" % number for number in range(1500))
    packed = _quick_brotli(body)
    assert len(packed) < 4096  # so that the break is in the piece that gives the most
    trailing = asyncio.run(outcome(coded(packed + b"\x00garbage", "br"), FetchLimits()))
    assert isinstance(trailing, Fetched)
    assert (trailing.body, trailing.truncated, trailing.notes) == (body, None, ("trailing-bytes",))
    broken = asyncio.run(outcome(coded(packed[:-500] + b"\xff" * 500, "br"), FetchLimits()))
    assert isinstance(broken, Fetched)
    assert broken.truncated
    assert broken.body[:1_000_000] == bytes(1_000_000)
    assert len(broken.body) < len(body) + 1000


def _quick_brotli(data: bytes) -> bytes:
    return bytes(brotli.compress(data, quality=4))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_no_cut_of_a_coding_goes_unseen(coding: str) -> None:
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "br": _quick_brotli, "zstd": zstd.compress}[coding]
    text = " ".join(
        random.Random(3).choices(["council", "bridge", "vote", "mayor", "river", "the", "of"], k=80_000)
    ).encode()
    packed = pack(text)
    cuts = sorted({1, 2, 3, len(packed) - 1, len(packed) - 4, *(len(packed) * n // 47 for n in range(1, 47))})
    answers = {f"/{cut}": coded(packed[:cut], coding) for cut in cuts}

    async def run() -> list[Fetched | BaseException]:
        async with serving(answers) as server, Fetcher() as fetcher:
            fetches = (fetcher.fetch(server.url(path), allow_private=LOOPBACK) for path in answers)
            return await asyncio.gather(*fetches, return_exceptions=True)

    found = asyncio.run(run())
    assert len(found) >= 50
    for each in found:
        assert isinstance(each, Fetched)
        assert each.truncated
        assert text.startswith(each.body)
    assert max(len(each.body) for each in found if isinstance(each, Fetched)) > len(text) * 0.7


def test_what_is_sent_and_what_comes_back() -> None:
    async def run() -> None:
        answer = response(
            PAGE, 'ETag: "a\x1b[2Jb"', "X-Name: caf\u00e9", "X-Wide: \u009b31m", "Set-Cookie: a=b", "Location: /"
        )
        async with serving({"/": answer}) as server, Fetcher("https://desk.example/about") as fetcher:
            before = datetime.now(UTC)
            for _ in range(2):
                found = await fetcher.fetch(
                    server.url("/#part"), allow_private=LOOPBACK, headers={"If-None-Match": '"x"'}
                )
            assert before <= found.fetched_at <= datetime.now(UTC)
            assert found.url == server.url("/#part")
            assert found.header("etag") == '"a [2Jb"'
            assert found.header("x-name") == "café"
            assert found.header("x-wide") == "31m"
            assert server.targets == ["/", "/"]  # no redirect was followed
            head = server.heads[1].decode().lower()
            assert 'if-none-match: "x"\r\n' in head
            assert "accept-encoding: gzip, deflate, br, zstd\r\n" in head
            assert "user-agent: copydesk/" in head
            assert "(+https://desk.example/about)\r\n" in head
            assert "cookie" not in head

    asyncio.run(run())


def test_the_user_agent_is_one_line_that_names_the_project() -> None:
    assert user_agent(None).startswith("copydesk/")
    agent = user_agent("mail@desk.example\r\nX-Evil: 1\x00\x9b é")
    assert agent.isascii()
    assert agent.isprintable()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1/")
    found = asyncio.run(outcome(response(PAGE), LIMITS))
    assert isinstance(found, Fetched)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("/a%2Fb/%7Ec/%zz?q=%20+%26&&x", "/a%2Fb/%7Ec/%zz?q=%20+%26&&x"),
        ("/x/../y/./z//", "/x/../y/./z//"),
        ("/ü?ö=ä b", "/%C3%BC?%C3%B6=%C3%A4%20b"),
        ("/a\tb\r\nX-Evil: 1", "/abX-Evil:%201"),
        ("?only=query", "/?only=query"),
    ],
)
def test_urls_are_asked_for_as_they_stand(path: str, target: str) -> None:
    async def run() -> None:
        async with serving({}) as server, Fetcher() as fetcher:
            found = await fetcher.fetch(f"http://127.0.0.1:{server.port}{path}", allow_private=LOOPBACK)
            assert found.status == 404
            assert server.targets == [target]
            assert b"Evil: 1\r\n" not in server.heads[0]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/hostname", "scheme"),
        ("ftp://site.example/", "scheme"),
        ("data:text/html,x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("gopher://site.example/", "scheme"),
        ("//site.example/", "scheme"),
        ("", "scheme"),
        ("http://", "address"),
        ("http:///path", "address"),
        ("http://[::1/", "address"),
        ("http://site.example:99999/", "address"),
        ("http://site.example:x/", "address"),
        ("http://a..b/", "address"),
        ("http://" + "a" * 64 + ".example/", "address"),
        ("http://" + "a." * 200 + "example/", "address"),
        ("http://a b/", "address"),
        ("http://good.example\\@127.0.0.1/", "address"),
        ("http:\\\\127.0.0.1/", "address"),
        ("http://reader:s3cret@site.example/", "address"),
        ("http://s3cret@site.example/", "address"),
        ("http://reader:s3cret@[::1/", "address"),
        ("http://reader:s3cret/", "address"),
        ("http:reader:s3cret@site.example/", "address"),
        ("http:\\\\reader:s3cret@site.example/", "address"),
        ("http://reader:s3cret@ex\u2100mple/", "address"),
        ("https://127.0.0.1:1/", "connect"),
    ],
)
def test_what_cannot_be_asked_for_is_said_without_its_secret(url: str, reason: str) -> None:
    async def run() -> None:
        async with Fetcher() as fetcher:
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(url, allow_private=LOOPBACK)
            assert caught.value.reason == reason
            assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("host", "asked"), [("bücher.localtest", "xn--bcher-kva.localtest"), ("a_b.localtest.", "a_b.localtest.")]
)
def test_international_odd_and_absolute_names_are_looked_up(host: str, asked: str) -> None:
    names = Names({asked: [["127.0.0.1"]]})

    async def run() -> None:
        async with serving({"/": response(PAGE)}) as server, Fetcher(resolver=names) as fetcher:
            assert (await fetcher.fetch(server.url("/", host), allow_private=LOOPBACK)).body == PAGE

    asyncio.run(run())
