"""Terms: what headers and pages say about being kept and used."""

from __future__ import annotations

import pytest

from pipelines.terms import terms


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((), ()),
        (("noarchive",), ("noarchive",)),
        (("NoIndex, NOSNIPPET",), ("noindex", "nosnippet")),
        (("none",), ("nofollow", "noindex")),
        (("all",), ()),
        (("noai, noimageai",), ("noai", "noimageai")),
        (("notrain",), ("notrain",)),
        (("nocache",), ("noarchive",)),
        (("noindex", "noarchive"), ("noarchive", "noindex")),
        (("otherbot: noindex, noarchive",), ()),
        (("copydesk: noindex",), ("noindex",)),
        (("*: noindex",), ("noindex",)),
        (("otherbot: noindex, copydesk: noarchive",), ("noarchive",)),
        (("unavailable_after: 25 Jun 2010 15:00:00 PST, noindex",), ("noindex",)),
        (("max-snippet:-1, max-image-preview:large, noai",), ("noai",)),
        (("", ",,,:,::", "\x00noindex"), ()),
    ],
)
def test_the_header(values: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert terms(tuple(("x-Robots-TAG", value) for value in values), b"") == found


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<meta name="robots" content="noindex, noarchive">', ("noarchive", "noindex")),
        ("<META NAME=robots CONTENT=noai>", ("noai",)),
        ("<meta content='nosnippet' name='ROBOTS' />", ("nosnippet",)),
        ('<meta name="copydesk" content="noarchive">', ("noarchive",)),
        ('<meta name="googlebot" content="noarchive">', ()),
        ('<meta name="tdm-reservation" content="1">', ("tdm-reserved",)),
        ('<meta name="tdm-reservation" content="0">', ()),
        ('<!-- <meta name="robots" content="noindex"> -->', ()),
        ('<script>\'<meta name="robots" content="noindex">\'</script>', ()),
        ('<script>x</script><meta name="robots" content="noindex">', ("noindex",)),
        ('<metadata name="robots">', ()),
        ("<meta name=robots>", ()),
        ("<meta", ()),
        ("<!-- never closed <meta name=robots content=noindex>", ()),
        ("x" * 65536 + "<meta name=robots content=noindex>", ()),
        ("", ()),
    ],
)
def test_the_page(html: str, found: tuple[str, ...]) -> None:
    assert terms((), html.encode()) == found
    assert terms((), html.encode("utf-16")) == (found if len(html) < 32000 else ())


def test_the_reservation_header() -> None:
    assert terms((("TDM-Reservation", " 1 "),), b"") == ("tdm-reserved",)
    assert terms((("tdm-reservation", "0"),), b"") == ()


@pytest.mark.parametrize(
    "piece", ["<meta", "<meta ", '<meta a="', "<meta a='x ", "<!--", "<", "<meta a a a ", "<script", "a="]
)
def test_hostile_pages_take_no_time(piece: str) -> None:
    assert terms((), b"<meta " + piece.encode() * 20000) == ()  # a scan that is not linear takes minutes
