"""The commands about asking over HTTP: serve and tokens."""

from __future__ import annotations

import signal
import socket

import click

from crawler.errors import CrawlerError
from storage.console import Desk
from storage.speaking import OpenArchive, speaks

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
    from crawler.settings import Settings
    from storage.web.app import create_app
    from storage.web.safety import LOOPBACK, Safety

    with open_archive() as archive:
        safety = Safety(
            frozenset(name.lower() for name in (host, *allow_host)), host not in LOOPBACK, is_https=behind_proxy
        )
        app = create_app(archive, CatalogueNewsroom(archive, Settings.here().sources), safety)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="off", root_path=root_path,
            proxy_headers=behind_proxy, timeout_graceful_shutdown=_LONGEST_STOP,
        )  # fmt: skip
        with _listening(host, port) as listener:
            at = f"[{host}]" if ":" in host else host
            address = f"http://{at}:{listener.getsockname()[1]}{root_path}/"
            desk.record({"address": address}) if desk.json else desk.say(f"serving at {address}; stop with Ctrl-C")
            before = signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn sends it once more, when it has ended
            try:
                uvicorn.Server(config).run(sockets=[listener])
            finally:
                signal.signal(signal.SIGTERM, before)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CrawlerError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}",
            "copydesk serve --port 0 takes a free one",
        ) from error


COMMANDS = (serve,)
