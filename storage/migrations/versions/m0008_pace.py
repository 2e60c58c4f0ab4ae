"""When articles came to each source, what is due next, what is to be looked at again, and what was withdrawn."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_LEARNED_FROM = timedelta(weeks=12)


def upgrade() -> None:
    """Make the tables and columns, and enter what the archive knows of when articles came."""
    for column in (sa.Column("ask_at", _TIME), sa.Column("rest", sa.Float), sa.Column("missing_at", _TIME)):
        op.add_column("link", column)
    op.create_index("ix_link_source_ask_at", "link", ["source", "ask_at"])
    op.add_column("article", sa.Column("withdrawn_at", _TIME))
    arrival = op.create_table(
        "arrival",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name="pk_arrival"),
    )
    pace = op.create_table(
        "pace",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("rhythm", _JSON),
        sa.Column("learned_at", _TIME),
        sa.Column("next_at", _TIME),
        sa.Column("credit", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_pace"),
    )
    _learn(arrival, pace)


def _learn(arrival: sa.Table, pace: sa.Table) -> None:
    """What each source of the catalogue brought in the last weeks, by the hours in which it was first seen; what came
    in its first hour had gathered before."""
    bind = op.get_bind()
    article = sa.table("article", sa.column("id"), sa.column("first_seen_at", _TIME))
    version = sa.table("version", sa.column("article_id"), sa.column("number"), sa.column("source"))
    source = sa.table("source", sa.column("name"))
    latest = bind.scalar(sa.select(sa.func.max(article.c.first_seen_at, type_=_TIME)))
    if latest is None:
        return
    asked = (
        sa.select(version.c.source, article.c.first_seen_at)
        .select_from(
            article.join(version, sa.and_(version.c.article_id == article.c.id, version.c.number == 1)).join(
                source, source.c.name == version.c.source
            )
        )
        .where(article.c.first_seen_at >= latest - _LEARNED_FROM)
    )
    came: Counter[tuple[str, int]] = Counter()
    since: dict[str, datetime] = {}
    for name, seen_at in bind.execute(asked):
        at = seen_at.replace(tzinfo=UTC) if seen_at.tzinfo is None else seen_at
        came[name, int(at.timestamp() // 3600)] += 1
        since[name] = min(at, since.get(name, at))
    for name, at in since.items():
        del came[name, int(at.timestamp() // 3600)]
    rows = [{"source": name, "hour": hour, "number": number} for (name, hour), number in came.items()]
    if rows:
        bind.execute(sa.insert(arrival), rows)
    if since:
        bind.execute(sa.insert(pace), [{"source": name, "since": at, "credit": 0.0} for name, at in since.items()])
