"""Roads, settlements and kinds of shore: what of a layer is kept, and what segments learn of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from geo.crs import ELLIPSOID
from geo.errors import InputError
from geo.gcj02 import to_gcj02
from workspace import store
from workspace.folder import Workspace
from workspace.importers import Options, import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ROAD = shapely.LineString([(121.4, 29.2), (121.95, 29.2)])


def _layer(path: Path, shapes: list[object], crs: int = 4326, **columns: list[object]) -> Path:
    layer = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_crs(crs)
    layer.to_file(path, engine="pyogrio")
    return path


def test_segments_learn_how_far_the_nearest_road_is(coast: Workspace, tmp_path: Path) -> None:
    path = _layer(tmp_path / "r.gpkg", [ROAD], 4549, 道路名称=["甬莞线"])
    done = import_file(coast, "roads", path, now=NOW)
    assert (done.counts["added"], done.counts["quarantined"]) == (1, 0)
    assert store.read(coast.engine, "roads")["name"].to_list() == ["甬莞线"]
    cut = store.layer(coast.engine, "segments")
    road = np.column_stack([np.linspace(121.4, 121.95, 20_000), np.full(20_000, 29.2)])
    for row in (0, len(cut) // 3, len(cut) - 1):
        line = shapely.get_coordinates(shapely.segmentize(cut.geometry.iloc[row], 0.0002))
        nearest = min(
            float(ELLIPSOID.inv(*np.tile(p, (len(road), 1)).T, *road.T)[2].min()) for p in line
        )
        assert cut["road_distance_m"].iloc[row] == pytest.approx(nearest, abs=15.0)
    assert cut["settlement_distance_m"].isna().all()


def test_a_layer_replaces_the_one_before_and_a_bad_one_does_not(
    coast: Workspace, tmp_path: Path
) -> None:
    village = [shapely.Point(121.6, 29.2), shapely.box(121.7, 29.1, 121.72, 29.12)]
    path = _layer(tmp_path / "v.geojson", village, name=["甲村", "乙村"], name_en=["A", None])
    import_file(coast, "settlements", path, now=NOW)
    assert store.read(coast.engine, "settlements")["name_en"].to_list() == ["A", None]
    before = store.read(coast.engine, "segments")
    assert before["settlement_distance_m"].null_count() == 0
    wrong = _layer(tmp_path / "w.geojson", [ROAD], name=["路"])
    with pytest.raises(InputError, match=r"none of the 1 features.*LineString, expected Point"):
        import_file(coast, "settlements", wrong, now=NOW)
    table = tmp_path / "v.csv"
    table.write_text("name\n甲村\n", encoding="utf-8")
    with pytest.raises(InputError, match="a table"):
        import_file(coast, "settlements", table, now=NOW)
    assert store.read(coast.engine, "segments").equals(before)
    assert store.count(coast.engine, "settlements") == 2
    import_file(coast, "settlements", _layer(tmp_path / "x.gpkg", village[:1], name=["丙村"]))
    assert store.read(coast.engine, "settlements")["name"].to_list() == ["丙村"]


def test_kinds_of_shore_are_taken_where_they_are_drawn(coast: Workspace, tmp_path: Path) -> None:
    known = store.read(coast.engine, "segments").with_columns(
        shore_type=pl.lit("rock"), made=pl.lit(json.dumps(["shore_types", "depth"]))
    )
    store.write(coast.engine, "segments", known, replace=True)
    south = shapely.LineString([(121.4, 29.1), (121.9, 29.1)])
    path = _layer(
        tmp_path / "k.gpkg",
        [south, shapely.Point(121.4, 29.1), south],
        岸线类型=["人工岸线", "沙滩", "火山"],
    )
    done = import_file(coast, "shore-types", path, now=NOW)
    assert sorted((one.row, one.reason) for one in done.refused) == [
        (2, "bad_shape"),
        (3, "bad_value"),
    ]
    cut = store.read(coast.engine, "segments")
    built = cut.filter(pl.col("lat") < 29.1001)
    assert built.height > 50
    assert set(built["shore_type"]) == {"built"}
    assert set(built["made"]) == {'["depth"]'}
    rest = cut.filter(pl.col("lat") > 29.15)
    assert set(rest["shore_type"]) == {"rock"}
    assert set(rest["made"]) == {'["shore_types","depth"]'}


def test_persons_stay_out_of_layers(coast: Workspace, tmp_path: Path) -> None:
    points = [shapely.Point(121.6, 29.2), shapely.Point(121.7, 29.2)]
    path = _layer(tmp_path / "v.gpkg", points, name=["甲村", "乙村"], 村长电话=["13912345678", ""])
    done = import_file(coast, "settlements", path, now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(1, "personal_data")]
    assert store.read(coast.engine, "settlements")["name"].to_list() == ["乙村"]
    path = _layer(tmp_path / "w.gpkg", points, name=["甲村", "乙村"], 联系人=["某甲", "某乙"])
    with pytest.raises(InputError, match="联系人"):
        import_file(coast, "settlements", path, now=NOW)


def test_a_shifted_layer_is_turned_back(coast: Workspace, tmp_path: Path) -> None:
    shifted = shapely.transform(ROAD, lambda xy: np.column_stack(to_gcj02(*xy.T)))
    path = _layer(tmp_path / "r.gpkg", [shifted])
    done = import_file(coast, "roads", path, Options(coordinates="gcj02"), now=NOW)
    assert "1 places corrected from GCJ-02" in done.notes[0]
    kept = store.layer(coast.engine, "roads").geometry.iloc[0]
    assert shapely.hausdorff_distance(kept, ROAD) < 1e-7


def test_places_that_are_none_are_refused(coast: Workspace, tmp_path: Path) -> None:
    bad = shapely.LineString([(1e6, 3e6), (2e6, 3e6)])
    layer = gpd.GeoDataFrame({"name": ["a", "b", "c"]}, geometry=[bad, None, ROAD], crs=4326)
    layer.to_file(tmp_path / "r.gpkg", engine="pyogrio")
    done = import_file(coast, "roads", tmp_path / "r.gpkg", now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(1, "bad_shape"), (2, "bad_shape")]
    assert done.counts["added"] == 1
    assert store.count(coast.engine, "quarantine") == 2
