"""A real PostgreSQL for provisioners that reach a real Kubernetes."""

from integration.conftest import postgres_server
from integration.provisioner.conftest import migrated, place

__all__ = ["migrated", "place", "postgres_server"]
