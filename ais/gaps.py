"""Find silences, and judge which of them are gaps: a vessel that would have been heard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import shapely

from ais._arrays import Bools, Floats
from ais._edges import expected_beyond
from ais._events import Sailed, beyond_berths, events, rounded
from ais._heard import Afloat, Fallen, Heard, all_through, followed
from ais._plane import KNOT, metres_between
from ais._silences import headed, plausible, silent
from ais._slots import in_order, paces
from ais.reception import Reception
from ais.schema import EVENTS, SILENCES, TIME, empty

_BERTHING_KN = 5.0


@dataclass(frozen=True)
class GapRule:
    """What counts as a gap.

    A silence of ``least_min`` and more (beyond the vessel's usual interval), where reception is
    ``least_reception`` or better on average, and ``never_below`` at none: of the last position, of
    where the vessel would have been in the ``judged_min`` after it, going on at its last speed and
    course, and, if it was heard again, of the straight way there. Over all of the silence it is
    ``least_through`` at least: where a source is down for most of it, that explains it. Coverage
    must not end ahead or abeam of the last position, where ``edge_vessels`` others or more were to
    be heard and nobody ever was: over an edge a vessel slips out and in within a cell (`_edges`).

    It may have gone on to where too few others are heard to tell of reception. Then it is judged by
    the way up to there, if that is ``known_min`` at least and it was heard again; within ``near_m``
    of where it was lost it has come the same way back, and that counts as well. Else coverage must
    not end one cell beyond the way, either: it may be sailing out. One not heard since is
    open, and ends ``open_h`` after its last position or with the data.

    A vessel that lay in a berth or anchorage (at less than 5 kn: it may just have come in) and was
    next heard within ``moved_m``, or not since, has switched off at its berth, and that is no gap;
    nor is it one where a vessel is next heard in a berth within ``moved_m``.

    Where reception is 0.9, three reports in a row are often lost: how likely a vessel that
    transmits is to stay unheard for as long as its way is known, (1 - reception) ^ (minutes / 10),
    may be ``most_chance`` at the most.
    """

    least_min: float = 30.0
    least_reception: float = 0.9
    never_below: float = 0.8
    least_through: float = 0.3
    judged_min: float = 30.0
    known_min: float = 20.0
    near_m: float = 5000.0
    open_h: float = 12.0
    moved_m: float = 2000.0
    most_chance: float = 1e-4
    edge_vessels: float = 15.0


def silences(
    s: Sailed, *, least_min: float = 30.0, horizon: datetime | None = None
) -> pl.DataFrame:
    """Return the silences of each vessel, within and between its tracks, as ``SILENCES``.

    A silence lasts from when the next report was due, the vessel's usual interval after its last
    one, and ``least_min`` at least: one that reports every six minutes is not silent in these.
    The last position of each vessel is one, too, with null for what comes after; with a
    ``horizon``, where it is ``least_min`` earlier than that. None is of a vessel that is usually
    (the median, of lying still and of being under way each) heard every 10 min or less often: a
    satellite's passes or a thinned archive are no switching off. Speed and course before it are
    made good over the last positions where they are not told. ``plausible_kn`` is the 95th
    percentile of the speeds that the vessel makes under way (from 1 kn), at least 8 kn, at most
    60; 12 kn where fewer than ten are known.
    """
    o = in_order(s)
    far = np.iinfo(np.int64).max // 2
    until = far if horizon is None else round(horizon.timestamp() * 1000)
    pace = paces(o.vessel, o.t, o.lon, o.lat, o.sog, 0.5)
    pairs = silent(o.vessel, o.t, pace, round(least_min * 60_000), until)
    if not len(pairs):
        return empty(SILENCES)
    before, after = pairs[:, 0], pairs[:, 1]
    heading = headed(before, o.vessel, o.t, o.lon, o.lat, o.sog, o.cog)
    speeds = plausible(o.vessel, o.t, o.lon, o.lat, o.sog)
    again = pl.Series(after >= 0)
    later = np.maximum(after, 0)
    first_hull = np.flatnonzero(np.diff(o.mmsi, prepend=o.mmsi[:1] + 1))
    hull = (
        o.vessel - o.vessel[first_hull][np.cumsum(np.diff(o.mmsi, prepend=o.mmsi[:1] + 1) != 0) - 1]
    )
    known = pl.DataFrame(
        {
            "mmsi": o.mmsi[before],
            "hull": hull[before],
            "cls": o.cls[before],
            "t0": pl.Series(o.t[before]).cast(TIME),
            "t1": pl.Series(o.t[later]).cast(TIME),
            "lon0": o.lon[before],
            "lat0": o.lat[before],
            "lon1": o.lon[later],
            "lat1": o.lat[later],
            "sog0_kn": heading[:, 0],
            "cog0_deg": heading[:, 1],
            "sog1_kn": o.sog[later],
            "plausible_kn": speeds[before],
        }
    )
    gone = ("t1", "lon1", "lat1", "sog1_kn")
    return (
        known.with_columns(pl.when(again).then(pl.col(c)).alias(c) for c in gone)
        .with_columns(pl.col("sog0_kn", "cog0_deg", "sog1_kn").fill_nan(None))
        .cast(SILENCES)
        .sort("t0", "mmsi", "hull")
    )


def unspoken(silences: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Return the silences in which nothing was sent, for all that is known.

    Parameters
    ----------
    silences : DataFrame
        ``SILENCES``.
    refused : DataFrame
        mmsi, t of reports that were heard and not believed (a place on land): who sends them has
        switched nothing off.
    """
    times = refused.select("mmsi", "t").unique().sort("t")
    spoken = (
        silences.select("mmsi", "hull", "t0", "t1")
        .sort("t0")
        .join_asof(
            times.rename({"t": "said"}), left_on="t0", right_on="said", by="mmsi",
            strategy="forward", allow_exact_matches=False, check_sortedness=False,
        )
        .filter((pl.col("said") < pl.col("t1")).fill_null(pl.col("said").is_not_null()))
        .select("mmsi", "hull", "t0")
    )  # fmt: skip
    return silences.join(spoken, on=["mmsi", "hull", "t0"], how="anti", maintain_order="left")


def _columns(frame: pl.DataFrame, *names: str) -> list[Floats]:
    return [frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in names]


def judged(
    silences: pl.DataFrame,
    reception: Reception,
    haunts: pl.DataFrame,
    *,
    rule: GapRule | None = None,
    horizon: datetime,
    berths: pl.DataFrame | None = None,
    afloat: Afloat | None = None,
) -> pl.DataFrame:
    """Return the silences with a ``verdict`` on each, and the figures that it rests on.

    Parameters
    ----------
    silences : DataFrame
        ``SILENCES``.
    reception : Reception
        Of the same vessels.
    haunts : DataFrame
        The ``ais.life.HAUNTS`` of the same vessels.
    horizon : datetime
        The end of the data.
    berths : DataFrame, optional
        Known and learned berths and anchorages: lon, lat, radius_m.
    afloat : callable, optional
        Whether places are on water. Where going on would lead ashore, a vessel is taken to stay
        where it was last afloat; without this a silence that begins off a shore it heads for
        can rarely be judged, as nobody is heard on land.

    Returns
    -------
    DataFrame
        Of those that last ``rule.least_min``, the columns of ``SILENCES``; ``end``, ``open``,
        ``in_berth``, ``minutes``, ``distance_m`` (null when open); ``before``, ``least``,
        ``mean``, ``through``, ``known_min``, ``chance``, ``vessels``, ``slots``: reception at the
        last position, the least and the mean of all places judged, the mean all through, how much
        of the silence its way is known for, how likely one that transmits stays unheard so long,
        and the fewest others behind a place; ``verdict``: ``gap``; ``berth``; ``unheard``
        (reception is too low: an outage, a hole); ``unjudged`` (too few others tell of it, or
        coverage ends there).
    """
    use = rule or GapRule()
    rows = _lasting(silences, use, horizon)
    fallen = _fallen(rows)
    heard = Heard(reception, fallen)
    ways = followed(heard, fallen, afloat, judged_min=use.judged_min)
    closed = ~np.isnan(fallen.lon1)
    near = rows["distance_m"].fill_null(np.inf).to_numpy() <= use.near_m
    known_min = np.where(near, 2.0, 1.0) * ways.known_min
    enough = ways.back & (ways.whole | (closed & (known_min >= use.known_min)))
    known_min = np.where(ways.whole, fallen.minutes, known_min)
    mean, chance = heard.mean(), heard.chance(known_min)
    through = all_through(heard, fallen)
    in_berth, stayed = _berthed(rows, berths, use)
    poor = (mean < use.least_reception) | (heard.least < use.never_below)
    poor |= through < use.least_through
    unheard = (poor & (heard.asked > 0)) | (enough & (chance > use.most_chance))
    verdict = np.select([stayed, unheard, ~enough], ["berth", "unheard", "unjudged"], "gap")
    off = np.flatnonzero(verdict == "gap")
    at_edge = expected_beyond(haunts, _heading(rows[off]), afloat) >= use.edge_vessels
    verdict[off[at_edge]] = "unjudged"
    return rows.with_columns(
        pl.Series("in_berth", in_berth),
        pl.Series("before", ways.before),
        pl.Series("least", heard.least),
        pl.Series("mean", mean),
        pl.Series("through", through),
        pl.Series("known_min", known_min),
        pl.Series("chance", chance),
        pl.Series("vessels", heard.vessels),
        pl.Series("slots", heard.slots),
        pl.Series("verdict", verdict.astype(str)),
    )


def _heading(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "mmsi",
        lon="lon0",
        lat="lat0",
        cog_deg=pl.col("cog0_deg").cast(pl.Float64).fill_null(np.nan),
    )


def _fallen(rows: pl.DataFrame) -> Fallen:
    names = ("lon0", "lat0", "lon1", "lat1", "sog0_kn", "cog0_deg", "minutes")
    t0 = rows["t0"].dt.epoch("ms").to_numpy()
    return Fallen(rows["mmsi"].to_numpy(), rows["cls"].to_numpy(), t0, *_columns(rows, *names))


def _berthed(rows: pl.DataFrame, berths: pl.DataFrame | None, rule: GapRule) -> tuple[Bools, Bools]:
    """Return which lay in a berth as they were last heard, and which were silent at a berth."""
    n = rows.height
    if berths is None:
        return np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    lon0, lat0, lon1, lat1, kn, far = _columns(
        rows, "lon0", "lat0", "lon1", "lat1", "sog0_kn", "distance_m"
    )
    lay = (beyond_berths(lon0, lat0, berths) <= 0) & ~(kn >= _BERTHING_KN)
    closed = ~np.isnan(lon1)
    ends = closed & (beyond_berths(np.nan_to_num(lon1), np.nan_to_num(lat1), berths) <= 0)
    return lay, (lay & ~closed) | ((lay | ends) & (far <= rule.moved_m))


def _lasting(silences: pl.DataFrame, rule: GapRule, horizon: datetime) -> pl.DataFrame:
    """Return the silences that last, with their ends, minutes and distances."""
    end = pl.lit(horizon).cast(TIME)
    until = pl.min_horizontal(pl.col("t0") + pl.duration(minutes=round(rule.open_h * 60)), end)
    rows = (
        silences.with_columns(
            pl.coalesce("t1", until).alias("end"), pl.col("t1").is_null().alias("open")
        )
        .with_columns(
            ((pl.col("end") - pl.col("t0")).dt.total_milliseconds() / 60_000).alias("minutes")
        )
        .filter(pl.col("minutes") >= rule.least_min)
        .sort("t0", "mmsi", "hull")
    )
    far = metres_between(*_columns(rows, "lon0", "lat0", "lon1", "lat1"))
    return rows.with_columns(pl.Series("distance_m", far, nan_to_null=True))


def gap_events(found: pl.DataFrame, reception: Reception, *, rule: GapRule) -> pl.DataFrame:
    """Return those rows of ``judged`` that are gaps as ``EVENTS``.

    The point is the last position, the geometry the straight way to the next one, or the last
    position where there is none.
    """
    rows = found.filter(pl.col("verdict") == "gap")
    if not rows.height:
        return empty(EVENTS)
    lon0, lat0, lon1, lat1 = _columns(rows, "lon0", "lat0", "lon1", "lat1")
    t0, t1 = (rows[c].dt.epoch("ms").to_numpy() for c in ("t0", "end"))
    open_ = rows["open"].to_numpy()
    lon1, lat1 = np.where(open_, lon0, lon1), np.where(open_, lat0, lat1)
    drawn = np.asarray(
        shapely.linestrings(np.stack([[lon0, lon1], [lat0, lat1]], axis=-1).swapaxes(0, 1))
    )
    still = (lon0 == lon1) & (lat0 == lat1)
    drawn[still] = shapely.points(lon0[still], lat0[still])
    after = reception.probability(rows["mmsi"].to_numpy(), rows["cls"].to_numpy(), t1, lon1, lat1).p
    evidence = [
        _evidence(row, rule, float(p))
        for row, p in zip(rows.iter_rows(named=True), after, strict=True)
    ]
    return events(
        "gap",
        mmsi=rows["mmsi"].to_numpy(),
        t0=t0,
        t1=t1,
        lon=lon0,
        lat=lat0,
        wkb=np.asarray(shapely.to_wkb(drawn)),
        evidence=evidence,
        rule="gap",
        begun=(lon0, lat0),
    )


def _evidence(row: dict[str, Any], rule: GapRule, after: float) -> dict[str, Any]:
    far = row["distance_m"]
    return {
        "least_min": rule.least_min,
        "least_reception": rule.least_reception,
        "most_chance": rule.most_chance,
        "duration_min": rounded(row["minutes"]),
        "open": row["open"],
        "in_berth": row["in_berth"],
        "reception_before": rounded(row["before"], 3),
        "never_below": rule.never_below,
        "least_through": rule.least_through,
        "reception_least": rounded(row["least"], 3),
        "reception_mean": rounded(row["mean"], 3),
        "reception_through": rounded(row["through"], 3),
        "reception_after": None if row["open"] else rounded(after, 3),
        "known_min": rounded(row["known_min"]),
        "chance": float(f"{row['chance']:.1e}"),
        "other_vessels": row["vessels"],
        "other_slots": rounded(row["slots"], 0),
        "speed_before_kn": None if row["sog0_kn"] is None else rounded(row["sog0_kn"]),
        "course_before_deg": None if row["cog0_deg"] is None else rounded(row["cog0_deg"], 0),
        "distance_m": None if far is None else rounded(far, 0),
        "implied_kn": None if far is None else rounded(far / (row["minutes"] * 60) / KNOT),
        "plausible_kn": rounded(row["plausible_kn"]),
        "n_positions": 1 if row["open"] else 2,
    }
