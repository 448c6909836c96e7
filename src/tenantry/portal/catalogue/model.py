"""A product as customers see it."""

from dataclasses import dataclass
from typing import Any

from tenantry.wire import applications


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A size that is sold."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """An application that customers can order."""

    name: str
    title: str
    summary: str
    icon: str | None
    status: applications.Status
    message: str
    default_version: str
    sizes: tuple[Size, ...]
    settings_schema: dict[str, Any]

    @property
    def is_available(self) -> bool:
        """Whether it can be ordered now; while a version is prepared, orders wait in the provisioner."""
        return self.status is not applications.Status.FAILED

    def size(self, name: str) -> Size | None:
        """Return the size of this name."""
        return next((size for size in self.sizes if size.name == name), None)


def from_wire(application: applications.Application) -> Product:
    """Translate the provisioner's application."""
    return Product(
        name=application.name,
        title=application.title,
        summary=application.summary,
        icon=application.icon,
        status=application.status,
        message=application.message,
        default_version=application.default_version,
        sizes=tuple(Size(name=size.name, title=size.title or size.name.capitalize()) for size in application.sizes),
        settings_schema=application.settings_schema,
    )
