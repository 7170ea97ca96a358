"""Tell what each section holds and asks, fast enough to follow a cut that is being dragged."""

import numpy as np
import numpy.typing as npt
import polars as pl

from duty.division import Division
from duty.workload import Floats, Ints, Shore
from geo.errors import InputError

_MEASURED = (
    "km", "risk_km", "risk_mean", "risk_peak", "wharves", "risk_points", "patrol_h",
    "inspection_h", "workload_h", "load_h", "travel_min", "road_min", "straight_min",
)  # fmt: skip


def figures(shore: Shore, division: Division) -> pl.DataFrame:
    """Return what each section holds and asks.

    A segment belongs where its middle lies, a place where it lies, a hung shoreline whole.

    Returns
    -------
    polars.DataFrame
        Per section, sorted: ``section_id``; ``km``; ``risk_km`` (sum of risk x km), ``risk_mean``
        (by length), ``risk_peak`` (null without risk); ``wharves, risk_points``; hours a week:
        ``patrol_h`` (km over the pace, by the rounds of a week), ``inspection_h`` (minutes of
        each place by its cadence), ``workload_h`` their sum, ``load_h`` the same with each
        segment's hours weighted by its risk over the mean risk; ``travel_min`` from end to end:
        along the shore, by road where its length is known (``road_min`` of them), and in a
        straight line (``straight_min`` of them) from stretch to stretch and to what hangs, as
        `Shore.to_islands_min`.

    Raises
    ------
    InputError
        When shorelines have no section.
    """
    sections = division.sections
    n = len(sections)
    owner = _Owner(shore, division)
    of, at_sea = owner.section(shore.line, (shore.from_m + shore.to_m) / 2.0)
    of_place, _ = owner.section(shore.place_line, shore.place_m)

    def total(values: Floats) -> Floats:
        return np.asarray(np.bincount(of, values, n), np.float64)

    def count(kind: int) -> Ints:
        return np.asarray(np.bincount(of_place[shore.place_kind == kind], minlength=n), np.int64)

    risk_km, km = total(shore.risk * shore.km), total(shore.km)
    peak = np.full(n, -np.inf)
    np.fmax.at(peak, of, shore.risk)
    along = np.where(at_sea, 0.0, shore.pass_min)
    straight = _between_stretches(shore, of, owner.walk[~at_sea[owner.walk]], n)
    hung = np.flatnonzero(owner.onto >= 0)
    ways = shore.to_islands_min(owner.onto, owner.onto_m)
    if len(hung):
        straight += np.bincount(owner.section(hung, np.zeros(len(hung)))[0], ways[hung], n)
    patrol, inspection = total(shore.patrol_h), np.bincount(of_place, shore.place_h, n)
    weight = shore.weight[shore.place_segment]
    load = total(shore.patrol_h * shore.weight) + np.bincount(of_place, shore.place_h * weight, n)
    with np.errstate(invalid="ignore"):
        mean = risk_km / km
    return pl.DataFrame(
        {
            "section_id": sections,
            "km": km,
            "risk_km": risk_km,
            "risk_mean": mean,
            "risk_peak": np.where(np.isfinite(peak), peak, np.nan),
            "wharves": count(0),
            "risk_points": count(1),
            "patrol_h": patrol,
            "inspection_h": inspection,
            "workload_h": patrol + inspection,
            "load_h": load,
            "travel_min": total(along) + straight,
            "road_min": total(np.where(shore.by_road, along, 0.0)),
            "straight_min": straight,
        },
        schema_overrides={"section_id": pl.String},
    ).with_columns(pl.col("risk_km", "risk_mean", "risk_peak").fill_nan(None))


def against(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of now with what changed against before.

    Both are as `figures` gives them. Each measure ``x`` is joined by ``x_change``, where a
    section that is not there counts 0; ``state`` is new, gone, changed or same. A section that is
    gone keeps its row, with the measures null.
    """
    both = now.join(before, on="section_id", how="full", coalesce=True, suffix="_was")
    change = [
        (pl.col(name).fill_null(0) - pl.col(f"{name}_was").fill_null(0)).alias(f"{name}_change")
        for name in _MEASURED
    ]
    moved = pl.any_horizontal(pl.col(f"{name}_change").abs() > 1e-9 for name in _MEASURED)
    state = (
        pl.when(pl.col("km_was").is_null())
        .then(pl.lit("new"))
        .when(pl.col("km").is_null())
        .then(pl.lit("gone"))
        .when(moved)
        .then(pl.lit("changed"))
        .otherwise(pl.lit("same"))
    )
    return (
        both.with_columns(change)
        .select("section_id", *_MEASURED, *(f"{name}_change" for name in _MEASURED), state=state)
        .sort("section_id")
    )


class _Owner:
    """Finds the section of places: all shorelines end to end, each ring from its first cut on."""

    def __init__(self, shore: Shore, division: Division) -> None:
        row = {name: n for n, name in enumerate(shore.names)}
        code = {name: n for n, name in enumerate(division.sections)}
        cuts = [cut for cut in division.cuts if cut.shoreline_id in row]
        line = np.array([row[cut.shoreline_id] for cut in cuts], dtype=np.int64)
        at = np.array([cut.chainage_m for cut in cuts])
        self._first = np.full(len(row), np.nan)
        self._first[line[::-1]] = at[::-1]  # cuts are sorted: the first one is written last
        self._base = np.concatenate([[0.0], np.cumsum(shore.length_m + 1.0)])[:-1]
        self._shore = shore
        self.onto, self.onto_m = shore.hangs(division)
        reached = np.where(self.onto >= 0, self.onto, np.arange(len(row)))
        lost = np.unique(shore.line[np.isnan(self._first[reached[shore.line]])])
        if len(lost):
            raise InputError(
                f"{len(lost)} shorelines have no section: "
                f"{', '.join(shore.names[n] for n in lost[:5])}",
                where="sections",
                mend="Cut each of them, or hang it on a shoreline that is cut",
            )
        x = self._along(line, at)
        order = np.argsort(x)
        self._x = x[order]
        self._code = np.array([code[cut.section_id] for cut in cuts], dtype=np.int64)[order]
        middle = (shore.from_m + shore.to_m) / 2.0
        self.walk = np.argsort(self._along(shore.line, middle), kind="stable")

    def _along(self, line: Ints, chainage_m: Floats) -> Floats:
        first = np.where(self._shore.ring[line], np.nan_to_num(self._first[line]), 0.0)
        turned = (chainage_m - first) % self._shore.length_m[line]
        on = np.where(self._shore.ring[line], turned, chainage_m)
        return np.asarray(self._base[line] + on)

    def section(self, line: Ints, chainage_m: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the section's number of each place, and whether its shoreline hangs."""
        hung = self.onto[line] >= 0
        x = self._along(
            np.where(hung, self.onto[line], line), np.where(hung, self.onto_m[line], chainage_m)
        )
        return self._code[np.searchsorted(self._x, x, side="right") - 1], hung


def _between_stretches(shore: Shore, of: Ints, walk: Ints, n: int) -> Floats:
    """Return per section the straight-line minutes from each of its stretches to the next."""
    key = of[walk] * len(shore.names) + shore.line[walk]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    end = np.append(start[1:], len(walk)) - 1
    order = np.argsort(of[walk[start]], kind="stable")
    first, last = walk[start[order]], walk[end[order]]
    same = of[first[1:]] == of[last[:-1]]
    hops = shore.straight_min(last[:-1][same], first[1:][same])
    return np.asarray(np.bincount(of[first[1:]][same], hops, n), np.float64)
