"""Outgoing mail: an outbox in the database, so that a mail is sent if and only if what it tells has been committed."""
