"""Chromium: where the system has it, and how it is started so that it renders pages and does nothing else."""

from __future__ import annotations

import importlib.util
import os
import resource
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import NoBrowser

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""What it is called on the PATH."""

MEMORY_BYTES = 1536 * 1024**2
"""Of data that each of its processes may have, on Linux; a page that wants more crashes, and its neighbours do not
notice."""

_INSTALL = "pip install 'copydesk[browser]'"
_NAME = "install chromium, or name it in COPYDESK_CHROMIUM"
_USER = "run copydesk as another user, or set COPYDESK_CHROMIUM_SANDBOX=off where the machine holds nothing else"
_TRY = "try it by hand; where its sandbox is not possible, as in many containers: COPYDESK_CHROMIUM_SANDBOX=off"
_START_MS = 30_000
_ENVIRONMENT = ("PATH", "HOME", "LANG", "TMPDIR", "TZ", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")  # and none of our secrets
_FLAGS = (
    "--block-new-web-contents",  # no second window
    "--blink-settings=imagesEnabled=false",
    "--disable-remote-fonts",
    "--disable-gpu",
    "--disable-3d-apis",
    "--disable-notifications",
    "--deny-permission-prompts",
    "--disable-sync",
    "--disable-quic",  # and nothing else goes around the proxy:
    "--dns-prefetch-disable",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",  # it looks up no name itself; there is the proxy
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
)


@dataclass(frozen=True, slots=True)
class Running:
    """A Chromium that was started, and the process that leads it. broken: what is raised when one is no more."""

    playwright: Playwright
    chromium: Browser
    broken: type[Exception]
    leaders: frozenset[int]

    @property
    def is_led(self) -> bool:
        """Whether there is any use in asking it for something; True where the system does not tell."""
        return not self.leaders or bool(self.leaders & _children())

    def kill(self) -> None:
        """End the process that leads it, where it did not end when it was asked; Chromium ends with it."""
        for number in self.leaders & _children():
            os.kill(number, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Chromium:
    """A Chromium that can be started. is_sandboxed: whether its own sandbox is on."""

    path: str
    is_sandboxed: bool

    @classmethod
    def find(cls, named: str | None, *, sandbox: bool) -> Chromium:
        """named: where it is; None to look for it on the PATH. Raises NoBrowser, which says what to install or set."""
        if importlib.util.find_spec("playwright") is None:
            raise NoBrowser("pages are to be rendered, and playwright is not installed", _INSTALL)
        path = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
        if path is None:
            looked = f"no program {named}" if named else f"none of {', '.join(NAMES)} is on the PATH"
            raise NoBrowser(f"pages are to be rendered, and there is no Chromium: {looked}", _NAME)
        if sandbox and os.geteuid() == 0:
            raise NoBrowser("pages are to be rendered as root, for whom Chromium's sandbox cannot be on", _USER)
        return cls(path, sandbox)

    async def start(self, proxy: str) -> Running:
        """Start it, with all that it does going through ``proxy``. Raises NoBrowser.

        It ends when this process does, however that comes about: it sees the end of the pipe that it is led by.
        """
        from playwright.async_api import Error, async_playwright  # noqa: PLC0415 - an extra, and heavy

        before = _children()
        try:
            playwright = await async_playwright().start()
        except OSError as error:
            raise NoBrowser(f"playwright does not start: {error}", _INSTALL) from error
        leaders = _children() - before
        _bound(leaders)
        try:
            browser = await playwright.chromium.launch(
                executable_path=self.path,
                args=list(_FLAGS),
                chromium_sandbox=self.is_sandboxed,
                proxy={"server": proxy, "bypass": "<-loopback>"},  # without it, loopback is reached directly
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                timeout=_START_MS,
            )
        except Error as error:
            await playwright.stop()
            raise NoBrowser(f"{self.path} does not start: {_reason(error.message)}", _TRY) from error
        return Running(playwright, browser, Error, leaders)


def _reason(message: str) -> str:
    """What Chromium itself says, out of all that playwright does."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return next((line for line in lines if "FATAL" in line or "ERROR" in line), lines[0] if lines else "")[:200]


def _children() -> frozenset[int]:
    """The processes that this thread has started; empty where the system does not tell."""
    told = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return frozenset(map(int, told.read_text().split())) if told.exists() else frozenset()


def _bound(processes: frozenset[int]) -> None:
    """Bound the memory of processes and of all that they start."""
    if sys.platform == "linux":
        for number in processes:
            resource.prlimit(number, resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
