"""Stops, loitering and shore approaches: made voyages by a made island, and real files."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from shapely.geometry import Polygon

from ais.approach import shore_approaches
from ais.behaviours import Behaviours, behaviours
from ais.io import read
from ais.loitering import PRESETS, loitering
from ais.schema import EVENTS, POSITIONS, STATICS, empty
from ais.stops import stops
from ais.tracks import tracks
from ais.watch import Rules
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
LON0, LAT0 = 122.0, 29.0
M_LAT = 6_371_008.8 * np.pi / 180
M_LON = M_LAT * np.cos(np.radians(LAT0))
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})


def at(x, y):
    """Return lon, lat of metres east and north of the island's southern shore's middle."""
    return LON0 + np.asarray(x) / M_LON, LAT0 + np.asarray(y) / M_LAT


def voyage(x, y, *, mmsi=412000001, minutes=None, noise_m=5.0, seed=1, **columns) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = len(x)
    lon, lat = at(x + rng.normal(0, noise_m, n), y + rng.normal(0, noise_m, n))
    minutes = np.arange(n) if minutes is None else np.asarray(minutes)
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + minutes * 60_000).astype(np.int64),
        "lon": lon,
        "lat": lat,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    }
    rest = {c: [None] * n for c in POSITIONS if c not in data and c not in columns}
    return (
        pl.DataFrame(data | rest | columns, strict=False).select(POSITIONS.names()).cast(POSITIONS)
    )


def line(*legs: tuple[float, float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return minute by minute x, y along legs of (x0, y0, x1, y1, knots)."""
    xs, ys = [], []
    for x0, y0, x1, y1, knots in legs:
        n = max(int(np.hypot(x1 - x0, y1 - y0) / (knots * 30.8667)), 1)
        xs.append(np.linspace(x0, x1, n + 1)[:-1])
        ys.append(np.linspace(y0, y1, n + 1)[:-1])
    return np.concatenate(xs), np.concatenate(ys)


def statics(length_m: float, mmsi: int = 412000001, name: str | None = None) -> pl.DataFrame:
    row = dict.fromkeys(STATICS) | {
        "mmsi": mmsi, "t": datetime(2026, 3, 1, tzinfo=UTC), "length_m": length_m, "name": name
    }  # fmt: skip
    return pl.DataFrame([row], schema=STATICS)


def berth(x: float, y: float, radius_m: float) -> pl.DataFrame:
    lon, lat = at(x, y)
    return pl.DataFrame({"lon": [float(lon)], "lat": [float(lat)], "radius_m": [radius_m]})


def evidence(events: pl.DataFrame) -> list[dict]:
    return [json.loads(e) for e in events["evidence"]]


@pytest.fixture(scope="module")
def coast() -> tuple[ShoreIndex, list[str]]:
    """An island 20 km by 10 km north of y = 0, and another south of a channel 350 m wide."""
    south = Polygon([at(*p) for p in [(-10e3, 0), (10e3, 0), (10e3, 10e3), (-10e3, 10e3)]])
    other = Polygon([at(*p) for p in [(4e3, -6e3), (9e3, -6e3), (9e3, -350), (4e3, -350)]])
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[south, other], crs=4326), name="made")
    shore = shorelines(land)
    cut = segments(shore)
    return ShoreIndex.build(shore, cut), list(cut["segment_id"])


def approaches(coast, p: pl.DataFrame, berths: pl.DataFrame = NO_BERTHS) -> pl.DataFrame:
    index, ids = coast
    return shore_approaches(tracks(p), index, berths=berths, segment_ids=ids)


# --- stops -----------------------------------------------------------------------------------


def test_a_moored_boat_is_one_stop_with_its_times() -> None:
    x, y = line((-8000, -3000, 0, -3000, 8))
    lie = np.zeros(90)
    x2, y2 = line((0, -3000, 8000, -3000, 8))
    p = voyage(np.r_[x, lie, x2], np.r_[y, lie - 3000, y2])
    found = stops(tracks(p), statics=statics(20))
    assert found.schema == EVENTS
    assert found["kind"].to_list() == ["stop"]
    said = evidence(found)[0]
    assert said["state"] == "moored"
    assert said["duration_min"] == pytest.approx(90, abs=4)
    lon, lat = at(0, -3000)
    assert found["lon"].item() == pytest.approx(float(lon), abs=2e-4)
    assert found["lat"].item() == pytest.approx(float(lat), abs=2e-4)
    assert shapely.from_wkb(found["geometry"].item()).geom_type == "Point"


@pytest.mark.parametrize("step", [1, 6])
def test_a_ship_swinging_with_the_tide_is_one_stop_at_anchor(step: int) -> None:
    minutes = np.arange(0, 24 * 60, step)
    turn = np.pi * np.tanh(4 * np.sin(2 * np.pi * minutes / 745)) / 2  # M2, quick at slack
    p = voyage(300 * np.cos(turn), -8000 + 300 * np.sin(turn), minutes=minutes, noise_m=8)
    found = stops(tracks(p), statics=statics(180))
    assert found.height == 1
    said = evidence(found)[0]
    assert said["state"] == "at_anchor"
    assert said["radius_m"] == 560
    assert said["duration_min"] > 23.5 * 60
    assert loitering(tracks(p), berths=NO_BERTHS, statics=statics(180)).is_empty()


def test_a_ship_under_way_has_no_stop() -> None:
    p = voyage(*line((-20e3, -5000, 20e3, -5000, 6)))
    assert stops(tracks(p), statics=statics(50)).is_empty()


def test_a_stray_fix_does_not_break_a_stop() -> None:
    x = np.zeros(60)
    x[30] = 900
    found = stops(tracks(voyage(x, x - 3000)), statics=statics(20))
    assert found.height == 1
    assert evidence(found)[0]["duration_min"] == 59


# --- loitering -------------------------------------------------------------------------------


def wander(minutes: int, knots: float = 1.2, reach: float = 700) -> tuple[np.ndarray, np.ndarray]:
    """Return a slow round course: circles about a drifting middle."""
    k = np.arange(minutes)
    angle = k * knots * 30.8667 / reach
    return reach * np.cos(angle) + k * 1.0, reach * np.sin(angle) - 9000


@pytest.mark.parametrize("step", [1, 5])
def test_slow_circles_offshore_are_loitering(step: int) -> None:
    x, y = wander(240)
    x0, y0 = line((-15e3, -9000, x[0], y[0], 9))
    x2, y2 = line((x[-1], y[-1], 15e3, -9000, 9))
    p = voyage(np.r_[x0, x, x2], np.r_[y0, y, y2], noise_m=8)[::step]
    found = loitering(tracks(p), berths=NO_BERTHS, statics=empty(STATICS))
    assert found.height == 1
    event = found.row(0, named=True)
    begin, end = T0 + len(x0) * 60_000, T0 + (len(x0) + 240) * 60_000
    assert event["t0"].timestamp() * 1000 == pytest.approx(begin, abs=15 * 60_000)
    assert event["t1"].timestamp() * 1000 == pytest.approx(end, abs=15 * 60_000)
    said = evidence(found)[0]
    assert said["mean_speed_kn"] < 2
    assert said["displacement_ratio"] <= 0.3
    assert shapely.from_wkb(event["geometry"]).geom_type == "LineString"


def test_what_is_no_loitering() -> None:
    x, y = wander(240)
    cases = {
        "too short": voyage(x[:50], y[:50]),
        "gets somewhere": voyage(*line((0, -9000, 8000, -9000, 1.5))),
        "moored": voyage(np.zeros(300), np.zeros(300) - 9000, noise_m=10),
        "too fast": voyage(*wander(240, knots=3.0)),
    }
    for why, p in cases.items():
        assert loitering(tracks(p), berths=NO_BERTHS, statics=empty(STATICS)).is_empty(), why
    known = berth(0, -9000, 1500)
    p = voyage(x, y)
    assert loitering(tracks(p), berths=known, statics=empty(STATICS)).is_empty()


def test_presets_differ_as_their_definitions_do() -> None:
    def hits(preset: str, minutes: int, knots: float) -> int:
        p = voyage(*wander(minutes, knots))
        return loitering(
            tracks(p), berths=NO_BERTHS, statics=empty(STATICS), preset=PRESETS[preset]
        ).height

    assert [hits(p, 100, 1.2) for p in ("coastal", "gfw", "starboard")] == [1, 0, 0]
    assert [hits(p, 180, 1.2) for p in ("coastal", "gfw", "starboard")] == [1, 1, 0]
    assert [hits(p, 300, 1.2) for p in ("coastal", "gfw", "starboard")] == [1, 1, 1]
    assert [hits(p, 180, 3.0) for p in ("coastal", "zhoushan")] == [0, 1]


# --- shore approach --------------------------------------------------------------------------


def test_a_landing_is_an_approach_and_names_its_segment(coast) -> None:
    x, y = line((-3000, -8000, -3000, -60, 12))
    lie = np.full(8, 0.0)
    x2, y2 = line((-3000, -60, -3000, -8000, 12))
    p = voyage(np.r_[x, lie - 3000, x2], np.r_[y, lie - 60, y2])
    found = approaches(coast, p)
    assert found.height == 1
    said = evidence(found)[0]
    assert said["why"] == ["slow", "heading"]
    assert said["segment_id"] in coast[1]
    assert said["min_shore_m"] == pytest.approx(60, abs=20)
    lon, lat = map(float, at(-3000, -60))
    assert (found["lon"].item(), found["lat"].item()) == pytest.approx(
        (float(lon), float(lat)), abs=3e-4
    )


def test_a_dash_to_the_beach_and_off_again_is_an_approach(coast) -> None:
    p = voyage(*line((0, -9000, 0, -70, 25), (0, -70, 200, -9000, 25)))
    assert evidence(approaches(coast, p))[0]["why"] == ["heading"]


def test_going_dark_at_the_shore_is_an_approach(coast) -> None:
    x, y = line((0, -9000, 0, -90, 15))
    p = voyage(np.r_[x, 0], np.r_[y, -90])
    assert approaches(coast, p).height == 1


def test_passing_is_no_approach(coast) -> None:
    channel = ((0, -2500, 3500, -175, 7), (9500, -175, 14e3, -3000, 7))
    cases = {
        "along the shore": line((-9000, -150, 9000, -150, 10)),
        "along the shore, slowly": line(
            (-9000, -3000, -4000, -150, 8),
            (-4000, -150, 2000, -150, 4),
            (2000, -150, 4000, -4000, 8),
        ),
        "through the channel": line(channel[0], (3500, -175, 9500, -175, 7), channel[1]),
        "slowly through it": line(channel[0], (3500, -175, 9500, -175, 4), channel[1]),
        "a bend at a headland": line((-14e3, -2000, -10e3, -150, 9), (-10e3, -150, -6e3, -2000, 9)),
        "far off": line((-9000, -400, 3000, -400, 3)),
    }
    for why, (x, y) in cases.items():
        assert approaches(coast, voyage(x, y)).is_empty(), why


def test_a_known_wharf_is_no_approach(coast) -> None:
    x, y = line((0, -8000, 0, -30, 7))
    lie = np.zeros(60)
    p = voyage(np.r_[x, lie, x[::-1]], np.r_[y, lie - 30, y[::-1]])
    assert approaches(coast, p).height == 1
    assert approaches(coast, p, berth(0, 0, 150)).is_empty()


def test_one_who_lies_there_all_along_has_not_come(coast) -> None:
    p = voyage(np.zeros(600), np.zeros(600) - 50)
    assert approaches(coast, p).is_empty()
    silence = np.r_[np.arange(100), np.arange(400, 500)]
    p = voyage(np.zeros(200), np.zeros(200) - 50, minutes=silence)
    assert approaches(coast, p).is_empty()


# --- all together ----------------------------------------------------------------------------


def test_only_vessels_have_behaviours(coast) -> None:
    index, ids = coast
    x, y = wander(240)
    p = pl.concat(
        [
            voyage(x, y, mmsi=412000001),
            voyage(x, y, mmsi=412000002),
            voyage(x, y, mmsi=4121234),
            voyage(x, y, mmsi=994121234),
            voyage(x, y, mmsi=111412001),
        ]
    )
    told = pl.concat([statics(2, 412000002, "NET 7-81%"), statics(30, 412000001, "BOAT")])
    out = behaviours(p, told, index, NO_BERTHS, segment_ids=ids)
    assert set(out.events["mmsi"]) == {412000001}
    assert dict(out.vessels.select("mmsi", "kind").iter_rows())[412000002] == "net beacon"
    assert out.counts["vessels"] == 1
    assert out.tracks.height == p.height


def test_the_same_positions_give_the_same_events(coast) -> None:
    index, ids = coast
    x, y = wander(240)
    p = voyage(x, y)
    twice = pl.concat([p, p]).sample(fraction=1, shuffle=True, seed=3)
    one = behaviours(p, empty(STATICS), index, NO_BERTHS, segment_ids=ids)
    two = behaviours(twice, empty(STATICS), index, NO_BERTHS, segment_ids=ids)
    assert one.events.height > 0
    assert two.events.equals(one.events)
    assert two.counts["duplicate"] == p.height
    assert one.events["event_id"].is_unique().all()


def test_nothing_gives_nothing(coast) -> None:
    index, ids = coast
    out = behaviours(empty(POSITIONS), empty(STATICS), index, NO_BERTHS, segment_ids=ids)
    assert out.events.schema == EVENTS
    assert out.events.is_empty()
    assert out.counts["tracks"] == 0
    p = voyage([0.0], [-60.0])
    assert behaviours(p, empty(STATICS), None, NO_BERTHS).events.is_empty()


def _of(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    batches = list(read(path))
    return pl.concat([b.positions for b in batches]), pl.concat([b.statics for b in batches])


@pytest.fixture(scope="module")
def kattegat(shared: Path) -> Behaviours:
    land, _ = repair_land(
        gpd.read_file(shared / "coast" / "land_osm_kattegat.gpkg"), name="land_osm_kattegat.gpkg"
    )
    shore = shorelines(land)
    cut = segments(shore)
    p, told = _of(shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz")
    index = ShoreIndex.build(shore, cut)
    return behaviours(p, told, index, NO_BERTHS, segment_ids=list(cut["segment_id"]))


def test_kattegat_mostly_passes_through(kattegat: Behaviours) -> None:
    assert kattegat.counts["kept"] == 51_569
    assert kattegat.counts["vessels"] == 356
    assert kattegat.counts["impossible"] < 20
    lying = kattegat.events.filter(pl.col("kind").is_in(["stop", "loitering", "shore_approach"]))
    assert lying["mmsi"].n_unique() < 40
    assert kattegat.counts["loitering"] < 10
    # Those who come ashore enter Østerby Havn on Læsø (57.323° N, 11.128° E): no wharves are
    # known in this run, and upstream has taken out the time that they lay there.
    landed = kattegat.events.filter(pl.col("kind") == "shore_approach")
    assert 5 <= landed.height <= 15
    near = (landed["lon"] - 11.1275).abs() + (landed["lat"] - 57.3235).abs()
    assert (near < 0.01).mean() > 0.8


def test_noaa_minutes_hold_stops_and_little_else(shared: Path) -> None:
    p, told = _of(shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz")
    out = behaviours(p, told, None, NO_BERTHS)
    assert out.counts["duplicate"] < 100
    assert out.counts["vessels"] > 10_000
    by_kind = dict(out.events["kind"].value_counts().iter_rows())
    # Half an hour of a vessel shows neither loitering nor where it ordinarily lies: those that
    # lie side by side in harbours that nobody told of look as if they met.
    assert not {"loitering", "drift", "dash", "chain", "berth_visit"} & by_kind.keys()
    assert by_kind["stop"] > 8_000
    assert sum(n for kind, n in by_kind.items() if kind not in ("stop", "rendezvous")) < 25
    assert set(out.events["mmsi"]) <= set(p["mmsi"])


def test_two_million_positions(full: bool, coast) -> None:
    index, ids = coast
    vessels, each = (330, 6060) if full else (33, 1000)
    rng = np.random.default_rng(7)
    knots = np.repeat(np.array([0, 0.2, 1.2, 9.0])[rng.integers(0, 4, (vessels, -(-each // 60)))],
                      60, axis=1)[:, :each]  # fmt: skip
    course = np.cumsum(rng.normal(0, 0.3, (vessels, each)), axis=1)
    x = np.cumsum(knots * 92.6 * np.sin(course), axis=1) + rng.normal(0, 8, course.shape)
    y = np.cumsum(knots * 92.6 * np.cos(course), axis=1) + rng.normal(0, 8, course.shape)
    x += rng.uniform(-8000, 8000, (vessels, 1))
    y -= rng.uniform(50, 8000, (vessels, 1))
    p = pl.concat(
        [
            voyage(x[v], y[v], mmsi=412000000 + v, minutes=np.arange(each) * 3, noise_m=0)
            for v in range(vessels)
        ]
    )
    begun = time.perf_counter()
    out = behaviours(p, empty(STATICS), index, berth(0, 0, 300), segment_ids=ids)
    took = time.perf_counter() - begun
    assert out.counts["rows_in"] == vessels * each
    assert min(out.counts[k] for k in ("stop", "loitering", "shore_approach")) > 0
    if full:
        assert took < 10


def test_settings_reach_the_detectors(coast) -> None:
    index, ids = coast
    p = voyage(*wander(180, 3.0))
    use = Rules(loitering=PRESETS["zhoushan"])
    out = behaviours(p, empty(STATICS), index, NO_BERTHS, segment_ids=ids, rules=use)
    assert evidence(out.events.filter(pl.col("kind") == "loitering"))[0]["preset"] == "zhoushan"


def test_a_boat_along_the_shore_from_its_wharf_to_a_beach_is_an_approach(coast) -> None:
    x, y = line((-6000, -100, 0, -100, 12))
    lie = np.zeros(15)
    x2, y2 = line((0, -60, 0, -6000, 12))
    p = voyage(np.r_[lie - 6000, x, lie, x2], np.r_[lie - 50, y, lie - 60, y2])
    assert evidence(approaches(coast, p, berth(-6000, 0, 300)))[0]["why"] == ["slow"]


def test_noise_at_the_edge_of_the_band_is_no_approach(coast) -> None:
    p = voyage(np.zeros(2000), np.zeros(2000) - 200, noise_m=15)
    assert approaches(coast, p).is_empty()


def test_stops_agree_with_another_program(shared: Path) -> None:
    """Stops of 10 min or more that the annotator of M3-Archimedes found in Greek waters."""
    lines = (shared / "ais" / "annot_vessels_input.csv").read_text().splitlines()
    rows = [r.split() for r in lines if r.count(" ") == 3]
    p = pl.concat(
        [
            table.with_columns(
                pl.from_epoch(pl.Series([int(r[3]) for r in some]), time_unit="s")
                .dt.cast_time_unit("ms").dt.replace_time_zone("UTC").alias("t"),
                pl.Series("lon", [float(r[1]) for r in some]),
                pl.Series("lat", [float(r[2]) for r in some]),
            )
            for vessel in sorted({r[0] for r in rows})
            for some in [[r for r in rows if r[0] == vessel]]
            for table in [voyage([0] * len(some), [0] * len(some), mmsi=412000000 + int(vessel))]
        ]
    )  # fmt: skip
    found = stops(tracks(p), statics=empty(STATICS))
    begun: dict[str, int] = {}
    theirs = []
    for row in (shared / "ais" / "annot_vessels_expected.csv").read_text().splitlines()[1:]:
        vessel, _, _, t, _, _, notes = row.split()
        if "STOP_START" in notes:
            begun[vessel] = int(t)
        if "STOP_END" in notes and vessel in begun:
            theirs.append((412000000 + int(vessel), begun.pop(vessel), int(t)))
    long = [stop for stop in theirs if stop[2] - stop[1] >= 600]
    hits = 0
    for mmsi, t0, t1 in long:
        begin, end = pl.col("t0").dt.epoch("s"), pl.col("t1").dt.epoch("s")
        shared_s = pl.min_horizontal(end, t1) - pl.max_horizontal(begin, t0)
        ours = found.filter(pl.col("mmsi") == mmsi).select(shared_s.clip(0).sum()).item()
        hits += ours > 0.5 * (t1 - t0)
    assert len(long) > 40
    assert hits / len(long) > 0.8
