"""Tell apart the hulls that share one MMSI, across their silences."""

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Floats, Ints
from ais._plane import KNOT, metres
from ais.tracks import AIRCRAFT_KN, ANY_MPS, CLOCK_SLACK_S, unlikelihood

AT_ONCE_S = 600.0
"""So long two places have to be told at once: a receiver that jumps does so for seconds."""
IN_TURN = 2
"""So often the name has to change from track to track: a vessel is renamed once."""
APART_M = 1000.0
"""Two tracks nearer than this, on the whole, are one vessel heard by stations whose clocks
differ, or that carries two transmitters."""
_MIN_REPORTS = 10
_MOST = 16
_STEP_S = 600.0
_STUCK_SHARE, _STUCK_M = 0.5, 2000.0
_BATTERY = r"\d+([.,]\d+)?\s*[%V]\d?\s*$"
_NAME_NOISE = r"[^\p{L}\p{N}]"


def assign(
    tracks: pl.DataFrame, statics: pl.DataFrame | None = None, *, max_speed_kn: float = 60.0
) -> pl.DataFrame:
    """Return the tracks with the ``hull`` of each: 0, 1, ... within its MMSI.

    Of the hulls whose end it can be reached from, a track goes on from the likeliest (near, and
    not long ago); one that is heard at that time is none. Where names (or else lengths) are
    known, a hull keeps its own. A second hull is believed only when it tells 10 positions, makes
    at least half of the way that its speed says (a receiver that falls back to one place does
    not), and either both are heard at once for 10 minutes, in tracks of 10 positions, or their
    names change at least twice from track to track. Else all is one hull: one with outliers, or
    one that was renamed.

    Parameters
    ----------
    tracks : DataFrame
        As ``ais.tracks.tracks`` returns them, sorted by (mmsi, t).
    statics : DataFrame, optional
        With the columns of ``STATICS``, to tell tracks apart by name and length.

    Returns
    -------
    DataFrame
        ``tracks`` with ``hull`` u8, null where ``impossible``; 0 for the hull heard first.
    """
    rows = tracks.filter(pl.col("track_id").is_not_null())
    if not rows.height:
        return tracks.with_columns(pl.lit(None, pl.UInt8).alias("hull"))
    track = rows["track_id"].to_numpy().astype(np.int64)
    n_tracks = int(track.max()) + 1
    mmsi = rows["mmsi"].to_numpy()
    t = rows["t"].dt.epoch("ms").to_numpy()
    hull = _chain(
        mmsi,
        t,
        rows["lon"].to_numpy(),
        rows["lat"].to_numpy(),
        track,
        _ends(track, t, n_tracks),
        np.bincount(track, minlength=n_tracks),
        np.where(mmsi // 1_000_000 == 111, AIRCRAFT_KN, max_speed_kn) * KNOT,
        *_signatures(rows, statics, n_tracks),
        _lag_m(rows),
    )
    of_row = pl.Series(hull.astype(np.uint8)).gather(tracks["track_id"].fill_null(0))
    known = pl.col("track_id").is_not_null()
    return tracks.with_columns(pl.when(known).then(of_row).alias("hull"))


def shared(tracks: pl.DataFrame) -> pl.DataFrame:
    """Return the MMSIs that more than one hull uses: ``mmsi, hulls, overlap_s, distance_km, why``.

    Parameters
    ----------
    tracks : DataFrame
        As `assign` returns them.

    Returns
    -------
    DataFrame
        By mmsi. ``overlap_s`` is for how long two hulls were heard at once, ``distance_km`` the
        median of how far apart, where one was heard after the other within ten minutes (null
        where never). ``why`` is ``at_once`` or ``in_turn``.
    """
    several = tracks.filter(pl.col("hull").is_not_null()).filter(
        pl.col("hull").max().over("mmsi") > 0
    )
    track = several["track_id"].to_numpy().astype(np.int64)
    n_tracks = int(track.max()) + 1 if len(track) else 0
    t = several["t"].dt.epoch("ms").to_numpy()
    hull = several["hull"].to_numpy().astype(np.int64)
    both_s, apart_m = _together(
        several["mmsi"].to_numpy(),
        t,
        several["lon"].to_numpy(),
        several["lat"].to_numpy(),
        hull,
        _ends(track, t, n_tracks)[track],
    )
    return (
        several.select(
            "mmsi",
            "hull",
            pl.Series("both_s", both_s),
            pl.Series("apart_m", apart_m, nan_to_null=True),
        )
        .group_by("mmsi")
        .agg(
            pl.col("hull").n_unique().cast(pl.UInt8).alias("hulls"),
            pl.col("both_s").sum().alias("overlap_s"),
            (pl.col("apart_m").median() / 1000).alias("distance_km"),
        )
        .with_columns(
            pl.when(pl.col("overlap_s") >= AT_ONCE_S)
            .then(pl.lit("at_once"))
            .otherwise(pl.lit("in_turn"))
            .alias("why")
        )
        .sort("mmsi")
    )


def _ends(track: Ints, t: Ints, n_tracks: int) -> Ints:
    """Return the last time of each track."""
    ends = np.zeros(n_tracks, np.int64)
    np.maximum.at(ends, track, t)
    return ends


def _lag_m(rows: pl.DataFrame) -> Floats:
    """Return by how much each step falls short of half the way that the speed told makes."""
    if "sog_kn" not in rows.columns:
        return np.zeros(rows.height)
    said_m = pl.col("sog_kn").cast(pl.Float64) * KNOT * pl.col("step_s")
    lag = pl.when(pl.col("step_s") <= _STEP_S).then(_STUCK_SHARE * said_m - pl.col("step_m"))
    return rows.select(lag.fill_nan(None).fill_null(0.0)).to_series().to_numpy()


def _signatures(
    rows: pl.DataFrame, statics: pl.DataFrame | None, n_tracks: int
) -> tuple[Ints, Floats]:
    """Return what each track calls itself (a code, -1 where unknown) and its length (or NaN).

    A static report belongs to the track that it lies in, where that is the only one of its MMSI
    at the time. What most reports say holds.
    """
    name, length_m = np.full(n_tracks, -1, np.int64), np.full(n_tracks, np.nan)
    if statics is None:
        return name, length_m
    plain = pl.col("name").str.to_uppercase().str.replace(_BATTERY, "")
    said = statics.select("mmsi", "t", plain.str.replace_all(_NAME_NOISE, ""), "length_m")
    several = pl.any_horizontal(pl.col("name", "length_m").drop_nulls().n_unique().over("mmsi") > 1)
    said = said.filter(several).with_row_index("_static")
    spans = rows.group_by("mmsi", "track_id").agg(
        pl.col("t").min().alias("t0"), pl.col("t").max().alias("t1")
    )
    # Static reports come every six minutes: one may stand that much outside its track.
    slack = pl.duration(minutes=6)
    within = (
        said.join(spans, on="mmsi")
        .filter(pl.col("t").is_between(pl.col("t0") - slack, pl.col("t1") + slack))
        .filter(pl.len().over("_static") == 1)
    )
    names = _most_said(within.filter(pl.col("name") != ""), "name")
    lengths = _most_said(within.filter(pl.col("length_m") > 0), "length_m")
    name[names["track_id"].to_numpy()] = (
        names["name"].cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    )
    length_m[lengths["track_id"].to_numpy()] = lengths["length_m"].to_numpy()
    return name, length_m


def _most_said(within: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return the commonest value of each track; the least of those as common."""
    return (
        within.group_by("track_id", column)
        .len()
        .sort("track_id", "len", column, descending=[False, True, False])
        .unique("track_id", keep="first", maintain_order=True)
    )


@numba.njit(cache=True, nogil=True, inline="always")
def _differ(name: int, length_m: float, other: int, other_m: float) -> bool:
    """Return whether two names, or else two lengths, are known and not the same."""
    if name >= 0 and other >= 0:
        return name != other
    return abs(length_m - other_m) > 1.0


@numba.njit(cache=True, nogil=True)
def _chain(  # noqa: C901
    mmsi: Array,
    t: Ints,
    lon: Floats,
    lat: Floats,
    track: Ints,
    ends: Ints,
    size: Ints,
    limit: Floats,
    name: Ints,
    length_m: Floats,
    lag_m: Floats,
) -> Ints:
    """Return the hull of each track: chained by place, time and name, then believed or not."""
    n = len(t)
    hull = np.full(len(ends), -1, np.int64)
    last = np.zeros(_MOST, np.int64)
    called = np.full(_MOST, -1, np.int64)
    long_m = np.full(_MOST, np.nan)
    until = np.zeros(_MOST, np.int64)
    rows = np.zeros(_MOST, np.int64)
    turns = np.zeros(_MOST, np.int64)
    behind_m = np.zeros(_MOST)
    both_ms = np.zeros((_MOST, _MOST))
    apart = np.zeros((_MOST, _MOST))
    pairs = np.zeros((_MOST, _MOST), np.int64)
    first, used, before = 0, 0, -1
    for i in range(n):
        k = track[i]
        begins = hull[k] < 0
        if begins:
            best, best_cost = -1, np.inf
            for h in range(used):
                j = last[h]
                if until[h] >= t[i]:
                    continue
                same = name[k] >= 0 and name[k] == called[h]
                differ = _differ(name[k], length_m[k], called[h], long_m[h])
                m, seconds = metres(lon[j], lat[j], lon[i], lat[i]), (t[i] - t[j]) / 1000.0
                if differ or m > limit[i] * (seconds + CLOCK_SLACK_S):
                    continue
                cost = unlikelihood(m, seconds, ANY_MPS) - (1e6 if same else 0.0)
                if cost < best_cost:
                    best, best_cost = h, cost
            if best < 0:
                best = used
                if used < _MOST:
                    rows[used], turns[used], behind_m[used] = 0, 0, 0.0
                    called[used], long_m[used] = -1, np.nan
                    both_ms[used, :], both_ms[:, used] = 0.0, 0.0
                    apart[used, :], apart[:, used] = 0.0, 0.0
                    pairs[used, :], pairs[:, used] = 0, 0
                    used += 1
                else:
                    best = 0
            hull[k] = best
            if name[k] >= 0:
                called[best] = name[k]
            if length_m[k] > 0:
                long_m[best] = length_m[k]
            until[best] = ends[k]
            if name[k] >= 0 or length_m[k] > 0:
                if before >= 0 and _differ(name[k], length_m[k], name[before], length_m[before]):
                    turns[best] += 1
                    turns[hull[before]] += 1
                before = k
        h = hull[k]
        for g in range(used):
            if g != h and until[g] >= t[i] and rows[g] > 0:
                a, b = min(g, h), max(g, h)
                few = min(size[k], size[track[last[g]]]) < _MIN_REPORTS
                if not (begins or few):
                    both_ms[a, b] += t[i] - t[i - 1]
                apart[a, b] += metres(lon[last[g]], lat[last[g]], lon[i], lat[i])
                pairs[a, b] += 1
        behind_m[h] += lag_m[i]
        rows[h] += 1
        last[h] = i
        if i + 1 == n or mmsi[i + 1] != mmsi[i]:
            _believe(hull, track[first : i + 1], used, rows, turns, behind_m, both_ms, apart, pairs)
            first, used, before = i + 1, 0, -1
    return hull


@numba.njit(cache=True, nogil=True)
def _believe(  # noqa: C901
    hull: Ints,
    track: Ints,
    used: int,
    rows: Ints,
    turns: Ints,
    behind_m: Floats,
    both_ms: Floats,
    apart: Floats,
    pairs: Ints,
) -> None:
    """Give each real hull of one MMSI its number, and the largest the tracks of the others."""
    real = np.zeros(used, np.bool_)
    main = np.argmax(rows[:used])
    real[main] = True
    for h in range(used):
        if h == main or rows[h] < _MIN_REPORTS or behind_m[h] > _STUCK_M:
            continue
        at_once, near = 0.0, False
        for g in range(used):
            a, b = min(g, h), max(g, h)
            if g != h and pairs[a, b] > 0:
                if apart[a, b] / pairs[a, b] < APART_M:
                    near = True
                elif rows[g] >= _MIN_REPORTS:
                    at_once += both_ms[a, b]
        real[h] = not near and (at_once >= AT_ONCE_S * 1000.0 or turns[h] >= IN_TURN)
    number = np.full(used, -1, np.int64)
    count = 0
    for i in range(len(track)):
        h = hull[track[i]]
        if real[h] and number[h] < 0:
            number[h] = count
            count += 1
    done = -1
    for i in range(len(track)):
        k = track[i]
        if k > done:
            done = k
            hull[k] = number[hull[k]] if real[hull[k]] else number[main]


@numba.njit(cache=True, nogil=True)
def _together(
    mmsi: Array, t: Ints, lon: Floats, lat: Floats, hull: Ints, until_t: Ints
) -> tuple[Floats, Floats]:
    """Return for each row the time since the row before that two hulls were on, and the distance.

    The distance is to the row before, where that is another hull's and ten minutes old at most.
    """
    n = len(t)
    both_s, apart_m = np.zeros(n), np.full(n, np.nan)
    until = np.zeros(_MOST, np.int64)
    for i in range(n):
        if i == 0 or mmsi[i] != mmsi[i - 1]:
            until[:] = -1
        else:
            on = 0
            for h in range(_MOST):
                on += until[h] >= t[i]
            if on > 1 or (on == 1 and until[hull[i]] < t[i]):
                both_s[i] = (t[i] - t[i - 1]) / 1000.0 if on > 1 else 0.0
            if hull[i] != hull[i - 1] and t[i] - t[i - 1] <= AT_ONCE_S * 1000.0:
                apart_m[i] = metres(lon[i - 1], lat[i - 1], lon[i], lat[i])
        until[hull[i]] = max(until[hull[i]], until_t[i])
    return both_s, apart_m
