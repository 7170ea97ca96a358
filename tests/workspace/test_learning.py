"""A learned model is trained, kept, watched, and shown only where it is offered."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from risk.history import Shore
from workspace import read, runs, store
from workspace._learned import Kept, newest, watch
from workspace.folder import Workspace, open_workspace
from workspace.importers import import_file
from workspace.learning import learn, percentiles
from workspace.status import status

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


def happened(
    ws: Workspace,
    count: int,
    *,
    hot: bool,
    name: str = "i",
    until: datetime = NOW,
    years: float = 4,
) -> None:
    """Write incidents of some years: four in five on one short run of shore, or anywhere."""
    rng = np.random.default_rng(3)
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"].to_list()
    run = rng.integers(40, 44, count)
    anywhere = rng.integers(0, len(ids), count)
    at = np.where(rng.random(count) < 0.8, run, anywhere) if hot else anywhere
    ago = rng.uniform(1, 365 * years, count)
    store.write(
        ws.engine,
        "incidents",
        pl.DataFrame(
            {
                "incident_id": [f"{name}{k}" for k in range(count)],
                "t0": [until - timedelta(days=float(d)) for d in ago],
                "segment_id": [ids[k] for k in at],
                "kind": "smuggling",
                "source": "reported",
                "weight": 1.0,
            }
        ),
    )


@pytest.fixture(scope="module")
def taught_folder(_built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a workspace with a hot place, scored and learned from."""
    root = tmp_path_factory.mktemp("taught") / "ws"
    shutil.copytree(_built, root)
    ws = open_workspace(root)
    happened(ws, 160, hot=True)
    runs.score(ws, date(2026, 11, 22), days=2, now=NOW)
    learn(ws, now=NOW)
    ws.close()
    return root


@pytest.fixture
def taught(taught_folder: Path, tmp_path: Path) -> Workspace:
    """Return a copy of that workspace of its own."""
    shutil.copytree(taught_folder, tmp_path / "taught")
    return open_workspace(tmp_path / "taught")


def kept_of(ws: Workspace) -> Kept:
    found = newest(ws)
    assert found is not None
    return found


def rows_of(ws: Workspace, kept: Kept) -> tuple[dict[str, object], pl.DataFrame]:
    model = store.read(ws.engine, "learned_models").row(0, named=True)
    told = {name: value for name, value in model.items() if name not in {"run_id", "t"}}
    assert model["model_id"] == kept.model_id
    return told, store.read(ws.engine, "learned_forecasts")


def test_percentiles_are_kilometres_with_less_per_kilometre() -> None:
    shore = Shore(np.array([1.0, 2.0, 1.0]), *np.zeros((2, 0), int), np.zeros(0))
    assert percentiles(np.array([1.0, 1.0, 3.0]), shore).tolist() == [0.5, 0.0, 0.75]
    assert percentiles(np.array([1.0, 2.0, 1.0]), shore).tolist() == [0.0, 0.0, 0.0]


def test_a_hot_place_is_learned_and_offered(taught: Workspace) -> None:
    kept = kept_of(taught)
    assert kept.offered
    assert kept.why_zh.startswith("提供")
    assert kept.why_en in kept.card
    assert kept.as_of == datetime(2026, 11, 22, 16, tzinfo=UTC)
    outlook = read.forecast(taught, NOW)
    assert outlook is not None
    rows = outlook.rows
    assert rows.columns == ["segment_id", "expected", "percentile"]
    assert rows["segment_id"].equals(store.read(taught.engine, "segments")["segment_id"])
    assert set(np.argsort(-rows["percentile"].to_numpy())[:4]) == {40, 41, 42, 43}
    assert rows["expected"].sum() == pytest.approx(kept.figures["expected"], abs=1e-5)
    assert rows["expected"].sum() == pytest.approx(160 / 4 / 365 * 30, rel=0.4)
    hot = read.forecast_of(taught, rows["segment_id"][41])
    assert hot is not None
    product = np.prod([part["times"] for part in hot["contributions"]])
    assert hot["times"] == pytest.approx(product)
    assert hot["times"] > 5
    assert {"本段以往案事件", "附近以往案事件"} <= {p["label_zh"] for p in hot["contributions"]}
    assert all(p["label_zh"] != p["id"] for p in hot["contributions"])
    cold = read.forecast_of(taught, rows["segment_id"][int(rows["percentile"].arg_min() or 0)])
    assert cold is not None
    assert cold["contributions"] is None


def test_the_same_again_gives_the_same_rows(taught: Workspace) -> None:
    first, forecasts = rows_of(taught, kept_of(taught))
    again = learn(taught, now=NOW + timedelta(hours=1))
    second, others = rows_of(taught, again.kept)
    assert first == second
    assert forecasts.equals(others)
    assert store.count(taught.engine, "learned_models") == 1
    assert again.before is not None
    assert not again.before[1].anew


def test_where_nothing_is_to_be_learned_nothing_is_offered(coast: Workspace, run: Run) -> None:
    happened(coast, 120, hot=False)
    coast.close()
    code, said, _ = run("learn", coast.root, "--to", "2026-11-23", "--json")
    assert code == 0
    told = json.loads(said.splitlines()[-1], parse_constant=pytest.fail)
    assert not told["offered"]
    assert "不提供：无信号" in said
    assert "Not offered: no signal" in said
    assert told["counts"]["forecasts"] == 0
    assert store.count(coast.engine, "learned_forecasts") == 0
    outlook = read.forecast(coast)
    assert outlook is not None
    assert outlook.rows.is_empty()
    assert read.forecast_of(coast, "any") is None


def test_without_incidents_it_says_so_plainly(coast: Workspace, run: Run, tmp_path: Path) -> None:
    assert read.forecast(coast) is None
    coast.close()
    card = tmp_path / "card.md"
    code, said, _ = run("learn", coast.root, "--card", card)
    assert code == 0
    assert "检验期内只有 0 起案事件" in said
    assert "nothing can be said" in said
    text = card.read_text(encoding="utf-8")
    assert "学习模型卡 · Model card" in text
    assert "nan" not in text.lower()


def test_incidents_that_cannot_be_used_are_counted(coast: Workspace, run: Run) -> None:
    happened(coast, 8, hot=True)
    happened(coast, 3, hot=True, name="old", until=NOW - timedelta(days=4000), years=0.1)
    happened(
        coast, 2, hot=True, name="future", until=datetime.now(UTC) + timedelta(days=400), years=1
    )
    happened(coast, 4, hot=True, name="late", until=datetime(2026, 10, 20, tzinfo=UTC), years=0.02)
    coast.close()
    words = ("--from", "2022-11-01", "--to", "2026-10-01", "--json")
    code, said, _ = run("learn", coast.root, *words)
    assert code == 0
    left = json.loads(said.splitlines()[-1])["figures"]["left_out"]
    assert left["in_the_future"] == 2
    assert left["earlier"] == 3
    assert left["later"] >= 4
    assert "时间在将来" in said
    assert "晚于截止日" in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ({"until": date(2026, 11, 25)}, "from the first to 2026-11-25"),
        ({"since": date(2026, 11, 23)}, "2026-11-23 to today"),
    ],
)
def test_a_span_that_is_none_is_refused(
    coast: Workspace, words: dict[str, date], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        learn(coast, now=NOW, **words)


def test_nothing_asks_for_training_just_after_it(taught: Workspace) -> None:
    found = watch(taught, kept_of(taught), NOW)
    assert not found.anew
    assert set(found.features["state"]) <= {"steady", "moved"}
    assert "暂不必重新训练" in found.sentence(0)
    told = status(taught)
    assert told.more["learned"]["offered"]
    assert any("学习模型" in line for line in told.lines)


def test_a_burst_of_incidents_asks_for_training(taught: Workspace) -> None:
    happened(taught, 40, hot=True, name="burst", until=NOW + timedelta(days=9), years=0.02)
    found = watch(taught, kept_of(taught), NOW + timedelta(days=10))
    assert found.anew
    assert found.happened == 40
    assert "件数超出偶然" in found.sentence(0)
    assert "beyond chance" in found.sentence(1)


def test_what_has_changed_is_named(taught: Workspace) -> None:
    kept = kept_of(taught)
    assert "预测期已过" in watch(taught, kept, kept.t1).sentence(0)
    happened(taught, 1, hot=True, name="found later", until=NOW - timedelta(days=300))
    assert "后来有增改" in watch(taught, kept, NOW).sentence(0)
    other = replace(kept, figures={**kept.figures, "coast": "another"})
    told = watch(taught, other, NOW).sentence(1)
    assert "the coast was built anew" in told
    assert "have changed since" not in told


def test_a_feature_that_moved_is_named_by_its_label(taught: Workspace) -> None:
    ids = store.read(taught.engine, "scores", columns=["contributions"])
    moved = [
        json.dumps({**json.loads(text), "access": [1.0, 0.987, 5.0]})
        for text in ids["contributions"]
    ]
    rows = store.read(taught.engine, "scores").with_columns(contributions=pl.Series(moved))
    store.write(taught.engine, "scores", rows, replace=True)
    found = watch(taught, kept_of(taught), NOW)
    assert found.features.filter(feature="access")["state"].item() == "far"
    assert "特征变动很大：陆路可达" in found.sentence(0)
    assert "access from land" in found.sentence(1).lower()
    store.clear(taught.engine, "scores")
    assert "没有近日评分" in watch(taught, kept_of(taught), NOW).sentence(0)


def test_both_databases_keep_it(ws: Workspace, coast_file: Path) -> None:
    import_file(ws, "coast", coast_file)
    happened(ws, 5, hot=True)
    made = learn(ws, now=NOW)
    assert made.kept == kept_of(ws)
    assert made.kept.figures["incidents"] == 5
    assert learn(ws, now=NOW).kept.model_id == made.kept.model_id
    assert store.count(ws.engine, "learned_models") == 1
