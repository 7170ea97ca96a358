"""Tell how surely a transmitting vessel is heard, by cell and hour, from the other vessels."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import polars as pl

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import Sailed
from ais._reception import (
    HOUR_MS,
    SLOT_MS,
    Sums,
    Told,
    answers,
    by_region,
    by_vessel,
    cells_of,
    regions_of,
    unheard,
    vessels_heard,
    widened,
)
from ais._slots import SURE_MS, fill, in_order, most_rows, paces
from ais.schema import SLOTS, TIME

CELL_DEG = 0.05
_LONGEST = 24 * HOUR_MS // SLOT_MS
_OFF = 0.01
_HOUR_SLOTS = 6
_DOUBTFUL = pl.Schema([*SLOTS.items(), ("silence", pl.Int32())])
_TOGETHER, _TOGETHER_SHARE = 2, 1 / 3
_TELLING_MIN = 11


def slots(s: Sailed, *, cell_deg: float = CELL_DEG) -> pl.DataFrame:
    """Return in how many ten-minute slots each vessel was heard, by hour and cell: ``SLOTS``.

    The slots are those of the clock, between a vessel's first and last position. In one that it
    was not heard in, its place lies on the straight line between the positions about it. Silences
    of more than half an hour are left out, heard or not heard: such a vessel may have switched off,
    and then tells nothing of reception (leaving one vessel out protects only itself from its own
    silence, not those beside it); `Reception.of` judges them by all vessels together. Left out,
    too, is the time in which a vessel that lies still, or is under way, hardly ever reports twice
    within ten minutes: class A and B do by ITU-R M.1371-5 (3 min at the slowest), a thinned
    archive or a satellite does not.

    Parameters
    ----------
    cell_deg : float
        Height of a cell in degrees. Column 0 begins at 180° W, row 0 at 90° S; a cell is as wide
        in degrees as it is high up to 45° of latitude, then twice, four times, ... as wide, so that
        it keeps its shape.
    """
    o = in_order(s)
    telling = paces(o.vessel, o.t, o.lon, o.lat, o.sog, 0.1) < _TELLING_MIN
    pace = paces(o.vessel, o.t, o.lon, o.lat, o.sog, 0.5)
    most = most_rows(o.vessel, o.t) if len(o.t) else 0
    keys = np.empty((most, 4), np.int64)
    classes, counts = np.empty(most, np.uint8), np.empty((most, 2), np.uint16)
    size = fill(o.vessel, o.t, o.lon, o.lat, o.cls, telling, pace, cell_deg, keys,
                classes, counts)  # fmt: skip
    rows = pl.DataFrame(
        {
            "mmsi": o.mmsi[keys[:size, 3]],
            "cls": classes[:size],
            "hour": pl.Series(keys[:size, 0] * HOUR_MS).cast(TIME),
            "row": keys[:size, 1],
            "col": keys[:size, 2],
            "slots": counts[:size, 0],
            "heard": counts[:size, 1],
        },
        schema_overrides=SLOTS,
    )
    several = len(o.t) and (np.diff(o.vessel) != 0).sum() != (np.diff(o.mmsi) != 0).sum()
    if several:
        key = ("mmsi", "hour", "row", "col", "cls")
        rows = rows.group_by(key).agg(pl.col("slots", "heard").sum()).sort(key)
    return rows.select(SLOTS.names()).cast(SLOTS)


@dataclass(frozen=True)
class Shrinkage:
    """How many slots what is known on a wider scale counts for, and what is enough to judge by.

    Slots of one vessel go together: a vessel-hour (6 slots) is the unit. What the cell tells in
    the hour is believed over its neighbours from two vessel-hours on (``cell_hour``), so that one
    vessel's bad aerial is no hole; they over the region's level from four (``block_hour``); what
    is usual in the cell over the mean of the area from two (``cell``). The level of an hour
    follows a region's vessels from one vessel-hour on (``hour``): an outage has to show at once.
    Half of these in the first two make steady fields look better than they are where they are
    told to be good (by 0.04 in the tests' field instead of 0.03). ``area`` draws the mean of the
    area to 1/2 where next to nothing is known.

    It is enough that ``least_vessels`` others were in the cell and those about it in the hour,
    or ``least_slots`` of others; or, where it is a quiet hour at a place that at least so many
    others have told of at other times, that others tell in the region and area that the source
    is up. In any case others must have been heard in the cell at some time, or on two opposite
    sides of it: beyond the edge of coverage nobody is.
    """

    area: float = 6.0
    cell: float = 12.0
    hour: float = 6.0
    block_hour: float = 24.0
    cell_hour: float = 12.0
    least_vessels: int = 2
    least_slots: int = 12


class Answers(NamedTuple):
    """Reception at each place asked for, and what it rests on."""

    p: Floats
    """The probability that a transmitting vessel is heard at least once in ten minutes."""
    vessels: Ints
    """Other vessels in the cell and those about it in the hour."""
    slots: Floats
    """Slots that they tell of."""
    inside: Bools
    """Whether others were heard in the cell at some time, or on two opposite sides of it."""
    enough: Bools


@dataclass(frozen=True)
class Reception:
    """Reception by class, cell and hour, told by all vessels; ask it without one of them."""

    cell_deg: float
    mmsi: Array
    hours: Ints
    told: Told
    sums: Sums
    regions: Ints
    shrinkage: Shrinkage

    @classmethod
    def of(
        cls,
        slots: pl.DataFrame,
        *,
        silences: pl.DataFrame | None = None,
        horizon: datetime | None = None,
        cell_deg: float = CELL_DEG,
        shrinkage: Shrinkage | None = None,
    ) -> "Reception":
        """Learn reception from the slots of all vessels.

        Silences of more than half an hour count against reception as far as it is likelier that
        the vessel was not heard than that it was off: wholly where at least two others in the
        region (0.4 degrees), and a third of those heard there, fell silent in the same slot or
        the next (an outage), until half of them are heard again; else by m^n / (m^n + 0.01),
        where m is the mean chance of a slot not being heard by what all others tell of the place
        and hour, n how many there are (6 at most), and 0.01 the chance of switching off.

        Parameters
        ----------
        slots : DataFrame
            ``SLOTS``, as ``slots`` makes them with the same ``cell_deg``.
        silences : DataFrame, optional
            ``SILENCES`` of the same vessels; without them low reception is taken for better
            than it is, and an outage of hours in one region is not seen.
        horizon : datetime, optional
            The end of the data: with it, an outage that lasts shows.
        """
        doubtful, together = _doubtful(silences, horizon, cell_deg)
        rows = pl.concat(
            [
                slots.with_columns(pl.lit(-1).alias("silence")),
                doubtful.select(*SLOTS.names(), "silence"),
            ]
        )
        if silences is not None or not _by_vessel_and_hour(slots):
            rows = rows.sort("mmsi", "hour", maintain_order=True)
        told, mmsi, hours, regions = _index(rows, cell_deg)
        silence = rows["silence"].to_numpy()
        use = shrinkage or Shrinkage()
        doubt = np.flatnonzero(silence >= 0)
        found = cls(cell_deg, mmsi, hours, told, _summed(told, len(hours), regions, use), regions,
                    use)  # fmt: skip
        return found._judged(doubt, silence[doubt], together) if len(doubt) else found

    def _judged(self, doubt: Ints, silence: Ints, starts: pl.DataFrame) -> "Reception":
        """Return the same with each doubtful row at its weight."""
        told = self.told
        full = told.slots[doubt].copy()
        until = _outages(self, starts)[silence]
        common = (self.hours[told.hour[doubt]] + 0.5) * HOUR_MS < until
        # Beyond an hour, silence says no more: what keeps a vessel unheard goes on.
        lasted = np.bincount(silence, full)[silence]
        hour_of = silence * (len(self.hours) + 1) + told.hour[doubt]
        _, first, group = np.unique(hour_of, return_index=True, return_inverse=True)
        long = np.minimum(lasted[first], _HOUR_SLOTS)
        weight = np.where(common, 1.0, 0.0)
        vessel = np.searchsorted(told.vessel_at, doubt, side="right") - 1
        cell = told.cell[doubt]
        place = (told.cell_row[cell], told.cell_col[cell], told.cell_region[cell])
        found = self
        for again in range(3):
            slots = told.slots.copy()
            slots[doubt] = full * weight
            now = told._replace(slots=slots, m_slots=slots[told.m_row].astype(np.float32))
            found = Reception(
                self.cell_deg, self.mmsi, self.hours, now,
                _summed(now, len(self.hours), self.regions, self.shrinkage),
                self.regions, self.shrinkage,
            )  # fmt: skip
            if again == 2 or common.all():
                break
            p = found._ask(vessel, told.cls[doubt], told.hour[doubt].astype(np.int64), *place).p
            missed = np.bincount(group, full * (1 - p)) / np.bincount(group, full)
            off = 1 / (1 + _OFF / np.maximum(missed, 1e-9) ** long)
            weight = np.where(common, 1.0, off[group])
        return found

    def probability(self, mmsi: Array, cls: Array, t: Ints, lon: Floats, lat: Floats) -> Answers:
        """Return reception at places and times, as told by all vessels but the one named.

        Parameters
        ----------
        mmsi : array of int
            The vessel to leave out of each answer; 0 leaves out none.
        cls : array of int
            0 class A, 1 class B, 2 others.
        t : array of int
            ms since 1970, UTC.
        """
        vessel = self._numbers(mmsi)
        wanted = np.asarray(t) // HOUR_MS
        k = np.minimum(np.searchsorted(self.hours, wanted), max(len(self.hours) - 1, 0))
        there = self.hours[k] == wanted if len(self.hours) else np.zeros(len(wanted), np.bool_)
        hour = np.where(there, k, -1)
        row, col, key = cells_of(lon, lat, self.cell_deg)
        r = np.minimum(np.searchsorted(self.regions, key), max(len(self.regions) - 1, 0))
        region = np.where(self.regions[r] == key, r, -1) if len(self.regions) else key * 0 - 1
        return self._ask(vessel, np.asarray(cls), hour, row, col, region)

    def _numbers(self, mmsi: Array) -> Ints:
        at = np.minimum(np.searchsorted(self.mmsi, mmsi), max(len(self.mmsi) - 1, 0))
        known = self.mmsi[at] == mmsi if len(self.mmsi) else np.zeros(len(mmsi), np.bool_)
        return np.where(known, at, -1)

    def _ask(
        self, vessel: Ints, cls: Array, hour: Ints, row: Ints, col: Ints, region: Ints
    ) -> Answers:
        use = self.shrinkage
        pseudo = np.array(
            [use.area, use.cell, use.hour, use.block_hour, use.cell_hour, use.least_vessels,
             use.least_slots], np.float64
        )  # fmt: skip
        n = len(vessel)
        out, inside, enough = np.empty((n, 3)), np.empty(n, np.bool_), np.empty(n, np.bool_)
        answers(
            self.told, self.sums, vessel, cls.astype(np.uint8), hour, row, col, region, pseudo,
            out, inside, enough,
        )  # fmt: skip
        return Answers(out[:, 0], out[:, 1].astype(np.int64), out[:, 2], inside, enough)

    def table(self, *, cls: int = 0, hour: datetime | None = None) -> pl.DataFrame:
        """Return reception for a map: ``row, col, lon, lat, p, vessels, slots, enough``.

        ``lon, lat`` is the middle of the cell; ``vessels`` and ``slots`` are those of the cell
        over all time. Without ``hour`` ``p`` is that of the cell over all time, and ``enough``
        whether at least two vessels tell it.
        """
        row, col = self.told.cell_row, self.told.cell_col
        slots, _, vessels = np.moveaxis(self.sums.cells[:, cls], 1, 0)
        p = self.sums.mean[:, cls]
        enough = (vessels >= self.shrinkage.least_vessels) & (slots >= self.shrinkage.least_slots)
        wide = np.array([widened(r, self.cell_deg) for r in row.tolist()], np.float64)
        lon = (col + 0.5) * self.cell_deg * wide - 180.0
        lat = ((row + 0.5) * self.cell_deg - 90.0).astype(np.float64)
        if hour is not None:
            t = np.full(len(row), round(hour.timestamp() * 1000))
            now = self.probability(np.zeros(len(row), np.uint32), np.full(len(row), cls), t, lon,
                                   lat)  # fmt: skip
            p, enough = now.p, now.enough
        there = slots > 0
        return pl.DataFrame(
            {
                "row": row, "col": col, "lon": lon, "lat": lat, "p": p,
                "vessels": vessels.astype(np.int64), "slots": slots, "enough": enough,
            }
        ).filter(pl.Series(there))  # fmt: skip


def _by_vessel_and_hour(slots: pl.DataFrame) -> bool:
    mmsi, hour = slots["mmsi"].to_numpy(), slots["hour"].dt.epoch("ms").to_numpy()
    step, later = np.diff(mmsi.astype(np.int64)), np.diff(hour)
    return bool(((step > 0) | ((step == 0) & (later >= 0))).all())


def _index(rows: pl.DataFrame, cell_deg: float) -> tuple[Told, Array, Ints, Ints]:
    """Return the rows (by vessel and hour) as arrays, and their MMSIs, hours and regions."""
    mmsi = rows["mmsi"].to_numpy()
    vessel_at = np.append(np.flatnonzero(np.diff(mmsi, prepend=mmsi[:1] + 1)), len(mmsi))
    n_cols = int(np.ceil(360.0 / cell_deg))
    hours, hour = _numbered(rows["hour"].dt.epoch("ms").to_numpy() // HOUR_MS)
    row, col = (rows[name].cast(pl.Int64).to_numpy() for name in ("row", "col"))
    cells, cell = _numbered(row * n_cols + col)
    cell_row, cell_col = cells // n_cols, cells % n_cols
    region_key = regions_of(cell_row, cell_col, cell_deg)
    regions, region = np.unique(region_key, return_inverse=True)
    order = np.argsort(hour.astype(np.int64) * len(cells) + cell, kind="stable")
    cls = rows["cls"].to_numpy()
    vessel = np.repeat(np.arange(len(vessel_at) - 1, dtype=np.int32), np.diff(vessel_at))
    slots, heard = (rows[name].cast(pl.Float64).to_numpy() for name in ("slots", "heard"))
    told = Told(
        vessel_at,
        hour,
        cell,
        cls,
        slots,
        heard,
        np.searchsorted(hour[order], np.arange(len(hours) + 1)).astype(np.int64),
        order.astype(np.int32),
        slots[order].astype(np.float32),
        heard[order].astype(np.float32),
        cell[order],
        vessel[order],
        cls[order],
        cell_row,
        cell_col,
        cells,
        region.astype(np.int64),
        n_cols,
        cell_deg,
    )
    return told, mmsi[vessel_at[:-1]], hours, regions


def _numbered(values: Ints) -> tuple[Ints, Array]:
    """Return the values that occur, ascending, and which of them each is."""
    known = pl.Series(values).unique().sort().to_numpy()
    return known, np.searchsorted(known, values).astype(np.int32)


def _summed(told: Told, hours: int, regions: Ints, use: Shrinkage) -> Sums:
    area, own_area, cells, own_at, own_key, own = by_vessel(told)
    whole = (area[:, 1] + 0.5 * use.area) / (area[:, 0] + use.area)
    mean = (cells[:, :, 1] + use.cell * whole) / (cells[:, :, 0] + use.cell)
    near = by_region(told, mean, hours, len(regions))
    return Sums(area, own_area, cells, own_at, own_key, own, mean, near, near.sum(axis=1))


def _doubtful(
    silences: pl.DataFrame | None, horizon: datetime | None, cell_deg: float
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the slots of long silences as ``SLOTS`` and ``silence``, and who began each when."""
    none = pl.DataFrame(schema=_DOUBTFUL)
    if silences is None:
        return none, none
    end = pl.col("t1").dt.epoch("ms")
    begin = pl.col("t0").dt.epoch("ms")
    if horizon is not None:
        end = end.fill_null(-round(horizon.timestamp() * 1000))
    long = (
        silences.with_columns(begin.alias("begin"), end.alias("end"))
        .filter(pl.col("end").is_not_null())
        .filter(
            pl.when(pl.col("end") > 0)
            .then(pl.col("end") - pl.col("begin") > SURE_MS)
            .otherwise(-pl.col("end") - pl.col("begin") > SURE_MS)
        )
    )
    lon0, lat0, lon1, lat1, kn, cog = (
        long[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("lon0", "lat0", "lon1", "lat1", "sog0_kn", "cog0_deg")
    )
    found = unheard(
        long["begin"].to_numpy(), long["end"].to_numpy(), lon0, lat0, lon1, lat1, kn, cog,
        cell_deg, _LONGEST,
    )  # fmt: skip
    rows = pl.DataFrame(
        {
            "mmsi": long["mmsi"].gather(found[:, 0]),
            "cls": long["cls"].gather(found[:, 0]),
            "hour": pl.Series(found[:, 1] * HOUR_MS).cast(TIME),
            "row": found[:, 2],
            "col": found[:, 3],
            "slots": found[:, 4],
            "heard": np.zeros(len(found)),
            "silence": found[:, 0],
        }
    ).cast(_DOUBTFUL)
    begun = long.select("begin", "end", pl.Series("lon", lon0), pl.Series("lat", lat0))
    return rows, begun


def _outages(found: Reception, begun: pl.DataFrame) -> Floats:
    """Return when the outage ended that each silence began with (ms); 0 where with none.

    It ends when half of those who fell silent together have been heard again.
    """
    slot = begun["begin"].to_numpy() // SLOT_MS
    key = cells_of(begun["lon"].to_numpy(), begun["lat"].to_numpy(), found.cell_deg)[2]
    region = np.minimum(np.searchsorted(found.regions, key), len(found.regions) - 1)
    hour = np.minimum(np.searchsorted(found.hours, slot * SLOT_MS // HOUR_MS), len(found.hours) - 1)
    known = (found.regions[region] == key) & (found.hours[hour] == slot * SLOT_MS // HOUR_MS)
    code = np.where(known, region * (1 << 40) + slot, -2)
    order = np.argsort(code, kind="stable")
    low = np.searchsorted(code[order], code - 1, side="left")
    high = np.searchsorted(code[order], code + 1, side="right")
    heard = vessels_heard(found.told, len(found.hours), len(found.regions))[hour, region]
    others = high - low - 1
    together = known & (others >= _TOGETHER) & (others >= _TOGETHER_SHARE * heard)
    end = np.abs(begun["end"].to_numpy())[order]
    until = np.zeros(len(code))
    for k in np.flatnonzero(together):
        until[k] = np.median(end[low[k] : high[k]])
    return until
