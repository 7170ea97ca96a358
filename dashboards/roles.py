"""Which roles see the pages that are not for everyone."""

from dashboards.source import Person

#: Those who plan with the coast itself.
COAST_ROLES = frozenset({"planner", "analyst", "supervisor", "admin"})


def sees_changes(person: Person) -> bool:
    """Tell whether somebody may see what a newer coast changed."""
    return person.role in COAST_ROLES


#: Those who judge by vessels, and those who answer for the data.
DATA_ROLES = COAST_ROLES | {"liaison"}


def sees_data(person: Person) -> bool:
    """Tell whether somebody may see how well the AIS comes in, and vessels by themselves."""
    return person.role in DATA_ROLES
