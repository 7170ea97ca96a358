"""What radar, cameras and satellites saw, matched with the archive's positions."""

from datetime import timedelta

import polars as pl

from ais.behaviours import Judged
from ais.clean import clean
from ais.schema import DETECTIONS
from ais.sensed import Sensed, sensed
from ais.tracks import tracks
from workspace import archive, store
from workspace._watching import tools_of
from workspace.folder import Workspace

# As far as a vessel is looked for beside a detection, and as long before and after it.
_ABOUT_DEG = 0.1
_ABOUT = timedelta(minutes=20)


def sense(ws: Workspace, judged: Judged) -> Sensed | None:
    """Match all detections with AIS, and find what the unexplained ones did; None without any."""
    rows = store.read(ws.engine, "detections")
    if rows.is_empty():
        return None
    seen = rows.select(DETECTIONS.names()).cast(dict(DETECTIONS))
    west, south, east, north = seen.select(
        west=pl.col("lon").min() - _ABOUT_DEG,
        south=pl.col("lat").min() - _ABOUT_DEG,
        east=pl.col("lon").max() + _ABOUT_DEG,
        north=pl.col("lat").max() + _ABOUT_DEG,
    ).row(0)
    first, last = seen.select(pl.col("t").min(), pl.col("t").max().alias("t1")).row(0)
    positions = archive.read(
        ws.positions, t0=first - _ABOUT, t1=last + _ABOUT, bbox=(west, south, east, north)
    )
    tools = tools_of(ws)
    return sensed(
        seen,
        tracks(clean(positions).kept),
        tools.statics,
        tools.index,
        judged.circles,
        segment_ids=tools.segment_ids,
        reception=judged.reception,
        rules=tools.rules,
    )
