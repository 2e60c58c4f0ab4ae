"""robots.txt: what each answer means, how long it holds, and what rules say, also where they are a weapon."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawler.fetching.addresses import networks
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import FetchError
from crawler.fetching.robots import RobotsAnswer, RobotsRules, answer_of, fetch_robots
from tests.raw_server import Answer, response, serving

LOOPBACK = networks(["127.0.0.0/8"])
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
RULES = b"User-agent: *\nDisallow: /private/\n"
PAGE = "http://site.example/private/1"


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def redirect(place: str, status: str = "301 Moved") -> bytes:
    return response(b"", f"Location: {place}", status=status)


# What is answered at /robots.txt, and what becomes of it: verdict, and whether PAGE may then be fetched.
ANSWERS: dict[str, tuple[Answer, str, bool]] = {
    "R01 500": (response(b"", status="500 Error"), "defer", False),
    "R02 503": (response(b"", status="503 Unavailable"), "defer", False),
    "R03 403": (response(b"", status="403 Forbidden"), "allow", True),
    "R04 404": (response(b"", status="404 Not Found"), "allow", True),
    "R05 401": (response(b"", status="401 Unauthorized"), "allow", True),
    "R06 429": (response(b"", status="429 Too Many"), "defer", False),
    "R10 redirects without end": (redirect("/robots.txt"), "allow", True),
    "R11 html_body_200": (response(b"\n <!DOCTYPE html><p>User-agent: *\nDisallow: /"), "allow", True),
    "R12 10MB": (response(RULES + b"Disallow: /x/\n" * 750_000), "rules", False),
    "R13 100k_star_rules": (response(RULES + b"Disallow: /*a*b\n" * 100_000), "rules", False),
    "R14 crawl_delay": (response(b"User-agent: *\nCrawl-delay: nan\nDisallow: /private/\n"), "rules", False),
    "R15 bom+binary": (response(b"\xef\xbb\xbf" + RULES + bytes(range(256)) * 20), "rules", False),
    "R16 utf16": (response(RULES.decode().encode("utf-16")), "rules", False),
    "R17 cr_only_lines": (response(RULES.replace(b"\n", b"\r")), "rules", False),
    "200": (response(RULES), "rules", False),
    "empty": (response(b""), "rules", True),
    "410": (response(RULES, status="410 Gone"), "allow", True),
    "999": (response(RULES, status="999 Denied"), "defer", False),
    "302 without a place": (response(b"", status="302 Found"), "allow", True),
    "redirect once": (redirect("/elsewhere"), "rules", False),
    "redirect to a file": (redirect("file:///etc/robots"), "defer", False),
    "redirect to no URL": (redirect("http://[::1/"), "defer", False),
    "cut short": (response(RULES, length=9999), "defer", False),
    "hung up": (hang_up, "defer", False),
    "no HTTP": (RULES, "defer", False),
    "unknown coding": (response(RULES, "Content-Encoding: x-foo"), "defer", False),
}


def allowed(answer: RobotsAnswer) -> bool:
    """What a crawler makes of an answer."""
    return answer.verdict == "allow" or (answer.verdict == "rules" and RobotsRules(answer.body).allows(PAGE))


@pytest.mark.parametrize("name", ANSWERS)
def test_what_each_answer_means(name: str) -> None:
    said, verdict, allows = ANSWERS[name]

    async def run() -> RobotsAnswer:
        async with serving({"/robots.txt": said, "/elsewhere": response(RULES)}) as server, Fetcher() as fetcher:
            answer = await fetch_robots(fetcher, server.url(""), LOOPBACK)
            assert len(server.heads) <= 6
            return answer

    answer = asyncio.run(run())
    assert (answer.verdict, allowed(answer)) == (verdict, allows), answer.why
    assert answer.why
    assert len(answer.body) <= 512 * 1024
    wait = answer.expires_at - answer.fetched_at
    assert wait == (timedelta(minutes=10) if verdict == "defer" else timedelta(hours=24))


def test_what_silence_means() -> None:
    async def run() -> None:
        async with serving({}) as server, Fetcher() as fetcher:
            port = server.port
        async with Fetcher() as fetcher:
            for origin, why in [
                (f"http://127.0.0.1:{port}", "connect"),  # nobody there
                ("http://nowhere.invalid", "dns"),  # R09
                ("http://169.254.169.254", "address"),  # the guard
            ]:
                answer = await fetch_robots(fetcher, origin, LOOPBACK)
                assert answer.verdict == "defer"
                assert answer.why.startswith(why)

    asyncio.run(run())


def test_a_hop_to_a_private_address_is_refused() -> None:
    async def run() -> None:
        async with serving({"/robots.txt": response(RULES)}, host="127.0.0.1") as inner:
            moved = redirect(inner.url("/robots.txt"))
            async with serving({"/robots.txt": moved}, host="127.0.0.2") as outer, Fetcher() as fetcher:
                answer = await fetch_robots(fetcher, outer.url("", "127.0.0.2"), networks(["127.0.0.2"]))
                assert answer.verdict == "defer"
                assert "loopback" in answer.why
                assert inner.reached == []

    asyncio.run(run())


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no openssl to make a certificate: {error}")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate, key)

    async def run() -> None:
        async with serving({"/robots.txt": response(RULES)}, tls=server_side) as server:
            origin = f"https://localhost:{server.port}"
            async with Fetcher() as fetcher:
                answer = await fetch_robots(fetcher, origin, LOOPBACK)  # R08
                assert (answer.verdict, answer.why[:4]) == ("defer", "tls:")
                assert server.heads == []
            async with Fetcher(tls=ssl.create_default_context(cafile=str(certificate))) as fetcher:
                assert (await fetch_robots(fetcher, origin, LOOPBACK)).verdict == "rules"
                wrong_name = await fetch_robots(fetcher, f"https://127.0.0.1:{server.port}", LOOPBACK)
                assert (wrong_name.verdict, wrong_name.why[:4]) == ("defer", "tls:")

    asyncio.run(run())


def test_a_host_that_stays_silent_is_asked_more_and_more_seldom() -> None:
    error = FetchError("timeout", "http://site.example/robots.txt: not finished in time", transient=True)  # R07
    answer, now, waits = None, NOW, []
    for _ in range(8):
        answer = answer_of(error, now, answer)
        assert answer.verdict == "defer"
        waits.append((answer.expires_at - now) / timedelta(minutes=1))
        now = answer.expires_at
    assert waits == [10, 20, 40, 80, 160, 320, 360, 360]
    assert answer_of(None, NOW, None).verdict == "defer"


def test_earlier_rules_hold_for_a_day() -> None:
    before = RobotsAnswer("rules", RULES, "answered 200", NOW, NOW + timedelta(hours=24))
    error = FetchError("dns", "no address")
    kept = answer_of(error, NOW + timedelta(hours=23, minutes=55), before)
    assert (kept.verdict, kept.body, kept.fetched_at) == ("rules", RULES, NOW)
    assert kept.expires_at == NOW + timedelta(hours=24)
    soon = answer_of(error, NOW + timedelta(hours=1), before)
    assert soon.expires_at == NOW + timedelta(hours=1, minutes=10)
    assert answer_of(error, NOW + timedelta(hours=24), kept).verdict == "defer"


@pytest.mark.parametrize(
    ("body", "denied", "free"),
    [
        ("User-agent: copydesk\nDisallow: /a\n\nUser-agent: *\nDisallow: /b", ["/a", "/a/x"], ["/b", "/"]),
        ("user-agent: CopyDesk/2.0\ndisallow:/a", ["/a"], ["/b"]),
        ("User-agent: copy\nDisallow: /a\nUser-agent: copydesk-news\nDisallow: /b", [], ["/a", "/b"]),
        ("User-agent: x\nUser-agent: copydesk\nDisallow: /a\nUser-agent: copydesk\nDisallow: /b", ["/a", "/b"], ["/c"]),
        ("User-agent: copydesk\nDisallow:\nUser-agent: *\nDisallow: /", [], ["/", "/a"]),
        ("User-agent: copydesk\nUser-agent: *\nSitemap: http://a/\nDisallow: /a", ["/a"], ["/b"]),
        ("Disallow: /\nUser-agent: *\nDisallow: /a", ["/a"], ["/b"]),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", ["/a", "/a/c"], ["/a/b", "/a/b/c"]),
        ("User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?sid=", ["/x.pdf", "/x?sid=1"], ["/x.pdf?y", "/x"]),
        ("User-agent: * # all\nDisallow: /a # this", ["/a"], ["/b"]),
        ("User-agent: *\nDisallow: /caf%C3%A9\nDisallow: /ü", ["/café", "/caf%c3%a9", "/%C3%BC"], ["/caf"]),
        ("\0\xff\n:::\nUser-agent\nDisallow", [], ["/"]),
        ("User-agent: *\nDisallow: /" + "a" * 5000 + "\nDisallow: /b", ["/b"], ["/a"]),
    ],
)
def test_rules(body: str, denied: list[str], free: list[str]) -> None:
    rules = RobotsRules(body.encode())
    assert [path for path in [*denied, *free] if not rules.allows(f"https://site.example{path}")] == denied


def test_delay_and_sitemaps() -> None:
    body = "Sitemap: https://a.example/1.xml\nUser-agent: *\nCrawl-delay: {}\n"
    body += "Sitemap: /relative\nSITEMAP:HTTP://b/2\nSitemap: file:///x"
    for said, delay in [
        ("2.5", 2.5),
        ("-5", None),
        ("nan", None),
        ("1e9", 60),
        ("inf", None),
        ("", None),
        ("x", None),
        ("0", 0),
    ]:
        rules = RobotsRules(body.format(said).encode())
        assert rules.crawl_delay == delay
        assert rules.sitemaps == ("https://a.example/1.xml", "HTTP://b/2")
    many = RobotsRules(b"".join(b"Sitemap: http://a/%d\n" % n for n in range(1500)))
    assert (len(many.sitemaps), many.ignored) == (1000, 500)


def test_rules_past_the_most_are_counted() -> None:
    rules = RobotsRules(b"User-agent: *\n" + b"".join(b"Disallow: /%d/\n" % number for number in range(6000)))
    assert rules.ignored == 1000
    assert not rules.allows("http://site.example/4999/")
    assert rules.allows("http://site.example/5000/")


@pytest.mark.parametrize(
    "url", ["http://[::1/", "http://site.example:x/", "", "\0", "http://site.example/" + "%" * 5000]
)
def test_any_address_can_be_asked_about(url: str) -> None:
    assert RobotsRules(RULES).allows(url) in {True, False}


@pytest.mark.parametrize(
    "line",
    [
        "Disallow: /*{}a*b",
        "Disallow: /{}/",
        "Disallow: /{}" + "$" * 900,
        "Disallow: /{}" + "*a" * 900,
        "User-agent: b{}",
        "a:",
        "\r",
    ],
)
def test_a_weapon_costs_little(line: str) -> None:
    body = ("User-agent: *\n" + "".join(line.format(number) + "\n" for number in range(700_000 // len(line)))).encode()
    rules = RobotsRules(body)
    for number in range(20):
        rules.allows(f"http://site.example/{number}" + "a" * 2000)
    # Protego alone takes minutes over all of them
    assert rules.allows("http://site.example/")
