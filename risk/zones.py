"""Choose the stretches of shore worth a patrol, within a budget of kilometres."""

from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_TIE = 1e-12
_SAME = 1e-6  # points x km that are no gain
# What leaving out an end of a shoreline adds: of a ring with a run through its origin, both ends
# are in it.
_FREE, _BARRED = 0.0, -np.inf
ZONES = pl.Schema(
    {
        "zone_id": pl.String(),
        "rank": pl.UInt16(),
        "shoreline_id": pl.String(),
        "from_m": pl.Float64(),
        "to_m": pl.Float64(),
        "segments": pl.List(pl.UInt32()),
        "km": pl.Float64(),
        "risk": pl.Float64(),
        "risk_km": pl.Float64(),
        "peak": pl.Float64(),
    }
)


@dataclass(frozen=True)
class _Shore:
    """Segments of all shorelines in walking order; ``start`` bounds each shoreline's run."""

    order: Ints  # row in the segment table
    start: Ints  # shoreline s is order[start[s]:start[s + 1]]
    ring: Bools
    km: Floats
    score: Floats


@dataclass(frozen=True)
class _Limits:
    budget_km: float
    max_zones: int
    floor: float


def zones(
    segments: pl.DataFrame,
    score: Floats,
    *,
    budget_km: float = 30.0,
    max_zones: int = 12,
    floor: float = 20.0,
    before: Bools | None = None,
    stay: float = 0.0,
) -> pl.DataFrame:
    """Choose at most ``max_zones`` runs of segments with the greatest score x kilometres.

    A zone is contiguous on one shoreline; on a ring it may run through the origin. The choice
    maximises sum((score - price) x km) exactly, by dynamic programming over segments and zones,
    at the lowest price per kilometre (not under ``floor``) that keeps the budget (Everett 1963,
    "Generalized Lagrange multiplier method"): no choice of as many zones with the same or fewer
    kilometres holds more risk. What is left of the budget then lengthens zones, or opens one,
    segment by segment, the highest score first. Nothing is random and ties have one answer.

    Zones stay where they were ``before``, unless moving them gains more than ``stay`` points for
    each kilometre that becomes a zone or is one no more. A kilometre that was none counts ``stay``
    points less in the choice and one that was counts ``stay`` more, so that the choice is as exact
    as without; it is taken only for that gain, and then once more from where it leads, until
    nothing moves. So the same scores leave the zones as they are, and so do scores that each moved
    by at most ``stay``, unless the other choice was the better one before they did.

    Parameters
    ----------
    segments : polars.DataFrame
        ``segment_id, shoreline_id, from_m, to_m, length_m`` and optionally ``is_ring`` (without
        it no run passes an origin).
    score : array
        0..100 per row of ``segments``; NaN rows are never chosen.
    budget_km : float
        Most kilometres in all.
    max_zones : int
        Most zones.
    floor : float
        Score below which a kilometre is not worth a patrol.
    before : array, optional
        Which rows of ``segments`` were a zone before; none given, nothing holds the zones. Where
        they break the budget or ``max_zones`` of today, or a row has no score, they hold no more
        than the choice does by itself.
    stay : float
        Points.

    Returns
    -------
    polars.DataFrame
        ``ZONES``: ``segments`` are rows in walking order, ``risk`` the mean score by length,
        ``risk_km`` the sum of score x km; rank 1 has the highest mean score. On a ring
        ``from_m > to_m`` says that the zone runs through the origin.
    """
    if budget_km < 0 or max_zones < 1 or stay < 0 or len(score) != len(segments):
        raise InputError(
            f"budget_km {budget_km}, max_zones {max_zones}, stay {stay}, {len(score)} scores for "
            f"{len(segments)} segments",
            where="zones",
            mend="Give a budget and a stay of 0 or more, at least one zone, and a score for each "
            "segment",
        )
    shore = _shore(segments, score)
    limits = _Limits(budget_km, max_zones, floor)
    chosen = None if before is None else before[shore.order]
    if chosen is None or not _allowed(shore, chosen, limits):
        chosen = _best(_leant(shore, chosen, stay), limits)
    while True:
        leant = _leant(shore, chosen, stay)
        moved = _best(leant, limits)
        gain = _worth(leant, moved, floor) - _worth(leant, chosen, floor)
        if gain <= _SAME:
            return _table(segments, shore, _runs(shore, chosen))
        chosen = moved


def _shore(segments: pl.DataFrame, score: Floats) -> _Shore:
    ring = pl.col("is_ring") if "is_ring" in segments.columns else pl.lit(value=False)
    rows = segments.select(
        "shoreline_id", "from_m", "length_m", ring=ring, row=pl.int_range(pl.len(), dtype=pl.Int64)
    ).sort("shoreline_id", "from_m", "row")
    first = rows["shoreline_id"].rle_id().to_numpy()
    start = np.flatnonzero(np.diff(first, prepend=-1.0))
    order = rows["row"].to_numpy()
    return _Shore(
        order=order,
        start=np.append(start, len(rows)).astype(np.int64),
        ring=rows["ring"].to_numpy()[start],
        km=rows["length_m"].to_numpy() / 1000.0,
        score=np.nan_to_num(np.asarray(score, np.float64)[order], nan=-np.inf),
    )


def _leant(shore: _Shore, before: Bools | None, stay: float) -> _Shore:
    """Return the shore with scores that lean ``stay`` points towards what was a zone before."""
    if before is None:
        return shore
    return replace(shore, score=shore.score + np.where(before, stay, -stay))


def _best(shore: _Shore, limits: _Limits) -> Bools:
    return _lengthen(shore, _within(shore, limits), limits)


def _allowed(shore: _Shore, chosen: Bools, limits: _Limits) -> bool:
    """Return whether a choice keeps the limits, with a score everywhere."""
    return (
        float(shore.km[chosen].sum()) <= limits.budget_km + _TIE
        and len(_runs(shore, chosen)) <= limits.max_zones
        and bool(np.isfinite(shore.score[chosen]).all())
    )


def _worth(shore: _Shore, chosen: Bools, floor: float) -> float:
    """Return the sum of score above ``floor`` x kilometres of a choice."""
    return float(((shore.score - floor) * shore.km)[chosen].sum())


def _within(shore: _Shore, limits: _Limits) -> Bools:
    """Return the best choice at the lowest price that keeps the budget.

    The best value is a convex, piecewise-linear function of the price, so the crossing of the
    lines of a choice within the budget and one beyond it either finds a choice between them or
    proves that there is none.
    """

    def best(price: float) -> Bools:
        return _choose(shore.km, shore.score, shore.start, shore.ring, price, limits.max_zones)

    def measure(choice: Bools) -> tuple[float, float]:
        km = shore.km[choice]
        return float(km.sum()), float((km * shore.score[choice]).sum())

    beyond = best(limits.floor)
    km1, risk1 = measure(beyond)
    if km1 <= limits.budget_km:
        return beyond
    within = np.zeros(len(shore.km), np.bool_)
    km0, risk0 = 0.0, 0.0
    while True:
        price = (risk1 - risk0) / (km1 - km0)
        choice = best(price)
        km, risk = measure(choice)
        on_line = risk - price * km <= risk0 - price * km0 + 1e-9 * max(1.0, risk1)
        if on_line or km in (km0, km1):
            return within
        if km <= limits.budget_km:
            within, km0, risk0 = choice, km, risk
        else:
            km1, risk1 = km, risk


def _lengthen(shore: _Shore, chosen: Bools, limits: _Limits) -> Bools:
    """Spend what is left of the budget, a segment at a time, the highest score first."""
    chosen = chosen.copy()
    before, after = _neighbours(shore)
    left = limits.budget_km - float(shore.km[chosen].sum())
    count = len(_runs(shore, chosen))
    ranked = np.argsort(-shore.score, kind="stable")
    ranked = ranked[shore.score[ranked] >= limits.floor]
    while True:
        fits = ranked[~chosen[ranked] & (shore.km[ranked] <= left)]
        beside = (chosen[before[fits]] & (before[fits] >= 0)).astype(int)
        beside += chosen[after[fits]] & (after[fits] >= 0)
        fits = fits if count < limits.max_zones else fits[beside > 0]
        if len(fits) == 0:
            return chosen
        chosen[fits[0]] = True
        left -= float(shore.km[fits[0]])
        count = len(_runs(shore, chosen))


def _neighbours(shore: _Shore) -> tuple[Ints, Ints]:
    """Return each segment's neighbour before and after along its shoreline, -1 for none."""
    n = len(shore.km)
    before, after = np.arange(-1, n - 1), np.arange(1, n + 1)
    first, last = shore.start[:-1], shore.start[1:] - 1
    long = shore.ring & (last > first)
    before[first] = np.where(long, last, -1)
    after[last] = np.where(long, first, -1)
    return before, after


def _runs(shore: _Shore, chosen: Bools) -> list[Ints]:
    """Return the chosen runs as positions in walking order, joined over the origin of a ring."""
    runs: list[Ints] = []
    which = np.flatnonzero(chosen)
    shoreline = np.searchsorted(shore.start, which, side="right") - 1
    cut = np.flatnonzero((np.diff(which) > 1) | (np.diff(shoreline) > 0)) + 1
    by_shoreline: dict[int, list[Ints]] = {}
    for run, of in zip(np.split(which, cut), np.split(shoreline, cut), strict=True):
        if len(run):
            by_shoreline.setdefault(int(of[0]), []).append(run)
    for s, parts in by_shoreline.items():
        joins = (
            shore.ring[s]
            and len(parts) > 1
            and parts[0][0] == shore.start[s]
            and parts[-1][-1] == shore.start[s + 1] - 1
        )
        if joins:
            parts = [np.concatenate([parts[-1], parts[0]]), *parts[1:-1]]
        runs.extend(parts)
    return runs


def _table(segments: pl.DataFrame, shore: _Shore, runs: list[Ints]) -> pl.DataFrame:
    found = []
    for run in runs:
        rows = shore.order[run]
        km = float(shore.km[run].sum())
        risk_km = float((shore.km[run] * shore.score[run]).sum())
        first, last = (
            segments.row(int(rows[0]), named=True),
            segments.row(int(rows[-1]), named=True),
        )
        found.append(
            {
                "zone_id": f"Z-{first['segment_id']}",
                "shoreline_id": first["shoreline_id"],
                "from_m": first["from_m"],
                "to_m": last["to_m"],
                "segments": rows.tolist(),
                "km": km,
                "risk": risk_km / km,
                "risk_km": risk_km,
                "peak": float(shore.score[run].max()),
            }
        )
    found.sort(key=lambda z: (-z["risk"], -z["risk_km"], z["shoreline_id"], z["from_m"]))
    for rank, zone in enumerate(found, start=1):
        zone["rank"] = rank
    return pl.DataFrame(found, schema=ZONES)


@numba.njit(cache=True)
def _choose(
    km: Floats,
    score: Floats,
    start: Ints,
    ring: Bools,
    price: float,
    max_zones: int,
) -> Bools:
    """Return which segments are in the best choice of at most ``max_zones`` runs at a price."""
    gain = (score - price) * km
    value, wrapped = _values(gain, start, ring, max_zones)
    count = _share_out(value)
    chosen = np.zeros(len(km), np.bool_)
    for s in range(len(count)):
        j = count[s]
        if j > 0:
            a, b = start[s], start[s + 1]
            if wrapped[s, j]:
                _, picked = _line(gain[a:b], j + 1, _BARRED)
            else:
                _, picked = _line(gain[a:b], j, _FREE)
            chosen[a:b] = picked
    return chosen


@numba.njit(cache=True)
def _values(gain: Floats, start: Ints, ring: Bools, k_max: int) -> tuple[Floats, Bools]:
    """Return the best gain ``[shoreline, k]`` of at most k runs, and whether one wraps."""
    n_shore = len(start) - 1
    value = np.zeros((n_shore, k_max + 1))
    wrapped = np.zeros((n_shore, k_max + 1), np.bool_)
    for s in range(n_shore):
        g = gain[start[s] : start[s + 1]]
        if g.max() <= 0.0:
            continue
        value[s], _ = _line(g, k_max, _FREE)
        if ring[s] and len(g) > 1:
            # A run through the origin counts once but is two runs on the opened ring.
            loop, _ = _line(g, k_max + 1, _BARRED)
            for k in range(1, k_max + 1):
                if loop[k + 1] > value[s, k] + _TIE:
                    value[s, k] = loop[k + 1]
                    wrapped[s, k] = True
    return value, wrapped


@numba.njit(cache=True)
def _share_out(value: Floats) -> Ints:
    """Return how many of k runs each shoreline gets for the greatest sum; fewest on a tie."""
    n_shore, width = value.shape
    best = np.zeros(width)
    taken = np.zeros((n_shore, width), np.int64)
    for s in range(n_shore):
        if value[s, width - 1] <= 0.0:
            continue
        for k in range(width - 1, -1, -1):
            for j in range(1, k + 1):
                if best[k - j] + value[s, j] > best[k] + _TIE:
                    best[k] = best[k - j] + value[s, j]
                    taken[s, k] = j
    count = np.zeros(n_shore, np.int64)
    k = width - 1
    for s in range(n_shore - 1, -1, -1):
        count[s] = taken[s, k]
        k -= count[s]
    return count


@numba.njit(cache=True)
def _line(gain: Floats, k_max: int, end_out: float) -> tuple[Floats, Bools]:
    """Return the best gain of at most k runs for each k, and the choice for ``k_max``.

    ``end_out`` is added for each end that is left out. A tie leaves out.
    """
    n = len(gain)
    out = np.full((n + 1, k_max + 1), -np.inf)  # best of the first i, the last of them left out
    inn = np.full((n + 1, k_max + 1), -np.inf)  # the same, the last of them in a run
    fresh = np.zeros((n + 1, k_max + 1), np.bool_)  # inn: does the run begin here
    kept = np.zeros((n + 1, k_max + 1), np.bool_)  # out: was the one before in a run
    out[0, :] = 0.0
    for i in range(1, n + 1):
        for k in range(k_max + 1):
            a, b = out[i - 1, k], inn[i - 1, k]
            kept[i, k] = b > a
            out[i, k] = b if b > a else a
            if i in (1, n):
                out[i, k] += end_out
            if k > 0:
                a, b = out[i - 1, k - 1], inn[i - 1, k]
                fresh[i, k] = a >= b
                inn[i, k] = gain[i - 1] + (a if a >= b else b)
    values = np.empty(k_max + 1)
    for k in range(k_max + 1):
        values[k] = max(out[n, k], inn[n, k])
    picked = np.zeros(n, np.bool_)
    k = k_max
    inside = inn[n, k] > out[n, k]
    for i in range(n, 0, -1):
        if inside:
            picked[i - 1] = True
            if fresh[i, k]:
                inside = False
                k -= 1
        elif kept[i, k]:
            inside = True
    return values, picked
