"""What a page says when it may be out of date: since when, and whether that is an outage or a fault of ours."""

from dataclasses import dataclass
from datetime import datetime

from tenantry.portal.following import metrics as following_metrics
from tenantry.portal.following import store as following
from tenantry.portal.pages import times


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """The banner over a page whose facts are old."""

    since: times.Moment
    title: str
    happened: str


def of(contact: following.Contact, now: datetime) -> Stale | None:
    """Return the banner; None where everything is as it is shown."""
    if contact.lost_at is None:
        return None
    since = times.moment(contact.lost_at, now)
    if contact.state is following_metrics.Contact.REFUSED:
        return Stale(
            since=since,
            title="Parts of our service do not work together at the moment.",
            happened="That is for us to mend; your account is in order.",
        )
    return Stale(since=since, title="Part of our service cannot be reached.", happened="")
