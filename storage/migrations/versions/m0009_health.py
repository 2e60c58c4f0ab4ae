"""Health: what sources bring by the hour and by the day, their problems, and who has yet to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OPEN = sa.text("closed_at IS NULL")
_UNTOLD = sa.text("told_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Make the tables."""
    _seen()
    op.create_table(
        "problem",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("article_id", sa.String(16)),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("hint", sa.Text, nullable=False),
        sa.Column("closed_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_problem"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_problem_open", "problem", ["source"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_problem_source_opened_at", "problem", ["source", "opened_at"])
    op.create_table(
        "problem_change",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("problem_id", sa.Integer, nullable=False),
        sa.Column("change", sa.String(6), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("delivery", sa.String(32)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("told_at", _TIME),
        sa.Column("given_up_at", _TIME),
        sa.Column("why", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_problem_change"),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name="fk_problem_change_problem_id_problem", ondelete="CASCADE"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_problem_change_problem_id_change", "problem_change", ["problem_id", "change"], unique=True)
    op.create_index(
        "ix_problem_change_untold", "problem_change", ["not_before"], sqlite_where=_UNTOLD, postgresql_where=_UNTOLD
    )


def _seen() -> None:
    op.create_table(
        "pulse",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("listed_at", _TIME),
        sa.Column("article_at", _TIME),
        sa.Column("article_id", sa.String(16)),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", _TIME),
        sa.Column("failed_at", _TIME),
        sa.Column("why", sa.Text),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("missing_since", _TIME),
        sa.Column("site", sa.Text),
        sa.PrimaryKeyConstraint("source", name="pk_pulse"),
    )
    op.create_table(
        "source_hour",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("hour", sa.Integer, nullable=False),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("listed", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name="pk_source_hour"),
    )
    op.create_index("ix_source_hour_hour", "source_hour", ["hour"])
    op.create_table(
        "source_day",
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("late", sa.Integer, nullable=False),
        sa.Column("expected", sa.Float),
        sa.Column("least", sa.Float),
        sa.PrimaryKeyConstraint("source", "day", name="pk_source_day"),
    )
    op.create_index("ix_source_day_day", "source_day", ["day"])
    op.create_table(
        "folded",
        sa.Column("one", sa.Integer, nullable=False),
        sa.Column("fate_id", _COUNT, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_folded"),
    )
