"""Brings a database to the tables of this copydesk, in the transaction that the caller holds."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from storage.errors import ArchiveNewer

VERSION_TABLE = "copydesk_version"
"""Not alembic's usual name: the database may hold the tables of others too."""

_FOLDER = Path(__file__).parent


def known() -> list[str]:
    """The revisions that this copydesk knows, oldest first."""
    return sorted(file.stem[1:5] for file in (_FOLDER / "versions").glob("m[0-9]*.py"))


def revision(connection: Connection) -> str | None:
    """The revision of the database; None where the tables are still to be made."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608  # a constant
    return found


def is_ready(connection: Connection) -> bool:
    """Whether the database has the newest tables. Raises ArchiveNewer for tables that this copydesk does not know."""
    found = revision(connection)
    if found is not None and found not in known():
        raise ArchiveNewer(
            f"the archive's tables are of revision {found}, this copydesk knows up to {known()[-1]}",
            "use the copydesk that wrote it, or a newer one",
        )
    return found == known()[-1]


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing. Begins and commits nothing."""
    if is_ready(connection):  # another process may have been first while this one waited
        return
    from alembic import command  # noqa: PLC0415  (needed once in an archive's life)
    from alembic.config import Config  # noqa: PLC0415 - only where something is to be migrated

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
