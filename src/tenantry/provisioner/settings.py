"""What an administrator decides about a provisioner, read once from the environment (`TENANTRY_PROVISIONER_*`)."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

import tenantry
from tenantry.provisioner.operators import model as operators
from tenantry.wire import tokens

PREFIX = "TENANTRY_PROVISIONER_"


class Settings(BaseModel):
    """Where everything is, and the house's decisions."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    database_url: str
    """`postgresql+psycopg://…`: the provisioner's own database."""
    listen: str = "127.0.0.1:7410"
    """Address and port; loopback, a front door stands before it."""
    keys_file: Path
    """Fernet keys, one a line; the first seals, all open."""
    bootstrap_tokens_file: Path | None = None
    """JSON list of `{name, scopes, secret}`: tokens that are valid from the start."""
    mail_file: Path | None = None
    """JSON object `{host, port, user, password, sender}`: how installations send mail."""
    kubeconfig_programs: list[str] = []
    """JSON list of the credential programs that kubeconfigs may name, such as `["aws"]`; whoever registers clusters can
    have these run here."""
    address_template: str = "http://{name}.localhost:8080"
    """How an installation's address is formed."""
    deletion_grace: timedelta = timedelta(days=7)
    """How long a discarded installation can be taken back."""
    concurrency: int = 32
    """Installations worked on at once by this process; of one cluster half as many, so that none stops the others."""
    stop_grace: timedelta = timedelta(seconds=10)
    """How long a stop waits for steps that are under way before it hands them back."""

    operator_image: str = "tenantry"
    """The operator's image without its tag, for clusters whose operator the provisioner keeps."""
    operators_at_once: int = Field(default=1, ge=1)
    """Clusters whose operator may be changed at the same time, over all processes."""
    operator_patience: timedelta = timedelta(minutes=5)
    """How long a version of the operator may take to become ready, before the former one is brought back."""

    @field_validator("kubeconfig_programs", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return orjson.loads(given) if isinstance(given, str) else given

    def bootstrap_tokens(self) -> list["BootstrapToken"]:
        """Read the tokens that are valid from the start."""
        if self.bootstrap_tokens_file is None:
            return []
        return [BootstrapToken.model_validate(each) for each in orjson.loads(self.bootstrap_tokens_file.read_bytes())]

    def operator_terms(self) -> operators.Terms:
        """Return what is decided about operators."""
        return operators.Terms(
            image=self.operator_image,
            version=tenantry.__version__,
            at_once=self.operators_at_once,
            patience=self.operator_patience,
        )

    def mail(self) -> dict[str, str] | None:
        """Read how installations send mail."""
        if self.mail_file is None:
            return None
        return {key: str(value) for key, value in orjson.loads(self.mail_file.read_bytes()).items()}


class BootstrapToken(BaseModel):
    """A token of the configuration."""

    name: str
    scopes: list[tokens.Scope]
    secret: str


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read `TENANTRY_PROVISIONER_*`; what is not set keeps its default."""
    given = {key.removeprefix(PREFIX).lower(): value for key, value in environment.items() if key.startswith(PREFIX)}
    return Settings.model_validate(given)
