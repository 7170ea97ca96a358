"""What leaves a workspace is what is in it, with its marks and without anyone's telephone."""

import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pyogrio
import pytest
import rasterio
import shapely
import typer
from typer.testing import CliRunner

from ais.schema import POSITIONS
from geo.errors import InputError
from geo.io import FORMATS
from workspace import archive, folder, read, runs, store
from workspace._cli_export import What
from workspace._cli_export import export as command
from workspace.export import LAYERS, TABLES, Selection, export
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)
PHONE = "0574-0000 0002"
NAME = "东门码头 <b>&"

TABLES_IN = {
    "sections": "section_id,name,name_en,lon,lat\n"
    "S1,西段,West,121.6,29.31\nS2,东段,East,121.91,29.25\n",
    "posts": "role,name,unit,duty_phone,object_kind,object_id,valid_from,valid_to\n"
    f"section_chief,新段长,乙所,{PHONE},section,S2,2026-01-01,\n",
    "wharves": "wharf_id,name,name_en,cadence_days,lon,lat\n"
    f"W1,{NAME},East Gate,7,121.914,29.27\nW2,西门码头,West Gate,,121.57,29.31\n",
    "facilities": "facility_id,name,kind,line,status,heading_deg,fov_deg,range_m,lon,lat\n"
    "F1,瞭望一号,camera,wharf,working,90,60,3000,121.914,29.271\n",
    "incidents": "incident_id,t0,kind,source,lon,lat\n"
    "I1,2026-11-20T02:00:00Z,goods_landing,reported,121.914,29.27\n"
    "I2,2026-11-23T02:00:00Z,goods_landing,reported,121.57,29.31\n",
}  # fmt: skip


@pytest.fixture(scope="module")
def full(_built: Path, tmp_path_factory: pytest.TempPathFactory):
    """Return the small coast with sections, places, a vessel's day, scores and zones."""
    import shutil

    root = tmp_path_factory.mktemp("full") / "ws"
    shutil.copytree(_built, root)
    opened = folder.open_workspace(root)
    for kind, text in TABLES_IN.items():
        path = root.parent / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert not import_file(opened, kind, path, now=NOW).refused
    minutes = range(300)
    track = pl.DataFrame(
        {
            "mmsi": 412_000_001,
            "t": [NOW - timedelta(minutes=m) for m in minutes],
            "lon": [121.95 + 0.0002 * m for m in minutes],
            "lat": 29.25,
            "msg_type": 1,
            "cls": "A",
            "source": "t",
        }
    )
    archive.append(
        opened.positions,
        pl.concat([track, POSITIONS.to_frame()], how="diagonal_relaxed").select(
            pl.col(name).cast(kind) for name, kind in POSITIONS.items()
        ),
    )
    event = gpd.GeoDataFrame(
        {
            "event_id": ["e1", "e2"],
            "kind": ["stop", "loitering"],
            "mmsi": [412_000_001] * 2,
            "t0": [NOW - timedelta(days=3), NOW - timedelta(hours=3)],
            "t1": [NOW - timedelta(days=3), NOW - timedelta(hours=1)],
            "lon": [121.95, 121.96],
            "lat": [29.25, 29.25],
            "evidence": ['{"state":"moored"}', '{"mean_speed_kn":1.2}'],
            "segment_id": store.read(opened.engine, "segments")["segment_id"].to_list()[:2],
        },
        geometry=[
            shapely.Point(121.95, 29.25),
            shapely.LineString([(121.95, 29.25), (121.96, 29.26)]),
        ],
        crs=4326,
    )
    store.write(opened.engine, "events", event)
    runs.score(opened, DAY, days=2, now=NOW)
    runs.plan(opened, DAY, days=2, now=NOW)
    yield opened
    opened.close()


def layers_of(ws: Workspace, path: Path, **wanted: object) -> dict[str, gpd.GeoDataFrame]:
    export(ws, "layers", path, Selection(**wanted), now=NOW)
    return {name: gpd.read_file(path, layer=name) for name, _ in pyogrio.list_layers(path)}


def test_every_layer_comes_back_as_it_is(full: Workspace, tmp_path: Path) -> None:
    found = layers_of(full, tmp_path / "all.gpkg")
    empty = {"berths", "risk_points", "roads", "settlements", "shore_types", "lineage"}
    assert set(found) == set(LAYERS) - empty - {"quarantine"}
    for name, key in (
        ("shorelines", "shoreline_id"),
        ("segments", "segment_id"),
        ("wharves", "wharf_id"),
        ("facilities", "facility_id"),
        ("incidents", "incident_id"),
    ):
        truth = store.layer(full.engine, name).set_index(key)
        back = found[name].set_index(key)
        assert sorted(back.index) == sorted(truth.index)
        there = truth.loc[back.index].geometry.to_numpy()
        assert shapely.equals_exact(back.geometry.to_numpy(), there, tolerance=1e-7).all()
    assert found["wharves"].set_index("wharf_id").loc["W1", "name"] == NAME
    assert found["wharves"].set_index("wharf_id")["section_id"].to_dict() == {
        "W1": "S2",
        "W2": "S1",
    }


def test_segments_bear_their_scores(full: Workspace, tmp_path: Path) -> None:
    found = layers_of(full, tmp_path / "s.gpkg", layers=("segments",), day=DAY, shift="22:00")
    segments = found["segments"]
    truth = read.scores(full, "2026-11-23T22:00")
    assert set(segments["shift_id"]) == {"2026-11-23T22:00"}
    np.testing.assert_allclose(segments["score"], truth["score"].to_numpy())
    assert (segments["band"] == np.minimum(segments["score"] // 20 + 1, 5)).all()
    assert segments["section_id"].tolist() == read.segments(full)["section_id"].tolist()
    unscored = tmp_path / "u.gpkg"
    done = export(full, "layers", unscored, Selection(day=date(2020, 1, 1)), now=NOW)
    assert any("no scores" in note for note in done.notes)
    assert gpd.read_file(unscored, layer="segments")["score"].isna().all()


def test_the_shift_on_duty_is_shown_unless_another_is_named(
    full: Workspace, tmp_path: Path
) -> None:
    # 12:00 UTC is 20:00 in Shanghai: the shift from 18:00, the fifth of the day.
    for wanted in ({}, {"day": DAY}, {"shift": "5"}, {"shift": "18:00"}):
        found = layers_of(full, tmp_path / "s.gpkg", layers=("segments",), **wanted)
        assert set(found["segments"]["shift_id"]) == {"2026-11-23T18:00"}, wanted
    with pytest.raises(InputError, match=r"no shift '7' on 2026-11-23.*6 \(22:00\)"):
        export(full, "scores", tmp_path / "s.csv", Selection(shift="7"), now=NOW)


def test_a_section_takes_its_own(full: Workspace, tmp_path: Path) -> None:
    found = layers_of(full, tmp_path / "s2.gpkg", section="S2")
    assert set(found["segments"]["section_id"]) == {"S2"}
    assert found["wharves"]["wharf_id"].tolist() == ["W1"]
    assert found["incidents"]["incident_id"].tolist() == ["I1"]
    assert found["sections"]["section_id"].tolist() == ["S2"]
    assert found["viewsheds"]["facility_id"].tolist() == ["F1"]
    mine = read.segments(full).query("section_id == 'S2'")
    assert set(found["shorelines"]["shoreline_id"]) == set(mine["shoreline_id"])
    assert all("S2" in json.loads(ids) for ids in found["zones"]["section_ids"])
    with pytest.raises(InputError, match=r"no section 'S9'.*S1, S2"):
        export(full, "layers", tmp_path / "x.gpkg", Selection(section="S9"), now=NOW)


def test_a_box_takes_what_lies_in_it(full: Workspace, tmp_path: Path) -> None:
    found = layers_of(full, tmp_path / "box.gpkg", bbox=(121.55, 29.25, 121.65, 29.35))
    assert found["wharves"]["wharf_id"].tolist() == ["W2"]
    box = shapely.box(121.55, 29.25, 121.65, 29.35)
    assert shapely.intersects(found["segments"].geometry.to_numpy(), box).all()
    assert 0 < len(found["segments"]) < len(read.segments(full))
    with pytest.raises(InputError, match="nothing lies"):
        export(full, "layers", tmp_path / "x.gpkg", Selection(bbox=(0, 0, 1, 1)), now=NOW)
    with pytest.raises(InputError, match="--bbox"):
        export(full, "layers", tmp_path / "x.gpkg", Selection(bbox=(2, 1, 1, 2)), now=NOW)


def test_a_day_limits_what_happened(full: Workspace, tmp_path: Path) -> None:
    found = layers_of(full, tmp_path / "d.gpkg", day=DAY)
    assert found["incidents"]["incident_id"].tolist() == ["I2"]
    assert found["events"]["event_id"].tolist() == ["e2"]
    assert found["event_tracks"].geometry.geom_type.tolist() == ["LineString"]
    both = layers_of(full, tmp_path / "all.gpkg")
    assert both["events"]["event_id"].tolist() == ["e1", "e2"]


def test_no_telephone_leaves_and_every_mark_does(full: Workspace, tmp_path: Path) -> None:
    marked = Workspace(
        full.root,
        full.config.model_copy(
            update={"simulated": True, "made": ("wharves",), "attributions": ("© 谁 somebody",)}
        ),
        full.engine,
    )
    for name in ("a.gpkg", "a.geojson.zip", "a.kml", "a.parquet.zip"):
        export(marked, "layers", tmp_path / name, now=NOW)
    with zipfile.ZipFile(tmp_path / "a.geojson.zip") as packed:
        texts = {name: packed.read(name).decode() for name in packed.namelist()}
    assert "新段长" in texts["sections.geojson"]
    for text in [*texts.values(), (tmp_path / "a.kml").read_text("utf-8")]:
        assert PHONE not in text
        assert "© 谁 somebody" in text
        assert "made up: wharves" in text
        assert "the AIS is simulated" in text
        assert "not for navigation" in text
        assert "2026-11-23T12:00:00Z" in text
    assert PHONE.encode() not in (tmp_path / "a.gpkg").read_bytes()
    kept = pyogrio.read_info(tmp_path / "a.gpkg", layer="wharves")["layer_metadata"]
    assert kept["attributions"] == "© 谁 somebody"


def test_an_estimate_is_said(full: Workspace, tmp_path: Path) -> None:
    with full.engine.connect() as connection:
        before = store.read(connection, "segments")["landing_basis"]
    layer = store.layer(full.engine, "segments")
    store.write(full.engine, "segments", layer.assign(landing_basis="estimate"), replace=True)
    try:
        path = tmp_path / "s.geojson"
        export(full, "layers", path, Selection(layers=("segments",)), now=NOW)
        whole = json.loads(path.read_text("utf-8"))
        assert f"{len(layer)} segments is estimated" in whole["estimated"]
        assert whole["features"][0]["properties"]["landing_basis"] == "estimate"
    finally:
        store.write(
            full.engine, "segments", layer.assign(landing_basis=before.to_list()), replace=True
        )


def test_scores_and_zones_of_a_day_are_tables(full: Workspace, tmp_path: Path) -> None:
    export(full, "scores", tmp_path / "s.csv", Selection(day=DAY), now=NOW)
    found = pl.read_csv(tmp_path / "s.csv")
    n = len(read.segments(full))
    assert found.height == 6 * n
    first = found.filter(pl.col("shift_id") == "2026-11-23T02:00")
    np.testing.assert_allclose(first["score"], read.scores(full, "2026-11-23T02:00")["score"])
    export(full, "scores", tmp_path / "all.parquet", now=NOW)
    assert gpd.read_parquet(tmp_path / "all.parquet").shape[0] == 12 * n
    export(full, "zones", tmp_path / "z.geojson", Selection(day=DAY), now=NOW)
    features = json.loads((tmp_path / "z.geojson").read_text("utf-8"))["features"]
    zones = [feature["properties"] for feature in features]
    assert {zone["shift_id"] for zone in zones} == set(found["shift_id"])
    order = [(zone["shift_id"], zone["rank"]) for zone in zones if zone["part"] == "plan"]
    assert order == sorted(order)
    drawn = [zone for zone in zones if zone["part"] == "explore"]
    # At noon UTC, 20:00 in Shanghai, two shifts are not over.
    assert {zone["shift_id"] for zone in drawn} == {"2026-11-23T18:00", "2026-11-23T22:00"}
    assert {zone["rank"] for zone in drawn} == {None}
    assert all("抽中" in zone["reason_zh"] for zone in drawn)
    (night,) = {zone["shift_start"] for zone in drawn if zone["shift_id"] == "2026-11-23T22:00"}
    of_night = [zone for zone in zones if zone["shift_start"] == night]
    listed = [name for zone in of_night for name in json.loads(zone["segment_ids"])]
    assert len(listed) == len(set(listed))
    with pytest.raises(InputError, match="no scores for the time"):
        export(full, "scores", tmp_path / "n.csv", Selection(day=date(2020, 1, 1)), now=NOW)


def test_positions_are_those_of_the_archive(full: Workspace, tmp_path: Path) -> None:
    export(full, "positions", tmp_path / "p.parquet", now=NOW)
    found = gpd.read_parquet(tmp_path / "p.parquet")
    truth = archive.read(full.positions)
    assert len(found) == 300
    np.testing.assert_array_equal(found.geometry.x, truth["lon"])
    assert set(found["kind"]) == {"vessel"}
    box = (121.95, 29.2, 121.98, 29.3)
    wanted = Selection(day=DAY, shift="14:00", bbox=box)
    export(full, "positions", tmp_path / "p.csv", wanted, now=NOW)
    part = pl.read_csv(tmp_path / "p.csv", try_parse_dates=True)
    times = pl.col("t").is_between(
        datetime(2026, 11, 23, 6, tzinfo=UTC), datetime(2026, 11, 23, 10, tzinfo=UTC), "left"
    )
    assert part.height == truth.filter(times & (pl.col("lon") <= 121.98)).height > 0


def test_quarantine_says_where_its_problems_are(ws: Workspace, tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "source": ["import coast"] * 2,
            "file": ["c.gpkg"] * 2,
            "row": [1, 2],
            "reason": ["self_intersection", "no_name"],
            "detail": ["…", "…"],
            "mend": ["…", "…"],
            "lon": [121.5, None],
            "lat": [29.2, None],
            "t": [NOW, NOW],
        }
    )
    store.write(ws.engine, "quarantine", rows)
    export(ws, "quarantine", tmp_path / "q.geojson", now=NOW)
    found = gpd.read_file(tmp_path / "q.geojson")
    assert found["reason"].tolist() == ["self_intersection", "no_name"]
    assert found.geometry.is_empty.tolist() == [False, False] or found.geometry[1] is None
    export(ws, "quarantine", tmp_path / "q.csv", now=NOW)
    assert pl.read_csv(tmp_path / "q.csv")["lon"].to_list() == [121.5, None]
    layers = layers_of(ws, tmp_path / "q.gpkg", layers=("quarantine",))
    assert layers["quarantine"]["reason"].tolist() == ["self_intersection"]


def test_density_counts_the_hours_sailed(full: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "d.tif"
    done = export(full, "density", path, cell_m=500, now=NOW)
    assert done.counts["positions"] == 300
    with rasterio.open(path) as found:
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        hours = found.read(1)
        assert np.nansum(hours) * 0.25 == pytest.approx(299 / 60, rel=0.01)
        row, col = found.index(121.6, 29.2)
        assert np.isnan(hours[row, col])  # land
        row, col = found.index(122.0, 29.32)
        assert hours[row, col] == 0.0  # sea without a vessel
        assert found.tags()["from"] == "2026-11-23T07:01:00Z"
        assert found.tags()["use"].endswith("not for navigation")
    export(full, "density", path, Selection(day=DAY, shift="14:00"), cell_m=500, now=NOW)
    with rasterio.open(path) as found:
        assert np.nansum(found.read(1)) * 0.25 == pytest.approx(178 / 60, rel=0.01)


def test_risk_is_the_score_of_the_nearest_shore(full: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "r.tif"
    export(full, "risk", path, Selection(day=DAY), cell_m=200, reach_m=800, now=NOW)
    scores = read.scores(full, "2026-11-23T22:00")["score"].to_numpy()
    shore = read.segments(full)
    with rasterio.open(path) as found:
        assert found.descriptions[5] == "2026-11-23T22:00"
        assert found.count == 6
        band = found.read(6)
        for at in range(0, len(shore), 7):
            middle = shore.geometry.iloc[at].interpolate(0.5, normalized=True)
            row, col = found.index(middle.x, middle.y)
            assert band[row, col] == pytest.approx(scores[at], abs=1e-4)
        row, col = found.index(121.6, 29.2)
        assert np.isnan(band[row, col])
    export(full, "risk", path, now=NOW)
    with rasterio.open(path) as found:
        assert found.descriptions == ("2026-11-23T18:00",)


def test_an_empty_workspace_says_so(plain_ws: Workspace, tmp_path: Path) -> None:
    for what, name, said in (("layers", "a.gpkg", "nothing lies"), ("risk", "a.tif", "no scores"),
                             ("density", "a.tif", "no coast")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            export(plain_ws, what, tmp_path / name, now=NOW)
    assert list(tmp_path.glob("a.*")) == []


def test_what_is_not_there_is_said(coast: Workspace, tmp_path: Path) -> None:
    for what, name, said in (
        ("density", "a.tif", "no positions"),
        ("risk", "a.tif", "no scores"),
        ("scores", "a.csv", "no scores"),
        ("nonsense", "a.csv", "not something to export"),
        ("layers", "a.geojson", "holds one layer"),
    ):
        with pytest.raises(InputError, match=said):
            export(coast, what, tmp_path / name, now=NOW)
    with pytest.raises(InputError, match="no layer harbours"):
        export(coast, "layers", tmp_path / "a.gpkg", Selection(layers=("harbours",)), now=NOW)
    with pytest.raises(InputError, match="--layer"):
        export(coast, "events", tmp_path / "a.gpkg", Selection(layers=("events",)), now=NOW)
    assert [file.name for file in tmp_path.glob("a.*")] == []


def test_the_command_names_what_can_be_exported(full: Workspace, tmp_path: Path) -> None:
    assert {what.value for what in What} == {*TABLES, "map"}
    app = typer.Typer()
    app.command()(command)
    out = tmp_path / "w.geojson"
    words = ["layers", str(out), "--layer", "wharves", "--bbox", "121.9,29.2,121.95,29.3"]
    done = CliRunner().invoke(app, [str(full.root), *words, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output.splitlines()[-1])["counts"]["wharves"] == 1
    assert gpd.read_file(out)["wharf_id"].tolist() == ["W1"]
    wrong = CliRunner().invoke(app, [str(full.root), "layers", str(out), "--bbox", "1,2,3"])
    assert isinstance(wrong.exception, InputError)


def test_the_page_on_exports_names_them_all() -> None:
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    for name in (*LAYERS, *TABLES, "map"):
        assert re.search(rf"[`, (]{name}[`, )]", page), name
    for ending in FORMATS:
        assert f"{ending}`" in page, ending
