"""Cleaning, identity and tracks."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import clean
from ais.identity import KINDS, kind_of, kinds
from ais.io import read
from ais.schema import POSITIONS, STATICS, empty
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


def test_clean_books_add_up_and_keep_the_first() -> None:
    p = table(412000001, [0, 0, 1, 2, 3], [122.0, 122.0, 200.0, 0.0, 122.1], [29, 29, 29, 0, 29])
    p = pl.concat([p, table(0, [0], [122.0], [29.0])])
    out = clean(p)
    assert out.counts == {
        "rows_in": 6, "kept": 2, "duplicate": 1, "bad_position": 2, "bad_mmsi": 1,
    }  # fmt: skip
    assert out.kept["lon"].to_list() == [122.0, 122.1]
    assert out.refused.height == 4
    assert p.height == 6


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(-2, 2)), max_size=40))
def test_clean_is_idempotent_and_loses_nothing(rows: list[tuple[int, int, int]]) -> None:
    p = table([r[0] for r in rows], [r[1] for r in rows], [100.0 * r[2] for r in rows],
              [29.0] * len(rows))  # fmt: skip
    once = clean(p)
    assert sum(v for k, v in once.counts.items() if k != "rows_in") == once.counts["rows_in"]
    assert clean(once.kept).kept.equals(once.kept)


@pytest.mark.parametrize(
    ("mmsi", "name", "kind"),
    [
        (412345678, None, "vessel"),
        (412345678, "ZHEXIANGYU 12001", "vessel"),
        (412345678, "NET 12-85%", "net beacon"),
        (900012345, "01-12.3V", "net beacon"),
        (412345678, "浙象渔网标3", "net beacon"),
        (4121234, None, "base station"),
        (41212345, None, "group"),
        (111412001, None, "SAR"),
        (970012345, None, "SAR"),
        (994121234, None, "aid"),
        (984121234, None, "vessel"),
        (123456789, None, "vessel"),
        (412345678, "NETTUNO", "vessel"),
        (412345678, "PLANET V", "vessel"),
    ],
)
def test_kinds_of_mmsi(mmsi: int, name: str | None, kind: str) -> None:
    assert kind_of(mmsi, name) == kind
    assert kind in KINDS


def test_what_it_sends_tells_the_kind() -> None:
    p = pl.concat(
        [
            table(412000001, [0], [122], [29], msg_type=[4]),
            table(412000002, [0], [122], [29], msg_type=[21]),
            table(412000003, [0, 1], [122, 122], [29, 29], msg_type=[1, 4]),
        ]
    )
    assert kinds(p, empty(STATICS))["kind"].to_list() == ["base station", "aid", "vessel"]


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
