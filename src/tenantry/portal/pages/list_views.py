"""What the list of workspaces shows, and the switcher that leads from one to another."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.portal.overview import service as overview
from tenantry.portal.pages import staleness, times, words
from tenantry.portal.workspaces import model


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A workspace in the list."""

    id: str
    name: str
    product: str
    product_name: str
    url: str
    status: words.Words
    is_ready: bool
    created: times.Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """A page of the list of workspaces."""

    rows: tuple[Row, ...]
    count: int
    """Workspaces of the account in all."""
    sought: str
    """What names are to contain; empty: every workspace."""
    is_first: bool
    next_before: str
    stale: staleness.Stale | None

    @property
    def is_searchable(self) -> bool:
        """Whether there is more than one looks through at a glance."""
        return self.count > overview.PAGE_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another workspace to go to."""

    id: str
    name: str
    status: words.Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Switcher:
    """The way from one workspace to the others."""

    others: tuple[Other, ...]
    count: int
    """Workspaces of the account in all, this one included."""


def list_view(listing: overview.Listing, *, now: datetime) -> ListView:
    """Return the list as of now."""
    rows = tuple(
        Row(
            id=item.id,
            name=item.name,
            product=listing.products.get(item.product, item.product),
            product_name=item.product,
            url=item.url,
            status=words.of(item.status),
            is_ready=item.status is model.Status.STABLE,
            created=times.moment(item.created_at, now),
        )
        for item in listing.workspaces
    )
    return ListView(
        rows=rows,
        count=listing.count,
        sought=listing.sought,
        is_first=listing.is_first,
        next_before=listing.next_before or "",
        stale=staleness.of(listing.contact, now),
    )


def switcher(neighbours: overview.Neighbours) -> Switcher | None:
    """Return the way to the others; None where there are none."""
    others = tuple(Other(id=item.id, name=item.name, status=words.of(item.status)) for item in neighbours.workspaces)
    return Switcher(others=others, count=neighbours.count) if others else None
