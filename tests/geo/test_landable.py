"""Over which seabed a shore is landed on, and when the tide lets it."""

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import from_origin

from geo.depth import Depth
from geo.landable import (
    OFFSETS_M,
    estimated_profiles,
    landable_share,
    landable_windows,
    landing_seabed,
    mean_high_springs,
    open_water,
    profiles,
)
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

OFFSETS = np.array(OFFSETS_M)
ONE = np.ones((1, 1))
NOON = np.datetime64("2026-11-23T12:00", "ms")
TEN_MIN = np.timedelta64(600_000, "ms")


@pytest.fixture
def shore() -> gpd.GeoDataFrame:
    """Three pieces of a shore along 29 N that look south, south and every way."""
    lon = np.array([121.005, 121.010, 121.015])
    return gpd.GeoDataFrame(
        {"lon": lon, "lat": np.full(3, 29.0), "facing_deg": [180.0, 180.0, np.nan]},
        geometry=list(shapely.points(lon, 29.0)),
        crs=4326,
    )


@pytest.fixture
def depth(tmp_path) -> Depth:
    """A seabed that falls by 1 in 100 to the south from +1 m at the shore; land without data."""
    step, rows = 0.0002, 100
    south_m = (np.arange(rows) + 0.5) * step * 110_900.0
    bed = np.repeat((1.0 - 0.01 * south_m)[:, None], 100, axis=1)
    with rasterio.open(
        tmp_path / "depth.tif",
        "w",
        driver="GTiff",
        height=110,
        width=100,
        count=1,
        dtype="float32",
        crs=4326,
        nodata=np.nan,
        transform=from_origin(121.0, 29.0 + 10 * step, step, step),
    ) as raster:
        raster.write(np.vstack([np.full((10, 100), np.nan), bed]).astype("float32"), 1)
    return Depth.open(str(tmp_path / "depth.tif"))


def test_the_profile_goes_straight_out_to_sea(shore, depth) -> None:
    found = profiles(shore, depth)
    # Half a cell of 22 m to either side is what the raster can tell.
    assert np.abs(found[:2] - (1.0 - 0.01 * OFFSETS)).max() < 0.25
    # Looked at all round, the way south is the lowest at each distance.
    assert found[2] == pytest.approx(found[1])
    north = shore.assign(facing_deg=0.0)
    assert np.isnan(profiles(north, depth)[:, OFFSETS > 60.0]).all()


# Metres of one degree at 29 N, near enough to draw a dike with.
LON_M, LAT_M = 97_430.0, 110_850.0


def box(west_m: float, south_m: float, east_m: float, north_m: float) -> shapely.Polygon:
    return shapely.box(
        121.01 + west_m / LON_M, 29.0 + south_m / LAT_M, 121.01 + east_m / LON_M,
        29.0 + north_m / LAT_M,
    )  # fmt: skip


def drawn(*shapes: shapely.Polygon) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the land, and the segments of its shore."""
    land = repair_land(gpd.GeoDataFrame(geometry=list(shapes), crs=4326), name="made")[0]
    return land, segments(shorelines(land), length_m=100.0)


@given(st.floats(20.0, 400.0), st.floats(2.0, 200.0))
def test_beyond_a_dike_or_an_opposite_bank_there_is_no_water_of_this_shore(off, thick) -> None:
    land, cut = drawn(box(-900, 0, 900, 500), box(-900, -off - thick, 900, -off))
    here = np.abs((cut["lat"] - 29.0) * LAT_M) < 1.0
    here &= np.abs((cut["lon"] - 121.01) * LON_M) < 500.0
    reach = open_water(cut, land)[here]
    assert len(reach) > 2
    assert reach == pytest.approx(off, abs=1.0)
    bed = estimated_profiles(["rock"] * len(reach), np.full(len(reach), 2.0), water_m=reach)
    assert (np.isnan(bed) == (reach[:, None] < OFFSETS)).all()


def test_a_profile_ends_at_the_first_land(depth) -> None:
    land, cut = drawn(box(-400, 0, 400, 500), box(-400, -90, 400, -70), box(-20, -90, 20, 1))
    open_shore, _ = drawn(box(-400, 0, 400, 500))
    here = np.abs((cut["lat"] - 29.0) * LAT_M) < 1.0
    cut = cut[here & (np.abs(cut["facing_deg"] - 180.0) < 5.0)].reset_index(drop=True)
    assert len(cut) > 2
    found = profiles(cut, depth, land)
    assert np.isnan(found[:, OFFSETS > 72.0]).all()
    assert not np.isnan(found[:, OFFSETS < 65.0]).any()
    # Goods are carried 300 m, but not from beyond the dike.
    assert landing_seabed(found, np.full(len(cut), 300.0)) == pytest.approx(1.0 - 0.65, abs=0.25)
    free = profiles(cut, depth, open_shore)
    assert landing_seabed(free, np.full(len(cut), 300.0)) == pytest.approx(1.0 - 3.0, abs=0.25)


def test_an_islands_rays_go_over_water_only(depth) -> None:
    """Of the ways out of a small island's middle some go over the island itself."""
    land, _ = drawn(box(-40, -60, 40, -20), box(-400, 0, 400, 500))
    north = gpd.GeoDataFrame(
        {"lon": [121.01], "lat": [29.0 - 20 / LAT_M], "facing_deg": [np.nan]},
        geometry=[land.geometry[shapely.area(land.geometry).argmin()].exterior],
        crs=4326,
    )
    found = profiles(north, depth, land)[0]
    # North lies the main shore, 20 m off; east and west there is water as shallow as here.
    known = ~np.isnan(found)
    assert (found[known] > 1.0 - 0.01 * 20 - 0.25).all()
    assert known[OFFSETS <= 15.0].all()


def test_the_lowest_bed_in_carrying_distance_counts(shore, depth) -> None:
    bed = profiles(shore, depth)
    found = landing_seabed(bed, np.array([300.0, 100.0, np.nan]))
    assert found[0] == pytest.approx(1.0 - 0.01 * 300, abs=0.25)
    assert found[1] == pytest.approx(1.0 - 0.01 * 100, abs=0.25)
    assert np.isnan(found[2])


@given(
    st.lists(st.floats(-9, 4) | st.just(np.nan), min_size=21, max_size=21),
    st.floats(0, 1500),
    st.floats(0, 1500),
)
def test_carrying_further_never_makes_landing_harder(bed, a, b) -> None:
    near, far = landing_seabed(np.array([bed, bed]), np.array(sorted([a, b])))
    known = ~np.isnan(bed)
    if np.isnan(far):
        assert np.isnan(near)
        assert not known[np.less_equal(OFFSETS, max(a, b))].any()
    else:
        assert np.isnan(near) or far <= near
        assert far >= np.array(bed)[known].min()


def test_between_two_offsets_the_bed_is_straight() -> None:
    bed = (-0.01 * OFFSETS)[None, :]
    assert landing_seabed(bed, np.array([72.0])) == pytest.approx(-0.72)
    assert landing_seabed(bed, np.array([5000.0])) == pytest.approx(-10.0)


def test_an_estimate_stands_on_the_high_water_line_and_tells_the_shores_apart() -> None:
    kinds = ["mud", "beach", "rock", "creek", "built", None, "lava"]
    bed = estimated_profiles(kinds, np.full(7, 2.5))
    assert bed[:4, 0] == pytest.approx(2.5)  # the line on the map is high water
    assert np.isnan(bed[5:]).all()
    assert (np.diff(bed[:5], axis=1) <= 1e-12).all()
    at = {name: bed[row, list(OFFSETS_M).index(100.0)] for row, name in enumerate(kinds[:5])}
    assert at["mud"] == pytest.approx(2.4)
    assert at["beach"] == pytest.approx(-0.1 * 50.0 ** (2 / 3))  # 50 m of face, 50 m under water
    assert at["rock"] == pytest.approx(2.5 - 20.0)
    assert at["creek"] == pytest.approx(-2.5)  # a bed that dries at low water springs
    assert at["built"] == pytest.approx(-1.0)
    assert np.isnan(estimated_profiles(["mud", "built"], np.full(2, np.nan))).all()


def test_springs_are_each_fortnights_highest() -> None:
    hours = np.arange(0.0, 24 * 59.06)
    m2, s2 = (np.cos(2 * np.pi * hours / period) for period in (12.4206, 12.0))
    curves = np.vstack([1.9 * m2 + 0.7 * s2, np.full(len(hours), np.nan)])
    found = mean_high_springs(curves, per_day=24)
    assert found[0] == pytest.approx(2.6, abs=0.05)
    assert np.isnan(found[1])
    assert np.isnan(mean_high_springs(curves[:, :100], per_day=24)).all()


heights = st.lists(st.floats(-4, 4), min_size=2, max_size=60).map(np.array)


def spans(tide, seabed, draughts=(0.0,)):
    return landable_windows(
        np.array([seabed]),
        draughts_m=draughts,
        margin_m=0.0,
        weights=ONE,
        times=NOON + np.arange(len(tide)) * TEN_MIN,
        heights_m=np.array([tide]),
    )


@given(heights, st.floats(-5, 5))
def test_windows_hold_just_the_times_above(tide, threshold) -> None:
    found = spans(tide, threshold)
    fine = np.arange(0, (len(tide) - 1) * 600_000 + 1, 15_000)
    level = np.interp(fine, np.arange(len(tide)) * 600_000, tide)
    stamps = NOON + fine.astype("timedelta64[ms]")
    inside = np.zeros(len(fine), dtype=bool)
    for t_from, t_to in found.select("t_from", "t_to").iter_rows():
        assert t_from < t_to
        a, b = (np.datetime64(t.replace(tzinfo=None), "ms") for t in (t_from, t_to))
        inside |= (stamps >= a - 1) & (stamps <= b + 1)
    # A millisecond is worth 13 micrometres of the steepest of these curves.
    assert inside[level > threshold + 1e-4].all()
    assert not inside[level < threshold - 1e-4].any()


@given(heights, st.floats(-5, 5))
def test_the_share_is_that_of_the_windows(tide, threshold) -> None:
    share = landable_share(
        np.array([threshold, np.nan]), weights=np.ones((2, 1)), heights_m=np.array([tide])
    )
    found = spans(tide, threshold)
    inside_ms = (found["t_to"] - found["t_from"]).dt.total_milliseconds().sum()
    assert share[0] == pytest.approx(inside_ms / (600_000 * (len(tide) - 1)), abs=1e-4)
    assert np.isnan(share[1])


def test_draughts_segments_and_stations_are_done_at_once() -> None:
    t = np.arange(0, 30 * 144)
    curves = np.array([2.0 * np.sin(t / 12.0), 1.5 * np.sin(t / 12.0 + 0.6), np.full(len(t), 9.0)])
    weights = np.array([[1.0, 0.0, 0.0], [0.25, 0.75, 0.0], [np.nan, np.nan, np.nan]])
    seabed = np.array([-1.0, -0.5, -9.0])
    found = landable_windows(
        seabed,
        draughts_m=(1.0, 2.0),
        margin_m=0.3,
        weights=weights,
        times=NOON + t * TEN_MIN,
        heights_m=curves,
    )
    assert found.schema == {
        "segment": pl.UInt32,
        "draught_m": pl.Float64,
        "t_from": pl.Datetime("ms", "UTC"),
        "t_to": pl.Datetime("ms", "UTC"),
    }
    assert found.equals(found.sort("segment", "draught_m", "t_from"))
    assert set(found["segment"]) == {0, 1}  # the third has no tide
    for s in (0, 1):
        mixed = weights[s] @ curves
        for draught in (1.0, 2.0):
            alone = spans(mixed, seabed[s] + draught + 0.3)
            here = found.filter(pl.col("segment") == s, pl.col("draught_m") == draught)
            assert here.select("t_from", "t_to").equals(alone.select("t_from", "t_to"))


def test_where_a_table_ends_nothing_is_said() -> None:
    tide = np.array([1.0, 1.0, np.nan, np.nan, 1.0, -1.0, 1.0])
    found = spans(tide, 0.0)
    minutes = [
        tuple((t.replace(tzinfo=None) - NOON.item()).total_seconds() / 60 for t in pair)
        for pair in found.select("t_from", "t_to").iter_rows()
    ]
    assert minutes == [(0.0, 10.0), (40.0, 45.0), (55.0, 60.0)]
    share = landable_share(np.zeros(1), weights=ONE, heights_m=tide[None, :])
    assert np.isnan(share).all()
    # Who does not use that table is not troubled by its end.
    both = np.vstack([tide, np.ones(7)])
    assert landable_share(np.zeros(1), weights=np.array([[0.0, 1.0]]), heights_m=both) == [1.0]
