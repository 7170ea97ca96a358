"""A newer coast over an older one: what hangs on it goes along, and a table tells the rest."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from geo.errors import InputError
from geo.shoreline import repair_land
from workspace import lineage, placing, read, runs, store
from workspace._boundaries_held import Held, publish
from workspace.folder import Workspace, init
from workspace.importers import Options, import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MAIN = shapely.box(121.00, 29.00, 121.06, 29.04)
ISLET = shapely.box(121.10, 29.00, 121.11, 29.01)
# 600 m of pier off the east shore, as wide as a road.
PIER = shapely.box(121.059, 29.0199, 121.0665, 29.0203)


def land(*polygons: shapely.Polygon) -> gpd.GeoDataFrame:
    whole = shapely.segmentize(shapely.union_all(list(polygons)), 0.0015)
    return repair_land(gpd.GeoDataFrame(geometry=[whole], crs=4326), name="x")[0]


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    opened = init(tmp_path / "ws", {"timezone": "Asia/Shanghai"})
    runs.build_coast(opened, land(MAIN, ISLET), now=NOW)
    csv = tmp_path / "incidents.csv"
    # One close to a cut between two segments: noise must not push it to the neighbour.
    cut = store.read(opened.engine, "segments")
    a = shapely.from_wkb(cut["geometry"].to_list())
    start = [shapely.get_coordinates(line)[0] for line in a]
    rows = [f"I{n},2026-11-01 22:00,smuggling,{x + 2e-5},{y}" for n, (x, y) in enumerate(start)]
    csv.write_text("\n".join(["incident_id,t0,kind,lon,lat", *rows]), encoding="utf-8")
    import_file(opened, "incidents", csv, now=NOW)
    effort = cut.select("segment_id").with_columns(
        shift_start=pl.lit(NOW), km=pl.lit(2.0), hours=pl.lit(1.0), made=pl.lit(value=False)
    )
    store.write(opened.engine, "effort", effort)
    runs.plan(opened, date(2026, 11, 23), days=1, now=NOW)
    yield opened
    opened.close()


def tables(ws: Workspace, *names: str) -> list[pl.DataFrame]:
    return [store.read(ws.engine, name) for name in names]


def zoned(ws: Workspace) -> dict[str, list[str]]:
    rows = store.read(ws.engine, "zones", columns=["shift_start", "zone_id", "segment_ids"])
    return {f"{t} {name}": json.loads(listed) for t, name, listed in rows.iter_rows()}


def test_noise_leaves_every_id_incident_score_and_zone_where_it_was(ws: Workspace) -> None:
    names = ("scores", "incidents", "effort")
    before = tables(ws, *names)
    zones = zoned(ws)
    rng = np.random.default_rng(5)

    def shaken(xy: np.ndarray) -> np.ndarray:
        moved = xy + rng.uniform(-1.4e-4, 1.4e-4, xy.shape)
        moved[-1] = moved[0]
        return moved

    again = land(MAIN, ISLET)
    again = again.set_geometry([shapely.transform(one, shaken) for one in again.geometry])
    counts = runs.build_coast(ws, repair_land(again, name="x")[0], now=NOW)
    assert counts["kept"] == counts["segments"]
    after = tables(ws, *names)
    assert after[0].equals(before[0])
    assert after[1]["segment_id"].equals(before[1]["segment_id"])
    assert after[2].equals(before[2])
    assert zoned(ws) == zones


def test_a_pier_splits_one_segment_and_its_children_inherit(ws: Workspace) -> None:
    scores, incidents, effort = tables(ws, "scores", "incidents", "effort")
    counts = runs.build_coast(ws, land(MAIN, ISLET, PIER), now=NOW)
    assert (counts["split"], counts["gone"], counts["new"]) == (1, 0, 0)
    told = lineage.table(ws)
    (old,) = told.filter(pl.col("change") == "split")["old_segment_id"].unique()
    children = told.filter(pl.col("old_segment_id") == old)["new_segment_id"].to_list()
    assert len(children) >= 3
    after = store.read(ws.engine, "scores")
    assert old not in set(after["segment_id"])
    mine = scores.filter(pl.col("segment_id") == old).sort("shift_start")["score"].to_list()
    for child in children:
        own = after.filter(pl.col("segment_id") == child).sort("shift_start")
        assert own["score"].to_list() == mine
    others = scores.filter(pl.col("segment_id") != old).height
    assert after.height == others + len(children) * len(mine)
    moved = store.read(ws.engine, "incidents")
    elsewhere = incidents["segment_id"] != old
    assert moved.filter(elsewhere)["segment_id"].equals(incidents.filter(elsewhere)["segment_id"])
    assert set(moved.filter(~elsewhere)["segment_id"]) & set(children)
    assert store.read(ws.engine, "effort")["km"].sum() == pytest.approx(effort["km"].sum())
    for listed in store.read(ws.engine, "zones")["segment_ids"]:
        ids = json.loads(listed)
        assert old not in ids
        assert len(set(ids) & set(children)) in {0, len(children)}


def test_what_is_gone_is_told_with_its_shore_and_its_scores_go(ws: Workspace) -> None:
    total = read.segments(ws)["length_m"].sum()
    counts = runs.build_coast(ws, land(MAIN), now=NOW)
    assert counts["gone"] > 0
    told = lineage.layer(ws)
    gone = told[told["change"] == "gone"]
    assert gone.total_bounds[0] > 121.09
    known = set(store.read(ws.engine, "segments")["segment_id"])
    assert set(store.read(ws.engine, "scores")["segment_id"]) == known
    sums = lineage.sums(lineage.table(ws))
    assert sums["old_km"].sum() == pytest.approx(total / 1000, rel=1e-6)
    assert sums["new_km"].sum() == pytest.approx(read.segments(ws)["length_m"].sum() / 1000)


def sectioned(ws: Workspace, cuts: list[tuple[str, float, str]]) -> None:
    names = sorted({section for _, _, section in cuts})
    table = pl.DataFrame({"section_id": names, "name": names, "made": False})
    rows = pl.DataFrame(cuts, schema=["shoreline_id", "chainage_m", "section_id"], orient="row")
    with ws.begin() as connection:
        publish(
            connection,
            Held(None, table, rows, placing.hung(connection, rows)),
            valid_from=NOW.date(),
            user=None,
            reason="test",
            now=NOW,
            day=NOW.date(),
        )


def owners(ws: Workspace) -> dict[str, str]:
    cut = placing.segments(ws)
    return dict(zip(cut["segment_id"], cut["section_id"], strict=True))


def test_every_stretch_stays_in_its_section_when_shores_join_and_part(ws: Workspace) -> None:
    """An island of another section is joined to the land by a dam, and parted from it again."""
    lines = placing.shorelines(ws)
    big, small = lines.sort_values("length_m", ascending=False)["shoreline_id"]
    sectioned(ws, [(big, 1_000.0, "SA"), (big, 9_000.0, "SB"), (small, 700.0, "SC")])
    before = owners(ws)
    dam = shapely.box(121.055, 29.004, 121.105, 29.006)
    counts = runs.build_coast(ws, land(MAIN, ISLET, dam), now=NOW)
    joined = owners(ws)
    assert len(placing.shorelines(ws)) == 1
    same = set(before) & set(joined)
    assert len(same) > 0.8 * len(before)
    assert {name: joined[name] for name in same} == {name: before[name] for name in same}
    assert counts["section_changed_m"] == 0
    assert set(joined.values()) == {"SA", "SB", "SC"}
    counts = runs.build_coast(ws, land(MAIN, ISLET), now=NOW)
    parted = owners(ws)
    same = set(before) & set(parted)
    assert {name: parted[name] for name in same} == {name: before[name] for name in same}
    assert counts["section_changed_m"] == 0


def test_an_island_hung_by_hand_stays_where_it_was_hung(ws: Workspace) -> None:
    lines = placing.shorelines(ws)
    big, small = lines.sort_values("length_m", ascending=False)["shoreline_id"]
    sectioned(ws, [(big, 1_000.0, "SA"), (big, 9_000.0, "SB")])
    for chainage, section in ((2_000.0, "SA"), (12_000.0, "SB")):
        row = {
            "version": 1,
            "shoreline_id": small,
            "onto_shoreline_id": big,
            "onto_chainage_m": chainage,
        }
        store.write(ws.engine, "section_hangs", pl.DataFrame([row]), replace=True)
        runs.build_coast(ws, land(MAIN, ISLET, PIER), now=NOW)
        cut = placing.segments(ws)
        assert set(cut["section_id"][cut["shoreline_id"] == small]) == {section}
        runs.build_coast(ws, land(MAIN, ISLET), now=NOW)


def test_what_finds_no_shore_any_more_is_kept_told_and_listed(
    ws: Workspace, tmp_path: Path
) -> None:
    csv = tmp_path / "w.csv"
    csv.write_text(
        "wharf_id,name,lon,lat\nW1,a,121.1,29.005\nW2,b,121.06,29.02\n", encoding="utf-8"
    )
    import_file(ws, "wharves", csv, now=NOW)
    effort = store.read(ws.engine, "effort")["km"].sum()
    land(MAIN).to_file(tmp_path / "new.gpkg", layer="land")
    done = import_file(ws, "coast", tmp_path / "new.gpkg", now=NOW)
    assert (done.counts["places_moved"], done.counts["places_lost"]) == (1, 1)
    left = store.read(ws.engine, "effort")["km"].sum()
    assert effort - left > 1
    assert done.counts["effort_lost_km"] == pytest.approx(effort - left, abs=1)
    assert any("随岸消失" in note for note in done.notes)
    kept = store.read(ws.engine, "wharves")
    assert kept["shoreline_id"].null_count() == 1
    listed = store.read(ws.engine, "quarantine").filter(pl.col("reason") == "shore_gone")
    assert listed["file"].to_list().count("wharves") == 1
    assert listed.filter(pl.col("file") == "wharves")["lon"].to_list() == [pytest.approx(121.1)]


def test_every_import_is_noted_and_the_command_tells_the_change(
    ws: Workspace, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    with pytest.raises(InputError, match="no newer coast"):
        lineage.table(ws)
    land(MAIN, ISLET, PIER).to_file(tmp_path / "new.gpkg", layer="land")
    done = import_file(ws, "coast", tmp_path / "new.gpkg", now=NOW)
    assert any("岸线更新" in note and "split 1" in note for note in done.notes)
    coasts = lineage.coasts(ws)
    assert coasts["coast_id"].to_list() == [1, 2]
    assert coasts["source"].to_list() == ["", "new.gpkg"]
    out = tmp_path / "changes.csv"
    code, said, _ = run("changes", ws.root, "--json", "--out", out)
    assert code == 0
    told = json.loads(said.splitlines()[-1])
    assert told["counts"]["split"]["old_segments"] == 1
    assert pl.read_csv(out)["change"].value_counts().height >= 2


def test_a_coast_of_another_sea_or_with_its_axes_swapped_is_refused(
    ws: Workspace, tmp_path: Path
) -> None:
    before = store.read(ws.engine, "segments")
    far = shapely.box(10.0, 57.0, 10.1, 57.1)
    for shape, told in ((far, "of its own"), (shapely.box(29.0, 71.0, 29.04, 71.06), "--crs")):
        gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(tmp_path / "x.gpkg")
        with pytest.raises(InputError, match=told):
            import_file(ws, "coast", tmp_path / "x.gpkg", now=NOW)
        (tmp_path / "x.gpkg").unlink()
    assert store.read(ws.engine, "segments").equals(before)


def test_a_coast_that_tells_of_persons_is_refused(ws: Workspace, tmp_path: Path) -> None:
    layer = land(MAIN).assign(联系人="张三")
    layer.to_file(tmp_path / "named.gpkg")
    with pytest.raises(InputError, match="个人信息"):
        import_file(ws, "coast", tmp_path / "named.gpkg", now=NOW)


def test_a_coast_in_pieces_does_not_take_the_place_of_a_whole_one(
    ws: Workspace, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A part of the coast, or one with a broken feature, is asked about: nothing is changed."""
    before = store.read(ws.engine, "segments")
    land(ISLET).to_file(tmp_path / "part.gpkg")
    with pytest.raises(InputError, match="are not in this layer"):
        import_file(ws, "coast", tmp_path / "part.gpkg", now=NOW)
    odd = shapely.Polygon([(121.0, 29.0), (121.06, 29.0), (np.nan, 29.04), (121.0, 29.04)])
    broken = gpd.GeoDataFrame(geometry=[odd, ISLET], crs=4326)
    broken.to_file(tmp_path / "broken.gpkg")
    with pytest.raises(InputError, match="are broken"):
        import_file(ws, "coast", tmp_path / "broken.gpkg", now=NOW)
    assert store.read(ws.engine, "segments").equals(before)
    assert run("import", ws.root, "coast", tmp_path / "part.gpkg", "--replace")[0] == 0
    assert len(lineage.table(ws).filter(pl.col("change") == "gone")) > 20


def test_one_bad_vertex_costs_no_coast(ws: Workspace, tmp_path: Path) -> None:
    whole = land(MAIN, ISLET)
    corners = shapely.get_coordinates(whole.geometry.iloc[0])
    corners[17] = np.nan
    bad = [shapely.Polygon(corners), *whole.geometry.iloc[1:]]
    gpd.GeoDataFrame(geometry=bad, crs=4326).to_file(tmp_path / "odd.gpkg")
    done = import_file(ws, "coast", tmp_path / "odd.gpkg", now=NOW)
    assert done.counts["kept"] == done.counts["segments"]
    (one,) = done.refused
    assert one.reason == "bad_vertex"
    assert (one.lon, one.lat) == pytest.approx(tuple(corners[16]), abs=0.003)


def test_a_file_of_which_nothing_is_kept_ends_in_an_error(
    ws: Workspace, tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    csv = tmp_path / "swapped.csv"
    rows = [f"W{n},a,{29 + n / 1000},121.03" for n in range(8)]
    csv.write_text("\n".join(["wharf_id,name,lon,lat", *rows]), encoding="utf-8")
    code, said, complained = run("import", ws.root, "wharves", csv, "--json")
    assert code == 1
    assert "none of the rows could be kept" in complained
    assert json.loads(said.splitlines()[-1])["counts"]["quarantined"] == 8
    assert store.count(ws.engine, "wharves") == 0
    assert store.count(ws.engine, "quarantine") == 8


def test_the_county_and_closed_mouths_hold_on_at_the_next_import(
    ws: Workspace, tmp_path: Path
) -> None:
    river = shapely.box(121.02, 29.01, 121.0208, 29.0401)
    land(MAIN.difference(river), ISLET).to_file(tmp_path / "coast.gpkg")
    county = gpd.GeoDataFrame(
        {"name": ["x"]}, geometry=[shapely.box(120.9, 28.9, 121.04, 29.2)], crs=4326
    )
    county.to_file(tmp_path / "county.geojson")
    told = Options(county=tmp_path / "county.geojson", river_mouth_m=150.0)
    first = import_file(ws, "coast", tmp_path / "coast.gpkg", told, now=NOW)
    assert first.counts["river_mouths"] == 1
    again = import_file(ws, "coast", tmp_path / "coast.gpkg", now=NOW)
    assert again.counts["kept"] == again.counts["segments"] == first.counts["segments"]
    assert any("沿用已存的辖区界" in note for note in again.notes)
    summary = json.loads(lineage.coasts(ws)["summary"][-1])
    ((x, y, width),) = summary["mouths"]
    assert (x, y) == pytest.approx((121.0204, 29.04), abs=0.001)
    assert width == pytest.approx(78, abs=3)
