"""Places put onto the shore as they come in: swapped, shifted and far ones found out."""

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from geo.errors import InputError, Refusal
from geo.gcj02 import Shift, in_china, shift_of, to_bd09, to_gcj02
from workspace import placing, store
from workspace._imported import Options
from workspace.folder import Workspace

Floats = NDArray[np.float64]

_FAR_M = 500_000.0
# What stands at the shore, so that a shift of all of it shows in its distances to the shore.
_BY_THE_SHORE = frozenset({"wharves", "risk-points", "facilities", "sections"})
_SYSTEMS = {"gcj02": "GCJ-02", "bd09": "BD-09"}
_AS_GIVEN = {"gcj02": to_gcj02, "bd09": to_bd09}
# What stands at the shore lies within this of it as OpenStreetMap draws it; the shifts are longer.
_AT_THE_SHORE_M = 50.0
# So many places `shift_of` needs.
_FEW = 5
_SWAPPED = "Swap the two columns, or the two cells, and import again."


def onto_shore(
    ws: Workspace, kind: str, file: str, frame: pl.DataFrame, options: Options
) -> tuple[pl.DataFrame, list[Refusal], list[str]]:
    """Give places their shoreline and chainage; refuse those that are nowhere near.

    Parameters
    ----------
    frame : with ``row, lon, lat``.

    Returns
    -------
    The rows that lie near, with the columns of their place, the refusals, and notes.

    Raises
    ------
    InputError
        When there is no coast; when the places, or those away from the shore, are shifted as
        GCJ-02 or BD-09 shift them and ``options.coordinates`` does not say what to make of it; or
        when it says so and the places lay nearer to the shore as they were given.
    """
    if not store.count(ws.engine, "segments"):
        raise InputError(
            "the workspace has no coast yet, so nothing can be placed on it",
            where=file,
            mend="First: shoregrid import WS coast FILE",
        )
    at_sea = kind == "incidents"
    limit = ws.config.reach_m if at_sea else ws.config.max_snap_m
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    place = _snap(ws, lon, lat, max_m=limit)
    near = place["shoreline_id"].is_not_null()
    notes: list[str] = []
    if kind in _BY_THE_SHORE and options.coordinates is None:
        notes = _tested(ws, file, frame.filter(near))
    elif kind in _BY_THE_SHORE and options.coordinates in _AS_GIVEN:
        notes = _corrected(ws, file, frame, options.coordinates)
    refused = _lost(ws, kind, file, frame.filter(~near), limit)
    columns = place.columns if at_sea else place.columns[:3]
    kept = frame.filter(near).with_columns(place.filter(near).select(columns))
    if kind == "sections":
        return kept, refused, notes
    points = shapely.points(kept["lon"].to_numpy(), kept["lat"].to_numpy())
    wkb = pl.Series(list(shapely.to_wkb(points, byte_order=1)), dtype=pl.Binary)
    return kept.with_columns(geometry=wkb), refused, notes


def _snap(ws: Workspace, lon: Floats, lat: Floats, *, max_m: float) -> pl.DataFrame:
    """Return where places lie on the coast; those that are no places on Earth lie nowhere."""
    sound = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
    # Beyond the range of a projection its metres are nonsense: such places are asked elsewhere.
    x, y = np.where(sound, lon, 0.0), np.where(sound, lat, 0.0)
    found = placing.snap(ws, pl.Series(x), pl.Series(y), max_m=max_m)
    return found.with_columns(
        pl.when(pl.Series(sound)).then(pl.col(name)).alias(name) for name in found.columns
    )


def _far(ws: Workspace, lon: Floats, lat: Floats) -> Floats:
    distance = placing.shore_index(ws).nearest(lon, lat, max_m=ws.config.max_snap_m).distance_m
    return np.asarray(distance, dtype=np.float64)


def _tested(ws: Workspace, file: str, frame: pl.DataFrame) -> list[str]:
    """Raise InputError where places, or those away from the shore, are shifted; return notes.

    A note says which places away from the shore are too few to tell.
    """
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    found = shift_of(lon, lat, lambda x, y: _far(ws, x, y))
    if found is not None:
        raise _shifted(file, found)
    away = (_far(ws, lon, lat) > _AT_THE_SHORE_M) & in_china(lon, lat)
    rows = _rows(frame["row"].filter(pl.Series(away)).to_list())
    if len(np.unique(np.column_stack([lon[away], lat[away]]), axis=0)) >= _FEW:
        found = shift_of(lon[away], lat[away], lambda x, y: _far(ws, x, y))
        if found is not None:
            raise _mixed(file, found, rows)
    elif away.any():
        count = int(away.sum())
        note = (
            f"{count} 处离岸线超过 {_AT_THE_SHORE_M:g} 米（第 {rows} 行），数量太少，未检验是否为 "
            f"GCJ-02 坐标 · {count} places lie more than {_AT_THE_SHORE_M:g} m from the shore "
            f"(rows {rows}): too few, not tested for GCJ-02"
        )
        return [note]
    return []


def _rows(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:20])) + (" …" if len(numbers) > 20 else "")


def _mixed(file: str, shift: Shift, rows: str) -> InputError:
    system = _SYSTEMS[shift.system]
    return InputError(
        f"{shift.points} places away from the shore (rows {rows}) lie {shift.given_m:.0f} m from "
        f"it in the median as given, and {shift.corrected_m:.0f} m when read as {system}: they "
        "and the others are probably in two systems",
        where=file,
        mend=f"Import these rows as a file of their own with --coordinates {shift.system}, or all "
        "with --coordinates wgs84 to keep them as they are; nothing was stored.",
    )


def _corrected(ws: Workspace, file: str, frame: pl.DataFrame, system: str) -> list[str]:
    """Raise InputError where correcting took places away from the shore; return notes."""
    lon, lat = frame["lon"].to_numpy(), frame["lat"].to_numpy()
    sound = in_china(lon, lat)
    if not sound.any():
        return []
    lon, lat = lon[sound], lat[sound]
    after, before = (
        np.nan_to_num(_far(ws, *places), nan=np.inf)
        for places in ((lon, lat), _AS_GIVEN[system](lon, lat))
    )
    given_m, corrected_m = float(np.median(before)), float(np.median(after))
    if corrected_m <= max(given_m, _AT_THE_SHORE_M) or (after > before).mean() <= 0.5:
        return []
    name, limit = _SYSTEMS[system], ws.config.max_snap_m
    now = f"{corrected_m:.0f}" if np.isfinite(corrected_m) else f"> {limit:.0f}"
    if len(lon) < _FEW:
        # So few may lie inland, and nearer by chance.
        note = (
            f"改正前离岸线 {given_m:.0f} 米，改正后 {now} 米，请核对是否为 {name} 坐标 · "
            f"{given_m:.0f} m from the shore as given, {now} m corrected: see whether they were in "
            f"{name}"
        )
        return [note]
    raise InputError(
        f"the places lie {given_m:.0f} m from the shore in the median as given, and {now} m when "
        f"corrected from {name}: they are probably not in {name}",
        where=file,
        mend="Leave --coordinates out, so that the places are tested, or give --coordinates wgs84 "
        "to keep them as they are; nothing was stored.",
    )


def _shifted(file: str, shift: Shift) -> InputError:
    system = _SYSTEMS[shift.system]
    return InputError(
        f"{shift.points} places lie {shift.given_m:.0f} m from the shore in the median as given, "
        f"and {shift.corrected_m:.0f} m when read as {system} ({shift.nearer:.0%} of them come "
        f"nearer): they are probably in {system}",
        where=file,
        mend=f"Import again with --coordinates {shift.system} to correct them, or with "
        "--coordinates wgs84 to keep them as they are; nothing was stored.",
    )


def _lost(ws: Workspace, kind: str, file: str, lost: pl.DataFrame, limit: float) -> list[Refusal]:
    """Refuse places too far from any shore, and say of which longitude and latitude are swapped."""
    lon, lat = lost["lon"].to_numpy(), lost["lat"].to_numpy()
    apart = _snap(ws, lon, lat, max_m=_FAR_M)["offset_m"]
    swapped = _snap(ws, lat, lon, max_m=limit)["offset_m"]
    setting = "reach_m" if kind == "incidents" else "max_snap_m"
    out = []
    for number, x, y, far, turned in zip(lost["row"], lon, lat, apart, swapped, strict=True):
        place = f"{x:.5f}, {y:.5f}"
        on_earth = abs(x) <= 180 and abs(y) <= 90
        if turned is not None:
            detail = (
                f"{place} lies nowhere near, and {turned:.0f} m from the shore when longitude and "
                "latitude change places (经纬度写反)"
            )
            out.append(Refusal(file, number, "swapped_lonlat", detail, _SWAPPED, y, x))
        elif not on_earth:
            detail = f"`lat` was {y:g}, expected -90 to 90"
            mend = "Correct the cells named and import the row again."
            out.append(Refusal(file, number, "bad_value", detail, mend))
        else:
            detail = (
                f"{place} is {_distance(far)} from the nearest shore, more than {limit / 1000:g} km"
            )
            mend = (
                "Check longitude and latitude (another datum such as GCJ-02?); the limit is the "
                f"setting {setting}."
            )
            out.append(Refusal(file, number, "far_from_shore", detail, mend, x, y))
    return out


def _distance(metres: object) -> str:
    return f"{metres / 1000:.1f} km" if isinstance(metres, float) else "more than 500 km"


def off_the_earth(file: str, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse places whose latitude is a longitude, where no shore tells."""
    sound = pl.col("lat").abs() <= 90
    refused = [
        Refusal(
            file,
            row["row"],
            "swapped_lonlat",
            f"`lat` was {row['lat']:g}, expected -90 to 90; a longitude it would be (经纬度写反)",
            _SWAPPED,
        )
        for row in frame.filter(~sound).iter_rows(named=True)
    ]
    return frame.filter(sound), refused
