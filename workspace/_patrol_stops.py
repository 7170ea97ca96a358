"""The stops of a shift's patrols: priority zones, stretches drawn by lot, and what is due."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from duty.due import due
from duty.workload import Pace
from risk.light import dark_share
from risk.patrol_inputs import CAMERA, STOPS
from risk.shifts import Shift
from workspace import store
from workspace._duties import inspection_words
from workspace.exploring import EXPLORE
from workspace.folder import Workspace
from workspace.landing import windows_between

Floats = npt.NDArray[np.float64]
ABOUT = pl.Schema(
    {
        **STOPS,
        "purpose": pl.String(),
        "segment_id": pl.String(),
        "name": pl.String(),
        "name_en": pl.String(),
        "probability": pl.Float64(),
        "reason_zh": pl.String(),
        "reason_en": pl.String(),
    }
)
"""A stop as `risk.patrol_inputs.STOPS` has it, and what it is for: zone, explore or due."""
STOP_KM = 1.0
WATCH_MIN = 15.0
# A landing is met before the boat is in and after it has left.
_AROUND = timedelta(minutes=15)
_CAR_M = 500.0
_DARK = 0.5
_DUE_PER_TEAM = 2


@dataclass(frozen=True)
class Ground:
    """The coast that stops stand on: segments in order, and a shift's scores of them."""

    shore: gpd.GeoDataFrame
    km: Floats
    points: Floats


def shore_stops(
    ws: Workspace,
    ground: Ground,
    shift: Shift,
    zones: Iterable[dict[str, Any]],
    drawn: pl.DataFrame,
) -> pl.DataFrame:
    """Return a stop for about every kilometre of the zones and of what was drawn.

    ``zones`` are rows of the table, ``drawn`` those of ``explorations``, by segment. A stop stands
    at the highest score of its kilometre, and its prize is score x kilometres of it. Where the
    tide says when that place can be landed on, somebody is to be there then, from 15 minutes
    before to 15 after; where it never can in the shift, or nobody knows, any time will do.
    """
    row_of = {name: row for row, name in enumerate(ground.shore["segment_id"])}
    open_from = _landable(ws, shift)
    rows = []
    for zone in zones:
        for n, part in enumerate(_kilometres(ground, [row_of[s] for s in zone["segments"]]), 1):
            about = {
                "stop_id": f"{zone['zone_id']}/{n}",
                "purpose": "zone",
                "name": f"重点区{zone['rank']}-{n}",
                "name_en": f"Zone {zone['rank']}-{n}",
                "reason_zh": zone["reason_zh"],
                "reason_en": zone["reason_en"],
                "due": False,
            }
            rows.append(about | _stand(ground, part, open_from))
    lot = drawn.with_row_index("row").filter((pl.col("part") == EXPLORE) & pl.col("chosen"))
    for n, part in enumerate(_kilometres(ground, lot["row"].to_list()), 1):
        chance = float(drawn["probability"][part[0]])
        about = {
            "stop_id": f"E/{n}",
            "purpose": EXPLORE,
            "name": f"探索{n}",
            "name_en": f"Exploration {n}",
            "reason_zh": f"探索：按 {100 * chance:.2g} % 的概率抽中，不是因为风险高。",
            "reason_en": f"Exploration: drawn with a chance of {100 * chance:.2g} %, "
            "not for its risk.",
            "probability": chance,
            "due": False,
        }
        stand = _stand(ground, part, open_from)
        # To explore is to go there: what a camera sees, it sees every night.
        kinds = [kind for kind in stand["kinds"] if kind != CAMERA]
        rows.append(about | stand | {"kinds": kinds})
    return pl.DataFrame(rows, schema=ABOUT)


def due_stops(
    ws: Workspace, ground: Ground, shift: Shift, *, teams: int, done: Collection[str]
) -> pl.DataFrame:
    """Return the places whose inspection is due, for a shift that is mostly in daylight.

    At most two for each team that goes out are required, the longest overdue first, and as many
    again are offered; ``done`` are those that an earlier shift of the day visits. Nobody inspects
    a wharf in the dark: a night shift has none.
    """
    lon, lat = (float(ground.shore[name].mean()) for name in ("lon", "lat"))
    if not teams or dark_share(lon, lat, shift.t0, shift.t1) > _DARK:
        return pl.DataFrame(schema=ABOUT)
    late = due(
        _places(ws), store.read(ws.engine, "inspections"), shift.day, tz=ws.config.tz
    ).with_columns(stop_id=pl.format("{}/{}", "object_kind", "object_id"))
    late = late.filter(~pl.col("stop_id").is_in(list(done))).head(2 * _DUE_PER_TEAM * teams)
    tree = shapely.STRtree(ground.shore.geometry.to_numpy())
    pace = Pace()
    rows = []
    for n, row in enumerate(late.iter_rows(named=True)):
        point = shapely.from_wkb(row["geometry"])
        segment = int(tree.nearest(point))
        words = inspection_words(row)
        rows.append(
            {
                "stop_id": row["stop_id"],
                "purpose": "due",
                "segment_id": ground.shore["segment_id"].iloc[segment],
                "name": row["name"],
                "name_en": row["name_en"] or row["name"],
                "lon": point.x,
                "lat": point.y,
                "prize": _finite(ground.points[segment]) * ground.km[segment],
                "service_minutes": pace.wharf_min
                if row["object_kind"] == "wharf"
                else pace.risk_point_min,
                "windows": None,
                "due": n < _DUE_PER_TEAM * teams,
                "kinds": ["foot", "car", "boat"],
                "reason_zh": words[0],
                "reason_en": words[1],
            }
        )
    return pl.DataFrame(rows, schema=ABOUT)


def _places(ws: Workspace) -> pl.DataFrame:
    """Return the wharves in use and the risk points, those that have a cadence."""
    wharves = store.read(ws.engine, "wharves").filter(pl.col("status") == "in_use")
    points = store.read(ws.engine, "risk_points")
    columns = ("name", "name_en", "cadence_days", "geometry")
    return pl.concat(
        [
            wharves.select(*columns, object_kind=pl.lit("wharf"), object_id="wharf_id"),
            points.select(*columns, object_kind=pl.lit("risk_point"), object_id="risk_point_id"),
        ]
    )


def _kilometres(ground: Ground, rows: list[int]) -> list[list[int]]:
    """Part rows into runs of neighbours of about a kilometre each."""
    line = ground.shore["shoreline_id"].to_numpy()
    runs: list[list[int]] = []
    length = 0.0
    for row in rows:
        last = runs[-1][-1] if runs else None
        beside = last is not None and row - last == 1 and line[row] == line[last]
        if not beside or length + ground.km[row] / 2.0 > STOP_KM:
            runs.append([])
            length = 0.0
        runs[-1].append(row)
        length += float(ground.km[row])
    return runs


def _stand(
    ground: Ground, rows: list[int], open_from: dict[int, list[tuple[datetime, datetime]]]
) -> dict[str, Any]:
    """Return where a stop stands, when somebody should be there, and what that is worth."""
    points = np.nan_to_num(ground.points[rows])
    peak = rows[int(points.argmax())]
    road = ground.shore["road_distance_m"].iloc[peak]
    # Where nobody knows of roads, cars are not kept out.
    near = bool(road <= _CAR_M) if road == road and road is not None else True
    windows = open_from.get(peak)
    return {
        "segment_id": ground.shore["segment_id"].iloc[peak],
        "lon": float(ground.shore["lon"].iloc[peak]),
        "lat": float(ground.shore["lat"].iloc[peak]),
        "prize": float(points @ ground.km[rows]),
        "service_minutes": WATCH_MIN,
        "windows": windows and [{"t0": a, "t1": b, "kinds": None} for a, b in windows],
        "kinds": ["foot", *(["car"] if near else []), "boat", "camera"],
    }


def _landable(
    ws: Workspace, shift: Shift, *, raised_m: float = 0.0
) -> dict[int, list[tuple[datetime, datetime]]]:
    """Return when each segment that can be landed on in a shift is to be watched."""
    found, _ = windows_between(ws, shift.t0, shift.t1, raised_m=raised_m)
    windows: dict[int, list[tuple[datetime, datetime]]] = {}
    for row, a, b in found.select("segment", "t_from", "t_to").iter_rows():
        begin, end = max(a - _AROUND, shift.t0), min(b + _AROUND, shift.t1)
        mine = windows.setdefault(row, [])
        if mine and begin <= mine[-1][1]:
            mine[-1] = (mine[-1][0], max(end, mine[-1][1]))
        else:
            mine.append((begin, end))
    return windows


def raised(
    ws: Workspace, shift: Shift, stops: pl.DataFrame, *, raised_m: float
) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return the windows that stops on the shore have with the water higher by metres."""
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"].to_list()
    row_of = {name: row for row, name in enumerate(ids)}
    windows = _landable(ws, shift, raised_m=raised_m)
    shore = stops.filter(pl.col("purpose") != "due")
    return {
        stop: windows.get(row_of[segment], [(shift.t0, shift.t1)])
        for stop, segment in shore.select("stop_id", "segment_id").iter_rows()
        if segment in row_of
    }


def _finite(value: float) -> float:
    return float(np.nan_to_num(value))
