"""Forgets what is of no use any more: ended sessions, old codes, and what is known of mails that were dealt with."""
