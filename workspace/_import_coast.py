"""A coast from a file: land or coastlines, repaired, closed at rivers, cut at a county."""

import hashlib
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

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
_COUNTY = "county.gpkg"


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
    width_m = _river_mouth_m(ws, options)
    mouths: tuple[tuple[float, float, float], ...] = ()
    if width_m > 0:
        land, closed = close_rivers(land, width_m=width_m)
        middles = shapely.get_coordinates(
            shapely.line_interpolate_point(closed.geometry.values, 0.5, normalized=True)
        )
        mouths = tuple(
            (round(x, 6), round(y, 6), round(w, 1))
            for (x, y), w in zip(middles.tolist(), closed["width_m"], strict=True)
        )
        result.counts["river_mouths"] = len(mouths)
        some = "; ".join(f"{w:g} m at {x:.5f} {y:.5f}" for x, y, w in mouths[:10])
        result.notes.append(
            f"已封闭宽度小于 {width_m:g} 米的河口 {len(mouths)} 处 · "
            f"{len(mouths)} river mouths narrower than {width_m:g} m were closed: {some}"
            + (" …" if len(mouths) > 10 else "")
        )
    county = _county(ws, options, result)
    origin = Origin(
        path.name,
        "" if layer.crs is None else layer.crs.to_string(),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        width_m,
        mouths,
    )
    # Who names a county means that the shore outside it goes.
    meant = options.replace or options.county is not None
    counts = build_coast(ws, land, county=county, origin=origin, replace=meant)
    result.counts.update(counts)
    if options.county is not None and county is not None:
        _keep_county(ws, county)
    edge_km = result.counts["edge_km"]
    if edge_km:
        result.notes.append(
            f"图层裁切边或辖区界 {edge_km} 公里不计为岸线 · {edge_km} km of the land's edge "
            "were taken for the cut of the layer or the county's line, not for coast"
        )
    _tell(result)


def _river_mouth_m(ws: Workspace, options: Options) -> float:
    """Return the width at which mouths are closed: as told, as set, or as it was last time."""
    if options.river_mouth_m is not None:
        return options.river_mouth_m
    if ws.config.river_mouth_m > 0:
        return ws.config.river_mouth_m
    before = store.read(ws.engine, "coasts", columns=["summary"])["summary"]
    return float(json.loads(before[-1]).get("river_mouth_m", 0.0)) if len(before) else 0.0


def _county(ws: Workspace, options: Options, result: Imported) -> gpd.GeoDataFrame | None:
    """Return the county: as told, or as it was last time; None where there is none."""
    kept = ws.root / _COUNTY
    if options.county is None and not kept.is_file():
        return None
    county = read_layer(options.county or kept)
    refuse_personal_columns([str(name) for name in county.columns], str(options.county or kept))
    if options.county is None:
        result.notes.append(
            f"沿用已存的辖区界 {_COUNTY} · "
            f"the county's line of the import before holds on: {_COUNTY}"
        )
    return county


def _keep_county(ws: Workspace, county: gpd.GeoDataFrame) -> None:
    """Keep the county's polygons, and nothing else of them, for the next import."""
    fresh = ws.root / f".{_COUNTY}"
    fresh.unlink(missing_ok=True)
    county[[county.geometry.name]].to_crs(4326).to_file(fresh, driver="GPKG", layer="county")
    fresh.replace(ws.root / _COUNTY)


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
    if counts["without_shore_type"]:
        result.notes.append(
            f"{counts['without_shore_type']} 个新岸段没有岸质，无法判断可登滩 · "
            f"{counts['without_shore_type']} new segments have no kind of shore, so that landing "
            "is unknown there: shoregrid import WS shore-types FILE"
        )
    if counts["new"] or counts["split"]:
        result.notes.append(
            "新岸段尚无评分，请运行 score 与 plan · new shore has no scores yet: "
            "run shoregrid score, then plan"
        )
