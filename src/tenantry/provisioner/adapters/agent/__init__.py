"""The way to a cluster that is one machine: the agent's interface on its unix socket."""

from tenantry.provisioner.adapters.agent.runtime import AgentAwayError, AgentRuntime

__all__ = ["AgentAwayError", "AgentRuntime"]
