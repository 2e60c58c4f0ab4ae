"""What is known of an article besides its text: the zone of its date, its picture, its AMP address, and all origins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")

_VIEW = """
VIEW articles AS
SELECT article.id, version.url, version.canonical_url, version.source, version.title, version.text, version.authors,
       version.agency, version.dateline, version.published_at, version.published_precision, version.modified_at,
       version.language, version.section, version.keywords, version.image, version.access, version.flags,
       version.content_hash, version.norm_version, version.fetched_at, article.story_id, article.copy_of,
       version.published_zone, version.image_caption, version.image_credit, version.amp_url, version.origins
FROM article JOIN version ON version.article_id = article.id AND version.number = article.current
"""


def upgrade() -> None:
    """Add the columns; for articles from before they stay empty until these are cleaned again."""
    op.add_column("version", sa.Column("published_zone", sa.String(9)))
    op.add_column("version", sa.Column("image_caption", sa.Text))
    op.add_column("version", sa.Column("image_credit", sa.Text))
    op.add_column("version", sa.Column("amp_url", sa.Text))
    op.add_column("version", sa.Column("origins", _JSON))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP VIEW articles")
        op.execute(f"CREATE {_VIEW}")
    else:  # what others built on the view, and whom it was granted to, stays
        op.execute(f"CREATE OR REPLACE {_VIEW}")
