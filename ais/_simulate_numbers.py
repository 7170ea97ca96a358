"""Which MMSI a simulated vessel sends, and which vessel sends an MMSI."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ais._simulate_stage import Effect, Label


class Numbers:
    """Which MMSI a vessel sends, when: it may have taken another, for good or for a trip."""

    def __init__(self, mmsi: NDArray[np.uint32], effects: list[Effect], duration: float) -> None:
        self._own = mmsi.tolist()
        self._end = duration
        self._taken: dict[int, list[Effect]] = {}
        for e in sorted(effects, key=lambda effect: effect.t0):
            if e.what == "borrow":
                self._taken.setdefault(e.vessel, []).append(e)

    def of(self, vessel: int, t: float, *, own: bool = False) -> int | None:
        """Return the MMSI; ``own`` the one that is not borrowed for a trip."""
        if vessel < 0:
            return None
        taken = [
            int(e.value[0])
            for e in self._taken.get(vessel, ())
            if e.t0 <= t < e.t1 and (not own or e.t1 >= self._end)
        ]
        return int(self._own[taken[-1] if taken else vessel])

    def spells(self, vessel: int, t0: float, t1: float) -> list[tuple[float, float]]:
        """Return the parts of a time in each of which a vessel sends one MMSI."""
        ends = {end for e in self._taken.get(vessel, ()) for end in (e.t0, e.t1) if t0 < end < t1}
        changes = [
            end
            for end in sorted(ends)
            if self.of(vessel, float(np.nextafter(end, -np.inf))) != self.of(vessel, end)
        ]
        return list(pairwise([t0, *changes, t1]))

    def borrows(self, label: Label) -> bool:
        """Return whether a label is of a vessel under the number of another."""
        return self.of(label.vessel, label.t0) != self.of(label.vessel, label.t0, own=True)


def owners(
    mmsi: NDArray[np.uint32], fleet: int, effects: list[Effect], duration: float
) -> dict[int, int]:
    """Return which vessel sends each MMSI (of two that share one, the one whose it is)."""
    owner = {int(number): n for n, number in enumerate(mmsi[:fleet])}
    taken = {
        int(mmsi[int(e.value[0])]): e.vessel
        for e in effects
        if e.what == "borrow" and e.t1 >= duration
    }
    return owner | taken
