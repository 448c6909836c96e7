"""What the API server refuses: what runs stays as it is, unless its successor is known to be accepted.

A field that can never change is the one case in which an object is made anew; a policy's word or a value that is not
valid is another, and is told.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support import operator_everything as everything
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.operator.controller import installations, keys
from tenantry.runtime import document
from testbed.api import Api, ApiError

Phase = document.Phase
READY = document.ConditionType.READY
WITHIN = timedelta(seconds=90)
FROZEN = "Deployments are frozen for the night."
NO_ADDRESS = "Services need an address."
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"

OF_OTHERS: dict[kinds.Kind, tuple[str, dict[str, Any]]] = {
    kinds.SERVICE: ("acme-web", {"ports": [{"name": "old", "port": 80}]}),
    kinds.DEPLOYMENT: (
        "acme-clock",
        {
            "selector": {"matchLabels": {"app": "old"}},
            "replicas": 0,
            "template": {
                "metadata": {"labels": {"app": "old"}},
                "spec": {"containers": [{"name": "clock", "image": "registry.test/old"}]},
            },
        },
    ),
}
"""Objects under names of ours that can never become what is wanted: one with an address, one that selects otherwise."""


@asynccontextmanager
async def forbidden(ordered: stages.Ordered, kind: kinds.Kind, expression: str, message: str) -> AsyncGenerator[None]:
    """Let a policy refuse objects of a kind in the installation's namespace, until the block ends.

    Args:
        ordered: whose namespace.
        kind: what is refused.
        expression: what has to hold of an object.
        message: what the policy says.
    """
    name = stages.fresh("policy")
    rule = {"apiGroups": [kind.group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": ordered.namespace}}
    spec = {
        "matchConstraints": {"resourceRules": [{**rule, "resources": [kind.plural]}], "namespaceSelector": here},
        "validations": [{"expression": expression, "message": message}],
    }
    bound = {"policyName": name, "validationActions": ["Deny"]}
    head = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    policy, binding = (f"{_ADMISSION}/validatingadmissionpolic{each}/{name}" for each in ("ies", "ybindings"))
    await ordered.api.apply(policy, {**head, "kind": "ValidatingAdmissionPolicy", "spec": spec})
    await ordered.api.apply(binding, {**head, "kind": "ValidatingAdmissionPolicyBinding", "spec": bound})
    try:
        await stages.eventually(lambda: is_refused(ordered, kind, message))
        yield
    finally:
        await ordered.api.delete(binding)
        await ordered.api.delete(policy)


async def is_refused(ordered: stages.Ordered, kind: kinds.Kind, message: str) -> bool:
    """Tell whether the policy is in force: for a new object of the kind, which is only tried."""
    name, spec = OF_OTHERS[kind]
    refused = {"clusterIP": "None"} if kind is kinds.SERVICE else {}
    about = {"name": f"{name}-tried", "namespace": ordered.namespace}
    tried = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": about, "spec": {**spec, **refused}}
    try:
        await ordered.api.tried(kind.path(ordered.namespace, about["name"]), tried)
    except ApiError as error:
        return message in error.message
    return False


async def hold(operator: stages.Operator, ordered: stages.Ordered, *, is_held: bool) -> None:
    """Let the operator leave an installation alone, or care for it again."""
    await ordered.api.merge(ordered.path, {"metadata": {"labels": {installations.HELD: str(is_held).lower()}}})

    async def is_known() -> bool:
        known = operator.made.world.installations.cache.get(keys.Key(ordered.namespace, ordered.name))
        return known is not None and known.is_held is is_held

    await stages.eventually(is_known)


async def replace(operator: stages.Operator, ordered: stages.Ordered, kind: kinds.Kind) -> str:
    """Put another's object in the place of one of ours, and return its uid."""
    name, spec = OF_OTHERS[kind]
    path = kind.path(ordered.namespace, name)
    labels = {"tenantry.dev/installation": ordered.name}
    about = {"name": name, "namespace": ordered.namespace, "labels": labels}
    await hold(operator, ordered, is_held=True)
    await ordered.api.delete(path)

    async def is_made() -> str:
        try:
            item = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": about, "spec": spec}
            return (await ordered.api.create(kind.path(ordered.namespace), item))["metadata"]["uid"]
        except ApiError:
            return ""  # the quota of the namespace counts the one before for a moment

    uid = await stages.eventually(is_made)

    async def is_known() -> bool:
        known = operator.made.world.made[kind.kind].cache.get(keys.Key(ordered.namespace, name))
        return known is not None and known.uid == uid

    await stages.eventually(is_known)
    await hold(operator, ordered, is_held=False)
    return uid


async def uids(api: Api, kind: kinds.Kind, namespace: str) -> set[str]:
    """Return who the objects of a kind are."""
    return {each["metadata"]["uid"] for each in await api.items(kind.path(namespace))}


@pytest.mark.parametrize("kind", OF_OTHERS, ids=lambda kind: kind.kind)
async def test_what_can_never_become_as_wanted_is_made_anew(stage: stages.Stage, kind: kinds.Kind) -> None:
    """The quota of the namespace is just full with the Service that is there."""
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with stage.operator(**part.settings()) as operator:
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        before = await replace(operator, ordered, kind)

        async def is_anew() -> bool:
            found = {each["metadata"]["name"] for each in await stage.api.items(kind.path(ordered.namespace))}
            return OF_OTHERS[kind][0] in found and before not in await uids(stage.api, kind, ordered.namespace)

        await stages.eventually(is_anew, within=WITHIN, about=ordered.get)
        await ordered.until(Phase.READY, within=WITHIN)


async def test_what_could_not_be_made_anew_stays(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with stage.operator(**part.settings()) as operator:
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        async with forbidden(ordered, kinds.SERVICE, "object.spec.clusterIP != 'None'", NO_ADDRESS):
            before = await replace(operator, ordered, kinds.SERVICE)
            await ordered.says(READY, NO_ADDRESS, within=WITHIN)
            assert await uids(stage.api, kinds.SERVICE, ordered.namespace) == {before}
        await ordered.until(Phase.READY, within=WITHIN)
        assert before not in await uids(stage.api, kinds.SERVICE, ordered.namespace)


async def test_what_a_policy_refuses_is_told_in_its_words_and_what_runs_stays(stage: stages.Stage) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with stage.operator(**part.settings()):
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
        deployments = await uids(stage.api, kinds.DEPLOYMENT, ordered.namespace)
        pods = await uids(stage.api, kinds.POD, ordered.namespace)
        async with forbidden(ordered, kinds.DEPLOYMENT, "false", FROZEN):
            await ordered.want(version="1.1")
            told = await ordered.says(READY, FROZEN, within=WITHIN)
            assert told.reason == "ObjectInvalid"
            assert await uids(stage.api, kinds.DEPLOYMENT, ordered.namespace) == deployments
            assert await uids(stage.api, kinds.POD, ordered.namespace) == pods
        await ordered.until(Phase.READY, within=WITHIN, serving_version="1.1")
        assert await uids(stage.api, kinds.DEPLOYMENT, ordered.namespace) == deployments


async def test_a_value_that_is_not_valid_is_told_and_what_is_there_stays(stage: stages.Stage, tmp_path: Path) -> None:
    name, part = stages.fresh("tiny"), stages.Part()
    await stage.offer(stages.application(name))
    async with stage.operator(**part.settings()):
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await ordered.until(Phase.READY)
    before = await uids(stage.api, kinds.NETWORK_POLICY, ordered.namespace)
    wrong = everything.facts_file(tmp_path, {"dns": {"namespace": "kube-system", "labels": {"app": "not a value"}}})
    async with stage.operator(facts_file=wrong, **part.settings()):
        told = await ordered.says(READY, "networkpolicies", "matchLabels", within=WITHIN)
        assert told.reason == "ObjectInvalid"
        assert await uids(stage.api, kinds.NETWORK_POLICY, ordered.namespace) == before
