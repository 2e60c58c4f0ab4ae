"""The pictures of the pages in the documentation: ``python -m tests.pictures docs/pictures`` takes them again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM, QUIETLY
from tests.reading_room import open_room

_LARGEST = 200_000  # bytes of a picture
_SIZE = {"width": 1120, "height": 720}


def main(folder: Path) -> None:
    """Take each picture, and say how large it is."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place, open_room(Path(place)) as room, sync_playwright() as playwright:
        pages = room.pages()
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("COPYDESK_CHROMIUM", CHROMIUM), args=list(QUIETLY)
        )
        window = browser.new_page(viewport=_SIZE, color_scheme="light")
        for name, address in (
            ("search", "/search?q=flood+gate"), ("compare", "/search?q=crane&q=bench&q=wire"),
            ("article", pages["article-removed"]), ("diff", pages["versions"]),
            ("story", pages["story"]), ("sources", "/sources"),
        ):  # fmt: skip
            window.goto(room.base + address)
            file = folder / f"{name}.png"
            window.screenshot(path=file)
            size = file.stat().st_size
            sys.stdout.write(f"{file}  {size:,} bytes\n")
            if size > _LARGEST:
                raise SystemExit(f"{file}: more than {_LARGEST:,} bytes")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
