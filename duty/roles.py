"""Read the roles of 1+4+N and 1+3+N: of what object each is, and how many holders it wants."""

from typing import Annotated, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from duty._toml import Frozen, once, parse

ObjectKind = Literal["county", "area", "section", "wharf", "grid", "township"]
OBJECT_KINDS: dict[ObjectKind, tuple[str, str]] = {
    "county": ("全县", "county"),
    "area": ("片区", "area"),
    "section": ("岸段", "section"),
    "wharf": ("码头", "wharf"),
    "grid": ("网格", "grid"),
    "township": ("镇街", "township"),
}
_Text = Annotated[str, Field(min_length=1)]


class Role(Frozen):
    """One role: its labels, the kind of object it is for, and how many holders are wanted.

    ``least`` holders are wanted for each object. A ``sole`` role has one holder at a time. Where
    ``deputy`` is true, somebody must stand in while a holder is away.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    zh: _Text
    en: _Text
    scheme: _Text
    object_kind: ObjectKind
    least: Annotated[int, Field(ge=0)]
    sole: bool
    deputy: bool


class Roles(Frozen):
    """All roles, in the order in which they are told, and where they are from."""

    source_zh: _Text
    source_en: _Text
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        once([role.id for role in self.roles])
        crowded = [role.id for role in self.roles if role.sole and role.least > 1]
        if crowded:
            raise ValueError(f"the sole roles {', '.join(crowded)} want more than one holder")
        return self

    def table(self) -> pl.DataFrame:
        """Return ``role, zh, en, scheme, object_kind, least, sole, deputy``, one row a role."""
        return pl.DataFrame([role.model_dump() for role in self.roles]).rename({"id": "role"})


def load(text: str, *, where: str) -> Roles:
    """Read roles from TOML text; raise InputError naming every problem."""
    return parse(Roles, text, where=where)
