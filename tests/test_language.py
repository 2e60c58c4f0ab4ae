"""The language of texts and of what pages declare."""

from __future__ import annotations

import pytest

from pipelines.language import language_code, language_of

NORWEGIAN = "Kommunen har vedtatt å bygge en ny bru over elva, og arbeidet skal begynne til høsten, sier ordføreren."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Sáng nay, thành phố khởi công xây cầu mới qua sông, dự kiến hoàn thành trước mùa mưa năm sau.", "vi"),
        ("Le conseil municipal a décidé lundi de réparer le vieux pont avant l’hiver, a annoncé le maire.", "fr"),
        ("Der Gemeinderat hat am Montag beschlossen, die alte Brücke noch vor dem Winter zu sanieren.", "de"),
        ("El ayuntamiento acordó el lunes reparar el viejo puente antes del invierno, dijo la alcaldesa.", "es"),
        ("The council agreed on Monday to mend the old bridge before winter, the mayor said.", "en"),
        ("Городской совет решил в понедельник отремонтировать старый мост до зимы, сообщил мэр.", "ru"),
        (NORWEGIAN, "no"),
        ("市は月曜日、古い橋を冬までに修理することを決めたと市長が発表した。", "ja"),
        ("시의회는 월요일 낡은 다리를 겨울 전에 수리하기로 결정했다고 시장이 밝혔다.", "ko"),
        (
            "市议会周一决定在冬季到来之前修复这座老桥，市长在新闻发布会上表示，工程将于八月开始，预计持续十一个星期左右。",
            "zh",
        ),
        ("สภาเมืองมีมติเมื่อวันจันทร์", "th"),
        ("Το δημοτικό συμβούλιο αποφάσισε", "el"),
        ("מועצת העיר החליטה", "he"),
    ],
)
def test_the_text_decides(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language_of(text, "tlh") == language
    assert language_of(text, "en") == language


def test_the_hint_stands_where_the_text_is_too_short() -> None:
    assert language_of("12 : 3", "sv-SE") == "sv"
    assert language_of("Bridge mended", "en_GB") == "en"
    assert language_of("", None) is None


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("vi-VN", "vi"),
        ("EN_us", "en"),
        ("zh-Hans-CN", "zh"),
        ("nb-NO", "no"),
        ("nn", "no"),
        ("deu", "de"),
        ("jp", "ja"),
        (" fr ", "fr"),
        ("und", None),
        ("English", None),
        ("x", None),
        ("", None),
        (None, None),
    ],
)
def test_a_declared_language_is_normalised(tag: str | None, code: str | None) -> None:
    assert language_code(tag) == code
