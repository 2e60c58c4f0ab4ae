"""Stand-ins for cleaning that do what a hostile page makes a parser do. The page's body says which."""

from __future__ import annotations

import os
import signal
import time

from pipelines.decoding import NotText, decode
from pipelines.screen import screen
from storage.records import Article, Page, Rejected


def obedient(page: Page) -> Article | Rejected:
    """Do what the body says; otherwise answer with the body itself, as the detail of a rejection."""
    match page.body:
        case b"sleep":
            time.sleep(600)
        case b"nap":
            time.sleep(2)
        case b"spin":
            while True:
                pass
        case b"exit":
            os._exit(3)
        case b"kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"memory":
            return Rejected("big", str(len(bytearray(8 * 1024**3))))
        case b"defect":
            raise KeyError("no such thing")
        case b"recursion":
            return obedient_again(page)
    return Rejected("echo", page.body.decode())


def obedient_again(page: Page) -> Article | Rejected:
    """Never come to an end of calls."""
    return obedient_again(page)


def screened(page: Page) -> Article | Rejected:
    """What cleaning does before any parser: decode and screen. A page that passes is answered with its doubts."""
    decoded = decode(page.body, page.content_type)
    if isinstance(decoded, NotText):
        return Rejected("not-text", decoded.kind, unreadable=True)
    if refusal := screen(decoded.text, page.content_type):
        return Rejected(refusal.reason, refusal.detail, unreadable=True)
    return Rejected("read", " ".join(decoded.flags))
