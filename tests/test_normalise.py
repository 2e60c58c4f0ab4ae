"""The normal form: what makes two texts the same, and what keeps them apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.fingerprint import content_key
from pipelines.normalise import normal_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hoà bình", "hòa  bình"),
        ("thuỷ thủ khoẻ", "thủy thủ khỏe"),
        (unicodedata.normalize("NFD", "Việt Nam"), "Việt Nam"),
        ("The “quoted” word", 'the "quoted" word'),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("1,5 %", "1,5%"),
        ("10–20 COVID‑19", "10-20 COVID-19"),
        ("in 2019.", "in 2019"),
        ("ﬁne ① Ｆｕｌｌ", "fine 1 full"),
        ("a — b", "a, b"),
    ],
)
def test_same(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)
    assert content_key(one) == content_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 %", "15 %"),
        ("$5", "€5"),
        ("-5 degrees", "5 degrees"),
        ("5 %", "5"),
        ("1/2", "12"),
        ("3:2", "32"),
        ("1,000", "1.000"),
        ("ma", "má"),
        ("quý", "qúy"),
        ("peche", "pêche"),
        ("C++", "C"),
        ("ที่", "ที"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@given(st.text(max_size=200))
def test_normal_form_is_stable(text: str) -> None:
    once = normal_form(text)
    assert normal_form(once) == once
    assert normal_form(unicodedata.normalize("NFD", text)) == once
    assert normal_form(text.replace(" ", "\n\t ")) == once
