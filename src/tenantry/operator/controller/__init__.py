"""Brings installations to what their documents say: informers, a work queue, pure plans, and few calls."""
