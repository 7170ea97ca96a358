"""Heights under places, from rasters of every build."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.transform import Affine, from_origin

from geo import depth as module
from geo.depth import Depth
from geo.errors import InputError

STEP = 0.001
ROWS, COLS = 60, 80
NORTH_UP = from_origin(121.0, 29.06, STEP, STEP)


def plane(row, col):
    """A seabed whose height tells the cell that it was read from."""
    return -1.0 - 0.1 * np.asarray(row) - 0.01 * np.asarray(col)


def write(
    path: Path, bed=None, *, transform=NORTH_UP, crs="EPSG:4326", tags=None, **options
) -> str:
    if bed is None:
        bed = plane(*np.mgrid[:ROWS, :COLS])
    bed = np.atleast_3d(np.asarray(bed).T).T
    options = {"dtype": "float64", "driver": "GTiff", **options}
    after = {name: options.pop(name) for name in ("scales", "offsets", "units") if name in options}
    with rasterio.open(
        path,
        "w",
        count=len(bed),
        height=bed.shape[1],
        width=bed.shape[2],
        transform=transform,
        crs=crs,
        **options,
    ) as raster:
        raster.write(bed.astype(options["dtype"]))
        raster.update_tags(**(tags or {}))
        for name, value in after.items():
            setattr(raster, name, value)
    return str(path)


def middles(transform, row, col, crs="EPSG:4326"):
    x, y = transform * (np.asarray(col) + 0.5, np.asarray(row) + 0.5)
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", NORTH_UP),
        ("EPSG:4490", NORTH_UP),
        ("EPSG:4549", from_origin(500_000.0, 3_200_000.0, 100.0, 100.0)),  # CGCS2000 3-degree
        ("EPSG:32651", from_origin(300_000.0, 3_200_000.0, 100.0, 100.0)),
        ("EPSG:3857", from_origin(13_500_000.0, 3_400_000.0, 100.0, 100.0)),
        # South up, and turned by 30 degrees.
        ("EPSG:4549", Affine(100.0, 0.0, 500_000.0, 0.0, 100.0, 3_200_000.0)),
        (
            "EPSG:4549",
            Affine.translation(500_000, 3_200_000) * Affine.rotation(30) * Affine.scale(100, -100),
        ),
    ],
)
def test_a_cell_is_found_in_any_crs_and_any_turn(tmp_path, crs, transform) -> None:
    depth = Depth.open(write(tmp_path / "d.tif", transform=transform, crs=crs))
    row, col = np.array([0, 5, 59, 30]), np.array([0, 70, 79, 1])
    assert depth.sample(*middles(transform, row, col, crs)) == pytest.approx(plane(row, col))
    outside = middles(transform, np.array([-5, 90]), np.array([10, 10]), crs)
    assert np.isnan(depth.sample(*outside)).all()
    assert np.isnan(depth.sample(np.array([np.nan, 121.0]), np.array([29.0, np.inf]))).all()


def test_longitudes_may_be_counted_to_360(tmp_path) -> None:
    turned = from_origin(238.0, 36.7, STEP, STEP)
    depth = Depth.open(write(tmp_path / "d.tif", transform=turned))
    lon, lat = middles(turned, np.array([3]), np.array([4]))
    assert depth.sample(lon - 360.0, lat) == pytest.approx(plane(3, 4))


def test_whole_numbers_have_scale_offset_unit_and_sign(tmp_path) -> None:
    raw = np.full((10, 10), 250)
    path = write(
        tmp_path / "d.tif", raw, dtype="int16", scales=(0.1,), offsets=(5.0,), units=("dm",)
    )
    at = middles(NORTH_UP, np.array([4]), np.array([4]))
    assert Depth.open(path).sample(*at) == pytest.approx(3.0)  # (250 x 0.1 + 5) dm
    down = Depth.open(path, positive_down=True, zero_m=-0.5)
    assert down.sample(*at) == pytest.approx(-3.5)
    with pytest.raises(InputError, match="'furlong' is not known"):
        Depth.open(write(tmp_path / "f.tif", raw, dtype="int16", units=("furlong",)))


@pytest.mark.parametrize(
    ("hole", "options"),
    [
        (np.nan, {"nodata": np.nan}),
        (-32768.0, {"nodata": -32768.0}),
        (-9999.0, {}),  # nobody said that it means "no data"
        (99999.0, {}),
        (-3.4e38, {}),
    ],
)
def test_no_data_is_no_height_and_known_cells_reach_two_cells_into_it(
    tmp_path, hole, options
) -> None:
    bed = np.full((ROWS, COLS), -4.0)
    bed[20:, :] = hole
    depth = Depth.open(write(tmp_path / "d.tif", bed, **options))
    found = depth.sample(*middles(NORTH_UP, np.array([19, 20, 21, 22, 40]), np.full(5, 30)))
    assert found[:3] == pytest.approx([-4.0, -4.0, -4.0])
    assert np.isnan(found[3:]).all()


def test_a_mask_counts_as_no_data(tmp_path) -> None:
    path = write(tmp_path / "d.tif")
    with rasterio.open(path, "r+") as raster:
        mask = np.full((ROWS, COLS), 255, dtype="uint8")
        mask[:, 40:] = 0
        raster.write_mask(mask)
    found = Depth.open(path).sample(*middles(NORTH_UP, np.array([5, 5]), np.array([20, 60])))
    assert found[0] == pytest.approx(plane(5, 20))
    assert np.isnan(found[1])


@given(
    st.lists(st.tuples(st.floats(120.99, 121.09), st.floats(28.99, 29.07)), max_size=40),
    st.sampled_from([16, 32, 48]),
)
def test_pieces_give_what_the_whole_gives(tmp_path_factory, places, block) -> None:
    path = tmp_path_factory.mktemp("d") / "d.tif"
    write(path, tiled=True, blockxsize=block, blockysize=block)
    lon, lat = np.array([p[0] for p in places]), np.array([p[1] for p in places])
    col, row = np.floor((lon - 121.0) / STEP), np.floor((29.06 - lat) / STEP)
    inside = (col >= 0) & (row >= 0) & (col < COLS) & (row < ROWS)
    edge = np.abs(((lon - 121.0) / STEP) % 1 - 0.5) > 0.499
    edge |= np.abs(((29.06 - lat) / STEP) % 1 - 0.5) > 0.499
    found = Depth.open(str(path)).sample(lon, lat)
    assert np.allclose(found[inside & ~edge], plane(row, col)[inside & ~edge])
    assert np.isnan(found[~inside & ~edge]).all()


def test_a_raster_of_10_gb_is_read_only_where_asked(tmp_path, monkeypatch) -> None:
    path, side = str(tmp_path / "big.tif"), 50_000
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=side, width=side, dtype="float32", tiled=True,
        blockxsize=512, blockysize=512, sparse_ok=True, bigtiff="yes", crs="EPSG:4549",
        transform=from_origin(400_000.0, 3_300_000.0, 1.0, 1.0), nodata=np.nan,
    ) as raster:  # fmt: skip
        window = rasterio.windows.Window(20_000, 30_000, 512, 512)
        raster.write(np.full((1, 512, 512), -7.0, dtype="float32"), window=window)
    read = []
    block = module._block

    def counted(source, band, window, **scale):
        read.append(window.width * window.height)
        return block(source, band, window, **scale)

    monkeypatch.setattr(module, "_block", counted)
    x = 400_000.0 + np.array([20_100.5, 20_300.5, 20_100.5, 45_000.5])
    y = 3_300_000.0 - np.array([30_100.5, 30_400.5, 30_110.5, 45_000.5])
    lon, lat = Transformer.from_crs("EPSG:4549", "EPSG:4326", always_xy=True).transform(x, y)
    found = Depth.open(path).sample(lon, lat)
    assert found[:3] == pytest.approx([-7.0] * 3)
    assert np.isnan(found[3])
    assert len(read) <= 3
    assert sum(read) < 3 * 512 * 512  # of 2.5 thousand million cells


def test_the_file_says_what_its_heights_are_counted_from(tmp_path) -> None:
    said = {
        "tag": {"tags": {"VERTICAL_DATUM": "理论最低潮面"}},
        "words": {"tags": {"UNITS": "m relative to mean sea level"}},
        "compound": {"crs": "EPSG:4490+5737"},
        "nothing": {},
    }
    found = {
        name: Depth.open(write(tmp_path / f"{name}.tif", **how)).datum for name, how in said.items()
    }
    assert found == {
        "tag": "理论最低潮面",
        "words": "MSL",
        "compound": "Yellow Sea 1985",
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("tags", "datum"),
    [
        ({"D": "Soundings in metres below chart datum (MLLW); MSL is 1.02 m above it"}, None),
        ({"D": "高程以理论最低潮面为基准，平均海面在其上 312 cm"}, None),
        ({"VERTICAL_REFERENCE": "MLLW", "NOTE": "to get MSL add 1.02"}, "MLLW"),
        ({"Vertical Datum": "CN1985"}, "CN1985"),
        ({"VERTICAL_DATUM": "MSL", "VERTICAL_REFERENCE": "MLLW"}, None),
        ({"VERTICAL_DATUM": "mean sea level", "VDATUM": "MSL"}, "mean sea level"),
        ({"D": "heights above mean lower low water"}, None),
        ({"D": "MSL lies 1.02 m above the zero"}, None),
        ({"D": "平均海面在零点以上 3.12米"}, None),
        ({"D": "平均海面以上的高程，单位米"}, "MSL"),
        ({"standard_name": "height_above_mean_sea_level", "lat": "29.5"}, "MSL"),
        ({"D": "metres above MSL", "GRID": "spacing 30 m"}, "MSL"),
    ],
)
def test_mean_sea_level_is_taken_only_where_nothing_else_is_named(tmp_path, tags, datum) -> None:
    assert Depth.open(write(tmp_path / "d.tif", tags=tags)).datum == datum


def test_a_vertical_axis_that_points_down_turns_the_sign(tmp_path) -> None:
    deep = write(tmp_path / "d.tif", np.full((10, 10), 12.0), crs="EPSG:4326+5715")  # MSL depth
    found = Depth.open(deep)
    assert found.datum == "MSL"
    assert found.sample(*middles(NORTH_UP, np.array([4]), np.array([4]))) == pytest.approx(-12.0)


def test_what_is_made_says_so(tmp_path) -> None:
    assert Depth.open(write(tmp_path / "a.tif", tags={"TITLE": "Synthetic seabed"})).made
    assert not Depth.open(write(tmp_path / "b.tif", tags={"TITLE": "Survey 2025"})).made


def test_what_cannot_be_used_is_refused_with_its_mend(tmp_path) -> None:
    with pytest.raises(InputError, match=r"no CRS.*-a_srs EPSG:4490"):
        Depth.open(write(tmp_path / "no_crs.tif", crs=None))
    with pytest.raises(InputError, match=r"no band 2; the raster has 1"):
        Depth.open(write(tmp_path / "one.tif"), band=2)
    rgb = write(tmp_path / "rgb.tif", np.ones((3, 9, 9)), dtype="uint8", photometric="RGB")
    with rasterio.open(rgb) as raster:
        assert raster.colorinterp[0] == ColorInterp.red
    with pytest.raises(InputError, match="holds colours"):
        Depth.open(rgb)
    (tmp_path / "text.tif").write_bytes(b"no raster")
    with pytest.raises(InputError, match=r"cannot be read.*Give a GeoTIFF"):
        Depth.open(str(tmp_path / "text.tif"))
    # A virtual raster can name any file or address: it is not opened at all.
    (tmp_path / "v.vrt").write_text('<VRTDataset rasterXSize="9" rasterYSize="9"></VRTDataset>')
    with pytest.raises(InputError, match="cannot be read"):
        Depth.open(str(tmp_path / "v.vrt"))
    whole = write(tmp_path / "damaged.tif", compress="deflate")
    data = Path(whole).read_bytes()
    Path(whole).write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"damaged|cannot be read"):
        Depth.open(whole).sample(*middles(NORTH_UP, np.arange(ROWS), np.arange(ROWS)))


def test_a_raster_that_is_not_this_sea_is_refused(tmp_path) -> None:
    at_sea = tuple(v[None, :] for v in middles(NORTH_UP, np.arange(10), np.arange(10)))
    Depth.open(write(tmp_path / "good.tif")).check(*at_sea)
    Depth.open(write(tmp_path / "good.tif")).check()
    far = write(tmp_path / "far.tif", transform=from_origin(118.0, 24.0, STEP, STEP))
    with pytest.raises(InputError, match=r"covers lon 118\.\d+ to .*no segment of the coast"):
        Depth.open(far).check(*at_sea)
    up = write(tmp_path / "up.tif", np.full((ROWS, COLS), 12.5))
    with pytest.raises(InputError, match=r"heights 12\.5 to 12\.5 m.*--positive-down"):
        Depth.open(up).check(*at_sea)
    with pytest.raises(InputError, match="--positive-down"):
        Depth.open(up).check()
    Depth.open(up, positive_down=True).check(*at_sea)
    # Brought to mean sea level a shallow chart is all above it in places: the file's sign counts.
    Depth.open(write(tmp_path / "good.tif"), zero_m=50.0).check(*at_sea)
    empty = write(tmp_path / "empty.tif", np.full((ROWS, COLS), np.nan), nodata=np.nan)
    with pytest.raises(InputError, match="no data anywhere near"):
        Depth.open(empty).check(*at_sea)


@pytest.mark.parametrize(("raw", "down"), [(1.0, False), (-1.0, True)])
def test_a_sea_that_is_upside_down_is_known_by_its_slope(tmp_path, raw, down) -> None:
    # A chart has drying flats (2 m here) beside the depths: no sign alone tells heights from them.
    bed = np.repeat((2.0 - 0.1 * np.arange(ROWS))[:, None], COLS, axis=1) * raw
    path = write(tmp_path / "chart.tif", bed)
    row, col = np.meshgrid(np.arange(0, 40, 3), np.arange(0, 60, 6))
    seaward = middles(NORTH_UP, row, col)
    Depth.open(path, positive_down=down).check(*seaward)
    with pytest.raises(InputError, match=r"rises away from the shore before 10 .*--positive-down"):
        Depth.open(path, positive_down=not down).check(*seaward)


def test_wide_flats_that_all_dry_are_a_seabed(tmp_path) -> None:
    # Counted from chart datum nothing within a kilometre of such a shore lies below zero.
    bed = np.repeat((3.0 - 0.04 * np.arange(ROWS))[:, None], COLS, axis=1)
    row, col = np.meshgrid(np.arange(0, 40, 3), np.arange(0, 60, 6))
    Depth.open(write(tmp_path / "flats.tif", bed)).check(*middles(NORTH_UP, row, col))
