"""Drafts of grids: operations as records, what they changed, and grids without a post."""

import json
from datetime import date

import geopandas as gpd
import polars as pl
import pytest
import shapely

from duty import grids
from duty.grids import Grids
from geo.errors import InputError
from geo.grids import coverage

DAY = date(2026, 11, 23)
VILLAGES = pl.DataFrame(
    {"village_id": ["v1", "v2"], "lon": [121.505, 121.515], "lat": [29.203, 29.207]}
)
SHORE = pl.DataFrame(
    {"lon": [121.503, 121.517], "lat": [29.1999, 29.1999], "length_m": [400.0, 600.0]}
)


@pytest.fixture
def two() -> Grids:
    boxes = [shapely.box(121.5, 29.2, 121.51, 29.21), shapely.box(121.51, 29.2, 121.52, 29.21)]
    return Grids(coverage(gpd.GeoDataFrame({"grid_id": ["a", "b"]}, geometry=boxes, crs=4326)))


def replayed(draft: Grids, text: str) -> Grids:
    for one in json.loads(text):
        draft = grids.apply(draft, one)
    return draft


def test_operations_replay_from_json_and_tell_what_changed(two: Grids) -> None:
    split = {
        "op": "split", "grid": "a", "line": [[121.49, 29.205], [121.515, 29.205]], "new": "c",
    }  # fmt: skip
    ops = json.dumps([split, {"op": "move", "vertices": [[121.51, 29.205, 121.512, 29.205]]}])
    done = replayed(two, ops)
    assert done.coverage.ids == ("a", "b", "c")
    again = replayed(two, ops)
    assert shapely.equals_exact(done.coverage.shapes, again.coverage.shapes).all()
    told = grids.changes(two, done, places=VILLAGES, shore=SHORE)
    rows = {row["from_grid"] + row["to_grid"]: row for row in told.iter_rows(named=True)}
    assert set(rows) == {"ac", "ba", "bc"}
    assert rows["ac"]["villages"] == ["v1"]
    assert rows["ac"]["shore_km"] == pytest.approx(0.4)
    assert rows["ba"]["villages"] == []
    work = grids.workloads(done, places=VILLAGES, shore=SHORE)
    assert work["villages"].to_list() == [0, 1, 1]
    assert work["shore_km"].sum() == pytest.approx(1.0)


def test_a_village_assigned_by_hand_follows_a_merge(two: Grids) -> None:
    hand = grids.apply(two, {"op": "assign", "villages": ["v1"], "grid": "b"})
    assert grids.villages(two, VILLAGES).to_list() == ["a", "b"]
    assert grids.villages(hand, VILLAGES).to_list() == ["b", "b"]
    merged = grids.apply(hand, {"op": "merge", "grids": ["b"], "into": "a"})
    assert dict(merged.by_hand) == {"v1": "a"}
    freed = grids.apply(hand, {"op": "assign", "villages": ["v1"], "grid": None})
    assert dict(freed.by_hand) == {}


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"op": "melt"}, "'melt' is not known"),
        ({"op": "split", "grid": "a"}, "lacks line, new"),
        ({"op": "split", "grid": "a", "line": [[1]], "new": "c"}, "cannot be read"),
        ({"op": "move", "vertices": 3}, "cannot be read"),
        ({"op": "assign", "villages": ["v1"], "grid": "x"}, "no grid 'x'"),
    ],
)
def test_a_record_that_is_none_is_told(two: Grids, operation: dict, why: str) -> None:
    with pytest.raises(InputError, match=why):
        grids.apply(two, operation)


def test_grids_without_a_post_in_force_are_listed(two: Grids) -> None:
    posts = pl.DataFrame(
        {
            "object_kind": ["grid", "section"], "object_id": ["a", "b"],
            "valid_from": [None, None], "valid_to": [date(2026, 11, 22), None],
        },
        schema_overrides={"valid_from": pl.Date, "valid_to": pl.Date},
    )  # fmt: skip
    assert grids.without_post(two, posts, DAY) == ["a", "b"]
    assert grids.without_post(two, posts, date(2026, 11, 22)) == ["b"]
    stand = pl.DataFrame({"lon": [121.515], "lat": [29.205]})
    assert grids.without_post(two, posts, DAY, stands=stand) == ["a"]
