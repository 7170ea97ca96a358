"""What the indicators share: the shifts as arrays, times as numbers, and effects carried ashore."""

from dataclasses import dataclass
from datetime import datetime

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from risk.inputs import Inputs

Floats = npt.NDArray[np.float64]
DAY_MS = 86_400_000.0


@dataclass(frozen=True)
class When:
    """The shifts' starts, and how far each may look: no further than what was known then."""

    t0: Floats
    cutoff: Floats
    hours: Floats
    shift_ids: tuple[str, ...]


def unknown() -> Floats:
    """Return what a source that is not there tells of every segment and shift."""
    return np.full((1, 1), np.nan)


def segment_column(inputs: Inputs, name: str) -> Floats:
    """Return a column of the segments as ``[segment, 1]``, NaN where it is not known."""
    if name not in inputs.segments.columns:
        return unknown()
    column = inputs.segments[name].cast(pl.Float64).fill_null(np.nan)
    return column.to_numpy()[:, None]


def milliseconds(t: datetime) -> float:
    """Return an aware instant as milliseconds since 1970."""
    return t.timestamp() * 1000.0


def epoch(column: str) -> pl.Expr:
    """Return a date or UTC time column as milliseconds, NaN where null."""
    time = pl.col(column).cast(pl.Datetime("ms"))
    return time.dt.epoch("ms").cast(pl.Float64).fill_null(np.nan)


def noted(incidents: pl.DataFrame) -> pl.Series:
    """Return the milliseconds from when on each incident was known: at once, if not noted."""
    if "known" not in incidents:
        return incidents.select(epoch("t0")).to_series()
    return incidents.select(t=pl.max_horizontal("t0", "known")).select(epoch("t")).to_series()


def faded(things: pl.DataFrame, when: When, *, half_life_days: float, window_days: float) -> Floats:
    """Return ``[thing, shift]``: weight x 0.5^(age / half-life), 0 beyond the window.

    ``things`` has ``first``, from when on it is known, ``last`` from when on it ages, and
    ``weight``.
    """
    first = things["first"].to_numpy()[:, None]
    last = np.minimum(things["last"].to_numpy()[:, None], when.cutoff)
    age = (when.t0 - last) / DAY_MS
    seen = (first <= when.cutoff) & (age <= window_days)
    effect: Floats = np.where(seen, np.exp2(-age / half_life_days), 0.0)
    effect *= things["weight"].to_numpy()[:, None]
    return effect


def by_distance(pairs: pl.DataFrame, *, reach_m: float) -> pl.DataFrame:
    """Return pairs with ``strength`` = exp(-distance / reach_m)."""
    return pairs.with_columns(strength=(-pl.col("distance_m") / reach_m).exp())


def spread(
    pairs: pl.DataFrame, things: pl.DataFrame, key: str, effect: Floats, *, segments: int
) -> Floats:
    """Carry effects ``[thing, shift]`` to segments, each pair by its ``strength``.

    Within a group (``things.group``) only the greatest counts; groups add up.
    """
    joined = (
        pairs.select(key, "segment", "strength")
        .join(things.select(key, "group").with_row_index("thing"), on=key)
        .sort("segment", "group", "thing")
    )
    out = np.zeros((segments, effect.shape[1]))
    _sum_of_greatest(
        joined["segment"].to_numpy().astype(np.int64),
        joined["group"].to_numpy().astype(np.int64),
        joined["thing"].to_numpy().astype(np.int64),
        joined["strength"].to_numpy().astype(np.float64),
        np.array(effect, order="C"),  # a copy: Polars' own are read-only, another type to numba
        out,
    )
    return out


@numba.njit(cache=True)
def _sum_of_greatest(
    segment: npt.NDArray[np.int64],
    group: npt.NDArray[np.int64],
    thing: npt.NDArray[np.int64],
    strength: Floats,
    effect: Floats,
    out: Floats,
) -> None:
    """Add to ``out[segment]`` each group's greatest strength x effect; pairs are sorted so."""
    n, n_shift = len(segment), effect.shape[1]
    best = np.zeros(n_shift)
    for i in range(n):
        for s in range(n_shift):
            best[s] = max(best[s], strength[i] * effect[thing[i], s])
        if i + 1 == n or segment[i + 1] != segment[i] or group[i + 1] != group[i]:
            for s in range(n_shift):
                out[segment[i], s] += best[s]
                best[s] = 0.0
