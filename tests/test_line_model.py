"""The line model: the same answer each time, any input survives, articles and furniture lie apart in many languages."""

from __future__ import annotations

import random
from importlib import resources

import numpy as np
import pytest

from pipelines.line_features import NAMES, line_features
from pipelines.line_model import LineModel, article_likelihood, using

MENU = ["Home", "News", "Sport", "Weather", "Jobs", "Log in", "Subscribe"]
TAIL = ["Share", "Read more", "Most read", "Contact", "Imprint", "Privacy", "© 2024"]
STORIES = {
    "en": [
        "The ferry between the two islands will run again from Monday, the port authority said after a week’s work.",
        "Engineers replaced a cracked shaft that had stopped the vessel in rough water with ninety people on board.",
        "Nobody was hurt. The passengers were taken ashore by fishing boats, which needed most of the night for it.",
        "“We are grateful to every skipper who turned back to help,” the authority’s director told reporters.",
    ],
    "de": [
        "Die Fähre zwischen den beiden Inseln fährt ab Montag wieder, teilte die Hafenbehörde am Freitag mit.",
        "Techniker ersetzten eine gerissene Welle, die das Schiff mit neunzig Menschen an Bord gestoppt hatte.",
        "Verletzt wurde niemand. Fischer brachten die Fahrgäste an Land und brauchten dafür fast die ganze Nacht.",
        "„Wir danken jedem, der umgekehrt ist, um zu helfen“, sagte die Leiterin der Behörde am Freitag.",
    ],
    "vi": [
        "Tuyến phà nối hai hòn đảo sẽ hoạt động trở lại từ thứ Hai, cơ quan cảng vụ cho biết sau một tuần sửa chữa.",
        "Các kỹ sư đã thay trục bị nứt khiến con tàu phải dừng lại giữa biển động với chín mươi người trên tàu.",
        "Không ai bị thương. Hành khách được các tàu cá đưa vào bờ, công việc kéo dài gần hết đêm hôm đó.",
        "“Chúng tôi biết ơn từng thuyền trưởng đã quay lại giúp đỡ”, giám đốc cảng vụ nói với phóng viên.",
    ],
    "zh": [
        "港务局周五表示，经过一周的维修，连接两座岛屿的渡轮将于下周一恢复航行，票价和班次都不会改变。",
        "工程师更换了一根断裂的主轴，此前这艘载有九十人的船只因主轴故障在风浪中停航，等待救援数小时之久。",
        "事故没有造成人员伤亡。附近的渔船把乘客陆续送上岸，整个过程几乎用了一整夜的时间，直到清晨才结束。",
        "港务局局长对记者说：“我们感谢每一位掉头回来帮忙的船长，没有他们，后果不堪设想。”",
    ],
    "ar": [
        "قالت سلطة الميناء إن العبارة بين الجزيرتين ستعود إلى العمل يوم الاثنين بعد أسبوع من أعمال الإصلاح.",
        "واستبدل المهندسون عمودا متصدعا كان قد أوقف السفينة في بحر هائج وعلى متنها تسعون شخصا.",
        "ولم يصب أحد بأذى، ونقلت قوارب الصيد الركاب إلى الشاطئ في عملية استغرقت معظم ساعات الليل.",
        "وقال مدير السلطة للصحفيين: نحن ممتنون لكل قبطان عاد للمساعدة في تلك الليلة الصعبة.",
    ],
}


@pytest.mark.parametrize("language", STORIES)
def test_paragraphs_are_likely_and_furniture_is_not(language: str) -> None:
    story = STORIES[language]
    likelihood = article_likelihood([*MENU, *story, *TAIL])
    before, inside, after = likelihood[: len(MENU)], likelihood[len(MENU) : -len(TAIL)], likelihood[-len(TAIL) :]
    assert min(inside) > 0.5
    assert max(before + after) < 0.5


@pytest.mark.parametrize("language", STORIES)
def test_bare_text_is_likely(language: str) -> None:
    assert min(article_likelihood(STORIES[language] * 2)) > 0.5


def test_a_short_last_paragraph_and_an_open_end_stay_likely() -> None:
    story = [*STORIES["en"][:3], "The next ferry leaves at noon …", STORIES["en"][3], "A report is due in May."]
    assert min(article_likelihood(story)) > 0.5


def test_a_copyright_line_after_the_end_is_not_likely() -> None:
    likelihood = article_likelihood([*STORIES["en"], "© 2024 All rights reserved"])
    assert likelihood[-1] < 0.5 < min(likelihood[:-1])


def test_the_same_lines_give_the_same_answer() -> None:
    lines = [*MENU, *STORIES["en"], *TAIL]
    assert article_likelihood(lines) == article_likelihood(list(lines))


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["", "", ""],
        [" \t "],
        ["\x00\x01\x02", "\x7f"],
        ["\ud800 lone", "\udfff"],
        ["🎉" * 300, "𐍈𐍉 𝒜𝒷"],
        ["a" * 1_000_000],
        ["word " * 200_000, "。" * 500_000],
        ["x"] * 20_000,
        ["\n", "two\nlines", "\u2028"],
        ["־" * 10, "٣٣٣", "...", "((((("],
    ],
    ids=[
        "none",
        "empty",
        "empties",
        "blank",
        "control",
        "surrogates",
        "emoji",
        "one-word",
        "huge",
        "many",
        "breaks",
        "marks",
    ],
)
def test_any_input_gets_one_finite_answer_a_line(lines: list[str]) -> None:
    likelihood = article_likelihood(lines)
    assert len(likelihood) == len(lines)
    assert all(0 <= value <= 1 for value in likelihood)


def test_random_characters_never_break_the_features() -> None:
    chance = random.Random(11)
    for _ in range(40):
        lines = ["".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(30))) for _ in range(12)]
        dense = line_features(lines).dense
        assert dense.shape == (12, len(NAMES))
        assert np.isfinite(dense).all()


def test_another_model_can_be_put_in_its_place() -> None:
    with (resources.files("pipelines") / "models" / "lines.npz").open("rb") as file:
        shipped = LineModel.load(file)
    doubter = LineModel(
        shipped.mean,
        shipped.scale * 0,
        shipped.words,
        shipped.hashes * 0,
        shipped.slots,
        shipped.dilations,
        shipped.nets,
    )
    lines = [*MENU, *STORIES["en"]]
    before = article_likelihood(lines)
    with using(doubter):
        assert article_likelihood(lines) != before
    assert article_likelihood(lines) == before


def test_the_model_is_small_and_its_words_are_listed() -> None:
    packed = (resources.files("pipelines") / "models" / "lines.npz").read_bytes()
    assert len(packed) < 600_000
    with (resources.files("pipelines") / "models" / "lines.npz").open("rb") as file:
        words = LineModel.load(file).words
    assert len(words) == len(set(words)) > 100
    assert not {"reuters", "afp", "dpa", "getty", "trump", "merkel"} & set(words)
