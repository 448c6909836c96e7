"""Tells before anything is written whether an object can be brought over.

What the operator would make is rendered here, with the same facts, and held against what is there.
"""

import base64
from collections.abc import Mapping

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds, parts
from tenantry.operator.controller import table
from tenantry.operator.migration import case as cases
from tenantry.operator.migration import observation
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation as rendering
from tenantry.operator.render import wanted as wants

_KINDS: Mapping[str, kinds.Kind] = {each.kind: each for each in (*table.MADE, *table.OPTIONAL)}


class UnfitError(errors.CustomerMustActError):
    """The object cannot be brought over as it is."""

    status = 422

    def __init__(self, code: str, message: str) -> None:
        """Take the reason as a code, and what is so."""
        super().__init__(message)
        self.code = code


class Fitness:
    """Examines objects that nothing was done for yet."""

    def __init__(self, client: clients.Client, facts: fact.Facts) -> None:
        """Take how to ask, and what the cluster offers as the operator is told it."""
        self._client = client
        self._facts = facts
        self._observer = observation.Observer(client)

    async def check(self, case: cases.Case) -> None:
        """Do nothing if it can be brought over.

        Raises:
            UnfitError: it cannot; the message says why.
            errors.TenantryError: the Installation could not be rendered.
        """
        if self._facts.owns_namespace:
            raise UnfitError(
                "namespace-owned",
                "The operator would lay a quota and a policy over the namespace, which former pods are in; "
                "set “owns_namespace: false” in its facts while objects are brought over.",
            )
        given = {
            (kind.kind, name): await self._given(case, kind, name)
            for kind, name in (*case.things, *((kinds.DEPLOYMENT, each) for each in case.filled.deployments))
        }
        self._check_services(case, given)
        _check_volumes(case, given)
        await self._check_names(case)

    async def _given(self, case: cases.Case, kind: kinds.Kind, name: str) -> kinds.Object:
        item = await self._observer.found(kind, name, case.namespace)
        if item is None:
            raise UnfitError("former-object-missing", f"There is no {kind.kind} “{name}”, which the mapping names.")
        if cases.controller(item) not in (None, case.uid):
            raise UnfitError("owned-by-another", f"{kind.kind} “{name}” is controlled by another object.")
        return item

    def _check_services(self, case: cases.Case, given: Mapping[tuple[str, str], kinds.Object]) -> None:
        route = case.application.spec.route
        for each in case.filled.services:
            target, spec = case.target(each), given[kinds.SERVICE.kind, each.name]["spec"]
            ports = parts.listed(spec, "ports")
            if not spec.get("selector") or len(ports) != 1:
                raise UnfitError("service-not-understood", f"Service “{each.name}” has not one port and a selector.")
            if spec.get("clusterIP") == "None" and ports[0]["port"] != target:
                message = f"Service “{each.name}” has no address, so who uses it knows the port {ports[0]['port']}"
                raise UnfitError("service-not-understood", f"{message}; new pods have {target}.")
            if self._facts.front_door is None or (each.workload, each.port) != (route.workload, route.port):
                raise UnfitError(
                    "nobody-let-in",
                    f"Nobody would be let in to the pods behind Service “{each.name}”: only the “front_door” of the "
                    "operator's facts is, to the application's route.",
                )

    async def _check_names(self, case: cases.Case) -> None:
        """Hold every object that would be made against what is there."""
        wanted = {(each["kind"], each["metadata"]["name"]): each for each in await self._rendered(case)}
        for name in case.filled.claims:
            if (kinds.VOLUME_CLAIM.kind, name) not in wanted:
                raise UnfitError("claim-not-wanted", f"The Installation would have no volume claim “{name}”.")
        for (kind, name), each in wanted.items():
            if await self._observer.found(_KINDS[kind], name, case.namespace) is None:
                continue
            if kind == kinds.VOLUME_CLAIM.kind and name in case.filled.claims:
                await self._check_claim(name, each)
            elif not (kind == kinds.DEPLOYMENT.kind and name in case.filled.deployments):
                raise UnfitError("name-taken", f"The Installation would make {kind} “{name}”, which is there already.")

    async def _check_claim(self, name: str, wanted: kinds.Object) -> None:
        try:
            await self._client.apply(kinds.VOLUME_CLAIM, wanted, is_trial=True)
        except failures.InvalidObjectError as error:
            raise UnfitError("claim-differs", f"The claim “{name}” is not as wanted: {error.message}") from error

    async def _rendered(self, case: cases.Case) -> tuple[kinds.Object, ...]:
        spec = case.wanted.spec
        references = [each for each in (spec.database, spec.bucket, spec.mail, spec.generated) if each is not None]
        secrets = {each.secret_name: await self._secret(case, each.secret_name) for each in references}
        return rendering.render(
            wants.Wanted(
                application=case.application,
                installation=case.wanted,
                secrets=secrets,
                facts=self._facts,
                namespace=case.namespace,
            )
        )

    async def _secret(self, case: cases.Case, name: str) -> Mapping[str, str]:
        item = await self._observer.found(kinds.SECRET, name, case.namespace)
        if item is None:
            raise UnfitError("secret-missing", f"There is no Secret “{name}”, which the Installation refers to.")
        return {key: base64.b64decode(value).decode() for key, value in parts.mapping(item, "data").items()}


def _check_volumes(case: cases.Case, given: Mapping[tuple[str, str], kinds.Object]) -> None:
    deployments = [given[kinds.DEPLOYMENT.kind, each] for each in case.filled.deployments]
    alone = sorted(name for name, together in case.filled.claims.items() if not together)
    if alone and any(each["spec"].get("replicas", 1) > 0 for each in deployments):
        raise UnfitError(
            "volume-in-use",
            f"Former and new pods would use “{alone[0]}” at the same time: say “together: true” where they may, or "
            "scale the former Deployments to 0.",
        )
