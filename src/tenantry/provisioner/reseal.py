"""`python -m tenantry.provisioner.reseal`: seals every stored secret anew with the first key of the key file.

Runs beside a provisioner that has the same key file; may be ended and run again at any point.
"""

import asyncio
import sys

from tenantry.engine import database
from tenantry.provisioner import reseal_store, settings
from tenantry.provisioner import vault as vaults


async def run(base: database.Database, vault: vaults.Vault) -> int:
    """Seal everything anew and return how many secrets there were.

    Raises:
        VaultLockedError: a secret cannot be opened with any of the keys; what was done before stays done.
    """
    count = 0
    for column in reseal_store.SEALED:
        after: str | None = ""
        while after is not None:
            async with base.write() as writer:
                done, after = await reseal_store.reseal(writer, column, after, vault.reseal)
            count += done
    return count


async def _main() -> None:
    chosen = settings.from_environment()
    base = database.Database(chosen.database_url, pool_size=1)
    try:
        count = await run(base, vaults.from_file(chosen.keys_file))
    finally:
        await base.close()
    sys.stdout.write(f"{count} secrets are sealed with the first key; older keys can be dropped.\n")


if __name__ == "__main__":
    asyncio.run(_main())
