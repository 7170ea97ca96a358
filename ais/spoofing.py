"""Find positions that a vessel told and cannot have been at: jumps, circles, places on land."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ais._arrays import Floats, Ints
from ais._circles import FIGURES, LEGS_M, circling, legs, turns
from ais._events import Sailed, events, lines, rounded
from ais._jump_homes import JumpRule
from ais._jumps import Placed, by_turns, jumps, placed, ways
from ais._plane import KNOT

__all__ = [
    "CircleRule",
    "ExplainRule",
    "JumpRule",
    "LandRule",
    "Placed",
    "by_turns",
    "circles",
    "jumps",
    "on_land",
    "placed",
    "unexplained",
]

_MINUTE_MS = 60_000
_TANGENT_DEG = 30.0
_FEWEST = 5
"""Fewer legs turn by less than it takes to look closer."""
_LEG_SLOW = 0.7
"""A single leg may be so much slower than a circle: positions are some metres off."""


@dataclass(frozen=True)
class CircleRule:
    """What counts as a circle that no vessel sails.

    ``least_turns`` full turns to one hand about one centre, at a radius from ``least_m`` to
    ``most_m`` that is constant within ``round_share`` and at a speed made good of ``least_kn`` or
    more that no quarter turn's differs from by more than ``even_share``; ``within`` of the
    positions keep to that; half of the first and of the last step is not counted, since a tangent
    leaves a circle slowly. What is steered from corner to corner is no circle: chords are within
    ``askew_deg`` of the tangent (root mean square; 18 on a hexagon). ``noise_m`` is how far off a
    true position is. Wind and stream carry a real ship's circles away, and her speed falls with
    them.
    """

    least_turns: float = 2.0
    least_m: float = 100.0
    most_m: float = 10_000.0
    round_share: float = 0.10
    even_share: float = 0.20
    least_kn: float = 3.0
    noise_m: float = 10.0
    within: float = 0.95
    askew_deg: float = 10.0


@dataclass(frozen=True)
class LandRule:
    """What counts as lying or sailing on land.

    ``least_positions`` over ``least_min``, ``inside_m`` or more inside land, no more than
    ``lapse_min`` apart. A place of ``cell_deg`` where ``river_vessels`` were on so many days is
    water that the coast does not know: a river, a canal, a new harbour basin.
    """

    least_positions: int = 5
    least_min: float = 10.0
    inside_m: float = 1000.0
    lapse_min: float = 60.0
    cell_deg: float = 0.02
    river_vessels: int = 4


@dataclass(frozen=True)
class ExplainRule:
    """What spoofing explains: events of ``kinds`` that it covers for ``least_share`` of the time.

    Speeds and courses follow from where a vessel says it is: of false positions they tell nothing.
    """

    kinds: tuple[str, ...] = ("speed_anomaly", "course_anomaly")
    least_share: float = 0.5


def circles(s: Sailed, rule: CircleRule | None = None) -> pl.DataFrame:
    """Find vessels that go round and round one centre, evenly.

    Parameters
    ----------
    s : Sailed
        Positions of tracks.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind spoofing, ``why`` is ``circle``; shown at the centre. The evidence has
        ``heading_tangential_share``: of the positions with a heading, those with it within 30
        degrees of the way they go (null where no heading is told). A real vessel's is near 1.
    """
    use = rule or CircleRule()
    first, last, told = _circling(s, use)
    evidence = [
        {
            "why": "circle",
            "turns": rounded(abs(f[3]), 2),
            "hand": "right" if f[3] > 0 else "left",
            "radius_m": rounded(f[2]),
            "radius_off_share": rounded(f[6], 3),
            "speed_kn": rounded(f[4], 1),
            "speed_off_share": rounded(f[5], 3),
            "askew_deg": rounded(f[7]),
            "heading_tangential_share": _tangential(s, a, b, f),
            "minutes": rounded((s.t[b] - s.t[a]) / _MINUTE_MS),
            "n_positions": int(b - a + 1),
            "least_turns": use.least_turns,
            "round_share": use.round_share,
            "even_share": use.even_share,
            "least_kn": use.least_kn,
        }
        for a, b, f in zip(first, last, told, strict=True)
    ]
    return events(
        "spoofing",
        mmsi=s.mmsi[first],
        t0=s.t[first],
        t1=s.t[last],
        lon=(told[:, 0] + 180) % 360 - 180,
        lat=told[:, 1],
        wkb=lines(s, first, last),
        evidence=evidence,
        rule="spoofing circle",
        begun=(s.lon[first], s.lat[first]),
    )


def _circling(s: Sailed, use: CircleRule) -> tuple[Ints, Ints, Floats]:
    """Return (first row, last row, figures) of circles of all sizes, each row in one at most."""
    n = len(s.t)
    nothing = np.empty(0, np.int64)
    if not n:
        return nothing, nothing, np.empty((0, FIGURES))
    slowest = use.least_kn * KNOT
    asked = np.array(
        [use.least_turns, use.least_m, use.most_m, use.round_share, use.even_share, slowest,
         use.noise_m, use.within, use.askew_deg]
    )  # fmt: skip
    begins = np.r_[True, s.track[1:] != s.track[:-1]]
    starts = np.flatnonzero(begins)
    ends = np.stack([starts, np.r_[starts[1:], n] - 1])
    number = np.cumsum(begins) - 1
    rows = np.arange(n)
    before = np.full(len(starts), -1)
    parts = []
    for leg_m in LEGS_M:
        rows = legs(s.track, s.lon, s.lat, rows, leg_m)
        of_row = number[rows]
        count = np.bincount(of_row, minlength=len(starts))
        # Where positions are farther apart than the legs, these are the ones looked at before.
        fresh = (count != before) & (count > _FEWEST)
        before = count
        looked = rows[fresh[of_row]]
        turn = turns(s.track, s.t, s.lon, s.lat, looked, _LEG_SLOW * slowest)
        parts += [
            circling(s.t, s.lon, s.lat, looked, turn, hand, number, ends, asked)
            for hand in (1.0, -1.0)
        ]
    first, last, told = (np.concatenate(some) for some in zip(*parts, strict=True))
    # Several lengths of legs may find one circle: what has most turns holds.
    order = np.lexsort([first, -np.abs(told[:, 3])])
    taken: list[int] = []
    for e in order:
        if all(last[e] < first[k] or first[e] > last[k] for k in taken):
            taken.append(int(e))
    taken.sort(key=lambda e: first[e])
    return first[taken], last[taken], told[taken]


def _tangential(s: Sailed, a: int, b: int, figures: Floats) -> float | None:
    """Return the share of the headings told that point along the circle."""
    heading = s.heading[a : b + 1].astype(np.float64)
    known = np.isfinite(heading)
    if not known.any():
        return None
    east = ((s.lon[a : b + 1] - figures[0] + 180) % 360 - 180) * np.cos(np.radians(figures[1]))
    out = np.degrees(np.arctan2(east, s.lat[a : b + 1] - figures[1]))
    ahead = out + np.copysign(90.0, figures[3])
    off = np.abs((heading - ahead + 180) % 360 - 180)
    return rounded(float((off[known] <= _TANGENT_DEG).mean()), 2)


def on_land(ashore: pl.DataFrame, rule: LandRule | None = None) -> pl.DataFrame:
    """Find vessels that tell places well inside land for some time.

    Parameters
    ----------
    ashore : DataFrame
        All positions inside land, of all vessels and in any order, those too far inside to be
        kept, too: mmsi, t, lon, lat, inside_m (`ais.on_land.inside_m`).

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind spoofing, ``why`` is ``on_land``; shown where it was farthest inside.
        Where vessel after vessel is on land, day after day, it is the coast that is wrong: those
        positions count for nothing.
    """
    use = rule or LandRule()
    deep = ashore.filter(pl.col("inside_m") >= use.inside_m)
    cell = [(pl.col(name) / use.cell_deg).floor().cast(pl.Int32) for name in ("lon", "lat")]
    dry = (pl.col("mmsi").n_unique().over(cell) < use.river_vessels) | (
        pl.col("t").dt.date().n_unique().over(cell) < use.river_vessels
    )
    rows = (
        deep.filter(dry)
        .unique(["mmsi", "t", "lon", "lat"])
        .sort("mmsi", "t", "lon", "lat")
        .with_columns(
            begins=(pl.col("mmsi") != pl.col("mmsi").shift(1))
            | (pl.col("t").diff().dt.total_milliseconds() > use.lapse_min * _MINUTE_MS)
        )
        .with_columns(stay=pl.col("begins").fill_null(value=True).cum_sum())
    )
    deepest = pl.col("inside_m").arg_max()
    found = (
        rows.group_by("stay", maintain_order=True)
        .agg(
            pl.col("mmsi").first(),
            pl.col("t").min().alias("t0"),
            pl.col("t").max().alias("t1"),
            pl.col("t").n_unique().alias("n"),
            pl.col("lon", "lat").get(deepest),
            pl.col("lon", "lat").first().name.prefix("begun_"),
            pl.col("lon", "lat").name.prefix("way_"),
            pl.col("inside_m").max(),
            pl.col("inside_m").median().alias("median_m"),
        )
        .with_columns(minutes=(pl.col("t1") - pl.col("t0")).dt.total_milliseconds() / _MINUTE_MS)
        .filter((pl.col("n") >= use.least_positions) & (pl.col("minutes") >= use.least_min))
    )
    evidence = [
        {
            "why": "on_land",
            "inside_m": rounded(row["inside_m"]),
            "median_inside_m": rounded(row["median_m"]),
            "minutes": rounded(row["minutes"]),
            "n_positions": row["n"],
            "least_inside_m": use.inside_m,
            "least_positions": use.least_positions,
            "least_min": use.least_min,
        }
        for row in found.iter_rows(named=True)
    ]
    return events(
        "spoofing",
        mmsi=found["mmsi"].to_numpy(),
        t0=found["t0"].dt.epoch("ms").to_numpy(),
        t1=found["t1"].dt.epoch("ms").to_numpy(),
        lon=found["lon"].to_numpy(),
        lat=found["lat"].to_numpy(),
        wkb=ways(found["way_lon"].to_list(), found["way_lat"].to_list()),
        evidence=evidence,
        rule="spoofing on_land",
        begun=(found["begun_lon"].to_numpy(), found["begun_lat"].to_numpy()),
    )


def unexplained(found: pl.DataFrame, rule: ExplainRule | None = None) -> pl.DataFrame:
    """Leave out what a vessel seems to do only because of positions where it never was.

    Parameters
    ----------
    found : DataFrame
        ``EVENTS`` of any kinds, in any order; those of kind spoofing are what explains.

    Returns
    -------
    DataFrame
        The same rows in the same order without those of the rule's kinds that spoofing of the same
        MMSI covers for ``least_share`` of their time.
    """
    use = rule or ExplainRule()
    rows = found.with_row_index("row").with_columns(
        begun=pl.col("t0").dt.epoch("ms"),
        ended=pl.col("t1").fill_null(pl.col("t0").max()).dt.epoch("ms"),
    )
    false = (
        rows.filter(pl.col("kind") == "spoofing")
        .sort("mmsi", "begun", "ended")
        .with_columns(before=pl.col("ended").cum_max().shift(1).over("mmsi"))
        .with_columns(since=pl.max_horizontal("begun", "before"))
        .select("mmsi", "since", until="ended")
    )
    seen = rows.filter(pl.col("kind").is_in(use.kinds))
    both = pl.min_horizontal("ended", "until") - pl.max_horizontal("begun", "since")
    lasts = (pl.col("ended") - pl.col("begun")).clip(lower_bound=1)
    covered = (
        seen.join(false, on="mmsi")
        .with_columns(share=both.clip(lower_bound=0) / lasts)
        .group_by("row")
        .agg(pl.col("share").sum())
        .filter(pl.col("share") >= use.least_share)
    )
    return found.filter(~rows["row"].is_in(covered["row"].implode()))
