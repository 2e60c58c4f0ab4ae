"""A cleaner whose pages teach: it stands in for the real one where what is tested is what becomes of lessons.

A page is lines of text. Lines that its site repeats are removed; what begins with "nothing" holds no article.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.fingerprint import content_key
from pipelines.normalise import NORM_VERSION
from pipelines.profile import NOTHING_KNOWN, SiteProfile
from pipelines.site_memory import Lesson, is_telling, line_key, place_key
from storage.records import Article, Block, Page, Rejected, Removed
from tests.newsroom import NOON

FURNITURE = "Subscribe to our letter"


def clean(page: Page, profile: SiteProfile = NOTHING_KNOWN) -> Article | Rejected:
    """The article of a page."""
    lines = page.body.decode().split("\n")
    if lines[0] == "nothing":
        return Rejected("no-text", "it says so")
    keys = [line_key(line) for line in lines]
    body = [key for key, line in zip(keys, lines, strict=True) if is_telling(line)]
    repeated = profile.memory.repeated(keys, body)
    blocks: list[Block] = []
    for number, line in enumerate(lines):
        goes = (repeated[number] or line.startswith(profile.remove or ("\0",))) and not line.startswith(
            profile.keep or ("\0",)
        )
        place = (number, number + 1, number + 1, line)
        blocks.append(Removed(*place, "repeated", "profile.seen", 0.25) if goes else Block(*place))
    text = "\n\n".join(block.text for block in blocks if not block.reason)
    if not text:
        return Rejected("no-text", "all of it repeats")
    lesson = Lesson(tuple(keys), tuple(body), {place_key("p"): (len(text), 3.0)}, len(text))
    return Article(
        lines[0], text, tuple(blocks), content_key(text), content_key(lines[0]), NORM_VERSION, len(text.split()),
        profile=profile.name, lesson=lesson.encode(), cleaner="taught",
    )  # fmt: skip


def page(number: int, site: str = "gazette.example", hours: float = 0, more: str = "") -> Page:
    """One of any number of pages of a site, with a line that all of them have."""
    name = "".join("abcdefghij"[int(digit)] for digit in str(number))  # what differs in digits alone counts as the same
    story = f"Story {name} of {site}: {'the council met on Thursday and voted ' * 3}on {name}."
    body = "\n".join([f"Title {name}{more}", story, FURNITURE])
    return Page(
        f"https://www.{site}/{number}", body.encode(), "text/html", NOON + timedelta(hours=hours), source="gazette"
    )


@pytest.fixture
def teaching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this process clean so; other processes do not notice."""
    monkeypatch.setattr("pipelines.cleaning.clean", clean)
    monkeypatch.setattr("pipelines.edition.edition", lambda: "taught")
    monkeypatch.setattr("crawler.reprocess.edition", lambda: "taught")
