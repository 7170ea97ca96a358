"""Tracks: jumps, two hulls under one MMSI, silences, and stations whose clocks differ."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import clean
from ais.io import read
from ais.schema import POSITIONS
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)


def table(mmsi, minutes, lon, lat, **columns) -> pl.DataFrame:
    n = len(minutes)
    data = {
        "mmsi": np.broadcast_to(mmsi, n),
        "t": (T0 + np.asarray(minutes, dtype=float) * 60_000).astype(np.int64),
        "lon": lon,
        "lat": lat,
    }
    rest = {c: [None] * n for c in POSITIONS if c not in data}
    rest |= {"msg_type": [1] * n, "cls": ["A"] * n, "source": ["test"] * n} | columns
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def test_silence_cuts_and_a_jump_is_left_out() -> None:
    lon = [122.0, 122.01, 125.0, 122.02, 122.03, 122.04, 122.05]
    out = tracks(table(412000001, [0, 3, 4, 6, 9, 75, 78], lon, [29.0] * 7))
    assert out["impossible"].to_list() == [False, False, True, False, False, False, False]
    assert out["track_id"].to_list() == [0, 0, None, 0, 0, 1, 1]
    assert out["step_s"].to_list() == [None, 180, None, 180, 180, None, 180]
    step = np.degrees(out["step_m"][1] / 6_371_008.8) / np.cos(np.radians(29))
    assert step == pytest.approx(0.01, rel=1e-3)
    assert out["implied_kn"][1] == pytest.approx(out["step_m"][1] / 180 * 3600 / 1852)


def test_a_jump_at_the_very_start_is_left_out() -> None:
    out = tracks(table(412000001, [0, 1, 2, 3, 4], [10.0, 122, 122, 122, 122], [29.0] * 5))
    assert out["impossible"].to_list() == [True, False, False, False, False]


def test_two_vessels_under_one_mmsi_come_apart() -> None:
    minutes = np.arange(40)
    lon = np.where(minutes % 2 == 0, 122.0, 123.0) + minutes * 0.001
    out = tracks(table(412000001, minutes, lon, np.full(40, 29.0)))
    assert not out["impossible"].any()
    assert out["track_id"].n_unique() == 2
    assert out.group_by("track_id").agg(pl.col("implied_kn").max())["implied_kn"].max() < 10


def test_the_antimeridian_is_no_jump() -> None:
    out = tracks(table(412000001, [0, 2], [179.999, -179.999], [10.0, 10.0]))
    assert out["track_id"].to_list() == [0, 0]
    assert out["step_m"][1] < 250


def test_clock_differences_of_stations_are_no_jump(shared: Path) -> None:
    path = shared / "ais" / "uscg_nais_20160728_100k.nm4.gz"
    p = clean(pl.concat([b.positions for b in read(path)])).kept
    out = tracks(p)
    # A handful of transmitters have a wrong clock, place or number; not one report in 300.
    assert out["impossible"].mean() < 1 / 300


@given(st.randoms(use_true_random=False))
def test_order_does_not_matter(random) -> None:
    rng = np.random.default_rng(random.randrange(2**32))
    n = 60
    p = table(rng.integers(1, 4, n) + 412000000, rng.integers(0, 300, n), rng.normal(122, 0.05, n),
              rng.normal(29, 0.05, n))  # fmt: skip
    out = tracks(p)
    assert tracks(p.sample(fraction=1, shuffle=True, seed=1)).equals(out)
    assert out.select("mmsi", "t").equals(p.sort("mmsi", "t").select("mmsi", "t"))
    per_track = out.drop_nulls("track_id").group_by("track_id").agg(pl.col("mmsi").n_unique())
    assert per_track["mmsi"].max() in (None, 1)
    assert (out["step_s"].drop_nulls() <= 3600).all()


KNOT_DEG = 1852 / 3600 / 111_195.0


def sail(minutes, lat0: float, knots: float = 10.0, *, lon: float = 122.0, **columns):
    """Return positions of one vessel that sails due north, with what it says of its speed."""
    minutes = np.asarray(minutes, dtype=float)
    lat = lat0 + knots * KNOT_DEG * 60 * minutes
    said = {"sog_kn": [knots] * len(minutes), "cog_deg": [0.0] * len(minutes)}
    return table(412000001, minutes, [lon] * len(minutes), lat, **(said | columns))


def hulls_of(out: pl.DataFrame) -> list[set[str]]:
    """Return the sources in each track: one each where no track mixes two vessels."""
    by_track = out.drop_nulls("track_id").group_by("track_id", maintain_order=True)
    return [set(sources) for sources in by_track.agg(pl.col("source"))["source"].to_list()]


def both(*parts: pl.DataFrame) -> pl.DataFrame:
    named = [p.with_columns(source=pl.lit(str(i))) for i, p in enumerate(parts)]
    return tracks(pl.concat(named))


@pytest.mark.parametrize("apart_deg", [0.05, 0.5, 20.0])
def test_two_hulls_that_report_at_the_same_instants(apart_deg: float) -> None:
    out = both(sail(range(60), 29.0), sail(range(60), 29.0 + apart_deg, 8.0))
    assert not out["impossible"].any()
    assert sorted(map(sorted, hulls_of(out))) == [["0"], ["1"]]


def test_one_hull_reports_ten_times_as_often_as_the_other() -> None:
    out = both(sail(np.arange(0, 120, 0.5), 29.0), sail(range(0, 120, 5), 29.4, 6.0))
    assert not out["impossible"].any()
    assert sorted(map(sorted, hulls_of(out))) == [["0"], ["1"]]


def test_one_of_two_hulls_goes_silent_and_comes_back() -> None:
    often = sail(np.arange(0, 600, 20), 29.0, 5.0)
    other = [sail(range(60), 29.3, 0.0), sail(range(400, 460), 29.3, 0.0)]
    out = both(often, pl.concat(other))
    assert not out["impossible"].any()
    assert sorted(map(sorted, hulls_of(out))) == [["0"], ["1"], ["1"]]


def test_two_hulls_follow_each_other_up_a_fairway() -> None:
    out = both(sail(range(120), 29.0, 10.0), sail(range(20, 140), 29.0 - 0.055, 10.0))
    assert not out["impossible"].any()
    assert sorted(map(sorted, hulls_of(out))) == [["0"], ["1"]]


@pytest.mark.parametrize("knots", [0.0, 12.0, 28.0])
def test_clocks_ten_seconds_off_either_way_make_no_jump(knots: float) -> None:
    true_s = np.arange(0, 3600, 5.0)
    late_s = np.where(np.arange(len(true_s)) % 2 == 0, 10.0, -10.0)
    p = sail(true_s / 60, 29.0, knots)
    wrong = p.with_columns(
        pl.col("t") + pl.Series(late_s * 1000).cast(pl.Int64).cast(pl.Duration("ms"))
    )
    out = tracks(wrong)
    assert not out["impossible"].any()
    assert out["track_id"].n_unique() == 1


def test_a_dash_is_one_track_whatever_the_speed_before_and_after() -> None:
    # A boat lies still, is not heard for ten minutes, and lies still 12 km on.
    lat = [29.0] * 10 + [29.11] * 10
    minutes = [*range(10), *range(20, 30)]
    p = table(412000001, minutes, [122.0] * 20, lat, sog_kn=[0.0] * 20)
    out = tracks(p)
    assert out["track_id"].unique().to_list() == [0]
    assert out["implied_kn"].max() == pytest.approx(0.11 * 60.04 / (11 / 60), rel=0.01)


def test_a_receiver_that_strays_for_two_positions_does_not_cut() -> None:
    lat = [29.0 + 0.001 * i for i in range(20)]
    lat[10:12] = [29.9, 29.9]
    out = tracks(table(412000001, range(20), [122.0] * 20, lat, sog_kn=[4.0] * 20))
    assert out["impossible"].sum() == 2
    assert out["track_id"].drop_nulls().unique().to_list() == [0]


@pytest.mark.parametrize(("mmsi", "jumps"), [(412000001, True), (111412001, False)])
def test_an_aircraft_may_fly(mmsi: int, jumps: bool) -> None:
    minutes = np.arange(30)
    lat = 29.0 + 200 * KNOT_DEG * 60 * minutes
    out = tracks(table(mmsi, minutes, [122.0] * 30, lat))
    assert out["impossible"].all() == jumps


@given(st.integers(0, 2**32 - 1))
def test_every_position_is_on_one_track_or_impossible(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 80
    lat = np.where(rng.random(n) < 0.8, 29.0, 31.0) + rng.normal(0, 0.02, n)
    sog = np.where(rng.random(n) < 0.3, np.nan, rng.choice([0.0, 8.0, 30.0], n))
    mmsi, minutes = rng.integers(1, 4, n) + 412000000, rng.integers(0, 600, n)
    cog = rng.uniform(0, 360, n)
    p = table(mmsi, minutes, rng.normal(122, 0.02, n), lat, sog_kn=sog, cog_deg=cog)
    p = p.with_columns(pl.col("sog_kn").fill_nan(None))
    out = tracks(p)
    assert out.select(p.columns).sort(p.columns).equals(p.sort(p.columns))
    assert out["track_id"].is_null().equals(out["impossible"])
    ids = out["track_id"].drop_nulls().unique().sort()
    assert ids.to_list() == list(range(len(ids)))
    firsts = (
        out.drop_nulls("track_id")
        .group_by("track_id")
        .agg(pl.col("step_s").is_null().sum(), pl.col("t").is_sorted())
    )
    assert (firsts["step_s"] == 1).all()
    assert firsts["t"].all()
    # Steps are what lies between the positions of a track.
    again = out.drop_nulls("track_id").with_columns(
        before=(pl.col("t") - pl.col("t").shift(1).over("track_id")).dt.total_seconds()
    )
    assert again["before"].cast(pl.Float32).equals(again["step_s"].rename("before"))
