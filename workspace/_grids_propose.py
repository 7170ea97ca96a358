"""Grids for k teams proposed from what a workspace knows, as drafts and as a curve."""

from collections.abc import Iterable

import numpy as np
import polars as pl
import shapely

from duty.regions import PRICE, PRICES, Grouping, proposals, propose
from geo.errors import InputError
from geo.grids import locate
from workspace._boundaries_compare import shore_of
from workspace._grids_held import LEVELS, Level, holding
from workspace.folder import Workspace
from workspace.grids import of_places, villages

__all__ = ["BALANCES", "PRICE", "PRICES", "proposed", "units_of"]

BALANCES = ("workload", "risk", "villages", "area")
# Units are smaller than what is made of them: the finest level that there is comes first.
_UNITS = {
    "patrol": ("grid", "village", "patrol"),
    "grid": ("village", "grid"),
    "village": ("grid",),
    "township": ("village", "grid"),
}


def units_of(ws: Workspace, level: str, units: str | None = None) -> Level:
    """Return the units that grids of a level are made of, by default the smallest that there are.

    Raises
    ------
    InputError
        When there are none.
    """
    found = [holding(ws, one) for one in ((units,) if units else _UNITS[level])]
    found = [one for one in found if one.version is not None]
    if not found:
        wanted = ", ".join(LEVELS[one][1] for one in ((units,) if units else _UNITS[level]))
        raise InputError(
            f"there are no units to make grids of: {wanted}",
            where="--units",
            mend="Import them: shoregrid import WS boundaries FILE.",
        )
    return max(found, key=lambda one: len(one.grids.coverage.ids))


def proposed(
    ws: Workspace,
    level: str,
    units: Level,
    *,
    teams: int | None = None,
    balance: str = "workload",
    prices: Iterable[float] = (PRICE,),
    seed: int = 0,
) -> list[Grouping]:
    """Return grids for a number of teams, as many as now by default: one, or the trade-off.

    A unit is in today's grid in which it has a point of its own.

    Raises
    ------
    InputError
        As `duty.regions.propose`, and when their number is not known.
    """
    now = holding(ws, level)
    count = teams or len(now.grids.coverage.ids)
    if not count:
        raise InputError(
            "there are no grids yet, so their number is not known",
            where="grids",
            mend="Say it: --teams K.",
        )
    inside = shapely.point_on_surface(units.grids.coverage.shapes)
    today = locate(now.grids.coverage, shapely.get_x(inside), shapely.get_y(inside))
    load = _load(ws, units, balance)
    given = today if now.version is not None else None
    chosen = list(prices)
    if len(chosen) == 1:
        return [propose(units.grids.coverage, load, count, today=given, price=chosen[0], seed=seed)]
    return proposals(units.grids.coverage, load, [count], today=given, prices=chosen, seed=seed)


def _load(ws: Workspace, units: Level, balance: str) -> np.ndarray:
    """Return what each unit asks: hours a week weighted by risk, risk x km, villages or km2."""
    coverage = units.grids.coverage
    if balance == "area":
        return coverage.km2
    if balance == "villages":
        places = villages(ws)
        grid = of_places(units, places["lon"], places["lat"], within_m=0.0)
        what = pl.Series([1.0] * len(grid), dtype=pl.Float64)
    else:
        shore = shore_of(ws)
        grid = of_places(units, pl.Series(shore.lon), pl.Series(shore.lat))
        load = shore.weight * shore.patrol_h
        np.add.at(load, shore.place_segment, shore.place_h)
        what = pl.Series(load if balance == "workload" else np.nan_to_num(shore.risk) * shore.km)
    found = pl.DataFrame({"grid_id": grid, "load": what}).group_by("grid_id").agg(pl.sum("load"))
    order = pl.DataFrame({"grid_id": coverage.ids})
    told = order.join(found, on="grid_id", how="left", maintain_order="left")
    return told["load"].fill_null(0.0).to_numpy()
