"""Answers to requests with an Idempotency-Key are kept whole. A row without one says that its answer is not kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the answer; a process of the version before goes on writing rows without one."""
    op.add_column("answers", sa.Column("status", sa.SmallInteger(), nullable=True))
    op.add_column("answers", sa.Column("headers", postgresql.JSONB(), nullable=True))
    op.add_column("answers", sa.Column("body", sa.LargeBinary(), nullable=True))
    op.create_check_constraint(
        "ck_answers_whole", "answers", "(status IS NULL) = (headers IS NULL) AND (status IS NULL) = (body IS NULL)"
    )
