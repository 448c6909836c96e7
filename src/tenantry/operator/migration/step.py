"""What can be due for one object. Each may be done twice; what each does is in `effects`."""

from dataclasses import dataclass

from tenantry.operator.migration import model


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Others have to act first.

    Attributes:
        is_told: whether the former object or the Installation tells when they have.
    """

    reason: str
    message: str
    is_told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """It cannot be done."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Tell the former operator to leave the object alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """Give the object back to the former operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make the Installation, held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember:
    """Tell the Installation that its data exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Replace the former owner by the Installation."""

    things: tuple[model.Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBack:
    """Give things the owners that they had."""

    things: tuple[model.Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Displace:
    """Delete Deployments whose names are needed; their pods serve on."""

    runners: tuple[model.Runner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let the operator make the Installation's objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Let the operator make nothing more, and keep the volumes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """Give up the fields that we wrote, so that the operator alone decides on them."""

    things: tuple[model.Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Let Services lead to the new pods."""

    doors: tuple[model.Door, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchBack:
    """Let Services lead to the former pods again."""

    doors: tuple[model.Door, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """End the former pods, and keep what made them."""

    runners: tuple[model.Runner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revive:
    """Start the former pods again."""

    runners: tuple[model.Runner, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete the Installation."""


Act = (
    Pause | Resume | Create | Remember | HandOver | HandBack | Displace | Release | Hold | Forget
    | Switch | SwitchBack | Retire | Revive | Delete
)  # fmt: skip
Step = Act | Wait | Leave


def told(taken: Act) -> str:
    """Return a step as people read it."""
    match taken:
        case HandOver(things=several) | HandBack(things=several) | Forget(things=several):
            names = [each.name for each in several]
        case Displace(runners=several) | Retire(runners=several) | Revive(runners=several):
            names = [each.name for each in several]
        case Switch(doors=several) | SwitchBack(doors=several):
            names = [each.name for each in several]
        case _:
            names = []
    sentence = (type(taken).__doc__ or "").rstrip(".")
    return f"{sentence}: {', '.join(map(str, names))}" if names else sentence
