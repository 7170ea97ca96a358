"""Propose balanced sections for k chiefs, and what balance costs in shore handed over."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from duty._balance import Runs
from duty._parts import Part, parts_of
from duty.cutting import fresh_id
from duty.division import Cut, Division, difference
from duty.figures import figures
from duty.workload import Shore
from geo.errors import InputError

PRICES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, math.inf)


@dataclass(frozen=True)
class Limits:
    """Hold what a section may not go beyond.

    Parameters
    ----------
    length_km, travel_min : the most shore, and the most minutes from end to end.
    crossing_h : what each township border within a section costs, hours a week; inf: none may.
    """

    length_km: float = math.inf
    travel_min: float = math.inf
    crossing_h: float = 0.0


@dataclass(frozen=True)
class Proposal:
    """A division that was proposed, and what is to be said of it.

    ``cv`` and ``max_over_mean`` tell the balance of ``load_h`` over all sections; ``moved_km``
    the shore that changes hands; ``cost_h`` what was minimised, over the sections not locked.
    """

    division: Division
    k: int
    price_h_per_km: float
    cost_h: float
    moved_km: float
    cv: float
    max_over_mean: float
    figures: pl.DataFrame


def propose(
    shore: Shore,
    today: Division,
    k: int,
    *,
    order: Sequence[str],
    limits: Limits | None = None,
    price_h_per_km: float = 0.0,
) -> Proposal:
    """Return the best balanced sections for k chiefs, exactly.

    The shore is walked in the stated order; a hung shoreline counts where it hangs. A section is
    a run of pieces (segments, parted at today's cuts). It may go on from one open shoreline to the
    next in the order. A ring is divided by itself and cut at its best start; a small one should
    hang. Locked sections stay as they are; where they lie, the walk is broken.

    Minimised is the sum over sections of (load - mean)^2 / mean in hours a week, plus
    ``price_h_per_km`` for every kilometre that does not stay with today's section, plus
    ``limits.crossing_h`` for each border. Squares rather than the greatest load: min-max says
    nothing about any section but the worst, and a sum can be weighed against kilometres. A section
    in several stretches keeps its name, in the price, by its longest; the names given in the end
    keep the most kilometres.

    Parameters
    ----------
    shore : Shore
        The shore laid out; its load is weighted by risk.
    today : Division
        Today's cuts, hangs and locked sections.
    k : int
        How many sections, locked ones included.
    order : sequence of str
        The shorelines to divide; all others must hang.
    limits : Limits
        What a section may not go beyond.
    price_h_per_km : float
        How many hours of imbalance a moved kilometre must save; inf moves none that need not be.

    Raises
    ------
    InputError
        When the limits cannot be kept (which, and where), k is too small or too large, or the
        order leaves out a shoreline.
    """
    limits = limits or Limits()
    _check(shore, today, k, order, limits, price_h_per_km)
    parts = parts_of(shore, today, order)
    locked = today.locked & set(today.sections)
    free = k - len(locked)
    load = sum(float(part.load.sum()) for part in parts)
    if parts and load <= 0.0:
        raise InputError(
            "no load is left to balance", where="sections", mend="Unlock a section, or set paces"
        )
    # Beyond this no kilometre is worth moving: all the balance there is costs less.
    most = load * load / (load / max(free, 1)) / 1e-3 if parts else 0.0
    price = min(price_h_per_km, most)
    ready = [
        part.ready(load / max(free, 1), price, limits.length_km, limits.travel_min,
                   limits.crossing_h)
        for part in parts
    ]  # fmt: skip
    fewest = [one.fewest() for one in ready]
    if not sum(fewest) <= free <= sum(len(part.load) for part in parts):
        asked = ", ".join(
            f"{n} on {part.told()}" for n, part in zip(fewest, parts, strict=True)
        )
        raise InputError(
            f"{k} sections cannot divide this shore: {len(locked)} are locked, and the limits "
            f"ask for at least {asked or 'none'}",
            where="sections",
            mend="Change the number of sections, the limits, hangs or locks",
        )
    runs = _allot([one.solve for one in ready], fewest, parts, free, load / max(free, 1))
    division = _named(today, parts, runs, shore)
    lengths = pl.DataFrame({"shoreline_id": shore.names, "length_m": shore.length_m})
    told = figures(shore, division)
    loads = told["load_h"].to_numpy()
    return Proposal(
        division=division,
        k=k,
        price_h_per_km=price_h_per_km,
        cost_h=float(sum(run.cost for run in runs)),
        moved_km=float(difference(today, division, lengths)["km"].sum()) if today.cuts else 0.0,
        cv=float(loads.std() / loads.mean()),
        max_over_mean=float(loads.max() / loads.mean()),
        figures=told,
    )
