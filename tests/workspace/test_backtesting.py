"""Forecasts of a workspace's incidents are tested on what came after them."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from risk.history import seen_before
from risk.shifts import shifts
from risk.weights import WeightSet
from workspace import _run as runs
from workspace import backtesting, store
from workspace._backtest_report import report
from workspace._recorded import as_recorded, began
from workspace.backtesting import backtest, shore_of
from workspace.evidence import inputs
from workspace.folder import Workspace
from workspace.happened import history as past_of
from workspace.importers import import_file
from workspace.weighting import weight_set

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


def _expected(ws: Workspace, weights: WeightSet, t0: datetime) -> np.ndarray:
    """Return what the analyst's forecast and the learned one say at an origin, in two rows."""
    shore = shore_of(ws)
    seen = seen_before(past_of(ws, NOW)[0], t0)
    both = backtesting.of_the_county(ws, shore, weights).values()
    return np.array([forecast(seen, t0, t0 + timedelta(days=30)) for forecast in both])


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    hours=st.floats(0.0, 24.0 * 200),
    late=st.booleans(),
    row=st.integers(0, 10**6),
    number=st.integers(0, 10**9),
)
def test_nothing_after_an_origin_changes_its_forecasts(
    known_coast: tuple[Workspace, WeightSet, datetime, np.ndarray],
    hours: float,
    late: bool,
    row: int,
    number: int,
) -> None:
    """Incidents (of before, too, if known later), events, inspections and effort of later."""
    ws, weights, t0, before = known_coast
    after = t0 + timedelta(hours=hours)
    rows = store.read(ws.engine, "segments", columns=["segment_id", "lon", "lat"])
    at = rows.row(row % rows.height, named=True)
    point = shapely.to_wkb(shapely.points(at["lon"], at["lat"]))
    happened_at = t0 - timedelta(days=3) if late else after
    for name, values in {
        "incidents": {
            "incident_id": f"x{number}", "t0": happened_at, "known": after, "kind": "smuggling",
            "segment_id": at["segment_id"], "source": "discovered", "weight": 50.0,
            "lon": at["lon"], "lat": at["lat"], "geometry": point,
        },
        "events": {
            "event_id": f"x{number}", "kind": "loitering", "mmsi": number, "t0": after,
            "t1": after + timedelta(hours=2), "lon": at["lon"], "lat": at["lat"],
        },
        "event_segments": {
            "event_id": f"x{number}", "segment_id": at["segment_id"], "water_distance_m": 10.0,
        },
        "inspections": {
            "inspection_id": f"x{number}", "object_kind": "wharf", "object_id": "W1", "t": after,
        },
        "effort": {"segment_id": at["segment_id"], "shift_start": after, "km": 30.0},
    }.items():  # fmt: skip
        with ws.begin() as connection:
            store.upsert(connection, name, pl.DataFrame([values]))
    assert np.array_equal(_expected(ws, weights, t0), before)


@pytest.fixture
def known_coast(
    coast: Workspace, tmp_path: Path
) -> tuple[Workspace, WeightSet, datetime, np.ndarray]:
    """Return a coast with two years of incidents, its origin, and what is forecast there."""
    happened(coast, 60)
    rows = store.read(coast.engine, "segments", columns=["lon", "lat"])
    lon, lat = rows.row(3)
    file = tmp_path / "w.csv"
    file.write_text(f"wharf_id,name,lon,lat,cadence_days\nW1,one,{lon},{lat},7\n", "utf-8")
    import_file(coast, "wharves", file, now=NOW - timedelta(days=400))
    with coast.begin() as connection:
        store.write(connection, "runs", runs.Run("detect", NOW).row())
    weights = weight_set(coast)
    t0 = NOW - timedelta(days=220)
    return coast, weights, t0, _expected(coast, weights, t0)


def test_facilities_and_places_count_as_they_were_on_record(
    coast: Workspace, tmp_path: Path
) -> None:
    rows = store.read(coast.engine, "segments", columns=["lon", "lat"])
    (lon, lat), (lon_2, lat_2) = rows.row(3), rows.row(40)
    head = "facility_id,name,kind,status,status_since,lon,lat\n"
    place = "risk_point_id,name,kind,grade_derived,lon,lat\n"
    first, second, third = (NOW - timedelta(days=d) for d in (300, 200, 100))

    def put(kind: str, text: str, now: datetime) -> None:
        file = tmp_path / f"{kind}.csv"
        file.write_text(text, encoding="utf-8")
        import_file(coast, kind, file, now=now)

    put("facilities", f"{head}F1,one,camera,working,,{lon},{lat}\n", first)
    put("facilities", f"{head}F1,one,camera,broken,{second:%Y-%m-%d},{lon},{lat}\n", second)
    put("facilities", f"{head}F1,one,camera,working,,{lon},{lat}\n"
        f"F2,two,camera,working,,{lon_2},{lat_2}\n", third)  # fmt: skip
    put("risk-points", f"{place}R1,one,creek,1,{lon},{lat}\n", first)
    put(
        "risk-points",
        f"{place}R1,one,creek,3,{lon},{lat}\nR2,two,creek,3,{lon_2},{lat_2}\n",
        second,
    )
    weights = weight_set(coast)
    wanted = shifts(NOW.date(), tz=coast.config.tz)
    given = inputs(coast, weights, wanted)

    def then(days: float) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        found = as_recorded(coast, given, NOW - timedelta(days=days))
        assert found.facilities is not None
        assert found.landing_places is not None
        facilities = found.facilities.select("facility_id", "status", "status_since").rows()
        return facilities, found.landing_places.select("place_id", "grade").rows()

    # A record that begins later is taken as it began.
    whole = [("F1", "working", None)], [("R1", 1)]
    assert then(900) == then(250) == whole
    since = datetime(second.year, second.month, second.day, tzinfo=coast.config.tz)
    assert then(150) == ([("F1", "broken", since.astimezone(UTC))], [("R1", 3), ("R2", 3)])
    assert then(1) == ([("F1", "working", None), ("F2", "working", None)], [("R1", 3), ("R2", 3)])
    assert began(coast) == first
