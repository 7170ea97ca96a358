"""Read a table of rules from TOML text, every problem in one error."""

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from geo.errors import InputError


class Frozen(BaseModel):
    """One entry: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Entry = TypeVar("Entry", bound=Frozen)


def parse(kind: type[Entry], text: str, *, where: str) -> Entry:
    """Return the entry that a TOML text holds; raise InputError naming every problem."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"it is not TOML: {error}", where=where, mend="Mend that line.") from error
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or where}: {one['msg']}"
            for one in error.errors()
        )
        raise InputError(
            found, where=where, mend="docs/posts.md says what each entry means."
        ) from error


def once(names: list[str]) -> None:
    """Raise ValueError where a name stands twice in a list of ids."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the ids {', '.join(twice)} stand twice")
