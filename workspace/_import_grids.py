"""Grids and townships from a layer: each level a coverage, or nothing of the file is kept."""

from datetime import datetime
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from duty.grids import Grids
from geo.errors import InputError, Refusal
from geo.grids import NOTED, Proposal, Repair, coverage, mended, problems, repair
from geo.io import read_layer
from workspace import _personal, store
from workspace._grids_held import (
    LEVELS,
    NAMED,
    Level,
    holding,
    in_townships,
    known,
    newest,
    publish,
)
from workspace._import_cells import Value
from workspace._import_columns import Known
from workspace._import_coordinates import correct_shapes
from workspace._import_rows import Rows, convert, read_rows, zone
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace

GRIDS = (
    Known(
        "grid_id",
        ("网格编号", "编号", "网格代码", "乡镇编号", "乡镇代码", "镇街编号", "村编号", "村代码",
         "行政区划代码", "区划代码", "grid", "id", "code"),
    ),
    Known(
        "name",
        ("网格名称", "名称", "中文名", "乡镇名称", "镇街名称", "村名", "村名称"),
    ),
    Known("name_en", ("英文名", "英文名称")),
    Known(
        "level",
        ("级别", "层级", "类型", "网格类型", "区划级别", "网格级别"),
        "choice",
        choices={
            "township": ("乡镇", "镇街", "镇", "乡", "街道", "乡镇街道", "乡镇（街道）"),
            "village": ("村", "行政村", "村社", "村（社区）", "社区"),
            "grid": ("网格", "基础网格", "全科网格", "综合网格"),
            "patrol": ("巡防网格", "海防网格", "海岸网格", "巡逻网格"),
        },
    ),
    Known("township", ("所属乡镇", "所属镇街", "所属街道", "乡镇", "镇街", "街道", "township id")),
    Known(
        "head_unit",
        ("网格长单位", "网格长所在单位", "牵头单位", "责任单位", "主管单位", "unit"),
    ),
)  # fmt: skip
#: A hole of at least this share of the grid that would get it is asked about, and never filled.
LAKE_SHARE = 0.05
#: So is one of which this share is water in the layer of the coast.
WATER_SHARE = 0.5
_TOLD = 10
_KINDS = {
    "unfold": "已展开自相交 · unfolded",
    "name": "已编号 · given an id",
    "drop": "已剔除 · dropped",
    "overlap": "重叠已归并 · overlap given",
    "hole": "空洞已填补 · hole filled",
    "match": "边界已对齐 · borders matched",
}


def import_grids(
    ws: Workspace,
    path: Path,
    options: Options,
    result: Imported,
    *,
    now: datetime,
    user: str | None,
) -> None:
    """Publish a version of each level in a file, if each is a coverage or can be made one.

    Without ``options.repair`` nothing is kept while anything would have to be mended.

    Raises
    ------
    InputError
        When the file is no layer, bears persons' data, is another county's, says no level, or is
        no coverage. What is wrong is in the quarantine then, and in the error.
    """
    layers, rows, notes = _read(ws, path, options)
    result.notes += notes
    ready: dict[str, gpd.GeoDataFrame] = {}
    wrong: list[Refusal] = []
    far: list[Refusal] = []
    blocked = 0
    for level, layer in layers.items():
        found = problems(layer, county=_county(ws), shore=_shore(ws), file=rows.file)
        numbers = layer["row"].tolist()
        told = [_as_in_file(one, numbers) for one in found]
        wrong += told
        far += [one for one in told if one.reason == "elsewhere"]
        offer = repair(layer)
        lakes = [one.number for one in offer.proposals if _is_lake(ws, offer, one)]
        blocked += len(offer.proposals) - len(lakes)
        if blocked and options.repair:
            layer, mends, _ = mended(layer, asked=partial(_is_lake, ws))
            result.notes += _mended(mends)
        ready[level] = layer
        result.notes += _asked(offer, lakes)
    result.refused += wrong
    result.counts.update({"rows_in": len(rows.numbers), "quarantined": len(wrong)})
    with ws.begin() as connection:
        quarantine(connection, "boundaries", path, wrong, now)
    if far:
        raise InputError(
            f"{len(far)} grids are none of this county's: {far[0].detail}",
            where=str(path),
            mend=far[0].mend,
        )
    if blocked and not options.repair:
        told = [one for one in wrong if one.reason not in NOTED]
        some = "; ".join(one.detail for one in told[:_TOLD])
        more = f"; … {len(told) - _TOLD} more" if len(told) > _TOLD else ""
        raise InputError(
            f"the grids form no coverage, {len(told)} problems: {some}{more}",
            where=str(path),
            mend=f"Mend them in the layer, or take the {blocked} repairs offered: --repair. "
            "`shoregrid status WS` lists what is in the quarantine.",
        )
    _publish(ws, path, options, result, ready, now=now, user=user)


def _publish(
    ws: Workspace,
    path: Path,
    options: Options,
    result: Imported,
    ready: dict[str, gpd.GeoDataFrame],
    *,
    now: datetime,
    user: str | None,
) -> None:
    day = now.astimezone(ws.config.tz).date()
    begin = options.valid_from or day
    towns = holding(ws, "township", begin)
    with ws.begin() as connection:
        store.touch(connection, "grid_versions")
        for level in (one for one in LEVELS if one in ready):
            whole = coverage(ready[level])
            before = newest(connection, level)
            fresh = Level(level, before, _named(ready[level], whole.ids), Grids(whole))
            if level == "township":
                towns = fresh
            version = publish(
                connection,
                in_townships(fresh, towns),
                valid_from=begin,
                user=user,
                reason=f"导入 · imported: {path.name[:200]}",
                now=now,
                day=day,
            )
            result.counts["added"] += len(whole.ids)
            zh, en = LEVELS[level]
            result.notes.append(
                f"{zh}第 {version} 版（{len(whole.ids)} 个，{whole.km2.sum():.1f} 平方公里）自 "
                f"{begin} 起生效 · {en}: version {version} ({len(whole.ids)}) holds from {begin}"
            )


def _named(layer: gpd.GeoDataFrame, ids: tuple[str, ...]) -> pl.DataFrame:
    """Return the names of the grids, in the order of the coverage; an id stands for a name."""
    columns = {name: layer[name].tolist() for name in NAMED if name in layer.columns}
    told = pl.DataFrame(columns, schema_overrides={n: NAMED[n] for n in columns})
    order = pl.DataFrame({"grid_id": ids})
    return (
        order.join(told, on="grid_id", how="left", maintain_order="left")
        .with_columns(name=pl.coalesce("name", "grid_id"), made=pl.lit(value=False))
        .select(NAMED.names())
    )


def _read(
    ws: Workspace, path: Path, options: Options
) -> tuple[dict[str, gpd.GeoDataFrame], Rows, list[str]]:
    """Return the features of a file by level, as layers with ``grid_id`` and ``row``."""
    rows = read_rows(path, GRIDS, options)
    private = [one for one in rows.private if one]
    if private:
        raise _personal.refuse(dict.fromkeys(private), str(path))
    if rows.shapes is None:
        raise InputError(
            "the file is a table, and boundaries are a layer of areas",
            where=str(path),
            mend="Give a GeoPackage, GeoJSON, zipped Shapefile or GeoParquet layer.",
        )
    kept, values, refused, _ = convert(rows, GRIDS, options, tz=zone(ws, options))
    asked = None if options.level is None else known(options.level)
    lacking = [
        row for row, one in zip(kept, values, strict=True) if not (one.get("level") or asked)
    ]
    if refused or lacking:
        first = refused[0].detail if refused else f"feature {rows.numbers[lacking[0]]} has no level"
        raise InputError(
            f"{len(refused) + len(lacking)} features cannot be read: {first}",
            where=str(path),
            mend=f"Give each a level in the column 级别 ({', '.join(LEVELS)}), or all of them one: "
            "--level. Correct the cells named.",
        )
    shapes, notes = correct_shapes(rows.shapes, options.coordinates)
    by_level: dict[str, list[tuple[int, dict[str, Value]]]] = {}
    for row, one in zip(kept, values, strict=True):
        by_level.setdefault(str(one.get("level") or asked), []).append((row, one))
    if rows.ignored:
        notes = [*notes, f"columns not used: {', '.join(rows.ignored[:20])}"]
    layers = {level: _layer(found, rows, shapes) for level, found in by_level.items()}
    return layers, rows, notes


def _layer(
    found: list[tuple[int, dict[str, Value]]], rows: Rows, shapes: np.ndarray
) -> gpd.GeoDataFrame:
    columns = {name: [one.get(name) for _, one in found] for name in ("name", "name_en")}
    return gpd.GeoDataFrame(
        {
            "grid_id": [one.get("grid_id") for _, one in found],
            **columns,
            "township_id": [one.get("township") for _, one in found],
            "head_unit": [one.get("head_unit") for _, one in found],
            "row": [rows.numbers[row] for row, _ in found],
        },
        geometry=list(shapes[[row for row, _ in found]]),
        crs=4326,
    )


def _as_in_file(one: Refusal, numbers: list[int]) -> Refusal:
    """Return what is wrong with the number that the feature has in the file."""
    row = None if one.row is None else numbers[one.row - 1]
    return Refusal(one.file, row, one.reason, one.detail, one.mend, one.lon, one.lat)


def _county(ws: Workspace) -> gpd.GeoDataFrame | None:
    kept = ws.root / "county.gpkg"
    return read_layer(kept) if kept.is_file() else None


def _shore(ws: Workspace) -> gpd.GeoDataFrame | None:
    found = store.layer(ws.engine, "shorelines")
    return found if len(found) else None


def _is_lake(ws: Workspace, offer: Repair, one: Proposal) -> bool:
    """Return whether a hole may be meant: a lake, or ground that another has."""
    if one.kind != "hole" or one.ground is None:
        return False
    heir = next(row for row in one.rows if (offer.seen.ids[row] or f"feature {row + 1}") == one.to)
    shape = offer.seen.sound[offer.seen.rows.index(heir)]
    if one.ground.area >= LAKE_SHARE * shape.area:
        return True
    land = store.layer(ws.engine, "land")
    if not len(land):
        return False
    near = land.geometry.to_numpy()[land.sindex.query(one.ground, predicate="intersects")]
    dry = shapely.intersection(one.ground, shapely.union_all(near)).area if len(near) else 0.0
    return dry < (1.0 - WATER_SHARE) * one.ground.area


def _asked(offer: Repair, lakes: list[int]) -> list[str]:
    return [
        f"空洞 {one.km2:.3f} 平方公里，似为水面或另有归属，未填补 · a hole of {one.km2:.3f} km2 "
        f"beside {', '.join(one.grids)} at {one.lon:.5f} {one.lat:.5f} is left open: a lake? "
        "Else draw it as a grid or a part of one"
        for one in offer.proposals
        if one.number in lakes
    ]


def _mended(mends: list[Proposal]) -> list[str]:
    lines = [
        f"{_KINDS[one.kind]}: {', '.join(one.grids)}"
        + (f" → {one.to}" if one.to else "")
        + (f", {one.km2:.6f} km2" if one.km2 else "")
        for one in sorted(mends, key=lambda one: -one.km2)[:_TOLD]
    ]
    km2 = sum(one.km2 for one in mends)
    zh = f"已修补 {len(mends)} 处，{km2:.6f} 平方公里换手"
    return [f"{zh} · {len(mends)} repairs taken, {km2:.6f} km2 changed hands", *lines]
