"""A shift's patrols as a layer of the map: routes, stops in their order, checkpoints."""

import geopandas as gpd
import polars as pl
import shapely

from risk.shifts import Shift
from workspace.folder import Workspace
from workspace.patrols import KINDS, Patrols, patrols_of

COLUMNS = (
    "part", "team_id", "team", "team_en", "kind_zh", "kind_en", "number", "km", "name", "name_en",
    "purpose", "t0", "t1", "segment_id",
)  # fmt: skip


def layer(ws: Workspace, shift: Shift | None) -> gpd.GeoDataFrame:
    """Return routes, then stops, then checkpoints (``part``) of a shift, EPSG:4326.

    A route is straight from stop to stop, as the plan has no course of its own; ``number`` is how
    many stops it has, of a stop its place in the order. A camera has stops and no route. Times
    are UTC.
    """
    one = None if shift is None else patrols_of(ws, shift)
    rows = [] if one is None else [*_routes(one), *_checkpoints(one)]
    rows.sort(key=lambda row: ("route", "stop", "checkpoint").index(row["part"]))
    columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    return gpd.GeoDataFrame(columns, geometry=[row["geometry"] for row in rows], crs=4326)


def _routes(one: Patrols) -> list[dict[str, object]]:
    places = {row["stop_id"]: row for row in one.stops.iter_rows(named=True)}
    rows: list[dict[str, object]] = []
    for team in one.teams.iter_rows(named=True):
        mine = one.plan.routes.filter(
            (pl.col("team_id") == team["team_id"]) & pl.col("part").is_in(["plan", "explore"])
        ).sort("order")
        if mine.is_empty():
            continue
        about = {
            "team_id": team["team_id"],
            "team": team["name"],
            "team_en": team["name_en"],
            "kind_zh": KINDS[team["kind"]][0],
            "kind_en": KINDS[team["kind"]][1],
        }
        path = [(team["lon"], team["lat"])]
        for number, row in enumerate(mine.iter_rows(named=True), start=1):
            stop = places[row["stop_id"]]
            at = (stop["lon"], stop["lat"])
            path.append(at)
            rows.append(
                about
                | {name: stop[name] for name in ("name", "name_en", "purpose", "segment_id")}
                | {"part": "stop", "number": number, "t0": row["start"], "t1": row["leave"]}
                | {"geometry": shapely.Point(at)}
            )
        if team["kind"] != "camera":
            own = pl.col("team_id") == team["team_id"]
            total = one.plan.totals.row(by_predicate=own, named=True)
            rows.append(
                about
                | {"part": "route", "number": len(mine), "km": total["km"]}
                | {"t0": total["leave"], "t1": total["back"]}
                | {"geometry": shapely.LineString([*path, path[0]])}
            )
    return rows


def _checkpoints(one: Patrols) -> list[dict[str, object]]:
    return [
        {
            "part": "checkpoint",
            "name": row["name"],
            "name_en": row["name"],
            "t0": row["t0"],
            "t1": row["t1"],
            "geometry": shapely.Point(row["lon"], row["lat"]),
        }
        for row in one.checkpoints.iter_rows(named=True)
    ]
