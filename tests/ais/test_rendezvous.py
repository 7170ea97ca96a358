"""Rendezvous: made meetings, and what looks like one."""

import json
import time
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais._events import sailed
from ais._near import overlapping
from ais.rendezvous import PRESETS, meetings, spells
from ais.schema import BERTHS, EVENTS, POSITIONS, SPELLS, TIME, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})
MOTHER, GO, THIRD = 412000001, 412000002, 412000003
KNOT_MIN = 1852 / 60


def at(x, y, lon0: float = 122.0, lat0: float = 29.0):
    lon = lon0 + np.asarray(x, float) / (M_LAT * np.cos(np.radians(lat0)))
    return (lon + 180.0) % 360.0 - 180.0, lat0 + np.asarray(y, float) / M_LAT


def voyage(
    knots, *, mmsi=GO, step_s=60.0, noise_m=5.0, seed=None, told=True, lon0=122.0, lat0=29.0
) -> pl.DataFrame:
    """Return positions every ``step_s`` of one who is at x, y (m) at minute m, for (m, x, y)."""
    minute, x, y = np.array(knots, float).T
    rng = np.random.default_rng(mmsi if seed is None else seed)
    first = rng.uniform(0, step_s / 60)
    t = np.arange(minute[0] + first, minute[-1], step_s / 60)
    px, py = np.interp(t, minute, x), np.interp(t, minute, y)
    leg = np.clip(np.searchsorted(minute, t, side="right") - 1, 0, len(minute) - 2)
    sog = np.hypot(np.diff(x), np.diff(y))[leg] / np.diff(minute)[leg] / KNOT_MIN
    n = len(t)
    lon, lat = at(px + rng.normal(0, noise_m, n), py + rng.normal(0, noise_m, n), lon0, lat0)
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + t * 60_000).astype(np.int64),
        "lon": lon,
        "lat": lat,
        "sog_kn": np.abs(sog + rng.normal(0, 0.1, n)) if told else [None] * n,
        "msg_type": [1] * n,
        "cls": ["A"] * n,
        "source": ["test"] * n,
    }
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def lying(mmsi=MOTHER, x=0.0, y=0.0, minutes=(0, 300), **rest) -> pl.DataFrame:
    return voyage([(minutes[0], x, y), (minutes[1], x, y)], mmsi=mmsi, **rest)


def visit(begin=120.0, took=40.0, knots=8.0, x=40.0, y=0.0, **rest) -> pl.DataFrame:
    """Return a boat that comes from the south-west, stays by x, y, and goes to the north."""
    far = 60 * knots * KNOT_MIN
    way = [
        (begin - 60, x - 0.6 * far, y - 0.8 * far),
        (begin, x, y),
        (begin + took, x, y),
        (begin + took + 60, x, y + far),
    ]
    return voyage(way, **rest)


def met(*parts: pl.DataFrame, berths=NO_BERTHS, at_sea=NO_BERTHS, preset="coastal", **rest):
    found = spells(sailed(tracks(pl.concat(parts))), berths=at_sea, rule=PRESETS[preset])
    assert found.schema == SPELLS
    out = meetings(found, berths=berths, rule=PRESETS[preset], **rest)
    assert out.schema == EVENTS
    assert out["event_id"].is_unique().all()
    return out


def evidence(events: pl.DataFrame) -> dict:
    return json.loads(events["evidence"].item())


def lasted(events: pl.DataFrame) -> float:
    return events.select((pl.col("t1") - pl.col("t0")).dt.total_seconds() / 60).item()


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("step_s", [10, 60, 180, 360])
def test_a_boat_that_comes_alongside_is_a_rendezvous(step_s: float, told: bool) -> None:
    out = met(lying(step_s=step_s), visit(step_s=step_s, x=20, told=told))
    row = out.row(0, named=True)
    assert out.height == 1
    assert (row["kind"], row["mmsi"], row["other_mmsi"]) == ("rendezvous", MOTHER, GO)
    begin, end = (row[c].timestamp() / 60 - T0 / 60_000 for c in ("t0", "t1"))
    blur = 1.5 if step_s <= 60 else 1 + step_s / 60 * (0.6 if told else 1.0)
    assert (begin, end) == (pytest.approx(120, abs=blur), pytest.approx(160, abs=blur))
    said = evidence(out)
    assert said["alongside"]
    assert said["mean_m"] < 60
    assert said["came_together"] is False
    assert said["left_together"] is False
    assert not said["together_under_way"]
    assert max(said["mean_speed_kn"], said["other_mean_speed_kn"]) < 1
    lon, lat = at(10, 0)
    assert row["lon"] == pytest.approx(float(lon), abs=2e-4)
    assert row["lat"] == pytest.approx(float(lat), abs=2e-4)
    assert shapely.from_wkb(row["geometry"]).geom_type == "LineString"


@pytest.mark.parametrize("step_s", [10, 60, 180])
@pytest.mark.parametrize(
    ("took", "off", "count"),
    [(24, 40, 1), (16, 40, 0), (60, 170, 1), (60, 235, 0)],
)
def test_the_thresholds_hold_however_often_the_vessels_report(step_s, took, off, count) -> None:
    for seed in range(4):
        boat = visit(took=took, x=off, step_s=step_s, seed=seed)
        assert met(lying(step_s=180), boat).height == count


def drifting(knots: float, x: float = 0.0, **rest) -> pl.DataFrame:
    way = [(0, x, -6000), (60, x, 0), (120, x, 60 * knots * KNOT_MIN), (180, x, 8000)]
    return voyage(way, **rest)


@pytest.mark.parametrize(("knots", "count"), [(1.7, 1), (2.4, 0), (4.0, 0)])
@pytest.mark.parametrize("step_s", [10, 60, 180])
def test_both_must_be_slow(knots: float, count: int, step_s: float) -> None:
    other = voyage([(0, 9000, 0), (60, 60, 0), (120, 60, 60 * knots * KNOT_MIN), (180, 9000, 0)],
                   mmsi=MOTHER, step_s=step_s)  # fmt: skip
    assert met(drifting(knots, step_s=step_s), other).height == count


def test_circling_a_ship_at_speed_is_not_slow() -> None:
    minutes = np.arange(0, 180, 0.05)
    angle = minutes * 5 * KNOT_MIN / 60
    fast = voyage(np.column_stack([minutes, 60 * np.cos(angle), 60 * np.sin(angle)]), step_s=10)
    assert met(lying(), fast).is_empty()


def test_passing_by_is_none() -> None:
    passing = voyage([(100, -9000, 50), (160, 9000, 50)])
    assert met(lying(), passing).is_empty()


def test_short_lapses_are_bridged_and_long_ones_not() -> None:
    def lapse(minutes: float) -> pl.DataFrame:
        half = 120 + 15
        way = [(60, -9000, 0), (120, 40, 0), (half, 40, 0), (half + minutes / 2, 400, 0),
               (half + minutes, 40, 0), (half + minutes + 15, 40, 0), (220, 9000, 0)]  # fmt: skip
        return voyage(way, step_s=20)

    assert lasted(met(lying(), lapse(4))) == pytest.approx(34, abs=1)
    assert met(lying(), lapse(12)).is_empty()


def test_a_long_silence_is_no_meeting_and_a_short_one_no_hindrance() -> None:
    def heard(*spans: tuple[float, float]) -> pl.DataFrame:
        minute = (pl.col("t").dt.epoch("ms") - T0) / 60_000
        kept = pl.any_horizontal(minute.is_between(a, b) for a, b in spans)
        return visit(took=50).filter(kept)

    assert met(lying(), heard((60, 133), (167, 230))).is_empty()
    assert lasted(met(lying(), heard((60, 138), (150, 230)))) == pytest.approx(50, abs=2)


def test_a_berth_is_no_place_to_meet_known_or_learned() -> None:
    lon, lat = at(0, 0)
    quay = pl.DataFrame({"lon": [float(lon)], "lat": [float(lat)], "radius_m": [150.0]})
    pair = lying(), visit(took=90)
    assert met(*pair).height == 1
    assert met(*pair, berths=quay).is_empty()
    assert met(*pair, at_sea=quay).is_empty()
    assert spells(sailed(tracks(pair[0])), berths=quay).is_empty()
    elsewhere = quay.with_columns(lat=pl.col("lat") + 0.01)
    assert met(*pair, berths=elsewhere).height == 1


def test_presets_differ_as_their_definitions_do() -> None:
    def hits(took: float, off: float) -> list[int]:
        pair = lying(minutes=(0, 400)), visit(took=took, x=off)
        return [met(*pair, preset=p).height for p in ("coastal", "skylight", "gfw")]

    assert hits(25, 100) == [1, 0, 0]
    assert hits(40, 225) == [0, 1, 0]
    assert hits(150, 100) == [1, 1, 1]
    assert hits(150, 400) == [0, 0, 1]


def convoy(off: float, mmsi: int, knots: float = 6.0, **rest) -> pl.DataFrame:
    """Return one who sails east, lies for an hour, and sails on."""
    far = 60 * knots * KNOT_MIN
    way = [(0, -far, off), (60, 0, off), (120, 0, off), (180, far, off)]
    return voyage(way, mmsi=mmsi, **rest)


@pytest.mark.parametrize("step_s", [10, 60, 180])
def test_those_who_keep_company_under_way_say_so(step_s: float) -> None:
    out = met(convoy(0, MOTHER, step_s=step_s), convoy(120, GO, step_s=step_s))
    said = evidence(out)
    assert said["came_together"] is said["left_together"] is said["together_under_way"] is True
    assert said["came_apart_m"] == pytest.approx(120, abs=60)


def test_two_who_arrive_at_once_from_two_sides_have_not_come_together() -> None:
    other = voyage([(0, 9000, 3000), (60, 60, 0), (120, 60, 0), (180, 0, 9000)], mmsi=MOTHER)
    said = evidence(met(convoy(0, GO), other))
    assert said["came_together"] is said["left_together"] is False


def test_two_transmitters_on_one_ship_are_no_rendezvous() -> None:
    assert met(convoy(0, MOTHER), convoy(8, GO, step_s=180)).is_empty()


def test_what_a_pair_did_before_is_counted() -> None:
    far = 90 * 6 * KNOT_MIN
    legs = [
        (0, 0, 0),
        (60, 0, 0),
        (150, far, 0),
        (210, far, 0),
        (300, 2 * far, 0),
        (360, 2 * far, 0),
    ]
    out = met(voyage(legs, mmsi=MOTHER), voyage([(m, x, 120) for m, x, _ in legs]))
    said = [json.loads(e) for e in out["evidence"]]
    assert [s["met_before"] for s in said] == [0, 1, 2]
    assert [s["company_before"] for s in said] == [0, 1, 2]
    assert [s["came_together"] for s in said] == [None, True, True]


def test_hulls_of_one_mmsi_may_meet_but_none_meets_itself() -> None:
    rows = tracks(pl.concat([lying(MOTHER), visit(x=60)]))
    one = rows.with_columns(mmsi=pl.lit(GO, pl.UInt32), hull=(pl.col("mmsi") == GO).cast(pl.UInt8))
    found = spells(sailed(one), berths=NO_BERTHS)
    assert sorted(set(found["hull"])) == [0, 1]
    out = meetings(found, berths=NO_BERTHS)
    assert out.select("mmsi", "other_mmsi").rows() == [(GO, GO)]
    assert meetings(found.with_columns(hull=pl.lit(0, pl.UInt8)), berths=NO_BERTHS).is_empty()


def test_nothing_gives_nothing() -> None:
    assert meetings(empty(SPELLS), berths=NO_BERTHS).equals(empty(EVENTS))
    nobody = sailed(tracks(empty(POSITIONS)))
    assert spells(nobody, berths=NO_BERTHS).equals(empty(SPELLS))


@pytest.mark.parametrize("place", [(180.0, 10.0), (-180.0, -30.0), (122.0, 75.0), (0.0, 0.0)])
def test_the_antimeridian_and_high_latitudes(place: tuple[float, float]) -> None:
    lon0, lat0 = place
    where = {"lon0": lon0, "lat0": lat0}
    here = met(lying(x=-60, **where), visit(x=60, **where))
    there = met(lying(x=-60), visit(x=60))
    assert here.height == there.height == 1
    assert abs(here["t0"].item() - there["t0"].item()).total_seconds() < 5
    assert evidence(here)["mean_m"] == pytest.approx(evidence(there)["mean_m"], abs=1)
    assert abs(abs(here["lon"].item()) - abs(at(0, 0, lon0, lat0)[0])) < 1e-3


def fleet(seed: int, n: int = 6) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for k in range(n):
        minute = np.cumsum(rng.uniform(20, 60, 7))
        x, y = np.repeat(rng.uniform(-250, 250, (2, 4)), 2, axis=1)[:, :7]
        way = np.column_stack([minute, x, y])
        parts.append(voyage(way, mmsi=412000001 + k, seed=seed + k))
    return pl.concat(parts)


@given(st.integers(0, 10_000))
def test_neither_order_nor_repetition_nor_a_mirror_changes_anything(seed: int) -> None:
    p = fleet(seed)
    found = spells(sailed(tracks(p)), berths=NO_BERTHS)
    out = meetings(found, berths=NO_BERTHS)
    mixed = tracks(p.sample(fraction=1, shuffle=True, seed=seed))
    assert spells(sailed(mixed), berths=NO_BERTHS).equals(found)
    shuffled = found.sample(fraction=1, shuffle=True, seed=seed)
    assert meetings(shuffled, berths=NO_BERTHS).equals(out)
    mirrored = tracks(p.with_columns(lon=244.0 - pl.col("lon")))
    other = meetings(spells(sailed(mirrored), berths=NO_BERTHS), berths=NO_BERTHS)
    assert other.select("mmsi", "other_mmsi").equals(out.select("mmsi", "other_mmsi"))
    assert (other["t0"].dt.epoch("ms") - out["t0"].dt.epoch("ms")).abs().max() in (0, 1, None)


@given(st.integers(0, 10_000))
def test_the_spells_of_a_vessel_are_its_own(seed: int) -> None:
    p = fleet(seed)
    all_of = spells(sailed(tracks(p)), berths=NO_BERTHS)
    for mmsi in p["mmsi"].unique().sort()[:3]:
        alone = spells(sailed(tracks(p.filter(pl.col("mmsi") == mmsi))), berths=NO_BERTHS)
        assert alone.equals(all_of.filter(pl.col("mmsi") == mmsi))
    away = (pl.col("way_t").list.diff().list.drop_nulls().list.min() > timedelta_ms(0)).all()
    assert all_of.select(away).item()


def timedelta_ms(ms: int) -> pl.Expr:
    return pl.lit(ms).cast(pl.Duration("ms"))


@given(st.integers(0, 10_000))
def test_the_sweep_finds_what_comparing_all_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    west, south = rng.uniform(-180.05, -179.95, n), rng.uniform(-0.05, 0.05, n)
    west = (west + 180.0) % 360.0 - 180.0
    east, north = west + rng.uniform(0, 0.02, n), south + rng.uniform(0, 0.03, n)
    slot, owner = rng.integers(0, 2, n), rng.integers(0, 8, n)
    i, j = overlapping(slot, owner, (west, south, east, north), pad_m=300.0)
    a, b = np.triu_indices(n, 1)
    apart = (west[b] - west[a] + 180.0) % 360.0 - 180.0
    pad = 300.0 / M_LAT
    near = (apart <= east[a] - west[a] + pad) & (-apart <= east[b] - west[b] + pad)
    near &= (south[a] <= north[b] + pad) & (south[b] <= north[a] + pad)
    near &= (slot[a] == slot[b]) & (owner[a] != owner[b])
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == list(
        zip(a[near].tolist(), b[near].tolist(), strict=True)
    )


def crowd(vessels: int, days: int) -> pl.DataFrame:
    """Return spells of ships at one anchorage, 230 m apart, each swinging about its anchor."""
    side = int(np.ceil(np.sqrt(vessels)))
    n = days * 24 * 6
    t = np.arange(n) * 600_000
    rng = np.random.default_rng(5)
    phase = 2 * np.pi * t / (745 * 60_000) + rng.normal(0, 0.2, (vessels, 1))
    swing = rng.uniform(40, 90, (vessels, 1))
    x = (np.arange(vessels) % side * 230.0)[:, None] + swing * np.cos(phase)
    y = (np.arange(vessels) // side * 230.0)[:, None] + swing * np.sin(phase)
    lon, lat = at(x, y)
    width = n
    return pl.DataFrame(
        {
            "mmsi": 412000001 + np.arange(vessels),
            "hull": [0] * vessels,
            "t0": pl.Series([T0] * vessels).cast(TIME),
            "t1": pl.Series([T0 + int(t[-1])] * vessels).cast(TIME),
            "lon": lon.mean(axis=1),
            "lat": lat.mean(axis=1),
            "reach_m": [100.0] * vessels,
            "way_t": pl.Series(np.tile(T0 + t, (vessels, 1)), dtype=pl.Array(pl.Int64, width)),
            "way_lon": pl.Series(lon, dtype=pl.Array(pl.Float64, width)),
            "way_lat": pl.Series(lat, dtype=pl.Array(pl.Float64, width)),
        }
    ).cast(SPELLS)  # fmt: skip


def test_a_crowded_anchorage(full: bool) -> None:
    found = crowd(*((2000, 30) if full else (200, 2)))
    begun = time.perf_counter()
    out = meetings(found, berths=NO_BERTHS)
    took = time.perf_counter() - begun
    assert out.height > 0
    if full:
        assert took < 60


def test_two_hulls_of_one_mmsi_by_the_same_ship_are_one_rendezvous() -> None:
    parts = [lying(MOTHER, minutes=(60, 200)), lying(GO, x=50), lying(THIRD, x=90)]
    found = spells(sailed(tracks(pl.concat(parts))), berths=NO_BERTHS)
    second = pl.col("mmsi") == THIRD
    # As if they had been seen to come: those that only lie side by side are none.
    found = found.with_columns(reach_m=pl.lit(500.0))
    one = found.with_columns(
        hull=second.cast(pl.UInt8), mmsi=pl.when(second).then(GO).otherwise("mmsi").cast(pl.UInt32)
    )
    out = meetings(one, berths=NO_BERTHS)
    assert sorted(out.select("mmsi", "other_mmsi").rows()) == [(MOTHER, GO), (GO, GO)]
    assert out["event_id"].is_unique().all()


def test_two_moored_side_by_side_are_dropped_by_the_berth_that_was_learned_there() -> None:
    quay = at(20, 0)
    still = lying(MOTHER, minutes=(0, 600)), lying(GO, x=35, minutes=(100, 500))
    assert met(*still).is_empty()
    pair = lying(MOTHER, minutes=(0, 600)), visit(mmsi=GO, x=35)
    assert met(*pair).height == 1
    learned = pl.DataFrame(
        [{"berth_id": "b1", "kind": "berth", "basis": "learned", "lon": float(quay[0]),
          "lat": float(quay[1]), "radius_m": 80.0, "vessels": 3, "stays": 9}],
        schema=BERTHS,
    )  # fmt: skip
    assert met(*pair, berths=learned).is_empty()


@given(st.integers(0, 10_000), st.integers(60, 200))
def test_a_spell_depends_on_a_quarter_of_an_hour_before_and_after(seed: int, cut: int) -> None:
    p = fleet(seed)
    until = pl.lit(T0 + cut * 60_000).cast(TIME)
    part = spells(sailed(tracks(p.filter(pl.col("t") <= until))), berths=NO_BERTHS)
    whole = spells(sailed(tracks(p)), berths=NO_BERTHS)
    over = pl.col("t1") < until - timedelta_ms(15 * 60_000)
    assert part.filter(over).equals(whole.filter(over))
    rest = spells(sailed(tracks(p.filter(pl.col("t") >= until))), berths=NO_BERTHS)
    began = pl.col("t0") > until + timedelta_ms(15 * 60_000)
    assert rest.filter(began).equals(whole.filter(began))


def test_a_meeting_that_goes_on_keeps_its_id() -> None:
    ids = {
        met(*(x.filter(pl.col("t").dt.epoch("ms") < T0 + m * 60_000) for x in pair))["event_id"][0]
        for pair in [(lying(), visit(took=90))]
        for m in (150, 170, 200, 260)
    }
    assert len(ids) == 1
