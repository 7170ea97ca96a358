"""Clocks of stations: planted skews, and the US Coast Guard's stations."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyais
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clocks import MAX_SKEW_S, SKETCH, TOLERATED_S, correct, merge, observe, skews
from ais.io import read
from ais.schema import HEARD, POSITIONS, SKEWS, empty

T0 = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)


def station(
    source: str,
    skew_s: float,
    n: int,
    *,
    seed: int = 1,
    base: int = 0,
    base_off_s: float = 0.0,
    stations: int = 2,
) -> pl.DataFrame:
    """Return what a station hears whose clock is ahead by ``skew_s``.

    A tenth of the messages carries an old second. ``base`` messages are of ``stations`` base
    stations whose own clocks are ahead by ``base_off_s``.
    """
    rng = np.random.default_rng(seed)
    true = T0 + rng.integers(0, 3_600_000, n + base)
    t = true + rng.gamma(2.0, 300.0, n + base) + skew_s * 1000
    second = (true // 1000) % 60
    old = rng.random(n + base) < 0.1
    second = np.where(old, (second - rng.integers(3, 50, n + base)) % 60, second)
    utc = (true // 1000) * 1000 + round(base_off_s * 1000)
    is_base = np.arange(n + base) >= n
    return pl.DataFrame(
        {
            "source": [source] * (n + base),
            "t": t.astype(np.int64),
            "second": pl.Series(np.where(is_base, 0, second)).cast(pl.UInt8),
            "utc": pl.Series(utc),
            "mmsi": pl.Series(4_120_001 + np.arange(n + base) % stations, dtype=pl.UInt32),
        }
    ).with_columns(
        pl.when(pl.Series(~is_base)).then(pl.col("second")),
        pl.when(pl.Series(is_base)).then(pl.col("utc")).cast(HEARD["utc"]),
        pl.col("t").cast(HEARD["t"]),
    )


def told(*heard: pl.DataFrame) -> dict[str, dict[str, object]]:
    rows = skews(observe(pl.concat(heard))).to_dicts()
    return {row["source"]: row for row in rows}


@pytest.mark.parametrize("skew_s", [-29.0, -12.5, -3.0, 0.0, 2.0, 7.25, 25.0])
def test_a_planted_skew_is_found_from_the_second(skew_s: float) -> None:
    found = told(station("a", skew_s, 200))["a"]
    assert found["sure"]
    assert found["basis"] == "second"
    # A message second is cut, and a report takes 0.6 s to arrive.
    assert skew_s + 0.2 <= found["skew_s"] <= skew_s + 1.8


@pytest.mark.parametrize("skew_s", [-28_800.0, -95.0, 31.0, 600.0, 28_800.0])
@pytest.mark.parametrize(("n", "base"), [(0, 40), (200, 5)])
def test_a_base_station_tells_minutes_and_hours(skew_s: float, n: int, base: int) -> None:
    found = told(station("a", skew_s, n, base=base))["a"]
    assert found["sure"]
    assert found["basis"] == "utc"
    assert skew_s + 0.2 <= found["skew_s"] <= skew_s + 1.8


def test_one_base_station_on_local_time_moves_nothing() -> None:
    found = told(station("a", 0.0, 1_000, base=40, base_off_s=28_800.0, stations=1))["a"]
    assert abs(found["skew_s"]) < TOLERATED_S


def test_a_corrected_time_does_not_hang_on_the_part_that_told_it() -> None:
    rows = pl.DataFrame(
        {
            "source": ["a"] * 3,
            "t": [T0 + 40_400, T0 + 70_900, T0 + 99_000],
            "second": [20, 50, None],
        },
        schema_overrides={"second": pl.UInt8},
    ).with_columns(pl.col("t").cast(HEARD["t"]))
    times = [
        correct(rows, told_by(skew_s))[0]["t"].dt.epoch("ms").to_list() for skew_s in (20.0, 21.0)
    ]
    assert times[0][:2] == times[1][:2] == [T0 + 20_000, T0 + 50_000]
    assert times[0][2] - times[1][2] == 1_000


def told_by(skew_s: float) -> pl.DataFrame:
    row = {
        "source": "a",
        "n": 50,
        "skew_s": skew_s,
        "spread_s": 0.5,
        "basis": "second",
        "sure": True,
    }
    return pl.DataFrame([row], schema=SKEWS)


def test_a_wrong_base_station_is_not_believed() -> None:
    years, seconds = 10 * 365 * 86_400.0, 17.0
    for off_s in (years, 86_400.0, seconds):
        found = told(station("a", 4.0, 200, base=60, base_off_s=off_s))["a"]
        assert found["basis"] == "second"
        assert 4.2 <= found["skew_s"] <= 5.8
    alone = told(station("a", 4.0, 0, base=60, base_off_s=years))
    assert alone == {} or not alone["a"]["sure"]


def test_few_or_scattered_messages_are_not_sure() -> None:
    assert not told(station("a", 9.0, 20))["a"]["sure"]
    rng = np.random.default_rng(3)
    stored = station("b", 0.0, 500).with_columns(
        pl.Series("second", rng.integers(0, 60, 500), dtype=pl.UInt8)
    )
    assert not told(stored)["b"]["sure"]


def test_of_nothing_nothing_is_known() -> None:
    assert observe(empty(HEARD)).schema == SKETCH
    assert skews(merge([])).schema == SKEWS
    assert skews(merge([])).height == 0
    rows, counts = correct(empty(POSITIONS), skews(merge([])))
    assert rows.height == 0
    assert counts == {}


def test_times_are_corrected_where_the_skew_is_sure_and_large() -> None:
    heard = [station("late", 12.0, 300), station("good", 0.0, 300, seed=2)]
    heard.append(station("few", 12.0, 10, seed=3))
    p = pl.concat(heard).select("source", "t")
    out, counts = correct(p, skews(observe(pl.concat(heard))))
    assert counts == {"late": 300}
    moved = (p["t"] - out["t"]).dt.total_milliseconds()
    assert moved.filter(p["source"] != "late").unique().to_list() == [0]
    assert moved.filter(p["source"] == "late").unique().len() == 1
    assert 12_000 <= moved[0] <= 13_800
    assert out.schema == p.schema


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_parts_add_up_to_the_whole_in_any_order(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    made = [station(f"s{i}", rng.uniform(-40, 40), 30, seed=seed + i, base=4) for i in range(3)]
    heard = pl.concat(made).sample(fraction=1, shuffle=True, seed=seed)
    whole = observe(heard)
    sketches = [observe(heard[i::parts]) for i in range(parts)]
    assert merge(sketches).equals(whole)
    assert merge(sketches[::-1]).equals(whole)
    assert whole["n"].sum() == heard["second"].count() + heard["utc"].count()
    found = skews(whole)
    assert (found["skew_s"].abs() <= MAX_SKEW_S + 61).all()
    again, _ = correct(heard, found)
    assert again["second"].equals(heard["second"])


@pytest.fixture(scope="module")
def uscg(shared: Path) -> pl.DataFrame:
    """Return what each station of the US Coast Guard's log heard, as pyais decodes it."""
    rows = []
    path = shared / "ais" / "uscg_nais_20160728_100k.nm4.gz"
    for line in gzip.decompress(path.read_bytes()).decode("ascii", "replace").splitlines():
        found = re.match(r"\\.*?s:([^,*]+).*?c:(\d+).*?\\(![A-Z]{2}VD[MO],1,1,.*\*..)", line)
        if not found:
            continue
        try:
            told = pyais.decode(found[3]).asdict()
        except pyais.exceptions.AISBaseException:
            continue
        second, utc = told.get("second"), None
        if told["msg_type"] == 4:
            date = [told[name] for name in ("year", "month", "day", "hour", "minute", "second")]
            try:
                utc, second = datetime(*date, tzinfo=UTC), None
            except (TypeError, ValueError):
                continue
        if utc is not None or (isinstance(second, int) and second < 60):
            rows.append((found[1], int(found[2]) * 1000, second, utc, told["mmsi"]))
    schema = {**HEARD, "t": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").cast(HEARD)


def test_the_coast_guards_stations_keep_good_time(uscg: pl.DataFrame) -> None:
    assert uscg.height > 40_000
    found = skews(observe(uscg))
    sure = found.filter("sure")
    assert sure.height > 200
    assert (sure["skew_s"].abs() <= TOLERATED_S).mean() > 0.98
    assert (sure["skew_s"].abs() <= 3.0).all()
    # One base station's date is a day off: no station is corrected by it.
    off = (uscg["t"] - uscg["utc"]).dt.total_seconds().abs()
    assert off.max() > 80_000


def test_a_skew_planted_on_a_real_station_is_taken_out(uscg: pl.DataFrame) -> None:
    names = skews(observe(uscg)).filter(pl.col("sure") & (pl.col("skew_s") == 0))["source"][:10]
    planted_s = dict(zip(names, np.linspace(-600, 600, 10).round(), strict=True))
    by_ms = pl.col("source").replace_strict(planted_s, default=0.0) * 1000
    wrong = uscg.with_columns(
        (pl.col("t") + pl.duration(milliseconds=by_ms, time_unit="ms")).cast(HEARD["t"])
    )
    found = dict(skews(observe(wrong)).select("source", "skew_s").iter_rows())
    basis = dict(skews(observe(wrong)).select("source", "basis").iter_rows())
    for name, skew_s in planted_s.items():
        left = found[name] - skew_s
        if basis[name] == "second":
            left = (left + 30) % 60 - 30
        assert abs(left) <= 1.0


def test_the_reader_tells_the_same_of_the_clocks(uscg: pl.DataFrame, shared: Path) -> None:
    path = shared / "ais" / "uscg_nais_20160728_100k.nm4.gz"
    parts = [observe(batch.heard) for batch in read(path, chunk_rows=20_000)]
    assert len(parts) > 1
    told = skews(merge(parts)).filter("sure")
    found = told.join(skews(observe(uscg)), on="source")
    assert found.height == told.height > 200
    assert (found["skew_s"] - found["skew_s_right"]).abs().max() <= 1.0
