import sqlalchemy as sa
from cryptography import fernet

from support import provisioner_stage
from tenantry.provisioner import reseal, reseal_store, tables
from tenantry.provisioner import vault as vaults

OPEN_BYTES = {tables.TOKENS.c.digest, tables.ANSWERS.c.request_digest, tables.ANSWERS.c.body}
"""Binary columns that hold no secret: digests, and answers that were given (those that carry a secret are not kept)."""


async def test_after_a_rotation_the_new_key_alone_opens_everything(stage: provisioner_stage.Stage) -> None:
    made = await stage.create("acme")
    await stage.until(made.id, provisioner_stage.Status.STABLE)
    new, old = fernet.Fernet.generate_key(), stage.settings().keys_file.read_bytes().strip()
    base = stage.program.services.base
    count = await reseal.run(base, vaults.Vault([new, old]))
    rotated = vaults.Vault([new])
    opened = 0
    async with base.read() as reader:
        for column in reseal_store.SEALED:
            for sealed in await reader.scalars(sa.select(column).where(column.is_not(None))):
                opened += bool(rotated.open(sealed))
    assert opened == count >= 4


def test_every_column_of_sealed_bytes_is_known() -> None:
    binary = {
        column
        for table in tables.METADATA.tables.values()
        for column in table.c
        if isinstance(column.type, sa.LargeBinary)
    }
    assert binary - OPEN_BYTES == set(reseal_store.SEALED)
