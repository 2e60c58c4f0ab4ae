"""Edits: what papers do to a text that they take over, in grades, from another typography to half of its words gone.

Each makes a new text of an article. Words, sentences and paragraphs that come in are those of donors: other articles of
its language that no archive of the benchmark holds.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from benchmarks.texts import Text

_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"»”’)\]]*\s+|(?<=[。！？])|(?<=[a-zà-ÿ0-9][.!?])(?=[A-ZÀ-Þ\"«])")
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")
_BOILERPLATE = {
    "de": "Lesen Sie auch: Alle Nachrichten im Überblick|Newsletter abonnieren|Mehr zum Thema finden Sie hier"
    "|Diese Seite wurde zuletzt heute aktualisiert|Alle Rechte vorbehalten|Kommentare anzeigen",
    "es": "Lea también: las noticias del día|Suscríbase a nuestro boletín|Comparta esta noticia en sus redes"
    "|Todos los derechos reservados|Siga toda la actualidad en nuestra portada|Ver los comentarios",
    "fr": "À lire aussi : toute l'actualité du jour|Abonnez-vous à notre lettre|Partager cet article sur les réseaux"
    "|Tous droits de reproduction réservés|Retrouvez tous nos dossiers en page d'accueil|Voir les commentaires",
    "vi": "Xem thêm: tin tức trong ngày|Đăng ký nhận bản tin của chúng tôi|Chia sẻ bài viết này với bạn bè"
    "|Bản quyền thuộc về tòa soạn|Theo dõi tin mới nhất trên trang chủ|Xem các bình luận",
    "en": "Read more: all the news of the day|Sign up for our newsletter|Share this story with your friends"
    "|All rights reserved by the publisher|Follow the latest on our front page|Show the comments",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One grade of one edit. extreme: more is gone than a copy can be asked to show; such are no core edits."""

    name: str
    make: Callable[[_Desk], str]
    extreme: bool = False
    needs_donor: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """The outcome: what was done to which article."""

    base: Text
    edit: str
    text: Text
    extreme: bool = False


class _Desk:
    """An article to be edited, with the donors at hand and a hand that always does the same."""

    def __init__(self, base: Text, donors: list[Text], name: str) -> None:
        self.rng = random.Random(f"{base.id} {name}")
        self.base = base.text
        self.language = base.language
        self.paragraphs = [sentences(each) for each in base.text.split("\n\n")]
        self.donors = self.rng.sample(donors, min(len(donors), 6))
        self.is_unspaced = len(_UNSPACED.findall(base.text)) > len(base.text) / 3

    def donated(self, share: float, *, of: int | None = None) -> list[str]:
        """Whole sentences of donors, about ``share`` of the length of the base."""
        length, found = share * (of or len(self.base)), list[str]()
        for sentence in (
            each for donor in self.donors for part in donor.text.split("\n\n") for each in sentences(part)
        ):
            if sum(map(len, found)) + len(sentence) / 2 >= length and found:
                break
            found.append(sentence)
        return found

    def sentence_count(self) -> int:
        return sum(map(len, self.paragraphs))


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, roughly."""
    return [each for each in _SENTENCE_END.split(paragraph) if each and each.strip()]


def _joined(paragraphs: list[list[str]]) -> str:
    return "\n\n".join(" ".join(each) for each in paragraphs if each)


def _nfd(desk: _Desk) -> str:
    return unicodedata.normalize("NFD", desk.base)


def _no_diacritics(desk: _Desk) -> str:
    bare = "".join(each for each in unicodedata.normalize("NFD", desk.base) if not 0x300 <= ord(each) <= 0x36F)
    return unicodedata.normalize("NFC", bare).replace("đ", "d").replace("Đ", "D")


def _punctuation(desk: _Desk) -> str:
    return re.sub(r"[\"«»“”„'’]", "", desk.base).replace("–", "-").replace(";", ",").replace("...", "…")


def _numbers_reformatted(desk: _Desk) -> str:
    return re.sub(r"(?<=\d)[.,\u00a0 ](?=\d{3}\b)", "\u00a0", desk.base)


def _boilerplate(count: int) -> Callable[[_Desk], str]:
    def make(desk: _Desk) -> str:
        lines = _BOILERPLATE.get(desk.language, _BOILERPLATE["en"]).split("|")
        chosen = desk.rng.sample(lines, count)
        paragraphs = desk.base.split("\n\n")
        for line in chosen:
            paragraphs.insert(desk.rng.randint(0, len(paragraphs)), line)
        return "\n\n".join(paragraphs)

    return make


def _dropped(share: float) -> Callable[[_Desk], str]:
    def make(desk: _Desk) -> str:
        gone = set(desk.rng.sample(range(desk.sentence_count()), round(share * desk.sentence_count())))
        numbered = iter(range(desk.sentence_count()))
        return _joined([[each for each in part if next(numbered) not in gone] for part in desk.paragraphs])

    return make


def _truncated(share: float) -> Callable[[_Desk], str]:
    def make(desk: _Desk) -> str:
        cut = desk.base[: round(share * len(desk.base))]
        return cut if desk.is_unspaced else cut.rpartition(" ")[0]

    return make


def _replaced(share: float) -> Callable[[_Desk], str]:
    """So many words become others of the language, anywhere."""

    def make(desk: _Desk) -> str:
        if desk.is_unspaced:
            others = [each for each in desk.donors[0].text if each.isalpha()]
            return "".join(
                desk.rng.choice(others) if each.isalpha() and desk.rng.random() < share / 2 else each
                for each in desk.base
            )
        others = desk.donors[0].text.split()
        parts = re.split(r"(\s+)", desk.base)
        return "".join(
            desk.rng.choice(others) if each.strip() and desk.rng.random() < share else each for each in parts
        )

    return make


def _mistyped(desk: _Desk) -> str:
    def word(each: str) -> str:
        if len(each) < 4 or desk.rng.random() > 0.03:
            return each
        at = desk.rng.randrange(1, len(each) - 2)
        return each[:at] + each[at + 1] + each[at] + each[at + 2 :]

    return "".join(map(word, re.split(r"(\s+)", desk.base)))


def _lede(count: int) -> Callable[[_Desk], str]:
    """The first sentences are rewritten."""

    def make(desk: _Desk) -> str:
        gone = _flat(desk)[:count]
        return _joined([desk.donated(1, of=sum(map(len, gone))), *_without_first(desk, count)])

    return make


def _appended(share: float) -> Callable[[_Desk], str]:
    return lambda desk: _joined([*desk.paragraphs, desk.donated(share)])


def _number_changed(desk: _Desk) -> str:
    numbers = list(re.finditer(r"\d+", desk.base))
    if not numbers:
        return desk.base
    changed = desk.rng.choice(numbers)
    return f"{desk.base[: changed.start()]}{int(changed.group()) + 1}{desk.base[changed.end() :]}"


def _name_corrected(desk: _Desk) -> str:
    names = sorted(set(re.findall(r"(?<=[a-z,] )[A-ZÀ-Þ][a-zà-ÿ]{3,}", desk.base)))
    if not names:
        return desk.base
    name = desk.rng.choice(names)
    return desk.base.replace(name, name[:-2] + name[-1] + name[-2])


def _reordered(desk: _Desk) -> str:
    flat = _flat(desk)
    at = desk.rng.randrange(max(1, len(flat) - 2))
    flat[at : at + 3] = reversed(flat[at : at + 3])
    return " ".join(flat)


def _prefixed(desk: _Desk) -> str:
    return f"{desk.donated(0.01)[0][:60]}\n\nREUTEVILLE, 12 (XYZ) - {desk.base}\n\n(XYZ/abc)"


def _digest(times: int) -> Callable[[_Desk], str]:
    """The whole article inside a round-up that is so many times as long."""

    def make(desk: _Desk) -> str:
        other = desk.donated(times - 1)
        middle = desk.rng.randint(0, len(other))
        return _joined([other[:middle], *desk.paragraphs, other[middle:]])

    return make


def _updated(desk: _Desk) -> str:
    """A heavy update: lede rewritten, a fifth of the sentences dropped, a quarter added."""
    flat = _flat(desk)
    kept = flat[1:]
    gone = set(desk.rng.sample(range(len(kept)), min(len(kept) - 1, round(0.2 * len(flat))))) if len(kept) > 1 else ()
    donated = desk.donated(0.25 + len(flat[0]) / len(desk.base))
    lede, added = donated[:1], donated[1:] or donated
    return _joined([lede, [each for at, each in enumerate(kept) if at not in gone], added])


def _flat(desk: _Desk) -> list[str]:
    return [each for part in desk.paragraphs for each in part]


def _without_first(desk: _Desk, count: int) -> list[list[str]]:
    paragraphs = []
    for part in desk.paragraphs:
        paragraphs.append(part[count:])
        count = max(0, count - len(part))
    return paragraphs


def _shared(share: float, place: str) -> Callable[[_Desk], str]:
    """Another article with so much of the base as background: its end, its beginning, or sentences from all of it."""

    def make(desk: _Desk) -> str:
        flat, length, taken = _flat(desk), share * len(desk.base), list[int]()
        order = list(range(len(flat)))
        if place == "end":
            order.reverse()
        elif place == "anywhere":
            desk.rng.shuffle(order)
        for at in order:
            if sum(len(flat[each]) for each in taken) + len(flat[at]) / 2 > length:
                break
            taken.append(at)
        background = [flat[at] for at in sorted(taken)]
        return _joined([desk.donated(1 - share), background])

    return make


HEAVY = "update: lede, 20% dropped, 25% added"
COPIES: tuple[Edit, ...] = (
    Edit("as it is", lambda desk: desk.base),
    Edit("NFD", _nfd),
    Edit("no diacritics", _no_diacritics),
    Edit("upper case", lambda desk: desk.base.upper()),
    Edit("lower case", lambda desk: desk.base.lower()),
    Edit("punctuation", _punctuation),
    Edit("one paragraph", lambda desk: " ".join(desk.base.split())),
    Edit("numbers reformatted", _numbers_reformatted),
    Edit("boilerplate 1", _boilerplate(1)),
    Edit("boilerplate 5", _boilerplate(5)),
    Edit("dateline and agency", _prefixed, needs_donor=True),
    Edit("typos 3%", _mistyped),
    Edit("one number changed", _number_changed),
    Edit("one name corrected", _name_corrected),
    Edit("three sentences reversed", _reordered),
    Edit("dropped 10%", _dropped(0.1)),
    Edit("dropped 20%", _dropped(0.2)),
    Edit("dropped 30%", _dropped(0.3)),
    Edit("truncated to 70%", _truncated(0.7)),
    Edit("truncated to 50%", _truncated(0.5)),
    Edit("words replaced 2%", _replaced(0.02), needs_donor=True),
    Edit("words replaced 5%", _replaced(0.05), needs_donor=True),
    Edit("words replaced 10%", _replaced(0.1), needs_donor=True),
    Edit("lede rewritten", _lede(1), needs_donor=True),
    Edit("two sentences rewritten", _lede(2), needs_donor=True),
    Edit("added 25%", _appended(0.25), needs_donor=True),
    Edit("added 50%", _appended(0.5), needs_donor=True),
    Edit("half of a digest", _digest(2), needs_donor=True),
    Edit(HEAVY, _updated, needs_donor=True),
    Edit("dropped 50%", _dropped(0.5), extreme=True),
    Edit("truncated to 30%", _truncated(0.3), extreme=True),
    Edit("words replaced 20%", _replaced(0.2), extreme=True, needs_donor=True),
    Edit("a quarter of a digest", _digest(4), extreme=True, needs_donor=True),
)
"""What is still the article."""

OTHERS: tuple[Edit, ...] = (
    Edit("30% shared, the end", _shared(0.3, "end"), needs_donor=True),
    Edit("half shared, the end", _shared(0.5, "end"), needs_donor=True),
    Edit("half shared, the beginning", _shared(0.5, "beginning"), needs_donor=True),
    Edit("half shared, anywhere", _shared(0.5, "anywhere"), needs_donor=True),
)
"""What is another article with shared background."""


def edited(base: Text, edits: tuple[Edit, ...], donors: list[Text]) -> list[Edited]:
    """The article under each edit; those that need donors only where there are some. Every other one is retitled."""
    found = []
    for at, edit in enumerate(edits):
        if edit.needs_donor and not donors:
            continue
        desk = _Desk(base, donors, edit.name)
        title = desk.donors[0].title if (at + base.part) % 2 and desk.donors else base.title
        text = replace(base, id=f"{base.id} {edit.name}", source="another", title=title, text=edit.make(desk))
        found.append(Edited(base, edit.name, text, edit.extreme))
    return found
