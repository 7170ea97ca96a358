"""Give whole sensor tracks to vessels, and the ends of those that are nobody's as a whole."""

import numpy as np
import polars as pl

from ais import _matching as kernels
from ais._arrays import Bools, Ints
from ais._gates import Gates
from ais._pairing import best_pairs

_GIVEN = pl.Schema(
    {
        "k": pl.Int64(),
        "u": pl.Int64(),
        "first": pl.Int64(),
        "last": pl.Int64(),
        "gain": pl.Float64(),
        "sensor": pl.Int64(),
        "t0": pl.Int64(),
        "t1": pl.Int64(),
    }
)
"""A stretch of a sensor track (rows ``first`` to ``last``) and a voyage that may explain it. Of
those with one ``k`` one is chosen."""


def give_tracks(
    heard: kernels.Heard,
    seen: kernels.Seen,
    limits: kernels.Limits,
    use: Gates,
    sensor: Ints,
    track: Ints,
    who: pl.DataFrame,
    voyage: Ints,
) -> tuple[Bools, Bools]:
    """Give sensor tracks to voyages, in ``voyage``: first as wholes, then by their ends.

    Returns
    -------
    The detections on whose track a vessel was within the gates, and those that one would explain.
    """
    crossed, taken = np.zeros(len(track), np.bool_), np.zeros(len(track), np.bool_)
    pairs = _pairs(track, who)
    if not pairs.height:
        return crossed, taken
    begins = np.flatnonzero(np.diff(track, prepend=-1) != 0)
    ends = np.append(begins[1:], len(track)) - 1
    at = np.searchsorted(begins, pairs["row"].to_numpy(), side="right") - 1
    first, last, u = begins[at], ends[at], pairs["u"].to_numpy()
    _mark(crossed, first, last)
    fits = _fitting(heard, seen, limits, use, sensor, 2 * at, u, first, last)
    _mark(taken, fits["first"].to_numpy(), fits["last"].to_numpy())
    handover_ms = round(use.handover_s * 1000)
    given = _chosen(fits, fits.clear(), handover_ms)
    nobodys = ~np.isin(2 * at, given["k"].to_numpy())
    at, u, first, last = at[nobodys], u[nobodys], first[nobodys], last[nobodys]
    until, since = kernels.ends(heard, seen, first, last, u, use.least_part, limits)
    head, tail = until >= 0, since >= 0
    parts = _fitting(
        heard, seen, limits, use, sensor,
        np.append(2 * at[head], 2 * at[tail] + 1), np.append(u[head], u[tail]),
        np.append(first[head], since[tail]), np.append(until[head], last[tail]),
    )  # fmt: skip
    given = pl.concat([given, _chosen(parts, given, handover_ms)])
    for begin, end, k in given.sort("k").select("first", "last", "u").iter_rows():
        # Where both ends of a track reach into each other the beginning keeps its own.
        stretch = voyage[begin : end + 1]
        stretch[stretch < 0] = k
    return crossed, taken


def _pairs(track: Ints, who: pl.DataFrame) -> pl.DataFrame:
    """Return one row of each track, with each voyage that came within the gates of it."""
    near = who.with_columns(track=pl.Series(track[who["d"].to_numpy()]))
    return (
        near.filter(pl.col("track") >= 0)
        .group_by("track", "u")
        .agg(row=pl.col("d").min())
        .sort("row", "u")
    )


def _mark(rows: Bools, first: Ints, last: Ints) -> None:
    edge = np.zeros(len(rows) + 1, np.int64)
    np.add.at(edge, first, 1)
    np.add.at(edge, last + 1, -1)
    rows |= np.cumsum(edge[:-1]) > 0


def _fitting(
    heard: kernels.Heard,
    seen: kernels.Seen,
    limits: kernels.Limits,
    use: Gates,
    sensor: Ints,
    k: Ints,
    u: Ints,
    first: Ints,
    last: Ints,
) -> pl.DataFrame:
    """Return those stretches and voyages that go together by themselves, as ``_GIVEN``."""
    known, explained, gain = kernels.wholes(heard, seen, first, last, u, limits)
    fits = (explained > 0) & (explained >= use.least_share * known)
    fits &= known >= use.least_heard * (last - first + 1)
    columns = {
        "k": k, "u": u, "first": first, "last": last, "gain": gain, "sensor": sensor[first],
        "t0": seen.t[first], "t1": seen.t[last],
    }  # fmt: skip
    return pl.DataFrame({name: column[fits] for name, column in columns.items()}, schema=_GIVEN)


def _chosen(fits: pl.DataFrame, before: pl.DataFrame, handover_ms: int) -> pl.DataFrame:
    """Return the stretches and voyages that go together, beside those given ``before``.

    A voyage may have several stretches of a sensor, one after another: those that overlap in time
    compete for it, and what is left over is given in further rounds.
    """
    done = before
    left = _free(fits, done, handover_ms)
    while left.height:
        ordered = left.sort("sensor", "u", "t0", "t1", "k")
        until = pl.col("t1").cum_max().shift(1).over("sensor", "u")
        apart = (pl.col("t0") >= until - _spare("t0", "t1", handover_ms)).fill_null(value=True)
        slot = ordered.select(pl.struct("sensor", "u", apart.cum_sum()).rle_id()).to_series()
        ordered = ordered.with_columns(slot=slot.cast(pl.Int64)).sort("t0", "k", "u")
        k, column, gain = (ordered[c].to_numpy() for c in ("k", "slot", "gain"))
        chosen = ordered.filter(pl.Series(best_pairs(k, column, gain))).drop("slot")
        done = pl.concat([done, chosen])
        left = _free(left.join(chosen, on="k", how="anti"), done, handover_ms)
    return done[before.height :]


def _spare(t0: str, t1: str, handover_ms: int) -> pl.Expr:
    """Return by how much a stretch may overlap another: less than half of itself."""
    return pl.min_horizontal(pl.lit(handover_ms), (pl.col(t1) - pl.col(t0) - 1) // 2)


def _free(left: pl.DataFrame, done: pl.DataFrame, handover_ms: int) -> pl.DataFrame:
    """Return those of ``left`` whose voyage has no other stretch of the sensor at that time."""
    others = done.select("sensor", "u", b0="t0", b1="t1")
    overlap = pl.min_horizontal("t1", "b1") - pl.max_horizontal("t0", "b0")
    spare = pl.min_horizontal(_spare("t0", "t1", handover_ms), _spare("b0", "b1", handover_ms))
    busy = left.join(others, on=["sensor", "u"]).filter(overlap > spare)
    return left.join(busy, on=["k", "u"], how="anti", maintain_order="left")
