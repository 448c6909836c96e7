"""Brings objects of another kind over to `Installation`, without downtime, and back (docs/decisions/0014)."""
