"""What can be asked about products, and how the copy is kept fresh."""

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.portal import database, ports
from tenantry.portal.catalogue import model, store

TOPIC = "products"


class ProductUnknownError(errors.NotFoundError):
    """This product is not sold here."""

    code = "product-unknown"


class Catalogue:
    """The products."""

    def __init__(self, db: database.Database, *, clock: clocks.Clock, provisioner: ports.Provisioner) -> None:
        """Take what it needs from the composition root."""
        self._db = db
        self._clock = clock
        self._provisioner = provisioner

    async def sold(self) -> list[model.Product]:
        """Return what can be ordered, in the order in which it is shown."""
        async with self._db.read() as reader:
            return await store.sold(reader)

    async def product(self, name: str) -> model.Product:
        """Return a product, sold or not.

        Raises:
            ProductUnknownError: there was never one of this name.
        """
        async with self._db.read() as reader:
            found = await store.find(reader, name)
        if found is None:
            raise ProductUnknownError
        return found

    async def refresh(self) -> int:
        """Copy what the provisioner sells; returns how many products there are."""
        products = [model.from_wire(application) for application in await self._provisioner.applications()]
        async with self._db.write() as writer:
            await store.replace(writer, products, self._clock.now())
            await database.notify(writer, TOPIC)
        return len(products)
