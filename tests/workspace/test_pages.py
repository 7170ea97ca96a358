"""What the pages read beside risk: stretches of a changed coast, places, cover, estimates."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from geo.errors import InputError
from geo.shoreline import repair_land
from geo.view import viewsheds
from workspace import landing, lineage, read, runs, store
from workspace.folder import Workspace
from workspace.importers import import_file

DATA = Path(__file__).resolve().parents[2] / "data"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 27)


@pytest.fixture
def newer(coast: Workspace, small_land: gpd.GeoDataFrame) -> Workspace:
    """The small coast after a pier, a reclamation, an island that went, and one that came."""
    mainland, island, _ = small_land.geometry
    pier = shapely.box(121.895, 29.1499, 121.91, 29.1503)
    filled = shapely.box(121.62, 29.26, 121.78, 29.32)
    come = shapely.box(122.1, 29.1, 122.12, 29.12)
    whole = shapely.union_all([mainland, pier, filled, island, come])
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[whole], crs=4326), name="newer")
    runs.build_coast(coast, land, now=NOW)
    return coast


def test_stretches_account_for_what_changed(newer: Workspace) -> None:
    told = read.stretches(newer, 2)
    sums = lineage.sums(lineage.table(newer)).filter(pl.col("change") != "kept")
    assert {"gone", "new"} <= set(sums["change"])
    own = told.group_by("change").agg(pl.col("old_m", "new_m").sum() / 1000)
    for change, old_km, new_km in sums.select("change", "old_km", "new_km").iter_rows():
        row = own.filter(pl.col("change") == change).row(0, named=True)
        assert (row["old_m"], row["new_m"]) == pytest.approx((old_km, new_km), abs=1e-9)
    longest = told.select(pl.max_horizontal("old_m", "new_m")).to_series()
    assert longest.is_sorted(descending=True)
    assert told["pieces"].max() > 3
    gone = told.filter(pl.col("change") == "gone")
    assert gone["segment_id"].null_count() == gone.height
    assert gone["offset_m"].null_count() == gone.height
    today = set(read.segments(newer)["segment_id"])
    assert set(told["segment_id"].drop_nulls()) <= today


def test_lines_of_a_stretch_meet_and_those_of_two_do_not(newer: Workspace) -> None:
    lines = read.coast_changes(newer, 2)
    assert (lines.loc[lines["change"] == "kept", "stretch"] == 0).all()
    changed = lines[lines["stretch"] > 0]
    assert (changed["change"] != "kept").all()
    ends = [shapely.MultiPoint([line.coords[0], line.coords[-1]]) for line in changed.geometry]
    near = shapely.distance(np.array(ends)[:, None], np.array(ends)[None, :]) < 1e-7
    kind = changed["change"].to_numpy()
    near &= kind[:, None] == kind[None, :]
    reached = near
    for _ in range(len(changed)):
        further = reached @ near
        if (further == reached).all():
            break
        reached = further
    stretch = changed["stretch"].to_numpy()
    assert ((stretch[:, None] == stretch[None, :]) == reached).all()
    for name, part in changed.groupby("stretch"):
        assert name == part["lineage_id"].min()


def test_the_first_coast_changed_nothing(coast: Workspace) -> None:
    assert read.coasts(coast).select("coast_id", "before", "changed").rows() == [(1, None, False)]
    with pytest.raises(InputError, match="no newer coast"):
        read.stretches(coast, 1)


def test_imports_of_coasts_tell_which_took_whose_place(newer: Workspace) -> None:
    found = read.coasts(newer)
    assert found.select("coast_id", "before", "changed").rows() == [(2, 1, True), (1, None, False)]
    assert found["t"][0] == NOW


def test_a_coast_that_stayed_has_no_stretches(
    coast: Workspace, small_land: gpd.GeoDataFrame
) -> None:
    runs.build_coast(coast, repair_land(small_land, name="again")[0], now=NOW)
    assert read.stretches(coast, 2).is_empty()
    assert (read.coast_changes(coast, 2)["stretch"] == 0).all()


def _csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_place_brings_its_columns_and_its_past(coast: Workspace, tmp_path: Path) -> None:
    head = "facility_id,name,kind,line,status,lon,lat,bar_type,bar_setting,clearance_m,tamper\n"
    for file, clearance in (("a.csv", "2.2"), ("b.csv", "2.5")):
        text = f"{head}F1,路口,height_bar,bar,working,121.914,29.271,H,low,{clearance},alarm\n"
        import_file(coast, "facilities", _csv(tmp_path / file, text), now=NOW, user="档案员")
    told = read.place(coast, "facilities", "F1")
    assert told is not None
    assert (told["bar_type"], told["clearance_m"], told["tamper"]) == ("H", 2.5, "alarm")
    assert (told["lon"], told["lat"]) == pytest.approx((121.914, 29.271), abs=0.01)
    assert told["section_id"] is None
    changed, added = told["history"]
    assert changed == {
        "t": "2026-11-23T12:00:00Z",
        "action": "changed",
        "changes": {"clearance_m": [2.2, 2.5]},
        "source": "b.csv",
        "user": "档案员",
    }
    assert (added["action"], added["source"]) == ("added", "a.csv")
    json.dumps(told)
    assert read.place(coast, "facilities", "F2") is None
    assert read.changes_of(coast, "wharves", "F1") == []


def test_a_place_lies_in_its_section(coast: Workspace, tmp_path: Path) -> None:
    sections = (
        "section_id,name,name_en,lon,lat\nS1,西段,West,121.6,29.31\nS2,东段,East,121.91,29.25\n"
    )
    import_file(coast, "sections", _csv(tmp_path / "s.csv", sections), now=NOW)
    wharf = "wharf_id,name,lon,lat\nW1,东门码头,121.914,29.27\n"
    import_file(coast, "wharves", _csv(tmp_path / "w.csv", wharf), now=NOW)
    told = read.place(coast, "wharves", "W1")
    assert told is not None
    assert told["section_id"] == "S2"


def test_camera_cover_has_no_slits(coast: Workspace, tmp_path: Path) -> None:
    head = "facility_id,name,kind,line,status,lon,lat,heading_deg,fov_deg,range_m\n"
    rows = (
        "F1,F1,camera,wharf,working,121.91,29.25,70,140,9000\n"
        "F2,F2,camera,wharf,working,121.62,29.305,20,90,\n"
        "F3,F3,light,wharf,working,121.91,29.25,70,140,9000\n"
    )
    import_file(coast, "facilities", _csv(tmp_path / "f.csv", head + rows), now=NOW)
    found = read.layer(coast, "viewsheds")
    assert found["facility_id"].tolist() == ["F1"]
    raw = viewsheds(
        store.layer(coast.engine, "facilities").iloc[[0]], store.layer(coast.engine, "land")
    ).geometry.iloc[0]
    cover = found.geometry.iloc[0]
    assert cover.is_valid
    assert cover.symmetric_difference(raw).area < 1e-3 * raw.area
    closed = cover.buffer(4e-6).buffer(-4e-6)
    assert closed.length == pytest.approx(cover.length, rel=0.02)


def test_no_camera_no_cover(coast: Workspace) -> None:
    assert read.layer(coast, "viewsheds").empty


def test_the_strip_tells_what_is_estimated_and_the_segment_which_it_is(coast: Workspace) -> None:
    ws = replace(coast, config=coast.config.model_copy(update={"tide_max_km": 200.0}))
    import_file(ws, "tides", DATA / "tide_constituents_china.json")
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    landing.set_landing(
        ws,
        pl.DataFrame(
            {
                "segment_id": ids,
                "shore_type": ["beach" if row % 2 else None for row in range(len(ids))],
                "settlement_distance_m": [0.0] * len(ids),
                "made": ["[]"] * len(ids),
            },
            schema_overrides={"shore_type": pl.String},
        ),
    )
    strip = read.strip(ws, None, DAY)
    assert strip["landable_share"].max() == 1.0
    assert strip["landable_estimated"].equals(strip["landable_share"])
    known = store.layer(ws.engine, "segments").assign(
        landing_basis=["survey" if row % 4 == 1 else "estimate" for row in range(len(ids))]
    )
    store.write(ws.engine, "segments", known, replace=True)
    half = read.strip(ws, None, DAY)
    assert half["landable_share"].equals(strip["landable_share"])
    surveyed = known["landing_seabed_m"].notna() & (known["landing_basis"] == "survey")
    expected = 1.0 - surveyed.sum() / known["landing_seabed_m"].notna().sum()
    assert half["landable_estimated"].max() == pytest.approx(expected)
    runs.score(ws, DAY, days=1, now=NOW)
    for row, basis in ((1, "survey"), (3, "estimate"), (0, None)):
        told = read.explain(ws, ids[row], f"{DAY}T22:00", now=NOW)
        assert told is not None
        tide = told["tide"]
        assert (tide["basis"] if tide["threshold_m"] is not None else None) == basis
        assert tide["error_m"] > 0
        assert "±" in tide["note"]
        assert tide["station"]
