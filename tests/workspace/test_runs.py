"""What the runs keep of a small coast of their own: nearness, detection, a coast rebuilt."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from ais.schema import POSITIONS
from geo.shoreline import repair_land
from workspace import archive, db, placing, read, runs, store
from workspace._boundaries_held import Held, publish
from workspace.folder import Workspace, init
from workspace.nearness import near_pairs
from workspace.placing import shore_index, shorelines

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISLAND = shapely.box(121.00, 29.00, 121.03, 29.03)
OTHER = shapely.box(121.20, 29.00, 121.21, 29.01)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    opened = init(tmp_path / "ws", {"timezone": "Asia/Shanghai"})
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[ISLAND, OTHER], crs=4326), name="x")
    runs.build_coast(opened, land)
    yield opened
    opened.close()


def positions(mmsi: int, lon: np.ndarray, lat: np.ndarray, t: list[datetime]) -> pl.DataFrame:
    empty = {name: pl.Series([None] * len(t), dtype=kind) for name, kind in POSITIONS.items()}
    return pl.DataFrame(
        {
            **empty,
            "mmsi": pl.Series([mmsi] * len(t), dtype=pl.UInt32),
            "t": pl.Series(t).cast(pl.Datetime("ms", "UTC")),
            "lon": lon,
            "lat": lat,
            "sog_kn": pl.Series([0.5] * len(t), dtype=pl.Float32),
            "msg_type": pl.Series([18] * len(t), dtype=pl.UInt8),
            "cls": ["B"] * len(t),
            "source": ["test"] * len(t),
        }
    )


def circling(mmsi: int, lon: float, lat: float) -> pl.DataFrame:
    """Two hours round a circle of some 600 m, a place a minute: slow, and going nowhere."""
    angle = np.linspace(0, 2.2 * np.pi, 121)
    t = [NOON + timedelta(minutes=i) for i in range(121)]
    return positions(mmsi, lon + 0.006 * np.cos(angle), lat + 0.006 * np.sin(angle), t)


def test_along_a_ring_the_shorter_way_round_counts(ws: Workspace) -> None:
    shores = shorelines(ws)
    ring = int(np.argmax(shores["length_m"]))
    total = float(shores["length_m"].iloc[ring])
    lon, lat = shore_index(ws).locate(np.array([ring]), np.array([100.0]))
    # A radius of 0 cells over water: what is found is found along the shore.
    found = near_pairs(ws, "id", ["a"], lon, lat, radius_m=1_200.0)
    cut = store.read(ws.engine, "segments", columns=["shoreline_id", "from_m", "to_m"])
    own = cut.with_row_index("segment").join(found, on="segment")
    assert set(own["shoreline_id"]) == {shores["shoreline_id"].iloc[ring]}
    middle = (own["from_m"] + own["to_m"]) / 2
    apart = (middle - 100.0).abs()
    along = pl.select(pl.min_horizontal(apart, total - apart)).to_series()
    inside = (own["from_m"] <= 100.0) & (own["to_m"] > 100.0)
    assert (own["distance_m"].filter(inside) < 1.0).all()
    assert (own["distance_m"].filter(~inside) <= along.filter(~inside) + 1.0).all()
    # Both sides of the origin are near.
    assert own["from_m"].min() < 600.0
    assert own["to_m"].max() > total - 600.0
    far = near_pairs(ws, "id", ["a"], lon, lat, radius_m=300.0)
    assert far.height < found.height


def test_nearness_never_crosses_land(ws: Workspace) -> None:
    """From the west shore's middle, the east shore is 2.9 km through the island, 6 km around."""
    found = near_pairs(ws, "id", ["a"], np.array([120.999]), np.array([29.015]), radius_m=4_000.0)
    cut = store.read(ws.engine, "segments", columns=["lon"]).with_row_index("segment")
    seen = cut.join(found, on="segment")
    assert seen.height > 0
    assert seen["lon"].max() < 121.029


def test_two_hulls_under_one_mmsi_are_two_events(ws: Workspace) -> None:
    both = pl.concat([circling(413_000_001, 121.10, 29.05), circling(413_000_001, 121.30, 29.20)])
    archive.append(ws.positions, both)
    runs.detect(ws, now=NOON)
    events = store.read(ws.engine, "events").filter(pl.col("kind") == "loitering")
    assert events.height == 2
    assert events["event_id"].n_unique() == 2


def test_a_boat_that_lies_ashore_has_not_come_because_its_mmsi_is_elsewhere(ws: Workspace) -> None:
    """One hull lies 30 m off the shore for hours, the other passes far out."""
    t = [NOON + timedelta(minutes=i) for i in range(180)]
    ashore = positions(413_000_002, np.full(180, 120.9997), np.full(180, 29.015), t)
    far = positions(
        413_000_002, np.linspace(121.5, 121.6, 180), np.full(180, 29.4),
        [one + timedelta(seconds=20) for one in t],
    )  # fmt: skip
    archive.append(ws.positions, pl.concat([ashore, far]))
    runs.detect(ws, now=NOON + timedelta(hours=4))
    assert "shore_approach" not in set(store.read(ws.engine, "events")["kind"])


def test_a_coast_rebuilt_keeps_what_is_known_and_claims_nothing_more(ws: Workspace) -> None:
    archive.append(ws.positions, circling(413_000_003, 121.05, 29.015))
    runs.detect(ws, now=NOON + timedelta(hours=3))
    runs.score(ws, date(2026, 11, 23), days=1, now=NOON + timedelta(hours=3))
    scores = store.read(ws.engine, "scores").sort("shift_start", "segment_id")
    missing = scores["missing"]
    assert 0 < missing.str.contains("loitering_near").sum() < missing.len()
    near = store.read(ws.engine, "event_segments").sort("segment_id")
    runs.build_coast(ws, store.layer(ws.engine, "land"))
    assert store.read(ws.engine, "scores").sort("shift_start", "segment_id").equals(scores)
    assert store.read(ws.engine, "event_segments").sort("segment_id").equals(near)
    # An island that a newer survey shows, right where the boat circled, is near it at once.
    islet = shapely.box(121.048, 29.013, 121.052, 29.017)
    runs.build_coast(ws, _land(ISLAND, OTHER, islet))
    fresh = set(store.read(ws.engine, "segments")["segment_id"]) - set(scores["segment_id"])
    assert len(fresh) == 3
    assert not fresh & set(store.read(ws.engine, "scores")["segment_id"])
    assert fresh <= set(store.read(ws.engine, "event_segments")["segment_id"])


def _land(*polygons: shapely.Polygon) -> gpd.GeoDataFrame:
    return repair_land(gpd.GeoDataFrame(geometry=list(polygons), crs=4326), name="x")[0]


def test_rebuilding_the_same_coast_keeps_ids_and_traits(ws: Workspace) -> None:
    before = store.read(ws.engine, "segments", columns=["segment_id"])
    traits = before.with_columns(
        shore_type=pl.lit("mud"), settlement_distance_m=pl.lit(900.0), made=pl.lit('["x"]')
    )
    runs.set_landing(ws, traits)
    runs.build_coast(ws, store.layer(ws.engine, "land"))
    after = store.read(ws.engine, "segments", columns=["segment_id", "shore_type"])
    assert after["segment_id"].equals(before["segment_id"])
    assert (after["shore_type"] == "mud").all()


def test_a_day_scored_without_a_plan_gets_one_when_it_is_asked_for(ws: Workspace) -> None:
    archive.append(ws.positions, circling(413_000_003, 121.05, 29.015))
    runs.detect(ws, now=NOON + timedelta(hours=3))
    day = datetime.now(UTC).date()
    runs.score(ws, day, days=1)
    assert store.count(ws.engine, "zones") == 0
    assert runs.ensure_scored(ws, day)
    assert store.count(ws.engine, "zones") > 0
    assert not runs.ensure_scored(ws, day)
    starts = set(store.read(ws.engine, "zones")["shift_start"])
    assert starts <= {t0 for _, t0, _ in read.scored_shifts(ws)}


def test_scores_of_a_day_belong_to_one_run(ws: Workspace) -> None:
    for _ in range(2):
        runs.score(ws, date(2026, 11, 23), days=1, now=NOON)
    rows = store.read(ws.engine, "scores")
    assert rows["run_id"].n_unique() == 1
    assert rows.height == 6 * store.count(ws.engine, "segments")
    assert store.count(ws.engine, "runs", where=db.runs.c.kind == "score") == 2


def test_a_revised_coast_keeps_its_sections_where_they_stood(ws: Workspace) -> None:
    """The new survey starts 300 m further east: origins change, the cuts stay put."""
    lines = shorelines(ws)
    big = lines["shoreline_id"].iloc[int(np.argmax(lines["length_m"]))]
    cuts = pl.DataFrame(
        {
            "shoreline_id": [big, big],
            "chainage_m": [1_000.0, 7_000.0],
            "section_id": ["S1", "S2"],
        }
    )
    names = pl.DataFrame({"section_id": ["S1", "S2"], "name": ["一", "二"]})
    with ws.begin() as connection:
        publish(
            connection,
            Held(None, names.with_columns(made=False), cuts, placing.hung(connection, cuts)),
            valid_from=date(2026, 11, 1),
            user=None,
            reason="test",
            now=datetime(2026, 11, 1, tzinfo=UTC),
            day=date(2026, 11, 1),
        )
    rows = np.array([int(np.argmax(lines["length_m"]))] * 2)
    before = np.column_stack(shore_index(ws).locate(rows, cuts["chainage_m"].to_numpy()))

    trimmed = [shapely.box(121.003, 29.00, 121.03, 29.03), OTHER]
    land, _ = repair_land(gpd.GeoDataFrame(geometry=trimmed, crs=4326), name="x")
    counts = runs.build_coast(ws, land)
    assert counts["section_changed_m"] == 0
    again = store.read(ws.engine, "section_cuts").sort("section_id")
    assert again.height == 2
    assert again["shoreline_id"][0] == big
    index, lines = shore_index(ws), shorelines(ws)
    row = np.array([lines["shoreline_id"].tolist().index(n) for n in again["shoreline_id"]])
    after = np.column_stack(index.locate(row, again["chainage_m"].to_numpy()))
    metres = np.hypot(*((after - before) * 111_000).T)
    assert (metres < 400).all()
    km = read.sections(ws)["km"].sum()
    assert km == pytest.approx(read.segments(ws)["length_m"].sum() / 1000)


def test_a_coast_that_fails_half_way_leaves_the_old_one(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workspace import building

    before = store.read(ws.engine, "segments")

    def fails(*_: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(building, "inherit", fails)
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[OTHER], crs=4326), name="x")
    with pytest.raises(RuntimeError):
        runs.build_coast(ws, land)
    assert store.read(ws.engine, "segments").equals(before)
    assert len(shorelines(ws)) == 2
