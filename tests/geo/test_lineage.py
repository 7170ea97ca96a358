"""Ids that outlive a re-import: what is kept, what is changed, and that every metre is told."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.io import read_layer
from geo.lineage import CHANGES, LINEAGE, Carried, carry
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

LON, LAT = 121.9, 29.3
M_LON, M_LAT = 111_320.0 * np.cos(np.radians(LAT)), 110_900.0


def coast(*shapes: shapely.Polygon) -> gpd.GeoDataFrame:
    """Return the shorelines of polygons given in metres about a place."""

    def lonlat(xy: np.ndarray) -> np.ndarray:
        return np.column_stack([LON + xy[:, 0] / M_LON, LAT + xy[:, 1] / M_LAT])

    layer = gpd.GeoDataFrame(geometry=list(shapely.transform(list(shapes), lonlat)), crs=4326)
    return shorelines(repair_land(layer, name="made")[0])


def carried(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, length_m: float = 500.0) -> Carried:
    found = carry(
        old, segments(old, length_m=500.0), new, length_m=length_m, tolerance_m=50.0, reach_m=500.0
    )
    accounts_for_every_metre(old, new, found)
    return found


def accounts_for_every_metre(old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, found: Carried) -> None:
    lineage, cut = found.lineage, found.segments
    assert lineage.schema == LINEAGE
    assert lineage["old_m"].sum() == pytest.approx(old["length_m"].sum(), rel=1e-6)
    assert lineage["new_m"].sum() == pytest.approx(new["length_m"].sum(), rel=1e-6)
    by_new = (
        lineage.drop_nulls("new_segment_id").group_by("new_segment_id").agg(pl.col("new_m").sum())
    )
    lengths = dict(by_new.iter_rows())
    assert set(lengths) == set(cut["segment_id"])
    wrong = [
        abs(lengths[name] - m) for name, m in zip(cut["segment_id"], cut["length_m"], strict=True)
    ]
    assert max(wrong) < 0.01
    assert cut["segment_id"].is_unique
    assert found.shorelines["shoreline_id"].is_unique
    assert set(lineage["change"]) <= set(CHANGES)
    same = lineage.filter(pl.col("change").is_in(["kept", "moved"]))
    ratio = same["new_m"] / same["old_m"]
    assert ratio.is_between(0.2, 4.01).all()
    # Beyond 1.75 are islets alone, and what took in a scrap of its neighbour.
    assert (ratio > 1.9).sum() <= 0.01 * len(ratio)
    # Cut points follow each other without gap on every shoreline.
    for name, own in cut.groupby("shoreline_id", sort=False):
        total = found.shorelines.set_index("shoreline_id").loc[name, "length_m"]
        assert own["from_m"].iloc[0] == 0.0
        assert own["to_m"].iloc[-1] == pytest.approx(total, abs=0.01)
        assert (
            np.abs(own["from_m"].to_numpy()[1:] - own["to_m"].to_numpy()[:-1]).max(initial=0) < 0.01
        )
    for name, one in zip(cut["segment_id"], cut.geometry, strict=True):
        assert one.is_valid, name


def changes(found: Carried) -> dict[str, int]:
    return dict(found.lineage.group_by("change").len().iter_rows())


def island(radius_m: float, lobes: list[float], step_m: float) -> np.ndarray:
    count = int(2 * np.pi * radius_m / step_m)
    angle = np.arange(count) / count * 2 * np.pi
    r = radius_m * (1 + sum(a * np.cos((k + 2) * angle + 3 * a * k) for k, a in enumerate(lobes)))
    return np.column_stack([r * np.cos(angle), r * np.sin(angle)])


@given(
    radius_m=st.floats(300, 6000),
    lobes=st.lists(st.floats(-0.12, 0.12), max_size=4),
    step_m=st.floats(60, 220),
    amount_m=st.floats(0, 20),
    seed=st.integers(0, 2**16),
)
def test_noise_under_the_tolerance_changes_no_id(
    radius_m: float, lobes: list[float], step_m: float, amount_m: float, seed: int
) -> None:
    xy = island(radius_m, lobes, step_m)
    rng = np.random.default_rng(seed)
    angle, away = rng.uniform(0, 2 * np.pi, len(xy)), amount_m * np.sqrt(rng.random(len(xy)))
    moved = xy + np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None]
    old, new = coast(shapely.Polygon(xy)), coast(shapely.Polygon(moved).buffer(0))
    found = carried(old, new)
    assert set(found.segments["segment_id"]) == set(segments(old, length_m=500.0)["segment_id"])
    assert set(changes(found)) <= {"kept", "moved"}


def test_the_same_coast_again_is_the_same_to_the_last_id(land: gpd.GeoDataFrame) -> None:
    shores = shorelines(land)
    cut = segments(shores)
    found = carry(shores, cut, shores, length_m=500.0, tolerance_m=50.0, reach_m=500.0)
    assert found.segments["segment_id"].tolist() == cut["segment_id"].tolist()
    assert found.shorelines["shoreline_id"].tolist() == shores["shoreline_id"].tolist()
    assert found.segments["from_m"].tolist() == cut["from_m"].tolist()
    assert found.segments.geometry.equals(cut.geometry)
    assert changes(found) == {"kept": len(cut)}


def test_a_new_pier_changes_only_what_it_touches() -> None:
    xy = island(3000.0, [0.1, -0.05], 120.0)
    plain = shapely.Polygon(xy)
    pier = shapely.box(2400, 180, 4200, 220)
    old, new = coast(plain), coast(plain.union(pier))
    found = carried(old, new)
    cut = segments(old, length_m=500.0).set_index("segment_id")
    lost = set(cut.index) - set(found.segments["segment_id"])
    touched = cut[
        cut.intersects(
            shapely.transform(
                pier.buffer(1),
                lambda v: np.column_stack([LON + v[:, 0] / M_LON, LAT + v[:, 1] / M_LAT]),
            )
        )
    ].index
    assert lost <= set(touched)
    assert len(lost) == 1
    others = found.lineage.filter(~pl.col("old_segment_id").is_in([*lost]))
    assert set(others["change"]) == {"kept"}
    split = found.lineage.filter(pl.col("change") == "split")
    assert split["old_segment_id"].unique().to_list() == [*lost]
    assert split["new_m"].sum() == pytest.approx(2 * 1_100 + 500, rel=0.2)


def test_a_bay_that_a_dam_closed_is_gone_and_the_rest_stays() -> None:
    block = shapely.box(0, 0, 20_000, 10_000)
    bay = shapely.box(9_800, 5_000, 10_200, 10_001)
    dam = shapely.box(9_700, 9_800, 10_300, 10_000)
    old = coast(shapely.segmentize(block.difference(bay), 150))
    new = coast(shapely.segmentize(block.difference(bay).union(dam), 150))
    found = carried(old, new)
    # The bay is now a lake: its shore is an inner one, and keeps what it had.
    assert changes(found).get("kept", 0) >= len(segments(old)) - 6
    filled = coast(shapely.segmentize(block, 150))
    gone = carried(old, filled).lineage.filter(pl.col("change").is_in(["gone", "merged"]))
    assert gone["old_m"].sum() == pytest.approx(10_000, rel=0.15)


def test_islands_come_go_and_grow_together_with_the_land() -> None:
    main = shapely.segmentize(shapely.box(0, 0, 12_000, 6_000), 150)
    near = shapely.Polygon(np.add(island(600.0, [], 100.0), [6_000, 7_500]))
    far = shapely.Polygon(np.add(island(600.0, [], 100.0), [2_000, 12_000]))
    causeway = shapely.box(5_800, 5_900, 6_200, 7_200)
    old = coast(main, near, far)
    found = carried(old, coast(main, near))
    assert found.lineage.filter(pl.col("change") == "gone")["old_m"].sum() == pytest.approx(
        2 * np.pi * 600, rel=0.02
    )
    assert changes(found)["kept"] == len(found.segments)
    back = carried(coast(main, near), old)
    assert back.lineage.filter(pl.col("change") == "new")["new_m"].sum() == pytest.approx(
        2 * np.pi * 600, rel=0.02
    )
    joined = carried(old, coast(main.union(near).union(causeway), far))
    ids = set(segments(old)["segment_id"]) & set(joined.segments["segment_id"])
    assert len(ids) >= len(segments(old)) - 5
    # The larger shore gives the whole its name.
    assert joined.shorelines["shoreline_id"].iloc[0] == old["shoreline_id"].iloc[0]


def test_places_and_cuts_are_found_again_on_the_newer_shore(land: gpd.GeoDataFrame) -> None:
    xy = island(4000.0, [0.08], 150.0)
    rng = np.random.default_rng(7)
    old = coast(shapely.Polygon(xy))
    new = coast(shapely.Polygon(xy + rng.uniform(-14, 14, xy.shape)))
    found = carried(old, new)
    at = np.linspace(0, old["length_m"].iloc[0] - 1, 200)
    name = old["shoreline_id"].iloc[0]
    lines, there = found.locate([name] * len(at) + ["L-none"], np.append(at, 5.0))
    assert lines == [name] * len(at) + [None]
    assert np.isnan(there[-1])
    line = found.shorelines.geometry.iloc[0]
    before = shapely.line_interpolate_point(old.geometry.iloc[0], at / at[-1], normalized=True)
    after = shapely.line_interpolate_point(
        line, there[:-1] / found.shorelines["length_m"].iloc[0], normalized=True
    )
    apart_m = np.hypot(
        (shapely.get_x(before) - shapely.get_x(after)) * M_LON,
        (shapely.get_y(before) - shapely.get_y(after)) * M_LAT,
    )
    # 14 m of noise in either direction, and what shares of a line in degrees and metres differ by.
    assert np.median(apart_m) < 10
    assert apart_m.max() < 45


def test_another_length_cuts_all_anew_and_tells_how_the_two_overlap() -> None:
    shores = coast(shapely.Polygon(island(3000.0, [0.1], 120.0)))
    found = carried(shores, shores, length_m=200.0)
    assert found.segments["length_m"].mean() == pytest.approx(200.0, rel=0.02)
    assert set(changes(found)) <= {"split", "merged"}
    assert not set(found.segments["segment_id"]) & set(segments(shores)["segment_id"])


@pytest.mark.parametrize("hold_box", [True, False])
def test_the_shipped_coast_digitised_again_keeps_its_ids(
    land: gpd.GeoDataFrame, hold_box: bool
) -> None:
    shores = shorelines(land)
    cut = segments(shores)
    again, _ = repair_land(digitised_again(land, seed=3, hold_box=hold_box), name="again")
    # The edge of the box is no coast though it wavers: the length tells.
    assert shorelines(again)["length_m"].sum() == pytest.approx(shores["length_m"].sum(), rel=0.02)
    found = carry(shores, cut, shorelines(again), length_m=500.0, tolerance_m=50.0, reach_m=500.0)
    accounts_for_every_metre(shores, shorelines(again), found)
    kept = set(cut["segment_id"]) & set(found.segments["segment_id"])
    assert len(kept) / len(cut) >= 0.98


def test_the_coast_of_another_source_accounts_for_every_kilometre(
    land: gpd.GeoDataFrame, shared: Path
) -> None:
    shores = shorelines(land)
    cut = segments(shores)
    other, _ = repair_land(read_layer(shared / "coast" / "land_gshhg.gpkg"), name="gshhg")
    new = shorelines(other)
    found = carry(shores, cut, new, length_m=500.0, tolerance_m=50.0, reach_m=500.0)
    accounts_for_every_metre(shores, new, found)
    km = dict(found.lineage.group_by("change").agg(pl.col("old_m").sum() / 1000).iter_rows())
    # Half the older shore at least is found again, some 140 m off.
    assert km["kept"] + km["moved"] > 1_100
    offset = found.lineage.filter(pl.col("change") == "moved")["offset_m"].mean()
    assert 90 < offset < 200


def digitised_again(land: gpd.GeoDataFrame, *, seed: int, hold_box: bool) -> gpd.GeoDataFrame:
    """Move every vertex up to 20 m, drop one in twenty and add one on every third edge.

    With ``hold_box`` the edge that the layer was cut along stays, else it is drawn anew too.
    """
    rng = np.random.default_rng(seed)
    box = land.total_bounds
    shapes = []
    for polygon in land.geometry:
        rings = []
        for ring in [polygon.exterior, *polygon.interiors]:
            xy = np.asarray(ring.coords)[:-1]
            on_box = (np.abs(xy - box[:2]) < 1e-7).any(axis=1) | (np.abs(xy - box[2:]) < 1e-7).any(
                axis=1
            )
            keep = (rng.random(len(xy)) > 0.05) | on_box | (len(xy) < 8)
            xy, on_box = xy[keep], on_box[keep]
            behind = np.roll(xy, -1, axis=0)
            more = (rng.random(len(xy)) < 1 / 3) & ~(on_box & np.roll(on_box, -1))
            between = xy + (behind - xy) * rng.random((len(xy), 1))
            order = np.argsort(np.r_[np.arange(len(xy)), np.flatnonzero(more) + 0.5], kind="stable")
            xy = np.concatenate([xy, between[more]])[order]
            on_box = np.r_[on_box, np.zeros(more.sum(), dtype=bool)][order]
            angle = rng.uniform(0, 2 * np.pi, len(xy))
            away = 20.0 * np.sqrt(rng.random(len(xy)))
            away[on_box & hold_box] = 0.0
            step = np.column_stack([np.cos(angle) * away / M_LON, np.sin(angle) * away / M_LAT])
            rings.append(np.clip(xy + step, box[:2], box[2:]) if hold_box else xy + step)
        shapes.append(shapely.Polygon(rings[0], rings[1:]))
    return gpd.GeoDataFrame(geometry=shapes, crs=4326)
