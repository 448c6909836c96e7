"""The objects of one installation, complete and in the order in which they are applied."""

from tenantry.operator.render import (
    accounts,
    database,
    frame,
    jobs,
    namespace,
    network,
    objects,
    recurring,
    routes,
    services,
    stages,
    storage,
    workloads,
)
from tenantry.operator.render import wanted as wants


def render(wanted: wants.Wanted) -> tuple[objects.Object, ...]:
    """Return every object that the installation consists of, ready for server-side apply; jobs are rendered apart.

    They are in the order of their stages (`stages.stage_of`). An object of the installation that is in the cluster and
    not among these is to be removed, except its namespace. Each carries a digest of itself (`objects.HASH`).

    Raises:
        errors.TenantryError: the document and the application do not fit each other; the message says where.
    """
    framed = frame.build(wanted)
    found = [
        *namespace.render(framed),
        *accounts.render(wanted),
        *network.render(framed),
        *storage.claims(framed),
        *database.render(framed),
        *jobs.configurations(framed),
        *services.render(framed),
        *workloads.render(framed),
        *recurring.render(framed),
        *routes.render(framed),
    ]
    unique = {(each["kind"], each["metadata"]["name"]): each for each in found}
    return tuple(sorted(unique.values(), key=stages.stage_of))
