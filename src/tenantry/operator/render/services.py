"""Services: one for each workload that listens, without an address of its own.

Only siblings and the front door reach them, and both know the pods by themselves; an address for each would cost the
API server more with every one that exists.
"""

from typing import Any

from tenantry.application import rendering
from tenantry.kubernetes import kinds
from tenantry.operator.render import frame, names, objects


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the Services."""
    return [_service(framed, each) for each in framed.rendered.workloads if each.ports]


def _service(framed: frame.Frame, workload: rendering.Workload) -> objects.Object:
    spec: dict[str, Any] = {
        "clusterIP": "None",
        "selector": objects.selector(framed.wanted, workload.name),
        "ports": [
            {"name": names.kebab(name), "port": number, "targetPort": number, "protocol": "TCP"}
            for name, number in workload.ports.items()
        ],
    }
    name = frame.service_name(framed.wanted, workload.name)
    return objects.make(
        framed.wanted,
        kinds.SERVICE,
        name,
        {"spec": spec},
        labels=objects.component_labels(workload.name),
    )
