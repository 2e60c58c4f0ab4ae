"""The command that looks at what is kept: verify."""

from __future__ import annotations

from dataclasses import asdict

import click

from storage.console import Column, Desk
from storage.speaking import OpenArchive, speaks


@click.command(short_help="Check that nothing kept is damaged.")
@speaks
@click.pass_obj
def verify(open_archive: OpenArchive, desk: Desk) -> None:
    """Check that nothing kept is damaged: every body against its hash, every article against its rows. Exit 1 if so."""
    with open_archive() as archive:
        with desk.progress("checking") as advance:
            damages = [damage for damage in archive.verify() if advance(1) is None]
        desk.table(
            damages,
            [Column("subject", lambda damage: damage.subject), Column("damage", lambda damage: damage.detail)],
            asdict,
        )
        if damages:
            desk.note(f"{len(damages):,} damaged; try: copydesk ingest the same files again, or restore a backup")
            raise SystemExit(1)
        desk.say(f"all well: {archive.statistics().captures:,} kept pages, {archive.statistics().articles:,} articles")


COMMANDS = (verify,)
