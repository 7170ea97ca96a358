"""What a workspace hands the indicators: what cameras see, what silent vessels may have touched."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from geo.shoreline import repair_land
from risk.shifts import shifts
from workspace import runs, store
from workspace._run import Run
from workspace.evidence import evidence, facts, inputs
from workspace.folder import Workspace, init
from workspace.weighting import weight_set

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISLAND = shapely.box(121.00, 29.00, 121.03, 29.03)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    opened = init(tmp_path / "ws", {"timezone": "Asia/Shanghai"})
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[ISLAND], crs=4326), name="x")
    runs.build_coast(opened, land)
    yield opened
    opened.close()


def camera(name: str, lon: float, lat: float, heading: float | None, kind: str = "camera") -> dict:
    return {
        "facility_id": name, "kind": kind, "line": "wharf", "status": "working",
        "heading_deg": heading, "fov_deg": 120.0, "range_m": 1_500.0, "made": False,
        "geometry": shapely.to_wkb(shapely.Point(lon, lat)),
    }  # fmt: skip


def test_cameras_cover_the_shore_that_they_see(ws: Workspace) -> None:
    table = pl.DataFrame(
        [
            camera("south", 121.015, 29.0001, 180.0),
            camera("inland", 121.015, 29.015, 0.0) | {"range_m": 1_000.0},
            camera("untold", 121.0299, 29.015, None),
            camera("gate", 121.0001, 29.015, 270.0, kind="gate"),
        ]
    )
    store.write(ws.engine, "facilities", table)
    known = evidence(ws, weight_set(ws))
    shore = known.segments
    seen = known.camera_views.join(shore.with_row_index("segment"), on="segment")
    south = seen.filter(pl.col("facility_id") == "south")
    assert 0 < len(south) < len(shore) / 4
    assert south["share"].is_between(0.0, 1.0).all()
    assert south["share"].max() > 0.5
    assert (south["lat"] < 29.001).all()
    # It stands 1.6 km inland and sees 1 km: none of the shore, and that is known.
    assert "inland" not in seen["facility_id"]
    untold = seen.filter(pl.col("facility_id") == "untold")
    assert len(untold) > 0
    assert untold["share"].is_null().all()
    assert (untold["lon"] > 121.014).all()
    assert "gate" not in seen["facility_id"]
    week = shifts(date(2026, 11, 23), tz=ws.config.tz)
    assert inputs(ws, weight_set(ws), week).camera_views.equals(known.camera_views)


def test_the_reach_of_silences_comes_without_what_is_no_segment(ws: Workspace) -> None:
    assert evidence(ws, weight_set(ws)).reach is None
    with ws.begin() as connection:
        store.write(connection, "runs", Run("detect", NOW).row())
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    gap = {
        "event_id": "g", "kind": "gap", "mmsi": 413_000_001, "t0": NOW - timedelta(hours=8),
        "t1": NOW - timedelta(hours=5), "made": False,
    }  # fmt: skip
    store.write(ws.engine, "events", pl.DataFrame([gap]))
    rows = [("g", ids[3], 0.2), ("g", ids[4], 0.0002), ("g", "none", 0.7), ("g", "rest", 0.0998)]
    reach = pl.DataFrame(rows, schema=["event_id", "segment_id", "probability"], orient="row")
    store.write(ws.engine, "event_reach", reach)
    known = evidence(ws, weight_set(ws))
    assert known.reach.rows() == [("g", 3, 0.2)]
    tonight = shifts(date(2026, 11, 23), tz=ws.config.tz)[-1]
    told = [
        facts(
            ws, weight_set(ws), segment=row, shift=tonight, as_of=NOW, points={}, raw={},
            missing=(), figures={"score": 50.0, "lo": 50.0, "hi": 50.0, "base": 2.0},
        ).silences
        for row in (3, 5)
    ]  # fmt: skip
    assert [len(t) for t in told] == [1, 0]
    assert told[0][0].probability == pytest.approx(0.2)
    assert np.isclose((told[0][0].t1 - told[0][0].t0).total_seconds(), 3 * 3600)
