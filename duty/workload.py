"""Tell what each piece of shore asks of its chief: patrols, inspections, the way along it."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from duty._islands import neighbours, shared
from duty.division import Division
from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
KINDS = ("wharf", "risk_point")
_EARTH_KM = 6371.0088  # mean radius, IUGG


@dataclass(frozen=True)
class Pace:
    """Hold how long things take.

    Only the walking pace has a source: 3 miles an hour (W. W. Naismith, Scottish Mountaineering
    Club Journal 2, 1892). The others are assumptions to be replaced by the county's own.

    Parameters
    ----------
    patrol_kmh : pace of a patrol along the shore, km/h.
    rounds_per_week : how often a week the whole shore is patrolled.
    wharf_min, risk_point_min : minutes of one inspection; cadences say how often it falls due.
    travel_kmh : speed along the shore, a road or a straight line from end to end, km/h.
    """

    patrol_kmh: float = 5.0
    rounds_per_week: float = 7.0
    wharf_min: float = 45.0
    risk_point_min: float = 20.0
    travel_kmh: float = 30.0


@dataclass(frozen=True)
class Shore:
    """Hold segments and places as arrays, in the order of the shorelines and along each.

    ``line`` and ``place_line`` are rows of ``names``; ``place_segment`` is the segment that a
    place lies on. ``near_a, near_b`` are neighbouring segments of two shorelines, ``near_min`` the
    straight way between. ``weight`` is risk over its mean by length (1 where no risk is given).
    """

    names: list[str]
    length_m: Floats
    ring: npt.NDArray[np.bool_]
    line: Ints
    from_m: Floats
    to_m: Floats
    km: Floats
    lon: Floats
    lat: Floats
    risk: Floats
    weight: Floats
    patrol_h: Floats
    pass_min: Floats
    by_road: npt.NDArray[np.bool_]
    township: list[str | None]
    place_line: Ints
    place_m: Floats
    place_kind: Ints
    place_h: Floats
    place_segment: Ints
    near_a: Ints
    near_b: Ints
    near_min: Floats
    pace: Pace

    @classmethod
    def of(
        cls,
        segments: pl.DataFrame,
        shorelines: pl.DataFrame,
        places: pl.DataFrame,
        *,
        pace: Pace | None = None,
    ) -> "Shore":
        """Lay out a shore once, for many figures and proposals.

        Parameters
        ----------
        segments : polars.DataFrame
            ``shoreline_id, from_m, to_m, length_m, lon, lat`` (the middle, degrees), covering
            their shorelines, and optionally ``risk`` (0..100), ``road_m`` (by road from end to
            end; null where there is none), ``township_id``.
        shorelines : polars.DataFrame
            ``shoreline_id, length_m, is_ring``; their order is the order of the shore.
        places : polars.DataFrame
            ``object_kind`` (wharf|risk_point), ``shoreline_id, chainage_m, cadence_days`` (null:
            never inspected by cadence).
        pace : Pace
            How long things take.

        Raises
        ------
        InputError
            When a segment or place is on no known shoreline, a risk or cadence cannot be, or a
            pace is not above 0.
        """
        pace = pace or Pace()
        _check(segments, shorelines, places, pace)
        order = {name: row for row, name in enumerate(shorelines["shoreline_id"])}
        rows = segments.with_columns(
            _line=pl.col("shoreline_id").replace_strict(order, return_dtype=pl.Int64)
        ).sort("_line", "from_m")
        km = rows["length_m"].to_numpy() / 1000.0
        has = set(rows.columns)
        risk = _floats(rows["risk"]) if "risk" in has else np.full(len(rows), np.nan)
        total = float(km @ risk)
        weight = risk * km.sum() / total if total > 0.0 else np.ones(len(rows))
        road = _floats(rows["road_m"]) if "road_m" in has else np.full(len(rows), np.nan)
        line, from_m = rows["_line"].to_numpy(), rows["from_m"].to_numpy()
        place_line = places["shoreline_id"].replace_strict(order, return_dtype=pl.Int64).to_numpy()
        place_m = _floats(places["chainage_m"])
        kind = places["object_kind"].replace_strict(
            {name: n for n, name in enumerate(KINDS)}, return_dtype=pl.Int64
        )
        hours = np.array([pace.wharf_min, pace.risk_point_min])[kind.to_numpy()] / 60.0
        per_week = np.nan_to_num(7.0 / _floats(places["cadence_days"]), nan=0.0)
        shore = cls(
            names=shorelines["shoreline_id"].to_list(),
            length_m=_floats(shorelines["length_m"]),
            ring=shorelines["is_ring"].to_numpy(),
            line=line,
            from_m=from_m,
            to_m=rows["to_m"].to_numpy(),
            km=km,
            lon=rows["lon"].to_numpy(),
            lat=rows["lat"].to_numpy(),
            risk=risk,
            weight=weight,
            patrol_h=km / pace.patrol_kmh * pace.rounds_per_week,
            pass_min=np.where(np.isnan(road), km, road / 1000.0) / pace.travel_kmh * 60.0,
            by_road=~np.isnan(road),
            township=rows["township_id"].to_list() if "township_id" in has else [],
            place_line=place_line,
            place_m=place_m,
            place_kind=kind.to_numpy(),
            place_h=hours * per_week,
            place_segment=np.empty(0, np.int64),
            near_a=np.empty(0, np.int64),
            near_b=np.empty(0, np.int64),
            near_min=np.empty(0),
            pace=pace,
        )
        a, b = neighbours(shore.lon, shore.lat)
        apart = line[a] != line[b]
        a, b = a[apart], b[apart]
        return replace(
            shore,
            place_segment=shore.segment_at(place_line, place_m),
            near_a=a,
            near_b=b,
            near_min=shore.straight_min(a, b),
        )

    def segment_at(self, line: Ints, chainage_m: Floats) -> Ints:
        """Return the segment that each place lies on."""
        start = np.searchsorted(self.line, line)
        reach = self.length_m.max(initial=0.0) + 1.0
        keys = self.line * reach + self.from_m
        found = np.searchsorted(keys, line * reach + chainage_m, side="right") - 1
        return np.asarray(np.maximum(found, start), dtype=np.int64)

    def hangs(self, division: Division) -> tuple[Ints, Floats]:
        """Return per shoreline the one it hangs on (-1 for none) and the chainage there."""
        row = {name: n for n, name in enumerate(self.names)}
        onto, at = np.full(len(row), -1), np.zeros(len(row))
        for hang in division.hangs:
            if hang.shoreline_id in row and hang.onto_shoreline_id in row:
                onto[row[hang.shoreline_id]] = row[hang.onto_shoreline_id]
                at[row[hang.shoreline_id]] = hang.onto_chainage_m
        return onto, at

    def straight_min(self, a: Ints, b: Ints) -> Floats:
        """Return the minutes from segment to segment in a straight line, at the travel speed."""
        lon_a, lat_a, lon_b, lat_b = (
            np.radians(value) for value in (self.lon[a], self.lat[a], self.lon[b], self.lat[b])
        )
        half = (
            np.sin((lat_b - lat_a) / 2.0) ** 2
            + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2.0) ** 2
        )
        km = 2.0 * _EARTH_KM * np.arcsin(np.sqrt(half))
        return np.asarray(km / self.pace.travel_kmh * 60.0)

    def to_islands_min(self, onto: Ints, at: Floats) -> Floats:
        """Return per shoreline that hangs its share of the boat's way; 0 for others.

        Islands that hang on one shoreline are served by one boat: along the shortest tree that
        joins them to the places where they hang and, neighbour to neighbour, to each other, there
        and back. The share of an island is the edge by which it is reached. A tour along a
        shortest tree is at most twice the shortest tour (Rosenkrantz, Stearns & Lewis 1977).
        """
        minutes = np.zeros(len(self.names))
        loose = np.flatnonzero(onto[self.line] >= 0)
        if len(loose):
            own = self.line[loose]
            ways = self.straight_min(loose, self.segment_at(onto[own], at[own]))
            first = np.flatnonzero(np.diff(own, prepend=-1))
            hung = own[first]
            row = np.full(len(self.names), -1)
            row[hung] = np.arange(len(hung))
            a, b = self.line[self.near_a], self.line[self.near_b]
            joined = (row[a] >= 0) & (onto[a] == onto[b])
            minutes[hung] = 2.0 * shared(
                np.minimum.reduceat(ways, first),
                row[a[joined]],
                row[b[joined]],
                self.near_min[joined],
            )
        return minutes


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _check(
    segments: pl.DataFrame, shorelines: pl.DataFrame, places: pl.DataFrame, pace: Pace
) -> None:
    wrong: list[str] = []
    known = shorelines["shoreline_id"].implode()
    lost = pl.col("shoreline_id").is_null() | ~pl.col("shoreline_id").is_in(known)
    for name, table in (("segments", segments), ("places", places)):
        nowhere = table.select(lost).to_series().arg_true().head(5)
        wrong += [
            f"{name} row {row + 1}: no shoreline {table['shoreline_id'][row]!r}" for row in nowhere
        ]
    if "risk" in segments.columns:
        risk = pl.col("risk").cast(pl.Float64).fill_null(np.nan)
        bad = segments.select(~risk.is_between(0.0, 100.0) | risk.is_nan()).to_series().arg_true()
        wrong += [f"segments row {row + 1}: risk {segments['risk'][row]}" for row in bad.head(5)]
    kinds = places.select(~pl.col("object_kind").is_in(KINDS)).to_series().arg_true()
    wrong += [f"places row {row + 1}: kind {places['object_kind'][row]!r}" for row in kinds.head(5)]
    cadence = places.select(pl.col("cadence_days") <= 0).to_series().arg_true()
    wrong += [
        f"places row {row + 1}: cadence of {places['cadence_days'][row]} days"
        for row in cadence.head(5)
    ]
    wrong += [f"pace: {name} is {value:g}" for name, value in vars(pace).items() if not value > 0.0]
    if wrong:
        raise InputError(
            f"workload cannot be told: {'; '.join(wrong)}",
            where="sections",
            mend="Give known shorelines, risk 0 to 100, cadences and paces above 0",
        )
