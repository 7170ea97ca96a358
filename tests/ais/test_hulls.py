"""Two hulls under one MMSI: made voyages, and real vessels put under one number."""

from collections import defaultdict
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import clean
from ais.hulls import assign, shared
from ais.io import read
from ais.schema import POSITIONS, STATICS, empty
from ais.tracks import tracks

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
DEG_PER_MIN = 1852 / 60 / 111_195.0
MMSI = 412000001


def sail(minutes, lat0: float, knots: float = 6.0, *, source: str = "a", **columns):
    """Return positions of a vessel that goes north along 122° E and says so."""
    minutes = np.asarray(minutes, dtype=float)
    n = len(minutes)
    data = {
        "mmsi": [MMSI] * n,
        "t": (T0 + minutes * 60_000).astype(np.int64),
        "lon": [122.0] * n,
        "lat": lat0 + knots * DEG_PER_MIN * minutes,
        "sog_kn": [knots] * n,
        "cog_deg": [0.0] * n,
        "cls": ["A"] * n,
        "msg_type": [1] * n,
        "source": [source] * n,
    } | columns
    rest = {name: [None] * n for name in POSITIONS if name not in data}
    return pl.DataFrame(data | rest, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def names(minutes, name: str | None, length_m: float | None = None) -> pl.DataFrame:
    rows = [
        dict.fromkeys(STATICS.names())
        | {"mmsi": MMSI, "t": T0 + int(m * 60_000), "name": name, "length_m": length_m}
        for m in minutes
    ]
    return pl.DataFrame(rows, strict=False, infer_schema_length=None).cast(STATICS)


def hulls(*parts: pl.DataFrame, statics: pl.DataFrame | None = None) -> pl.DataFrame:
    return assign(tracks(pl.concat(parts)), statics)


def of(out: pl.DataFrame, source: str) -> list[int | None]:
    return out.filter(pl.col("source") == source)["hull"].unique().sort().to_list()


def test_one_vessel_is_one_hull() -> None:
    out = hulls(sail(range(60), 29.0), sail(range(300, 360), 29.5))
    assert out["hull"].unique().to_list() == [0]
    assert out["hull"].dtype == pl.UInt8
    assert shared(out).height == 0


def test_a_few_stray_positions_are_no_second_hull() -> None:
    # 20 km off for half an hour, six times; once a hull of its own is there for long, it is one.
    a = [sail(range(120), 29.0), sail(range(600, 720), 30.0)]
    stray = sail(range(30, 60, 6), 29.3, source="b")
    out = hulls(*a, stray)
    assert out["hull"].drop_nulls().unique().to_list() == [0]
    assert shared(out).height == 0
    assert shared(hulls(*a, sail(range(30, 60), 29.3, source="b")))["why"].to_list() == ["at_once"]


def test_two_hulls_stay_two_across_their_silences() -> None:
    spans = (range(60), range(240, 300), range(900, 960))
    a = [sail(span, 29.0, 2.0) for span in spans]
    b = [sail(span, 31.0, 2.0, source="b") for span in spans]
    out = hulls(*a, *b)
    assert out["track_id"].n_unique() == 6
    assert of(out, "a") == [0]
    assert of(out, "b") == [1]
    told = shared(out)
    assert told["mmsi"].to_list() == [MMSI]
    assert told["hulls"].to_list() == [2]
    assert told["overlap_s"].item() == pytest.approx(3 * 59 * 60, rel=0.01)
    assert told["distance_km"].item() == pytest.approx(2 * 111.195, rel=0.01)
    assert told["why"].to_list() == ["at_once"]


def test_one_hull_that_reports_ten_times_as_often() -> None:
    out = hulls(sail(np.arange(0, 300, 0.5), 29.0), sail(range(0, 300, 5), 30.0, source="b"))
    assert of(out, "a") == [0]
    assert of(out, "b") == [1]


def test_names_tell_hulls_in_turn_apart_and_a_renaming_is_none() -> None:
    spans = [range(k * 200, k * 200 + 60) for k in range(4)]
    parts = [sail(span, 29.0, 1.0, source="ab"[k % 2]) for k, span in enumerate(spans)]
    told = [
        names([span[0], span[30]], ("MIN YU 1", "MINYU 2")[k % 2]) for k, span in enumerate(spans)
    ]
    out = hulls(*parts, statics=pl.concat(told))
    assert of(out, "a") == [0]
    assert of(out, "b") == [1]
    assert shared(out)["why"].to_list() == ["in_turn"]
    assert hulls(*parts)["hull"].unique().to_list() == [0]
    renamed = [names([span[0]], ("OLD", "NEW")[k > 1]) for k, span in enumerate(spans)]
    assert hulls(*parts, statics=pl.concat(renamed))["hull"].unique().to_list() == [0]


def test_lengths_tell_where_names_do_not_and_a_battery_is_no_name() -> None:
    spans = [range(k * 200, k * 200 + 60) for k in range(4)]
    parts = [sail(span, 29.0, 1.0, source="ab"[k % 2]) for k, span in enumerate(spans)]
    told = [names([span[0]], None, (12.0, 90.0)[k % 2]) for k, span in enumerate(spans)]
    out = hulls(*parts, statics=pl.concat(told))
    assert of(out, "a") == [0]
    assert of(out, "b") == [1]
    beacon = [names([span[0]], f"NET 3-{(90, 70)[k % 2]}%") for k, span in enumerate(spans)]
    assert hulls(*parts, statics=pl.concat(beacon))["hull"].unique().to_list() == [0]


def test_a_receiver_that_falls_back_to_one_place_is_no_second_hull() -> None:
    p = sail(range(240), 29.0, 12.0)
    stuck = pl.int_range(pl.len()) % 6 == 5
    out = hulls(p.with_columns(pl.when(stuck).then(35.0).otherwise("lat").alias("lat")))
    assert out["hull"].unique().drop_nulls().to_list() == [0]


def test_two_stations_whose_clocks_differ_are_no_second_hull() -> None:
    fast = sail(np.arange(0, 60, 0.25), 29.0, 45.0)
    late = fast.with_columns(pl.col("t") + pl.duration(seconds=40), source=pl.lit("late"))
    assert hulls(fast, late.cast(POSITIONS))["hull"].drop_nulls().unique().to_list() == [0]


@given(st.integers(0, 2**32 - 1))
def test_one_hull_with_outliers_stays_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 300
    p = sail(np.sort(rng.uniform(0, 600, n)), 29.0, rng.choice([0.0, 5.0, 15.0]))
    out_of_place = rng.random(n) < 0.15
    lat = np.where(out_of_place, rng.uniform(-80, 80, n), p["lat"].to_numpy())
    lon = np.where(out_of_place, rng.uniform(-180, 180, n), 122.0)
    out = hulls(p.with_columns(lat=pl.Series(lat), lon=pl.Series(lon)))
    assert out["hull"].drop_nulls().unique().to_list() == [0]
    true = out.filter(pl.col("lon") == 122.0)
    assert true["impossible"].mean() < 0.02


@given(st.integers(0, 2**32 - 1))
def test_order_makes_no_difference_and_no_row_is_lost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [sail(np.sort(rng.uniform(0, 900, 60)), lat) for lat in (29.0, 31.0, 34.0)]
    p = pl.concat(parts)
    out = assign(tracks(p))
    assert assign(tracks(p.sample(fraction=1, shuffle=True, seed=1))).equals(out)
    assert out.drop("hull").equals(tracks(p))
    assert out["hull"].is_null().equals(out["impossible"])
    assert (
        out.drop_nulls("track_id").group_by("track_id").agg(pl.col("hull").n_unique())["hull"].max()
        == 1
    )


def test_of_nothing_there_are_no_hulls() -> None:
    out = assign(tracks(empty(POSITIONS)), empty(STATICS))
    assert out.height == 0
    assert out.schema["hull"] == pl.UInt8
    assert shared(out).columns == ["mmsi", "hulls", "overlap_s", "distance_km", "why"]


def pairs_under_one_number(p: pl.DataFrame, most: int, *, at_once_min: int) -> pl.DataFrame:
    """Return pairs of vessels heard at once for so long, each under a number of its own."""
    slots = p.select("mmsi", t=pl.col("t").dt.truncate("5m")).unique()
    both = (
        slots.join(slots, on="t", suffix="_other")
        .filter(pl.col("mmsi") < pl.col("mmsi_other"))
        .group_by("mmsi", "mmsi_other")
        .len()
        .filter(pl.col("len") * 5 >= at_once_min)
        .sort("mmsi", "mmsi_other")
        .sample(fraction=1, shuffle=True, seed=1)
        .head(most)
        .with_row_index("pair")
    )
    long = pl.concat(
        [both.select("pair", "mmsi"), both.select("pair", mmsi="mmsi_other")], how="vertical"
    )
    merged = p.join(long, on="mmsi").rename({"mmsi": "true"})
    return merged.with_columns(mmsi=(pl.col("pair") + MMSI).cast(pl.UInt32))


def share_right(out: pl.DataFrame) -> float:
    """Return the share of positions in the right one of two hulls, hulls named as fits best."""
    counts: dict[int, dict[tuple[int, int | None], int]] = defaultdict(dict)
    for mmsi, true, hull, n in out.group_by("mmsi", "true", "hull").len().iter_rows():
        counts[mmsi][true, hull] = n
    right = 0
    for found in counts.values():
        true = sorted({vessel for vessel, _ in found})
        told = [hull for hull in {hull for _, hull in found} if hull is not None]
        right += max(
            sum(found.get((vessel, hull), 0) for vessel, hull in zip(true, order, strict=True))
            for order in permutations([*told, -1], len(true))
        )
    return right / out.height


def vessels(path: Path, least: int) -> pl.DataFrame:
    p = clean(pl.concat([batch.positions for batch in read(path)])).kept
    return p.filter(pl.len().over("mmsi") >= least)


def test_real_vessels_of_the_kattegat_come_apart(shared: Path, full: bool) -> None:
    p = vessels(shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz", 60)
    single = assign(tracks(p))
    assert single["hull"].drop_nulls().unique().to_list() == [0]
    # Those that go through the box once: what they do is told by themselves alone.
    once = (
        single.group_by("mmsi").agg(pl.col("track_id").n_unique()).filter(pl.col("track_id") == 1)
    )
    through = p.join(once, on="mmsi", how="semi")
    merged = pairs_under_one_number(through, 2000 if full else 100, at_once_min=30)
    assert share_right(assign(tracks(merged))) >= 0.99


def test_real_vessels_that_come_back_are_known_by_their_names(shared: Path, full: bool) -> None:
    p = vessels(shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz", 60)
    merged = pairs_under_one_number(p, 1000 if full else 100, at_once_min=60)
    said = merged.filter(pl.int_range(pl.len()).over("pair", "true") % 6 == 0).select(
        "mmsi", "t", name=pl.format("V{}", "true"), length_m=pl.lit(None, pl.Float32)
    )
    out = assign(tracks(merged), said)
    assert share_right(out) >= 0.96
    # Whatever their silences are taken for, a track holds one vessel.
    main = out.drop_nulls("track_id").group_by("track_id", "true").len()
    assert (
        main.group_by("track_id").agg(pl.col("len").max())["len"].sum() / main["len"].sum() >= 0.99
    )


def test_real_vessels_of_america_come_apart(shared: Path, full: bool) -> None:
    p = vessels(shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz", 15)
    assert assign(tracks(p))["hull"].drop_nulls().unique().to_list() == [0]
    some = p.filter(pl.col("mmsi") % 70 == 0)
    merged = pairs_under_one_number(some, 5000 if full else 200, at_once_min=15)
    assert share_right(assign(tracks(merged))) >= 0.99
