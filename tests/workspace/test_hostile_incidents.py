"""Incidents in the future, nearly all in one place, or none: scores and reports stay plain."""

import asyncio
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest
import shapely

from dashboards.app import create
from geo.errors import InputError
from workspace import runs, store, users
from workspace._backtest_report import report
from workspace.backtesting import backtest
from workspace.folder import Workspace

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PASSWORD = "a-long-enough-horse"
KINDS = ("future", "all_future", "one_place", "none", "heavy")


def _write(ws: Workspace, kind: str) -> None:
    """Write incidents of one hostile kind, past what an import would refuse."""
    rows = store.read(ws.engine, "segments", columns=["segment_id", "shoreline_id", "lon", "lat"])
    count = {"none": 0, "all_future": 20}.get(kind, 80)
    rng = np.random.default_rng(4)
    at = rng.integers(len(rows), size=count)
    if kind == "one_place":
        at[: int(0.95 * count)] = 7
    age = rng.uniform(1, 1000, count)
    if kind in ("future", "all_future"):
        age[: 20 if kind == "all_future" else 30] -= 3000
    chosen = rows[at]
    lon, lat = chosen["lon"].to_numpy(), chosen["lat"].to_numpy()
    weight = np.full(count, 1e9) if kind == "heavy" else np.ones(count)
    store.write(
        ws.engine,
        "incidents",
        pl.DataFrame(
            {
                "incident_id": [f"i{k}" for k in range(count)],
                "t0": [NOW - timedelta(days=float(d)) for d in age],
                "segment_id": chosen["segment_id"],
                "shoreline_id": chosen["shoreline_id"],
                "kind": ["smuggling"] * count,
                "source": ["reported"] * count,
                "weight": weight,
                "lon": lon,
                "lat": lat,
                "geometry": list(shapely.to_wkb(shapely.points(lon, lat))),
            },
            schema_overrides={"t0": pl.Datetime("ms", "UTC"), "geometry": pl.Binary},
        ),
    )


def _strict(text: str) -> object:
    def refuse(constant: str) -> float:
        pytest.fail(f"{constant} in JSON")

    return json.loads(text, parse_constant=refuse)


async def _asked(paths: list[str]) -> list[httpx.Response]:
    transport = httpx.ASGITransport(create())
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.post("/login", data={"name": "reader", "password": PASSWORD})
        assert answer.status_code == 303
        return [await client.get(path) for path in paths]


class _Text(HTMLParser):
    """All that a reader of a page sees."""

    def __init__(self) -> None:
        super().__init__()
        self.told = ""

    def handle_data(self, data: str) -> None:
        self.told += f" {data}"


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_a_workspace_with_such_incidents_are_numbers(
    coast: Workspace, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(coast, kind)
    users.add(coast, "reader", PASSWORD, role="analyst")
    done = runs.score(coast, NOW.date(), days=1, now=NOW)
    table = store.read(coast.engine, "scores")
    assert table.height == done.counts["scores"] > 0
    assert table.select(pl.col("score", "lo", "hi").is_finite().all()).row(0) == (True,) * 3
    assert table["score"].is_between(0, 100).all()
    if kind in ("none", "all_future"):
        near = [_strict(row)["incidents_near"] for row in table["contributions"].to_list()]
        assert all(raw in (None, 0.0) for *_, raw in near)
    monkeypatch.setenv("SHOREGRID_WORKSPACE", str(coast.root))
    shift = f"{table['shift_start'][0].astimezone(coast.config.tz):%Y-%m-%dT%H:%M}"
    segment = table["segment_id"][0]
    paths = [
        "/api/shifts",
        f"/api/scores?shift={shift}",
        f"/api/segments/{segment}/explanation?shift={shift}",
    ]
    # In a thread of its own: browser tests may have left an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        answers = thread.submit(lambda: asyncio.run(_asked(paths))).result()
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert _strict(answer.text)


@pytest.mark.parametrize("kind", KINDS)
def test_the_backtest_says_plainly_what_such_incidents_are_worth(
    coast: Workspace, kind: str
) -> None:
    _write(coast, kind)
    if kind in ("none", "all_future"):
        with pytest.raises(InputError, match="there are no incidents to test on"):
            backtest(coast, now=NOW, step_days=120)
        return
    tested = backtest(coast, now=NOW, step_days=120)
    for frame in (tested.found.by_forecaster, tested.found.by_share, tested.found.reliability):
        numbers = frame.select(pl.selectors.float()).to_numpy().ravel()
        assert not any(math.isinf(x) for x in numbers if x is not None)
        _strict(json.dumps(frame.to_dicts()))
    page = _Text()
    page.feed(report(tested, title="县"))
    assert not re.search(r"\b(nan|NaN|inf|Infinity|None|null)\b", page.told)
    if kind == "future":
        assert tested.left_out == {"in_the_future": 30}
        assert "30 起案事件时间在将来" in page.told
    if kind == "one_place":
        assert "At least 90 % of the incidents tested on are on one stretch" in page.told


def test_the_command_says_in_both_languages_that_there_is_nothing(
    coast: Workspace, run: object, tmp_path: Path
) -> None:
    assert callable(run)
    coast.close()
    out = tmp_path / "r.html"
    code, _, told = run("backtest", coast.root, "--report", out)
    assert code == 1
    assert "没有可检验的案事件" in told
    assert "there are no incidents to test on" in told
    assert not out.exists()
