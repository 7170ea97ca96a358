"""Watch each vessel on its own: what it did, and what that says to all that goes by many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from ais import hulls, life, spoofing
from ais._events import Digests, Sailed, sailed
from ais.anomalies import CourseRule, SpeedRule, course_anomalies, speed_anomalies
from ais.approach import ApproachRule, approach_events
from ais.berths import BerthRule
from ais.clean import clean
from ais.dash import DashRule, fast_runs
from ais.drift import DriftRule
from ais.gaps import GapRule, silences
from ais.identity import MOVERS, SIGNS, kinds_of, signs
from ais.loitering import COASTAL, Loitering, loitering_events
from ais.reception import CELL_DEG, slots
from ais.rendezvous import COASTAL as MEETING
from ais.rendezvous import MeetingRule, spells
from ais.schema import EVENTS, SILENCES, SLOTS, SPELLS, TIME, empty
from ais.stops import StopRule, find_stops, stop_events
from ais.tracks import tracks as cut_tracks
from geo.nearest import ShoreIndex

SHARED = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "hulls": pl.UInt8(),
        "overlap_s": pl.Float64(),
        "distance_km": pl.Float64(),
        "why": pl.String(),
    }
)
ASHORE = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "t": TIME,
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "inside_m": pl.Float32(),
    }
)
"""A position inside land, and how far: those far enough inside to be spoofing."""
WAYS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "hull": pl.UInt8(),
        "t0": TIME,
        "t1": TIME,
        "lon0": pl.Float64(),
        "lat0": pl.Float64(),
        "lon1": pl.Float64(),
        "lat1": pl.Float64(),
        "n": pl.UInt32(),
    }
)
"""Where and when each track began and ended, and how many positions it has."""


@dataclass(frozen=True)
class Rules:
    """Thresholds of all behaviours; each rule names its own units and sources."""

    track_gap_s: float = 3600.0
    max_speed_kn: float = 60.0
    stop: StopRule = field(default_factory=StopRule)
    loitering: Loitering = COASTAL
    drift: DriftRule = field(default_factory=DriftRule)
    approach: ApproachRule = field(default_factory=ApproachRule)
    dash: DashRule = field(default_factory=DashRule)
    speed: SpeedRule = field(default_factory=SpeedRule)
    course: CourseRule = field(default_factory=CourseRule)
    meeting: MeetingRule = MEETING
    land: spoofing.LandRule = field(default_factory=spoofing.LandRule)
    explain: spoofing.ExplainRule = field(default_factory=spoofing.ExplainRule)
    gap: GapRule = field(default_factory=GapRule)
    berth: BerthRule = field(default_factory=BerthRule)
    cell_deg: float = CELL_DEG


class Watched(NamedTuple):
    """What was seen of some vessels, each on its own.

    All that is found of many vessels is made of these tables, put one below another: they are
    small, and a vessel's rows depend on its own positions and statics alone.
    """

    events: pl.DataFrame
    """``EVENTS``: those that one vessel does alone."""
    runs: pl.DataFrame
    """``EVENTS`` of kind dash, of all who ran fast, whatever they did before."""
    spells: pl.DataFrame
    silences: pl.DataFrame
    slots: pl.DataFrame
    days: pl.DataFrame
    haunts: pl.DataFrame
    ways: pl.DataFrame
    ashore: pl.DataFrame
    signs: pl.DataFrame
    shared: pl.DataFrame


def nothing() -> Watched:
    """Return the tables of nobody."""
    return Watched(
        empty(EVENTS),
        empty(EVENTS),
        empty(SPELLS),
        empty(SILENCES),
        empty(SLOTS),
        empty(life.DAYS),
        empty(life.HAUNTS),
        empty(WAYS),
        empty(ASHORE),
        empty(SIGNS),
        empty(SHARED),
    )


def together(parts: Sequence[Watched]) -> Watched:
    """Return the tables of several, one below another."""
    return Watched(*(pl.concat(tables) for tables in zip(nothing(), *parts, strict=True)))


class Watch(NamedTuple):
    """What was seen, with the tracks that it was seen in and the counts of rows."""

    watched: Watched
    tracks: pl.DataFrame
    counts: dict[str, int]


def watch(
    positions: pl.DataFrame,
    statics: pl.DataFrame,
    index: ShoreIndex | None,
    berths: pl.DataFrame,
    *,
    segment_ids: Sequence[str] = (),
    ashore: pl.DataFrame | None = None,
    rules: Rules | None = None,
) -> Watch:
    """Clean, cut into tracks, and find what each vessel does.

    Parameters
    ----------
    positions, statics : DataFrame
        ``POSITIONS`` and ``STATICS``, in any order: all there is of these vessels.
    index : ShoreIndex or None
        Of the coast; None finds no shore approaches.
    berths : DataFrame
        Known berths and anchorages: lon, lat, radius_m.
    segment_ids : sequence of str
        The ids of the segments that ``index`` was built of, in order.
    ashore : DataFrame, optional
        Positions on land, with the columns of ``POSITIONS`` and inside_m.
    """
    use = rules or Rules()
    cleaned = clean(positions)
    cut = cut_tracks(cleaned.kept, track_gap_s=use.track_gap_s, max_speed_kn=use.max_speed_kn)
    told = hulls.assign(cut, statics, max_speed_kn=use.max_speed_kn)
    seen = _signs(cleaned.kept, ashore)
    # Families of beacons are seen among all vessels only: those are left out later (`judge`).
    alone = seen.with_columns(
        drift_lon=pl.lit(None, pl.Float64), drift_lat=pl.lit(None, pl.Float64)
    )
    vessels = kinds_of(alone, statics)
    movers = vessels.filter(pl.col("kind").is_in(MOVERS))["mmsi"]
    moving = told.filter(pl.col("mmsi").is_in(movers.implode()))
    s = sailed(moving)
    counts = dict(cleaned.counts)
    counts["impossible"] = int(cut["impossible"].sum())
    counts["tracks"] = cut["track_id"].n_unique() - int(cut["track_id"].has_nulls())
    if not len(s.t):
        alone_ashore = nothing()._replace(signs=seen, ashore=_deep(ashore, use.land))
        return Watch(alone_ashore, told, counts)
    out_of_reach = spoofing.placed(moving)
    lain = find_stops(s, statics, use.stop)
    found = [
        stop_events(s, lain),
        loitering_events(
            s, lain, berths=berths, preset=use.loitering, rule=use.stop, drift=use.drift
        ),
        speed_anomalies(s, statics, use.speed),
        course_anomalies(s, use.course),
        spoofing.circles(s),
        spoofing.jumps(out_of_reach),
        *_by_shore(s, index, berths, segment_ids, use.approach),
    ]
    days, haunts = life.days(s)
    digests = Digests.of(s)
    watched = Watched(
        digests.told_in(pl.concat(found)).sort("t0", "mmsi", "kind", "event_id"),
        digests.told_in(fast_runs(s, use.dash)),
        spells(s, berths=berths, rule=use.meeting),
        silences(s, least_min=use.gap.least_min, horizon=None),
        slots(s, cell_deg=use.cell_deg),
        days,
        haunts,
        _ways(moving),
        _deep(ashore, use.land),
        seen,
        _shared(told, out_of_reach),
    )
    return Watch(watched, told, counts)


def _signs(kept: pl.DataFrame, ashore: pl.DataFrame | None) -> pl.DataFrame:
    """Return the ``SIGNS`` of all, of those too whose positions were all put aside as on land."""
    if ashore is None:
        return signs(kept)
    aside = clean(ashore.join(kept, on="mmsi", how="anti").select(kept.columns)).kept
    return pl.concat([signs(kept), signs(aside)]).sort("mmsi")


def _by_shore(
    s: Sailed,
    index: ShoreIndex | None,
    berths: pl.DataFrame,
    segment_ids: Sequence[str],
    rule: ApproachRule,
) -> list[pl.DataFrame]:
    if index is None:
        return []
    nearest = index.nearest(s.lon, s.lat, max_m=rule.band_m)
    return [approach_events(s, nearest, berths=berths, segment_ids=segment_ids, rule=rule)]


def _deep(ashore: pl.DataFrame | None, rule: spoofing.LandRule) -> pl.DataFrame:
    """Return the positions that are far enough inside land to tell of spoofing."""
    if ashore is None:
        return empty(ASHORE)
    deep = ashore.filter(pl.col("inside_m") >= rule.inside_m)
    return deep.select(ASHORE.names()).cast(ASHORE).sort("mmsi", "t", "lon", "lat")


def _shared(told: pl.DataFrame, out_of_reach: spoofing.Placed) -> pl.DataFrame:
    """Return the MMSIs of several hulls: those that last, and those too short to be told apart."""
    lasting = hulls.shared(told).cast(SHARED)
    mixed = spoofing.by_turns(out_of_reach).cast(SHARED).join(lasting, on="mmsi", how="anti")
    return pl.concat([lasting, mixed]).with_columns(pl.col("distance_km").round(3)).sort("mmsi")


def _ways(tracks: pl.DataFrame) -> pl.DataFrame:
    return (
        tracks.filter(pl.col("track_id").is_not_null())
        .group_by("mmsi", "hull", "track_id", maintain_order=True)
        .agg(
            t0=pl.col("t").first(),
            t1=pl.col("t").last(),
            lon0=pl.col("lon").first(),
            lat0=pl.col("lat").first(),
            lon1=pl.col("lon").last(),
            lat1=pl.col("lat").last(),
            n=pl.len(),
        )
        .select(WAYS.names())
        .cast(WAYS)
        .sort("mmsi", "t0", "hull")
    )
