"""The words and rules that every room shares; no I/O, and nothing of ours is imported here."""
