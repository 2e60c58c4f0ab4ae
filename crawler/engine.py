"""Engine: one process that fetches, and the watch over it, which starts another when it dies or has done its share.

    copydesk crawl · worker · schedule  ──starts──▶  python -m crawler.engine  ──hires──▶  processes that parse

The engine ends within seconds when its watch is gone, however that came about.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from storage.console import Desk
from storage.errors import StorageError

RECYCLED = 10
"""Exit code of an engine that has fetched its share of pages and wants to be started again."""

_ENVIRONMENT = 3
_DEFECT = 1
_PAGES = 20_000  # until an engine is started again
_GRACE = 30.0  # seconds for the pages under way when it is asked to stop
_ORPHANED = 3  # the same when nobody watches any more
_QUICK = 20.0  # an engine that lives shorter than this did not get far
_QUICK_DEATHS = 12  # in a row, after which starting another makes no sense
_LONGEST_PAUSE = 60.0


FOREVER = "forever"
"""What an engine is told instead of a run's number, when it is not to end for want of work."""


def watch(work: int | str | None, tell: Callable[[str], None], stop: threading.Event) -> int:
    """Keep an engine at work until its work is done or ``stop`` is set; the exit code.

    work: the run to be carried out; None for all that are filed; FOREVER. tell: is told when an engine died.
    """
    deaths = 0
    while True:
        started = time.monotonic()
        engine = _start(work)
        try:
            code = _wait(engine, stop)
        finally:
            _end(engine)
        if stop.is_set() or code == 0:
            return 0 if code in (0, RECYCLED) or code == -signal.SIGTERM else max(code, _DEFECT)
        if code == RECYCLED:
            deaths = 0
            continue
        deaths = deaths + 1 if time.monotonic() - started < _QUICK else 1
        if code == _ENVIRONMENT and work != FOREVER:
            return code
        if work != FOREVER and deaths > _QUICK_DEATHS:
            tell("the engine dies as soon as it starts; what was stored is kept")
            return _ENVIRONMENT
        pause = min(_LONGEST_PAUSE, 2.0 ** (deaths - 1) - 1)
        tell(f"the engine {_how(code)}; another one takes over{f' in {pause:.0f} s' if pause else ''}")
        stop.wait(pause)


def _start(work: int | str | None) -> subprocess.Popen[bytes]:
    # -P: a file called queue.py in the current folder is not that of Python.
    command = [sys.executable, "-P", "-m", "crawler.engine", *([str(work)] if work is not None else [])]
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - it sees the end of the pipe when we end


def _wait(engine: subprocess.Popen[bytes], stop: threading.Event) -> int:
    while not stop.is_set():
        with suppress(subprocess.TimeoutExpired):
            return engine.wait(0.1)
    engine.terminate()
    with suppress(subprocess.TimeoutExpired):
        return engine.wait(_GRACE)
    engine.kill()
    return engine.wait()


def _end(engine: subprocess.Popen[bytes]) -> None:
    if engine.stdin:
        engine.stdin.close()
    try:
        engine.wait(_ORPHANED + 2)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


def _how(code: int) -> str:
    if -code in set(signal.Signals):
        return f"was ended by {signal.Signals(-code).name}"
    return "cannot reach the archive" if code == _ENVIRONMENT else f"ended with code {code}"


def main(work: str | None = None) -> None:
    """Be an engine: work until there is nothing left to do, and exit with what it ended by. work: see ``watch``."""
    from crawler.sandbox import furnish  # noqa: PLC0415 - the watch does without

    _see_the_archive()
    furnish()  # while this process loads what it needs itself
    gc.disable()  # until that is done: none of it is rubbish

    from scrapy.crawler import AsyncCrawlerProcess  # noqa: PLC0415 - heavy, and the watch does without

    from crawler.scrapy_project import project  # noqa: PLC0415 - as above
    from crawler.spiders.desk import DeskSpider  # noqa: PLC0415 - as above

    gc.freeze()
    gc.enable()
    process = AsyncCrawlerProcess(project(LOG_INSTALL_ROOT_HANDLER=False))
    crawler = process.create_crawler(DeskSpider)
    run = None if work == FOREVER else work
    process.crawl(crawler, run=run, forever=work == FOREVER, pages=_PAGES, tells=False)

    def stop(*_: object) -> None:
        spider = crawler.spider
        if isinstance(spider, DeskSpider) and not spider.shift.stopping:
            spider.shift.stop()
        else:
            os._exit(-signal.SIGTERM & 0xFF)

    def stop_soon(seconds: int) -> None:
        signal.alarm(seconds)  # the system ends this process then, whatever it is at, its own end included
        loop.call_soon_threadsafe(stop)

    loop = asyncio.get_event_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    threading.Thread(target=_when_alone, args=(stop_soon,), daemon=True).start()
    process.start(install_signal_handlers=False)
    raise SystemExit(_code(crawler.spider))


def _see_the_archive() -> None:
    """End here where it cannot be reached: in a line, which Scrapy would tell in several tracebacks."""
    from crawler.settings import Settings  # noqa: PLC0415 - the watch does without

    try:
        Settings.here().open_archive().close()
    except StorageError as fault:
        raise SystemExit(_told(fault)) from None


def _told(fault: StorageError) -> int:
    Desk().error(str(fault), hint=fault.hint)
    return _ENVIRONMENT


def _when_alone(stop_soon: Callable[[int], None]) -> None:
    """Wait for the watch to be gone."""
    while os.read(sys.stdin.fileno(), 1024):  # not through sys.stdin, whose lock would hold up the end
        pass
    stop_soon(_ORPHANED)


def _code(spider: object) -> int:
    from crawler.spiders.desk import DeskSpider  # noqa: PLC0415 - as above

    if not isinstance(spider, DeskSpider):
        return _DEFECT
    fault = spider.shift.fault
    if fault is None:
        return RECYCLED if spider.shift.is_tired else 0
    if isinstance(fault, StorageError):
        return _told(fault)
    raise fault


if __name__ == "__main__":
    main(*sys.argv[1:2])
