"""Kill the crawl at any instant and say what was lost: ``python -m tests.chaos --kills 200 --database sqlite``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.chaos.kills import kill
from tests.chaos.scene import outlets, sqlite
from tests.sites import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--articles", type=int, default=150)
    parser.add_argument("--outlets", type=int, default=4)
    parser.add_argument("--delay-ms", type=float, default=100)
    parser.add_argument("--window", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broken")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(outlets(chosen.outlets, chosen.articles, chosen.delay_ms), Path(folder) / "log") as site:
        toll = kill(site, sqlite, chosen.kills, chosen.seed, window=chosen.window, broken=chosen.broken)
    print(toll)


if __name__ == "__main__":
    main()
