"""What is written is what comes back, in every format, with its notes."""

import json
import resource
import zipfile
from contextlib import contextmanager
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo._write import write_layers
from geo.errors import InputError

NOTES = {"made": "码头 wharves", "attributions": "© somebody & co <x>"}
TITLE = "示例县 Example"


def written(path, layers):
    write_layers(path, layers, title=TITLE, notes=NOTES)
    return path


def wkb(shapes):
    return pl.Series("geometry", shapely.to_wkb(np.array(shapes, dtype=object)), dtype=pl.Binary)


@contextmanager
def full_disk(size):
    """Let no file grow beyond a size, which fails as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def wharves():
    """Return two points and a row without a place, with every type of column."""
    return pl.DataFrame(
        {
            "wharf_id": ["W1", "W2", "W3"],
            "name": ["石浦一号<码头>", "=cmd|' /C calc'!A0", None],
            "berths": [3, None, 2**40],
            "cadence": [1.5, None, -2.25],
            "made": [True, False, None],
            "since": [date(2025, 1, 31), None, date(2026, 11, 23)],
            "t": pl.Series(
                [datetime(2026, 11, 23, 4, 59, 57, 125000, tzinfo=UTC), None, None],
                dtype=pl.Datetime("ms", "UTC"),
            ),
            "segment_ids": ['["a","b"]', None, "[]"],
        }
    ).with_columns(wkb([shapely.Point(121.123456789, 29.5), shapely.Point(-179.9, -1e-7), None]))


@pytest.fixture
def land():
    """Return areas of one part and of several, one with a hole."""
    hole = shapely.box(121, 29, 122, 30) - shapely.box(121.4, 29.4, 121.6, 29.6)
    many = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    return pl.DataFrame({"land_row": [0, 1]}).with_columns(wkb([hole, many]))


def same_shapes(found, frame):
    truth = shapely.from_wkb(np.array(frame["geometry"].to_list(), dtype=object))
    # A layer of one kind holds a single shape as one of many.
    found, truth = (
        np.array([shapely.multipolygons([s]) if s.geom_type == "Polygon" else s for s in part])
        if any(s is not None and "Polygon" in s.geom_type for s in truth)
        else part
        for part in (np.asarray(found), truth)
    )
    both = ~shapely.is_missing(truth)
    np.testing.assert_array_equal(shapely.is_missing(found), ~both)
    close = shapely.equals_exact(
        shapely.normalize(found[both]), shapely.normalize(truth[both]), tolerance=1e-7
    )
    assert close.all()


def test_a_geopackage_gives_every_layer_back(tmp_path, wharves, land):
    path = written(tmp_path / "all.gpkg", {"wharves": wharves, "land": land})
    assert dict(pyogrio.list_layers(path)) == {"wharves": "Point", "land": "MultiPolygon"}
    found = gpd.read_file(path, layer="wharves")
    assert found.crs == 4326
    assert found["wharf_id"].tolist() == ["W1", "W2", "W3"]
    assert found["name"].tolist()[:2] == wharves["name"].to_list()[:2]
    assert found["berths"].tolist()[::2] == [3, 2**40]
    assert found["t"][0] == wharves["t"][0]
    assert found["since"][0].date() == date(2025, 1, 31)
    assert found["segment_ids"][0] == '["a","b"]'
    same_shapes(found.geometry, wharves)
    same_shapes(gpd.read_file(path, layer="land").geometry, land)
    kept = pyogrio.read_info(path, layer="land")["layer_metadata"]
    assert kept["title"] == TITLE
    assert kept["attributions"] == NOTES["attributions"]
    assert [file.name for file in tmp_path.iterdir()] == ["all.gpkg"]


def test_geoparquet_gives_back_types_and_notes(tmp_path, wharves, land):
    path = written(tmp_path / "wharves.parquet", {"wharves": wharves})
    found = gpd.read_parquet(path)
    assert found.crs == 4326
    same_shapes(found.geometry, wharves)
    again = pl.read_parquet(path)
    assert again.equals(wharves)
    kept = pq.read_schema(path).metadata
    assert json.loads(kept[b"shoregrid"]) == NOTES
    areas = gpd.read_parquet(written(tmp_path / "land.parquet", {"land": land}))
    same_shapes(areas.geometry, land)
    assert areas.geometry.to_list()[1].geom_type == "MultiPolygon"


def test_geojson_gives_back_and_bears_its_notes_at_the_top(tmp_path, wharves, land):
    path = written(tmp_path / "wharves.geojson", {"wharves": wharves})
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert whole["type"] == "FeatureCollection"
    assert whole["name"] == "wharves"
    assert whole["attributions"] == NOTES["attributions"]
    assert whole["features"][0]["properties"]["t"] == "2026-11-23T04:59:57.125Z"
    assert whole["features"][2]["geometry"] is None
    found = gpd.read_file(path)
    assert found["name"].tolist()[:2] == wharves["name"].to_list()[:2]
    same_shapes(found.geometry, wharves)
    areas = gpd.read_file(written(tmp_path / "land.geojson", {"land": land}))
    same_shapes(areas.geometry, land)
    assert shapely.is_ccw(shapely.get_exterior_ring(areas.geometry.to_list()[0]))


@pytest.mark.parametrize("ending", [".kml", ".kmz"])
def test_kml_names_its_places_and_says_what_they_are(tmp_path, wharves, land, ending):
    path = written(tmp_path / f"all{ending}", {"wharves": wharves, "land": land})
    if ending == ".kmz":
        with zipfile.ZipFile(path) as packed:
            assert packed.namelist() == ["doc.kml"]
            # GDAL leaves out the attributes when it reads the packed file itself.
            path = path.with_name("doc.kml")
            path.write_bytes(packed.read("doc.kml"))
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    space = {"k": "http://www.opengis.net/kml/2.2"}
    assert root.findtext("k:Document/k:name", namespaces=space) == TITLE
    assert NOTES["attributions"] in root.findtext("k:Document/k:description", namespaces=space)
    names = [name.text for name in root.iterfind(".//k:Placemark/k:name", space)]
    assert names == ["石浦一号<码头>", "=cmd|' /C calc'!A0", "0", "1"]
    found = gpd.read_file(path, layer="wharves")
    assert found["wharf_id"].tolist() == ["W1", "W2"]
    same_shapes(shapely.force_2d(found.geometry.to_numpy()), wharves.head(2))
    areas = gpd.read_file(path, layer="land")
    same_shapes(shapely.force_2d(areas.geometry.to_numpy()), land)


def test_a_csv_holds_places_as_numbers_and_no_formulas(tmp_path, wharves, land):
    path = written(tmp_path / "wharves.csv", {"wharves": wharves})
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    found = pl.read_csv(path, infer_schema_length=None)
    assert found["lon"].to_list() == [121.123456789, -179.9, None]
    assert found["name"].to_list() == ["石浦一号<码头>", "'=cmd|' /C calc'!A0", None]
    assert found["cadence"].to_list() == [1.5, None, -2.25]
    about = json.loads((tmp_path / "wharves.csv-metadata.json").read_text(encoding="utf-8"))
    assert about["url"] == "wharves.csv"
    assert about["notes"] == [NOTES]
    with pytest.raises(InputError, match=r"lines or areas"):
        written(tmp_path / "land.csv", {"land": land})
    assert not (tmp_path / "land.csv").exists()


def test_a_table_without_places_is_kept_where_a_format_has_tables(tmp_path, wharves):
    table = wharves.drop("geometry")
    found = pyogrio.read_dataframe(written(tmp_path / "t.gpkg", {"scores": table}))
    assert not isinstance(found, gpd.GeoDataFrame)
    assert found["wharf_id"].tolist() == ["W1", "W2", "W3"]
    assert pl.read_parquet(written(tmp_path / "t.parquet", {"scores": table})).equals(table)
    with pytest.raises(InputError, match="scores has no places"):
        written(tmp_path / "t.kml", {"scores": table})


def test_a_zip_holds_one_file_for_each_layer(tmp_path, wharves, land):
    path = written(tmp_path / "all.geojson.zip", {"wharves": wharves, "land": land})
    with zipfile.ZipFile(path) as packed:
        assert sorted(packed.namelist()) == ["land.geojson", "wharves.geojson"]
        assert len(json.loads(packed.read("wharves.geojson"))["features"]) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["all.geojson.zip"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.shp", "'.shp' is no format"),
        ("a", "'' is no format"),
        ("a.zip", "zip file"),
        ("a.kml.zip", "zip file"),
        ("a.geojson", "holds one layer, and 2 were asked for"),
        ("a.parquet", "holds one layer, and 2 were asked for"),
        ("none/a.gpkg", "there is no folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path, wharves, land, name, said):
    with pytest.raises(InputError, match=said):
        written(tmp_path / name, {"wharves": wharves, "land": land})
    assert list(tmp_path.iterdir()) == []


def test_too_many_rows_for_a_text_are_refused(tmp_path):
    many = pl.DataFrame({"n": np.arange(200_001)})
    with pytest.raises(InputError, match="200,001 rows"):
        written(tmp_path / "many.geojson", {"many": many})


def test_a_file_is_replaced_whole_or_left(tmp_path, wharves, land, monkeypatch):
    path = written(tmp_path / "all.gpkg", {"wharves": wharves, "land": land})
    written(path, {"land": land})
    assert [name for name, _ in pyogrio.list_layers(path)] == ["land"]
    before = path.read_bytes()
    write = pyogrio.write_arrow

    def full(table, file, **more):
        if more["append"]:
            raise OSError("the disk is full")
        write(table, file, **more)

    monkeypatch.setattr(pyogrio, "write_arrow", full)
    with pytest.raises(OSError, match="full"):
        written(path, {"wharves": wharves, "land": land})
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["all.gpkg"]


@pytest.mark.parametrize("ending", [".gpkg", ".kml", ".kmz", ".geojson", ".parquet"])
def test_a_full_disk_leaves_nothing_and_what_was_there(tmp_path, ending):
    rng = np.random.default_rng(5)
    places = pl.DataFrame({"id": np.arange(5_000)}).with_columns(
        wkb(shapely.points(rng.random((5_000, 2))))
    )
    path = tmp_path / f"x{ending}"
    path.write_text("before")
    with pytest.raises((InputError, OSError)) as told, full_disk(50_000):
        written(path, {"places": places})
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"
    if ending in {".gpkg", ".kml", ".kmz"}:
        assert "cannot be written whole" in str(told.value)
        assert ".export-" not in str(told.value)
    assert len(gpd.read_file(written(tmp_path / "y.kml", {"places": places}))) == 5_000


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".parquet"])
def test_an_empty_layer_is_a_layer(tmp_path, wharves, ending):
    path = written(tmp_path / f"none{ending}", {"wharves": wharves.clear()})
    found = gpd.read_parquet(path) if ending == ".parquet" else gpd.read_file(path)
    assert len(found) == 0


@given(
    places=st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=20),
    name=st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30),
)
def test_any_place_and_name_comes_back(tmp_path_factory, places, name):
    frame = pl.DataFrame({"name": [name] * len(places)}).with_columns(
        wkb([shapely.Point(place) for place in places])
    )
    folder = tmp_path_factory.mktemp("any")
    for ending in (".gpkg", ".geojson"):
        found = gpd.read_file(written(folder / f"x{ending}", {"x": frame}))
        assert found["name"].fillna("").tolist() == frame["name"].to_list()
        same_shapes(found.geometry, frame)
