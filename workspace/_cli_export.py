"""The command `export`."""

from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workspace._console import Summary


class What(StrEnum):
    """What leaves the workspace."""

    MAP = "map"
    LAYERS = "layers"
    EVENTS = "events"
    SCORES = "scores"
    ZONES = "zones"
    POSITIONS = "positions"
    DENSITY = "density"
    RISK = "risk"
    QUARANTINE = "quarantine"


def export(
    root: Annotated[
        Path, typer.Argument(metavar="WS", help="工作区文件夹 · Folder of the workspace.")
    ],
    what: Annotated[What, typer.Argument(help="内容 · What to export.")],
    out: Annotated[
        Path,
        typer.Argument(
            help="输出文件，后缀定格式 · File to write; its ending tells the format: .html (map), "
            ".gpkg .parquet .geojson .kml .kmz .csv .geojson.zip, .tif (density, risk)."
        ),
    ],
    *,
    layer: Annotated[
        list[str] | None, typer.Option(help="图层，可多次 · A layer; may be given again.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date",
            formats=["%Y-%m-%d"],
            help="当地日期；不给则全部 · Local day; all if left out.",
        ),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(help="班次：起始时刻或序号 · Shift: its local start (22:00) or number."),
    ] = None,
    section: Annotated[str | None, typer.Option(help="责任岸段 · Id of a section.")] = None,
    bbox: Annotated[
        str | None, typer.Option(help="范围：西,南,东,北 · Box: west,south,east,north, degrees.")
    ] = None,
    cell: Annotated[
        float,
        typer.Option(min=10, max=50_000, help="栅格边长（米） · Size of raster cells, metres."),
    ] = 250.0,
    reach: Annotated[
        float,
        typer.Option(
            min=50, max=50_000, help="风险面离岸距离（米） · Reach of the risk surface, metres."
        ),
    ] = 1_000.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """导出 · Export the map as one file, layers, tables or rasters."""
    import pkgutil
    from contextlib import closing

    from workspace.export import Selection
    from workspace.export import export as write
    from workspace.folder import open_workspace

    wanted = Selection(
        layers=tuple(layer or ()),
        day=None if day is None else _date(day),
        shift=shift,
        section=section,
        bbox=None if bbox is None else _box(bbox),
    )
    with closing(open_workspace(root)) as ws:
        if what is What.MAP:
            # The pages draw, and this room may not import them.
            done = pkgutil.resolve_name("dashboards.offline_map:write_map")(ws, out, wanted)
        else:
            done = write(ws, what.value, out, wanted, cell_m=cell, reach_m=reach)
    lines = [*done.notes, f"已写出 · written: {out}"]
    Summary(dict(done.counts), dict(done.seconds), {}, lines).tell(as_json=as_json)


def _date(day: datetime) -> date:
    return day.date()


def _box(text: str) -> tuple[float, float, float, float]:
    """Return four numbers parted by commas."""
    from geo.errors import InputError

    try:
        west, south, east, north = (float(part) for part in text.replace("，", ",").split(","))
    except ValueError as error:
        raise InputError(
            f"the box {text!r} is not four numbers",
            where="--bbox",
            mend="Give west,south,east,north in degrees, such as 121.5,28.9,122.1,29.4.",
        ) from error
    return west, south, east, north
