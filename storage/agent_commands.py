"""The command that serves agents: mcp."""

from __future__ import annotations

import click

from storage.console import Desk
from storage.speaking import OpenArchive, speaks


@click.command(short_help="Serve the archive to agents over MCP.")
@speaks
@click.pass_obj
def mcp(open_archive: OpenArchive, desk: Desk) -> None:
    """Serve the archive to agents by the Model Context Protocol, on standard input and output; read only.

    \b
    copydesk mcp

    An agent starts this by itself: docs/agents.md has what to write into its configuration.
    """
    try:
        from storage.agents import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        desk.error("the library of the protocol is not installed, or too old", hint="pip install 'copydesk[mcp]'")
        raise SystemExit(3) from None
    with open_archive() as archive:
        serve(archive)


COMMANDS = (mcp,)
