"""The README's run on a real coast and a real file of AIS, command by command."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import polars as pl
import pytest

from workspace import cli, read, store
from workspace.folder import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[2]
SHOREGRID = Path(sys.executable).with_name("shoregrid")
SHIFT = "2025-11-03T18:00"


def commands(readme: str) -> list[list[str]]:
    """Return the commands of the run as both READMEs give them, but for the one that serves."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```\n(.*?)```", text, re.S) if "shoregrid init" in b)
    lines = block.replace("\\\n", " ").splitlines()
    found = [shlex.split(line) for line in lines]
    assert found[-1][:2] == ["shoregrid", "serve"]
    return found[:-1]


def _say(words: list[str]) -> str:
    """Run a command in this process, which has loaded already what it needs."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as out:
        patch.setattr(sys, "argv", ["shoregrid", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
    assert not end.value.code, out.getvalue()
    return out.getvalue()


def _say_apart(words: list[str]) -> str:
    """Run a command as users do, in a process that knows only what is on the disk."""
    done = subprocess.run(
        [str(SHOREGRID), *words], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def said(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Run the commands in an empty folder and return what each said, and where."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("coast/land_osm_kattegat.gpkg", "ais/dma_layout_kattegat_202511_52k.csv.gz"):
        (folder / Path(name).name).symlink_to(shared / name)
    told: dict[str, object] = {"folder": folder}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SHOREGRID_PASSWORD", "a long pass phrase")
        for words in [*commands("README.md"), ["shoregrid", "status", "kattegat"]]:
            json_too = [] if words[1] == "user" else ["--json"]
            say = _say_apart if words[1] in {"ingest", "status"} else _say
            out = say([*words[1:], *json_too])
            told[words[1]] = json.loads(out.splitlines()[-1]) if json_too else out
    return told


@pytest.fixture(scope="module")
def ws(said: dict[str, object]):
    opened = open_workspace(Path(str(said["folder"])) / "kattegat")
    yield opened
    opened.close()


def test_both_readmes_give_the_same_commands() -> None:
    assert commands("README.md") == commands("README.zh-CN.md")


def test_every_row_of_the_file_is_in_the_archive(said: dict[str, object]) -> None:
    counts = said["ingest"]["counts"]
    assert counts["rows_in"] == counts["added"] == 51_569
    assert counts["vessels"] == 356


def test_few_behaviours_since_these_vessels_pass_through(ws: Workspace) -> None:
    kinds = dict(store.read(ws.engine, "events").group_by("kind").len().iter_rows())
    assert 5 <= kinds["stop"] <= 60
    assert kinds.get("loitering", 0) <= 6
    assert kinds.get("shore_approach", 0) <= 20


def test_every_segment_is_scored_and_what_lacks_is_named_with_a_wider_interval(
    ws: Workspace,
) -> None:
    table = read.scores(ws, SHIFT)
    assert table is not None
    assert table.height == len(read.segments(ws)) > 13_000
    assert table["score"].null_count() == 0
    assert ((table["lo"] < table["score"]) & (table["score"] < table["hi"])).all()
    assert (table["hi"] - table["lo"]).mean() > 20.0
    missing = set(read.meta(ws).missing)
    assert {"tide_stations", "incidents", "facilities", "depth"} <= missing


def test_the_reason_names_what_is_missing(ws: Workspace) -> None:
    table = read.scores(ws, SHIFT)
    assert table is not None
    worst = table.sort("score", descending=True)["segment_id"][0]
    said = read.explain(ws, worst, SHIFT)
    lacking = {part["id"] for part in said["contributions"] if part["missing"]}
    assert {"landable", "incidents_near", "facility_cover", "patrol_cover"} <= lacking
    assert "缺少资料" in said["sentence_zh"]
    assert "No data" in said["sentence_en"]
    assert said["tide"] is None
    total = said["base"] + sum(part["points"] for part in said["contributions"])
    assert total == pytest.approx(said["score"], abs=1e-9)


def test_a_place_where_a_vessel_came_ashore_scores_above_the_rest(ws: Workspace) -> None:
    events = store.read(ws.engine, "events").filter(pl.col("kind") == "shore_approach")
    table = read.scores(ws, SHIFT)
    assert table is not None
    near = table.filter(pl.col("segment_id").is_in(events["segment_id"].implode()))
    assert near["score"].mean() > table["score"].quantile(0.9)
