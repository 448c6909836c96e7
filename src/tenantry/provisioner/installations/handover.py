"""Builds what a cluster is given: the Installation document and the secrets it refers to."""

from urllib.parse import quote, urlsplit

from tenantry.application import authorities, generated, resource
from tenantry.provisioner import context
from tenantry.provisioner.installations import model
from tenantry.runtime import document


def bundle(installation: model.Installation, around: context.Context) -> document.InstallationBundle:
    """Return the document of the wanted generation with its secrets."""
    secrets = list(_secrets(installation, around).values())
    return document.InstallationBundle(installation=_document(installation, around), secrets=secrets)


def completed_secrets(installation: model.Installation, around: context.Context) -> dict[str, str] | None:
    """Return all generated secrets where the manifest declares one that is not made yet, else None."""
    present = around.vault.open_all(installation.generated_secrets)
    wanted = installation.application.spec.secrets
    if all(secret.name in present for secret in wanted):
        return None
    return {**present, **generated.complete(wanted, present, around.randomness)}


def _document(installation: model.Installation, around: context.Context) -> document.Installation:
    names = _secrets_wanted(installation, around)
    references = {role: document.SecretReference(secret_name=name) for role, name in names.items()}
    return document.Installation(
        metadata=resource.Metadata(
            name=installation.id,
            generation=installation.generation,
            labels={"tenantry.dev/name": installation.name, **_valid_labels(installation.labels)},
        ),
        spec=document.InstallationSpec(
            application=installation.application.metadata.name,
            version=installation.version,
            size=installation.size,
            settings=installation.settings,
            hosts=[urlsplit(installation.url).hostname or installation.name],
            url=installation.url,
            display_name=installation.display_name or installation.name,
            run_policy=installation.run_policy,
            restarted_at=installation.restarted_at,
            database=references.get("database"),
            bucket=references.get("bucket"),
            mail=references.get("mail"),
            generated=references.get("generated"),
        ),
    )


def _secrets_wanted(installation: model.Installation, around: context.Context) -> dict[str, str]:
    needs = installation.application.spec.needs
    wanted = {
        "database": installation.database is not None,
        "bucket": installation.bucket is not None,
        "mail": needs.mail is not None and around.mail is not None,
        "generated": bool(installation.application.spec.secrets),
    }
    return {role: f"{installation.id}-{role}" for role, is_wanted in wanted.items() if is_wanted}


def _secrets(installation: model.Installation, around: context.Context) -> dict[str, document.Secret]:
    data: dict[str, dict[str, str]] = {}
    for role in _secrets_wanted(installation, around):
        match role:
            case "database":
                data[role] = database_values(installation, around)
            case "bucket":
                data[role] = _bucket_values(installation, around)
            case "mail":
                data[role] = dict(around.mail or {})
            case _:
                data[role] = around.vault.open_all(installation.generated_secrets)
    return {role: document.Secret(name=f"{installation.id}-{role}", data=values) for role, values in data.items()}


def database_values(installation: model.Installation, around: context.Context) -> dict[str, str]:
    """Return what an application needs to reach its logical database."""
    own = installation.database
    if own is None:
        return {}
    password = around.vault.open(own.password)
    authority = {authorities.CERTIFICATE: own.ca_certificate} if own.ca_certificate else {}
    return {
        "host": own.host,
        "port": str(own.port),
        "name": own.name,
        "user": own.name,
        "password": password,
        "url": _url(own, password, own.host, own.port),
        "sslMode": own.ssl_mode,
        **authority,
        **_pooler_values(installation, own, password),
    }


def _pooler_values(installation: model.Installation, own: model.LogicalDatabase, password: str) -> dict[str, str]:
    """Return how workloads reach the database through a pooler, where that lets them in."""
    pool = own.pool
    if pool is None or not installation.is_pooled:
        return {}
    return {
        "poolerHost": pool.host,
        "poolerPort": str(pool.port),
        "poolerUrl": _url(own, password, pool.host, pool.port),
    }


def _url(own: model.LogicalDatabase, password: str, host: str, port: int) -> str:
    return f"postgresql://{own.name}:{quote(password, safe='')}@{host}:{port}/{own.name}?sslmode={own.ssl_mode}"


def _bucket_values(installation: model.Installation, around: context.Context) -> dict[str, str]:
    own = installation.bucket
    if own is None:
        return {}
    authority = {authorities.CERTIFICATE: own.ca_certificate} if own.ca_certificate else {}
    return {
        "endpoint": own.endpoint,
        "region": own.region,
        "name": own.name,
        "accessKey": own.access_key,
        "secretKey": around.vault.open(own.secret_key),
        **authority,
    }


def _valid_labels(labels: dict[str, str]) -> dict[str, str]:
    return {f"labels.tenantry.dev/{key}": value for key, value in labels.items()}
