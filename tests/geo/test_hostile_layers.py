"""Coasts and tide tables that are not what they should be."""

import contextlib
import http.server
import json
import stat
import struct
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from geo._safety import check_parquet, check_zip
from geo.errors import InputError
from geo.io import read_layer, read_stations
from geo.shoreline import land_of, repair_land

GOOD = {"name": "M2", "amplitude": 1.0, "phase": 3.0}
STATION = {"id": "a", "latitude": 29, "longitude": 121, "harmonic_constituents": [GOOD]}
SQUARE = shapely.box(121, 29, 122, 30)


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


def _zip(path: Path, fill: Callable[[zipfile.ZipFile], object]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return path


def _linked(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("coast.shp")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def _many(archive: zipfile.ZipFile) -> None:
    for number in range(1_001):
        archive.writestr(f"{number}.txt", "")


@pytest.mark.parametrize(
    ("fill", "told"),
    [
        (lambda a: a.writestr("coast.shp", bytes(40_000_000)), "times its size"),
        (lambda a: a.writestr("../../coast.shp", "x"), "out of the archive"),
        (lambda a: a.writestr("a\\..\\..\\coast.shp", "x"), "out of the archive"),
        (lambda a: a.writestr("/etc/coast.shp", "x"), "absolute"),
        (lambda a: a.writestr("C:\\coast.shp", "x"), "absolute"),
        (_linked, "is a link"),
        (_many, "1,001 files"),
        (lambda a: a.writestr("inner.zip", "x"), "another archive"),
        (lambda a: a.writestr("inner.dat", b"PK\x03\x04"), "another archive"),
        (lambda a: a.writestr("a.shp", "x") or a.writestr("b.shp", "x"), "2 layers"),
        (lambda a: None, "no vector layer"),
        (lambda a: a.writestr("coast.shp", b"\x00\x00\x27\x0a" + bytes(96)), "vector layer"),
    ],
    ids=["bomb", "traversal", "backslashes", "absolute", "drive", "link", "many", "nested",
         "disguised", "two", "empty", "no shx"],
)  # fmt: skip
def test_an_archive_made_to_do_harm_is_refused(
    tmp_path: Path, fill: Callable[[zipfile.ZipFile], object], told: str
) -> None:
    before = sorted(tmp_path.parent.iterdir())
    with pytest.raises(InputError, match=told):
        read_layer(_zip(tmp_path / "coast.zip", fill))
    assert sorted(tmp_path.parent.iterdir()) == before


def test_an_archive_that_lies_about_its_sizes_unpacks_no_further(tmp_path: Path) -> None:
    path = _zip(tmp_path / "coast.zip", lambda a: a.writestr("coast.geojson", b" " * 30_000_000))
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 24, 1_000)
    path.write_bytes(raw)
    with pytest.raises(InputError):
        read_layer(path)


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "coast.zip", lambda a: a.writestr("coast.shp", "x"))
    raw = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.rindex(mark) + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(InputError, match="encrypted"):
        check_zip(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_kml_that_laughs_a_billion_times_is_refused_at_once(
    tmp_path: Path, encoding: str, *, packed: bool
) -> None:
    laughs = "".join(f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' for k in range(1, 10))
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE kml [<!ENTITY l0 "ha">{laughs}]>'
        "<kml><Document><name>&l9;</name></Document></kml>"
    ).encode(encoding)
    path = tmp_path / "c.kml"
    path.write_bytes(text)
    if packed:
        path = _zip(tmp_path / "c.kmz", lambda a: a.writestr("doc.kml", text))
    started = time.perf_counter()
    with pytest.raises(InputError, match="DOCTYPE"):
        read_layer(path)
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<kml>" + "<Folder>" * 200 + "</Folder>" * 200 + "</kml>", "deep"),
        ("<OGRVRTDataSource/>", "outermost element is 'OGRVRTDataSource'"),
        ("<kml><Document>", "not whole XML"),
        ("no xml", "not whole XML"),
        ("<kml><Document/></kml>", "no features"),
    ],
)
def test_other_xml_is_an_input_error(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "c.kml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_layer(path)


def test_ten_megabytes_of_brackets_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.geojson"
    for text in ('{"a":' + "[" * 10_000_000, '{"a":' * 2_000_000):
        path.write_text(text)
        started = time.perf_counter()
        with pytest.raises(InputError, match="nest more than 64 deep"):
            read_layer(path)
        # The kernel compiles once, in about a second.
        assert time.perf_counter() - started < 5.0


def test_brackets_in_text_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "c.geojson"
    table = _land(SQUARE).assign(name='\\"[[[[' * 40 + "\\")
    table.to_file(path)
    assert len(read_layer(path)) == 1


def test_a_crs_elsewhere_is_never_fetched(tmp_path: Path) -> None:
    asked = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = tmp_path / "c.geojson"
    try:
        for kind in ("link", "l\\u0069nk"):
            path.write_text(
                '{"type":"FeatureCollection","crs":{"properties":{"href":"http://127.0.0.1:'
                f'{server.server_port}/crs","type":"proj4"}},"type":"{kind}"}},"features":[]}}'
            )
            with pytest.raises(InputError, match=r"link|escapes"):
                read_layer(path)
    finally:
        server.shutdown()
        server.server_close()
    assert not asked


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".gpkg", ".fgb", ".shp", ".parquet"])
def test_a_file_that_points_to_others_is_not_followed(tmp_path: Path, suffix: str) -> None:
    _land(SQUARE).to_file(tmp_path / "secret.gpkg", layer="secret")
    path = tmp_path / f"c{suffix}"
    path.write_text(
        '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>'
        f"{tmp_path / 'secret.gpkg'}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    with pytest.raises(InputError):
        read_layer(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one good layer in every format."""
    folder = tmp_path_factory.mktemp("whole")
    table = gpd.GeoDataFrame({"name": ["石浦"]}, geometry=[SQUARE], crs=4326)
    table.to_file(folder / "c.gpkg")
    table.to_file(folder / "c.fgb")
    table.to_file(folder / "c.geojson")
    table.to_file(folder / "c.kml", driver="LIBKML")
    table.to_parquet(folder / "c.parquet")
    (folder / "s").mkdir()
    table.to_file(folder / "s" / "c.shp")
    with zipfile.ZipFile(folder / "c.zip", "w") as archive:
        for one in (folder / "s").iterdir():
            archive.write(one, one.name)
    return folder


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".geojson", ".kml", ".parquet", ".zip"])
@given(seed=st.integers(0, 2**31 - 1))
def test_a_damaged_layer_is_read_or_an_input_error(whole: Path, suffix: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = bytearray((whole / f"c{suffix}").read_bytes())
    for at in rng.integers(0, len(raw), int(rng.integers(1, 20))):
        raw[at] = rng.integers(0, 256)
    if rng.random() < 0.3:
        raw = raw[: int(rng.integers(0, len(raw)))]
    path = whole / f"damaged{suffix}"
    path.write_bytes(raw)
    with contextlib.suppress(InputError):
        assert read_layer(path).crs is not None


@pytest.mark.parametrize("encoding", ["RLE_DICTIONARY", "DELTA_BYTE_ARRAY"])
def test_a_parquet_file_that_repeats_a_value_without_end_is_not_unpacked(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "bomb.parquet"
    same = shapely.to_wkb(SQUARE.segmentize(0.004))
    table = pa.table({"geometry": pa.array([same] * 3_000)})
    dictionary = encoding == "RLE_DICTIONARY"
    pyarrow.parquet.write_table(
        table, path, use_dictionary=dictionary, column_encoding=None if dictionary else encoding
    )
    assert table.nbytes > 300 * path.stat().st_size
    with pytest.raises(InputError, match="unpacks to more than"):
        read_layer(path)


def test_parquet_files_are_allowed_what_they_are_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    table = pa.table({"a": np.arange(10_000.0)})
    pyarrow.parquet.write_table(table, path)
    check_parquet(path, where=path, max_bytes=200_000)
    with pytest.raises(InputError, match="more than 0 MB"):
        check_parquet(path, where=path, max_bytes=79_000)


def test_every_problem_of_a_layer_is_listed_with_its_place() -> None:
    bow = shapely.Polygon([(121.1, 29.1), (121.3, 29.3), (121.3, 29.1), (121.1, 29.3)])
    # Two crossings in one ring.
    chain = shapely.Polygon([(123.0, 29.0), (123.2, 29.2), (123.4, 29.0), (123.4, 29.2),
                             (123.2, 29.0), (123.0, 29.2)])  # fmt: skip
    spiked = shapely.Polygon([(124.0, 29.0), (124.1, 29.0), (124.1, 29.05), (124.3, 29.05),
                              (124.1, 29.05000001), (124.1, 29.1), (124.0, 29.1)])  # fmt: skip
    first, second = shapely.box(125.0, 29.0, 125.1, 29.1), shapely.box(125.09, 29.0, 125.2, 29.1)
    beside = shapely.box(125.2000001, 29.0, 125.3, 29.1)
    sliver = shapely.box(126.0, 29.0, 126.1, 29.000001)
    metres = shapely.box(5e5, 3e6, 5.1e5, 3.1e6)
    layer = _land(bow, chain, spiked, first, second, beside, first, sliver, metres,
                  shapely.Point(121, 29))  # fmt: skip
    land, refused = repair_land(layer, name="c.gpkg")
    found = [
        (one.row, one.reason, round(one.lon or 0, 3), round(one.lat or 0, 3)) for one in refused
    ]
    assert (1, "repaired_ring", 121.2, 29.2) in found
    assert {(2, "repaired_ring", 123.1, 29.1), (2, "repaired_ring", 123.3, 29.1)} <= set(found)
    assert (3, "spike", 124.3, 29.05) in found
    assert [one[:2] for one in found if one[1] == "overlap"] == [(5, "overlap")]
    assert (7, "duplicate") in [one[:2] for one in found]
    assert (None, "sliver") in [one[:2] for one in found]
    assert [one.reason for one in refused if one.row == 9] == ["bad_coordinates"]
    assert [one.reason for one in refused if one.row == 10] == ["not_a_polygon"]
    assert land.geometry.is_valid.all()
    for one in refused:
        if one.lon is not None and one.lat is not None:
            # The place stands in the message too, for those who read no map.
            assert f"{one.lon:.6f} {one.lat:.6f}" in one.detail


def test_the_parts_of_one_feature_are_looked_at_like_features_of_their_own() -> None:
    bow = shapely.Polygon([(121.0, 29.0), (121.2, 29.2), (121.2, 29.0), (121.0, 29.2)])
    later = shapely.affinity.translate(bow, 2.0, 0.0)
    spiked = shapely.Polygon([(126.0, 29.0), (126.1, 29.0), (126.1, 29.05), (126.3, 29.05),
                              (126.1, 29.05000001), (126.1, 29.1), (126.0, 29.1)])  # fmt: skip
    whole = shapely.MultiPolygon([bow, shapely.box(125.0, 29.0, 125.1, 29.1), later, spiked])
    land, refused = repair_land(_land(whole), name="c.gpkg")
    found = {(one.reason, round(one.lon or 0, 3), round(one.lat or 0, 3)) for one in refused}
    assert found == {
        ("repaired_ring", 121.1, 29.1), ("repaired_ring", 123.1, 29.1), ("spike", 126.3, 29.05),
    }  # fmt: skip
    assert land.geometry.is_valid.all()
    # Its second part goes round the world the wrong way.
    round_about = shapely.MultiPolygon([SQUARE, shapely.box(-179.6, -17.0, 179.5, -16.5)])
    with pytest.raises(InputError, match="an edge across more than 180"):
        repair_land(_land(round_about), name="c.gpkg")


@pytest.mark.parametrize("suffix", [".geojson", ".kml"])
def test_a_ring_left_open_is_closed_and_told(tmp_path: Path, suffix: str) -> None:
    good = [[122, 29], [122.1, 29], [122.1, 29.1], [122, 29]]
    opened = [[121, 29], [121.1, 29], [121.1, 29.1], [121, 29.1]]
    path = tmp_path / f"c{suffix}"
    if suffix == ".geojson":
        features = [
            {"type": "Feature", "properties": {},
             "geometry": {"type": "Polygon", "coordinates": [ring]}}
            for ring in (good, opened)
        ]  # fmt: skip
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    else:
        marks = "".join(
            "<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>"
            + " ".join(f"{x},{y}" for x, y in ring)
            + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
            for ring in (good, opened)
        )
        path.write_text(f"<kml><Document><Folder><name>a</name>{marks}</Folder></Document></kml>")
    land, refused = land_of(read_layer(path), name=path.name)
    assert len(land) == 2
    assert shapely.area(land.geometry.values).sum() == pytest.approx(0.01 + 0.005)
    if suffix == ".geojson":
        assert [(one.row, one.reason, one.lon, one.lat) for one in refused] == [
            (2, "open_ring", 121.0, 29.0)
        ]


def test_a_gap_of_a_hair_between_two_features_is_closed_and_told() -> None:
    ring = shapely.difference(
        shapely.box(121, 29, 121.1, 29.1), shapely.box(121.02, 29.02, 121.08, 29.08)
    )
    plug = shapely.box(121.020001, 29.020001, 121.08, 29.08)
    land, refused = repair_land(_land(ring, plug), name="c.gpkg")
    assert [one.reason for one in refused] == ["gap"]
    assert shapely.get_num_interior_rings(land.geometry.values).sum() == 0


@given(st.integers(0, 2**31 - 1))
def test_any_polygons_make_valid_land_with_their_problems_told(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(int(rng.integers(1, 6))):
        xy = rng.normal((121.5, 29.5), 0.05, (int(rng.integers(3, 12)), 2))
        if rng.random() < 0.3:
            xy = np.round(xy, 1)
        shapes.append(shapely.Polygon(xy))
    if all(shapely.make_valid(one, method="structure", keep_collapsed=False).area == 0
           for one in shapes):  # fmt: skip
        with pytest.raises(InputError, match="no land polygon"):
            land_of(_land(*shapes), name="x")
        return
    land, refused = land_of(_land(*shapes), name="x")
    assert land.geometry.is_valid.all()
    assert (shapely.get_type_id(land.geometry.values) == 3).all()
    parts = np.asarray(land.geometry.values, dtype=object)
    assert not shapely.overlaps(parts[:, None], parts[None, :]).any()
    told = {one.row for one in refused}
    invalid = {row + 1 for row, one in enumerate(shapes) if not one.is_valid}
    assert invalid <= told


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
