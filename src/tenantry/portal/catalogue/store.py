"""The SQL of products."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.portal import database, tables
from tenantry.portal.catalogue import model
from tenantry.wire import applications

_PRODUCTS = tables.PRODUCTS


async def replace(writer: database.Writer, products: list[model.Product], now: datetime) -> None:
    """Make the copy equal to what is sold now; what is no longer sold is kept for those who have it."""
    names = [product.name for product in products]
    await writer.execute(sa.update(_PRODUCTS).where(_PRODUCTS.c.name.not_in(names)).values(is_sold=False))
    for position, product in enumerate(products):
        values = _values(product, position, now)
        insert = postgresql.insert(_PRODUCTS).values(values)
        await writer.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))


async def sold(reader: database.Reader) -> list[model.Product]:
    """Return what is sold, in the order in which it is shown."""
    query = sa.select(_PRODUCTS).where(_PRODUCTS.c.is_sold).order_by(_PRODUCTS.c.position, _PRODUCTS.c.name)
    return [_product(row) for row in (await reader.execute(query)).all()]


async def find(reader: database.Reader, name: str) -> model.Product | None:
    """Return a product, sold or not."""
    row = (await reader.execute(sa.select(_PRODUCTS).where(_PRODUCTS.c.name == name))).one_or_none()
    return None if row is None else _product(row)


async def titles(reader: database.Reader) -> dict[str, str]:
    """Return product name → title, of all that was ever sold."""
    rows = (await reader.execute(sa.select(_PRODUCTS.c.name, _PRODUCTS.c.title))).all()
    return {row.name: row.title for row in rows}


def _values(product: model.Product, position: int, now: datetime) -> dict[str, Any]:
    return {
        "name": product.name,
        "title": product.title,
        "summary": product.summary,
        "icon": product.icon,
        "status": product.status.value,
        "message": product.message,
        "default_version": product.default_version,
        "sizes": [{"name": size.name, "title": size.title} for size in product.sizes],
        "settings_schema": product.settings_schema,
        "position": position,
        "is_sold": True,
        "updated_at": now,
    }


def _product(row: sa.Row[Any]) -> model.Product:
    return model.Product(
        name=row.name,
        title=row.title,
        summary=row.summary,
        icon=row.icon,
        status=applications.Status(row.status),
        message=row.message,
        default_version=row.default_version,
        sizes=tuple(model.Size(**size) for size in row.sizes),
        settings_schema=row.settings_schema,
    )
