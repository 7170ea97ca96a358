"""Who may do what, and over which part of a county: the one place that says so.

A role says which acts somebody may do, a scope on which ground. `docs/rights.md` has the same
tables for people; a test holds the two together.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from geo.errors import InputError

Scope = Mapping[str, Sequence[str]]

ROLES = {
    "section_chief": ("段长", "section chief"),
    "wharf_chief": ("码长", "wharf chief"),
    "grid_member": ("网格员", "grid member"),
    "township_officer": ("镇街人员", "township officer"),
    "responsible_unit": ("责任单位", "responsible unit"),
    "joint_response": ("联合处置队", "joint response team"),
    "command_room": ("指挥室", "command room"),
    "supervisor": ("督导", "supervisor"),
    "analyst": ("研判员", "analyst"),
    "planner": ("规划员", "planner"),
    "liaison": ("联络员", "liaison"),
    "admin": ("管理员", "administrator"),
    "read_only": ("只读", "read only"),
}

LOCAL = frozenset(
    {
        "section_chief", "wharf_chief", "grid_member", "township_officer", "responsible_unit",
        "joint_response",
    }
)  # fmt: skip
"""Roles that are of a part of the county: without a scope they see nothing."""

SCOPES = ("county", "township", "village", "grid", "section", "wharf", "unit")
"""What a scope can name; ``county`` takes the one word `WHOLE`."""
WHOLE = "all"

_EVERYONE = frozenset(ROLES)
_PLANS_COAST = frozenset({"analyst", "planner", "supervisor", "admin"})

ACTS: dict[str, frozenset[str]] = {
    "see_coast": _EVERYONE,
    "see_events": _EVERYONE - {"responsible_unit", "read_only"},
    "see_patrols": _EVERYONE - {"responsible_unit", "read_only"},
    "see_vessels": _PLANS_COAST | {"liaison", "command_room"},
    "see_data": _PLANS_COAST | {"liaison", "command_room"},
    "see_changes": _PLANS_COAST,
    "draft_weights": frozenset({"analyst", "planner", "admin"}),
    "approve_weights": _PLANS_COAST | {"command_room"},
    "see_boundaries": _PLANS_COAST | {"command_room"},
    "draft_boundaries": frozenset({"planner", "admin"}),
    "approve_boundaries": frozenset({"planner", "supervisor", "command_room", "admin"}),
}
"""Roles that may do each act. ``see_vessels``, ``see_data`` and ``see_changes`` are of the county
as a whole: a scope that is narrower shuts them."""

COUNTY_WIDE = frozenset(
    {
        "see_vessels", "see_data", "see_changes", "draft_weights", "approve_weights",
        "see_boundaries", "draft_boundaries", "approve_boundaries",
    }
)  # fmt: skip


def may(role: str, scope: Scope, act: str) -> bool:
    """Tell whether somebody of a role and scope may do an act at all."""
    return role in ACTS[act] and (act not in COUNTY_WIDE or whole(role, scope))


def doers(act: str) -> tuple[str, ...]:
    """Return the roles that may do an act, in the order of `ROLES`."""
    return tuple(role for role in ROLES if role in ACTS[act])


def whole(role: str, scope: Scope) -> bool:
    """Tell whether somebody sees the whole county: by the scope, or by a role that is not local."""
    return WHOLE in scope.get("county", ()) or (not scope and role not in LOCAL)


def normal(scope: Mapping[str, object] | None) -> dict[str, tuple[str, ...]]:
    """Return a scope as kinds with their ids; one id may stand alone, as older accounts have it."""
    return {
        kind: (ids,) if isinstance(ids, str) else tuple(str(one) for one in ids)  # type: ignore[attr-defined]
        for kind, ids in (scope or {}).items()
    }


def parsed(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the scope that texts such as ``section=S01,S02`` name; raise InputError for others."""
    scope: dict[str, tuple[str, ...]] = {}
    for text in texts:
        kind, equals, ids = text.partition("=")
        named = tuple(one.strip() for one in ids.split(",") if one.strip())
        if not equals or not named:
            raise InputError(
                f"{text!r} is no scope",
                where="--scope",
                mend=f"Write KIND=ID,ID, with a kind of {', '.join(SCOPES)}.",
            )
        scope[kind.strip()] = (*scope.get(kind.strip(), ()), *named)
    return scope


def told(scope: str | None) -> str:
    """Return a scope as it is stored, in the words of `parsed`."""
    given = normal(json.loads(scope or "{}"))
    return " ".join(f"{kind}={','.join(ids)}" for kind, ids in given.items())
