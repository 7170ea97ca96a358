"""Grids, and that what is written is a cloud-optimised GeoTIFF by the rules of GDAL's checker."""

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from geo.crs import ELLIPSOID
from geo.errors import InputError
from geo.raster import LonLatGrid, write_cog

NOTES = {"attributions": "© OpenStreetMap 贡献者", "made": "events"}


@given(
    west=st.floats(-180, 170),
    south=st.floats(-80, 70),
    width=st.floats(0.01, 5),
    height=st.floats(0.01, 5),
    cell_m=st.floats(200, 5_000),
)
def test_a_grid_covers_its_box_with_square_cells(west, south, width, height, cell_m):
    grid = LonLatGrid.over((west, south, west + width, south + height), cell_m=cell_m)
    left, bottom, right, top = grid.bounds
    assert (left, top) == (west, south + height)
    assert right >= west + width - 1e-9
    assert bottom <= south + 1e-9
    lon, lat = grid.centres()
    assert (len(lat), len(lon)) == grid.shape
    middle = len(lat) // 2
    _, _, down = ELLIPSOID.inv(west, lat[middle], west, lat[middle] + grid.dlat)
    assert down == pytest.approx(cell_m, rel=0.01)
    assert lon[0] == pytest.approx(west + grid.dlon / 2)


@given(west=st.floats(-170, 170), north=st.floats(-85, 89.5), cell_m=st.floats(50, 20_000))
def test_areas_are_those_of_the_ellipsoid(west, north, cell_m):
    grid = LonLatGrid.over((west, north - 0.5, west + 0.5, north), cell_m=cell_m)
    row = grid.shape[0] // 2
    top, bottom = north - row * grid.dlat, north - (row + 1) * grid.dlat
    # Many vertices: a geodesic between two places of one latitude leaves it.
    steps = np.linspace(west, west + grid.dlon, 200)
    area, _ = ELLIPSOID.polygon_area_perimeter(
        np.r_[steps, steps[::-1]], np.r_[np.full(200, bottom), np.full(200, top)]
    )
    assert grid.areas_km2()[row] == pytest.approx(area / 1e6, rel=1e-6)


def test_too_many_cells_are_refused():
    with pytest.raises(InputError, match="are more than"):
        LonLatGrid.over((100, 0, 140, 40), cell_m=100)


@pytest.mark.parametrize("cell_m", [2_000, 150])
def test_a_raster_is_cloud_optimised(tmp_path, cell_m):
    grid = LonLatGrid.over((121.3, 28.75, 122.5, 29.95), cell_m=cell_m)
    rng = np.random.default_rng(7)
    bands = rng.random((2, *grid.shape)).astype(np.float32)
    bands[:, :10] = np.nan
    path = tmp_path / "x.tif"
    write_cog(path, bands, grid, names=["22:00", "02:00"], unit="score", notes=NOTES)
    with rasterio.open(path) as found:
        np.testing.assert_array_equal(found.read(), bands)
        assert found.crs.to_epsg() == 4326
        assert found.bounds == pytest.approx(grid.bounds)
        assert np.isnan(found.nodata)
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert found.tags()["attributions"] == NOTES["attributions"]
        assert found.descriptions == ("22:00", "02:00")
        assert found.units == ("score", "score")
        mean = float(found.tags(1)["STATISTICS_MEAN"])
        assert mean == pytest.approx(np.nanmean(bands[0]), abs=1e-3)
        factors = found.overviews(1)
        assert bool(factors) == (max(grid.shape) > 256)
        assert all(found.width / factor <= 512 for factor in factors[-1:])
        assert found.block_shapes[0] == (256, 256) or not factors
        # The directories of image and overviews stand in order at the file's beginning, and the
        # data of smaller ones before that of larger ones (GDAL's validate_cloud_optimized_geotiff).
        heads = [int(found.get_tag_item("IFD_OFFSET", "TIFF", bidx=1))]
        data = [int(found.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))]
        for number in range(len(factors)):
            one = {"bidx": 1, "ovr": number}
            heads.append(int(found.get_tag_item("IFD_OFFSET", "TIFF", **one)))
            data.append(int(found.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", **one)))
        assert heads == sorted(heads)
        assert data == sorted(data, reverse=True)
        assert max(heads) < min(data)
    assert [file.name for file in tmp_path.iterdir()] == ["x.tif"]


@pytest.mark.parametrize(("name", "said"), [("a.png", "GeoTIFF"), ("none/a.tif", "no folder")])
def test_another_ending_or_folder_is_refused(tmp_path, name, said):
    grid = LonLatGrid.over((121, 29, 121.1, 29.1), cell_m=1_000)
    bands = np.zeros((1, *grid.shape), dtype=np.float32)
    with pytest.raises(InputError, match=said):
        write_cog(tmp_path / name, bands, grid, names=["a"], unit="h", notes={})
    assert list(tmp_path.iterdir()) == []
