"""What the pages ask for, on a small coast with everything on it."""

import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ais.schema import POSITIONS
from workspace import archive, landing, read, runs, store
from workspace.folder import Workspace
from workspace.importers import import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)


def _import(ws: Workspace, folder: Path, kind: str, text: str) -> None:
    path = folder / f"{kind}.csv"
    path.write_text(text, encoding="utf-8")
    assert not import_file(ws, kind, path, now=NOW).refused


@pytest.fixture
def full_ws(coast: Workspace, shared: Path, tmp_path: Path) -> Workspace:
    """Return the small coast with sections, a chief, places, tide, tracks, scores and zones."""
    _import(
        coast,
        tmp_path,
        "sections",
        "section_id,name,name_en,lon,lat\nS1,西段,West,121.6,29.31\nS2,东段,East,121.91,29.25\n",
    )
    _import(
        coast,
        tmp_path,
        "posts",
        "role,name,unit,duty_phone,object_kind,object_id,valid_from,valid_to\n"
        "section_chief,旧段长,甲所,0574-0000 0001,section,S2,2020-01-01,2025-12-31\n"
        "section_chief,新段长,乙所,0574-0000 0002,section,S2,2026-01-01,2026-12-31\n"
        "section_chief,将来,丙所,0574-0000 0003,section,S2,2027-01-01,\n",
    )
    _import(
        coast,
        tmp_path,
        "wharves",
        "wharf_id,name,name_en,cadence_days,lon,lat\nW1,东门码头,East Gate,7,121.914,29.27\n",
    )
    _import(
        coast,
        tmp_path,
        "facilities",
        "facility_id,name,name_en,kind,line,status,status_since,lon,lat\n"
        "F1,路口限高杆,Bar,height_bar,way_out,broken,2026-11-14,121.914,29.271\n",
    )
    _import(
        coast,
        tmp_path,
        "inspections",
        "object_kind,object_id,t,result\nwharf,W1,2026-11-10 09:00,ok\n",
    )
    import_file(coast, "tides", shared / "coast" / "tide_constituents_china.json", now=NOW)
    ids = store.read(coast.engine, "segments", columns=["segment_id"])
    store.write(
        coast.engine,
        "segments",
        store.layer(coast.engine, "segments").assign(
            landing_seabed_m=np.where(np.arange(ids.height) % 2 == 0, -0.8, np.nan)
        ),
        replace=True,
    )
    t = [NOW - timedelta(minutes=m) for m in range(300)]
    track = pl.DataFrame(
        {
            "mmsi": 412_000_001,
            "t": t,
            "lon": 121.95,
            "lat": 29.25,
            "msg_type": 1,
            "cls": "A",
            "source": "t",
        }
    )
    archive.append(
        coast.positions,
        pl.concat([track, POSITIONS.to_frame()], how="diagonal_relaxed").select(
            pl.col(name).cast(kind) for name, kind in POSITIONS.items()
        ),
    )
    runs.detect(coast, now=NOW)
    runs.score(coast, DAY, days=3, now=NOW)
    runs.plan(coast, DAY, days=1, now=NOW)
    return coast


def test_the_pages_find_what_they_ask_for(full_ws: Workspace) -> None:
    ws = full_ws
    meta = read.meta(ws)
    assert meta.newest_position == NOW
    assert meta.bounds[0] == pytest.approx(121.4, abs=0.02)
    assert set(meta.missing) == {"incidents", "risk_points", "effort", "depth"}

    shifts = read.scored_shifts(ws)
    assert len(shifts) == 18
    assert shifts[0][0] == "2026-11-23T02:00"
    assert shifts[0][1] == datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert all(b == c for (_, _, b), (_, c, _) in itertools.pairwise(shifts))

    shore = read.segments(ws)
    assert set(shore["section_id"]) == {"S1", "S2"}
    scores = read.scores(ws, "2026-11-23T22:00")
    assert scores["segment_id"].to_list() == shore["segment_id"].tolist()
    assert (
        scores.select((pl.col("lo") <= pl.col("score")) & (pl.col("score") <= pl.col("hi")))
        .to_series()
        .all()
    )
    assert read.scores(ws, "2020-01-01T22:00") is None
    assert read.scores(ws, "nonsense") is None

    sections = read.sections(ws)
    assert sections["chief_name"].to_list() == [None, "新段长"]
    assert read.land(ws).geometry.is_valid.all()

    strip = read.strip(ws, "S2", DAY)
    assert strip.height == 18
    inside = pl.Series((shore["section_id"] == "S2").to_numpy())
    row = strip.filter(pl.col("shift_id") == "2026-11-23T22:00").row(0, named=True)
    assert row["max_score"] == scores.filter(inside)["score"].max()
    assert row["dark_share"] == 1.0
    assert strip["landable_share"].is_in([0.0, 1.0]).all()
    later = read.strip(ws, None, date(2027, 5, 1))
    assert later["max_score"].null_count() == 18

    for name, height in (("wharves", 1), ("facilities", 1), ("incidents", 0), ("sections", 2)):
        assert len(read.layer(ws, name)) == height
    zones = read.layer(ws, "zones", shift_id="2026-11-23T22:00")
    assert zones["rank"].tolist() == sorted(zones["rank"])
    assert len(zones) >= 1
    assert len(read.layer(ws, "zones", shift_id="2020-01-01T22:00")) == 0
    with pytest.raises(KeyError, match="wharfs"):
        read.layer(ws, "wharfs")


def test_an_explanation_adds_up_and_says_what_is_due_and_who_answers(full_ws: Workspace) -> None:
    ws = full_ws
    shore = read.segments(ws)
    wharf = store.read(ws.engine, "wharves").row(0, named=True)
    near = shore[
        (shore["shoreline_id"] == wharf["shoreline_id"])
        & (shore["from_m"] <= wharf["chainage_m"])
        & (shore["to_m"] > wharf["chainage_m"])
    ].iloc[0]
    told = read.explain(ws, near["segment_id"], "2026-11-23T22:00", now=NOW)
    assert told is not None
    points = sum(part["points"] for part in told["contributions"])
    assert told["base"] + points == pytest.approx(told["score"], abs=1e-9)
    assert told["base"] == pytest.approx(2.0, abs=0.01)
    assert told["contributions"] == sorted(told["contributions"], key=lambda p: -p["points"])
    assert {p["pillar"] for p in told["contributions"]} == set(told["pillars"])
    missing = {part["id"] for part in told["contributions"] if part["missing"]}
    assert "incidents_near" in missing
    assert told["lo"] < told["score"] < told["hi"]
    assert told["section"] == "S2"
    assert [chief["name"] for chief in told["chiefs"]] == ["新段长"]
    texts = {item["text_zh"]: item["days"] for item in told["due"]}
    assert texts == {"路口限高杆：损坏 9 天": 9, "东门码头：巡查逾期 6 天": 6}
    assert "22:00–02:00" in told["sentence_zh"]
    assert "22:00–02:00" in told["sentence_en"]
    tide = told["tide"]
    assert len(tide["times"]) == len(tide["height_m"]) == 25
    assert tide["times"][0] == "2026-11-23T14:00:00Z"
    assert tide["station"] == "Kanmen"
    if tide["windows"] is not None:
        for start, end in tide["windows"]:
            assert tide["times"][0] <= start < end <= tide["times"][-1]
    assert read.explain(ws, "nowhere", "2026-11-23T22:00") is None
    assert read.explain(ws, near["segment_id"], "2020-01-01T22:00") is None


def test_landable_windows_are_where_the_tide_stands_above_the_threshold(
    full_ws: Workspace,
) -> None:
    segment = read.segments(full_ws)["segment_id"].iloc[0]
    told = read.explain(full_ws, segment, "2026-11-23T22:00", now=NOW)
    tide = told["tide"]
    assert tide["threshold_m"] == 0.5
    above = [t for t, h in zip(tide["times"], tide["height_m"], strict=True) if h >= 0.5]
    inside = [t for t in tide["times"] if any(a <= t <= b for a, b in tide["windows"])]
    assert inside == above or len(above) - len(inside) <= 2


def test_tracks_are_thinned_and_say_so(full_ws: Workspace) -> None:
    span = {"t0": NOW - timedelta(days=1), "t1": NOW + timedelta(hours=1)}
    whole, thinned = read.tracks(full_ws, **span, bbox=(121, 29, 123, 30))
    assert (len(whole), thinned) == (1, False)
    assert whole["n"].tolist() == [300]
    assert len(whole.geometry.iloc[0].coords) == 300
    few, thinned = read.tracks(full_ws, **span, bbox=None, max_points=50)
    assert thinned
    assert len(few.geometry.iloc[0].coords) <= 52
    none, thinned = read.tracks(full_ws, **span, bbox=(0, 0, 1, 1))
    assert (len(none), thinned) == (0, False)


def test_a_cache_is_stale_as_soon_as_its_table_is_written(coast: Workspace) -> None:
    first = read.segments(coast)
    assert read.segments(coast) is first
    landing.set_landing(coast)
    assert read.segments(coast) is not first
    assert read.meta(coast).missing.count("wharves") == 1
    store.write(coast.engine, "wharves", pl.DataFrame({"wharf_id": ["W"]}))
    assert "wharves" not in read.meta(coast).missing


def test_an_empty_workspace_answers_too(plain_ws: Workspace) -> None:
    assert read.meta(plain_ws).newest_position is None
    assert read.scored_shifts(plain_ws) == []
    assert read.sections(plain_ws).is_empty()
    assert read.strip(plain_ws, None, DAY)["max_score"].null_count() == 18
    for name in read.LAYERS:
        assert len(read.layer(plain_ws, name)) == 0
    assert read.tracks(plain_ws, t0=NOW, t1=NOW, bbox=None)[1] is False
