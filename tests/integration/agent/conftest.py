"""A real agent with a real supervisord and a real Caddy."""

from support.agent_fixtures import package_cache, stage

__all__ = ["package_cache", "stage"]
