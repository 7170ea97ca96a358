"""Coasts and tide tables that are not what they should be."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.errors import InputError
from geo.io import read_layer, read_stations
from geo.shoreline import repair_land

GOOD = {"name": "M2", "amplitude": 1.0, "phase": 3.0}
STATION = {"id": "a", "latitude": 29, "longitude": 121, "harmonic_constituents": [GOOD]}


def _land(*shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4326)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (shapely.box(29.0, 121.0, 29.3, 122.0), "swapped"),
        (shapely.box(179.5, -17.0, 180.4, -16.5), "antimeridian"),
        (shapely.box(-179.6, -17.0, 179.5, -16.5), "antimeridian"),
        (shapely.MultiPolygon([shapely.box(179, -17, 180, -16), shapely.box(-180, -17, -179, -16)]),
         "antimeridian"),
        (shapely.box(636_025.0, 3_221_162.0, 693_549.0, 3_244_974.0), "CRS is probably wrong"),
    ],
    ids=["swapped", "beyond", "wrapped", "both sides", "projected"],
)  # fmt: skip
def test_land_off_the_map_is_told_with_what_is_likely(shape: shapely.Geometry, told: str) -> None:
    with pytest.raises(InputError, match=told):
        repair_land(_land(shape), name="c.gpkg")


def test_a_polygon_with_an_endless_coordinate_is_refused_alone() -> None:
    endless = shapely.Polygon([(121, 29), (122, 29), (float("inf"), 30)])
    land, refused = repair_land(_land(endless, shapely.box(121, 29, 122, 30)), name="c.gpkg")
    assert len(land) == 1
    assert [(one.row, one.reason) for one in refused] == [(1, "bad_coordinates")]


def test_of_several_layers_none_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    _land(shapely.box(121, 29, 122, 30)).to_file(path, layer="land")
    _land(shapely.Point(121, 29)).to_file(path, layer="ports")
    with pytest.raises(InputError, match=r"2 layers .*land.*ports"):
        read_layer(path)


@pytest.mark.parametrize(
    "table",
    [
        {"stations": None},
        {"stations": {}},
        {"stations": []},
        {"stations": [1]},
        {"stations": [STATION | {"harmonic_constituents": "x"}]},
        {"stations": [STATION | {"harmonic_constituents": [3]}]},
        {"stations": [STATION | {"datums": [1]}]},
        {"stations": [STATION | {"datums": {"MSL": None}}]},
        {"stations": [STATION | {"harmonic_constituents": [GOOD | {"phase": True}]}]},
        {"stations": [STATION, STATION]},
    ],
)
def test_a_tide_table_of_another_shape_is_an_input_error(
    tmp_path: Path, table: dict[str, object]
) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(table))
    with pytest.raises(InputError, match=r"t\.json"):
        read_stations(path)


def test_a_tide_table_without_rows_or_ids_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    head = "station_id,name,lat,lon,constituent,amplitude_m,phase_deg_gmt\n"
    path.write_text(head)
    with pytest.raises(InputError, match="no rows"):
        read_stations(path)
    path.write_text(f"{head},x,29,121,M2,1,100\n")
    with pytest.raises(InputError, match="row 2: station_id is missing"):
        read_stations(path)
