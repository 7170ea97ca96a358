"""Detection: what is left out and why, who is who, and the same in one turn and in many."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ais.schema import POSITIONS
from workspace import _flagged, _parted, archive, detection, read, runs, store
from workspace._parted import parted, taken
from workspace.folder import Workspace

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _positions(mmsi: int, lon: np.ndarray, lat: np.ndarray, *, every_s: int = 60) -> pl.DataFrame:
    n = len(lon)
    none = {name: pl.Series([None] * n, dtype=kind) for name, kind in POSITIONS.items()}
    return pl.DataFrame(
        {
            **none,
            "mmsi": pl.Series([mmsi] * n, dtype=pl.UInt32),
            "t": pl.Series([NOON + timedelta(seconds=every_s * i) for i in range(n)]).cast(
                pl.Datetime("ms", "UTC")
            ),
            "lon": lon,
            "lat": lat,
            "sog_kn": pl.Series([0.5] * n, dtype=pl.Float32),
            "msg_type": pl.Series([18] * n, dtype=pl.UInt8),
            "cls": ["B"] * n,
            "source": ["test"] * n,
        }
    )


def _circling(mmsi: int, lon: float, lat: float, n: int = 121) -> pl.DataFrame:
    angle = np.linspace(0, 2.2 * np.pi, n)
    return _positions(mmsi, lon + 0.006 * np.cos(angle), lat + 0.006 * np.sin(angle))


def _beacon(mmsi: int, lon: float, lat: float) -> pl.DataFrame:
    """Thirteen hours of drift, some two kilometres, by a number of a series."""
    n = 160
    rng = np.random.default_rng(mmsi)
    x = lon + np.linspace(0, 0.02, n) + rng.normal(0, 1e-4, n)
    return _positions(mmsi, x, lat + rng.normal(0, 1e-4, n), every_s=300)


def _register(ws: Workspace) -> None:
    mmsi = archive.read(ws.positions, columns=["mmsi"])["mmsi"].unique().cast(pl.Int64)
    store.upsert(ws.engine, "vessels", pl.DataFrame({"mmsi": mmsi}))


def test_a_position_far_inside_land_is_left_out_and_counted(coast: Workspace) -> None:
    near, far = 121.9 - 150 / 97_000, 121.6  # 150 m and 29 km inside the eastern shore
    lon = np.r_[np.full(30, 121.95), np.full(5, near), np.full(3, far)]
    archive.append(coast.positions, _positions(412_000_001, lon, np.full(38, 29.15)))
    run = runs.detect(coast, now=NOON + timedelta(hours=4))
    assert (run.counts["on_land"], run.counts["flagged"]) == (3, 5)
    samples = store.read(coast.engine, "quarantine").filter(pl.col("source") == "detect")
    land = samples.filter(pl.col("reason") == "on_land")
    assert land.height == 3
    assert land["lon"].to_list() == [far] * 3
    assert "m inside land" in land["detail"][0]
    assert archive.summary(coast.positions)[0] == 38
    runs.detect(coast, now=NOON + timedelta(hours=5))
    again = store.read(coast.engine, "quarantine").filter(pl.col("reason") == "on_land")
    assert again.height == 3


def test_an_event_on_land_says_how_far_inside(coast: Workspace) -> None:
    """Vessels that lie still, one 150 m inside the shore for a while, one at sea."""
    inside = 121.9 - np.r_[np.zeros(10), np.linspace(50, 150, 5), np.zeros(16)] / 97_000
    ashore = _positions(412_000_001, np.where(inside < 121.9, inside, 121.9005), np.full(31, 29.15))
    afloat = _positions(412_000_002, np.full(31, 121.95), np.full(31, 29.15))
    still = pl.lit(0.0, pl.Float32)
    archive.append(coast.positions, pl.concat([ashore, afloat]).with_columns(sog_kn=still))
    run = runs.detect(coast, now=NOON + timedelta(hours=4))
    assert run.counts["flagged"] == 5
    events = store.read(coast.engine, "events")
    told = {
        (row["mmsi"], row["kind"]): json.loads(row["evidence"])
        for row in events.iter_rows(named=True)
    }
    stop = told[412_000_001, "stop"]
    assert stop["on_land"] == 5
    assert stop["inside_m"] == pytest.approx(150, abs=2)
    assert not {"on_land", "inside_m"} & told[412_000_002, "stop"].keys()


def test_flagging_takes_each_event_s_own_positions() -> None:
    """Against a plain loop, on events that overlap, touch and miss the positions."""
    rng = np.random.default_rng(7)
    n = 300
    tracks = pl.concat(
        _positions(412_000_001 + k, rng.uniform(121, 122, n), np.full(n, 29.0)) for k in range(3)
    ).with_columns(impossible=pl.Series(rng.random(3 * n) < 0.1))
    depth = pl.Series("inside_m", rng.uniform(0.1, 300, 3 * n), dtype=pl.Float32)
    ashore = tracks.drop("impossible").with_columns(depth)
    ashore = ashore.filter(pl.Series(rng.random(3 * n) < 0.2)).sample(fraction=1.0, shuffle=True)
    begun = rng.integers(-20, n + 20, 200)
    lasted = rng.integers(0, 40, 200)
    events = pl.DataFrame(
        {
            "mmsi": pl.Series(412_000_001 + rng.integers(0, 5, 200), dtype=pl.UInt32),
            "t0": [NOON + timedelta(minutes=int(m)) for m in begun],
            "t1": [NOON + timedelta(minutes=int(m)) for m in begun + lasted],
            "evidence": ['{"why": ["x"]}'] * 200,
        },
        schema_overrides={"t0": pl.Datetime("ms", "UTC"), "t1": pl.Datetime("ms", "UTC")},
    )
    found = _flagged.flagged(events, ashore, tracks)
    assert found.drop("evidence").equals(events.drop("evidence"))
    sailed = ashore.join(tracks.filter(~pl.col("impossible")), on=archive.KEY, how="semi")
    flagged = 0
    for row, evidence in zip(events.iter_rows(named=True), found["evidence"], strict=True):
        own = sailed.filter(
            (pl.col("mmsi") == row["mmsi"]) & pl.col("t").is_between(row["t0"], row["t1"])
        )
        said = {"why": ["x"]}
        if own.height:
            flagged += 1
            deepest = own["inside_m"].cast(pl.Float64).max()
            said |= {"on_land": own.height, "inside_m": pytest.approx(deepest, abs=0.051)}
        assert json.loads(evidence) == said
    assert 50 < flagged < 200
    assert _flagged.flagged(events, ashore.clear(), tracks).equals(events)


def test_an_mmsi_of_two_hulls_is_noted(coast: Workspace) -> None:
    both = [_circling(412_000_002, 122.1, 29.05), _circling(412_000_002, 122.4, 29.4)]
    archive.append(coast.positions, pl.concat([*both, _circling(412_000_003, 122.1, 29.05)]))
    _register(coast)
    run = runs.detect(coast, now=NOON + timedelta(hours=4))
    shared = store.read(coast.engine, "mmsi_shared")
    assert shared.select("mmsi", "hulls", "why").rows() == [(412_000_002, 2, "at_once")]
    assert 45 < shared["distance_km"][0] < 52
    assert run.counts["mmsi_shared"] == 1
    found = read.vessel(coast, 412_000_002)
    assert found is not None
    assert found.hulls["hulls"].to_list() == [2]


def test_many_turns_find_what_one_finds(
    coast: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [_circling(412_000_100 + n, 122.1 + 0.03 * n, 29.05 + 0.02 * n) for n in range(12)]
    rows += [_beacon(412_555_500 + n, 122.2, 29.1 + 0.01 * n) for n in range(4)]
    archive.append(coast.positions, pl.concat(rows))
    _register(coast)
    found = []
    for turn in (10_000_000, 300, 100):
        monkeypatch.setattr(detection, "_TURN", turn)
        run = runs.detect(coast, now=NOON + timedelta(hours=20), way=runs.Way(whole=True))
        counts = {name: n for name, n in run.counts.items() if n and not name.startswith("events_")}
        tables = [store.read(coast.engine, name) for name in ("events", "vessels", "mmsi_shared")]
        found.append((counts, *tables))
    assert (found[0][1]["kind"] == "loitering").sum() == 12
    beacons = found[0][2].filter(pl.col("kind") == "net beacon")
    assert beacons["mmsi"].to_list() == [412_555_500 + n for n in range(4)]
    assert beacons["why"].str.contains("family").all()
    for counts, *tables in found[1:]:
        assert counts == found[0][0]
        for ours, theirs in zip(tables, found[0][1:], strict=True):
            assert ours.equals(theirs)


def test_turns_follow_the_archive() -> None:
    parts = pl.DataFrame({"n": [1, 7, 7], "rows": [1_000, 20_000_000, 20_000_000]})
    assert detection._turns(parts, share=1.0) == 49
    assert detection._turns(parts.head(1), share=1.0) == 1
    assert detection._turns(parts.clear(), share=1.0) == 0
    assert detection._turns(pl.DataFrame({"n": [1], "rows": [30_000_000]}), share=1.0) == 21
    assert detection._turns(pl.DataFrame({"n": [1], "rows": [30_000_000]}), share=0.01) == 1


def test_an_empty_archive_forgets_what_was_found(coast: Workspace) -> None:
    store.write(coast.engine, "mmsi_shared", pl.DataFrame({"mmsi": [1], "hulls": [2]}))
    run = runs.detect(coast, now=NOON)
    assert run.counts["mmsi_shared"] == store.count(coast.engine, "mmsi_shared") == 0


def test_turns_laid_out_are_what_the_archive_reads(
    coast: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [_circling(412_000_100 + n, 122.1 + 0.03 * n, 29.05 + 0.02 * n) for n in range(12)]
    later = [one.with_columns(pl.col("t") + timedelta(days=n % 5)) for n, one in enumerate(rows)]
    archive.append(coast.positions, pl.concat(rows + later))
    monkeypatch.setattr(_parted, "_AT_ONCE", 500)
    named = [412_000_101, 412_000_104, 412_000_111]
    for chosen in (None, named):
        with parted(coast.positions, tmp_path / "detected", of=7, named=chosen) as parts:
            for k in range(7):
                wanted = archive.read(coast.positions, bucket=(k, 7), mmsi=chosen)
                assert taken(parts, k).equals(wanted)
    assert list((tmp_path / "detected").iterdir()) == []
