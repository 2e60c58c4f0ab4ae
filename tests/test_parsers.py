"""Parsers: a document that takes too much harms nothing but itself, and a busy machine harms none."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from crawler.errors import Unreadable
from crawler.parsers import Parsers
from crawler.sandbox import SandboxLimits


def burn(seconds: float) -> str:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "burnt"


def rest(seconds: float) -> str:
    time.sleep(seconds)
    return "rested"


def refuse() -> None:
    raise Unreadable("html", "a web page, not a feed", "look at it")


def is_loaded(module: str) -> bool:
    return module in sys.modules


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_limits_are_of_the_processors_time() -> None:
    async def work() -> None:
        async with Parsers(2, SandboxLimits(seconds=0.5)) as parsers:
            slow = asyncio.create_task(parsers.run(burn, 60.0))
            assert await parsers.run(rest, 1.0) == "rested"
            assert await parsers.run(burn, 0.05) == "burnt"
            with pytest.raises(Unreadable, match=r"0\.5 seconds") as raised:
                await slow
            assert raised.value.reason == "timeout"
            with pytest.raises(Unreadable, match=r"0\.5 seconds"):
                await parsers.run(rest, 60.0)

    asyncio.run(work())


def test_a_refusal_comes_out_whole_and_a_death_is_told() -> None:
    async def work() -> None:
        async with Parsers(1) as parsers:
            with pytest.raises(Unreadable, match="not a feed") as raised:
                await parsers.run(refuse)
            assert (raised.value.reason, raised.value.hint) == ("html", "look at it")
            with pytest.raises(Unreadable, match="SIGKILL"):
                await parsers.run(die)
            assert await parsers.run(burn, 0.01) == "burnt"

    asyncio.run(work())


async def loaded_in_a_worker() -> bool:
    async with Parsers(1) as parsers:
        return await parsers.run(is_loaded, "crawler.clean_room")


def test_workers_begin_with_what_they_need() -> None:
    """In a process of its own: the server that workers are forked from starts once in each."""
    program = "import asyncio; from tests.test_parsers import loaded_in_a_worker as it; print(asyncio.run(it()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout == "True\n", done.stderr
