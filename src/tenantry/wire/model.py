"""The two bases of all that travels: requests refuse unknown keys, responses ignore them so that old clients go on.

Every text of a request has a longest length, so that nothing arrives that no index and no page can hold.
"""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Item = TypeVar("Item")

Text = Annotated[str, StringConstraints(max_length=200)]
"""What people call something; may be empty."""
Reference = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The name or id of something that exists."""
NewName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
"""A DNS label, for a thing of the vendor's own."""
LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=63)]
LabelValue = Annotated[str, StringConstraints(max_length=255)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=64)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
"""How many of something there may be."""


class Request(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class Resource(BaseModel):
    """What the provisioner answers."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


class Page(Resource, Generic[Item]):
    """One page of a list, in order of creation, newest first."""

    items: list[Item]
    next_cursor: str | None = None
    """Send it as `cursor` (of events: as `after`) for the next page; None: this was the last."""
