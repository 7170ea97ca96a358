"""Forecasts of a workspace's incidents are tested on what came after them."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from workspace import store
from workspace._backtest_report import report
from workspace.backtesting import backtest, shore_of
from workspace.folder import Workspace

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


def happened(ws: Workspace, count: int, *, seed: int = 1, places: int | None = 6) -> None:
    """Write incidents of three years on a few segments, or on any."""
    rng = np.random.default_rng(seed)
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"].to_list()
    hot = rng.choice(ids, places) if places else np.array(ids)
    store.write(
        ws.engine,
        "incidents",
        pl.DataFrame(
            {
                "incident_id": [f"i{k}" for k in range(count)],
                "t0": [NOW - timedelta(days=float(d)) for d in rng.uniform(0, 1095, count)],
                "segment_id": rng.choice(hot, count),
                "kind": "smuggling",
                "source": "reported",
                "weight": 1.0,
            }
        ),
    )


def test_stretches_are_the_segments_and_distance_is_mutual(coast: Workspace) -> None:
    shore = shore_of(coast)
    rows = store.read(coast.engine, "segments", columns=["length_m"])
    assert shore.length_km.sum() == pytest.approx(rows["length_m"].sum() / 1000)
    itself = shore.a == shore.b
    assert itself.sum() == len(shore)
    assert (shore.distance_m[itself] == 0).all()
    there = dict(zip(zip(shore.a, shore.b, strict=True), shore.distance_m, strict=True))
    assert len(there) == len(shore.a)
    back = [there.get((b, a), np.nan) for a, b in there]
    assert np.nanmax(np.abs(np.array(back) - np.array(list(there.values())))) < 300
    assert 500 < shore.distance_m.max() <= 8_000


def test_where_incidents_come_back_counts_beat_chance(coast: Workspace) -> None:
    happened(coast, 150)
    tested = backtest(coast, now=NOW, step_days=60)
    by = {row["forecaster"]: row for row in tested.found.by_forecaster.to_dicts()}
    assert tested.found.verdict == "signal"
    assert by["decayed"]["against_uniform"] == by["kernel"]["against_uniform"] == "better"
    # Two years: the first is for learning.
    assert tested.span[1] == NOW
    assert timedelta(days=725) < tested.span[1] - tested.span[0] <= timedelta(days=731)
    assert tested.found.folds.height == 12
    assert {"uniform", "last_year", "near_repeat", "analyst", "learned"} <= set(by)
    assert by["learned"]["against_uniform"] == "better"
    page = report(tested, title="示例 <县>")
    assert "示例 &lt;县&gt;" in page
    assert "http" not in page
    for name in ("kernel", "analyst"):
        pai = tested.found.by_share.filter(forecaster=name, share=0.05)["pai"].item()
        assert f"<td>{pai:.1f}<small>" in page
    assert "nan" not in page.lower()
    assert "None" not in page


def test_nothing_after_an_origin_is_seen_by_the_weights(coast: Workspace) -> None:
    happened(coast, 60)
    first = backtest(coast, since=date(2026, 1, 1), until=date(2026, 3, 2), now=NOW)
    later = pl.DataFrame(
        {
            "incident_id": ["x"],
            "t0": [datetime(2026, 1, 2, tzinfo=UTC)],
            "segment_id": store.read(coast.engine, "incidents")["segment_id"].head(1),
            "kind": "smuggling",
            "source": "reported",
            "weight": 5.0,
        }
    )
    store.write(coast.engine, "incidents", later)
    again = backtest(coast, since=date(2026, 1, 1), until=date(2026, 3, 2), now=NOW)
    told = [
        one.found.by_forecaster.filter(forecaster="analyst")["expected"].item()
        for one in (first, again)
    ]
    assert first.found.folds["known"][0] == again.found.folds["known"][0]
    assert told[1] > told[0]
    assert first.found.folds["origin"][0] == datetime(2025, 12, 31, 16, tzinfo=UTC)


def test_the_command_tells_what_cannot_be_tested_and_what_was_left_out(
    coast: Workspace, run: Run, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no incidents to test on"):
        backtest(coast, now=NOW)
    happened(coast, 40, places=None)
    odd = pl.DataFrame(
        {
            "incident_id": ["future", "inland", "never"],
            "t0": [NOW + timedelta(days=2000), NOW - timedelta(days=5), None],
            "segment_id": ["", None, None],
            "kind": "smuggling",
            "source": "tip",
            "weight": 1.0,
        },
        schema_overrides={"t0": pl.Datetime("ms", "UTC")},
    ).with_columns(
        segment_id=pl.when(pl.col("incident_id") == "future")
        .then(pl.lit(store.read(coast.engine, "segments")["segment_id"][0]))
        .otherwise(None)
    )
    store.write(coast.engine, "incidents", odd)
    coast.close()
    out = tmp_path / "report.html"
    code, said, _ = run("backtest", coast.root, "--report", out, "--step", "90", "--json")
    assert code == 0
    told = json.loads(said.splitlines()[-1])
    assert told["verdict"] in ("no_signal", "too_few")
    assert {name: n for name, n in told["counts"].items() if name.startswith("left_out")} == {
        "left_out_without_time": 1, "left_out_off_the_shore": 1, "left_out_in_the_future": 1,
    }  # fmt: skip
    assert "在将来" in said
    assert "in the future" in out.read_text(encoding="utf-8")
    code, _, complaint = run("backtest", coast.root, "--from", "2026-11-20", "--to", "2026-11-23")
    assert code == 1
    assert "不足一期" in complaint
