"""From which tide, and when, each segment can be landed on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import polars as pl
import rasterio

from geo import landable as shore
from geo.datums import MSL, Datums, canonical, from_settings
from geo.depth import Depth
from geo.errors import InputError
from workspace import store, tide
from workspace._cache import cached
from workspace._tide_stations import read_stations
from workspace.folder import Workspace

Basis = Literal["survey", "made", "estimate"]
Span = tuple[datetime, datetime]

TRAITS = ("shore_type", "settlement_distance_m", "road_distance_m", "made")
DEPTH = "depth"
# How an imported raster remembers what its import was told, in the file itself: the raster that
# is in place and what is known of it can then never be of two imports.
TAGS = "SHOREGRID"
MOST_DRAUGHT_M = 20.0
# A year and some: ten years of a coast's windows take 4 GB.
LONGEST = timedelta(days=400)
# Any year does: the mean over its fortnights moves by a few centimetres in 18.6 years.
_YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
_SPRINGS_STEP_MIN = 30
# Levels of one datum that two sources give apart by more are of two datums or two places.
_SAME_DATUM_M = 0.05


@dataclass(frozen=True)
class SegmentTide:
    """One segment's tide over a time, and when it lets a boat of the workspace's draught land.

    Heights are metres above mean sea level. ``threshold_m`` and ``windows`` are None where the
    seabed is unknown; ``basis`` tells what the seabed rests on; ``error_m`` is None where nothing
    is known of the tide's error.
    """

    times: np.ndarray
    height_m: np.ndarray
    threshold_m: float | None
    windows: list[Span] | None
    basis: Basis | None
    error_m: float | None
    note: str


def set_landing(ws: Workspace, traits: pl.DataFrame | None = None) -> None:
    """Work out anew over which seabed, and by which tide, each segment can be landed on.

    To be called when the depth, the tide stations or the kinds of shore have changed.

    Parameters
    ----------
    traits : ``segment_id`` and some of ``TRAITS`` (``made``: JSON list of the columns that are
        made) to take over first.
    """
    cut = store.layer(ws.engine, "segments")
    if traits is not None:
        cut = with_traits(cut, traits)
    store.write(ws.engine, "segments", with_landing(ws, cut), replace=True)


def with_traits(cut: gpd.GeoDataFrame, traits: pl.DataFrame) -> gpd.GeoDataFrame:
    """Return segments with the traits of those that have the same id, and none where none has."""
    names = [name for name in TRAITS if name in traits.columns]
    ids = pl.DataFrame({"segment_id": pl.Series(cut["segment_id"].to_list(), dtype=pl.String)})
    found = ids.join(
        traits.select("segment_id", *names), on="segment_id", how="left", maintain_order="left"
    )
    return cut.assign(**{name: found[name].to_list() for name in names})


def with_landing(
    ws: Workspace,
    cut: gpd.GeoDataFrame,
    *,
    land: gpd.GeoDataFrame | None = None,
    depth: Depth | None = None,
) -> gpd.GeoDataFrame:
    """Return segments with what their landing rests on.

    Adds ``profile_m, landing_seabed_m, landing_basis, tide_weights, tide_error_m, tide_note``.
    Where no depth is known the profile is estimated from the kind of shore, unless the setting
    ``estimate_landing`` says otherwise; ``landing_basis`` then is 'estimate'. ``land`` ends the
    profiles. Land and depth are the stored ones where they are not given.
    """
    if land is None:
        land = store.layer(ws.engine, "land")
    if depth is None:
        depth = depth_of(ws)
    stations, weights, error_m, notes = tide.weights(
        ws, cut["lon"].to_numpy(dtype=float), cut["lat"].to_numpy(dtype=float)
    )
    kinds = [kind if isinstance(kind, str) else None for kind in cut["shore_type"]]
    carry_m = np.array([ws.config.carry_m.get(kind or "", np.nan) for kind in kinds])
    profile = np.full((len(cut), len(shore.OFFSETS_M)), np.nan)
    if depth is not None and len(cut):
        profile = shore.profiles(cut, depth, land)
    seabed = shore.landing_seabed(profile, carry_m)
    made = depth is not None and (depth.made or DEPTH in ws.config.made)
    basis = np.where(np.isnan(seabed), None, "made" if made else "survey")
    guessed = np.isnan(seabed) & ~np.isnan(carry_m)
    if ws.config.estimate_landing and guessed.any():
        high_m = _high_water(ws, stations, weights)
        estimate = shore.estimated_profiles(kinds, high_m, water_m=shore.open_water(cut, land))
        guessed &= ~np.isnan(estimate).all(axis=1)
        profile[guessed] = estimate[guessed]
        seabed[guessed] = shore.landing_seabed(estimate, carry_m)[guessed]
        basis[guessed] = "estimate"
    return cut.assign(
        profile_m=_rows(profile),
        landing_seabed_m=np.round(seabed, 3),
        landing_basis=basis,
        **_told(stations, weights, error_m, notes),
    )


def tides_of(ws: Workspace) -> dict[str, list[Any]]:
    """Return ``tide_weights, tide_error_m, tide_note`` of the segments as the settings are now."""
    return _told(*tide.weights(ws))


def _told(
    stations: Sequence[str], weights: np.ndarray, error_m: np.ndarray, notes: Sequence[str | None]
) -> dict[str, list[Any]]:
    return {
        "tide_weights": [
            [[name, round(float(w), 4)] for name, w in zip(stations, row, strict=True) if w > 0]
            or None
            for row in weights
        ],
        "tide_error_m": np.asarray(error_m, dtype=float).tolist(),
        "tide_note": list(notes),
    }


def _rows(profile: np.ndarray) -> list[list[float | None] | None]:
    """Return profiles as they are kept: centimetres, nulls where unknown."""
    return [
        None if np.isnan(row).all() else [None if np.isnan(z) else round(float(z), 2) for z in row]
        for row in profile
    ]


def _high_water(ws: Workspace, stations: list[str], weights: np.ndarray) -> np.ndarray:
    """Return mean high water springs (m above mean sea level) of each segment."""
    if not stations:
        return np.full(len(weights), np.nan)
    springs = cached(ws, ("springs", *stations), ("tide_stations",), lambda: _springs(ws, stations))
    known = ~np.isnan(springs)
    used = np.where(known[None, :], weights, 0.0)
    high: np.ndarray = used @ np.where(known, springs, 0.0)
    # A segment that leans on a station without springs has no estimate.
    return np.where(np.abs(used.sum(axis=1) - 1.0) < 1e-6, high, np.nan)


def _springs(ws: Workspace, stations: list[str]) -> np.ndarray:
    """Return each station's mean high water springs: over a year, or the table that there is."""
    known = {one.station_id: one for one in tide.stations(ws)}
    found = []
    for name in stations:
        one = known[name]
        table = (one.main or one).table
        t0, t1 = _YEAR if table is None else (_utc(t) for t in table.span)
        heights_m = tide.curve(one, t0, t1, step_min=_SPRINGS_STEP_MIN)[1]
        per_day = 24 * 60 // _SPRINGS_STEP_MIN
        found.append(shore.mean_high_springs(heights_m[None, :], per_day=per_day)[0])
    return np.array(found)


def _utc(t: np.datetime64) -> datetime:
    moment: datetime = t.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC)


def depth_of(ws: Workspace) -> Depth | None:
    """Return the workspace's depth, read as its import said; None without one.

    Raises
    ------
    InputError
        When the raster was put there without an import and does not say its vertical datum.
    """
    if ws.depth is None:
        return None
    with rasterio.open(ws.depth, driver="GTiff") as source:
        said = source.tags(ns=TAGS)
    if not said:
        return at_sea_level(ws, Depth.open(str(ws.depth)), datum=None)[0]
    return Depth.open(
        str(ws.depth),
        band=int(said["BAND"]),
        positive_down=said["POSITIVE_DOWN"] == "True",
        zero_m=float(said["ZERO_M"]),
    )


def at_sea_level(ws: Workspace, depth: Depth, *, datum: str | None) -> tuple[Depth, str, str]:
    """Return a depth above local mean sea level, what it stood above before, and who says so.

    Parameters
    ----------
    datum : what the heights are counted from; None takes the file's own word.

    Raises
    ------
    InputError
        When nobody says, the two differ, no offset of that datum is known here, or the station's
        and the settings' contradict each other.
    """
    named = datum or depth.datum
    if named is None:
        raise InputError(
            "the raster does not say what its heights are counted from",
            where=depth.path,
            mend="Name it: --datum MSL (mean sea level), CD (chart datum), CN1985 "
            "(1985国家高程基准) or another that the stations or the setting `datums` know.",
        )
    if depth.datum is not None and canonical(named) != canonical(depth.datum):
        raise InputError(
            f"the raster says that its heights are counted from {depth.datum}, --datum says "
            f"{datum}",
            where=depth.path,
            mend="Leave --datum out, or correct the raster's tag VERTICAL_DATUM (gdal_edit -mo).",
        )
    zero_m, source = _above_sea_level(ws, named, where=depth.path)
    return replace(depth, zero_m=zero_m), canonical(named), source


def _above_sea_level(ws: Workspace, datum: str, *, where: str) -> tuple[float, str]:
    """Return how high (m) a datum's zero stands above local mean sea level, and who says so.

    The coast's own station comes before the settings, as everywhere with tides.
    """
    near = tide.station(ws)
    settings = from_settings(ws.config.datums)
    said = Datums.of(settings, where=where)
    if near is None:
        return said.between(datum, MSL), "`datums`"
    own = next(one for one in read_stations(ws, {}) if one.station_id == near.station_id)
    name = near.note or near.name
    if not own.known_datums().knows(datum):
        both = Datums.of(own.datums, settings, where=where)
        alone = said.knows(datum)
        return both.between(datum, MSL), "`datums`" if alone else f"{name}; `datums`"
    zero_m = own.known_datums().between(datum, MSL)
    if said.knows(datum) and abs(said.between(datum, MSL) - zero_m) > _SAME_DATUM_M:
        raise InputError(
            f"the zero of {canonical(datum)} stands {zero_m:+.3f} m above mean sea level by the "
            f"station {near.name}, and {said.between(datum, MSL):+.3f} m by the setting `datums`",
            where=where,
            mend="Correct the wrong one, or take the datum out of the setting `datums`.",
        )
    return zero_m, name


def thresholds(ws: Workspace, seabed_m: np.ndarray) -> np.ndarray:
    """Return the tide heights (m above mean sea level) from which a boat floats over seabeds."""
    return np.asarray(seabed_m, dtype=float) + ws.config.draught_m + ws.config.margin_m


def curves(ws: Workspace, t0: datetime, t1: datetime) -> tuple[np.ndarray, np.ndarray]:
    """Return times and the stations' heights [station, time] over a time, worked out once."""
    return cached(
        ws, ("curves", t0, t1), ("tide_stations", "segments"), lambda: tide.curves(ws, t0, t1)
    )


def landable_share(ws: Workspace, t0: datetime, t1: datetime) -> np.ndarray:
    """Return the share of a time in which each segment can be landed on, in the shore's order.

    For the workspace's own draught; NaN where seabed or tide is unknown.
    """
    seabed = _seabed(ws)["landing_seabed_m"].fill_null(np.nan).to_numpy()
    weights = tide.weights(ws)[1]
    if not weights.shape[1]:
        return np.full(len(seabed), np.nan)
    return shore.landable_share(
        thresholds(ws, seabed), weights=weights, heights_m=curves(ws, t0, t1)[1]
    )


def segment_tide(ws: Workspace, row: int, t0: datetime, t1: datetime) -> SegmentTide | None:
    """Return the tide of one segment (its row in the shore's order); None without a station."""
    _, weights, error_m, notes = tide.weights(ws)
    own = weights[row : row + 1]
    if not weights.shape[1] or np.isnan(own).any():
        return None
    times, heights_m = curves(ws, t0, t1)
    place = _seabed(ws).row(row, named=True)
    seabed = place["landing_seabed_m"]
    windows = None
    if seabed is not None:
        windows = list(
            shore.landable_windows(
                np.array([seabed]),
                draughts_m=(ws.config.draught_m,),
                margin_m=ws.config.margin_m,
                weights=own,
                times=times,
                heights_m=heights_m,
            )
            .select("t_from", "t_to")
            .iter_rows()
        )
    used = own[0] > 0
    return SegmentTide(
        times=times,
        height_m=own[0, used] @ heights_m[used],
        threshold_m=None if seabed is None else float(thresholds(ws, seabed)),
        windows=windows,
        basis=place["landing_basis"],
        error_m=None if np.isnan(error_m[row]) else float(error_m[row]),
        note=notes[row],
    )


def landable(
    ws: Workspace, t0: datetime, t1: datetime, *, draughts: Sequence[float]
) -> pl.DataFrame:
    """Return when each segment can be landed on with each draught, between two times (UTC).

    Returns
    -------
    DataFrame
        ``segment_id, shoreline_id, from_m, to_m, draught_m, t_from, t_to, basis`` ('survey',
        'made' or 'estimate'), ``tide_error_m, tide_note``; segments whose seabed or tide is
        unknown have no row.

    Raises
    ------
    InputError
        When the times do not ascend or are more than 400 days apart, a draught is not positive, or
        no station is near.
    """
    if t1 <= t0:
        raise InputError(
            f"--to {t1:%Y-%m-%d %H:%M} is not later than --from",
            where="landable",
            mend="Swap them.",
        )
    if t1 - t0 > LONGEST:
        raise InputError(
            f"{(t1 - t0).days} days are asked for; {LONGEST.days} are the most",
            where="landable",
            mend="Ask for a part of the time, and for the rest in a second run.",
        )
    wrong = [one for one in draughts if not 0 < one <= MOST_DRAUGHT_M]
    if wrong or not draughts:
        raise InputError(
            f"the draught {wrong[0]:g} is not between 0 and {MOST_DRAUGHT_M:g} m"
            if wrong
            else "no draught is given",
            where="landable",
            mend="Write it in metres, such as --draught 1.5.",
        )
    _, weights, error_m, notes = tide.weights(ws)
    if not weights.shape[1]:
        raise InputError(
            "no tide station is near this coast",
            where=str(ws.root),
            mend="Import one (shoregrid import WS tides FILE), or name it in the setting "
            "`tide_station`.",
        )
    times, heights_m = tide.curves(ws, t0, t1)
    place = _seabed(ws)
    found = shore.landable_windows(
        place["landing_seabed_m"].fill_null(np.nan).to_numpy(),
        draughts_m=draughts,
        margin_m=ws.config.margin_m,
        weights=weights,
        times=times,
        heights_m=heights_m,
    )
    row = found["segment"]
    about = place.with_columns(
        tide_error_m=pl.Series(np.round(error_m, 3)).fill_nan(None),
        tide_note=pl.Series(notes, dtype=pl.String),
    )[row.to_numpy()]
    return about.select("segment_id", "shoreline_id", "from_m", "to_m").hstack(
        [
            *found.select("draught_m", "t_from", "t_to").get_columns(),
            about["landing_basis"].alias("basis"),
            about["tide_error_m"],
            about["tide_note"],
        ]
    )


def _seabed(ws: Workspace) -> pl.DataFrame:
    columns = [
        "segment_id", "shoreline_id", "from_m", "to_m", "landing_seabed_m", "landing_basis",
    ]  # fmt: skip
    return cached(
        ws, "seabed", ("segments",), lambda: store.read(ws.engine, "segments", columns=columns)
    )


def windows_between(
    ws: Workspace, t0: datetime, t1: datetime, *, raised_m: float = 0.0
) -> tuple[pl.DataFrame, np.ndarray]:
    """Return when segments can be landed on with the workspace's draught, and of which it is known.

    The table is that of ``geo.landable.landable_windows``. ``raised_m`` puts the water higher than
    the tide has it, by metres.
    """
    seabed = _seabed(ws)["landing_seabed_m"].fill_null(np.nan).to_numpy()
    weights = tide.weights(ws)[1]
    if not weights.shape[1]:
        return pl.DataFrame(
            schema={"segment": pl.UInt32, "t_from": pl.Datetime("ms", "UTC"),
                    "t_to": pl.Datetime("ms", "UTC")}
        ), np.zeros(len(seabed), dtype=bool)  # fmt: skip
    times, heights_m = tide.curves(ws, t0, t1)
    found = shore.landable_windows(
        seabed,
        draughts_m=(ws.config.draught_m,),
        margin_m=ws.config.margin_m,
        weights=weights,
        times=times,
        heights_m=heights_m + raised_m,
    )
    known = ~np.isnan(seabed) & ~np.isnan(weights).any(axis=1)
    return found.select("segment", "t_from", "t_to"), known
