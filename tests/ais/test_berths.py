"""Berths and anchorages learned from made stops, and who lay at them."""

import json
import time

import numpy as np
import polars as pl
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais._events import beyond_berths, events
from ais.berths import BerthRule, learn, visits
from ais.schema import BERTHS, EVENTS, empty

T0 = 1_772_323_200_000  # 2026-03-01
M_LAT = 6_371_008.8 * np.pi / 180
NONE = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})
MMSI = 412000000


def stops(x, y, hour, *, mmsi, hours=8.0, state="moored", spread_m=12.0, lon0=122.0, lat0=29.0):
    """Return stops at metres east and north of a place, some hours after the first of March."""
    n = np.broadcast_shapes(*(np.shape(v) for v in (x, y, hour, mmsi, hours, state)))[0]
    x, y, hour, mmsi, hours, state, spread_m = (
        np.broadcast_to(v, n) for v in (x, y, hour, mmsi, hours, state, spread_m)
    )
    lon = (lon0 + x / (M_LAT * np.cos(np.radians(lat0))) + 180) % 360 - 180
    lat = lat0 + y / M_LAT
    said = [
        {"state": str(s), "duration_min": float(60 * h), "spread_m": float(w), "n_positions": 9}
        for s, h, w in zip(state, hours, spread_m, strict=True)
    ]
    t0 = T0 + (hour * 3_600_000).astype(np.int64)
    return events(
        "stop",
        mmsi=np.asarray(MMSI + mmsi, np.uint32),
        t0=t0,
        t1=t0 + (hours * 3_600_000).astype(np.int64),
        lon=lon,
        lat=lat,
        wkb=np.asarray(shapely.to_wkb(shapely.points(lon, lat))),
        evidence=said,
        rule="stop",
        begun=(lon, lat),
    )


def inside(where: pl.DataFrame, berths: pl.DataFrame) -> np.ndarray:
    return beyond_berths(where["lon"].to_numpy(), where["lat"].to_numpy(), berths) <= 0


def quay(seed: int = 1, n: int = 60, long_m: float = 150.0, **more) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return stops(
        rng.uniform(-long_m / 2, long_m / 2, n), rng.normal(0, 8, n), rng.uniform(0, 700, n),
        mmsi=rng.integers(0, 12, n), **more,
    )  # fmt: skip


# --- learning --------------------------------------------------------------------------------


def test_a_quay_is_one_small_circle() -> None:
    said = quay()
    out = learn(said, NONE)
    assert out.schema == BERTHS
    assert out.select("kind", "basis", "vessels").row(0) == ("berth", "learned", 12)
    assert out.height == 1
    assert 50 <= out["stays"].item() <= 60  # some go on with the one before
    assert 75 + 50 <= out["radius_m"].item() <= 75 + 50 + 15
    assert inside(said, out).all()


def test_a_ferry_alone_is_enough_when_it_comes_day_after_day() -> None:
    day = np.arange(7)
    a = stops(np.zeros(7), 0.0, 24.0 * day + 8, mmsi=1, hours=0.25)
    b = stops(np.full(7, 9000.0), 0.0, 24.0 * day + 10, mmsi=1, hours=0.25)
    out = learn(pl.concat([a, b]), NONE)
    assert out["kind"].to_list() == ["berth", "berth"]
    assert out["stays"].to_list() == [7, 7]
    assert learn(pl.concat([a[:4], b[:4]]), NONE).is_empty()


def test_boats_laid_up_are_enough_before_they_move() -> None:
    laid = stops([0.0, 20.0, 40.0, 60.0], 0.0, 0.0, mmsi=np.arange(4), hours=20.0)
    assert learn(laid, NONE).height == 1
    assert learn(laid[:3], NONE).is_empty()


def test_what_is_no_berth() -> None:
    day = 24.0 * np.arange(3)
    met = np.arange(4)
    rng = np.random.default_rng(4)
    cases = {
        "waited twice": stops([0.0, 30.0], 0.0, [0.0, 50.0], mmsi=1, hours=5.0),
        "waited for four days": stops(np.zeros(4), 0.0, 24.0 * met, mmsi=1, hours=23.5),
        "cut by bad reception": stops(np.zeros(30), 0.0, 4.0 * np.arange(30), mmsi=1, hours=3.0),
        "one night's meeting": stops(40.0 * met, 0.0, 1.0 * met, mmsi=met, hours=2.0),
        "two nights' meetings": stops(
            np.tile(40.0 * met, 2), 0.0, np.repeat([0.0, 100.0], 4), mmsi=np.tile(met, 2), hours=2.0
        ),
        "slack water": stops(
            rng.normal(0, 50, 40), rng.normal(0, 50, 40), 24.0 * np.arange(40),
            mmsi=np.arange(40) % 9, hours=0.2, spread_m=60.0,
        ),
        "under power": stops(np.zeros(9), 0.0, 24.0 * np.arange(9), mmsi=1, state="holding"),
        "boats that land by turns": stops(
            np.zeros(16), 0.0, 20.0 * np.arange(16), mmsi=np.arange(16) % 6, hours=0.35
        ),
        "far apart": stops(2000.0 * met[:3], 0.0, day, mmsi=met[:3]),
    }  # fmt: skip
    for why, said in cases.items():
        assert learn(said, NONE).is_empty(), why


def test_what_lies_scattered_comes_together_by_chance_only() -> None:
    rng = np.random.default_rng(5)
    n = 3000
    wild = stops(
        rng.uniform(-25e3, 25e3, n), rng.uniform(-25e3, 25e3, n), rng.uniform(0, 8760, n),
        mmsi=rng.integers(0, 400, n), state="at_anchor", spread_m=120.0,
    )  # fmt: skip
    assert learn(wild, NONE).height <= 1
    crowd = stops(
        rng.normal(0, 250, 40), rng.normal(0, 250, 40), rng.uniform(0, 8760, 40),
        mmsi=rng.integers(0, 400, 40), state="at_anchor", spread_m=120.0,
    )  # fmt: skip
    out = learn(pl.concat([wild, crowd]), NONE)
    assert 1 <= out.height <= 2
    assert inside(crowd, out).mean() >= 0.9


def test_ships_at_anchor_are_an_anchorage_and_the_quay_beside_it_a_berth() -> None:
    rng = np.random.default_rng(2)
    n = 50
    calm = rng.random(n) < 0.5
    anchored = stops(
        rng.uniform(-900, 900, n), 1800 + rng.uniform(-700, 700, n), rng.uniform(0, 700, n),
        mmsi=rng.integers(20, 40, n), hours=12.0, spread_m=np.where(calm, 70.0, 150.0),
        state=np.where(calm, "moored", "at_anchor"),
    )  # fmt: skip
    out = learn(pl.concat([anchored, quay()]), NONE)
    kinds = dict(out.group_by("kind").len().iter_rows())
    assert kinds["berth"] == 1
    assert 1 <= kinds["anchorage"] <= 4
    assert out["radius_m"].max() <= 1500
    assert inside(anchored, out.filter(pl.col("kind") == "anchorage")).mean() >= 0.9
    assert inside(quay(), out.filter(pl.col("kind") == "berth")).all()


def test_a_big_harbour_is_many_circles_and_no_open_water() -> None:
    rng = np.random.default_rng(3)
    n = 2000
    angle = np.pi * rng.random(n)
    x, y = 1000 * np.cos(angle), 1000 * np.sin(angle)
    said = stops(x, y, rng.uniform(0, 2000, n), mmsi=rng.integers(0, 200, n))
    out = learn(said, NONE)
    assert 8 <= out.height <= 16
    assert out["radius_m"].max() <= 300
    assert out["berth_id"].is_unique().all()
    assert inside(said, out).mean() >= 0.95
    basin = stops(np.zeros(1), np.full(1, 400.0), 0.0, mmsi=1)
    sea = stops(np.zeros(1), np.full(1, -500.0), 0.0, mmsi=1)
    assert not inside(pl.concat([basin, sea]), out).any()


def test_known_berths_are_not_learned_again() -> None:
    known = pl.DataFrame({"lon": [122.0], "lat": [29.0], "radius_m": [250.0]})
    assert learn(quay(), known).is_empty()
    assert learn(quay(lat0=29.1), known).height == 1


def test_ids_stay_when_a_little_changes() -> None:
    rng = np.random.default_rng(6)
    parts = []
    for k in range(80):
        x, y = rng.uniform(-40e3, 40e3, 2)
        parts.append(quay(k, 40).with_columns(pl.col("lon") + x / 1e5, pl.col("lat") + y / 1e5))
    said = pl.concat(parts)
    out = learn(said, NONE)
    assert out.height > 70
    moved = said.sample(fraction=0.97, seed=1).with_columns(
        pl.Series("lat", 2e-5 * rng.normal(size=said.height))[: int(0.97 * said.height)]
        + pl.col("lat")
    )
    again = learn(moved, NONE)
    assert len(set(again["berth_id"]) & set(out["berth_id"])) >= 0.95 * out.height


@given(st.integers(0, 2**32 - 1), st.sampled_from([(122.0, 29.0), (180.0, 0.0), (-179.999, 75.0)]))
def test_order_repeats_and_place_make_no_difference(seed: int, at: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    said = quay(seed % 1000, 30, lon0=at[0], lat0=at[1])
    out = learn(said, NONE)
    assert out.height == 1
    assert inside(said, out).mean() >= 0.95
    assert out["radius_m"].item() <= 75 + 50 + 20
    mixed = said.sample(fraction=1, shuffle=True, seed=int(rng.integers(1000)))
    assert learn(mixed, NONE).equals(out)
    assert visits(mixed, out).equals(visits(said, out))


def test_of_nothing_nothing_is_learned() -> None:
    assert learn(empty(EVENTS), NONE).equals(empty(BERTHS))
    assert visits(empty(EVENTS), empty(BERTHS)).equals(empty(EVENTS))
    assert visits(quay(), empty(BERTHS)).equals(empty(EVENTS))
    assert visits(empty(EVENTS), learn(quay(), NONE)).equals(empty(EVENTS))


def test_two_hundred_thousand_stops(full: bool) -> None:
    rng = np.random.default_rng(7)
    n = 200_000 if full else 20_000
    wild = n // 5
    tame = rng.uniform(-1e5, 1e5, (2, 100))[:, rng.integers(0, 100, n - wild)]
    parts = [
        stops(
            x + rng.normal(0, 150, len(x)), y + rng.normal(0, 20, len(x)),
            rng.uniform(0, 8760, len(x)), mmsi=rng.integers(0, 5000, len(x)),
            hours=rng.exponential(5, len(x)) + 0.2,
        )
        for x, y in (tame, rng.uniform(-1e5, 1e5, (2, wild)))
    ]  # fmt: skip
    said = pl.concat(parts)
    begun = time.process_time()
    out = learn(said, NONE)
    took = time.process_time() - begun
    assert 100 <= out.filter(pl.col("kind") == "berth").height <= 800  # of 1 km of quay each
    assert inside(parts[0], out).mean() >= 0.95
    if full:
        assert took < 10  # of two cores; 5 s on an idle machine


# --- visits ----------------------------------------------------------------------------------


def berth(x: float, radius_m: float, name: str, kind: str = "berth") -> pl.DataFrame:
    lon = 122.0 + x / (M_LAT * np.cos(np.radians(29)))
    row = {"berth_id": name, "kind": kind, "basis": "known", "lon": lon, "lat": 29.0,
           "radius_m": radius_m, "vessels": None, "stays": None}  # fmt: skip
    return pl.DataFrame([row], schema=BERTHS)


def test_stops_an_hour_apart_are_one_stay() -> None:
    said = stops(
        [0.0, 10.0, 5.0, 0.0], 0.0, [0.0, 2.9, 5.0, 7.1], mmsi=1, hours=[2.0, 1.5, 1.0, 1.0],
        state=["moored", "holding", "moored", "moored"],
    )  # fmt: skip
    out = visits(said, berth(0, 200, "a"))
    assert out.schema == EVENTS
    assert out["kind"].unique().to_list() == ["berth_visit"]
    first, second = (json.loads(e) for e in out["evidence"])
    assert out["t0"].dt.epoch("ms").to_list() == [T0, T0 + round(7.1 * 3_600_000)]
    assert out["t1"].dt.epoch("ms").to_list() == [T0 + 6 * 3_600_000, T0 + round(8.1 * 3_600_000)]
    assert (first["n_stops"], first["stay_min"], first["lay_min"]) == (3, 360, 270)
    assert (first["berth_id"], first["berth_kind"], first["state"]) == ("a", "berth", "moored")
    assert first["n_positions"] == 27
    assert second["n_stops"] == 1


def test_each_vessel_has_its_own_stays_and_the_deepest_berth() -> None:
    said = stops(
        [0.0, 0.0, 400.0, 2000.0], 0.0, [0.0, 1.0, 9.0, 20.0], mmsi=[1, 2, 1, 1], hours=2.0
    )
    places = pl.concat([berth(0, 250, "a"), berth(450, 250, "b", "anchorage")])
    out = visits(said, places)
    got = [(m - MMSI, json.loads(e)["berth_id"]) for m, e in out.select("mmsi", "evidence").rows()]
    assert got == [(1, "a"), (2, "a"), (1, "b")]
    assert json.loads(out["evidence"][2])["berth_kind"] == "anchorage"


def test_a_boat_between_two_circles_stays_at_one_place() -> None:
    places = pl.concat([berth(-150, 200, "a"), berth(150, 200, "b")])
    said = stops([-10.0, 10.0, -10.0], 0.0, [0.0, 2.5, 5.0], mmsi=1, hours=2.0)
    out = visits(said, places)
    assert out.height == 1
    assert json.loads(out["evidence"][0])["n_stops"] == 3


def test_two_hulls_of_one_number_lie_at_their_own_berths() -> None:
    hour = np.arange(6) * 1.0
    said = stops(np.tile([0.0, 30e3], 3), 0.0, hour, mmsi=1, hours=1.5)
    out = visits(said, pl.concat([berth(0, 200, "a"), berth(30e3, 200, "b")]))
    assert [json.loads(e)["n_stops"] for e in out["evidence"]] == [3, 3]


def test_a_rule_is_kept() -> None:
    strict = BerthRule(least_vessels=20, least_days=100, residents=100)
    assert learn(quay(), NONE, strict).is_empty()
