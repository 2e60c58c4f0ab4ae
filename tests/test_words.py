"""The tokeniser of search, and snippets of the original text."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.snippet import Snippet, snippet
from storage.words import LONGEST, folded, located, open_ended, tokens

NEWS = st.text(
    st.characters() | st.sampled_from(" \n'\"-.,eéÉđĐßﬁ2½選挙区のがガカﾞข่าวការ서울\u0301\u0308\u200b\u200d\ufe0f"),
    max_size=300,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Élections", "elections"),
        ("E\u0301lections", "elections"),
        ("Đặng Thị Hồng", "dang thi hong"),
        ("Łódź, Ærø & Straße", "lodz aero strasse"),
        ("ＦＵＬＬ ﬁne Ⅳ ½", "full fine iv 1 2"),
        ("İstanbul ısı", "istanbul isi"),
        ("don't l'élection п’ять пʼять", "don t l election п ять п ять"),
        ("C++ 2024-01-01 1.5% $5 a_b", "c 2024 01 01 1 5 5 a b"),
        ("soft\u00adhyphen می\u200cخواهم zero\u200bwidth", "softhyphen میخواهم zerowidth"),
        ("١٢٣ ๑๒", "123 12"),
        ("كِتَاب", "كتاب"),
        ("किताब की", "किताब की"),  # vowel signs are letters, not accents
        ("서울에서 열린", "서울에서 열린"),
        ("選挙区", "選挙 挙区"),
        ("選挙。区", "選挙 区"),
        ("2024年度の", "2024 年度 度の"),
        ("ｶﾞｲﾄﾞ", "ガイ イド"),
        ("ข่าว", "ข่ ่า าว"),
        ("❤️ 1️⃣ a\ufe0f \ud800", "1 a"),
        ("\x00\x1b[31m\u202ered", "31mred"),
        ("", ""),
    ],
)
def test_tokens(text: str, expected: str) -> None:
    assert tokens(text) == expected.split()


@settings(max_examples=1_500)
@given(NEWS)
def test_tokens_are_plain_and_found_again(text: str) -> None:
    """No token can be mistaken for anything else in a query, and each has its place."""
    found = tokens(text)
    assert found == [token for token, _, _ in located(folded(text))]
    for token in found:
        assert 0 < len(token) <= LONGEST
        assert not re.search(r"[\s'\"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]", token)
        assert all(unicodedata.category(character)[0] in "LNM" for character in token)
    assert found == [token for chunk in re.findall(r"\S+", text) for token in tokens(chunk)]
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(unicodedata.normalize("NFC", text))


def test_a_long_word_becomes_several() -> None:
    assert tokens("x" * (2 * LONGEST + 1)) == ["x" * LONGEST, "x" * LONGEST, "x"]


def test_a_single_character_of_a_run_is_open_ended() -> None:
    assert open_ended(("5", "月"))
    assert not open_ended(("5",))
    assert not open_ended(("選挙",))


def marked(found: Snippet) -> list[str]:
    return [piece for piece, is_match in found.pieces if is_match]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Les «Élections» d'hier.", "elections", ["Élections"]),
        ("E\u0301lections", "élections", ["E\u0301lections"]),
        ("Hà Nội, Hà  Nội, Nội", '"ha noi"', ["Hà Nội", "Hà  Nội"]),
        ("I don't; t.", "don't", ["don't"]),
        ("東京都知事選挙が終わる", "都知事", ["都知事"]),
        ("来年5月に、", "5月", ["5月に"]),
        ("ﬁne STRASSE", "fine straße", ["ﬁne", "STRASSE"]),
        ("A flooded, floodlit gate", "flood* -gate", ["flooded", "floodlit"]),
        ("North gates; north (gateway)", '"north gat"*', ["North gates", "north (gateway"]),
        ("The gate, the ferry", "title:gate OR ferry source:gazette author:the", ["gate", "ferry"]),
        ("nothing here", "gate", []),
        ("nothing here", "", []),
    ],
)
def test_a_snippet_marks_what_was_asked_for(text: str, words: str, expected: list[str]) -> None:
    found = snippet(text, words)
    assert marked(found) == expected
    assert found.text == text


def test_a_snippet_shows_where_most_terms_stand_together() -> None:
    text = "gate " + "filler words " * 50 + "the flood gate and the river " + "more words " * 50 + "river"
    found = snippet(text, "river flood gate", 60)
    assert marked(found) == ["flood", "gate", "river"]
    assert found.before
    assert found.after
    assert found.text.startswith("…")
    assert len(found.text) <= 62


def test_a_snippet_of_a_text_that_does_not_match_is_its_beginning() -> None:
    found = snippet("The beginning. " * 50, "elsewhere", 40)
    assert found.text == "The beginning. The beginning. The…"


@settings(max_examples=600)
@given(NEWS, NEWS, st.integers(1, 80))
def test_a_snippet_is_a_piece_of_the_original(text: str, words: str, width: int) -> None:
    found = snippet(text, words + " " + text[5:9], width)
    shown = "".join(piece for piece, _ in found.pieces)
    assert shown in text
    assert len(shown) <= width
    assert found.before == (not text.startswith(shown)) or not shown or shown in text[1:]
    assert (not found.before and not found.after) == (shown == text) or not shown


LONG = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
from storage.snippet import snippet
from datetime import date
from storage.query_language import understood
from storage.words import tokens
for piece in ["a", "é", "選", "ข", "ガ", "\\u0301", "\\u0301\\u0316", "ุ่", '"', "a ", '"a" ', "\\u200d", "🙂"]:
    text = piece * (200_000 // len(piece))
    understood(text, date(2026, 1, 1)), understood('-' + piece + text, date(2026, 1, 1))
    tokens(text), snippet(text, piece), snippet(piece, text)
"""


def test_long_texts_take_linear_time() -> None:
    """Anything quadratic, as Unicode's normalising is for runs of combining marks, is ended by the CPU limit."""
    subprocess.run([sys.executable, "-c", LONG], check=True, cwd=Path.cwd())
