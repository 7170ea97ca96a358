"""Balanced boundaries proposed from what a workspace knows, as drafts and as a curve."""

import math
from collections.abc import Iterable

import polars as pl

from duty.division import Division
from duty.proposal import PRICES, Limits, Proposal, proposals, propose
from duty.sections import hang_islands
from geo.errors import InputError
from workspace import store
from workspace._boundaries_compare import shore_of
from workspace._boundaries_drafts import lines
from workspace._boundaries_held import newest, read_version
from workspace._grids_held import holding
from workspace.folder import Workspace

__all__ = ["PRICES", "Limits", "proposed", "trade_off"]

PRICE = 0.5
"""Hours a week of imbalance that handing over one kilometre must save, where none is named."""


def proposed(
    ws: Workspace,
    *,
    chiefs: int | None = None,
    price: float = PRICE,
    limits: Limits | None = None,
    locked: Iterable[str] = (),
) -> Proposal:
    """Return the best balanced sections for a number of chiefs, as many as now by default.

    The shore is taken in the order of its segments; islands hang where they do now, or, where
    there are no sections yet, on the nearest mainland.

    Raises
    ------
    InputError
        As `duty.proposal.propose`.
    """
    base = _base(ws, locked)
    return propose(
        shore_of(ws),
        base,
        _chiefs(base, chiefs),
        order=_order(ws, base),
        limits=limits,
        price_h_per_km=price,
    )


def trade_off(
    ws: Workspace,
    *,
    chiefs: Iterable[int] = (),
    prices: Iterable[float] = PRICES,
    limits: Limits | None = None,
    locked: Iterable[str] = (),
) -> list[Proposal]:
    """Return the distinct proposals on the curve of balance against shore handed over."""
    base = _base(ws, locked)
    return proposals(
        shore_of(ws),
        base,
        list(chiefs) or [_chiefs(base, None)],
        order=_order(ws, base),
        limits=limits,
        prices_h_per_km=prices,
    )


def _chiefs(base: Division, chiefs: int | None) -> int:
    if chiefs is None and not base.sections:
        raise InputError(
            "there are no sections yet, so their number is not known",
            where="boundaries",
            mend="Say it: --chiefs K.",
        )
    return chiefs or len(base.sections)


def _base(ws: Workspace, locked: Iterable[str]) -> Division:
    """Return the version published last; without one, nothing but where islands hang."""
    with ws.engine.connect() as connection:
        held = read_version(connection, newest(connection))
    strangers = sorted(set(locked) - set(held.sections["section_id"]))
    if strangers:
        raise InputError(
            f"there is no section {', '.join(strangers)}",
            where="--lock",
            mend="`shoregrid boundaries WS show` tells them.",
        )
    if held.cuts.height:
        return Division.of(held.cuts, held.hangs, locked=locked)
    columns = ["shoreline_id", "from_m", "to_m", "lon", "lat"]
    shore = store.read(ws.engine, "segments", columns=columns)
    kinds = store.read(ws.engine, "shorelines", columns=["shoreline_id", "kind"])
    main = kinds.filter(pl.col("kind") == "mainland")["shoreline_id"]
    firm = main if len(main) else lines(ws).sort("length_m")["shoreline_id"].tail(1)
    hangs = hang_islands(shore, pl.DataFrame({"shoreline_id": firm}))
    return Division.of(held.cuts, hangs)


def _order(ws: Workspace, base: Division) -> list[str]:
    hung = {hang.shoreline_id for hang in base.hangs}
    return [name for name in lines(ws)["shoreline_id"] if name not in hung]


def limits_of(
    ws: Workspace,
    *,
    length_km: float | None,
    travel_min: float | None,
    crossing_h: float | None,
) -> Limits:
    """Return limits, infinite where none is named; without townships no border can cost."""
    if crossing_h is not None and holding(ws, "township").version is None:
        raise InputError(
            "there are no townships yet, so their borders are not known",
            where="--crossing",
            mend="Import them: shoregrid import WS boundaries FILE.",
        )
    return Limits(
        math.inf if length_km is None else length_km,
        math.inf if travel_min is None else travel_min,
        crossing_h or 0.0,
    )
