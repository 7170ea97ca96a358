"""Ways in a workspace: what is kept of a layer, and the network that patrols go by."""

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from workspace import store
from workspace.folder import Workspace
from workspace.importers import import_file
from workspace.patrol_ways import apart, network

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROAD = shapely.LineString([(121.40, 29.2), (121.42, 29.2)])
CROSS = shapely.LineString([(121.41, 29.19), (121.41, 29.21)])
FAR = shapely.LineString([(121.60, 29.2), (121.61, 29.2)])


def test_ways_become_a_network_for_each_kind(coast: Workspace, tmp_path: Path) -> None:
    assert network(coast) is None
    before = store.read(coast.engine, "segments")
    path = tmp_path / "w.gpkg"
    gpd.GeoDataFrame(
        {
            "名称": ["甲路", "乙路", "航道", "怪路"],
            "类型": [None, "公路", "航道", "飞行"],
            "时速": [40.0, None, None, None],
            "封闭": [None, "是", None, None],
        },
        geometry=[ROAD, CROSS, FAR, FAR],
        crs=4326,
    ).to_crs(4549).to_file(path, engine="pyogrio")
    done = import_file(coast, "ways", path, now=NOW)
    assert (done.counts["added"], done.counts["quarantined"]) == (3, 1)
    assert "飞行" in done.refused[0].detail
    assert store.read(coast.engine, "ways")["barred"].to_list() == [False, True, False]
    assert store.read(coast.engine, "segments").equals(before)
    found = network(coast)
    assert found is not None
    assert found is network(coast)
    by = {key[0]: edges for key, edges in found.edges.group_by("kind")}
    assert set(by["foot"]["way_id"]) == {1}
    assert by["foot"]["minutes"].null_count() == len(by["foot"])
    cars = by["car"].filter(by["car"]["way_id"] == 1)
    assert cars["minutes"].sum() == pytest.approx(cars["km"].sum() / 40.0 * 60.0)
    assert by["car"].filter(by["car"]["way_id"] == 2)["barred"].all()
    assert set(by["boat"]["way_id"]) == {3}
    assert apart(coast) == []


def test_what_is_not_joined_is_told_with_its_place(coast: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "w.geojson"
    gpd.GeoDataFrame({"kind": ["car", "car"]}, geometry=[ROAD, FAR], crs=4326).to_file(path)
    import_file(coast, "ways", path, now=NOW)
    (line,) = apart(coast)
    assert "1 parts" in line
    assert "121.6" in line
