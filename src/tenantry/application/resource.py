"""What every document of ours has in common, by the Kubernetes API conventions.

The same YAML is an application's manifest on a laptop and a custom resource on Kubernetes, so keys are camelCase,
unknown keys are errors (but in what is reported), and documents carry `apiVersion`, `kind` and `metadata`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

API_VERSION = "tenantry.dev/v1alpha1"

DnsLabel = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
"""A name that fits into DNS (RFC 1123) and Kubernetes."""

Identifier = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=40)]
"""A name that can be used in a template without quoting: `secrets.signingKey`."""

ModuleName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", max_length=200)]
"""A Python module: `package.module`."""

Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi|Ti)?$")]
"""A Kubernetes quantity: `500m` of a processor, `512Mi` of memory."""

Duration = Annotated[str, Field(pattern=r"^[0-9]+(ms|s|m|h)$")]
"""A length of time with its unit: `500ms`, `30s`, `5m`, `1h`."""


class Document(BaseModel):
    """A part of a document: frozen, camelCase outside, and strict about unknown keys."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class Report(Document):
    """A part of a status; whoever writes it may be newer than whoever reads it, so unknown keys are passed over."""

    model_config = ConfigDict(extra="ignore")


class Metadata(Document):
    """Who the document is about."""

    name: DnsLabel
    """The name, unique among documents of its kind."""
    generation: int = 0
    """Counts the changes of `spec`; the status says which one it speaks of."""
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    """For selecting and grouping."""
    annotations: dict[str, str] = Field(default_factory=dict[str, str])
    """For people and tools; never for behaviour."""
