"""The address guard: what may be connected to, whatever it is called."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack

import pytest

from crawler.errors import BadSettings
from crawler.fetching.addresses import WEB_PORTS, networks, refusal
from crawler.fetching.fetch import Fetcher
from crawler.fetching.fetched import FetchError
from crawler.fetching.limits import FetchLimits
from tests.raw_server import Names, RawServer, response, serving

LOOPBACK = networks(["127.0.0.0/8"])
EVERYTHING = networks(["0.0.0.0/0", "::/0"])
QUICK = FetchLimits(seconds=5, connect_seconds=2)

# Spellings that lead to this machine: the system, a resolver or a lenient parser may read each of them so.
SPELLINGS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 127.255.255.254 2130706433 2130706433. 0x7f000001 0x7F.0x0.0x0.0x1 0x7f.1
0177.0.0.1 0177.0x0.1 017700000001 127.000.000.001 0.0.0.0 0 0.1 0x0 00.00.00.00 localhost LOCALHOST localhost.
localhost.. sub.localhost ip6-localhost ip6-loopback １２７.0.0.1 １２７。０。０。１ 127。0。0。1
127%2E0%2E0%2E1 %31%32%37.0.0.1
ⓛocalhost [::] [::1] [0:0:0:0:0:0:0:1] [0000::0001] [::1%25lo] [::1%lo] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::FFFF:7F00:0001] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
[2002:7f00:1::] [2001:0:7f00:1::] [fe80::1%25lo] good@127.0.0.1 good:pw@127.0.0.1 127.0.0.1#@good.example
127.0.0.1?@good.example 127.0.0.1\\@good.example good.example\\@127.0.0.1 127.0.0.1&good@localhost
""".split()  # noqa: SIM905 - a list would fill a page

# Addresses of other networks that are nobody's business.
ELSEWHERE = """
10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1
192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 0.1.2.3 fc00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 100::1 2001:2::1
2001:10::1 2001:db8::1 3fff::1 5f00::1 4000::1 ::2 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
64:ff9b::a00:1 64:ff9b:1::808:808 2002:a00:1::1 2002:a9fe:a9fe:: 2001::1 ::10.0.0.1 ::8.8.8.8
""".split()  # noqa: SIM905 - a list would fill a page

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255
172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255
2606:4700::1111 2a00:1450::1 2001:4860:4860::8888 2003::1 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1
""".split()  # noqa: SIM905 - a list would fill a page


async def canary(stack: AsyncExitStack) -> RawServer:
    """A server on every address of this machine, at a port that the guard has nothing against."""
    for port in sorted(WEB_PORTS - {80, 443}):
        try:
            return await stack.enter_async_context(serving({"/": response(b"secret")}, host="", port=port))
        except OSError:
            continue
    pytest.skip("the ports of web servers are all taken")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert "not a public address" in (refusal(address) or "")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_connected_to(address: str) -> None:
    assert refusal(address) is None


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.1", "0x7f.1", "1.1.1.1/32", "2606:4700::1111%eth0", "fe80::1%1"]
)
def test_what_is_not_a_plain_address_is_refused_also_when_everything_is_allowed(address: str) -> None:
    assert refusal(address, EVERYTHING) is not None


def test_ports_are_those_of_web_servers_except_in_allowed_networks() -> None:
    assert [port for port in (22, 25, 80, 443, 3306, 6379, 8080, 9200) if refusal("8.8.8.8", (), port) is None] == [
        80,
        443,
        8080,
    ]
    assert refusal("10.0.0.1", networks(["10.0.0.0/8"]), 9200) is None


def test_an_allowance_is_for_its_network_alone() -> None:
    allowed = networks(["10.1.0.0/16", "fd00::/8"])
    assert refusal("10.1.2.3", allowed) is None
    assert refusal("::ffff:10.1.2.3", allowed) is None
    assert refusal("fd12::1", allowed) is None
    assert refusal("10.2.0.1", allowed)
    assert refusal("127.0.0.1", allowed)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "intranet", "10.0.0.0/33", "", "::/129", "10.0.0.0-10.0.0.9"])
def test_what_is_no_network_is_said(text: str) -> None:
    with pytest.raises(BadSettings, match="allow_private"):
        networks([text])


def test_no_spelling_of_this_machine_reaches_it() -> None:
    async def run() -> None:
        hosts = [*SPELLINGS, socket.gethostname()]
        async with AsyncExitStack() as stack:
            server = await canary(stack)
            fetcher = await stack.enter_async_context(Fetcher())

            async def attempt(host: str, allowed: tuple[str, ...] = ()) -> str | None:
                at = host.replace("#", f":{server.port}#", 1).replace("?", f":{server.port}?", 1)
                url = f"http://{at}/" if at != host else f"http://{host}:{server.port}/"
                try:
                    await fetcher.fetch(url, allow_private=networks(allowed), limits=QUICK)
                except FetchError as error:
                    return error.reason
                return None

            reasons = await asyncio.gather(*(attempt(host) for host in hosts))
            assert set(reasons) <= {"address", "dns"}, dict(zip(hosts, reasons, strict=True))
            assert server.reached == []
            # The same spellings do lead here: the canary would have sung.
            await asyncio.gather(*(attempt(host, ("0.0.0.0/0", "::/0")) for host in hosts))
            assert len(server.reached) >= 10

    asyncio.run(run())


def test_a_name_is_judged_by_the_address_that_is_connected_to() -> None:
    names = Names(
        {
            "intranet.example": [["127.0.0.1"]],
            "metadata.example": [["169.254.169.254"]],
            "six.example": [["::1"]],
            "mapped.example": [["::ffff:127.0.0.1"]],
            "both.example": [["::1", "127.0.0.1"]],
            "nonsense.example": [["localhost"]],
            "zoned.example": [["fe80::1%lo"]],
        }
    )

    async def run() -> None:
        async with AsyncExitStack() as stack:
            server = await canary(stack)
            fetcher = await stack.enter_async_context(Fetcher(resolver=names))
            for name in ("intranet", "metadata", "six", "mapped", "both", "nonsense", "zoned"):
                with pytest.raises(FetchError) as caught:
                    await fetcher.fetch(f"http://{name}.example:{server.port}/", limits=QUICK)
                assert caught.value.reason == "address", name
                assert not caught.value.transient
            assert server.reached == []

    asyncio.run(run())


def test_a_name_that_changes_its_address_is_judged_each_time() -> None:
    names = Names(
        {
            "rebinding.example": [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]],
            "mixed.example": [["127.0.0.1", "127.0.0.2"]],
        }
    )
    allowed = networks(["127.0.0.2"])

    async def run() -> None:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(
                serving({"/": response(b"page", "Connection: close")}, host="0.0.0.0")
            )
            fetcher = await stack.enter_async_context(Fetcher(resolver=names))
            url = f"http://rebinding.example:{server.port}/"
            assert (await fetcher.fetch(url, allow_private=allowed)).body == b"page"
            with pytest.raises(FetchError, match="loopback"):
                await fetcher.fetch(url, allow_private=allowed)
            assert (await fetcher.fetch(url, allow_private=allowed)).body == b"page"
            mixed = f"http://mixed.example:{server.port}/"
            assert (await fetcher.fetch(mixed, allow_private=allowed)).body == b"page"
            with pytest.raises(FetchError) as caught:
                await fetcher.fetch(mixed, allow_private=allowed, limits=FetchLimits(body_bytes=3))
            assert caught.value.reason == "too-large"
            assert server.reached == ["127.0.0.2"] * 4

    asyncio.run(run())


def test_a_connection_of_one_allowance_is_not_lent_to_another() -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"page"))  # and keep the connection open, for the client to use again
        await asyncio.sleep(30)

    async def run() -> None:
        async with serving({"/": hold}) as server, Fetcher() as fetcher:
            assert (await fetcher.fetch(server.url("/"), allow_private=LOOPBACK)).body == b"page"
            with pytest.raises(FetchError, match="loopback"):
                await fetcher.fetch(server.url("/"))
            assert len(server.heads) == 1

    asyncio.run(run())


def test_pools_of_many_allowances_stay_few() -> None:
    async def run() -> None:
        async with serving({"/": response(b"page")}) as server, Fetcher() as fetcher:
            for number in range(40):
                allowed = networks(["127.0.0.1", f"10.0.{number}.0/24"])
                assert (await fetcher.fetch(server.url("/"), allow_private=allowed)).body == b"page"
            assert len(fetcher._connections._pools) <= 8

    asyncio.run(run())
