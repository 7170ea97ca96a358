"""One line of the bench: a figure, what it is measured beside, and whether its budget holds."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

T = TypeVar("T")
_COSTS = ("s", "s/M", "GiB")


@dataclass(frozen=True)
class Row:
    """A measured figure; a unit of ``_COSTS`` wants little of it, anything per second wants much.

    ``budget`` bounds the figure, ``ratio_budget`` the ratio to the peer where it was measured.
    """

    name: str
    figure: float
    unit: str
    peer: str | None = None
    peer_figure: float | None = None
    budget: float | None = None
    ratio_budget: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return how many times better than the peer."""
        if not self.peer_figure:
            return None
        worse_over_better = (self.peer_figure, self.figure)
        top, bottom = worse_over_better if self.unit in _COSTS else worse_over_better[::-1]
        return top / bottom

    @property
    def holds(self) -> bool:
        """Return whether figure and ratio keep to their budgets; one without a budget does."""
        ratio = self.ratio
        if ratio is not None and self.ratio_budget is not None and ratio < self.ratio_budget:
            return False
        if self.budget is None:
            return True
        return self.figure <= self.budget if self.unit in _COSTS else self.figure >= self.budget

    def as_dict(self) -> dict[str, Any]:
        """Return the row as bench.json holds it."""
        order = (
            "name", "figure", "unit", "peer", "peer_figure", "ratio", "budget",
            "ratio_budget", "holds",
        )  # fmt: skip
        known = {**asdict(self), "ratio": self.ratio, "holds": self.holds}
        return {name: known[name] for name in order}


def seconds(work: Callable[[], T], *, turns: int = 3) -> tuple[float, T]:
    """Return the shortest of some turns, after one to warm up, and what the work returned."""
    result = work()
    best = float("inf")
    for _ in range(turns):
        begun = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begun)
    return best, result
