"""Serve generated news sites: ``python -m tests.sites --outlets 3 --articles 100 --log access.jsonl``.

Prints one JSON line with the base addresses, then serves until standard input ends or SIGTERM comes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

from tests.sites.access_log import LogWriter
from tests.sites.outlet import Outlet
from tests.sites.prose import LANGUAGES
from tests.sites.server import Server, state

NAMES = ("The Morning Ledger", "Le Courrier du Canal", "Der Talbote", "Báo Bến Sông")


def plain_outlets(number: int, articles: int, delay_ms: float = 0, furniture: int = 0) -> list[Outlet]:
    """Well-behaved outlets on 127.0.0.1, 127.0.0.2 …, in all languages and templates by turns."""
    return [
        Outlet(
            host=f"127.0.0.{at + 1}",
            name=NAMES[at % 4] if at < 4 else f"{NAMES[at % 4]} {at // 4 + 1}",
            seed=at + 1,
            language=LANGUAGES[at % 4],
            template=at % 3,
            articles=articles,
            feeds=("rss", "rdf", "atom", "json"),
            delay_ms=delay_ms,
            furniture=furniture,
        )
        for at in range(number)
    ]


def main() -> None:
    """Read the command line, serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.sites", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--outlets", type=int, default=3)
    parser.add_argument("--articles", type=int, default=100)
    parser.add_argument("--delay", type=float, default=0, help="milliseconds before every answer")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--config", type=Path, help="a JSON list of outlets, instead of --outlets and --articles")
    chosen = parser.parse_args()
    if chosen.config:
        outlets = [Outlet.from_json(each) for each in json.loads(chosen.config.read_text(encoding="utf-8"))]
    else:
        outlets = plain_outlets(chosen.outlets, chosen.articles, chosen.delay)
    asyncio.run(_serve(outlets, chosen.log, chosen.port))


async def _serve(outlets: list[Outlet], log: Path, port: int) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_signal_handler(signal.SIGINT, over.set)
    writer = LogWriter(log)
    server = Server(outlets, writer, port)
    await server.start()
    print(json.dumps(state(server)), flush=True)  # noqa: T201 - this is what the program is asked for
    threading.Thread(target=_watch, args=(loop, over), daemon=True).start()
    await over.wait()
    server.close()


def _watch(loop: asyncio.AbstractEventLoop, over: asyncio.Event) -> None:
    """Set ``over`` when standard input ends: whoever started the server has closed it, or is dead."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    loop.call_soon_threadsafe(over.set)


if __name__ == "__main__":
    main()
