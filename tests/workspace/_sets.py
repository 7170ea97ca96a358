"""People who may and may not, and a weight set of theirs."""

from sqlalchemy import insert

from risk.weights import dump, reweighted
from workspace import db, weighting
from workspace.folder import Workspace

PEOPLE = {
    "王研判": "analyst",
    "李研判": "analyst",
    "analyst": "analyst",
    "chief": "section_chief",
    "boss": "supervisor",
    "gone": "planner",
}


def people(ws: Workspace) -> None:
    """Add the accounts of PEOPLE."""
    # Straight into the table: a hash for each would take the time of all the rest.
    with ws.begin() as connection:
        for name, role in PEOPLE.items():
            connection.execute(
                insert(db.users).values(
                    user_id=name, name=name, password_hash="-", role=role, active=name != "gone"
                )
            )


def text(name: str = "夜间", version: int = 1, **shares: float) -> str:
    """Return the shipped set with other weights, as somebody would write it."""
    made = reweighted(
        weighting.shipped_set(),
        shares,
        name=name,
        version=version,
        author="王研判",
        reason_zh="夜里更要紧",
        reason_en="nights matter more",
    )
    return "# by hand\n" + dump(made)
