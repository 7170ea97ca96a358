"""Find where two vessels met at sea and stayed by each other."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import MAX_VERTICES, Sailed, beyond_berths, events, rounded
from ais._near import overlapping
from ais._plane import KNOT
from ais._slow import LEAD_MS, slow_rows, slow_runs, ways
from ais._together import TOGETHER, UNKNOWN, company, figures, hours, middles, together
from ais.schema import EVENTS, SPELLS, TIME, empty

_ALONGSIDE_MS = 300_000


@dataclass(frozen=True)
class MeetingRule:
    """A definition of a rendezvous.

    Two vessels within ``max_m`` of each other for ``least_min``, each slower than ``max_kn`` at
    the time and on the mean. Lapses up to ``bridge_min`` are bridged; a silence of more than
    ``silence_min`` is not. They lie alongside if within ``alongside_m`` for 5 min in all, and keep
    company if they are within ``company_m`` under way, too. Two transmitters that keep within
    ``one_hull_m`` then and at rest are on one ship, or on one that is towed alongside. Where both
    keep within ``lying_m`` from first to last, neither was seen to come or go: they lie side by
    side.
    """

    name: str
    max_m: float
    max_kn: float
    least_min: float
    source: str
    bridge_min: float = 5.0
    silence_min: float = 15.0
    alongside_m: float = 30.0
    company_m: float = 500.0
    one_hull_m: float = 60.0
    lying_m: float = 30.0


COASTAL = MeetingRule("coastal", 200.0, 2.0, 20.0, "Shoregrid's own, for boats near a shore")
PRESETS: dict[str, MeetingRule] = {
    p.name: p
    for p in (
        COASTAL,
        MeetingRule("skylight", 250.0, 2.0, 30.0, "Skylight (Allen AI): standard rendezvous"),
        MeetingRule(
            "gfw", 500.0, 2.0, 120.0,
            "Global Fishing Watch: encounters; Miller et al., Frontiers in Marine Science 5:240, "
            "2018 (there at least 10 km off an anchorage, too)",
        ),
    )
}  # fmt: skip


def spells(s: Sailed, *, berths: pl.DataFrame, rule: MeetingRule = COASTAL) -> pl.DataFrame:
    """Find the times that each vessel was slow, wherever it may meet another.

    Parameters
    ----------
    s : Sailed
        All positions of some vessels; a vessel's spells depend on its own positions alone.
    berths : DataFrame
        Known berths and anchorages: lon, lat, radius_m. Time inside them is left out.

    Returns
    -------
    DataFrame
        ``SPELLS`` of ``rule.least_min`` or longer, by mmsi, hull and time. A way has at most a
        position per 30 s, fewer where they tell nothing new (15 m), and goes on for up to 10 min
        before ``t0`` and after ``t1``. Where reports stand up to 6 min apart, ``t0`` and ``t1``
        are the arrival and departure that the told speed makes likely.
    """
    limit = rule.max_kn * KNOT
    silence_ms = round(rule.silence_min * 60_000)
    slow = slow_rows(s.track, s.t, s.lon, s.lat, s.sog, limit, silence_ms)
    at = np.flatnonzero(slow)
    slow[at] = beyond_berths(s.lon[at], s.lat[at], berths, reach_m=0.0) > 0
    first, last, early, late = slow_runs(
        s.track, s.t, s.lon, s.lat, s.sog, slow, limit, silence_ms,
        round(rule.bridge_min * 60_000), round(rule.least_min * 60_000),
    )  # fmt: skip
    if not len(first):
        return empty(SPELLS)
    made = ways(s.track, s.t, s.lon, s.lat, first, last, early, late, silence_ms)
    hull = s.vessel[first] - s.vessel[np.searchsorted(s.mmsi, s.mmsi[first])]
    way_t, way_lon, way_lat = (
        pl.Series(pl.from_arrow(pa.LargeListArray.from_arrays(made.offset, flat)))
        for flat in (made.way_t, made.way_lon, made.way_lat)
    )
    return (
        pl.DataFrame(
            {
                "mmsi": s.mmsi[first],
                "hull": hull.astype(np.uint8),
                "t0": pl.Series(made.t0).cast(TIME),
                "t1": pl.Series(made.t1).cast(TIME),
                "lon": made.lon,
                "lat": made.lat,
                "reach_m": made.reach_m,
                "way_t": way_t.cast(pl.List(TIME)),
                "way_lon": way_lon,
                "way_lat": way_lat,
            }
        )
        .cast(SPELLS)
        .sort("mmsi", "hull", "t0", "t1", maintain_order=True)
    )


class _Slow(NamedTuple):
    """The columns of ``SPELLS`` as arrays, the ways flat; ``inside`` berths by way position."""

    mmsi: NDArray[np.uint32]
    vessel: Ints
    t0: Ints
    t1: Ints
    offset: Ints
    t: Ints
    lon: Floats
    lat: Floats
    inside: Bools


def _arrays(found: pl.DataFrame, berths: pl.DataFrame) -> _Slow:
    lengths = found["way_t"].list.len().to_numpy().astype(np.int64)
    flat = found.select(pl.col("way_t", "way_lon", "way_lat").explode())
    lon, lat = flat["way_lon"].to_numpy(), flat["way_lat"].to_numpy()
    return _Slow(
        found["mmsi"].to_numpy(),
        found.select(pl.struct("mmsi", "hull").rle_id()).to_series().cast(pl.Int64).to_numpy(),
        found["t0"].dt.epoch("ms").to_numpy(),
        found["t1"].dt.epoch("ms").to_numpy(),
        np.concatenate([[0], np.cumsum(lengths)]),
        flat["way_t"].dt.epoch("ms").to_numpy(),
        lon,
        lat,
        beyond_berths(lon, lat, berths, reach_m=0.0) <= 0,
    )


def _neighbours(s: _Slow, max_m: float) -> tuple[Ints, Ints, Ints]:
    """Return (spell, other spell, hour), sorted, of the hours that two spent near each other."""
    slot, owner, *box = hours(s.t0, s.t1, s.offset, s.t, s.lon, s.lat, s.inside)
    i, j = overlapping(slot, s.vessel[owner], (box[0], box[1], box[2], box[3]), pad_m=max_m)
    i, j, slot = np.minimum(owner[i], owner[j]), np.maximum(owner[i], owner[j]), slot[i]
    order = np.lexsort((slot, j, i))
    return i[order], j[order], slot[order]


def _told(value: int) -> bool | None:
    return None if value == UNKNOWN else bool(value == TOGETHER)


def _before(mmsi: Array, other: Array, begin: Ints, company_kept: Bools) -> tuple[Ints, Ints]:
    """Return how often each pair had met before, and how often of that it kept company."""
    table = pl.DataFrame({"a": mmsi, "b": other, "t": begin, "kept": company_kept})
    counted = table.with_row_index().sort("a", "b", "t", "index").with_columns(
        met=pl.int_range(pl.len()).over("a", "b"),
        kept=pl.col("kept").cast(pl.Int64).cum_sum().over("a", "b") - pl.col("kept"),
    ).sort("index")  # fmt: skip
    return counted["met"].to_numpy(), counted["kept"].to_numpy()


def _evidence(
    s: _Slow,
    a: Ints,
    b: Ints,
    begin: Ints,
    end: Ints,
    *,
    of: Floats,
    knots: Floats,
    said: Array,
    apart: Floats,
    rule: MeetingRule,
) -> list[dict[str, Any]]:
    """Return the evidence of rendezvous that are sorted by time; see ``figures``, ``company``."""
    with_company = (said == TOGETHER).any(axis=0)
    met, company_kept = _before(s.mmsi[a], s.mmsi[b], begin, with_company)
    minutes = (end - begin) / 60_000
    return [
        {
            "preset": rule.name,
            "max_m": rule.max_m,
            "max_speed_kn": rule.max_kn,
            "least_min": rule.least_min,
            "bridge_min": rule.bridge_min,
            "closest_m": rounded(f[0]),
            "mean_m": rounded(f[1]),
            "begin_m": rounded(f[2]),
            "end_m": rounded(f[3]),
            "duration_min": rounded(minutes[e]),
            "within_min": rounded(f[4] / 60_000),
            "alongside": bool(f[5] >= _ALONGSIDE_MS),
            "alongside_m": rule.alongside_m,
            "alongside_min": rounded(f[5] / 60_000),
            "mean_speed_kn": rounded(knots[e, 0], 2),
            "other_mean_speed_kn": rounded(knots[e, 1], 2),
            "came_together": _told(said[0, e]),
            "left_together": _told(said[1, e]),
            "together_under_way": bool(with_company[e]),
            "came_apart_m": rounded(apart[0, e]),
            "left_apart_m": rounded(apart[1, e]),
            "met_before": int(met[e]),
            "company_before": int(company_kept[e]),
            "n_positions": int(f[8]),
            "other_n_positions": int(f[9]),
        }
        for e, f in enumerate(of)
    ]


def meetings(
    found: pl.DataFrame,
    *,
    berths: pl.DataFrame,
    rule: MeetingRule = COASTAL,
) -> pl.DataFrame:
    """Find rendezvous among the spells of all vessels.

    Parameters
    ----------
    found : DataFrame
        ``SPELLS``, in any order, found with the same rule (or one of shorter ``least_min``).
    berths : DataFrame
        Berths and anchorages, known and learned: lon, lat, radius_m. Time that either vessel
        spends inside one is no part of a rendezvous.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``rendezvous``, the smaller MMSI first; the point is the middle between
        the two. Vessels under one MMSI meet only if their hulls differ. In the evidence,
        ``came_together`` and ``left_together`` say whether the two kept company under way before
        and after (null where that was not heard), ``together_under_way`` whether either;
        ``met_before`` and ``company_before`` count the pair's earlier rendezvous and those with
        company; ``n_positions`` and ``other_n_positions`` those left of their ways, thinned.
    """
    if found.is_empty():
        return empty(EVENTS)
    found = found.sort("mmsi", "hull", "t0", "t1", "lon", "lat", maintain_order=True)
    s = _arrays(found, berths)
    i, j, slot = _neighbours(s, rule.max_m)
    way = (s.offset, s.t, s.lon, s.lat)
    a, b, begin, end = together(
        i, j, slot, s.t0, s.t1, *way, s.inside, rule.max_m,
        round(rule.bridge_min * 60_000), round(rule.least_min * 60_000),
    )  # fmt: skip
    order = np.lexsort((b, a, -(end - begin), begin))
    a, b, begin, end = a[order], b[order], begin[order], end[order]
    of = figures(a, b, begin, end, *way, rule.max_m, rule.alongside_m)
    said, apart = company(a, b, s.t0, s.t1, *way, LEAD_MS, rule.company_m)
    knots = of[:, 6:8] / ((end - begin) / 1000.0)[:, None] / KNOT
    one_hull = (said == TOGETHER).all(axis=0) & (of[:, 1] <= rule.one_hull_m)
    one_hull &= (apart <= rule.one_hull_m).all(axis=0)
    kept = (knots < rule.max_kn).all(axis=1) & (of[:, 1] <= rule.max_m) & ~one_hull
    # Neither was seen to come or go: these lie side by side, wherever that is.
    reach = found["reach_m"].to_numpy()
    kept &= (reach[a] > rule.lying_m) | (reach[b] > rule.lying_m)
    # Two hulls of one MMSI may meet the same vessel at once: one event.
    same = pl.DataFrame({"a": s.mmsi[a], "b": s.mmsi[b], "t": begin, "kept": kept})
    kept &= same.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
    a, b, begin, end, of, knots = (v[kept] for v in (a, b, begin, end, of, knots))
    said, apart = said[:, kept], apart[:, kept]
    vertex, *line = middles(a, b, begin, end, *way, MAX_VERTICES)
    return events(
        "rendezvous",
        mmsi=s.mmsi[a],
        t0=begin,
        t1=end,
        lon=of[:, 10],
        lat=of[:, 11],
        wkb=np.asarray(shapely.to_wkb(shapely.linestrings(np.column_stack(line), indices=vertex))),
        evidence=_evidence(
            s, a, b, begin, end, of=of, knots=knots, said=said, apart=apart, rule=rule
        ),
        rule=f"rendezvous, {rule.name}",
        begun=(of[:, 12], of[:, 13]),
        other=s.mmsi[b],
    )
