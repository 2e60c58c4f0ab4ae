"""Every page in a real browser: at three widths, light and dark; readable, reachable by keyboard, without scripts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.reading_room import ALIVE, Room, follow

WIDTHS = (320, 360, 1280)
SCHEMES = ("light", "dark")
NAMES = (
    "search", "search-words", "search-narrowed", "search-hours", "compare",
    "search-nothing", "article", "article-removed", "article-arabic",
    "article-japanese", "article-vietnamese", "versions", "versions-one", "story", "stories", "sources", "source",
    "source-broken", "runs", "run", "run-under-way", "crawl-form", "why", "why-never", "watches", "watch-form", "about",
    "not-found", "login",
)  # fmt: skip
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
_WHOLE = "COPYDESK_SCREENSHOTS" in os.environ  # pictures of whole pages, for those who look at them
_FOCUS = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  const at = document.elementFromPoint(box.x + Math.min(box.width, 8) / 2, box.y + box.height / 2);
  return {
    what: node.outerHTML.slice(0, 100),
    outline: style.outlineStyle + ' ' + style.outlineWidth,
    seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && !!at && (node.contains(at) || at.contains(node)),
  };
}"""


@pytest.fixture(scope="module")
def judge(browser: Any) -> Iterator[Any]:
    """A window in which axe may run: the content policy is set aside."""
    context = browser.new_context(bypass_csp=True, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the screenshots go: ``COPYDESK_SCREENSHOTS``, or the folder of this run's files."""
    folder = Path(os.environ.get("COPYDESK_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_every_page_has_a_case(room: Room) -> None:
    assert set(room.pages()) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_page(name: str, room: Room, judge: Any, pictures: Path) -> None:
    judge.goto(room.base + room.pages()[name])
    assert judge.evaluate(ALIVE) == []
    judge.evaluate(_AXE)
    for width, scheme in product(WIDTHS, SCHEMES):
        where = f"{name} at {width} px, {scheme}"
        judge.set_viewport_size({"width": width, "height": 900})
        judge.emulate_media(color_scheme=scheme)
        violations = judge.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
        grave = [each for each in violations if each["impact"] in ("serious", "critical")]
        assert not grave, f"{where}: {[(each['id'], [node['html'] for node in each['nodes']][:3]) for each in grave]}"
        assert judge.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} scrolls sideways"
        assert judge.locator("h1").count() == 1, where
        judge.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=_WHOLE)


@pytest.mark.parametrize("name", NAMES)
def test_keyboard_and_console(name: str, room: Room, window: Any) -> None:
    said: list[str] = []
    window.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    window.on("pageerror", lambda error: said.append(str(error)))
    answer = window.goto(room.base + room.pages()[name])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.textContent") == "Skip to content"
    window.keyboard.press("Enter")
    window.wait_for_url("**#content")
    window.goto(room.base + room.pages()[name])
    for _ in range(25):
        window.keyboard.press("Tab")
        focus = window.evaluate(_FOCUS)
        if focus is None:
            break
        assert focus["seen"], focus
        assert focus["outline"] == "solid 3px", focus
    expected = ["404"] if name == "not-found" else []
    assert [each for each in said if not any(part in each for part in expected)] == []


def test_titles_are_unique(room: Room) -> None:
    titles: dict[str, str] = {}
    for name, address in room.pages().items():
        title = re.findall(r"<title>([^<]*)</title>", httpx.get(room.base + address).text.partition("<body>")[0])
        assert len(title) == 1, name
        assert title[0] not in titles, f"{name} and {titles.get(title[0])}"
        titles[title[0]] = name


def test_everything_works_without_scripts(browser: Any, room: Room) -> None:
    context = browser.new_context(java_script_enabled=False)
    window = context.new_page()
    window.goto(room.base)
    window.fill("#q", "flood gate")
    follow(window, ".box button")
    assert parse_qs(urlsplit(window.url).query) == {"q": ["flood gate"]}
    window.click("details.table summary")
    assert window.is_visible("details.table tfoot")
    follow(window, ".facet a >> nth=0")
    follow(window, ".hit h2 a >> nth=0")
    assert "/articles/" in window.url
    context.close()
