"""The commands `init`, `import` and `changes`."""

import sys
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary


class Kind(StrEnum):
    """What a file to import holds."""

    COAST = "coast"
    WHARVES = "wharves"
    RISK_POINTS = "risk-points"
    FACILITIES = "facilities"
    POSTS = "posts"
    ABSENCES = "absences"
    TEAMS = "teams"
    INCIDENTS = "incidents"
    INSPECTIONS = "inspections"
    EFFORT = "effort"
    SECTIONS = "sections"
    BOUNDARIES = "boundaries"
    TIDES = "tides"
    DEPTH = "depth"
    BERTHS = "berths"
    ROADS = "roads"
    WAYS = "ways"
    SETTLEMENTS = "settlements"
    SHORE_TYPES = "shore-types"
    REGISTERS = "registers"
    DETECTIONS = "detections"


class Coordinates(StrEnum):
    """What degrees are in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Level(StrEnum):
    """A level of grids."""

    TOWNSHIP = "township"
    VILLAGE = "village"
    GRID = "grid"
    PATROL = "patrol"


class Side(StrEnum):
    """A side of a line, in the direction in which it is drawn."""

    LEFT = "left"
    RIGHT = "right"


class Unit(StrEnum):
    """The unit of a tide table's heights."""

    METRES = "m"
    CENTIMETRES = "cm"
    FEET = "ft"


Root = Annotated[Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
]
Layer = Annotated[
    str | None, typer.Option(help="多图层文件中的图层或工作表 · Layer or sheet, where several.")
]
Crs = Annotated[
    str | None,
    typer.Option(
        help="文件未写明的坐标系 · CRS where the file names none, such as EPSG:4490 or EPSG:4549."
    ),
]
Datum = Annotated[
    str | None,
    typer.Option(
        help="水深或潮高的基准面 · Vertical datum of depths or tide heights: MSL, CD, CN1985 …"
    ),
]
County = Annotated[
    Path | None,
    typer.Option(help="辖区面图层，岸线止于其界 · Polygons of the county: the shore ends there."),
]
RiverMouth = Annotated[
    float | None,
    typer.Option(
        min=0, max=5_000, help="封闭窄于此宽度（米）的河口 · Close river mouths narrower, metres."
    ),
]
LandSide = Annotated[
    Side | None, typer.Option(help="线图层中陆地在哪侧 · Side of the land along coastlines.")
]
PositiveDown = Annotated[
    bool, typer.Option("--positive-down", help="栅格为向下为正的水深 · Raster holds depths.")
]
Band = Annotated[int, typer.Option(min=1, help="栅格波段 · Band of the raster.")]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="新文件夹 · A new folder.")],
    coast: Annotated[
        Path | None, typer.Option(help="陆地面或岸线图层 · Layer of land or coastlines.")
    ] = None,
    tides: Annotated[
        Path | None, typer.Option(help="潮汐调和常数 · Harmonic constants, JSON or CSV.")
    ] = None,
    depth: Annotated[
        Path | None, typer.Option(help="水深栅格 · GeoTIFF of seabed elevation or depth.")
    ] = None,
    name_zh: Annotated[str | None, typer.Option(help="中文名称 · Name in Chinese.")] = None,
    name_en: Annotated[str | None, typer.Option(help="英文名称 · Name in English.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="时区 · IANA time zone, such as Asia/Shanghai.")
    ] = None,
    *,
    layer: Layer = None,
    crs: Crs = None,
    county: County = None,
    river_mouth: RiverMouth = None,
    land_side: LandSide = None,
    datum: Datum = None,
    positive_down: PositiveDown = False,
    as_json: AsJson = False,
) -> None:
    """建立工作区 · Make a workspace, and read in its coast, tides and depth."""
    from workspace._imported import Options
    from workspace.setup import make

    summary = make(
        folder,
        coast=coast,
        tides=tides,
        depth=depth,
        name_zh=name_zh,
        name_en=name_en,
        timezone=timezone,
        of_coast=Options(
            layer=layer,
            crs=crs,
            county=county,
            river_mouth_m=river_mouth,
            land_side=None if land_side is None else land_side.value,
        ),
        of_depth=Options(datum=datum, positive_down=positive_down),
    )
    summary.tell(as_json=as_json)


def import_(
    root: Root,
    kind: Annotated[Kind, typer.Argument(help="种类 · What the file holds.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="文件 · Excel, CSV, GeoPackage, zipped Shapefile, GeoJSON, GeoParquet, KML, "
            "JSON or GeoTIFF."
        ),
    ],
    *,
    layer: Layer = None,
    crs: Crs = None,
    coordinates: Annotated[
        Coordinates | None,
        typer.Option(help="经纬度的坐标 · What degrees are in; gcj02 and bd09 are corrected."),
    ] = None,
    datum: Datum = None,
    unit: Annotated[
        Unit | None, typer.Option(help="潮高单位 · Unit of a tide table's heights.")
    ] = None,
    station: Annotated[
        str | None, typer.Option(help="潮汐表的站号 · Id of the station that a tide table is of.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="无时区时间的时区 · Zone of times that bear none.")
    ] = None,
    county: County = None,
    river_mouth: RiverMouth = None,
    land_side: LandSide = None,
    positive_down: PositiveDown = False,
    band: Band = 1,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="原岸线大部分已不在，仍予采用 · Take a coast that lacks most of the older.",
        ),
    ] = False,
    valid_from: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="岸段、网格自哪天（当地）起生效 · Local day from which sections or grids hold; "
            "today.",
        ),
    ] = None,
    level: Annotated[
        Level | None,
        typer.Option(help="网格的级别，文件无此列时 · Level of grids, where no column says it."),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="接受网格的全部修补 · Take all mends offered for grids."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """导入图层与台账 · Import a layer or a table; rows that cannot be kept go to quarantine."""
    import getpass

    from workspace._imported import Options
    from workspace._quarantine import told
    from workspace.folder import open_workspace
    from workspace.importers import import_file

    options = Options(
        layer=layer,
        crs=crs,
        coordinates=None if coordinates is None else coordinates.value,
        datum=datum,
        county=county,
        river_mouth_m=river_mouth,
        land_side=None if land_side is None else land_side.value,
        positive_down=positive_down,
        band=band,
        timezone=timezone,
        station=station,
        unit=None if unit is None else unit.value,
        replace=replace,
        valid_from=None if valid_from is None else valid_from.date(),
        level=None if level is None else level.value,
        repair=repair,
    )
    with closing(open_workspace(root)) as ws:
        done = import_file(ws, kind.value, file, options, user=getpass.getuser())
    lines = [told(one) for one in done.refused[:20]]
    if len(done.refused) > len(lines):
        lines.append(f"… {len(done.refused) - len(lines)} more: shoregrid status {root}")
    Summary(
        dict(done.counts), dict(done.seconds), dict(done.quarantined), [*done.notes, *lines]
    ).tell(as_json=as_json)
    kept = sum(done.counts[name] for name in ("added", "updated", "unchanged", "skipped"))
    if done.counts["rows_in"] and not kept:
        print("没有一行可用，见上 · none of the rows could be kept; see above", file=sys.stderr)
        raise typer.Exit(1)


def changes(
    root: Root,
    *,
    coast: Annotated[
        int | None, typer.Option(help="第几次岸线导入 · Which import of the coast; the last.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="输出 CSV · CSV of every stretch to write.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """岸线变化 · What a newer coast kept, moved, split, merged, lost and gained."""
    from workspace.folder import open_workspace
    from workspace.lineage import table, told

    with closing(open_workspace(root)) as ws:
        found = table(ws, coast)
        summary = told(ws, found)
    if out is not None:
        found.write_csv(out)
    summary.tell(as_json=as_json)
