"""Propose grids for k teams of small units: contiguous, of like load, compact, near today's."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from scipy.optimize import linear_sum_assignment

from duty._regions import (
    NEVER,
    Floats,
    Ints,
    Objective,
    columns,
    compact,
    graph,
    improved,
    linked,
)
from geo.crs import metre_shapes, working_crs
from geo.errors import InputError
from geo.grids import Coverage

PRICES = (0.0, 0.01, 0.1, 1.0)
PRICE = 0.1


@dataclass(frozen=True)
class Grouping:
    """Units put into grids, and what is to be said of it.

    ``grids`` has the grid of each unit, in their order. ``cv`` and ``max_over_mean`` tell the
    balance, ``reach`` the compactness (1: as k equal discs), ``moved_km2`` the ground that is not
    in its grid of today (None where there are none). ``figures``: ``grid_id, units, km2, load``.
    """

    grids: tuple[str, ...]
    k: int
    price: float
    cv: float
    max_over_mean: float
    reach: float
    moved_km2: float | None
    figures: pl.DataFrame


@dataclass(frozen=True)
class _Ground:
    km2: Floats
    xy_km: Floats
    pairs: Ints


def propose(
    units: Coverage,
    load: Floats,
    k: int,
    *,
    today: Sequence[str | None] | None = None,
    price: float = PRICE,
    seed: int = 0,
) -> Grouping:
    """Return grids for k teams: contiguous groups of units, balanced at a price.

    Minimised is the squared coefficient of variation of the loads, plus ``price`` times the reach
    (the second moment of the ground, over that of k equal discs) and the share of the ground that
    leaves its grid of today. Units are neighbours where they share a border; an island hangs on
    the nearest unit. The search is local (`_regions`): from compact regions, and from today's
    grids where they are k and hang together; the better end is returned. The same seed gives the
    same grids.

    Parameters
    ----------
    units : Coverage
        Villages, small grids, cells of townships.
    load : array
        What each unit asks (hours, risk, people), from 0.
    k : int
        How many grids.
    today : sequence of str or None
        Each unit's grid of today; None for one in none.
    price : float
        What compactness and staying are worth against balance, from 0.
    seed : int
        Seed of the order in which moves are tried.

    Raises
    ------
    InputError
        When k does not go with the units, or no unit has a load.
    """
    _check(units, load, k, today, price)
    ground = _ground(units)
    return _grouped(units, load, k, today, price, seed, ground)


def proposals(
    units: Coverage,
    load: Floats,
    ks: Iterable[int],
    *,
    today: Sequence[str | None] | None = None,
    prices: Iterable[float] = PRICES,
    seed: int = 0,
) -> list[Grouping]:
    """Return the trade-off: for each k the groupings that no other beats in all that is priced.

    One stays when none of the same k has as good a balance, reach and ground handed over.
    """
    front: list[Grouping] = []
    prices = sorted(prices)
    for k in ks:
        for price in prices:
            _check(units, load, k, today, price)
        ground = _ground(units)
        found = [_grouped(units, load, k, today, price, seed, ground) for price in prices]
        front += [
            one for n, one in enumerate(found)
            if not any(_beats(other, one, first=m < n) for m, other in enumerate(found) if m != n)
        ]  # fmt: skip
    return front


def curve(found: Iterable[Grouping]) -> pl.DataFrame:
    """Return groupings as a table: ``k, price, cv, max_over_mean, reach, moved_km2``."""
    names = ("k", "price", "cv", "max_over_mean", "reach", "moved_km2")
    return pl.DataFrame([{name: getattr(one, name) for name in names} for one in found])


def _beats(one: Grouping, other: Grouping, *, first: bool) -> bool:
    a, b = ((x.cv, x.reach, x.moved_km2 or 0.0) for x in (one, other))
    return all(x <= y for x, y in zip(a, b, strict=True)) and (a != b or first)


def _check(
    units: Coverage, load: Floats, k: int, today: Sequence[str | None] | None, price: float
) -> None:
    n = len(units.ids)
    wrong = [] if 1 <= k <= n else [f"{k} grids of {n} units"]
    if len(load) != n or (today is not None and len(today) != n):
        wrong.append(f"{len(load)} loads for {n} units")
    elif not (np.isfinite(load).all() and (load >= 0.0).all() and load.sum() > 0.0):
        wrong.append("loads that are negative, or all 0")
    wrong += [] if 0.0 <= price < math.inf else [f"a price of {price:g}"]
    if wrong:
        raise InputError(
            f"these units cannot be put into grids: {'; '.join(wrong)}",
            where="grids",
            mend="Give from 1 to as many grids as units, a load of some unit above 0, and a price "
            "from 0.",
        )


def _ground(units: Coverage) -> _Ground:
    flat = metre_shapes(working_crs(shapely.total_bounds(units.shapes).tolist()), units.shapes)
    middle = shapely.centroid(flat)
    xy_km = np.column_stack([shapely.get_x(middle), shapely.get_y(middle)]) / 1000.0
    arcs = units.arcs
    inner = (arcs.left >= 0) & (arcs.right >= 0) & (arcs.left != arcs.right)
    sides = np.sort(np.column_stack([arcs.left[inner], arcs.right[inner]]), axis=1)
    pairs = np.unique(sides, axis=0).astype(np.int64)
    xy_km -= xy_km.mean(axis=0)
    return _Ground(units.km2, xy_km, linked(len(units.ids), pairs, xy_km))


def _grouped(
    units: Coverage,
    load: Floats,
    k: int,
    today: Sequence[str | None] | None,
    price: float,
    seed: int,
    ground: _Ground,
) -> Grouping:
    old = sorted({one for one in today or () if one is not None})
    number = np.array([NEVER if one is None else old.index(one) for one in today or ()])
    links = graph(len(units.ids), ground.pairs)
    never = np.full(len(load), NEVER)
    bare = columns(load, ground.km2, ground.xy_km, never)
    starts = [compact(bare, links, k)]
    if len(old) == k and NEVER not in number and _hang_together(number, ground.pairs):
        starts.append(number)
    ends = []
    for start in starts:
        names = _named(start, number, ground.km2, k) if old else {}
        back = {then: now for now, then in names.items()}
        # An old grid that no region is the heir of: all its ground is handed over.
        kept = np.array([NEVER if one == NEVER else back.get(int(one), k) for one in number])
        attr = columns(load, ground.km2, ground.xy_km, kept if old else never)
        objective = Objective(attr, k, price)
        labels = improved(attr, links, start, objective, seed)
        ends.append((objective(labels, attr), labels, objective.parts(labels, attr)))
    _, labels, (imbalance, reach, _) = min(ends, key=lambda end: end[0])
    return _told(units, load, labels, k, price, math.sqrt(imbalance), reach, number, old)


def _told(
    units: Coverage,
    load: Floats,
    labels: Ints,
    k: int,
    price: float,
    cv: float,
    reach: float,
    number: Ints,
    old: list[str],
) -> Grouping:
    heirs = _named(labels, number, units.km2, k) if old else {}
    ids: list[str] = []
    for region in range(k):
        fresh = region + 1
        while f"N{fresh:02d}" in {*ids, *old}:
            fresh += 1
        ids.append(old[heirs[region]] if region in heirs else f"N{fresh:02d}")
    grids = tuple(ids[one] for one in labels.tolist())
    sums = [
        np.bincount(labels, what, minlength=k) for what in (np.ones(len(load)), units.km2, load)
    ]
    moved = None
    if old:
        away = [
            was != NEVER and old[was] != now
            for was, now in zip(number.tolist(), grids, strict=True)
        ]
        moved = float(units.km2[away].sum())
    return Grouping(
        grids,
        k,
        price,
        cv,
        float(sums[2].max() / sums[2].mean()),
        reach,
        moved,
        pl.DataFrame(
            {
                "grid_id": ids,
                "units": sums[0].astype(np.int64),
                "km2": sums[1],
                "load": sums[2],
            }
        ).sort("grid_id"),
    )


def _named(labels: Ints, number: Ints, km2: Floats, k: int) -> dict[int, int]:
    """Return for regions the old grid that each is the heir of, by the ground that stays."""
    table = np.zeros((k, int(number.max()) + 1))
    known = number != NEVER
    np.add.at(table, (labels[known], number[known]), km2[known])
    pairs = zip(*linear_sum_assignment(table, maximize=True), strict=True)
    return {int(a): int(b) for a, b in pairs if table[a, b] > 0.0}


def _hang_together(number: Ints, pairs: Ints) -> bool:
    """Return whether units of one number reach each other through their own."""
    own = np.arange(len(number))
    same = pairs[number[pairs[:, 0]] == number[pairs[:, 1]]]
    for _ in range(len(number)):
        before = own.copy()
        np.minimum.at(own, same[:, 0], own[same[:, 1]])
        np.minimum.at(own, same[:, 1], own[same[:, 0]])
        if (before == own).all():
            break
    return len(np.unique(own)) == len(np.unique(number))
