"""From which tide a shore can be landed on, and when."""

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import from_origin

from geo.errors import InputError
from geo.landable import landable_share, read_depth, thresholds, windows

CARRY = {"mud": 300.0, "beach": 100.0, "built": 10.0}


@pytest.fixture
def shore() -> gpd.GeoDataFrame:
    """Three pieces of a shore along 29 N that look south."""
    lon = np.array([121.005, 121.010, 121.015])
    return gpd.GeoDataFrame(
        {"lon": lon, "lat": np.full(3, 29.0), "facing_deg": np.full(3, 180.0)},
        geometry=list(shapely.points(lon, 29.0)),
        crs=4326,
    )


def write_raster(path, slope_m_per_m: float, *, crs: object = 4326) -> None:
    """A seabed that falls away to the south from +1 m at the shore; land without data."""
    step = 0.0002
    rows = 100
    south_m = (np.arange(rows) + 0.5) * step * 110_900.0
    bed = np.repeat((1.0 - slope_m_per_m * south_m)[:, None], 100, axis=1)
    land = np.full((10, 100), np.nan)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=110,
        width=100,
        count=1,
        dtype="float32",
        crs=crs,
        nodata=np.nan,
        transform=from_origin(121.0, 29.0 + 10 * step, step, step),
    ) as raster:
        raster.write(np.vstack([land, bed]).astype("float32"), 1)


def test_the_threshold_is_the_lowest_bed_in_carrying_distance_plus_draught(tmp_path, shore) -> None:
    path = tmp_path / "depth.tif"
    write_raster(path, 0.01)
    depth = read_depth(str(path))
    assert not depth.made
    found = thresholds(
        shore, ["mud", "beach", "built"], depth, carry_m=CARRY, draught_m=1.0, margin_m=0.3
    )
    assert found[0] == pytest.approx(1.0 - 0.01 * 300 + 1.3, abs=0.25)
    assert found[1] == pytest.approx(1.0 - 0.01 * 100 + 1.3, abs=0.25)
    assert found[2] == pytest.approx(1.0 - 0.01 * 10 + 1.3, abs=0.25)


def test_what_is_not_known_stays_unknown(tmp_path, shore) -> None:
    path = tmp_path / "depth.tif"
    write_raster(path, 0.01)
    depth = read_depth(str(path))
    north = shore.assign(facing_deg=[180.0, 0.0, 180.0], lat=[29.05, 29.05, 29.0])
    found = thresholds(
        north, ["mud", "mud", None], depth, carry_m=CARRY, draught_m=1.0, margin_m=0.3
    )
    assert np.isnan(found).all()


def test_a_small_island_is_looked_at_all_round(tmp_path, shore) -> None:
    path = tmp_path / "depth.tif"
    write_raster(path, 0.01)
    depth = read_depth(str(path))
    around = shore.assign(facing_deg=[np.nan, 180.0, np.nan])
    kinds = ["beach", "beach", "built"]
    every, south = (
        thresholds(table, kinds, depth, carry_m=CARRY, draught_m=1.0, margin_m=0.3)
        for table in (around, shore)
    )
    assert np.allclose(every, south, atol=1e-9)


def test_a_projected_raster_is_refused_with_its_mend(tmp_path) -> None:
    path = tmp_path / "depth.tif"
    write_raster(path, 0.01, crs=32651)
    with pytest.raises(InputError, match="gdalwarp"):
        read_depth(str(path))
    write_raster(path, -0.01)
    with pytest.raises(InputError, match="turn depths' sign"):
        read_depth(str(path))
    path.write_bytes(b"no raster")
    with pytest.raises(InputError, match="cannot be read"):
        read_depth(str(path))


heights = st.lists(st.floats(-4, 4), min_size=2, max_size=60).map(np.array)


@given(heights, st.floats(-5, 5))
def test_the_share_is_that_of_the_windows(tide, threshold) -> None:
    share = landable_share(np.array([threshold, np.nan]), tide)
    stamps = pl.Series(np.arange(len(tide)) * 600_000).cast(pl.Datetime("ms", "UTC"))
    spans = windows(threshold, stamps, tide)
    inside = sum((b - a).total_seconds() for a, b in spans) / (600.0 * (len(tide) - 1))
    assert share[0] == pytest.approx(inside, abs=2 / 20)
    assert np.isnan(share[1])


@given(heights, st.floats(-5, 5))
def test_windows_hold_just_the_times_above(tide, threshold) -> None:
    stamps = pl.datetime_range(
        pl.datetime(2026, 11, 23),
        pl.datetime(2026, 11, 23) + pl.duration(minutes=10) * (len(tide) - 1),
        "10m",
        time_unit="ms",
        time_zone="UTC",
        eager=True,
    )
    spans = windows(threshold, stamps, tide)
    inside = np.zeros(len(tide), dtype=bool)
    for a, b in spans:
        assert a <= b
        inside |= ((stamps >= a) & (stamps <= b)).to_numpy()
    assert (inside >= (tide > threshold)).all()
    far = tide < threshold - 1e-3
    assert not (inside & far).any() or np.abs(np.diff(tide)).max() > 100
