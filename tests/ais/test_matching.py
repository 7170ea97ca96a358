"""Detections and AIS: what goes together on made seas, and what stays dark."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ais._pairing import best_pairs
from ais.dark import VERDICTS, DarkRule, dark
from ais.detections import FIRST_PSEUDO, numbered, on_sensor_tracks, tracks_of
from ais.loitering import loitering
from ais.matching import MATCHED, REASONS, Gates, match
from ais.schema import DETECTIONS, EVENTS, POSITIONS, STATICS, TIME, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M = 6_371_008.8 * np.pi / 180
KNOT = 1852 / 3600
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})
MMSI = 412_000_000


def at(x, y, place=(122.0, 29.0)):
    """Return lon, lat of metres east and north of a place, lon within 180° E and W."""
    lon = place[0] + np.asarray(x) / (M * np.cos(np.radians(place[1])))
    return (lon + 180.0) % 360.0 - 180.0, place[1] + np.asarray(y) / M


def heard(mmsi: int, t, x, y, *, place=(122.0, 29.0), told: bool = True) -> pl.DataFrame:
    """Return AIS positions at seconds ``t``; speed and course are those of the way."""
    t, x, y = (np.asarray(v, dtype=float) for v in (t, x, y))
    vx, vy = (np.gradient(v, t) if len(t) > 1 else np.zeros(1) for v in (x, y))
    lon, lat = at(x, y, place)
    return pl.DataFrame(
        {
            "mmsi": np.full(len(t), mmsi, np.uint32),
            "t": pl.Series((T0 + t * 1000).astype(np.int64)).cast(TIME),
            "lon": lon,
            "lat": lat,
            "sog_kn": pl.Series(np.hypot(vx, vy) / KNOT if told else [None] * len(t), strict=False)
            .cast(pl.Float32),
            "cog_deg": pl.Series(
                np.degrees(np.arctan2(vx, vy)) % 360 if told else [None] * len(t), strict=False
            ).cast(pl.Float32),
        }
    )  # fmt: skip


def seen(name: str, t, x, y, *, place=(122.0, 29.0), **columns) -> pl.DataFrame:
    """Return detections at seconds ``t``, called name-0, name-1, ..."""
    t = np.atleast_1d(np.asarray(t, dtype=float))
    lon, lat = at(np.broadcast_to(x, t.shape), np.broadcast_to(y, t.shape), place)
    data = {
        "detection_id": [f"{name}-{i}" for i in range(len(t))],
        "sensor": "radar",
        "t": pl.Series((T0 + t * 1000).astype(np.int64)).cast(TIME),
        "lon": lon,
        "lat": lat,
    } | columns
    rest = {c: None for c in DETECTIONS if c not in data}
    out = pl.DataFrame(data).with_columns(pl.lit(v).alias(c) for c, v in rest.items())
    return out.select(DETECTIONS.names()).cast(DETECTIONS)


def whose(matched: pl.DataFrame) -> dict[str, int | None]:
    return dict(matched.select("detection_id", "mmsi").iter_rows())


def why(matched: pl.DataFrame) -> dict[str, str]:
    return dict(matched.select("detection_id", "why").iter_rows())


def statics(mmsi: int, **told) -> pl.DataFrame:
    row = dict.fromkeys(STATICS) | {"mmsi": mmsi, "t": datetime(2026, 3, 1, tzinfo=UTC)} | told
    return pl.DataFrame([row], schema=STATICS)


# --- where a vessel was ----------------------------------------------------------------------


def test_a_place_between_two_positions_is_interpolated() -> None:
    ais = heard(MMSI, [0, 180], [0, 900], [0, 0])
    found = match(seen("a", [60, 120], [300, 600], [40, 0]), ais)
    assert found.schema == MATCHED
    assert whose(found) == {"a-0": MMSI, "a-1": MMSI}
    assert found["distance_m"].to_list() == pytest.approx([40, 0], abs=0.5)
    assert set(found["why"]) == {"plot"}


@pytest.mark.parametrize(
    ("silence", "at_s", "matched"),
    [(600, 300, True), (601, 300, True), (1201, 302, False), (1201, 898, False), (1201, 240, True)],
)
def test_no_interpolation_over_a_silence_longer_than_the_limit(
    silence: int, at_s: int, matched: bool
) -> None:
    """Within 5 min of either end it is reckoned on; between them nobody knows."""
    ais = heard(MMSI, [0, silence], [0, 5.0 * silence], [0, 0])
    found = match(seen("a", at_s, 5.0 * at_s, 0), ais)
    assert whose(found)["a-0"] == (MMSI if matched else None)


def test_reckoning_ends_and_grows_unsure_with_time() -> None:
    ais = heard(MMSI, [0, 10], [0, 50], [0, 0])
    off = [120.0, 250.0]
    soon = match(seen("a", [15, 15], [75, 75], off, track_id=None), ais, gates=Gates(frame_s=0))
    assert whose(soon) == {"a-0": MMSI, "a-1": None}
    late = match(seen("a", 200, 1000, 400), ais)
    assert late["distance_m"][0] == pytest.approx(400, abs=2)
    assert whose(match(seen("a", 309, 5.0 * 309, 0), ais))["a-0"] == MMSI
    assert whose(match(seen("a", 311, 5.0 * 311, 0), ais))["a-0"] is None
    assert whose(match(seen("a", -200, -1000, 0), ais))["a-0"] == MMSI


def test_a_vessel_that_tells_no_speed_is_less_sure_of_its_place() -> None:
    told = match(seen("a", 60, 0, 0), heard(MMSI, [0], [0], [0]))
    silent = match(seen("a", 60, 0, 0), heard(MMSI, [0], [0], [0], told=False))
    assert silent["cost"][0] > told["cost"][0]


def test_a_vessel_that_turned_between_two_positions_is_less_sure_of_its_place() -> None:
    # 300 m out and back at 2 m/s: both positions lie at one place, and say that it went away.
    t, x = np.array([-10.0, 0, 300, 310]), np.array([-20.0, 0, 0, -20])
    ais = heard(MMSI, t, x, np.zeros(4))
    way = pl.Series(np.array([4.0, 4, 4, 4]), dtype=pl.Float32)
    turned = ais.with_columns(sog_kn=way, cog_deg=pl.Series([90.0, 90, 270, 270], dtype=pl.Float32))
    steady = ais.with_columns(sog_kn=pl.Series([0.0] * 4, dtype=pl.Float32))
    echo = seen("a", 150, 300, 0, error_m=35.0)
    assert whose(match(echo, turned))["a-0"] == MMSI
    assert whose(match(echo, steady))["a-0"] is None


@given(st.floats(0.1, 12.0), st.floats(0.0, 360.0), st.floats(-180.0, 180.0), st.floats(30, 600))
@settings(max_examples=40)
def test_one_that_turns_evenly_explains_its_own_echo(
    speed: float, course: float, turn: float, long_s: float
) -> None:
    # From one velocity to another at even pace, seen half-way.
    one, other = (speed * np.exp(1j * np.radians(90.0 - c)) for c in (course, course + turn))
    half = one * long_s / 2 + (other - one) * long_s / 8
    end = (one + other) * long_s / 2
    ais = heard(MMSI, [0, long_s], [0, end.real], [0, end.imag]).with_columns(
        sog_kn=pl.lit(speed / KNOT, pl.Float32),
        cog_deg=pl.Series([course % 360, (course + turn) % 360], dtype=pl.Float32),
    )
    assert whose(match(seen("a", long_s / 2, half.real, half.imag), ais))["a-0"] == MMSI


def test_impossible_positions_and_other_tracks_are_not_joined() -> None:
    ais = heard(MMSI, [0, 60, 120], [0, 9000, 600], [0, 0, 0]).with_columns(
        track_id=pl.Series([0, None, 0], dtype=pl.UInt32)
    )
    found = match(seen("a", [60, 61], [300, 9000], [0, 0]), ais)
    assert whose(found) == {"a-0": MMSI, "a-1": None}


def test_two_hulls_of_one_number_explain_two_echoes_of_one_frame() -> None:
    one, two = heard(MMSI, [0, 60], [0, 0], [0, 0]), heard(MMSI, [0, 60], [3000, 3000], [0, 0])
    ais = pl.concat(
        [one.with_columns(hull=pl.lit(0, pl.UInt8)), two.with_columns(hull=pl.lit(1, pl.UInt8))]
    )
    echoes = pl.concat([seen("a", 30, 10, 0), seen("b", 30, 3010, 0)])
    assert whose(match(echoes, ais)) == {"a-0": MMSI, "b-0": MMSI}


# --- who takes what --------------------------------------------------------------------------


def test_a_frame_is_given_as_a_whole() -> None:
    """The nearest vessel of each would leave one unexplained: the sum is what counts."""
    ais = pl.concat(
        [heard(1 + MMSI, [0, 60], [0, 0], [0, 0]), heard(2 + MMSI, [0, 60], [120, 120], [0, 0])]
    )
    echoes = pl.concat([seen("a", 30, 70, 0), seen("b", 30, 200, 0)])
    assert whose(match(echoes, ais)) == {"a-0": 1 + MMSI, "b-0": 2 + MMSI}


def test_a_vessel_is_seen_once_a_frame_and_once_a_sensor() -> None:
    ais = heard(MMSI, [0, 60], [0, 0], [0, 0])
    echoes = pl.concat(
        [seen("a", 30, 10, 0), seen("b", 30.5, 90, 0), seen("c", 30, 30, 0, sensor="camera"),
         seen("d", 40, 40, 0)]
    )  # fmt: skip
    found = match(echoes, ais)
    assert whose(found) == {"a-0": MMSI, "b-0": None, "c-0": MMSI, "d-0": MMSI}
    assert why(found)["b-0"] == "taken"


def test_length_and_class_tell_two_vessels_apart() -> None:
    ais = pl.concat(
        [heard(1 + MMSI, [0, 60], [0, 0], [0, 0]), heard(2 + MMSI, [0, 60], [60, 60], [0, 0])]
    )
    known = pl.concat(
        [
            statics(1 + MMSI, ship_type=70, length_m=90.0),
            statics(2 + MMSI, ship_type=37, length_m=9.0),
        ]
    )
    plain = seen("a", 30, 25, 0)
    assert whose(match(plain, ais))["a-0"] == 1 + MMSI
    for told in ({"cls": "small_boat"}, {"length_m": 10.0}):
        boat = seen("a", 30, 25, 0, **told)
        assert whose(match(boat, ais, statics=known))["a-0"] == 2 + MMSI


def _crossing(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A ship with AIS every minute and a dark boat that cross under 60 m, on radar every 10 s."""
    rng = np.random.default_rng(seed)
    t = np.arange(0, 1200, 10.0)
    ship = (5.0 * (t - 600), np.zeros(len(t)))
    boat = (3.0 * (t - 590), 4.0 * (t - 600))
    ais = heard(MMSI, t[::6], ship[0][::6], ship[1][::6])
    noisy = [
        seen(name, t, x + rng.normal(0, 50, len(t)), y + rng.normal(0, 50, len(t)), track_id=name)
        for name, (x, y) in (("ship", ship), ("boat", boat))
    ]
    return ais, pl.concat(noisy)


@pytest.mark.parametrize("seed", range(5))
def test_a_crossing_vessel_takes_no_plot_of_a_track(seed: int) -> None:
    ais, echoes = _crossing(seed)
    found = match(echoes, ais).join(echoes.select("detection_id", "track_id"), on="detection_id")
    assert found.filter(pl.col("track_id") == "ship")["mmsi"].unique().to_list() == [MMSI]
    boat = found.filter(pl.col("track_id") == "boat")
    assert boat["mmsi"].is_null().all()
    assert set(boat["why"]) == {"crossing"}
    assert set(boat["nearest_mmsi"]) == {MMSI}


def test_a_track_that_broke_is_the_same_vessels_twice() -> None:
    t = np.arange(0, 1200, 10.0)
    ais = heard(MMSI, t, 5 * t, 0 * t)
    names = ["7" if s < 600 else "8" for s in t]
    late = seen(
        "late", np.arange(570, 1200, 10.0), 5 * np.arange(570, 1200, 10.0), 20, track_id="9"
    )
    echoes = pl.concat([seen("a", t, 5 * t, 10).with_columns(track_id=pl.Series(names)), late])
    found = match(echoes, ais).join(echoes.select("detection_id", "track_id"), on="detection_id")
    given_to = dict(found.group_by("track_id").agg(pl.col("mmsi").max()).iter_rows())
    assert given_to["7"] == MMSI
    # 8 and 9 are there at once: only one of them is the vessel.
    assert sorted([given_to["8"] is None, given_to["9"] is None]) == [False, True]


def test_a_track_goes_on_while_its_vessel_is_silent() -> None:
    t = np.arange(0, 3600, 30.0)
    ais = heard(MMSI, t[t <= 1200], 5 * t[t <= 1200], 0 * t[t <= 1200])
    found = match(seen("a", t, 5 * t, 10, track_id="1"), ais)
    assert found["mmsi"].to_list() == [MMSI] * len(t)
    assert found["why"].value_counts(sort=True).rows() == [("track_silent", 69), ("track", 51)]
    assert found.filter(pl.col("why") == "track_silent")["distance_m"].is_null().all()
    brief = heard(MMSI, t[t <= 60], 5 * t[t <= 60], 0 * t[t <= 60])
    # Too little of the track to be all of it: the beginning is the vessel's, and the rest is dark.
    echoes = seen("a", t, 5 * t, 10, track_id="1")
    parted = match(echoes, brief)
    assert parted["mmsi"].is_not_null().to_list() == [True] * 13 + [False] * 107
    (told,) = (json.loads(one) for one in dark(echoes, parted).events["evidence"])
    assert (told["same_track_mmsi"], told["n_positions"]) == ([MMSI], 107)


def test_a_track_number_that_is_used_again_is_another_track() -> None:
    t = np.array([0.0, 10, 20, 3600, 3610, 3620])
    x = np.array([0.0, 50, 100, 9000, 9000, 9000])
    ais = heard(MMSI, [0, 30], [0, 150], [0, 0])
    found = match(seen("a", t, x, 0, track_id="7"), ais)
    assert found["mmsi"].to_list() == [MMSI] * 3 + [None] * 3
    tracked = numbered(seen("a", t, x, 0, track_id="7"), track_gap_s=1800)
    assert tracked["sensor_track"].to_list() == [0, 0, 0, 1, 1, 1]


def test_an_empty_table_of_either_kind_is_no_error() -> None:
    nothing, ais = empty(DETECTIONS), heard(MMSI, [0, 60], [0, 0], [0, 0])
    assert match(nothing, ais).schema == MATCHED
    assert match(nothing, ais).is_empty()
    alone = match(seen("a", 30, 0, 0), empty(POSITIONS))
    assert alone["why"].to_list() == ["none_near"]
    assert alone["nearest_mmsi"].to_list() == [None]
    none = dark(nothing, match(nothing, ais))
    assert (none.events.schema, none.events.height, none.counts["dark"]) == (EVENTS, 0, 0)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_pairs_make_the_greatest_sum(seed: int, rows: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    table = np.where(rng.random((rows, columns)) < 0.6, rng.integers(0, 9, (rows, columns)), -1)
    r, c = np.nonzero(table >= 0)
    gain = table[r, c].astype(float)
    chosen = best_pairs(r, c, gain)
    assert len(set(r[chosen])) == len(r[chosen])
    assert len(set(c[chosen])) == len(c[chosen])

    def best(row: int, free: frozenset[int]) -> float:
        if row == rows:
            return 0.0
        here = [table[row, k] + best(row + 1, free - {k}) for k in free if table[row, k] >= 0]
        return max([best(row + 1, free), *here])

    assert gain[chosen].sum() == best(0, frozenset(range(columns)))


def test_a_knot_too_large_for_a_table_is_solved_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    r, c = np.nonzero(rng.random((60, 40)) < 0.2)
    gain = rng.random(len(r))
    whole = gain[best_pairs(r, c, gain)].sum()
    monkeypatch.setattr("ais._pairing._DENSE", 0)
    assert gain[best_pairs(r, c, gain)].sum() == pytest.approx(whole)


# --- the same, however it is told ------------------------------------------------------------


def _sea(
    seed: int, *, vessels: int = 30, hours: float = 1.0, scan_s: float = 20.0, clutter: int = 0
):
    """Return AIS, detections (with ``truth``: mmsi, 0 dark, -1 fixed, -2 false) of a made sea.

    One vessel in five is dark; one pair, of a ship with AIS and a dark one, crosses. AIS comes
    every 10 s to 3 min, radar errs by 30 to 80 m and sees nine in ten.
    """
    rng = np.random.default_rng(seed)
    seconds = int(hours * 3600)
    clock = np.arange(seconds)
    ais, echoes = [], []
    for k in range(vessels):
        if k in {0, 1}:  # cross in the middle of the time, at the middle of the sea
            course, speed = (0.0, 4.0) if k == 0 else (1.3, 6.0)
            x = np.sin(course) * speed * (clock - seconds / 2)
            y = np.cos(course) * speed * (clock - seconds / 2)
        else:
            course = rng.uniform(0, 2 * np.pi) + np.cumsum(
                np.repeat(rng.normal(0, 0.004, seconds // 60 + 1), 60)[:seconds]
            )
            speed = rng.uniform(1.5, 9.0)
            x = rng.uniform(-9e3, 9e3) + np.cumsum(speed * np.sin(course))
            y = rng.uniform(-9e3, 9e3) + np.cumsum(speed * np.cos(course))
        is_dark = k % 5 == 0
        if not is_dark:
            t = np.arange(rng.integers(60), seconds, rng.choice([10, 30, 60, 180]))
            t = t[t < seconds]
            ais.append(
                heard(MMSI + k, t, x[t] + rng.normal(0, 5, len(t)), y[t] + rng.normal(0, 5, len(t)))
            )
        t = np.arange(0, seconds, int(scan_s))
        t = t[rng.random(len(t)) < 0.9]
        error = rng.uniform(30, 80, len(t))
        echoes.append(
            seen(
                f"v{k}", t, x[t] + rng.normal(0, error), y[t] + rng.normal(0, error),
                error_m=error.astype(np.float32), track_id=f"{k}",
                confidence=rng.uniform(0.6, 1.0, len(t)).astype(np.float32),
            ).with_columns(truth=pl.lit(0 if is_dark else MMSI + k, pl.Int64))
        )  # fmt: skip
    for k in range(clutter):
        t = np.arange(0, seconds, int(scan_s))
        t = t[rng.random(len(t)) < 0.7]
        x, y = rng.uniform(-9e3, 9e3, 2)
        echoes.append(
            seen(
                f"buoy{k}", t, x + rng.normal(0, 50, len(t)), y + rng.normal(0, 50, len(t)),
                track_id=f"buoy{k}", error_m=50.0, confidence=0.9,
            ).with_columns(truth=pl.lit(-1, pl.Int64))
        )  # fmt: skip
        where = rng.uniform(-9e3, 9e3, (2, 20))
        echoes.append(
            seen(
                f"wave{k}", rng.uniform(0, seconds, 20), *where, error_m=50.0, confidence=0.2
            ).with_columns(truth=pl.lit(-2, pl.Int64))
        )
    return pl.concat(ais), pl.concat(echoes)


def _figures(matched: pl.DataFrame, echoes: pl.DataFrame) -> tuple[float, float, float]:
    """Return precision and recall of dark detections, and the share given to a wrong vessel."""
    rows = matched.join(echoes.select("detection_id", "truth"), on="detection_id")
    said, true = rows["mmsi"].is_null(), rows["truth"] <= 0
    wrong = (rows["mmsi"] != rows["truth"]).fill_null(value=False) & ~true
    both = (said & true).sum()
    return both / said.sum(), both / true.sum(), wrong.sum() / (~true).sum()


@pytest.mark.parametrize("seed", [11, 12, 13, 14])
@pytest.mark.parametrize("followed", [True, False])
def test_the_dark_are_found_on_a_made_sea(seed: int, followed: bool) -> None:
    ais, echoes = _sea(seed, vessels=50)
    if not followed:
        echoes = echoes.with_columns(track_id=pl.lit(None, pl.String))
    precision, recall, wrong = _figures(match(echoes, ais), echoes)
    assert precision >= (0.99 if followed else 0.95)
    assert recall >= (0.99 if followed else 0.95)
    assert wrong <= 0.01


@pytest.mark.parametrize("seed", [21, 22])
def test_dark_targets_among_clutter_are_one_event_each(seed: int) -> None:
    ais, echoes = _sea(seed, vessels=40, hours=4.0, scan_s=60.0, clutter=8)
    rows = echoes.select(DETECTIONS.names())
    found = dark(rows, match(rows, ais))
    names = [json.loads(one)["track_id"] for one in found.events["evidence"]]
    true = sorted(f"{k}" for k in range(0, 40, 5))
    hits = len(set(names) & set(true))
    assert hits / len(names) >= 0.95
    assert hits / len(true) >= 0.95
    said = dict(found.verdicts.iter_rows())
    waves = [said[one] for one in said if one.startswith("wave")]
    # Now and then one breaks where a vessel is.
    assert set(waves) <= {"brief", "explained"}
    assert waves.count("brief") >= 0.95 * len(waves)
    assert {said[one] for one in said if one.startswith("buoy")} == {"fixed"}
    assert found.counts["fixed_places"] == 8
    assert found.fixed["hours"].to_list() == [4] * 8
    assert sum(found.counts[v] for v in VERDICTS) == rows.height


def _shuffled(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    return frame.sample(fraction=1.0, shuffle=True, seed=seed)


SMALL = _sea(31, vessels=12, hours=0.4, scan_s=30.0, clutter=2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.booleans())
def test_order_and_repetition_of_rows_change_nothing(one: int, other: int, followed: bool) -> None:
    ais, echoes = SMALL
    rows = echoes.select(DETECTIONS.names())
    if not followed:
        rows = rows.with_columns(track_id=pl.lit(None, pl.String))
    told = match(rows, ais)
    twice = pl.concat([ais, ais.sample(fraction=0.5, seed=one)])
    repeated = pl.concat([rows, rows.sample(fraction=0.3, seed=other)])
    again = match(_shuffled(repeated, one), _shuffled(twice, other))
    assert again.equals(told)
    first, second = dark(rows, told), dark(_shuffled(rows, other), _shuffled(again, one))
    assert first.events.equals(second.events)
    assert first.verdicts.equals(second.verdicts)
    assert first.fixed.equals(second.fixed)


@pytest.mark.parametrize("place", [(180.0, 5.0), (-179.99, 29.0), (20.0, 75.0), (122.0, -75.0)])
@pytest.mark.parametrize("seed", [41, 42])
def test_anywhere_on_earth(place: tuple[float, float], seed: int) -> None:
    ais, echoes = _sea(seed, vessels=25)

    def moved(frame: pl.DataFrame) -> pl.DataFrame:
        x = (frame["lon"].to_numpy() - 122.0) * M * np.cos(np.radians(29.0))
        y = (frame["lat"].to_numpy() - 29.0) * M
        lon, lat = at(x, y, place)
        return frame.with_columns(lon=pl.Series(lon), lat=pl.Series(lat))

    here = whose(match(echoes, ais))
    there = whose(match(moved(echoes), moved(ais)))
    # Metres on a plane differ by a thousandth far north: next to nothing may tip over.
    assert sum(here[k] != there[k] for k in here) <= 0.005 * len(here)


@pytest.mark.parametrize("seed", [51, 52])
def test_a_mirrored_sea_is_matched_alike(seed: int) -> None:
    ais, echoes = _sea(seed, vessels=25)
    east = pl.col("cog_deg").mul(-1).mod(360)
    mirror = [244.0 - pl.col("lon")]
    there = match(echoes.with_columns(lon=mirror[0]), ais.with_columns(lon=mirror[0], cog_deg=east))
    assert whose(there) == whose(match(echoes, ais))


def test_a_hundred_thousand_detections_at_once() -> None:
    ais, echoes = _sea(61, vessels=100, hours=3.0, scan_s=10.0)
    assert echoes.height > 90_000
    assert min(_figures(match(echoes, ais), echoes)[:2]) >= 0.99


# --- what is dark ----------------------------------------------------------------------------


def test_a_plot_that_a_following_sensor_did_not_follow_is_brief() -> None:
    t = np.arange(0, 600, 10.0)
    boat = seen("a", t, 6 * t, 900, track_id="17")
    alone = seen("b", t[:1], 5000, 5000)
    echoes = pl.concat([boat, alone])
    nobody = heard(MMSI, t, 0 * t - 9000, 0 * t - 9000)
    found = dark(echoes, match(echoes, nobody))
    assert found.counts["brief"] == 1
    assert found.events.height == 1
    # A sensor that follows nothing has but plots.
    assert dark(alone, match(alone, nobody)).events.height == 1


@given(st.lists(st.integers(0, 1700), min_size=3, max_size=12, unique=True))
@settings(max_examples=30)
def test_an_event_is_shown_where_it_was_half_way_in_time(times: list[int]) -> None:
    times = sorted(times)
    plots = seen("a", times, [9.0 * t for t in times], 0, track_id="1")
    found = dark(plots, match(plots, heard(MMSI, [0, 10], [9e4, 9e4], [9e4, 9e4])))
    half = (times[0] + times[-1]) / 2
    nearest = min(times, key=lambda t: (abs(t - half), t))
    assert found.events["lon"].item() == pytest.approx(at(9.0 * nearest, 0)[0], abs=1e-9)


def test_an_event_says_what_it_stands_on() -> None:
    t = np.arange(0, 600, 10.0)
    ais = heard(MMSI, t[::6], 5 * t[::6], 0 * t[::6])
    echoes = seen(
        "a", t, 6 * t, 900, track_id="17", cls="small_boat", confidence=0.8, length_m=9.0,
        sog_kn=11.7, error_m=40.0,
    )  # fmt: skip
    found = dark(echoes, match(echoes, ais))
    (event,) = found.events.iter_rows(named=True)
    assert found.events.schema == EVENTS
    assert (event["kind"], event["mmsi"], event["other_mmsi"]) == ("dark_target", None, None)
    assert event["t0"] == datetime(2026, 3, 1, tzinfo=UTC)
    assert (event["t1"] - event["t0"]).total_seconds() == 590
    assert shapely.from_wkb(event["geometry"]).geom_type == "LineString"
    told = json.loads(event["evidence"])
    assert told["sensor"] == "radar"
    assert (told["track_id"], told["class"], told["length_m"]) == ("17", "small_boat", 9.0)
    assert (told["confidence"], told["n_positions"]) == (0.8, 60)
    assert (told["nearest_ais_mmsi"], told["nearest_ais_m"]) == (MMSI, pytest.approx(900, abs=2))
    assert told["gate_m"] == pytest.approx(4.5 * np.hypot(15, 40), abs=0.1)
    assert told["displacement_m"] == pytest.approx(6 * 590, rel=0.01)
    assert told["told_speed_kn"] == pytest.approx(11.7)
    assert told["made_good_kn"] == pytest.approx(6 / KNOT, abs=0.1)
    assert told["cautions"] == ["reception_unknown"]
    assert set(found.verdicts["verdict"]) == {"dark"}


def test_an_event_goes_on_under_its_id_and_a_neighbour_has_its_own() -> None:
    t = np.arange(0, 600, 10.0)
    one = seen("a", t, 6 * t, 900, track_id="1")
    two = seen("b", t, 6 * t, 960, track_id="2")
    ais = heard(MMSI, [0, 600], [-9000, -9000], [0, 0])

    def ids(rows: pl.DataFrame) -> dict[str, str]:
        found = dark(rows, match(rows, ais)).events
        told = [json.loads(one)["track_id"] for one in found["evidence"]]
        return dict(zip(told, found["event_id"].to_list(), strict=True))

    early, late = ids(pl.concat([one[:30], two[:30]])), ids(pl.concat([one, two]))
    assert early == late
    assert len(set(late.values())) == 2


def test_single_detections_are_events_of_their_own() -> None:
    echoes = seen("sat", [0, 0], [0, 4000], [0, 0], sensor="satellite", confidence=0.9)
    found = dark(echoes, match(echoes, heard(MMSI, [0, 60], [10, 10], [0, 0])))
    (event,) = found.events.iter_rows(named=True)
    assert json.loads(event["evidence"])["why"] == "detection"
    assert shapely.from_wkb(event["geometry"]).geom_type == "Point"
    assert dict(found.verdicts.iter_rows()) == {"sat-0": "explained", "sat-1": "dark"}


@pytest.mark.parametrize(
    ("told", "verdict"),
    [({"confidence": 0.49}, "weak"), ({"confidence": 0.5}, "dark"), ({}, "dark"),
     ({"cls": "structure"}, "structure"), ({"cls": "structure", "confidence": 0.1}, "structure")],
)  # fmt: skip
def test_what_the_sensor_doubts_is_none(told: dict[str, object], verdict: str) -> None:
    echoes = seen("a", [0, 10, 20], [0, 50, 100], 0, track_id="1", **told)
    found = dark(echoes, match(echoes, empty(POSITIONS)))
    assert set(found.verdicts["verdict"]) == {verdict}
    assert found.events.height == (verdict == "dark")
    brief = echoes[:2]
    assert dark(brief, match(brief, empty(POSITIONS))).events.is_empty()
    held = DarkRule(least_detections=2, least_confidence=0.0)
    short = dark(brief, match(brief, empty(POSITIONS)), rule=held)
    assert short.events.height == (verdict != "structure")


def test_poor_reception_is_a_caution() -> None:
    echoes = seen("a", [0, 10, 20], [0, 50, 100], 0, track_id="1", confidence=1.0)
    matched = match(echoes, empty(POSITIONS))
    for p, cautions in ((0.4, ["poor_reception"]), (0.95, [])):
        found = dark(echoes, matched, reception=lambda t, lon, lat, p=p: np.full(len(t), p))
        told = json.loads(found.events["evidence"][0])
        assert (told["reception"], told["cautions"]) == (p, cautions)


def _lying(name: str, hours: float, every_s: float = 60.0, seed: int = 1, **more) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    t = np.arange(0, hours * 3600, every_s)
    return seen(
        name, t, 5000 + rng.normal(0, 20, len(t)), rng.normal(0, 20, len(t)), error_m=20.0, **more
    )


def test_a_buoy_is_no_event_and_a_boat_at_anchor_for_some_hours_of_many_is() -> None:
    ais = empty(POSITIONS)
    passing = seen("p", np.arange(0, 12 * 3600, 600.0), -9000, 9000, error_m=20.0, cls="structure")
    for track in (None, "5"):
        buoy = _lying("buoy", 12.0, track_id=track)
        found = dark(pl.concat([buoy, passing]), match(pl.concat([buoy, passing]), ais))
        assert found.events.is_empty()
        assert found.counts["fixed"] == buoy.height
        assert found.fixed["detections"][-1] + found.fixed["detections"][0] >= buoy.height
        boat = pl.concat([_lying("boat", 2.0, track_id=track), passing])
        assert dark(boat, match(boat, ais)).counts["fixed"] == 0
        anchored = pl.concat([_lying("boat", 3.5, track_id=track), passing])
        assert (
            dark(anchored, match(anchored, ais), rule=DarkRule(fixed_share=0.5)).counts["fixed"]
            == 0
        )


def test_boats_that_pass_one_place_again_and_again_are_no_buoy() -> None:
    """A lane: all come through the same gap, on different hours."""
    rng = np.random.default_rng(2)
    runs = []
    for hour in range(8):
        t = hour * 3600 + np.arange(0, 600, 10.0)
        x = 6 * (t - t[0]) - 1800 + rng.uniform(-60, 60) + rng.normal(0, 20, len(t))
        runs.append(seen(f"r{hour}", t, x, rng.normal(0, 20, len(t)), error_m=20.0))
    lane = pl.concat(runs)
    assert dark(lane, match(lane, empty(POSITIONS))).counts["fixed"] == 0
    known = lane.with_columns(sog_kn=pl.lit(11.7, pl.Float32))
    assert dark(known, match(known, empty(POSITIONS))).counts["fixed"] == 0


# --- sensor tracks as tracks -----------------------------------------------------------------


def _loiterer() -> pl.DataFrame:
    t = np.arange(0, 7200, 30.0)
    x, y = 150 * np.sin(t / 300), 150 * np.cos(t / 410)
    return seen("a", t, x, y, track_id="17", sog_kn=0.9, cog_deg=10.0)


def test_tracks_are_in_the_shape_that_behaviours_take() -> None:
    rows = pl.concat(
        [_loiterer(), seen("b", [0, 5], [9000, 9050], 0, track_id="9"), seen("c", 0, 0, 0)]
    )
    made, mapping = tracks_of(rows)
    ours = tracks(heard(MMSI, [0, 60], [0, 0], [0, 0]).with_columns(source=pl.lit("x")))
    kept = {name: dtype for name, dtype in made.schema.items() if name in ours.columns}
    assert kept == {name: dtype for name, dtype in ours.schema.items() if name in kept}
    assert set(ours.columns) <= set(made.columns)
    assert mapping["mmsi"].to_list() == [FIRST_PSEUDO, FIRST_PSEUDO + 1]
    assert mapping["track_id"].to_list() == ["17", "9"]
    assert made.height == rows.height - 1
    assert made["step_m"].null_count() == 2
    assert made.filter(pl.col("track_id") == 1)["step_m"][1] == pytest.approx(50, abs=0.5)
    assert made.filter(pl.col("track_id") == 1)["implied_kn"][1] == pytest.approx(
        10 / KNOT, rel=0.01
    )


def test_loitering_runs_on_sensor_tracks_and_is_nobodys() -> None:
    made, mapping = tracks_of(_loiterer())
    found = loitering(made, berths=NO_BERTHS, statics=empty(STATICS))
    assert found.height == 1
    (event,) = on_sensor_tracks(found, mapping).iter_rows(named=True)
    assert (event["kind"], event["mmsi"]) == ("loitering", None)
    told = json.loads(event["evidence"])
    assert (told["sensor"], told["track_id"], told["preset"]) == ("radar", "17", "coastal")
    # Another track before it changes the number, and not the event.
    more = pl.concat([seen("z", [-60, -50], [9000, 9050], 0, track_id="1"), _loiterer()])
    made, mapping = tracks_of(more)
    again = on_sensor_tracks(loitering(made, berths=NO_BERTHS, statics=empty(STATICS)), mapping)
    assert again["event_id"].to_list() == [event["event_id"]]
    assert on_sensor_tracks(empty(EVENTS), mapping).schema == EVENTS


def test_events_on_sensor_tracks_name_each_other_by_their_new_ids() -> None:
    made, mapping = tracks_of(_loiterer())
    before = loitering(made, berths=NO_BERTHS, statics=empty(STATICS))
    name = before["event_id"][0]
    after = before.with_columns(
        event_id=pl.lit("x"), kind=pl.lit("dash"),
        evidence=pl.lit(json.dumps({"before": {"id": name}, "parts": [{"event_id": name}]})),
    )  # fmt: skip
    found = on_sensor_tracks(pl.concat([before, after]), mapping)
    ids = dict(found.select("kind", "event_id").iter_rows())
    told = json.loads(found.filter(kind="dash")["evidence"][0])
    assert ids["loitering"] != name
    assert told["before"]["id"] == told["parts"][0]["event_id"] == ids["loitering"]


def test_no_tracks_at_all_is_no_error() -> None:
    made, mapping = tracks_of(empty(DETECTIONS))
    assert made.is_empty()
    assert mapping.is_empty()
    assert loitering(made, berths=NO_BERTHS, statics=empty(STATICS)).is_empty()


def test_every_reason_and_verdict_stands_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "detections.md").read_text("utf-8")
    assert [one for one in (*REASONS, *VERDICTS) if f"`{one}`" not in page] == []


@pytest.mark.parametrize("with_ais", [1, 2])
def test_tracks_that_swap_as_two_vessels_meet_are_taken_apart(with_ais: int) -> None:
    ais, echoes = _crossing(3)
    if with_ais == 2:
        t = np.arange(0, 1200, 60.0)
        ais = pl.concat([ais, heard(MMSI + 1, t, 3.0 * (t - 590), 4.0 * (t - 600))])
    late = pl.col("t") >= datetime.fromtimestamp(T0 / 1000 + 600, UTC)
    other = pl.col("track_id").replace({"ship": "boat", "boat": "ship"})
    swapped = echoes.with_columns(
        truth=pl.col("track_id"), track_id=pl.when(late).then(other).otherwise("track_id")
    )
    found = match(swapped.drop("truth"), ais).join(
        swapped.select("detection_id", "truth"), on="detection_id"
    )
    ship, boat = (found.filter(pl.col("truth") == one)["mmsi"] for one in ("ship", "boat"))
    assert (ship == MMSI).fill_null(value=False).mean() >= 0.95
    wanted = boat.is_null() if with_ais == 1 else (boat == MMSI + 1).fill_null(value=False)
    assert wanted.mean() >= 0.9
