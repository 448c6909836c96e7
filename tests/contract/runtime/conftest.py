"""Whoever runs installations, as the contract suite sees it: the agent of one machine, so far."""

from support.agent_fixtures import package_cache, stage

__all__ = ["package_cache", "stage"]
