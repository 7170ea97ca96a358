"""Grids at rest: imports that are coverages or nothing, versions, drafts, posts, proposals."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl
import pyogrio
import pytest
import shapely
from sqlalchemy import insert

from geo.errors import InputError
from workspace import boundaries, db, grids, staffing, store
from workspace._boundaries_compare import shore_of
from workspace._chinese import chinese
from workspace._grids_draft import compose
from workspace._grids_held import holding
from workspace._grids_propose import proposed, units_of
from workspace.boundaries import ConflictError
from workspace.folder import Workspace
from workspace.importers import Imported, Options, import_file

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LATER = datetime(2026, 12, 2, 4, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


def box(west: float, east: float, south: float = 29.1, north: float = 29.32) -> shapely.Polygon:
    return shapely.box(west, south, east, north)


THREE = {"A": box(121.4, 121.6), "B": box(121.6, 121.75), "C": box(121.75, 121.93)}
BOW = shapely.Polygon([(121.6, 29.1), (121.75, 29.32), (121.75, 29.1), (121.6, 29.32)])


def write(
    path: Path, shapes: dict[str, Any], level: str | None = "巡防网格", **more: list[str]
) -> Path:
    columns: dict[str, list[str]] = {"网格编号": list(shapes)}
    columns |= {"级别": [level] * len(shapes)} if level else {}
    layer = gpd.GeoDataFrame(columns | more, geometry=list(shapes.values()), crs=4326)
    layer.to_file(path)
    return path


def given(ws: Workspace, tmp_path: Path, shapes: dict[str, Any], **options: Any) -> Imported:
    level = options.pop("level", "巡防网格")
    now = options.pop("now", NOW)
    path = write(tmp_path / "grids.gpkg", shapes, level)
    return import_file(ws, "boundaries", path, Options(**options), now=now, user="u")


def planners(ws: Workspace) -> None:
    with ws.begin() as connection:
        for name in ("甲", "乙"):
            row = {"user_id": name, "name": name, "password_hash": "-"}
            connection.execute(insert(db.users).values(**row, role="planner", active=True))


def test_a_layer_in_chinese_and_a_chinese_crs_becomes_a_level(
    coast: Workspace, tmp_path: Path
) -> None:
    shapes = dict(THREE)
    layer = gpd.GeoDataFrame(
        {"网格编号": list(shapes), "网格名称": ["甲", "乙", "丙"], "类型": ["巡防网格"] * 3,
         "网格长单位": ["边防所"] * 3},
        geometry=list(shapes.values()), crs=4326,
    ).to_crs(4549)  # fmt: skip
    layer.to_file(tmp_path / "网格.shp", encoding="GBK")
    done = import_file(coast, "boundaries", tmp_path / "网格.shp", now=NOW, user="u")
    assert done.counts["added"] == 3
    held = holding(coast, "patrol", TODAY)
    assert held.named["name"].to_list() == ["甲", "乙", "丙"]
    assert held.named["head_unit"].to_list() == ["边防所"] * 3
    ground = gpd.GeoSeries(held.grids.coverage.shapes, crs=4326)
    assert shapely.coverage_is_valid(ground.to_numpy())
    assert abs(ground.to_numpy()[0].bounds[0] - 121.4) < 1e-6


@pytest.mark.parametrize(
    ("wrong", "reason", "word"),
    [
        ({"B": box(121.59, 121.75)}, "overlap", "A and B overlap"),
        ({"B": box(121.60001, 121.75)}, "hole", "a hole beside"),
        ({"B": BOW}, "self_crossing", "crosses or touches itself"),
        ({"D": box(121.75, 121.93)}, "duplicate", "the same as"),
    ],
)  # fmt: skip
def test_what_is_no_coverage_is_named_with_its_place_and_nothing_changes(
    coast: Workspace, tmp_path: Path, wrong: dict[str, Any], reason: str, word: str
) -> None:
    given(coast, tmp_path, THREE)
    with pytest.raises(InputError, match=word) as told:
        given(coast, tmp_path, THREE | wrong)
    assert "--repair" in told.value.mend
    kept = store.read(coast.engine, "quarantine")
    row = kept.filter(kept["reason"] == reason).row(0, named=True)
    assert 121.3 < row["lon"] < 122.0
    assert 29.0 < row["lat"] < 29.4
    assert row["mend"]
    assert store.count(coast.engine, "grid_versions") == 1
    done = given(coast, tmp_path, THREE | wrong, repair=True)
    assert any("repairs taken" in note for note in done.notes)
    mended = holding(coast, "patrol", TODAY)
    assert mended.version == 2
    assert shapely.coverage_is_valid(mended.grids.coverage.shapes)


def test_hostile_files_are_told_what_is_wrong(coast: Workspace, tmp_path: Path) -> None:
    swapped = {n: shapely.transform(one, lambda xy: xy[:, ::-1]) for n, one in THREE.items()}
    nan = shapely.Polygon([(121.75, 29.1), (float("nan"), 29.1), (121.93, 29.32), (121.75, 29.32)])
    line = shapely.LineString([(121.5, 29.2), (121.6, 29.3)])
    for shapes, word in (
        (swapped, "经纬度写反了"),
        (THREE | {"C": swapped["C"]}, "经纬度写反了"),
        (THREE | {"C": nan}, "顶点坐标不是数"),
        ({"A": line}, "LineString，不是面"),
        (THREE | {"D": line}, "LineString，不是面"),
        ({"A": None, "B": None}, "没有图形"),
    ):
        with pytest.raises(InputError) as no:
            given(coast, tmp_path, shapes)
        assert word in chinese(no.value), no.value
    assert store.count(coast.engine, "grid_versions") == 0
    # The good rows beside go on, where what cannot be used is left out by the repair.
    done = given(coast, tmp_path, THREE | {"D": line}, repair=True)
    assert done.counts["added"] == 3


def test_a_shapefile_with_names_cut_within_a_character_is_read(
    coast: Workspace, tmp_path: Path
) -> None:
    """A .dbf keeps ten bytes of a name: three characters of UTF-8 and a third of the next."""
    columns = {"ididididid": list(THREE), "namenamena": ["东", "中", "西"], "level": ["patrol"] * 3}
    frame = gpd.GeoDataFrame(columns, geometry=list(THREE.values()), crs=4326)
    pyogrio.write_dataframe(frame, tmp_path / "u.shp", encoding="UTF-8")
    table = (tmp_path / "u.dbf").read_bytes()
    for ascii_name, name in ((b"ididididid", "网格编号"), (b"namenamena", "网格名称")):
        table = table.replace(ascii_name, name.encode()[:10])
    (tmp_path / "u.dbf").write_bytes(table)
    import_file(coast, "boundaries", tmp_path / "u.shp", now=NOW)
    held = holding(coast, "patrol", TODAY)
    assert held.grids.coverage.ids == ("A", "B", "C")
    assert held.named["name"].to_list() == ["东", "中", "西"]


def test_a_lake_is_asked_about_and_never_filled(coast: Workspace, tmp_path: Path) -> None:
    lake = shapely.Point(121.5, 29.2).buffer(0.03)
    holed = THREE | {"A": THREE["A"] - lake}
    done = given(coast, tmp_path, holed, repair=True)
    assert any("left open: a lake?" in note for note in done.notes)
    held = holding(coast, "patrol", TODAY)
    assert not shapely.intersects_xy(held.grids.coverage.shapes[0], 121.5, 29.2)
    slip = shapely.Point(121.5, 29.2).buffer(0.001)
    with pytest.raises(InputError, match="hole"):
        given(coast, tmp_path, THREE | {"A": THREE["A"] - slip})
    # At sea, even a small one is water.
    sea = THREE | {"C": box(121.75, 122.2) - shapely.Point(122.15, 29.15).buffer(0.001)}
    assert any("left open" in note for note in given(coast, tmp_path, sea).notes)


def test_another_countys_file_and_persons_data_are_refused(
    coast: Workspace, tmp_path: Path
) -> None:
    far = {f"{name}2": shapely.affinity.translate(one, xoff=-3) for name, one in THREE.items()}
    for shapes, count in ((far, 3), (THREE | far, 3)):
        with pytest.raises(InputError, match=rf"{count} grids .* lies \d+ km") as no:
            given(coast, tmp_path, shapes)
        assert "不属于本县" in chinese(no.value)
        kept = store.read(coast.engine, "quarantine").filter(pl.col("reason") == "elsewhere")
        assert (kept["lon"] < 119).all()
        assert sorted(kept["row"])[-3:] == list(range(len(shapes) - 2, len(shapes) + 1))
    assert store.count(coast.engine, "grid_versions") == 0
    path = write(tmp_path / "p.geojson", THREE, "patrol", 手机=["13800138000"] * 3)
    with pytest.raises(InputError, match="个人信息"):
        import_file(coast, "boundaries", path, now=NOW)
    path = write(tmp_path / "q.geojson", THREE, None)
    with pytest.raises(InputError, match="has no level"):
        import_file(coast, "boundaries", path, now=NOW)
    done = import_file(coast, "boundaries", path, Options(level="grid"), now=NOW)
    assert done.counts["added"] == 3
    assert store.count(coast.engine, "grid_versions") == 1


def test_a_level_holds_from_its_day_and_the_past_stays(coast: Workspace, tmp_path: Path) -> None:
    given(coast, tmp_path, THREE, valid_from=date(2026, 1, 1))
    two = {"A": box(121.4, 121.75), "C": THREE["C"]}
    given(coast, tmp_path, two, valid_from=date(2026, 12, 1))
    assert holding(coast, "patrol", date(2025, 12, 31)).version is None
    assert holding(coast, "patrol", date(2026, 11, 30)).grids.coverage.ids == ("A", "B", "C")
    assert holding(coast, "patrol", date(2026, 12, 1)).grids.coverage.ids == ("A", "C")
    told = grids.history(coast, 121.7, 29.2)
    assert told.select("valid_from", "valid_to", "grid_id").rows() == [
        (date(2026, 1, 1), date(2026, 11, 30), "B"), (date(2026, 12, 1), None, "A"),
    ]  # fmt: skip
    with pytest.raises(InputError, match="lies before"):
        given(coast, tmp_path, THREE, valid_from=date(2026, 11, 1), now=LATER)


def test_two_planners_and_a_day_of_publication(coast: Workspace, tmp_path: Path) -> None:
    given(coast, tmp_path, THREE, level="乡镇")
    given(coast, tmp_path, THREE)
    planners(coast)
    split = {
        "op": "split", "grid": "A", "line": [[121.3, 29.2], [121.8, 29.2]], "new": "D",
        "name": "丁",
    }  # fmt: skip
    one = boundaries.create(coast, "拆", user="甲", level="patrol", operations=[split], now=NOW)
    two = boundaries.create(coast, "并", user="乙", level="patrol", now=NOW)
    move = {"op": "merge", "grids": ["B"], "into": "A"}
    boundaries.edit(coast, two.draft_id, [move], user="乙", now=NOW)
    with pytest.raises(ConflictError, match="B → A") as late:
        boundaries.edit(coast, two.draft_id, [split], user="甲", rev=1, now=NOW)
    assert [op["op"] for op in late.value.offered] == ["merge", "split"]
    with pytest.raises(InputError, match=r"operation 2 \(merge\)"):
        boundaries.edit(coast, one.draft_id, [{**move, "into": "Z"}], user="甲", now=NOW)
    for draft, mine, other in ((one, "甲", "乙"), (two, "乙", "甲")):
        boundaries.submit(coast, draft.draft_id, user=mine, now=NOW)
        boundaries.approve(coast, draft.draft_id, user=other, reason="好", now=NOW)
    day = date(2026, 12, 1)
    version = boundaries.publish(
        coast, one.draft_id, valid_from=day, user="乙", reason="拆", now=NOW
    )
    held = holding(coast, "patrol", day)
    assert (held.version, held.grids.coverage.ids) == (version, ("A", "B", "C", "D"))
    assert held.named["name"][3] == "丁"
    assert held.named["township_id"].to_list() == ["A", "B", "C", "A"]
    with pytest.raises(ConflictError, match="both changed A"):
        boundaries.publish(coast, two.draft_id, valid_from=day, user="甲", reason="并", now=NOW)
    again, lost, both = boundaries.rebase(coast, two.draft_id, user="乙", now=NOW)
    assert (again.based_on, lost, both["grid_id"].to_list()) == (version, [], ["A"])
    assert grids.drawn(coast, two.draft_id).grids.coverage.ids == ("A", "C", "D")
    # A draft of grids is none of the sections.
    assert boundaries.drafts(coast).is_empty()
    with pytest.raises(InputError, match="the draft is of patrol"):
        boundaries.stood(coast, one.draft_id)


def test_a_level_that_is_to_come_can_be_taken_back(
    coast: Workspace, tmp_path: Path, run: Run
) -> None:
    given(coast, tmp_path, THREE)
    given(coast, tmp_path, THREE, level="乡镇", valid_from=date(2026, 12, 1))
    two = {"A": box(121.4, 121.75), "C": THREE["C"]}
    given(coast, tmp_path, two, valid_from=date(2026, 12, 1))
    planners(coast)
    with pytest.raises(InputError, match="version 3 is to hold from 2026-12-01"):
        given(coast, tmp_path, THREE)
    move = {"op": "merge", "grids": ["C"], "into": "A"}
    one = boundaries.create(coast, "急", user="甲", level="patrol", operations=[move], now=NOW)
    boundaries.submit(coast, one.draft_id, user="甲", now=NOW)
    boundaries.approve(coast, one.draft_id, user="乙", reason="好", now=NOW)
    with pytest.raises(InputError, match=r"early: .* km2 \(B → A"):
        boundaries.publish(coast, one.draft_id, valid_from=TODAY, user="乙", reason="急", now=NOW)
    made = boundaries.withdraw(coast, 3, user="乙", reason="急", grids=True, now=NOW)
    assert made is None  # it was imported
    assert holding(coast, "patrol", date(2026, 12, 1)).grids.coverage.ids == ("A", "B", "C")
    assert holding(coast, "township", date(2026, 12, 1)).version == 2
    levels = grids.levels(coast).filter(pl.col("withdrawn_at").is_not_null())
    assert levels["version"].to_list() == [3]
    kept, lost, _ = boundaries.rebase(coast, one.draft_id, user="甲", now=NOW)
    assert kept.based_on == 1
    assert "C share no border with A" in lost[0]  # B lies between them again
    code, _, said = run("grids", coast.root, "withdraw", 1, "--user", "乙", "--reason", "x")
    assert (code, "起已生效" in said) == (1, True)


def test_grids_and_townships_are_objects_of_posts(coast: Workspace, tmp_path: Path) -> None:
    given(coast, tmp_path, THREE)
    given(coast, tmp_path, {"T1": box(121.4, 121.93)}, level="乡镇")
    posts = tmp_path / "posts.csv"
    posts.write_text(
        "编号,岗位,姓名,对象类型,对象编号,任职起\n"
        "P1,网格长,a,网格,A,2026-01-01\nP2,网格长,b,网格,Z,2026-01-01\n",
        encoding="utf-8",
    )
    import_file(coast, "posts", posts, now=NOW)
    happened = tmp_path / "i.csv"
    happened.write_text(
        "编号,时间,类别,经度,纬度\n"
        + "".join(f"I{n},2025-06-0{n} 10:00,偷渡,121.9001,29.2\n" for n in range(1, 4)),
        encoding="utf-8",
    )
    import_file(coast, "incidents", happened, now=NOW)
    found = staffing.gaps(coast, first=TODAY, last=TODAY)
    lacking = {(row["object_id"], row["role"]) for row in found.iter_rows(named=True)
               if row["gap"] == "vacant"}  # fmt: skip
    assert ("B", "grid_head") in lacking
    assert ("A", "grid_head") not in lacking
    assert ("T1", "township_officer") in lacking
    strange = found.filter(found["gap"] == "unknown_object")
    assert strange["object_id"].to_list() == ["Z"]
    teams = {row["object_id"]: row for row in staffing.staffing(coast, TODAY).iter_rows(named=True)}
    assert teams["C"]["incidents"] == 3
    assert teams["T1"]["incidents"] == 3
    assert teams["A"]["incidents"] == 0
    held = grids.patrolled(coast, TODAY)
    assert grids.without_post(coast, held, TODAY) == ["B", "C"]


def test_segments_know_their_township_for_proposals(coast: Workspace, tmp_path: Path) -> None:
    assert shore_of(coast).township == []
    given(coast, tmp_path, THREE, level="乡镇", valid_from=date(2026, 1, 1), now=NOW)
    shore = shore_of(coast)
    towns = dict(zip(range(len(shore.lon)), shore.township, strict=True))
    here = {n for n, lon in enumerate(shore.lon.tolist()) if 121.61 < lon < 121.74}
    assert here
    assert {towns[n] for n in here} == {"B"}


def test_a_proposal_becomes_a_draft_of_whole_units(
    coast: Workspace, tmp_path: Path, run: Run
) -> None:
    small = {
        f"V{i}{j}": shapely.box(
            121.4 + 0.05 * i, 29.1 + 0.05 * j, 121.45 + 0.05 * i, 29.15 + 0.05 * j
        )
        for i in range(10) for j in range(4)
    }  # fmt: skip
    given(coast, tmp_path, small, level="村", valid_from=date(2026, 1, 1))
    planners(coast)
    units = units_of(coast, "patrol")
    assert units.level == "village"
    one = proposed(coast, "patrol", units, teams=4, balance="area")[0]
    assert one.max_over_mean < 1.05
    whole = compose(units.version or 0, dict(zip(units.grids.coverage.ids, one.grids, strict=True)))
    draft = boundaries.create(coast, "四队", user="甲", level="patrol", operations=[whole], now=NOW)
    made = grids.drawn(coast, draft.draft_id)
    assert len(made.grids.coverage.ids) == 4
    assert shapely.coverage_is_valid(made.grids.coverage.shapes)
    assert made.grids.coverage.km2.sum() == pytest.approx(units.grids.coverage.km2.sum())
    short = {**whole, "grids": {"V00": "N1"}}
    with pytest.raises(InputError, match="not those of version"):
        boundaries.edit(coast, draft.draft_id, [short], user="甲", now=NOW)
    code, out, _ = run("grids", coast.root, "propose", "--teams", 4, "--balance", "area", "--json")
    assert code == 0
    assert json.loads(out.splitlines()[-1])["proposals"][0]["k"] == 4
    code, out, _ = run("grids", coast.root, "show", draft.draft_id)
    assert code == 0
    assert "→ N01" in out
    for words in (("list",), ("check", "--level", "village"), ("who", "121.5,29.2")):
        assert run("grids", coast.root, *words)[0] == 0


def test_a_price_without_townships_is_refused(coast: Workspace, run: Run) -> None:
    code, _, err = run("boundaries", coast.root, "propose", "--chiefs", 2, "--crossing", 5)
    assert code == 1
    assert "no townships yet" in err
