"""The blocks of an article tile its input: nothing disappears without a reason."""

from __future__ import annotations

import gzip
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from pipelines import clean
from pipelines.block_tree import block_tree
from storage.records import Article, Page, Rejected

FETCHED = datetime(2026, 1, 1, tzinfo=UTC)
NO_NULS = st.characters(codec="utf-8", exclude_characters="\0")  # a few bytes of them pass for UTF-16
LINES = st.sampled_from(
    [
        "",
        " ",
        "\t",
        "Photo : X/Y",
        "(Nguồn: ABC) Một đoạn văn dài hơn một chút để đọc.",
        ">> Lire aussi : la suite",
        "-----",
        "© Ảnh : ABC - Lê MinhBộ trưởng phát biểu tại hội nghị, sáng thứ Hai.",
        "Subscribe",
        "0",
        "Tel.: +84 24 38 25 20 96",
        "The river authority will not repair the gate before spring, a spokesman said on Friday afternoon.",
        "© 2026 Gazette. All rights reserved.",
        "a\u2028b\x0bc\x1cd",
        "\ufeffword\u200b",
        "漢字だけの行です。",
        "Minh Tuấn |",
    ]
)


def assert_tiles(article: Article, text: str) -> None:
    end = 0
    for block in article.blocks:
        assert not text[end : block.start].strip(), "something between two blocks is in neither"
        assert text[block.start : block.end] == block.text
        assert block.line == text.count("\n", 0, block.start) + 1
        end = block.end
    assert not text[end:].strip()


def clean_text(text: str) -> Article | Rejected:
    return clean(
        Page(url=None, body=text.encode("utf-8"), content_type="text/plain; charset=utf-8", fetched_at=FETCHED)
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES | st.text(NO_NULS, max_size=60), max_size=40))
def test_generated_texts(lines: list[str]) -> None:
    text = "\n".join(lines).encode("utf-8", "replace").decode()
    result = clean_text(text)
    if isinstance(result, Article):
        assert_tiles(result, text.removeprefix("\ufeff"))
        kept = " ".join(block.text for block in result.blocks if block.reason is None)
        assert " ".join(result.text.split()) == " ".join(kept.split())


def test_wrapped_paragraphs_are_one_block() -> None:
    sentence = "the river authority will not repair the northern gate before spring "
    text = "Flood gate stays shut\n\n" + "\n\n".join(
        "\n".join((sentence * 4)[start : start + 70].strip() for start in range(0, 272, 70)) + "." for _ in range(4)
    )
    result = clean_text(text)
    assert isinstance(result, Article)
    assert_tiles(result, text)
    assert result.text.count("\n\n") == 3


@pytest.mark.parametrize("name", ["aeb", "fundus", "wcxb", "trafilatura"])
def test_all_evaluation_pages(eval_folder: Path, name: str) -> None:
    pages = sorted((eval_folder / name / "html").glob("*.html.gz"))
    assert len(pages) > 50
    with ProcessPoolExecutor(2, get_context("spawn"), initializer=_use_visible, initargs=(eval_folder,)) as pool:
        assert sum(pool.map(_articles_tiled, pages, chunksize=20)) > 0.9 * len(pages)


def _use_visible(folder: Path) -> None:
    sys.path.insert(0, str(folder))


def _articles_tiled(path: Path) -> bool:
    """Whether the visible text of a page holds an article; its blocks tile the text."""
    from visible import visible_text  # type: ignore[import-not-found]  # of the evaluation data

    text = visible_text(gzip.decompress(path.read_bytes()))
    result = clean_text(text)
    if isinstance(result, Article):
        assert_tiles(result, text.removeprefix("\ufeff"))
    return isinstance(result, Article)


def test_html_tiles_its_visible_text() -> None:
    folder = Path(__file__).parents[1] / "seeds" / "articles"
    for path in folder.glob("*.html"):
        body = path.read_bytes()
        result = clean(Page(url=None, body=body, content_type="text/html; charset=utf-8", fetched_at=FETCHED))
        assert isinstance(result, Article)
        blocks = block_tree(LexborHTMLParser(body.decode())).blocks
        assert_tiles(result, "\n".join(block.text for block in blocks))
