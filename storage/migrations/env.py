"""What alembic runs for each command: the migrations, in the transaction of the connection that it was given."""

from __future__ import annotations

from alembic import context

from storage.migrations import VERSION_TABLE
from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
