"""Routes of what can be done with an installation besides changing it: one for each action."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from fastapi import Depends, Response

from tenantry.engine import database
from tenantry.kernel import transitions
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.installations import changes, service, view
from tenantry.provisioner.installations import model as installations
from tenantry.wire import installations as wire
from tenantry.wire import tokens

router = reading.router("/v1/installations/{identifier}", "installations")

Take = Callable[[database.Writer, changes.Change], Awaitable[None]]


class Action(StrEnum):
    """What can be done with an installation."""

    RESTART = "restart"
    ROTATE = "rotate"
    HIBERNATE = "hibernate"
    WAKE = "wake"
    UNDELETE = "undelete"
    RETRY = "retry"
    ABANDON = "abandon"


_MEANING = {
    Action.RESTART: "Stop and start its processes.",
    Action.ROTATE: (
        "Replace the password of its database and the key of its bucket, and restart its processes with them; the old "
        "ones open nothing any more when it is `stable` again. One that is asleep stays asleep."
    ),
    Action.HIBERNATE: "Stop its processes and keep everything else. Asleep already is fine.",
    Action.WAKE: "Start its processes again. Awake already is fine.",
    Action.UNDELETE: "Take its deletion back while the grace lasts. Not discarded is fine.",
    Action.RETRY: "Try again what failed.",
    Action.ABANDON: (
        "Finish a deletion whose cluster is unreachable for good, without it: database and bucket are removed, and "
        "what runs there is removed if the cluster ever comes back."
    ),
}
_ALSO = {Action.ABANDON: (tokens.Scope.INFRASTRUCTURE_WRITE,)}
"""Scopes that an action needs besides the one of all."""
_MORE: dict[Action, tuple[refusals.Kind, ...]] = {
    Action.ROTATE: (installations.NothingToRotateError,),
    Action.ABANDON: (installations.DeletionNotAskedError, installations.ClusterAnswersError),
}


def _add(action: Action) -> None:
    async def act(
        *,
        identifier: given.NameOrId,
        services: given.ServicesOf,
        writer: given.WriterOf,
        asked: given.AskedOf,
        once: given.OnceOf,
    ) -> Response:
        async def take() -> access.Answer:
            await _method(services.installations, action)(writer, asked.of(identifier))
            return answers.of_installation(view.view(await services.installations.get(writer, identifier)))

        return await answers.once(services, writer, once, take)

    router.post(
        f"/{action}",
        operation_id=f"{action}_installation",
        description=_MEANING[action],
        response_model=wire.Installation,
        dependencies=[Depends(given.Requires(scope)) for scope in _ALSO.get(action, ())],
        responses=refusals.of(
            installations.InstallationNotFoundError,
            installations.ChangeInProgressError,
            transitions.TransitionRefusedError,
            *_MORE.get(action, ()),
        ),
    )(act)


def _method(installations: service.Installations, action: Action) -> Take:
    methods: dict[Action, Take] = {
        Action.RESTART: installations.restart,
        Action.ROTATE: installations.rotate,
        Action.HIBERNATE: installations.hibernate,
        Action.WAKE: installations.wake,
        Action.UNDELETE: installations.undelete,
        Action.RETRY: installations.retry,
        Action.ABANDON: installations.abandon,
    }
    return methods[action]


for _action in Action:
    _add(_action)
