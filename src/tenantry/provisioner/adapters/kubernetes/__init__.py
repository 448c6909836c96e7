"""The way to a Kubernetes cluster: our custom resources through its API server, for the operator to carry out."""

from tenantry.provisioner.adapters.kubernetes.kubeconfig import finder
from tenantry.provisioner.adapters.kubernetes.own import find_server as find_own_server
from tenantry.provisioner.adapters.kubernetes.runtime import KubernetesRuntime, opened_by, opened_here

__all__ = ["KubernetesRuntime", "find_own_server", "finder", "opened_by", "opened_here"]
