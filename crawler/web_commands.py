"""The commands about asking over HTTP: serve and tokens."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, get_args

import click

from crawler.errors import CrawlerError, Unguarded
from storage.console import Column, Desk
from storage.records import Scope
from storage.speaking import OpenArchive, speaks
from storage.times import rfc3339

if TYPE_CHECKING:
    import uvicorn

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - listening at all addresses names none
_LONGEST_STOP = 5  # seconds that answers under way are waited for


@click.command(short_help="Serve pages and the HTTP API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any that is free.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="A name that the server goes by; may be repeated.")
@click.option("--root-path", default="", help="The path that a proxy takes away, such as /news.")
@click.option("--behind-proxy", is_flag=True, help="Believe X-Forwarded-For and -Proto of a proxy on this machine.")
@speaks
@click.pass_obj
def serve(
    open_archive: OpenArchive, desk: Desk, host: str, port: int, allow_host: tuple[str, ...], root_path: str,
    *, behind_proxy: bool,
) -> None:  # fmt: skip
    """Serve pages and the HTTP API until stopped.

    \b
    copydesk serve
    copydesk serve --port 8080

    Only this machine is answered. To listen at another address, make a token first: copydesk tokens add.
    """
    import uvicorn

    from crawler.newsroom import CatalogueNewsroom
    from crawler.notices.outbox import Outbox
    from crawler.settings import Settings
    from storage.web.app import create_app
    from storage.web.safety import LOOPBACK, Safety

    is_open = host not in LOOPBACK
    with open_archive() as archive:
        if is_open and not archive.tokens.all():
            raise Unguarded(
                f"{host} is reached from other machines, and no token guards the archive",
                "copydesk tokens add NAME --scope read",
            )
        names = frozenset(name.lower() for name in (host, *allow_host) if name not in _EVERYWHERE)
        safety = Safety(names, is_open, is_https=behind_proxy)
        settings = Settings.here()
        newsroom = CatalogueNewsroom(archive, settings.sources, outbox=Outbox.of(settings))
        app = create_app(archive, newsroom, safety)
        server = uvicorn.Server(uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, ws="none", root_path=root_path,
            proxy_headers=behind_proxy, timeout_graceful_shutdown=_LONGEST_STOP,
        ))  # fmt: skip
        with _listening(host, port) as listener, _stopping(server), _told(desk):
            at = f"[{host}]" if ":" in host else host
            address = f"http://{at}:{listener.getsockname()[1]}{root_path}/"
            if desk.json:
                desk.record({"address": address})
            desk.say(f"serving at {address}; stop with Ctrl-C")
            desk.close()  # whoever reads it through a pipe has it now
            server.run(sockets=[listener])


@contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """SIGTERM ends the server well. It sees to that itself while it runs, and then sends the signal once more."""

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Lines(logging.Handler):
    """Tells each record as a line, and its traceback where ``--debug`` is given."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it."""
        self._desk.note(self.format(record))


@contextmanager
def _told(desk: Desk) -> Iterator[None]:
    """A line on stderr for each request that fails. What uvicorn says of the same is said already."""
    is_debug = bool(click.get_current_context().params.get("debug"))
    lines = _Lines(desk)
    for name, level in (
        ("copydesk.web", logging.DEBUG if is_debug else logging.WARNING),
        ("uvicorn", logging.CRITICAL),
    ):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.addHandler(lines)
    try:
        yield
    finally:
        for name in ("copydesk.web", "uvicorn"):
            logging.getLogger(name).removeHandler(lines)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise CrawlerError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}",
            "copydesk serve --port 0 takes a free one",
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each answer waits 40 ms for its second packet
    return listener


@click.group(short_help="Say who may ask over HTTP.")
def tokens() -> None:
    """Say who may ask over HTTP. Where the archive has a token, nobody is answered without one."""


@tokens.command(short_help="Make a token; it is shown once.")
@click.argument("name")
@click.option("--scope", type=click.Choice(get_args(Scope)), default="read", show_default=True, help="What it allows.")
@speaks
@click.pass_obj
def add(open_archive: OpenArchive, desk: Desk, name: str, scope: Scope) -> None:
    """Make a token, and show it: only its hash is kept. A token to write files crawls and makes watches too.

    \b
    copydesk tokens add notebook
    copydesk tokens add desk --scope write
    """
    with open_archive() as archive:
        made = archive.tokens.add(name, scope)
    if desk.json:
        desk.record({"name": name, "scope": scope, "token": made})
    desk.show(made)
    desk.note("it is not shown again; send it as Authorization: Bearer …, or log in with it in a browser")


@tokens.command("list", short_help="List the tokens, without what they say.")
@speaks
@click.pass_obj
def list_tokens(open_archive: OpenArchive, desk: Desk) -> None:
    """List the tokens: what each allows, when it was made, and, to the hour, when it was used last."""
    from storage.tokens import Token

    with open_archive() as archive:
        held = archive.tokens.all()
    desk.table(
        held,
        [
            Column[Token]("name", lambda token: token.name),
            Column("scope", lambda token: token.scope),
            Column("made", lambda token: token.made_at),
            Column("used", lambda token: token.used_at),
        ],
        lambda token: {
            "name": token.name, "scope": token.scope, "made_at": rfc3339(token.made_at),
            "used_at": token.used_at and rfc3339(token.used_at),
        },
    )  # fmt: skip
    if not held and desk.on_terminal:
        desk.say("no token: only this machine may be served")


@tokens.command(short_help="Refuse a token from now on.")
@click.argument("name")
@speaks
@click.pass_obj
def remove(open_archive: OpenArchive, desk: Desk, name: str) -> None:
    """Refuse a token from now on. Where it was the last one, a server on this machine answers anyone on it again."""
    with open_archive() as archive:
        archive.tokens.remove(name)
    if desk.json:
        desk.record({"removed": name})
    desk.say(f"{name} is refused from now on")


COMMANDS = (serve, tokens)
