"""Which roles see the pages that are not for everyone."""

from dashboards.source import Person

#: Those who plan with the coast itself.
COAST_ROLES = frozenset({"planner", "analyst", "supervisor", "admin"})


def sees_changes(person: Person) -> bool:
    """Tell whether somebody may see what a newer coast changed."""
    return person.role in COAST_ROLES
