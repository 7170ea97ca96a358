"""Layers of every format and CRS: the same coast, whichever way it comes."""

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import InputError
from geo.io import likely_crs, read_layer
from geo.shoreline import land_of

NAMES = ["石浦岛", "檀头山"]
SHAPES = [shapely.box(121.9, 29.1, 122.0, 29.2), shapely.box(122.1, 29.1, 122.2, 29.3)]


def layer(crs: object = 4326) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame({"name": NAMES}, geometry=SHAPES, crs=4326)
    return table if crs == 4326 else table.to_crs(crs)


def shapefile(folder: Path, table: gpd.GeoDataFrame, encoding: str) -> Path:
    folder.mkdir()
    table.to_file(folder / "海岸.shp", encoding=encoding)
    return folder / "海岸.shp"


def pack(path: Path, *files: Path, under: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in files:
            archive.write(one, under + one.name)
    return path


def as_file(folder: Path, kind: str, table: gpd.GeoDataFrame) -> Path:
    path = folder / f"coast.{kind}"
    if kind in {"zip", "shp"}:
        main = shapefile(folder / "shape", table, "UTF-8")
        return main if kind == "shp" else pack(path, *main.parent.iterdir(), under="data/")
    if kind == "parquet":
        table.to_parquet(path)
    elif kind in {"kml", "kmz"}:
        table.to_file(path, driver="LIBKML")
    elif kind == "json":
        table.to_file(path, driver="GeoJSON")
    else:
        table.to_file(path)
    return path


@pytest.mark.parametrize(
    "kind", ["gpkg", "zip", "shp", "geojson", "json", "parquet", "kml", "kmz", "fgb"]
)
def test_every_format_gives_the_same_land_and_names(tmp_path: Path, kind: str) -> None:
    table = read_layer(as_file(tmp_path, kind, layer()))
    assert table.crs is not None
    column = "Name" if "Name" in table.columns else "name"
    assert sorted(table[column]) == sorted(NAMES)
    land, refused = land_of(table, name=kind)
    assert not refused
    assert _alike(shapely.union_all(land.geometry.values), shapely.union_all(SHAPES))


@pytest.mark.parametrize(
    "crs",
    ["EPSG:4490", "EPSG:4549", "EPSG:4550", "EPSG:4528", "EPSG:4507", "EPSG:32651", "EPSG:3857"],
)
def test_any_crs_comes_back_to_lon_lat(tmp_path: Path, crs: str) -> None:
    path = as_file(tmp_path, "gpkg", layer(crs))
    table = read_layer(path)
    assert table.crs.to_string() == crs
    # The same CRS given again is no contradiction.
    assert read_layer(path, crs=crs).crs.equals(table.crs)
    land, _ = land_of(table, name=crs)
    assert _alike(shapely.union_all(land.geometry.values), shapely.union_all(SHAPES))


@pytest.mark.parametrize(
    ("crs", "told"),
    [
        ("EPSG:4326", "EPSG:4490"),
        ("EPSG:4528", "EPSG:4528"),
        ("EPSG:4529", "zone 41, central meridian 123"),
        ("EPSG:4499", "EPSG:4499"),
        ("EPSG:4549", "120: EPSG:4549"),
        ("EPSG:3857", "EPSG:3857"),
    ],
)
def test_without_a_crs_the_likely_ones_are_named_and_one_can_be_given(
    tmp_path: Path, crs: str, told: str
) -> None:
    table = layer(crs).set_crs(None, allow_override=True)
    path = tmp_path / "coast.parquet"
    table.to_parquet(path)
    with pytest.raises(InputError, match="no coordinate reference system") as problem:
        read_layer(path)
    assert told in problem.value.mend
    assert "--crs" in problem.value.mend
    land, _ = land_of(read_layer(path, crs=crs), name="x")
    assert _alike(shapely.union_all(land.geometry.values), shapely.union_all(SHAPES))


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        ((29.0, 121.0, 30.0, 122.0), "latitude first"),
        ((3.2e6, 4.0e5, 3.3e6, 4.9e5), "northing"),
        ((3.2e6, 40.4e6, 3.3e6, 40.5e6), "northing"),
        ((np.nan, 0, 1, 1), "not finite"),
        ((9e7, 9e7, 9.1e7, 9.1e7), "Ask whoever"),
    ],
)
def test_what_the_numbers_speak_for(bounds: tuple[float, ...], told: str) -> None:
    assert told in likely_crs(bounds)


def test_a_crs_that_contradicts_the_files_own_is_an_input_error(tmp_path: Path) -> None:
    path = as_file(tmp_path, "gpkg", layer("EPSG:4549"))
    with pytest.raises(InputError, match=r"EPSG:4549.*EPSG:4550"):
        read_layer(path, crs="EPSG:4550")
    for wrong in ("EPSG:99999", "nonsense", "EPSG:5737"):
        with pytest.raises(InputError, match="--crs"):
            read_layer(path, crs=wrong)


def test_geojson_in_metres_without_a_stated_crs_takes_the_given_one(tmp_path: Path) -> None:
    path = tmp_path / "coast.geojson"
    ring = [[500_000, 3_220_000], [510_000, 3_220_000], [510_000, 3_230_000], [500_000, 3_220_000]]
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},'
        f'"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}'
    )
    land, _ = land_of(read_layer(path, crs="EPSG:4549"), name="x")
    west, south, _, _ = land.total_bounds
    assert (west, south) == pytest.approx((120.0, 29.09), abs=0.01)


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("zipped", [False, True])
def test_text_of_a_table_without_cpg_is_read_as_it_was_written(
    tmp_path: Path, encoding: str, zipped: bool
) -> None:
    main = shapefile(tmp_path / "shape", layer(), encoding)
    main.with_suffix(".cpg").unlink()
    path = pack(tmp_path / "c.zip", *main.parent.iterdir()) if zipped else main
    assert read_layer(path)["name"].tolist() == NAMES


def test_all_folders_of_a_kml_come_together_and_one_can_be_named(tmp_path: Path) -> None:
    def folder(name: str, lon: float) -> str:
        ring = " ".join(f"{lon + a},{29 + b},7" for a, b in ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0)))
        return (
            f"<Folder><name>{name}</name><Placemark><name>{name}一</name><Polygon><outerBoundaryIs>"
            f"<LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
            "</Placemark></Folder>"
        )

    path = tmp_path / "c.kml"
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        f"<Document>{folder('大陆', 121.0)}{folder('岛屿', 122.0)}</Document></kml>"
    )
    table = read_layer(path)
    assert sorted(table["folder"]) == sorted(["大陆", "岛屿"])
    assert sorted(table["Name"]) == sorted(["大陆一", "岛屿一"])
    assert not table.has_z.any()
    assert read_layer(path, layer="岛屿").total_bounds[0] == pytest.approx(122.0)
    packed = pack(tmp_path / "c.kmz", path)
    assert len(read_layer(packed)) == 2
    with pytest.raises(InputError, match="大陆"):
        read_layer(path, layer="码头")


def test_of_several_layers_the_named_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    layer().to_file(path, layer="land")
    gpd.GeoDataFrame(geometry=[shapely.Point(1, 2)], crs=4326).to_file(path, layer="ports")
    assert len(read_layer(path, layer="land")) == 2
    with pytest.raises(InputError, match=r"2 layers .*land, ports"):
        read_layer(path)
    with pytest.raises(InputError, match=r"no layer 'x'; it has land, ports"):
        read_layer(path, layer="x")


def test_a_zip_may_hold_one_layer_of_any_kind_and_the_named_one_of_several(tmp_path: Path) -> None:
    inside = as_file(tmp_path, "gpkg", layer())
    other = tmp_path / "other.geojson"
    layer().iloc[[0]].to_file(other)
    assert len(read_layer(pack(tmp_path / "a.zip", inside))) == 2
    both = pack(tmp_path / "b.zip", inside, other)
    with pytest.raises(InputError, match="2 layers"):
        read_layer(both)
    assert len(read_layer(both, layer="other")) == 1
    rubbish = tmp_path / "readme.txt"
    rubbish.write_text("x")
    with pytest.raises(InputError, match=r"no vector layer; it holds readme\.txt"):
        read_layer(pack(tmp_path / "c.zip", rubbish))


def test_tables_and_unknown_kinds_are_an_input_error(tmp_path: Path) -> None:
    plain = tmp_path / "plain.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(plain)
    with pytest.raises(InputError, match="cannot be read as a vector layer"):
        read_layer(plain)
    gml = tmp_path / "c.gml"
    gml.write_text("<a/>")
    with pytest.raises(InputError, match=r"'\.gml' is no kind"):
        read_layer(gml)
    with pytest.raises(InputError, match="no such file"):
        read_layer(tmp_path / "none.gpkg")
    empty = tmp_path / "empty.gpkg"
    layer().iloc[:0].to_file(empty)
    with pytest.raises(InputError, match="no features"):
        read_layer(empty)


def _alike(one: BaseGeometry, two: BaseGeometry) -> bool:
    """Return whether two shapes differ by less than a centimetre in a hundred kilometres."""
    return bool(shapely.hausdorff_distance(one, two) < 1e-7)
