"""The example's places: made, the same every time, on the shore, free of persons, covering all."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import rasterio

from duty.gaps import gaps
from duty.roles import load
from geo.errors import InputError
from geo.exposure import exposure
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from workspace._import_columns import FACILITIES, WHARVES
from workspace.example_places import make_depth, make_places, simulation_places
from workspace.shipped import shipped_file

DATA = Path(__file__).resolve().parents[2] / "data"
NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def coast() -> tuple:
    land, _ = repair_land(gpd.read_file(DATA / "land_osm.gpkg"), name="land")
    lines = shorelines(land, clip_box=(121.30, 28.75, 122.50, 29.95))
    cut = segments(lines)
    return lines, exposure(cut, land), ShoreIndex.build(lines, cut)


def build(coast: tuple, *, seed: int = 7) -> dict:
    lines, cut, index = coast
    places = gpd.read_file(DATA / "places_geonames.gpkg")
    return make_places(lines, cut, places, index, seed=seed, now=NOW, zone=ZONE)


@pytest.fixture(scope="module")
def tables(coast: tuple) -> dict:
    return build(coast)


def test_every_row_says_that_it_is_made(tables: dict) -> None:
    for name, table in tables.items():
        assert len(table) > 0, name
        assert all(table["made"]), name


def test_counts_are_those_of_a_county(tables: dict) -> None:
    assert 40 <= len(tables["wharves"]) <= 60
    assert 105 <= len(tables["risk_points"]) <= 125
    assert len(tables["facilities"]) == 150
    assert len(tables["incidents"]) == 60
    assert tables["sections"].height == 12
    assert set(tables["wharves"]["wharf_class"]) == {
        "port",
        "fishing",
        "ferry",
        "shipyard",
        "stores",
        "other",
    }
    assert set(tables["risk_points"]["grade_derived"]) == {1, 2, 3}


def test_sites_and_facilities_are_of_every_kind(tables: dict) -> None:
    columns = {one.name: one for one in (*WHARVES, *FACILITIES)}
    wharves, facilities = tables["wharves"], tables["facilities"]
    assert set(wharves["category"].dropna()) == set(columns["category"].choices)
    assert wharves["berths"].between(1, 30).all()
    assert wharves["operator_unit"].isna().any()
    bars = facilities[facilities["kind"] == "height_bar"]
    cameras = facilities[facilities["kind"] == "camera"]
    for name in ("bar_type", "bar_setting", "tamper"):
        assert set(bars[name]) <= set(columns[name].choices)
        assert bars[name].nunique() > 1
        assert facilities[name].notna().sum() == len(bars)
    assert (bars["clearance_m"].isna() == (bars["bar_setting"] == "open")).all()
    assert cameras["online_rate"].between(0, 1).all()
    assert cameras[cameras["status"] == "working"]["online_rate"].min() > 0.8
    assert facilities["height_m"].notna().sum() == len(cameras)


def test_same_seed_same_places(coast: tuple, tables: dict) -> None:
    again, other = build(coast), build(coast, seed=8)
    for name, table in tables.items():
        assert table.equals(again[name]), name
    assert not tables["wharves"].equals(other["wharves"])


def test_places_stand_on_the_real_shore(coast: tuple, tables: dict) -> None:
    lines, _, index = coast
    row = {name: n for n, name in enumerate(lines["shoreline_id"])}
    for name in ("wharves", "risk_points", "facilities", "incidents"):
        table = tables[name]
        near = index.nearest(table.geometry.x.to_numpy(), table.geometry.y.to_numpy(), max_m=2000)
        assert (near.distance_m < 400).all(), name
        shore = np.array([row[key] for key in table["shoreline_id"]])
        lon, lat = index.locate(shore, table["chainage_m"].to_numpy())
        metres = np.hypot((lon - table.geometry.x) * 97_000, (lat - table.geometry.y) * 111_320)
        offset = table["offset_m"].to_numpy() if "offset_m" in table else np.zeros(len(table))
        assert (np.abs(metres - np.abs(offset)) < 10).all(), name


def test_sections_cover_the_whole_mainland(coast: tuple, tables: dict) -> None:
    lines = coast[0]
    cuts = tables["section_cuts"]
    mainland = lines[lines["kind"] == "mainland"]
    assert set(cuts["shoreline_id"]) == set(mainland["shoreline_id"])
    for line, length in zip(mainland["shoreline_id"], mainland["length_m"], strict=True):
        at = cuts.filter(pl.col("shoreline_id") == line)["chainage_m"]
        assert at[0] == 0.0
        assert at.is_sorted()
        assert at.n_unique() == len(at)
        assert at.max() < length
    assert set(cuts["section_id"]) == set(tables["sections"]["section_id"])
    hung = set(tables["section_hangs"]["shoreline_id"])
    assert hung == set(lines["shoreline_id"]) - set(mainland["shoreline_id"])
    assert tables["sections"]["name"].n_unique() == 12


def test_nobody_real_is_named(tables: dict) -> None:
    posts = tables["posts"]
    assert posts["name"].str.contains("^示例.+ / Example ").all()
    assert posts["duty_phone"].str.contains(r"^0574-0000 \d{4}$").all()
    chiefs = posts.filter(pl.col("role") == "section_chief")
    assert set(chiefs["object_id"]) == set(tables["sections"]["section_id"])
    for name, table in tables.items():
        if name != "posts":
            assert not {"duty_phone", "phone", "person"} & set(table.columns), name


def test_the_posts_have_one_vacancy_and_one_absence_that_nobody_fills(tables: dict) -> None:
    roles = load(shipped_file("duty/roles.toml").read_text(encoding="utf-8"), where="roles").table()
    posts, wharves = tables["posts"], tables["wharves"]
    in_use = wharves.loc[wharves["status"] == "in_use", "wharf_id"]
    objects = pl.DataFrame(
        {
            "object_kind": ["section"] * 12 + ["wharf"] * len(wharves),
            "object_id": [*tables["sections"]["section_id"], *wharves["wharf_id"]],
        }
    )
    day = NOW.date()
    found = gaps(
        posts, tables["post_absences"], roles, objects, first=day, last=day + timedelta(days=60)
    )
    told = found.select("gap", "role", "object_id").rows()
    assert told == [
        ("vacant", "wharf_chief_3", in_use.iloc[-1]),
        ("away", "section_chief", "S12"),
    ]
    assert {"grid_head", "grid_guide", "area_section_head", "township_officer"} <= set(
        posts["role"]
    )


def test_nothing_is_dated_after_now(tables: dict) -> None:
    assert tables["incidents"]["t0"].max() < NOW
    assert tables["inspections"]["t"].max() < NOW
    assert tables["effort"]["shift_start"].max() < NOW
    hours = tables["effort"]["shift_start"].dt.convert_time_zone("Asia/Shanghai").dt.hour()
    assert set(hours) <= {2, 6, 10, 14, 18, 22}


def test_incidents_gather_and_their_segments_are_theirs(coast: tuple, tables: dict) -> None:
    _, cut, index = coast
    incidents = tables["incidents"]
    near = index.nearest(incidents["lon"].to_numpy(), incidents["lat"].to_numpy(), max_m=200)
    assert (cut["segment_id"].to_numpy()[near.segment] == incidents["segment_id"]).mean() > 0.95
    landings = simulation_places(tables, np.empty(0, "datetime64[ms]")).landings["weight"]
    busiest = landings.sort(descending=True).head(len(landings) // 5).sum()
    assert busiest > 0.4 * landings.sum()


def test_depth_varies_along_the_shore_and_says_it_is_synthetic(
    coast: tuple, tables: dict, tmp_path: Path
) -> None:
    cut = coast[1].merge(tables["segment_traits"].to_pandas(), on="segment_id")
    files = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for file in files:
        make_depth(DATA / "depth_synthetic.tif", file, cut, seed=3)
    with rasterio.open(files[0]) as one, rasterio.open(files[1]) as two:
        depth = one.read(1)
        np.testing.assert_array_equal(depth, two.read(1))
        assert "SYNTHETIC" in one.tags()["TITLE"]
        with rasterio.open(DATA / "depth_synthetic.tif") as source:
            np.testing.assert_array_equal(np.isnan(depth), np.isnan(source.read(1)))
    assert -30 <= np.nanmin(depth) < -20
    assert 0.3 < np.nanmax(depth) <= 2
    with pytest.raises(InputError, match="shore_type"):
        make_depth(DATA / "depth_synthetic.tif", files[0], coast[1], seed=3)
