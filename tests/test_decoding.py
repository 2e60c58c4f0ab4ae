"""Decoding: the right letters for every charset that news is saved in, and a word of doubt wherever there is one."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.charsets import codec_name
from pipelines.decoding import Decoded, NotText, binary_kind, decode

FRENCH = (
    "Le Premier ministre a déclaré à la presse : « Nous n’avons pas cédé » – une réponse très attendue après l’été."
)
GERMAN = "Der Bundeskanzler erklärte, die Maßnahmen würden „überprüft“ – schließlich müssten Bürger geschützt werden."
SPANISH = "El presidente señaló que la situación económica del país mejorará el próximo año. ¿Qué pasará mañana?"
RUSSIAN = "Президент заявил, что новые меры вступят в силу с первого января следующего года."
POLISH = "Prezydent powiedział, że nowe przepisy wejdą w życie w przyszłym roku. Rząd przygotowuje również ustawę."
GREEK = "Ο πρωθυπουργός δήλωσε ότι τα νέα μέτρα θα τεθούν σε ισχύ από την πρώτη Ιανουαρίου του επόμενου έτους."
TURKISH = "Cumhurbaşkanı yaptığı açıklamada yeni önlemlerin gelecek yıl yürürlüğe gireceğini ve sürdüğünü söyledi."
HEBREW = "ראש הממשלה אמר היום כי הצעדים החדשים ייכנסו לתוקף בתחילת השנה הבאה ויסייעו לכלכלה."
ARABIC = "قال رئيس الوزراء إن الإجراءات الجديدة ستدخل حيز التنفيذ مطلع العام المقبل وستساعد الاقتصاد."
THAI = "นายกรัฐมนตรีกล่าวว่ามาตรการใหม่จะมีผลบังคับใช้ตั้งแต่วันที่หนึ่งมกราคมปีหน้าเป็นต้นไป"
CHINESE = "国务院总理在会议上表示，今年将继续推动经济高质量发展，扩大内需，稳定就业，保障民生。"
TAIWANESE = "行政院長今天在記者會上表示，政府將持續推動經濟發展，並且加強照顧弱勢族群，提升民眾生活品質。"
JAPANESE = "首相は記者会見で、新しい経済対策を来月中にまとめる方針を明らかにした。与党内からは慎重な意見も出ている。"
KOREAN = "대통령은 오늘 기자회견에서 새로운 경제 정책을 발표하고 다음 달부터 시행할 계획이라고 밝혔다."
VIETNAMESE = "Thủ tướng Chính phủ yêu cầu các bộ, ngành, địa phương tập trung triển khai đồng bộ các giải pháp."

LEGACY = [
    ("cp1252", FRENCH),
    ("cp1252", GERMAN),
    ("cp1252", SPANISH),
    ("cp1251", RUSSIAN),
    ("koi8_r", RUSSIAN),
    ("cp1250", POLISH),
    ("cp1253", GREEK),
    ("cp1254", TURKISH),
    ("cp1255", HEBREW),
    ("cp1256", ARABIC),
    ("cp874", THAI),
    ("gb18030", CHINESE),
    ("big5", TAIWANESE),
    ("cp932", JAPANESE),
    ("euc_jp", JAPANESE),
    ("cp949", KOREAN),
    ("cp1258", VIETNAMESE),
]
LEGACY_IDS = [f"{charset}-{number}" for number, (charset, _) in enumerate(LEGACY)]


def encoded(text: str, charset: str) -> bytes:
    """The text in a charset; windows-1258 writes the tones of Vietnamese as letters of their own."""
    if charset != "cp1258":
        return text.encode(charset)
    tones = "\u0300\u0301\u0303\u0309\u0323"
    apart = []
    for letter in text:
        marks = unicodedata.normalize("NFD", letter)
        base = unicodedata.normalize("NFC", "".join(mark for mark in marks if mark not in tones))
        apart.append(base + "".join(mark for mark in marks if mark in tones))
    return "".join(apart).encode(charset)


def text_of(decoded: Decoded | NotText) -> str:
    assert isinstance(decoded, Decoded)
    return unicodedata.normalize("NFC", decoded.text)


@pytest.mark.parametrize(("charset", "text"), LEGACY, ids=LEGACY_IDS)
def test_an_undeclared_charset_is_guessed_and_says_so(charset: str, text: str) -> None:
    decoded = decode(encoded(text, charset), "text/plain")
    assert text_of(decoded) == text
    assert isinstance(decoded, Decoded)
    assert decoded.flags == ("charset-guessed",)


@pytest.mark.parametrize(("charset", "text"), LEGACY, ids=LEGACY_IDS)
def test_the_guess_holds_in_a_large_page_behind_much_ascii(charset: str, text: str) -> None:
    page = b"<p class='a'>plain words</p>\n" * 3_000 + (b"<p>" + encoded(text, charset) + b"</p>\n") * 300
    assert text in text_of(decode(page, "text/html"))


@pytest.mark.parametrize(("charset", "text"), LEGACY, ids=LEGACY_IDS)
@pytest.mark.parametrize("where", ["header", "meta", "http-equiv", "xml"])
def test_a_declared_charset_is_believed(where: str, charset: str, text: str) -> None:
    head = {
        "header": "",
        "meta": f'<meta charset="{charset}">',
        "http-equiv": f"<META http-equiv='Content-Type' content='text/html; charset={charset}'>",
        "xml": f"<?xml version='1.0' encoding='{charset}'?>",
    }[where]
    content_type = f"text/html; charset={charset}" if where == "header" else "text/html"
    decoded = decode(head.encode() + encoded(text, charset), content_type)
    assert text_of(decoded) == head + text
    assert isinstance(decoded, Decoded)
    assert decoded.flags == ()


@pytest.mark.parametrize("text", dict.fromkeys(text for _, text in LEGACY))
@pytest.mark.parametrize(
    "declared", ["", "; charset=utf-8", "; charset=iso-8859-1", "; charset=gb2312", "; charset=nonsense"]
)
def test_utf8_is_utf8_whatever_is_declared(declared: str, text: str) -> None:
    assert decode(text.encode(), f"text/plain{declared}") == Decoded(text, "utf-8")


@pytest.mark.parametrize("text", dict.fromkeys(text for _, text in LEGACY))
@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_utf16_with_and_without_its_mark(order: str, text: str) -> None:
    text = f"{text}\n\n{text} 2024."
    assert decode(("\ufeff" + text).encode(order), "text/plain; charset=iso-8859-1") == Decoded(text, order)
    assert decode(text.encode(order), "text/plain") == Decoded(text, order, guessed=True)


def test_a_false_claim_of_utf8_is_a_guess() -> None:
    assert decode(FRENCH.encode("cp1252"), "text/html; charset=utf-8") == Decoded(FRENCH, "cp1252", guessed=True)


def test_a_markup_declaration_of_utf16_cannot_be_true() -> None:
    page = f"<meta charset=utf-16><p>{FRENCH}"
    assert decode(page.encode(), "text/html") == Decoded(page, "utf-8")


def test_iso_2022_jp_looks_like_ascii() -> None:
    body = JAPANESE.encode("iso2022_jp")
    assert decode(body, "text/html; charset=ISO-2022-JP") == Decoded(JAPANESE, "iso2022_jp")


@pytest.mark.parametrize(
    "body",
    [
        FRENCH.encode()[:-1] + b"\xc3",
        FRENCH.encode() + b"\xff\xfe\x80",
        f"{FRENCH} {RUSSIAN}".encode() + " déjà".encode("latin-1"),
        b"a NUL \x00 in a line of text",
        "seen before: \ufffd".encode(),
        b"\xef\xbb\xbfcaf\xe9",
    ],
)
def test_damage_is_visible_and_flagged(body: bytes) -> None:
    decoded = decode(body, "text/plain; charset=iso-8859-1")
    assert isinstance(decoded, Decoded)
    assert decoded.flags == ("charset-damaged",)
    assert "\ufffd" in decoded.text or "\x00" in decoded.text
    assert "Ã" not in decoded.text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"%PDF-1.4\nobj", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"PK\x03\x04abc", "a zip archive"),
        (random.Random(1).randbytes(100_000), "binary data"),
        (random.Random(2).randbytes(200), "binary data"),
        (bytes(1000), "binary data"),
        (b"ab\x00\x00" * 500, "binary data"),
    ],
)
def test_what_is_no_text(body: bytes, kind: str) -> None:
    assert binary_kind(body) == kind
    assert decode(body, "text/plain; charset=utf-8") == NotText(kind)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("latin1", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("us-ascii", "cp1252"),
        (" 'UTF8' ", "utf-8"),
        ("gb2312", "gb18030"),
        ("Shift_JIS", "cp932"),
        ("ks_c_5601-1987", "cp949"),
        ("big5", "big5hkscs"),
        ("x-sjis", "cp932"),
        ("tis-620", "cp874"),
        ("windows-1258", "cp1258"),
        ("utf-7", None),
        ("base64", None),
        ("rot13", None),
        ("idna", None),
        ("", None),
        ("x" * 10_000, None),
        ("ｕｔｆ-8", None),
    ],
)
def test_labels_are_read_as_browsers_read_them(label: str, name: str | None) -> None:
    assert codec_name(label) == name


def test_seven_bits_that_no_browser_reads_are_doubted() -> None:
    """It would hide markup from all who look for it."""
    found = decode(b"<p>Les +AOk-coles ouvrent.", "text/html; charset=UTF-7")
    assert isinstance(found, Decoded)
    assert (found.charset, found.guessed) == ("utf-8", True)


@given(
    st.binary(max_size=400),
    st.sampled_from(["text/plain", "text/html; charset=shift_jis", "text/html; charset=\udcff"]),
)
def test_no_bytes_break_it(body: bytes, content_type: str) -> None:
    decoded = decode(body, content_type)
    assert isinstance(decoded, NotText) or not any("\ud800" <= letter <= "\udfff" for letter in decoded.text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=200))
def test_what_was_written_in_utf8_is_read_back(text: str) -> None:
    decoded = decode(text.removeprefix("\ufeff").encode(), "text/plain")
    assert isinstance(decoded, NotText) or decoded.text == text.removeprefix("\ufeff")
