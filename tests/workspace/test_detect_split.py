"""However the data comes, what is found in the end is what one pass over all of it finds."""

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ais.schema import KINDS, POSITIONS
from workspace import archive, runs, store
from workspace.folder import Workspace, open_workspace

START = datetime(2026, 11, 20, tzinfo=UTC)
NOW = START + timedelta(days=4)
M_LAT = 1 / 111_195
M_LON = M_LAT / np.cos(np.radians(29.15))
SHORE, LAT = 121.9, 29.15
"""The made coast's eastern shore runs north to south here."""


def _legs(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each minute's metres off the shore and along it: sailing, idling, lying, landing."""
    off, along = [np.array([rng.uniform(1500, 9000)])], [np.array([rng.uniform(-4000, 4000)])]
    while sum(map(len, off)) < n:
        x, y = off[-1][-1], along[-1][-1]
        mode = rng.choice(["sail", "idle", "lie", "land", "dash"], p=[0.4, 0.25, 0.15, 0.1, 0.1])
        if mode in ("sail", "land", "dash"):
            to = 60.0 if mode != "sail" else rng.uniform(1500, 9000)
            knots = {"sail": rng.uniform(6, 14), "land": 4.0, "dash": 24.0}[mode]
            towards = rng.uniform(-4000, 4000) if mode == "sail" else y + rng.uniform(-300, 300)
            steps = max(2, int(np.hypot(to - x, towards - y) / (knots * 30.87)))
            share = np.linspace(0, 1, steps + 1)[1:]
            off.append(x + (to - x) * share)
            along.append(y + (towards - y) * share)
            if mode != "sail":
                off.append(np.linspace(to, 2500, 14))
                along.append(np.full(14, towards))
        else:
            minutes = int(rng.uniform(25, 260))
            turn = np.cumsum(np.full(minutes, 0.1)) if mode == "idle" else np.zeros(minutes)
            off.append(x + 350 * (np.cos(turn) - 1))
            along.append(y + 350 * np.sin(turn))
    return np.concatenate(off)[:n], np.concatenate(along)[:n]


def _fleet(seed: int, vessels: int = 9, hours: int = 40) -> pl.DataFrame:
    """Return the positions of a small fleet, some hours of which nobody hears."""
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(vessels):
        n = hours * 60
        off, along = _legs(rng, n)
        minutes = np.arange(n) + rng.uniform(0, 1)
        kept = rng.random(n) < 0.85
        for begin in rng.uniform(0, n, 2):
            kept &= ~((minutes > begin) & (minutes < begin + rng.uniform(40, 300)))
        lon = SHORE + (off + rng.normal(0, 5, n)) * M_LON
        lat = LAT + (along + rng.normal(0, 5, n)) * M_LAT
        speed = np.hypot(np.gradient(off), np.gradient(along)) / 30.87
        mmsi = 412_000_001 + number - (number == vessels - 1)  # the last two share a number
        parts.append(
            pl.DataFrame(
                {
                    "mmsi": np.full(n, mmsi),
                    "t": [START + timedelta(seconds=round(60 * m)) for m in minutes],
                    "lon": lon.round(6),
                    "lat": lat.round(6),
                    "sog_kn": speed.round(1),
                    "cog_deg": np.degrees(np.arctan2(np.gradient(off), np.gradient(along))) % 360,
                    "msg_type": [1] * n,
                    "cls": ["A"] * n,
                    "source": ["test"] * n,
                }
            ).filter(pl.Series(kept))
        )
    rows = pl.concat(parts)
    return rows.with_columns(
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in POSITIONS.items()
        if name not in rows.columns
    ).select(pl.col(name).cast(kind) for name, kind in POSITIONS.items())


@pytest.fixture
def twins(coast: Workspace, tmp_path: Path) -> Iterator[tuple[Workspace, Workspace]]:
    """Two workspaces on one coast."""
    shutil.copytree(coast.root, tmp_path / "other")
    with closing(open_workspace(tmp_path / "other")) as other:
        yield coast, other


def _told(ws: Workspace) -> pl.DataFrame:
    """Return all that holds of the events, but for when it was found."""
    return store.read(ws.engine, "events").drop("version", "first_found", "revised", "changes")


def _same(one: Workspace, other: Workspace) -> None:
    a, b = _told(one), _told(other)
    assert a["event_id"].to_list() == b["event_id"].to_list()
    assert a.equals(b)
    for table in ("event_segments", "learned_berths", "vessel_patterns", "mmsi_shared"):
        assert store.read(one.engine, table).equals(store.read(other.engine, table)), table


def _whole(ws: Workspace, rows: pl.DataFrame) -> None:
    archive.append(ws.positions, rows)
    runs.detect(ws, now=NOW)


@pytest.mark.parametrize("seed", [1, 2])
def test_any_split_of_the_data_gives_the_events_of_one_pass(
    twins: tuple[Workspace, Workspace], seed: int
) -> None:
    one, other = twins
    rows = _fleet(seed)
    _whole(one, rows)
    kinds = set(_told(one)["kind"])
    assert {"stop", "loitering", "shore_approach"} <= kinds <= set(KINDS)
    rng = np.random.default_rng(seed)
    # Some come in order, some late, some vessels whole; some rows come twice.
    day = (rows["t"].dt.epoch("s").to_numpy() - START.timestamp()) // 30_000
    batch = np.where(rng.random(rows.height) < 0.1, rng.integers(0, 6, rows.height), day)
    batch = np.where(rows["mmsi"].to_numpy() == 412_000_003, 1, batch)
    for number in rng.permutation(np.unique(batch)):
        part = rows.filter(pl.Series(batch == number)).sample(fraction=1.0, shuffle=True, seed=seed)
        archive.append(other.positions, pl.concat([part, part.head(20)]))
        if number % 3 == 1:
            archive.compact(other.positions)
        runs.detect(other, now=NOW)
    _same(one, other)


def test_late_data_revises_by_version_and_loses_nothing(
    twins: tuple[Workspace, Workspace],
) -> None:
    ws, other = twins
    rows = _fleet(4)
    late = (pl.col("mmsi") == 412_000_002) & pl.col("t").is_between(
        START + timedelta(hours=5), START + timedelta(hours=19)
    )
    archive.append(ws.positions, rows.filter(~late))
    first = runs.detect(ws, now=NOW - timedelta(hours=6))
    before = store.read(ws.engine, "events")
    assert set(before["version"]) == {1}
    archive.append(ws.positions, rows.filter(late))
    second = runs.detect(ws, now=NOW)
    assert second.counts["watched"] == 1 < first.counts["watched"]
    now, past = (store.read(ws.engine, name) for name in ("events", "event_versions"))
    assert set(before["event_id"]) <= set(now["event_id"]) | set(past["event_id"])
    revised = now.filter(pl.col("version") > 1)
    assert revised.height == second.counts["events_revised"] + second.counts["events_succeeded"] > 0
    assert (revised["revised"] == NOW).all()
    assert all(json.loads(text) for text in revised["changes"])
    assert past.height == revised.height + second.counts["events_withdrawn"]
    assert (past["until"] == NOW).all()
    _whole(other, rows)
    _same(ws, other)


def test_nothing_new_changes_nothing_and_watches_nobody(coast: Workspace) -> None:
    _whole(coast, _fleet(5, vessels=4))
    before = store.read(coast.engine, "events")
    again = runs.detect(coast, now=NOW + timedelta(days=1))
    assert again.counts["watched"] == 0
    assert store.read(coast.engine, "events").equals(before)
    whole = runs.detect(coast, now=NOW + timedelta(days=1), way=runs.Way(whole=True))
    assert whole.counts["watched"] > 0
    assert store.read(coast.engine, "events").equals(before)


def test_two_workers_find_what_one_finds(
    twins: tuple[Workspace, Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = twins
    rows = _fleet(6)
    _whole(one, rows)
    monkeypatch.setattr("workspace.detection._TURN", 3_000)
    archive.append(other.positions, rows)
    run = runs.detect(other, now=NOW, way=runs.Way(workers=2))
    assert run.counts["watched"] == 8
    _same(one, other)
