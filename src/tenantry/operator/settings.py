"""What an administrator decides about an operator, read once from the environment (`TENANTRY_OPERATOR_*`)."""

import dataclasses
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tenantry.kernel import errors
from tenantry.kubernetes import kinds, limits
from tenantry.operator.controller import controller, untold, world
from tenantry.operator.render import facts as fact

PREFIX = "TENANTRY_OPERATOR_"


class FactsInvalidError(errors.PermanentError):
    """The file of facts says something that cannot be used."""

    code = "facts-invalid"


class Settings(BaseModel):
    """The house's decisions."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    listen: str = "127.0.0.1:7430"
    """Address and port of health and metrics."""
    context: str | None = None
    """The kubeconfig's context; its current one where it is not set."""
    identity: str = Field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    """Who takes part in the election."""
    namespace: str | None = None
    """Where the Lease is; our own namespace where it is not set."""
    facts_file: Path | None = None
    """YAML: what the cluster offers (`docs/reference/operator.md`)."""
    calls_per_second: float = Field(default=limits.Limits().per_second, gt=0)
    """Calls of the API server each second in the long run."""
    calls_burst: int = Field(default=limits.Limits().burst, ge=1)
    """Calls that may come at once after a pause."""
    calls_in_flight: int = Field(default=limits.Limits().in_flight, ge=1)
    """Calls that may be unanswered at the same time."""
    workers: int = Field(default=controller.Bounds().workers, ge=1)
    """Installations that are looked at at the same time."""
    changing: int = Field(default=controller.Bounds().changing, ge=1)
    """Installations that may be on their way at the same time."""
    changing_longest: timedelta = controller.Bounds().longest
    """After so long, one on its way no longer counts."""
    crowd: int = Field(default=untold.Crowd().few, ge=0)
    """Where more installations than these are on their way, a beginning is not reported, but how it ends."""
    crowd_patience: timedelta = untold.Crowd().each
    """How long that waits at most, for each that is on its way."""
    shard: int = Field(default=0, ge=0)
    """Which part of the namespaces this operator cares for, counted from zero."""
    shards: int = Field(default=1, ge=1)
    """Into how many parts the namespaces are divided."""

    def bounds(self) -> controller.Bounds:
        """Return how much is done at once."""
        crowd = untold.Crowd(few=self.crowd, each=self.crowd_patience)
        return controller.Bounds(
            workers=self.workers, changing=self.changing, longest=self.changing_longest, crowd=crowd
        )

    def limits(self) -> limits.Limits:
        """Return how fast the API server is asked."""
        return limits.Limits(per_second=self.calls_per_second, burst=self.calls_burst, in_flight=self.calls_in_flight)

    def part(self) -> world.Shard:
        """Return which namespaces are cared for."""
        return world.Shard(index=self.shard, count=self.shards)

    def lease(self) -> str:
        """Return the name of the Lease; each part has its own."""
        return "tenantry-operator" if self.shards == 1 else f"tenantry-operator-{self.shard}-of-{self.shards}"

    def facts(self, offers: frozenset[kinds.Kind]) -> fact.Facts:
        """Read what the cluster offers.

        Args:
            offers: the optional kinds that it was found to have.

        Raises:
            FactsInvalidError: the file cannot be read or understood.
        """
        if self.facts_file is None:
            return fact.Facts(offers=offers)
        try:
            given = cast("dict[str, Any]", yaml.safe_load(self.facts_file.read_text()) or {})
        except (OSError, yaml.YAMLError) as error:
            raise FactsInvalidError(f"{self.facts_file} cannot be read.") from error
        if unknown := set(given) - {each.name for each in dataclasses.fields(fact.Facts)}:
            raise FactsInvalidError(f"{self.facts_file}: not known: {', '.join(sorted(map(str, unknown)))}")
        try:
            return TypeAdapter(fact.Facts).validate_python({**given, "offers": offers})
        except ValueError as error:
            raise FactsInvalidError(f"{self.facts_file}: {error}") from error


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `TENANTRY_OPERATOR_*`; what is not set keeps its default."""
    given = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items() if key.startswith(PREFIX)}
    return Settings.model_validate(given)
