"""A depth raster into a workspace: checked on the coast, brought to mean sea level, kept whole."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import rasterio

from geo.crs import to_lonlat, to_metres, working_crs
from geo.depth import Depth
from geo.errors import InputError
from geo.landable import OFFSETS_M
from workspace import store
from workspace._imported import Imported, Options
from workspace.folder import Workspace
from workspace.landing import DEPTH, TAGS, at_sea_level, with_landing


def import_depth(ws: Workspace, path: Path, options: Options, result: Imported) -> None:
    """Keep a GeoTIFF of depths or heights, and see anew from which tide segments can be landed on.

    Its vertical datum comes from ``options.datum`` or the file, and its heights are brought to
    local mean sea level by the offsets that the stations and the setting ``datums`` give.

    Raises
    ------
    InputError
        When the raster cannot be read, lies elsewhere, is counted upside down or from an unknown
        datum; nothing is stored then.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    given = Depth.open(str(path), band=options.band, positive_down=options.positive_down)
    depth, datum, source = at_sea_level(ws, given, datum=options.datum)
    places = _at_sea(ws)
    depth.check(*places)
    kept, fresh = ws.rasters / "depth.tif", ws.rasters / "depth.new.tif"
    shutil.copyfile(path, fresh)
    _alone(depth, fresh, *places)
    # Its blocks stay where they are: a cloud-optimised layout is lost, and nobody fetches it here.
    with rasterio.open(fresh, "r+", driver="GTiff", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(
            ns=TAGS, BAND=options.band, POSITIVE_DOWN=options.positive_down, ZERO_M=depth.zero_m
        )
    row = pl.DataFrame(
        {
            "name": [DEPTH],
            "source": [path.name],
            "datum": [datum],
            "zero_m": [depth.zero_m],
            "positive_down": [options.positive_down],
            "band": [options.band],
            "made": [depth.made],
            "imported": [datetime.now(UTC)],
        }
    )
    cut = store.layer(ws.engine, "segments")
    try:
        if len(cut):
            cut = with_landing(ws, cut, depth=replace(depth, path=str(fresh)))
        with ws.begin() as connection:
            store.upsert(connection, "rasters", row)
            store.write(connection, "segments", cut, replace=True)
            # Put in place at once: killed at any instant, the raster is the old or the new one.
            fresh.replace(kept)
    finally:
        fresh.unlink(missing_ok=True)
    result.counts["rasters"] = 1
    if depth.zero_m:
        result.notes.append(f"{datum} → MSL {depth.zero_m:+.3f} m ({source})")
    if len(cut):
        found = cut["landing_basis"]
        result.counts["segments_sounded"] = int(found.isin(["survey", "made"]).sum())
        result.counts["segments_estimated"] = int((found == "estimate").sum())


def _at_sea(ws: Workspace) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Return places [segment, seaward], where a raster of this coast must know the seabed."""
    shore = store.read(ws.engine, "segments", columns=["lon", "lat", "facing_deg"]).drop_nulls()
    if shore.is_empty():
        return None, None
    lon, lat = shore["lon"].to_numpy(), shore["lat"].to_numpy()
    crs = working_crs((lon.min(), lat.min(), lon.max(), lat.max()))
    x, y = to_metres(crs, lon, lat)
    way = np.radians(shore["facing_deg"].to_numpy())[:, None]
    off_m = np.array(OFFSETS_M[1::3])
    return to_lonlat(crs, x[:, None] + np.sin(way) * off_m, y[:, None] + np.cos(way) * off_m)


def _alone(
    depth: Depth, copy: Path, lon: np.ndarray | None = None, lat: np.ndarray | None = None
) -> None:
    """Raise InputError where a raster's copy is not the same without the files beside it."""
    try:
        same = Depth.open(str(copy), band=depth.band).crs == depth.crs
        if lon is not None and lat is not None:
            alike = replace(depth, path=str(copy)).sample(lon.ravel(), lat.ravel())
            same &= np.array_equal(alike, depth.sample(lon.ravel(), lat.ravel()), equal_nan=True)
    except InputError:
        same = False
    if not same:
        copy.unlink()
        raise InputError(
            "the raster leans on files beside it (.tfw, .aux.xml, .msk)",
            where=depth.path,
            mend="Put all into one file: gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES.",
        )
