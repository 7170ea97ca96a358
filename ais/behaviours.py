"""Run everything from cleaned positions to behaviours in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from ais import berths as berthing
from ais import chains, dash, gaps, identities, life, rendezvous, spoofing
from ais._events import beyond_berths
from ais._heard import Afloat
from ais.identity import MOVERS, kinds_of
from ais.reception import Reception
from ais.schema import BERTHS, EVENTS, KINDS, SILENCES, empty
from ais.watch import Rules, Watched, watch
from geo.nearest import ShoreIndex

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """What is known besides what was seen.

    ``statics`` are every version of what vessels say of themselves (``STATICS``), ``berths`` the
    known ones (lon, lat, radius_m), ``index`` the coast and ``afloat`` whether each lon, lat is on
    the water, None where there is no coast.
    """

    statics: pl.DataFrame
    berths: pl.DataFrame
    index: ShoreIndex | None
    afloat: Afloat | None = None


class Judged(NamedTuple):
    """What all that was seen amounts to."""

    events: pl.DataFrame
    """``EVENTS``, by time."""
    vessels: pl.DataFrame
    """mmsi, kind, name, ship_type, length_m, why."""
    berths: pl.DataFrame
    """``BERTHS`` that were learned."""
    circles: pl.DataFrame
    """Known and learned berths and anchorages: lon, lat, radius_m."""
    profiles: pl.DataFrame
    """What each vessel ordinarily does: ``ais.life.PROFILES``."""
    shared: pl.DataFrame
    silences: pl.DataFrame
    """``SILENCES`` and ``event_id`` of the gaps: what their reach is worked out from."""
    reception: Reception
    counts: dict[str, int]


class Behaviours(NamedTuple):
    """What a set of positions shows."""

    events: pl.DataFrame
    """``EVENTS``, by time."""
    tracks: pl.DataFrame
    """Positions of all transmitters with their tracks; see ``ais.tracks.tracks``."""
    vessels: pl.DataFrame
    """mmsi, kind, name, ship_type, length_m, why."""
    counts: dict[str, int]
    seen: Watched
    judged: Judged


def behaviours(
    positions: pl.DataFrame,
    statics: pl.DataFrame,
    index: ShoreIndex | None,
    berths: pl.DataFrame,
    *,
    segment_ids: Sequence[str] = (),
    ashore: pl.DataFrame | None = None,
    afloat: Afloat | None = None,
    rules: Rules | None = None,
) -> Behaviours:
    """Clean, cut into tracks, and find all behaviours of these vessels.

    Parameters
    ----------
    positions, statics : DataFrame
        ``POSITIONS`` and ``STATICS``, in any order.
    index : ShoreIndex or None
        Of the coast; None finds no shore approaches and no dashes.
    berths : DataFrame
        Known berths and anchorages: lon, lat, radius_m.
    segment_ids : sequence of str
        The ids of the segments that ``index`` was built of, in order.
    ashore : DataFrame, optional
        Positions on land, with the columns of ``POSITIONS`` and inside_m; without it none are
        looked for.
    afloat : callable, optional
        Says of each lon, lat whether it is on the water; gaps are judged better with it.
    rules : Rules, optional
        The defaults are the design's definitions.

    Returns
    -------
    Behaviours
        ``counts`` has rows_in, kept, reasons of refusal (duplicate, bad_mmsi, bad_position),
        impossible (jumps left out of tracks), tracks, vessels, and events by kind. The same
        positions give the same events with the same ids, however they are ordered.
    """
    done = watch(
        positions, statics, index, berths, segment_ids=segment_ids, ashore=ashore, rules=rules
    )
    judged = judge(
        done.watched,
        Known(statics, berths, index, afloat),
        horizon=positions.select(pl.col("t").max()).row(0)[0],
        rules=rules,
    )
    counts = done.counts | judged.counts
    return Behaviours(judged.events, done.tracks, judged.vessels, counts, done.watched, judged)


def judge(
    seen: Watched, known: Known, *, horizon: datetime | None, rules: Rules | None = None
) -> Judged:
    """Find what goes by many vessels, in all that was seen of each.

    Berths and anchorages are learned from where vessels stopped, and nobody loiters, drifts or
    meets in one; silences are judged by what others could be heard of; who ran to the shore is
    asked what it did before; parts are joined to chains.

    Parameters
    ----------
    seen : Watched
        Of all vessels, in any order.
    horizon : datetime or None
        The time up to which anything was heard: a vessel silent until then may be so still.
    """
    use = rules or Rules()
    vessels = kinds_of(seen.signs.sort("mmsi"), known.statics)
    movers = vessels.filter(pl.col("kind").is_in(MOVERS))["mmsi"]
    mine = Watched(*(table.filter(pl.col("mmsi").is_in(movers.implode())) for table in seen))
    # Reports on land are put aside before tracks are cut: who told them was not silent.
    mine = mine._replace(silences=gaps.unspoken(mine.silences, mine.ashore))
    alone = _going_on(mine.events, mine.ways).sort("t0", "mmsi", "kind", "event_id")
    stops = alone.filter(pl.col("kind") == "stop")
    given = known.berths.select("lon", "lat", "radius_m").cast(pl.Float64)
    learned = berthing.learn(stops, given, use.berth)
    circles = pl.concat([given, learned.select("lon", "lat", "radius_m")])
    idle = pl.col("kind").is_in(["loitering", "drift"])
    alone = _outside(alone, idle, circles)
    met = rendezvous.meetings(mine.spells, berths=circles, rule=use.meeting)
    reception = Reception.of(
        mine.slots, silences=mine.silences, horizon=horizon, cell_deg=use.cell_deg
    )
    fallen = gaps.judged(
        mine.silences,
        reception,
        mine.haunts,
        rule=use.gap,
        horizon=horizon or _NEVER,
        berths=circles,
        afloat=known.afloat,
    )
    silent = gaps.gap_events(fallen, reception, rule=use.gap)
    before = pl.concat([alone.filter(idle), met, silent])
    ran = (
        empty(EVENTS)
        if known.index is None
        else dash.dashes(mine.runs, before, known.index.off_shore_m, use.dash)
    )
    jumped = alone.filter(
        (pl.col("kind") == "spoofing")
        & (pl.col("evidence").str.json_path_match("$.why") == "jumps")
    )
    names = identities.changes(known.statics, mine.ways, mine.shared, jumps=jumped)
    visits = berthing.visits(stops, pl.concat([_as_known(given), learned]))
    # Of who was never heard afloat it is likelier that the coast lacks the water that it lies on.
    afloat = pl.col("mmsi").is_in(mine.ways["mmsi"].implode())
    ashore = spoofing.on_land(mine.ashore.filter(afloat), use.land)
    found = pl.concat([alone, met, silent, ran, names, visits, ashore])
    found = spoofing.unexplained(found, use.explain)
    found = pl.concat([found, chains.chains(found)]).unique("event_id", keep="first")
    found = found.sort("t0", "mmsi", "kind", "event_id")
    profiles = life.profiles(mine.days, found, vessels)
    counts = dict.fromkeys(KINDS, 0) | dict(found.group_by("kind").len().iter_rows())
    counts["vessels"] = len(movers)
    counts |= {
        f"silences_{verdict}": n
        for verdict, n in fallen.group_by("verdict").len().sort("verdict").iter_rows()
    }
    counts["berths_learned"] = learned.height
    shared = mine.shared.sort("mmsi")
    return Judged(
        found,
        vessels,
        learned,
        circles,
        profiles,
        shared,
        _of_gaps(silent, fallen),
        reception,
        counts,
    )


def _of_gaps(events: pl.DataFrame, silences: pl.DataFrame) -> pl.DataFrame:
    return (
        silences.filter(pl.col("verdict") == "gap")
        .unique(["mmsi", "t0"], keep="first", maintain_order=True)
        .join(events.select("event_id", "mmsi", "t0"), on=["mmsi", "t0"])
        .select("event_id", *SILENCES.names())
    )


def _going_on(events: pl.DataFrame, ways: pl.DataFrame) -> pl.DataFrame:
    """Return the events with ``open`` in the evidence of those that last to the last position."""
    last = ways.group_by("mmsi").agg(_last=pl.col("t1").max())
    lasts = pl.col("t1") >= pl.col("_last")
    told = pl.col("evidence").str.strip_suffix("}") + ', "open": true}'
    return (
        events.join(last, on="mmsi", how="left", maintain_order="left")
        .with_columns(pl.when(lasts).then(told).otherwise("evidence").alias("evidence"))
        .drop("_last")
    )


def _outside(events: pl.DataFrame, which: pl.Expr, circles: pl.DataFrame) -> pl.DataFrame:
    """Return the events without those of some kinds whose middle lies in one of the circles."""
    rows = events.with_columns(_which=which)
    beyond_m = beyond_berths(rows["lon"].to_numpy(), rows["lat"].to_numpy(), circles)
    return rows.filter(~pl.col("_which") | pl.Series(beyond_m > 0)).drop("_which")


def _as_known(circles: pl.DataFrame) -> pl.DataFrame:
    """Return known circles in the form of ``BERTHS``."""
    ordered = circles.sort("lon", "lat", "radius_m").with_row_index("n")
    return ordered.select(
        berth_id=pl.format("known-{}", "n"),
        kind=pl.lit("berth"),
        basis=pl.lit("known"),
        lon=pl.col("lon"),
        lat=pl.col("lat"),
        radius_m=pl.col("radius_m"),
        vessels=pl.lit(None),
        stays=pl.lit(None),
    ).cast(BERTHS)
