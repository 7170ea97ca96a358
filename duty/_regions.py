"""Regions of units under contiguity: what spopt does, with an objective of our own.

Of the kept library's methods two are taken: `WardSpatial` begins (compact regions at once), and
`AZP`, the automatic zoning procedure, goes on: it moves one unit at a time over a border, never
parting a region, while the objective falls (S. Openshaw and L. Rao, Environment and Planning A
27, 1995). docs/grids.md has the measurements that this choice rests on.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from libpysal.weights import W
from scipy.spatial import cKDTree
from spopt.region import AZP, WardSpatial
from spopt.region.objective_function import ObjectiveFunction

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
# Columns of a unit: load, ground, ground x place (two), second moment about the origin, old region.
_LOAD, _KM2, _X, _Y, _SQUARE, _OLD = range(6)
_COLUMNS = ["load", "km2", "x", "y", "square", "old"]
NEVER = -1


class Objective(ObjectiveFunction):  # type: ignore[misc]
    """Imbalance, and a price times reach and ground handed over.

    The imbalance is the squared coefficient of variation of the regions' loads. The reach is the
    second moment of the ground about the middle of its region, over that of k equal discs: 1 is as
    compact as can be. The ground handed over is the share of it that is not in its old region.
    """

    def __init__(self, units: Floats, k: int, price: float) -> None:
        super().__init__()
        self.k = k
        self.price = price
        self.mean = units[:, _LOAD].sum() / k
        self.km2 = units[:, _KM2].sum()
        self.discs = self.km2**2 / (2.0 * np.pi * k)

    def parts(self, labels: Ints, attr: Floats) -> tuple[float, float, float]:
        """Return the imbalance, the reach and the share handed over."""
        sums = np.array([attr[labels == one].sum(axis=0) for one in range(self.k)])
        imbalance = ((sums[:, _LOAD] / self.mean - 1.0) ** 2).mean()
        handed = (attr[:, _OLD] != NEVER) & (attr[:, _OLD] != labels)
        reach = sum(map(_moment, sums)) / self.discs
        return float(imbalance), float(reach), float(attr[handed, _KM2].sum() / self.km2)

    def __call__(self, labels: Ints, attr: Floats) -> float:
        """Return the objective."""
        imbalance, reach, handed = self.parts(labels, attr)
        return imbalance + self.price * (reach + handed)

    def update(
        self, moving_area: int, recipient_region: float, labels: Ints, attr: Floats
    ) -> float:
        """Return by how much the objective grows when a unit goes to a region."""
        one, donor = attr[moving_area], labels[moving_area]
        out = attr[labels == donor].sum(axis=0)
        into = attr[labels == recipient_region].sum(axis=0)
        # (L + l)^2 - L^2 + (M - l)^2 - M^2; the sum of all loads stays.
        load = 2.0 * one[_LOAD] * (into[_LOAD] - out[_LOAD] + one[_LOAD])
        moment = _moment(out - one) - _moment(out) + _moment(into + one) - _moment(into)
        handed = 0.0
        if one[_OLD] != NEVER:
            handed = one[_KM2] * (float(donor == one[_OLD]) - float(recipient_region == one[_OLD]))
        paid = self.price * (moment / self.discs + handed / self.km2)
        return float(load / (self.mean**2 * self.k) + paid)


def _moment(sums: Floats) -> float:
    """Return the second moment about their middle of units whose columns are summed."""
    if sums[_KM2] <= 0.0:
        return 0.0
    return float(sums[_SQUARE] - (sums[_X] ** 2 + sums[_Y] ** 2) / sums[_KM2])


def columns(load: Floats, km2: Floats, xy_km: Floats, old: Ints) -> Floats:
    """Return units as the objective takes them; a unit's own second moment is a disc's."""
    square = km2 * (xy_km**2).sum(axis=1) + km2**2 / (2.0 * np.pi)
    return np.column_stack([load, km2, km2[:, None] * xy_km, square, old])


def linked(n: int, pairs: Ints, xy_km: Floats) -> Ints:
    """Return pairs of neighbours that hang together: an island hangs on the nearest unit."""
    own = np.arange(n)

    def root(one: int) -> int:
        while own[one] != one:
            own[one] = own[own[one]]
            one = int(own[one])
        return one

    out = pairs.tolist()
    for a, b in out:
        own[root(a)] = root(b)
    while len(parts := np.unique(roots := np.array([root(one) for one in range(n)]))) > 1:
        alone = roots == min(parts, key=lambda one: (int((roots == one).sum()), int(one)))
        inside, outside = np.flatnonzero(alone), np.flatnonzero(~alone)
        apart, near = cKDTree(xy_km[outside]).query(xy_km[inside])
        best = int(np.argmin(apart))
        a, b = int(inside[best]), int(outside[near[best]])
        out.append([a, b])
        own[root(a)] = root(b)
    return np.array(out, dtype=np.int64).reshape(-1, 2)


def graph(n: int, pairs: Ints) -> W:
    """Return neighbours as the library takes them."""
    near: dict[int, list[int]] = {row: [] for row in range(n)}
    for a, b in pairs.tolist():
        near[a].append(b)
        near[b].append(a)
    return W({row: sorted(others) for row, others in near.items()}, silence_warnings=True)


def compact(units: Floats, links: W, k: int) -> Ints:
    """Return k compact regions, whatever their loads."""
    at = units[:, [_X, _Y]] / units[:, [_KM2]]
    found = WardSpatial(gpd.GeoDataFrame({"x": at[:, 0], "y": at[:, 1]}), links, ["x", "y"], k)
    found.solve()
    return np.asarray(found.labels_, dtype=np.int64)


def improved(units: Floats, links: W, start: Ints, objective: Objective, seed: int) -> Ints:
    """Return the regions that single moves lead to from a start."""
    with _seeded():
        found = AZP(
            gpd.GeoDataFrame(dict(zip(_COLUMNS, units.T, strict=True))),
            links,
            _COLUMNS,
            objective.k,
            random_state=seed,
            initial_labels=start.astype(np.float64),
            objective_func=objective,
        )
        found.solve()
    return np.asarray(found.labels_, dtype=np.int64)


@contextmanager
def _seeded() -> Iterator[None]:
    """Leave Python's random numbers as they were: the library seeds them for all."""
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
