"""One extractor in a process of its own: ``python -m benchmarks.worker NAME`` answers requests, a JSON line each.

It may hang or die on a page; whoever asked (``benchmarks.workers``) ends it and starts another.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

from benchmarks.extractors import PEERS, Asked, Extractor, Found, Trafilatura, html_of, hush

WARM_UP = Path(__file__).parents[1] / "tests" / "pages" / "harbour-ferry-2026-03-14.html"


def made(name: str) -> Extractor:
    """The extractor of this name. Raises ImportError where its package is missing."""
    if name in PEERS:
        return PEERS[name]()
    from benchmarks.cleaner import OURS

    return OURS[name]()


def answer(extractor: Extractor, html: bytes, asked: Asked) -> Found:
    """What the extractor finds; an exception counts as nothing found."""
    try:
        return extractor.find(html, asked)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer to this page
        return Found(failure=type(error).__name__)


def cold_seconds(extractor: Extractor, base: Extractor, asked: Asked, *, first: bool) -> tuple[float, float]:
    """Processor seconds of the extractor and of the base for a page at first sight.

    Measured in a fork, so that every cache is as empty as after start, yet nothing is loaded on the page's time.
    first: the extractor goes before the base.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            html = html_of(asked.html)
            warm_up(extractor, base)  # touches the memory that a fork copies at first use
            seconds = {}
            for each in (extractor, base) if first else (base, extractor):
                start = time.process_time()
                answer(each, html, asked)  # when it gives up, the time until then counts
                seconds[id(each)] = time.process_time() - start
            os.write(writing, json.dumps([seconds[id(extractor)], seconds[id(base)]]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    ours, theirs = json.loads(said)
    return ours, theirs


def warm_up(*extractors: Extractor) -> None:
    """Have each read a page of our own, so that it has loaded what it needs."""
    for each in extractors:
        answer(each, html_of(str(WARM_UP)), Asked(str(WARM_UP)))


def serve(name: str, requests: IO[str], replies: IO[str]) -> None:
    """Answer until there are no more requests; the first line says whether the extractor is there."""

    def say(reply: dict[str, object]) -> None:
        replies.write(json.dumps(reply) + "\n")
        replies.flush()

    hush()
    try:
        extractor, base = made(name), Trafilatura()
    except ImportError as error:
        say({"missing": str(error)})
        return
    warm_up(extractor, base)
    say({"ready": True})
    for line in requests:
        request = json.loads(line)
        asked = Asked(**{**request["page"], "siblings": tuple(request["page"]["siblings"])})
        if "first" in request:
            ours, theirs = cold_seconds(extractor, base, asked, first=request["first"])
            say({"seconds": [ours, theirs]})
        else:
            say(asdict(answer(extractor, html_of(asked.html), asked)))


def main() -> None:
    """Serve on the standard streams; what libraries print goes nowhere."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    serve(sys.argv[1], sys.stdin, replies)


if __name__ == "__main__":
    main()
