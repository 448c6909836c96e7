"""Leases, claims, retries and the supervisor loop on PostgreSQL; knows no domain.

A kind of work is a table with the columns of `columns.py` and an object that loads, acts and applies (`work.py`).
`docs/decisions/0001-engine.md` says why it is built this way.
"""
