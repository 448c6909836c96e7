"""Works out what is wanted of an installation: the document, its application, its Secrets and the cluster, rendered.

Rendering costs milliseconds, so what was rendered is kept as long as the installation is on its way, and whether
anything has changed is told by a digest of everything that it follows from.
"""

import base64
import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import tenantry
from tenantry.application import quantities, values
from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import failures, kinds
from tenantry.operator.controller import claims, installations, keys, measures, model, world
from tenantry.operator.render import clustered, frame, objects, stages
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation as rendering
from tenantry.operator.render import wanted as wants
from tenantry.runtime import document

_KEPT = 1000
"""So many renderings are kept at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of an installation, for the plan and for whoever carries it out.

    Attributes:
        inputs: what jobs are rendered from; None where something is missing.
        rendered: the objects themselves.
    """

    wanted: model.Wanted
    inputs: wants.Wanted | None = None
    rendered: Mapping[model.Name, kinds.Object] = field(default_factory=dict[model.Name, kinds.Object], repr=False)


class Wishes:
    """Works out wishes."""

    def __init__(
        self, client: clients.Client, known: world.World, facts: fact.Facts, measured: measures.Measures
    ) -> None:
        """Take how to ask, what is known, what the cluster offers, and who counts renderings."""
        self._client = client
        self._world = known
        self._facts = facts
        self._measures = measured
        self._facts_digest = objects.digest(facts.told())
        self._kept: OrderedDict[tuple[keys.Key, str, str], Wish] = OrderedDict()

    async def attempt(self, given: installations.InstallationSeen, doc: document.Installation) -> str:
        """Return what tells everything that an installation follows from apart; see `model.basis`."""
        try:
            secrets = await self._secrets(given.key, doc)
        except failures.MissingError:
            secrets = None
        application = self._application(doc)
        known = application.concerning(doc.spec.version) if application is not None else None
        holder = self._holder(given.key, doc, secrets)
        # One that was made anew has the generation of the first, and owns nothing of what that one owned.
        told = [given.uid, given.generation, known, secrets, holder, self._facts_digest]
        return model.attempt(objects.digest(told), tenantry.__version__)

    async def wish(
        self,
        given: installations.InstallationSeen,
        doc: document.Installation,
        *,
        attempt: str,
        effective: document.InstallationSpec,
    ) -> Wish:
        """Return what is wanted; what is effective may be what ran before, instead of what the document says.

        For what is to go nothing is rendered: it goes whatever has become of what it was made from.
        """
        key = given.key, attempt, effective.version
        if given.is_deleting:
            return Wish(wanted=_bare(given, doc, attempt))
        if (known := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return known
        made = await self._made(given, doc, attempt, effective)
        self._kept[key] = made
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def settled(self, key: keys.Key, attempt: str, version: str) -> None:
        """An installation is at rest: its rendering need not be kept."""
        self._kept.pop((key, attempt, version), None)

    async def _made(
        self,
        given: installations.InstallationSeen,
        doc: document.Installation,
        attempt: str,
        effective: document.InstallationSpec,
    ) -> Wish:
        bare = _bare(given, doc, attempt)
        application = self._application(doc)
        if application is None or application.document is None:
            return Wish(wanted=_without(bare, _no_application(doc, application)))
        if doc.spec.database_cluster is not None and kinds.DATABASE not in self._facts.offers:
            return Wish(wanted=_without(bare, _NO_CLUSTERS))
        try:
            secrets = await self._secrets(given.key, doc)
        except failures.MissingError as error:
            return Wish(wanted=_without(bare, _no_secret(doc, error)))
        if (holder := self._holder(given.key, doc, secrets)) is not None:
            return Wish(wanted=_without(bare, _taken(doc, holder)))
        inputs = wants.Wanted(
            application=application.document,
            installation=doc.model_copy(update={"spec": effective}),
            secrets={name: _texts(data) for name, data in secrets.items()},
            facts=_facts_for(doc, self._facts),
            namespace=given.key.namespace,
            uid=given.uid,
        )
        self._measures.rendered()
        return _tried(bare, inputs, doc.spec.version)

    def _application(self, doc: document.Installation) -> installations.ApplicationSeen | None:
        return self._world.applications.cache.get(keys.Key("", doc.spec.application))

    async def _secrets(self, key: keys.Key, doc: document.Installation) -> dict[str, dict[str, str]]:
        spec = doc.spec
        references = [each for each in (spec.database, spec.bucket, spec.mail, spec.generated) if each is not None]
        names = [*(each.secret_name for each in references), clustered.secret_name(spec)]
        found = {name: await self._secret(key, name) for name in names if name is not None}
        signer = clustered.authority_name(spec)
        if signer is not None and signer not in found:
            # The authority's own key, which is there too, is not kept.
            there = await self._secret(key, signer)
            found[signer] = {name: text for name, text in there.items() if name == clustered.AUTHORITY}
        return found

    def _holder(
        self, key: keys.Key, doc: document.Installation, secrets: Mapping[str, Mapping[str, str]] | None
    ) -> str | None:
        """Return the installation that has the role already with which the database is to be made."""
        cluster, source = doc.spec.database_cluster, clustered.secret_name(doc.spec)
        known = self._world.made.get(kinds.DATABASE.kind)
        if cluster is None or source is None or known is None or secrets is None:
            return None
        role = _texts(secrets[source]).get(clustered.ROLE, "")
        return claims.holder(cluster.name, role, key, known.cache.all())

    async def _secret(self, user: keys.Key, name: str) -> dict[str, str]:
        key = keys.Key(user.namespace, name)
        self._world.uses(key, user)
        known = self._world.secrets.cache.get(key)
        if known is not None:
            return known.data
        # Without our label it is not watched; it is read each time that somebody looks.
        return dict((await self._client.get(kinds.SECRET, name, user.namespace)).get("data") or {})


def _bare(given: installations.InstallationSeen, doc: document.Installation, attempt: str) -> model.Wanted:
    return model.Wanted(
        key=given.key,
        generation=given.generation,
        attempt=attempt,
        version=doc.spec.version,
        is_awake=doc.spec.run_policy is document.RunPolicy.RUNNING,
        is_deleting=given.is_deleting,
        is_retained=doc.spec.deletion_policy is document.DeletionPolicy.RETAIN,
    )


def _without(bare: model.Wanted, missing: model.Missing) -> model.Wanted:
    return replace(bare, missing=missing)


_NO_CLUSTERS = model.Missing(
    reason="DatabaseClusterUnsupported",
    message="This cluster has no databases by CloudNativePG 1.25 or newer. Install it, and start the operator again.",
    is_awaited=False,
)


def _no_secret(doc: document.Installation, error: failures.MissingError) -> model.Missing:
    cluster, name = doc.spec.database_cluster, error.message.partition(":")[0].rpartition("/")[2]
    if cluster is None or name not in (clustered.secret_name(doc.spec), clustered.authority_name(doc.spec)):
        return model.Missing(reason="SecretMissing", message=error.message)
    is_named = name in (cluster.secret_name, cluster.ca_secret_name)
    whence = "“databaseCluster” names it" if is_named else f"CloudNativePG makes it with the Cluster “{cluster.name}”"
    return model.Missing(reason="DatabaseClusterNotReady", message=f"There is no Secret “{name}” yet; {whence}.")


def _taken(doc: document.Installation, holder: str) -> model.Missing:
    name = clustered.secret_name(doc.spec)
    message = (
        f"The installation “{holder}” has its database by the role of the Secret “{name}”, and either could read the"
        " other's data. Make this one anew with a Cluster of its own in “databaseCluster.name”, or with the Secret of"
        " another role of this Cluster in “databaseCluster.secretName”."
    )
    return model.Missing(reason="DatabaseRoleTaken", message=message)


def _facts_for(doc: document.Installation, facts: fact.Facts) -> fact.Facts:
    """Return what the cluster offers one installation: a namespace with a database server in it is not its alone."""
    return facts if doc.spec.database_cluster is None else replace(facts, owns_namespace=False)


def _no_application(doc: document.Installation, known: installations.ApplicationSeen | None) -> model.Missing:
    if known is not None:
        message = f"The application “{doc.spec.application}” is not understood: {known.fault}"
        return model.Missing(reason="ApplicationInvalid", message=message, is_awaited=False)
    message = f"There is no application “{doc.spec.application}” in this cluster."
    return model.Missing(reason="ApplicationMissing", message=message)


def _tried(bare: model.Wanted, inputs: wants.Wanted, version: str) -> Wish:
    try:
        return _rendered(bare, inputs, version)
    except errors.TenantryError as error:
        message = " ".join(filter(None, (error.message, error.advice)))
        missing = model.Missing(reason=errors.reason(error), message=message, is_awaited=False)
        return Wish(wanted=_without(bare, missing))


def _rendered(bare: model.Wanted, inputs: wants.Wanted, version: str) -> Wish:
    made = {model.Name(each["kind"], each["metadata"]["name"]): each for each in rendering.render(inputs)}
    jobs = inputs.application.spec.jobs
    listed = {
        name: model.WantedObject(
            name=name, stage=stages.stage_of(each), digest=each["metadata"]["annotations"][objects.HASH]
        )
        for name, each in made.items()
    }
    wanted = replace(
        bare,
        rendered_version=inputs.installation.spec.version,
        has_initialise=jobs.initialise is not None,
        has_migrate=jobs.migrate is not None,
        has_administrator=jobs.first_administrator is not None,
        is_administrator_first=jobs.first_administrator is None or jobs.first_administrator.before_route,
        has_smoke_check=jobs.smoke_check is not None,
        is_returning=inputs.installation.spec.version != version,
        returns_to=frozenset(values.version(inputs.application, version).downgrades_to),
        start_timeout=_start_timeout(inputs),
        objects=listed,
        endpoints=tuple(_endpoints(inputs, made)),
    )
    return Wish(wanted=wanted, inputs=inputs, rendered=made)


def _start_timeout(inputs: wants.Wanted) -> timedelta:
    allowed = max(quantities.duration(each.startup.timeout) for each in inputs.application.spec.workloads)
    return allowed + timedelta(seconds=inputs.facts.pull_seconds)


def _endpoints(inputs: wants.Wanted, made: Mapping[model.Name, kinds.Object]) -> Iterator[document.Endpoint]:
    """Read from the Services where ports can be reached, which is cheaper than filling everything in again."""
    services = {each["metadata"]["labels"].get(objects.WORKLOAD): each for each in made.values() if _is_service(each)}
    for workload in inputs.application.spec.workloads:
        if (service := services.get(workload.name)) is None:
            continue
        host = frame.service_host(inputs, workload.name)
        for declared, port in zip(workload.ports, service["spec"]["ports"], strict=True):
            yield document.Endpoint(workload=workload.name, port=declared.name, address=f"{host}:{port['port']}")


def _is_service(each: kinds.Object) -> bool:
    return each["kind"] == kinds.SERVICE.kind


def _texts(data: Mapping[str, str]) -> dict[str, str]:
    """Return what of a Secret is text; a keystore beside the password is nothing that an application can be told."""
    found: dict[str, str] = {}
    for key, value in data.items():
        with contextlib.suppress(UnicodeDecodeError):
            found[key] = base64.b64decode(value).decode()
    return found
