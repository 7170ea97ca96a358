"""A coast from a file: land or coastlines, repaired, closed at rivers, cut at a county."""

import hashlib
from pathlib import Path

import geopandas as gpd
import numpy as np

from geo.errors import InputError, Refusal
from geo.io import read_layer
from geo.rivers import close_rivers
from geo.shoreline import land_of
from workspace import store
from workspace._imported import Imported, Options
from workspace._personal import refuse_personal_columns
from workspace.building import Origin, build_coast
from workspace.folder import Workspace

_NEAR_DEG = 1.0


def read_land(path: Path, options: Options) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, Imported]:
    """Read a layer of land or coastlines; return the land repaired, the layer, and what was wrong.

    Raises
    ------
    InputError
        When no land can be made of it, or when it bears columns of persons' data.
    """
    told = Imported()
    layer = read_layer(path, layer=options.layer, crs=options.crs)
    refuse_personal_columns([str(name) for name in layer.columns], str(path))
    land, refused = land_of(layer, name=path.name, land_side=options.land_side)
    # On which side the land was found is no fault of the layer.
    told.notes += [f"{one.detail}. {one.mend}" for one in refused if one.reason == "land_side"]
    told.refused += [one for one in refused if one.reason != "land_side"]
    return land, layer, told


def import_coast(ws: Workspace, path: Path, options: Options, result: Imported) -> None:
    """Import a coast: shorelines, segments and exposure; what hung on the one before goes along."""
    land, layer, told = read_land(path, options)
    result.refused += told.refused
    result.notes += told.notes
    _same_sea(ws, land, path)
    _whole(ws, told.refused, path, options)
    width_m = ws.config.river_mouth_m if options.river_mouth_m is None else options.river_mouth_m
    if width_m > 0:
        land, mouths = close_rivers(land, width_m=width_m)
        result.counts["river_mouths"] = len(mouths)
        result.notes.append(
            f"已封闭宽度小于 {width_m:g} 米的河口 {len(mouths)} 处 · "
            f"{len(mouths)} river mouths narrower than {width_m:g} m were closed"
        )
    county = None
    if options.county is not None:
        county = read_layer(options.county)
        refuse_personal_columns([str(name) for name in county.columns], str(options.county))
    origin = Origin(
        path.name,
        "" if layer.crs is None else layer.crs.to_string(),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    counts = build_coast(ws, land, county=county, origin=origin, replace=options.replace)
    result.counts.update(counts)
    edge_km = result.counts["edge_km"]
    if edge_km:
        result.notes.append(
            f"图层裁切边或辖区界 {edge_km} 公里不计为岸线 · {edge_km} km of the land's edge "
            "were taken for the cut of the layer or the county's line, not for coast"
        )
    _tell(result)


def _same_sea(ws: Workspace, land: gpd.GeoDataFrame, path: Path) -> None:
    """Raise InputError where a newer coast lies nowhere near the one before."""
    if not store.count(ws.engine, "segments"):
        return
    places = store.read(ws.engine, "segments", columns=["lon", "lat"])
    lon, lat = places["lon"].to_numpy(), places["lat"].to_numpy()
    west, south, east, north = land.total_bounds
    if _meets(west, south, east, north, lon, lat):
        return
    swapped = _meets(south, west, north, east, lon, lat)
    raise InputError(
        f"the layer lies at {west:.2f}-{east:.2f}, {south:.2f}-{north:.2f}, and the workspace's "
        f"coast at {lon.min():.2f}-{lon.max():.2f}, {lat.min():.2f}-{lat.max():.2f}",
        where=str(path),
        mend="Longitude and latitude are probably swapped; longitude comes first."
        if swapped
        else "Check its CRS (--crs); another coast wants a workspace of its own: shoregrid init.",
    )


def _whole(ws: Workspace, refused: list[Refusal], path: Path, options: Options) -> None:
    """Raise InputError where a newer coast came in pieces: what it lacks would count as gone."""
    broken = [
        one
        for one in refused
        if one.reason == "bad_coordinates" or one.detail.startswith("the feature is nothing")
    ]
    if broken and not options.replace and store.count(ws.engine, "segments"):
        raise InputError(
            f"{len(broken)} features are broken ({broken[0].detail}), and their shore would count "
            "as gone",
            where=str(path),
            mend="Mend them, or say with --replace that the rest is the coast.",
        )


def _meets(
    west: float, south: float, east: float, north: float, lon: np.ndarray, lat: np.ndarray
) -> bool:
    return bool(
        west <= lon.max() + _NEAR_DEG
        and east >= lon.min() - _NEAR_DEG
        and south <= lat.max() + _NEAR_DEG
        and north >= lat.min() - _NEAR_DEG
    )


def _tell(result: Imported) -> None:
    """Add to the notes what a newer coast changed, and what to run next."""
    counts = result.counts
    if "kept" not in counts:
        return
    told = [
        (name, zh)
        for name, zh in (
            ("kept", "保留"),
            ("moved", "移位"),
            ("split", "拆分"),
            ("merged", "合并"),
            ("gone", "消失"),
            ("new", "新增"),
        )
        if counts[name]
    ]
    zh = "、".join(f"{word} {counts[n]} 段 {counts[f'{n}_m'] / 1000:.1f} 公里" for n, word in told)
    en = ", ".join(f"{n} {counts[n]} ({counts[f'{n}_m'] / 1000:.1f} km)" for n, _ in told)
    result.notes.append(f"岸线更新：{zh} · the coast changed: {en}")
    if counts["section_changed_m"]:
        km = counts["section_changed_m"] / 1000
        result.notes.append(
            f"有 {km:.1f} 公里岸线换了责任岸段，请核对 · {km:.1f} km of shore belong to another "
            "section than before: check them"
        )
    if counts["places_lost"] or counts["incidents_lost"] or counts["effort_lost_km"]:
        places, incidents = counts["places_lost"], counts["incidents_lost"]
        km = counts["effort_lost_km"]
        result.notes.append(
            f"随岸消失：{places} 处场所、{incidents} 起案事件、{km} 公里巡防 · "
            f"gone with their shore: {places} places, {incidents} incidents "
            f"(kept without a place on the shore, listed in the quarantine), {km} km of patrols"
        )
    if counts["new"] or counts["split"]:
        result.notes.append(
            "新岸段尚无评分，请运行 score 与 plan · new shore has no scores yet: "
            "run shoregrid score, then plan"
        )
