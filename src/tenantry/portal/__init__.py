"""The customers' web server: accounts, products, workspaces, and what they are told about them.

It knows the provisioner only through its REST API and its events; all that it was told is kept in its own PostgreSQL
database, so pages live on while the provisioner is away.
"""
