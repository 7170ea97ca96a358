"""The example, end to end: what goes in comes out, and the planted is found and told."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from workspace import archive, db, lineage, read, runs, store, users
from workspace.demo import build_demo, example_accounts
from workspace.folder import Workspace, open_workspace
from workspace.ingest import ingest

NOW = datetime(2026, 11, 23, 10, 20, tzinfo=UTC)
TONIGHT = "2026-11-23T22:00"


@pytest.fixture(scope="module")
def built(example: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("demo") / "example"
    return {"root": root, **example.copy(root)}


@pytest.fixture(scope="module")
def ws(built: dict[str, Any]) -> Iterator[Workspace]:
    opened = open_workspace(built["root"])
    yield opened
    opened.close()


def test_counts_are_those_of_the_issue(built: dict[str, Any], full: bool) -> None:
    counts = built["counts"]
    assert counts["segments"] == counts["scored_segment_shifts"] / 24
    assert counts["segments"] == pytest.approx(4571, rel=0.01)
    assert counts["sections"] == 12
    assert {"stop", "loitering", "shore_approach"} <= set(counts["events"])
    if full:
        assert counts["vessels"] >= 300
        assert 1_500_000 <= counts["positions"] <= 2_000_000
        assert sum(built["seconds"].values()) < 180.0


def test_the_made_earlier_survey_leaves_a_change_of_the_coast_to_look_at(ws: Workspace) -> None:
    sums = lineage.sums(lineage.table(ws))
    kinds = dict(sums.select("change", "new_segments").iter_rows())
    assert kinds["kept"] > 4_400
    assert {"moved", "gone", "new"} <= set(kinds)
    assert "虚构" in lineage.coasts(ws)["source"][0]


def test_every_simulated_position_is_in_the_archive_once(
    ws: Workspace, built: dict[str, Any]
) -> None:
    taken = store.read(ws.engine, "ingests")
    rows, oldest, newest = archive.summary(ws.positions)
    assert rows == taken["added"].sum() == built["counts"]["positions"]
    assert built["quarantined"] == {}
    assert taken["simulated"].all()
    assert newest is not None
    assert oldest is not None
    assert newest <= NOW.replace(minute=0) + timedelta(seconds=1)


def test_the_same_files_again_add_nothing(ws: Workspace) -> None:
    again = ingest(ws, sorted((ws.root / "ais").glob("*.gz")), now=NOW)
    assert again.counts["added"] == 0
    assert again.counts["files_known"] == len(again.known) > 0


def test_planted_behaviours_are_found_and_decoys_are_not(ws: Workspace) -> None:
    truth = pl.read_csv(ws.exports / "simulated-truth.csv", try_parse_dates=True)
    # Ordinary rows are what traffic does anyway: true as well, and no trial.
    tried = pl.col("kind").is_in(["loitering", "shore_approach"]) & ~pl.col("ordinary")
    truth = truth.filter(tried)
    events = store.read(ws.engine, "events")

    def found(row: dict[str, Any]) -> bool:
        same = events.filter(
            (pl.col("mmsi") == row["mmsi"])
            & (pl.col("kind").is_in(["loitering", "shore_approach"]))
            & (pl.col("t0") <= row["t1"])
            & (pl.col("t1") >= row["t0"])
        )
        if row["decoy"]:
            return same.height > 0
        return (same["kind"] == row["kind"]).any()

    planted = truth.filter(~pl.col("decoy"))
    assert planted.height >= 4
    hits = [found(row) for row in planted.iter_rows(named=True)]
    assert np.mean(hits) >= 0.75
    decoys = truth.filter(pl.col("decoy"))
    assert decoys.height > 0
    assert np.mean([found(row) for row in decoys.iter_rows(named=True)]) <= 0.1


def test_contributions_and_base_add_up_to_the_score(ws: Workspace) -> None:
    rows = store.read(ws.engine, "scores", columns=["score", "lo", "hi", "contributions"]).sample(
        500, seed=1
    )
    for score, lo, hi, text in rows.iter_rows():
        points = [cell[0] for cell in json.loads(text).values()]
        # Stored with four decimals: thirteen of them, each off by at most half the last.
        assert score == pytest.approx(2.0 + sum(points), abs=13 * 0.5e-4)
        assert lo <= score + 1e-9
        assert score <= hi + 1e-9


def test_a_segment_near_a_planted_approach_scores_above_its_like(ws: Workspace) -> None:
    events = store.read(ws.engine, "events").filter(pl.col("kind") == "shore_approach")
    table = read.scores(ws, TONIGHT)
    assert table is not None
    near = table.filter(pl.col("segment_id").is_in(events["segment_id"].implode()))
    assert near["threat"].mean() > 2 * table["threat"].mean()


def test_zones_keep_the_budget_are_contiguous_and_name_a_chief(ws: Workspace) -> None:
    zones = read.layer(ws, "zones", shift_id=TONIGHT)
    assert 1 <= len(zones) <= ws.config.max_zones
    assert zones["km"].sum() <= ws.config.patrol_km + 1e-6
    chiefs = read.sections(ws)
    shore = read.segments(ws).set_index("segment_id")
    for zone in zones.itertuples():
        ids = json.loads(zone.segment_ids)
        part = shore.loc[ids]
        assert part["shoreline_id"].nunique() == 1
        assert zone.km * 1000 == pytest.approx(part["length_m"].sum(), abs=1.0)
        gaps = np.abs(part["from_m"].to_numpy()[1:] - part["to_m"].to_numpy()[:-1])
        assert (gaps > 1.0).sum() <= 1
        named = chiefs.filter(pl.col("section_id").is_in(json.loads(zone.section_ids)))
        assert named.height >= 1
        assert named["chief_name"].null_count() == 0
        assert "风险" in zone.reason_zh
        assert "今晚" not in zone.reason_zh


def test_the_example_says_that_it_is_made(ws: Workspace) -> None:
    meta = read.meta(ws)
    assert meta.simulated
    assert {"wharves", "incidents", "depth"} <= set(meta.made)
    for name in ("wharves", "risk_points", "facilities", "incidents", "events", "posts"):
        assert store.read(ws.engine, name)["made"].all(), name
    assert "坎门" in meta.tide_note


def test_the_accounts_printed_can_sign_in(ws: Workspace, built: dict[str, Any]) -> None:
    accounts = example_accounts(built["root"])
    assert accounts == built["accounts"]
    for account in accounts:
        _, user = users.sign_in(ws, account["name"], account["password"])
        assert user.role == account["role"]
    path = Path(built["root"]) / "example-accounts.json"
    assert path.stat().st_mode & 0o077 == 0


def test_the_section_chief_has_a_section_with_segments(
    ws: Workspace, built: dict[str, Any]
) -> None:
    section = next(a["section"] for a in built["accounts"] if a["role"] == "section_chief")
    assert (read.segments(ws)["section_id"] == section).sum() > 20


def test_another_day_is_scored_when_it_is_asked_for(ws: Workspace) -> None:
    day = date(2026, 11, 20)
    assert read.scores(ws, "2026-11-20T22:00") is None
    assert runs.ensure_scored(ws, day)
    table = read.scores(ws, "2026-11-20T22:00")
    assert table is not None
    assert table["score"].null_count() == 0
    assert not runs.ensure_scored(ws, day)


def test_scoring_again_replaces_and_changes_nothing(ws: Workspace) -> None:
    before = read.scores(ws, TONIGHT)
    rows = store.count(ws.engine, "scores")
    runs.score(ws, date(2026, 11, 23), days=1, now=NOW.replace(minute=0))
    after = read.scores(ws, TONIGHT)
    assert store.count(ws.engine, "scores") == rows
    assert before is not None
    assert after is not None
    assert after.equals(before)


def test_a_shift_scores_the_same_whichever_run_it_is_in(ws: Workspace) -> None:
    place = store.read(ws.engine, "wharves").row(0, named=True)
    today = pl.DataFrame(
        {
            "inspection_id": ["today"],
            "object_kind": ["wharf"],
            "object_id": [place["wharf_id"]],
            "t": [NOW - timedelta(hours=2)],
            "result": ["ok"],
            "made": [True],
        }
    )
    store.upsert(ws.engine, "inspections", today)
    runs.score(ws, date(2026, 11, 22), days=3, now=NOW)
    of_three = read.scores(ws, TONIGHT)
    runs.score(ws, date(2026, 11, 23), days=1, now=NOW)
    of_one = read.scores(ws, TONIGHT)
    assert of_three is not None
    assert of_one is not None
    assert of_three.equals(of_one)


def test_a_feed_long_silent_is_missing_and_not_peace(ws: Workspace) -> None:
    later = NOW + timedelta(days=60)
    runs.score(ws, later.date(), days=1, now=later)
    rows = store.read(ws.engine, "scores", where=db.scores.c.shift_start >= later)
    assert rows.height > 0
    for text in rows["missing"].head(50):
        assert {"loitering_near", "shore_approach"} <= set(json.loads(text))
    assert (rows["hi"] - rows["lo"]).min() > 1.0


def test_detection_in_turns_is_one_pass(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from workspace import detection

    once = store.read(ws.engine, "events").sort("event_id")
    monkeypatch.setattr(detection, "_TURN", 5_000)
    run = runs.detect(ws, now=NOW, way=runs.Way(whole=True))
    assert run.counts["watched"] > 40
    turns = store.read(ws.engine, "events").sort("event_id")
    assert turns.drop("evidence").equals(once.drop("evidence"))
    assert turns["evidence"].to_list() == once["evidence"].to_list()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        build_demo(tmp_path, now=NOW)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_build_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workspace import demo

    def fails(ws: Workspace, *_: object) -> None:
        assert store.count(ws.engine, "tide_stations") > 0
        raise InputError("no", where="here", mend="never")

    # The database is there and open by then, and holds the tide; the coast takes ten seconds.
    monkeypatch.setattr(demo, "_earlier_coast", fails)
    with pytest.raises(InputError, match="no"):
        build_demo(tmp_path / "x", now=NOW, days=1, vessels=12)
    assert list(tmp_path.iterdir()) == []
