"""A Kubernetes cluster is reached by a whole kubeconfig, sealed; the token that was foreseen for it was never used."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Give the column its name."""
    op.alter_column("clusters", "token", new_column_name="kubeconfig")
