"""What can be asked of the pooler before a database server: change it, and what it is to be configured with."""

import hashlib

import orjson
from sqlalchemy import RowMapping

from tenantry.engine import database
from tenantry.kernel import errors
from tenantry.provisioner import context
from tenantry.provisioner.installations import pool_store
from tenantry.wire import infrastructure, poolers


class PoolerIncompleteError(errors.CustomerMustActError):
    """A pooler with a budget has a host."""

    code = "pooler-incomplete"
    status = 409


class BudgetTooLargeError(errors.ConflictError):
    """The budget of a pooler is part of the connections that installations may be promised."""

    code = "budget-too-large"


class BudgetTooSmallError(errors.ConflictError):
    """More connections of the pooler are given to installations than that."""

    code = "budget-too-small"
    hint = "Set it to what is given away or more; or to 0, and all leave the pooler with their next change or restart."


def check_whole(row: RowMapping, request: infrastructure.UpdateDatabaseServer) -> None:
    """Refuse a budget for a pooler that is nowhere.

    Raises:
        PoolerIncompleteError: it would have a budget and no host.
    """
    after = {**row, **request.model_dump(by_alias=False, exclude_none=True)}
    if after["pooler_budget"] and not after["pooler_host"]:
        raise PoolerIncompleteError(field="poolerHost")


def check(row: RowMapping) -> None:
    """Refuse what cannot be.

    Args:
        row: the server as it would be, with how many connections of its pooler are given to installations.

    Raises:
        BudgetTooLargeError: it would be more than installations may be promised in all.
        BudgetTooSmallError: it would be less than what is given away, and not nothing.
    """
    budget, limit, promised = row["pooler_budget"], row["max_connections"], row["pooled_connections"]
    if budget > limit:
        raise BudgetTooLargeError(f"{budget} is more than the {limit} connections of {row['name']}.")
    if 0 < budget < promised:
        message = f"{promised} connections of the pooler are given to installations on {row['name']}."
        raise BudgetTooSmallError(message, field="poolerBudget")


async def follow(writer: database.Writer, around: context.Context, server_id: str, budget: int) -> None:
    """Give away what there is of a budget, or let those leave that have a part of one that is none any more."""
    if budget:
        await pool_store.admit(writer, around, server_id)
    else:
        await pool_store.close(writer, server_id)


async def configuration(
    reader: database.Reader, around: context.Context, row: RowMapping
) -> poolers.PoolerConfiguration:
    """Return what the pooler of a server is to know."""
    rows = await pool_store.configured(reader, row["id"])
    return poolers.PoolerConfiguration(
        server=row["name"],
        host=row["host"],
        port=row["port"],
        ssl_mode=row["ssl_mode"],
        ca_certificate=row["ca_certificate"],
        budget=row["pooler_budget"],
        databases=[
            poolers.PooledDatabase(
                name=each["name"],
                mode=each["pool_mode"],
                connections=each["pool_size"],
                verifier=around.vault.open(each["verifier"]),
            )
            for each in rows
        ],
    )


def etag(found: poolers.PoolerConfiguration) -> str:
    """Return what stands for a configuration: it says nothing about the secrets in it."""
    raw = orjson.dumps(found.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
    return f'"{hashlib.sha256(raw).hexdigest()}"'
