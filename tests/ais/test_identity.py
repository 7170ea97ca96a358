"""Kinds of transmitters by number, name, what they send and how they move."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.identity import KINDS, MOVERS, beacon_like, kind_of, kinds, signs, why_expression
from ais.schema import POSITIONS, STATICS, empty

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
DEGREE_M = 111_195.0


def voyage(mmsi: int, east_m, north_m, *, step_min: float = 2.0, **columns) -> pl.DataFrame:
    """Return class B positions along metres from 122° E, 29° N."""
    n = len(east_m)
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + np.arange(n) * step_min * 60_000).astype(np.int64),
        "lon": 122 + np.asarray(east_m) / DEGREE_M / np.cos(np.radians(29)),
        "lat": 29 + np.asarray(north_m) / DEGREE_M,
        "sog_kn": [1.0] * n,
        "cls": ["B"] * n,
        "msg_type": [18] * n,
        "source": ["test"] * n,
    } | columns
    rest = {name: [None] * n for name in POSITIONS if name not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def drift(mmsi: int, *, hours: float = 24.0, seed: int = 1, **columns) -> pl.DataFrame:
    """Return a beacon that goes to and fro with the tide, two kilometres either way."""
    n = round(hours * 30)
    phase = np.arange(n) / 30 / 12.42 * 2 * np.pi
    noise = np.random.default_rng(seed).normal(0, 5, n)
    east = seed * 300 + 2000 * np.sin(phase) + noise
    return voyage(mmsi, east, 300 * np.cos(phase), **columns)


def static(mmsi: int, **fields) -> pl.DataFrame:
    row = dict.fromkeys(STATICS.names()) | {"mmsi": mmsi, "t": T0, "source": "test"} | fields
    return pl.DataFrame([row], strict=False).cast(STATICS)


@pytest.mark.parametrize(
    ("mmsi", "name", "kind", "why"),
    [
        (412345678, None, "vessel", "number_mid"),
        (412345678, "ZHEXIANGYU 12001", "vessel", "number_mid"),
        (412345678, "NETTUNO", "vessel", "number_mid"),
        (412345678, "NET PROFIT", "vessel", "number_mid"),
        (338394511, "YEAH BUOY", "vessel", "number_mid"),
        (338133003, "NO BUOYS", "vessel", "number_mid"),
        (367451110, "MISS ROLANETTE", "vessel", "number_mid"),
        (412345678, "PLANET V", "vessel", "number_mid"),
        (412345678, "NET 12-85%", "net beacon", "name_battery"),
        (412345678, "NET MARK 12", "net beacon", "name_net"),
        (412345678, "BUOY 7", "net beacon", "name_net"),
        (412345678, "浙象渔网标3", "net beacon", "name_net"),
        (412345678, "WANGWEI 3", "net beacon", "name_net"),
        (412345678, "11027-04", "net beacon", "name_net"),
        (900012345, "01-12.3V", "net beacon", "name_battery"),
        (984121234, "ABC 85%", "net beacon", "name_battery"),
        (979012345, None, "net beacon", "number_979"),
        (4121234, None, "base station", "number_00mid"),
        (4121234, "BUOY 7", "base station", "number_00mid"),
        (41212345, None, "group", "number_0mid"),
        (111412001, None, "SAR", "number_111mid"),
        (970012345, None, "SAR", "number_97x"),
        (972012345, None, "SAR", "number_97x"),
        (974012345, None, "SAR", "number_97x"),
        (994121234, None, "aid", "number_99mid"),
        (984121234, None, "craft", "number_98mid"),
        (841212345, None, "handheld", "number_8mid"),
        # No administration gives these: devices set up by hand, or not at all.
        (123456789, None, "vessel", "number_unassigned"),
        (111111111, None, "vessel", "number_unassigned"),
        (999999999, None, "vessel", "number_unassigned"),
        (12345, None, "vessel", "number_unassigned"),
        (9110192, None, "vessel", "number_unassigned"),
    ],
)
def test_kinds_of_mmsi(mmsi: int, name: str | None, kind: str, why: str) -> None:
    assert kind_of(mmsi, name) == kind
    assert kind in KINDS
    told = pl.select(why_expression(pl.lit(mmsi, pl.UInt32), pl.lit(name, pl.String)))
    assert told.item() == why


@given(st.integers(0, 2**32 - 1), st.one_of(st.none(), st.text(max_size=20)))
def test_every_number_and_name_has_a_kind_and_a_reason(mmsi: int, name: str | None) -> None:
    assert kind_of(mmsi, name) in KINDS
    told = pl.select(why_expression(pl.lit(mmsi, pl.UInt32), pl.lit(name, pl.String)))
    assert told.item()


def test_what_moves_of_itself_has_behaviours() -> None:
    assert set(MOVERS) < set(KINDS)
    assert not {"net beacon", "base station", "aid", "SAR", "group"} & set(MOVERS)


def test_what_it_sends_tells_the_kind() -> None:
    still = [0.0]
    p = pl.concat(
        [
            voyage(412000001, still, still, msg_type=[4]),
            voyage(412000002, still, still, msg_type=[21]),
            voyage(412000003, still * 2, still * 2, msg_type=[1, 4]),
        ]
    )
    out = kinds(p, empty(STATICS))
    assert out["kind"].to_list() == ["base station", "aid", "vessel"]
    assert out["why"].to_list() == ["only_type_4", "only_type_21", "number_mid"]


def test_a_drifting_beacon_is_told_by_its_number_too() -> None:
    p = pl.concat([drift(100012345), drift(412345678, seed=2)])
    assert beacon_like(signs(p))["mmsi"].to_list() == [100012345, 412345678]
    out = kinds(p, empty(STATICS))
    assert out["kind"].to_list() == ["net beacon", "vessel"]
    assert out["why"].to_list() == ["number_unassigned drifts", "number_mid drifts"]


def test_a_series_of_numbers_that_drifts_together_is_of_beacons() -> None:
    p = pl.concat([drift(412888000 + i, seed=i) for i in range(1, 5)])
    out = kinds(p, empty(STATICS))
    assert out["kind"].unique().to_list() == ["net beacon"]
    assert out["why"].unique().to_list() == ["number_mid drifts family"]
    # Two are no series, nor are three that lie far apart.
    assert kinds(p.filter(pl.col("mmsi") < 412888003), empty(STATICS))["kind"].to_list() == [
        "vessel",
        "vessel",
    ]
    apart = p.with_columns(pl.col("lat") + (pl.col("mmsi") % 10).cast(pl.Float64))
    assert kinds(apart, empty(STATICS))["kind"].unique().to_list() == ["vessel"]


def test_a_ship_that_says_so_is_no_beacon() -> None:
    p = pl.concat([drift(100012345), drift(100022345)])
    told = pl.concat([static(100012345, imo=9074729), static(100022345, length_m=24.0)])
    assert kinds(p, told)["kind"].to_list() == ["vessel", "vessel"]


def test_boats_do_not_behave_as_beacons() -> None:
    n = 720
    rng = np.random.default_rng(1)
    moored = voyage(412000001, rng.normal(0, 10, n), rng.normal(0, 10, n), sog_kn=[0.0] * n)
    sog = np.where(np.arange(n) % 24 == 0, 8.0, 1.0)
    fishing = drift(412000002, sog_kn=sog)
    short = drift(412000003, hours=6)
    class_a = drift(412000004, cls=["A"] * n, msg_type=[1] * n)
    steering = drift(412000005, cog_deg=[90.0] * n, heading_deg=[85.0] * n)
    assert beacon_like(signs(pl.concat([moored, fishing, short, class_a, steering]))).height == 0


@given(st.integers(0, 2**32 - 1))
def test_order_makes_no_difference(seed: int) -> None:
    p = pl.concat([drift(412888000 + i, seed=i, hours=13) for i in range(1, 5)])
    mixed = p.sample(fraction=1, shuffle=True, seed=seed)
    assert kinds(mixed, empty(STATICS)).equals(kinds(p, empty(STATICS)))
