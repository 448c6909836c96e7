"""What may be asked of the list of installations."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tenantry.kernel import errors
from tenantry.provisioner.installations import store
from tenantry.wire import installations as wire

Label = Annotated[str, StringConstraints(max_length=600)]


class Listing(BaseModel):
    """Filters and place of a page of installations."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")

    status: list[wire.Status] = Field(default_factory=list[wire.Status])
    target: wire.Target | None = None
    application: str | None = Field(default=None, max_length=200, description="The application's name.")
    cluster: str | None = Field(default=None, max_length=200, description="The cluster's name.")
    name: str | None = Field(default=None, max_length=200, description="Part of the name.")
    label: list[Label] = Field(default_factory=list[str], max_length=20, description="`key=value`; all must match.")
    cursor: str | None = Field(default=None, max_length=200, description="`nextCursor` of the page before.")
    limit: int = Field(default=50, ge=1, le=500)

    def filter(self) -> store.Filter:
        """Return what the store is asked for."""
        return store.Filter(
            statuses=self.status,
            target=self.target,
            application=self.application,
            cluster=self.cluster,
            name_contains=self.name,
            labels=dict(_label(each) for each in self.label),
            includes_deleted=self.target is wire.Target.DELETED,
        )


def _label(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise errors.CustomerMustActError(f"“{text}” is no label; write key=value.", field="label")
    return key, value
