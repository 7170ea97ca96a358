"""What lies about the shore: roads, settlements and kinds of shore, as layers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from geo.around import distances
from geo.around import shore_types as shore_types_of
from geo.errors import InputError, Refusal
from workspace import store
from workspace._import_cells import Value
from workspace._import_columns import Known
from workspace._import_coordinates import correct_shapes
from workspace._import_rows import Rows, convert, read_rows, zone
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace
from workspace.landing import with_landing

_SHORE_TYPE = Known(
    "shore_type",
    ("岸线类型", "海岸类型", "类型", "类别", "type"),
    "choice",
    needed=True,
    choices={
        "mud": ("泥滩", "淤泥质岸线", "淤泥质", "粉砂淤泥质岸线", "滩涂"),
        "beach": ("沙滩", "砂质岸线", "砂质", "沙质岸线", "砂砾质岸线"),
        "rock": ("基岩岸线", "基岩", "岩石", "礁石"),
        "creek": ("河口岸线", "河口", "河汊", "港汊"),
        "built": ("人工岸线", "人工", "海堤", "海塘", "码头岸线"),
    },
)


_WAYS = (
    Known("name", ("名称", "路名", "道路名称", "航道名称")),
    Known(
        "kind",
        ("类型", "方式", "通行方式"),
        "choice",
        choices={
            "foot": ("步行", "步道", "步巡"),
            "car": ("车行", "公路", "车巡"),
            "boat": ("航道", "水路", "船巡"),
        },
    ),
    Known("speed_kmh", ("时速", "速度", "限速"), "number", low=0.5, high=130, unit="km/h"),
    Known(
        "barred",
        ("封闭", "禁行", "是否封闭"),
        "choice",
        default="no",
        choices={"yes": ("是", "封闭", "禁行", "1", "true"), "no": ("否", "通行", "0", "false")},
    ),
    Known("level", ("层", "层级", "立交层", "layer"), "integer", default="0", low=-9, high=9),
)


@dataclass(frozen=True)
class Around:
    """How one kind of layer becomes one table, and which shapes it may hold."""

    table: str
    key: str
    columns: tuple[Known, ...]
    shapes: tuple[str, ...]


_DISTANCES = {"roads": "road_distance_m", "settlements": "settlement_distance_m"}
# What a segment's `made` calls a kind of shore that is made up.
_KINDS = "shore_types"
_LINES = ("LineString", "MultiLineString")
_AREAS = ("Polygon", "MultiPolygon")
AROUND = {
    "roads": Around("roads", "road_id", (Known("name", ("名称", "路名", "道路名称")),), _LINES),
    "settlements": Around(
        "settlements",
        "settlement_id",
        (
            Known("name", ("名称", "中文名", "地名", "村名")),
            Known("name_en", ("英文名", "英文名称")),
        ),
        ("Point", "MultiPoint", *_AREAS),
    ),
    "ways": Around("ways", "way_id", _WAYS, _LINES),
    "shore-types": Around("shore_types", "shore_type_id", (_SHORE_TYPE,), (*_LINES, *_AREAS)),
}


def import_around(
    ws: Workspace, kind: str, path: Path, options: Options, result: Imported, *, now: datetime
) -> None:
    """Import a layer in place of the earlier one, and ask of each segment what lies about it.

    Raises
    ------
    InputError
        When the file is no layer, lacks a needed column, or holds nothing that can be kept.
    """
    what = AROUND[kind]
    rows = read_rows(path, what.columns, options)
    if rows.shapes is None:
        raise InputError(
            f"the file is a table, and {kind} are a layer with lines or areas",
            where=str(path),
            mend="Give a GeoPackage, GeoJSON, zipped Shapefile or GeoParquet layer.",
        )
    kept, values, refused, _ = convert(rows, what.columns, options, tz=zone(ws, options))
    drawn = [_wrong(shape, what.shapes) for shape in rows.shapes[kept]]
    refused += [
        Refusal(rows.file, rows.numbers[at], "bad_shape", wrong, "Draw it anew, or leave it out.")
        for at, wrong in zip(kept, drawn, strict=True)
        if wrong
    ]
    good = [n for n, wrong in enumerate(drawn) if not wrong]
    if not good:
        raise InputError(
            f"none of the {len(rows.numbers)} features can be kept ({refused[0].detail})",
            where=str(path),
            mend=f"Give features of {', '.join(what.shapes)}.",
        )
    shapes, notes = correct_shapes(rows.shapes[[kept[n] for n in good]], options.coordinates)
    layer = _layer(what, [values[n] for n in good], shapes)
    cut = store.layer(ws.engine, "segments")
    told_of_shore = kind != "ways"
    if told_of_shore and len(cut):
        cut = with_around(ws.engine, cut, {what.table: layer})
        if kind == "shore-types":
            cut = with_landing(ws, cut)
    with ws.begin() as connection:
        store.write(connection, what.table, layer, replace=True)
        if told_of_shore:
            store.write(connection, "segments", cut, replace=True)
        quarantine(connection, kind, path, refused, now)
    _tell(result, rows, refused, notes, len(layer))


def _wrong(shape: shapely.Geometry | None, allowed: tuple[str, ...]) -> str:
    """Return what keeps a shape out, "" where nothing does."""
    if shape is None or shape.is_empty:
        return "the feature has no geometry"
    if shape.geom_type not in allowed:
        return f"the feature is a {shape.geom_type}, expected {', '.join(allowed)}"
    west, south, east, north = shape.bounds
    # A coordinate that is not finite fails the comparison too.
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        return f"its coordinates run from {west:g}, {south:g} to {east:g}, {north:g}"
    return ""


def _layer(
    what: Around, values: list[dict[str, Value]], shapes: NDArray[np.object_]
) -> gpd.GeoDataFrame:
    columns: dict[str, object] = {what.key: range(1, len(values) + 1)}
    columns |= {one.name: [row.get(one.name) for row in values] for one in what.columns}
    if "barred" in columns:
        columns["barred"] = [row["barred"] == "yes" for row in values]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


def _tell(
    result: Imported, rows: Rows, refused: list[Refusal], notes: list[str], kept: int
) -> None:
    result.notes += notes
    if rows.ignored:
        result.notes.append(f"columns not used: {', '.join(rows.ignored[:20])}")
    result.refused += refused
    result.counts.update(rows_in=len(rows.numbers), added=kept, quarantined=len(refused))


def with_around(
    target: store.Target,
    cut: gpd.GeoDataFrame,
    fresh: Mapping[str, gpd.GeoDataFrame] = MappingProxyType({}),
) -> gpd.GeoDataFrame:
    """Return segments with what the layers about them tell; what no layer tells stays.

    Parameters
    ----------
    cut : segments with ``shore_type`` and ``made`` (JSON list of what about them is made up).
    fresh : layers that stand in for the stored ones, by table.

    Returns
    -------
    With ``road_distance_m, settlement_distance_m, shore_type`` from those of the tables ``roads``,
    ``settlements`` and ``shore_types`` that hold anything; a kind of shore that is told is made up
    no longer.
    """
    layers = {
        name: fresh[name] if name in fresh else store.layer(target, name)
        for name in ("roads", "settlements", "shore_types")
    }
    told: dict[str, object] = {
        column: np.round(distances(cut, layers[name]), 1)
        for name, column in _DISTANCES.items()
        if len(layers[name])
    }
    if len(layers["shore_types"]):
        found = pl.Series(shore_types_of(cut, layers["shore_types"]), dtype=pl.String)
        # Where the layer ends, what was known stays known.
        before = pl.Series(cut["shore_type"].to_list(), dtype=pl.String)
        told["shore_type"] = found.fill_null(before).to_list()
        told["made"] = [
            store.as_json([name for name in json.loads(made or "[]") if name != _KINDS or not kind])
            for made, kind in zip(cut["made"], found, strict=True)
        ]
    return cut.assign(**told)
