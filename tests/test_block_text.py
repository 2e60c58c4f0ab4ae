"""What the text of a block says: by itself, by the phrases of any language, and beside what the page states."""

from __future__ import annotations

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from pipelines.block_text import TEXT_NAMES, text_columns
from pipelines.block_tree import block_tree
from pipelines.phrases import PHRASE_KINDS, load_phrases
from pipelines.stated import Stated

STATED = Stated(
    titles=("Harbour ferry returns after the winter | Quay Courier", "Harbour ferry returns after the winter"),
    descriptions=("The harbour ferry sails again from Monday, two months late.",),
    authors=("Ines Aldana",),
    caption="The ferry at its berth on Friday morning",
)


def columns_of(*texts: str) -> dict[str, list[float]]:
    page = LexborHTMLParser("<body>" + "".join(f"<p>{text}</p>" for text in texts))
    tree = block_tree(page)
    columns, _ = text_columns(tree, STATED, np.zeros(len(tree.blocks), bool), unspaced=False)
    return {name: column.tolist() for name, column in columns.items()}


def test_what_the_page_states() -> None:
    columns = columns_of(
        "Harbour ferry returns after the winter",
        "The harbour ferry sails again from Monday, two months late. Repairs took longer than planned.",
        "By Ines Aldana, harbour correspondent",
        "The ferry at its berth on Friday morning (photo: archive)",
        "Nobody at the quay had expected it so soon.",
    )
    assert columns["is_title"] == [1, 0, 0, 0, 0]
    assert columns["is_description"] == [0, 1, 0, 0, 0]
    assert columns["says_author"] == [0, 0, 1, 0, 0]
    assert columns["is_caption"] == [0, 0, 0, 1, 0]


def test_names_and_brackets() -> None:
    columns = columns_of("(QC)", "Ines Aldana and Tom Berg", "it rained all day in the harbour")
    assert columns["bracketed"] == [1, 0, 0]
    assert columns["named"] == [0, 0.8, 0]


def test_phrases_of_any_language() -> None:
    columns = columns_of("À lire aussi : la météo", "Partager", "Partager la peine des autres", "Seite an Seite")
    assert columns["says_related.openers"] == [1, 0, 0, 0]
    assert columns["says_widget.whole"] == [0, 1, 0, 0]


def test_every_kind_has_phrases() -> None:
    sayings = load_phrases().sayings
    said = {bit for phrases in sayings.values() for _, _, bit in phrases}
    assert said == {1 << number for number in range(len(PHRASE_KINDS))}
    assert TEXT_NAMES[-len(PHRASE_KINDS) :] == tuple(f"says_{kind}" for kind in PHRASE_KINDS)
    assert load_phrases().kinds_of(()) == 0
