"""Propose balanced sections for k chiefs, and what balance costs in shore handed over."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from scipy.optimize import linear_sum_assignment

from duty._balance import Runs
from duty._parts import Part, Terms, parts_of
from duty.cutting import fresh_id
from duty.division import Cut, Division, difference, parting
from duty.figures import figures
from duty.workload import Shore
from geo.errors import InputError

PRICES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0)


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
        How many hours of imbalance a moved kilometre must save.

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
    terms = Terms(
        load / max(free, 1),
        price_h_per_km,
        limits.length_km,
        limits.travel_min,
        limits.crossing_h,
    )
    least = [part.fewest(terms) for part in parts]
    most = [len(part.load) for part in parts]
    if not sum(least) <= free <= sum(most) or (free and load <= 0.0):
        needed = ", ".join(f"{n} on {part.told()}" for n, part in zip(least, parts, strict=True))
        raise InputError(
            f"{k} sections cannot divide this shore: {len(locked)} are locked; in the limits "
            f"({_told(limits)}) the rest needs {sum(least)} to {sum(most)}: {needed}",
            where="limits",
            mend="Change the number of sections, the limits, hangs or locks",
        )
    runs = _allot(parts, least, free, terms)
    division = _named(shore, today, parts, runs)
    told = figures(shore, division)
    loads = told["load_h"].to_numpy()
    lengths = pl.DataFrame({"shoreline_id": shore.names, "length_m": shore.length_m})
    changed = difference(today, division, lengths).filter(pl.col("from_section").is_not_null())
    return Proposal(
        division=division,
        k=k,
        price_h_per_km=price_h_per_km,
        cost_h=sum(run.cost for run in runs),
        moved_km=float(changed["km"].sum()),
        cv=float(loads.std() / loads.mean()),
        max_over_mean=float(loads.max() / loads.mean()),
        figures=told,
    )


def proposals(
    shore: Shore,
    today: Division,
    ks: Iterable[int],
    *,
    order: Sequence[str],
    limits: Limits | None = None,
    prices_h_per_km: Iterable[float] = PRICES,
) -> list[Proposal]:
    """Return the distinct divisions on the trade-off curve, by k and by what they move.

    For each k, `propose` is asked at each price; of the answers those stay for which no other of
    the same k moves as little and balances (``cv``) as well.
    """
    front: list[Proposal] = []
    prices = sorted(prices_h_per_km, reverse=True)
    for k in ks:
        found = [
            propose(shore, today, k, order=order, limits=limits, price_h_per_km=price)
            for price in prices
        ]
        best = math.inf
        for one in sorted(found, key=lambda one: (one.moved_km, one.cv)):
            if one.cv < best - 1e-12:
                front.append(one)
                best = one.cv
    return front


def curve(found: Iterable[Proposal]) -> pl.DataFrame:
    """Return proposals as a table: ``k, price_h_per_km, moved_km, cv, max_over_mean, cost_h``."""
    names = ("k", "price_h_per_km", "moved_km", "cv", "max_over_mean", "cost_h")
    return pl.DataFrame([{name: getattr(one, name) for name in names} for one in found])


def _told(limits: Limits) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in vars(limits).items())


def _check(
    shore: Shore, today: Division, k: int, order: Sequence[str], limits: Limits, price: float
) -> None:
    hung = {hang.shoreline_id for hang in today.hangs}
    wrong = [f"shoreline {name!r} does not exist" for name in order if name not in shore.names]
    wrong += [f"shoreline {name!r} stands twice" for name in {*order} if order.count(name) > 1]
    wrong += [f"shoreline {name!r} hangs" for name in order if name in hung]
    with_shore = {shore.names[line] for line in np.unique(shore.line)}
    wrong += [
        f"shoreline {name!r} is left out" for name in sorted(with_shore - hung - {*order})[:5]
    ]
    wrong += [f"shoreline {name!r} has no segments" for name in order if name not in with_shore]
    wrong += [
        f"shoreline {hang.shoreline_id!r} hangs on {hang.onto_shoreline_id!r}"
        for hang in today.hangs
        if hang.onto_shoreline_id not in order
    ]
    wrong += [f"{k} sections"] if k < 1 else []
    wrong += [f"a price of {price:g}"] if not 0.0 <= price < math.inf else []
    wrong += [f"{name} of {value:g}" for name, value in vars(limits).items() if not value >= 0.0]
    if wrong:
        raise InputError(
            f"this cannot be divided: {'; '.join(wrong)}",
            where="order",
            mend="Name each shoreline that does not hang once, a section or more, price and limits "
            "from 0",
        )


def _allot(parts: Sequence[Part], least: Sequence[int], free: int, terms: Terms) -> list[Runs]:
    """Share the sections out among the parts, and return the best division of each.

    Each number of each part has a bound: equal loads. The best sharing under the bounds is
    solved, its bounds give way to costs, and so on until the best has only costs: it is exact.
    """
    solved: dict[tuple[int, int], Runs] = {}
    costs: list[dict[int, float]] = []
    for part, fewest in zip(parts, least, strict=True):
        load = float(part.load.sum())
        room = free - sum(least) + fewest
        costs.append(
            {
                s: (load - s * terms.mean) ** 2 / (s * terms.mean)
                for s in range(fewest, min(room, len(part.load)) + 1)
            }
        )
    while True:
        ways: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
        for cost in costs:
            on: dict[int, tuple[float, tuple[int, ...]]] = {}
            for count, (value, shares) in ways.items():
                for s, more in cost.items():
                    way = (value + more, (*shares, s))
                    if count + s <= free and way < on.get(count + s, (math.inf, ())):
                        on[count + s] = way
            ways = on
        shares = ways[free][1]
        new = [(n, s) for n, s in enumerate(shares) if (n, s) not in solved]
        if not new:
            return [solved[n, s] for n, s in enumerate(shares)]
        for n, s in new:
            solved[n, s] = parts[n].solve(s, terms)
            costs[n][s] = solved[n, s].cost


def _named(shore: Shore, today: Division, parts: Sequence[Part], runs: Sequence[Runs]) -> Division:
    """Return the division, its sections with the names that keep the most kilometres."""
    number: list[tuple[Part, list[int]]] = []
    kept: dict[tuple[int, str], float] = {}
    count = 0
    for part, run in zip(parts, runs, strict=True):
        n = len(part.load)
        own = np.empty(n, np.int64)
        for a, b in pairwise(run.at.tolist()):
            own[np.arange(a, b) % n] = count
            count += 1
        number.append((part, own.tolist()))
        for section, name, km in zip(own.tolist(), part.owner, part.km.tolist(), strict=True):
            if name is not None:
                kept[section, name] = kept.get((section, name), 0.0) + km
    old = sorted({name for _, name in kept})
    table = np.zeros((count, len(old)))
    for (section, name), km in kept.items():
        table[section, old.index(name)] = km
    names: dict[int, str] = {}
    for section, column in zip(*linear_sum_assignment(table, maximize=True), strict=True):
        if table[section, column] > 0.0:
            names[int(section)] = old[column]
    for section in range(count):
        if section not in names:
            was = old[int(table[section].argmax())] if old else "S"
            names[section] = fresh_id({*names.values(), *today.sections}, was)
    return replace(today, cuts=tuple(sorted(_cuts(shore, today, number, names))))


def _cuts(
    shore: Shore,
    today: Division,
    number: Sequence[tuple[Part, list[int]]],
    names: Mapping[int, str],
) -> list[Cut]:
    """Return a cut wherever the section changes along a shoreline; locked ones keep theirs."""
    rows: dict[str, list[Cut]] = {}
    for part, own in number:
        for name, at, section in zip(part.shoreline, part.from_m.tolist(), own, strict=True):
            rows.setdefault(name, []).append(Cut(name, at, names[section]))
    for cut in today.cuts:
        if cut.section_id in today.locked:
            rows.setdefault(cut.shoreline_id, []).append(cut)
    rings = dict(zip(shore.names, shore.ring.tolist(), strict=True))
    return [cut for name, found in rows.items() for cut in parting(sorted(found), ring=rings[name])]
