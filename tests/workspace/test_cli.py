"""The command: what it prints, how it ends, and that it is documented."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from workspace import _cli_import, cli, folder, store
from workspace.importers import KINDS
from workspace.rights import ROLES
from workspace.setup import nautical_zone

DOCS = Path(__file__).resolve().parents[2] / "docs"
Run = Callable[..., tuple[int, str, str]]
NOAA = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass\n"
    "366000001,2022-01-03T00:00:00,29.25,121.95,1.0,90,90,A,IMO9000001,C,70,0,100,20,5,70,A\n"
)


def test_from_files_to_a_scored_map(run: Run, coast_file: Path, tmp_path: Path) -> None:
    ws, ais = tmp_path / "ws", tmp_path / "a.csv"
    ais.write_text(NOAA)
    code, out, _ = run("init", ws, "--coast", coast_file, "--name-zh", "试", "--json")
    assert code == 0
    assert "Etc/GMT-8" in out
    last = json.loads(out.splitlines()[-1])
    assert set(last) == {"counts", "seconds", "quarantined"}
    assert last["counts"]["coast"]["shorelines"] == 3
    code, out, _ = run("ingest", ws, ais, "--json")
    assert json.loads(out.splitlines()[-1])["counts"]["added"] == 1
    code, out, _ = run("ingest", ws, ais)
    assert code == 0
    assert "0 rows added" in out
    assert "新增 0 行" in out
    for command in ("detect", "score", "plan", "status"):
        extra = ["--date", "2022-01-03"] if command in {"score", "plan"} else []
        code, out, _ = run(command, ws, *extra, "--json")
        assert code == 0, out
        counts = json.loads(out.splitlines()[-1])["counts"]
    assert counts["positions"] == 1
    assert counts["scores"] == 18 * counts["segments"]


def test_a_bad_input_is_told_in_both_languages_and_ends_with_one(
    run: Run, plain_ws: folder.Workspace, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,2\n")
    for words in (
        ("ingest", plain_ws.root, bad),
        ("import", plain_ws.root, "posts", bad),
        ("status", tmp_path / "nowhere"),
        ("init", tmp_path),
        ("score", plain_ws.root),
        ("user", "disable", plain_ws.root, "nobody"),
    ):
        code, _, err = run(*words)
        assert code == 1, words
        chinese, english = err.strip().splitlines()
        assert chinese.startswith("错误：")
        assert english.startswith("error: ")
        assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        ["fly"],
        ["import", "WS", "rumours", "x.csv"],
        ["ingest"],
        ["score", "WS", "--date", "soon"],
        ["serve", "WS", "--port", "0"],
        ["tides", "x"],
    ],
)
def test_wrong_use_ends_with_two(run: Run, words: list[str]) -> None:
    assert run(*words)[0] == 2


def test_an_init_that_fails_leaves_nothing_behind(
    run: Run, coast_file: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "t.csv"
    bad.write_text("station_id,constituent,amplitude_m,phase_deg_gmt,lat,lon\nX,M2,1.0,,29,121\n")
    code, _, err = run("init", tmp_path / "ws", "--coast", coast_file, "--tides", bad)
    assert code == 1
    assert "row 2" in err
    assert "M2" in err
    assert not (tmp_path / "ws").exists()


def test_accounts_by_command(
    run: Run, plain_ws: folder.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOREGRID_PASSWORD", "tide-and-time-1")
    assert run("user", "add", plain_ws.root, "lee", "--role", "analyst")[0] == 0
    out = run("user", "list", plain_ws.root)[1]
    assert re.match(r"lee +analyst", out)
    assert run("user", "disable", plain_ws.root, "lee")[0] == 0
    assert "disabled" in run("user", "list", plain_ws.root)[1]
    assert run("user", "add", plain_ws.root, "kim", "--role", "king")[0] == 1
    local = ("user", "add", plain_ws.root, "wang", "--role", "wharf_chief")
    assert run(*local)[0] == 1
    assert run(*local, "--scope", "county")[0] == 1
    assert run(*local, "--scope", "county=all")[0] == 0
    assert re.search(r"wang +wharf_chief +county=all", run("user", "list", plain_ws.root)[1])
    assert "tide-and-time-1" not in str(store.read(plain_ws.engine, "audit").rows())


def test_tides_by_command(run: Run, shared: Path, tmp_path: Path) -> None:
    source = shared / "coast" / "tide_constituents_validation.json"
    station = json.loads(source.read_text())["stations"][0]["id"]
    span = ("--from", "2027-01-01", "--to", "2027-01-02")
    code, out, _ = run("tides", source, "--station", station, *span)
    assert code == 0
    assert len(out.splitlines()) == 1 + 241
    code, out, _ = run(
        "tides", source, "--station", station, *span, "--extremes", "--out", tmp_path / "t.csv"
    )
    kinds = (tmp_path / "t.csv").read_text()
    assert (code, out) == (0, "")
    assert "high" in kinds
    assert "low" in kinds
    for wrong in (
        ("--station", "atlantis"),
        ("--station", station, "--datum", "moon"),
        ("--station", station, "--step", "soon"),
    ):
        assert run("tides", source, *wrong, *span)[0] == 1


def test_the_nautical_zone_follows_the_longitude() -> None:
    zones = {
        121.9: "Etc/GMT-8",
        11.0: "Etc/GMT-1",
        -90.5: "Etc/GMT+6",
        3.0: "UTC",
        180: "Etc/GMT-12",
    }
    assert {lon: nautical_zone(lon) for lon in zones} == zones


def test_help_comes_at_once_and_output_that_is_piped_has_no_bars(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from workspace.cli import main; main()"]
    spans = []
    for _ in range(3):
        began = time.perf_counter()
        told = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
        spans.append(time.perf_counter() - began)
    assert "ingest" in told.stdout
    loaded = "import sys, workspace.cli; print([m for m in ('polars', 'geopandas', 'rich.progress',"
    loaded += " 'sqlalchemy', 'numba') if m in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
    assert min(spans) < 2.5  # 0.4 s on a quiet machine; the list above is the real check


def test_kinds_are_those_of_the_importers() -> None:
    assert {kind.value for kind in _cli_import.Kind} == set(KINDS)


def test_every_command_and_option_is_documented() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    group = typer.main.get_command(cli.app)
    commands = dict(group.commands)
    commands |= {f"user {name}": c for name, c in commands.pop("user").commands.items()}
    for part in ("posts", "patrols", "weights", "boundaries", "grids"):
        commands |= {f"{part} WS {name}": c for name, c in commands[part].commands.items()}
    lacking = [name for name in commands if f"shoregrid {name}" not in page]
    for name, command in commands.items():
        for option in command.params:
            flags = [flag for flag in option.opts if flag.startswith("--") and flag != "--help"]
            lacking += [f"{name} {flag}" for flag in flags if f"`{flag}`" not in page]
    assert lacking == []
    assert all(f"`{role}`" in (DOCS / "rights.md").read_text("utf-8") for role in ROLES)


def test_init_says_where_the_coast_lies_and_doubts_a_zone_that_is_far_from_it(
    run: Callable[..., tuple[int, str, str]], coast_file: Path, tmp_path: Path
) -> None:
    code, said, _ = run(
        "init", tmp_path / "a", "--coast", coast_file, "--timezone", "Asia/Shanghai"
    )
    assert (code, "longitude 121.40 to 122.05" in said, "swapped?" in said) == (0, True, False)
    code, said, _ = run("init", tmp_path / "b", "--coast", coast_file, "--timezone", "Europe/Oslo")
    assert (code, "swapped?" in said) == (0, True)
