"""Kinds of Kubernetes objects and where the API server keeps them.

A kind is a value of ours rather than something discovered, so that no call is spent on asking, and so that the table of
rights (`rights`) can be written in the same words.
"""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object in one version.

    Attributes:
        group: the API group; empty for the core.
        plural: how it is named in paths and in roles.
        kind: how it is named in objects.
    """

    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return what an object of this kind says in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the path of all objects, of those of a namespace, or of one.

        Args:
            namespace: None means all namespaces, or a kind without them.
            name: None means the collection.
            subresource: such as `status`.
        """
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.is_namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part is not None]
        return "/".join(parts)


APPLICATION = Kind(
    group="tenantry.dev", version="v1alpha1", plural="applications", kind="Application", is_namespaced=False
)
INSTALLATION = Kind(group="tenantry.dev", version="v1alpha1", plural="installations", kind="Installation")

NAMESPACE = Kind(group="", version="v1", plural="namespaces", kind="Namespace", is_namespaced=False)
CONFIG_MAP = Kind(group="", version="v1", plural="configmaps", kind="ConfigMap")
SECRET = Kind(group="", version="v1", plural="secrets", kind="Secret")
SERVICE = Kind(group="", version="v1", plural="services", kind="Service")
SERVICE_ACCOUNT = Kind(group="", version="v1", plural="serviceaccounts", kind="ServiceAccount")
VOLUME_CLAIM = Kind(group="", version="v1", plural="persistentvolumeclaims", kind="PersistentVolumeClaim")
RESOURCE_QUOTA = Kind(group="", version="v1", plural="resourcequotas", kind="ResourceQuota")
LIMIT_RANGE = Kind(group="", version="v1", plural="limitranges", kind="LimitRange")
POD = Kind(group="", version="v1", plural="pods", kind="Pod")

ENDPOINT_SLICE = Kind(group="discovery.k8s.io", version="v1", plural="endpointslices", kind="EndpointSlice")

DEPLOYMENT = Kind(group="apps", version="v1", plural="deployments", kind="Deployment")
REPLICA_SET = Kind(group="apps", version="v1", plural="replicasets", kind="ReplicaSet")
STATEFUL_SET = Kind(group="apps", version="v1", plural="statefulsets", kind="StatefulSet")
JOB = Kind(group="batch", version="v1", plural="jobs", kind="Job")
CRON_JOB = Kind(group="batch", version="v1", plural="cronjobs", kind="CronJob")
AUTOSCALER = Kind(group="autoscaling", version="v2", plural="horizontalpodautoscalers", kind="HorizontalPodAutoscaler")
DISRUPTION_BUDGET = Kind(group="policy", version="v1", plural="poddisruptionbudgets", kind="PodDisruptionBudget")
NETWORK_POLICY = Kind(group="networking.k8s.io", version="v1", plural="networkpolicies", kind="NetworkPolicy")
INGRESS = Kind(group="networking.k8s.io", version="v1", plural="ingresses", kind="Ingress")
HTTP_ROUTE = Kind(group="gateway.networking.k8s.io", version="v1", plural="httproutes", kind="HTTPRoute")
LISTENER_SET = Kind(group="gateway.networking.k8s.io", version="v1", plural="listenersets", kind="ListenerSet")
CERTIFICATE = Kind(group="cert-manager.io", version="v1", plural="certificates", kind="Certificate")
DATABASE = Kind(group="postgresql.cnpg.io", version="v1", plural="databases", kind="Database")
SERVICE_MONITOR = Kind(group="monitoring.coreos.com", version="v1", plural="servicemonitors", kind="ServiceMonitor")
POD_MONITOR = Kind(group="monitoring.coreos.com", version="v1", plural="podmonitors", kind="PodMonitor")

LEASE = Kind(group="coordination.k8s.io", version="v1", plural="leases", kind="Lease")
EVENT = Kind(group="events.k8s.io", version="v1", plural="events", kind="Event")

CLUSTER_ROLE = Kind(
    group="rbac.authorization.k8s.io", version="v1", plural="clusterroles", kind="ClusterRole", is_namespaced=False
)
CLUSTER_ROLE_BINDING = Kind(
    group="rbac.authorization.k8s.io",
    version="v1",
    plural="clusterrolebindings",
    kind="ClusterRoleBinding",
    is_namespaced=False,
)
ROLE = Kind(group="rbac.authorization.k8s.io", version="v1", plural="roles", kind="Role")
ROLE_BINDING = Kind(group="rbac.authorization.k8s.io", version="v1", plural="rolebindings", kind="RoleBinding")
DEFINITION = Kind(
    group="apiextensions.k8s.io",
    version="v1",
    plural="customresourcedefinitions",
    kind="CustomResourceDefinition",
    is_namespaced=False,
)
STORAGE_CLASS = Kind(
    group="storage.k8s.io", version="v1", plural="storageclasses", kind="StorageClass", is_namespaced=False
)
INGRESS_CLASS = Kind(
    group="networking.k8s.io", version="v1", plural="ingressclasses", kind="IngressClass", is_namespaced=False
)
