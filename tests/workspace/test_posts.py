"""Posts, absences, gaps, staffing and the rota of a workspace."""

import csv
import json
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from geo.errors import InputError
from workspace import cli, planning, read, staffing, store
from workspace._posts_sheet import write
from workspace.folder import Workspace
from workspace.importers import Imported, import_file
from workspace.shipped import shipped_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
HEAD = "编号,岗位,姓名,对象类型,对象编号,任职起,任职止,代理岗位"


def _import(ws: Workspace, folder: Path, text: str, kind: str = "posts") -> Imported:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return import_file(ws, kind, path, now=NOW)


def _main(*args: object) -> int:
    """Run the command and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["shoregrid", "posts", *map(str, args)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def manned(coast: Workspace, tmp_path: Path) -> Workspace:
    """Return the small coast with two sections, a wharf, chiefs, a deputy and absences."""
    sections = "section_id,name,lon,lat\nS1,西段,121.6,29.31\nS2,东段,121.91,29.25\n"
    _import(coast, tmp_path, sections, "sections")
    _import(coast, tmp_path, "wharf_id,name,lon,lat\nW1,东门码头,121.914,29.27\n", "wharves")
    rows = (
        "P1,段长,甲,岸段,S1,2026-01-01,,\nP2,段长,乙,岸段,S1,2026-01-01,,P1\n"
        "P3,段长,丙,岸段,S2,2026-01-01,2026-12-31,\nP4,三级码长,丁,码头,W1,2026-01-01,2026-12-01,\n"
    )
    assert not _import(coast, tmp_path, f"{HEAD}\n{rows}").refused
    away = "编号,岗位编号,外出起,外出止,外出类别\nA1,P1,2026-11-20,2026-11-25,公出\n"
    away += "A2,P3,2026-11-24,2026-11-26,休假\n"
    assert not _import(coast, tmp_path, away, "absences").refused
    return coast


def test_roles_are_told_by_label_or_id_and_others_are_refused(
    coast: Workspace, tmp_path: Path
) -> None:
    rows = [
        "P1,总段长,a,全县,county,2026-01-01,,",
        "P2,三级码长（村干部）,b,码头,W1,2026-01-01,,",
        "P3,grid head,c,网格,G1,2026-01-01,,",
        "P4,township_officer,d,镇街,T1,2026-01-01,,",
        "P5,村长,e,网格,G1,2026-01-01,,",
        "P6,网格长,f,码头,W1,2026-01-01,,",
    ]
    done = _import(coast, tmp_path, "\n".join([HEAD, *rows]))
    assert store.read(coast.engine, "posts")["role"].to_list() == [
        "chief_section_head", "wharf_chief_3", "grid_head", "township_officer",
    ]  # fmt: skip
    assert [(one.row, one.reason) for one in done.refused] == [
        (6, "unknown_role"),
        (7, "wrong_object"),
    ]
    assert "duty/roles.toml" in done.refused[0].mend
    assert "grid_head is a role of a grid, not of a wharf" in done.refused[1].detail


def test_a_countys_own_roles_are_known(coast: Workspace, tmp_path: Path) -> None:
    (coast.root / "duty").mkdir()
    own = shipped_file("duty/roles.toml").read_text(encoding="utf-8")
    own = own.replace('zh = "网格长"', 'zh = "微网格长"')
    (coast.root / "duty" / "roles.toml").write_text(own, encoding="utf-8")
    done = _import(coast, tmp_path, f"{HEAD}\nP1,微网格长,a,网格,G1,2026-01-01,,\n")
    assert done.counts["added"] == 1
    (coast.root / "duty" / "roles.toml").write_text("[[roles", encoding="utf-8")
    with pytest.raises(InputError, match="not TOML"):
        staffing.roles_of(coast)


def test_terms_that_overlap_are_named_with_row_and_mend(coast: Workspace, tmp_path: Path) -> None:
    rows = [
        "P1,段长,a,岸段,S1,2026-01-01,2026-06-30,",
        "P2,段长,b,岸段,S1,2026-06-30,2026-12-31,",
        "P3,段长,c,岸段,S1,2026-07-01,,",
        "P4,段长,d,岸段,S1,2026-02-01,2026-03-01,P1",
        "P5,码头日常管理员,e,码头,W1,2026-01-01,,",
        "P6,码头日常管理员,f,码头,W1,2026-01-01,,",
    ]
    done = _import(coast, tmp_path, "\n".join([HEAD, *rows]))
    # P3 meets P2, which was refused itself: mended from above, one at a time.
    assert [(one.row, one.reason) for one in done.refused] == [(3, "overlap"), (4, "overlap")]
    assert "post P1 (row 2) on 2026-06-30 – 2026-06-30" in done.refused[0].detail
    assert "would have to end by 2026-06-29" in done.refused[0].detail
    assert "deputy_of" in done.refused[0].mend
    assert store.count(coast.engine, "quarantine") == 2
    again = _import(coast, tmp_path, f"{HEAD}\nP7,段长,g,岸段,S1,2026-05-01,,\n")
    assert "overlaps that of post P1 on 2026-05-01 – 2026-06-30" in again.refused[0].detail
    # Ended in the same file, the older post makes room.
    both = f"{HEAD}\nP1,段长,a,岸段,S1,2026-01-01,2026-04-30,\nP7,段长,g,岸段,S1,2026-05-01,,\n"
    assert not _import(coast, tmp_path, both).refused
    # A row that changes one column keeps what is stored in the others.
    late = _import(coast, tmp_path, "编号,任职止\nP1,2026-05-02\n")
    assert [one.reason for one in late.refused] == ["overlap"]
    assert "post P7 on 2026-05-01 – 2026-05-02" in late.refused[0].detail


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("P9,段长,x,岸段,S2,2026-01-01,,P1", "unknown_holder"),
        ("P9,段长,x,岸段,S1,2026-01-01,,P2", "unknown_holder"),
        ("P9,段长,x,岸段,S1,2026-01-01,,P77", "unknown_holder"),
        ("P9,段长,x,岸段,S1,2027-01-01,2026-01-01,", "bad_value"),
        ("P9,段长,x,村,S1,2027-01-01,,", "bad_value"),
    ],
)
def test_posts_that_cannot_be_are_refused(
    manned: Workspace, tmp_path: Path, row: str, reason: str
) -> None:
    done = _import(manned, tmp_path, f"{HEAD}\n{row}\n")
    assert [(one.row, one.reason) for one in done.refused] == [(2, reason)]


def test_absences_are_of_posts_that_are_there_and_tell_nothing_of_the_person(
    manned: Workspace, tmp_path: Path
) -> None:
    head = "post_id,away_from,away_to,cause"
    rows = "P77,2026-11-01,,leave\nP1,2026-12-02,2026-12-01,leave\nP1,2026-12-02,,heart trouble\n"
    done = _import(manned, tmp_path, f"{head}\n{rows}", "absences")
    assert {one.row: one.reason for one in done.refused} == {
        2: "unknown_post",
        3: "bad_value",
        4: "bad_value",
    }
    with pytest.raises(InputError, match="手机"):
        _import(manned, tmp_path, f"{head},手机\nP1,2026-12-02,,leave,1\n", "absences")


def test_pages_and_plans_name_who_stands_in(
    manned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_day = {day: staffing.answering(manned, date(2026, 11, day)) for day in (19, 23, 24)}
    chiefs = {
        day: found.filter(pl.col("role") == "section_chief")["post_id"].to_list()
        for day, found in by_day.items()
    }
    assert chiefs == {19: ["P1", "P3"], 23: ["P2", "P3"], 24: ["P2"]}
    told = staffing.answers(manned, "section", "S2", date(2026, 11, 24))
    assert told.select("role", "state").rows() == [("section_chief", "vacant")]

    monkeypatch.setattr(read, "today", lambda _: TODAY)
    assert read.sections(manned)["chief_name"].to_list() == ["乙", "丙"]
    planning.plan(manned, TODAY, days=1, now=NOW)


def test_gaps_name_role_object_days_and_mend(
    manned: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "gaps.csv"
    args = [manned.root, "gaps", "--from", "2026-11-23", "--to", "2026-12-31"]
    code = _main(*args, "--out", out, "--json")
    said = capsys.readouterr().out.splitlines()
    assert not code
    found = json.loads(said[-1])["gaps"]
    told = {(g["gap"], g["role"], g["object_id"]): (g["first"], g["last"]) for g in found}
    assert told["vacant", "wharf_chief_3", "W1"] == ("2026-12-02", "2026-12-31")
    assert told["vacant", "chief_section_head", "county"] == ("2026-11-23", "2026-12-31")
    assert told["away", "section_chief", "S2"] == ("2026-11-24", "2026-11-26")
    assert ("away", "section_chief", "S1") not in told
    away = next(line for line in said if "2026-11-24" in line)
    assert "东段 段长 [P3]：任职人外出，无人代理" in away
    assert "the holder is away and nobody stands in" in away
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(found)
    assert "丙" not in out.read_text(encoding="utf-8-sig")


def test_days_turned_round_are_refused_in_both_languages(
    manned: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ["--from", "2026-12-01", "--to", "2026-11-01"]
    assert _main(manned.root, "gaps", *span) == 1
    told = capsys.readouterr().err
    assert "起始日不得晚于截止日" in told
    assert "the days run from" in told


def test_staffing_counts_the_incidents_of_sections_by_local_year(
    manned: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = shipped_file("duty/staffing.toml").read_text(encoding="utf-8")
    own = own.replace('object_kind = "grid"', 'object_kind = "section"')
    (manned.root / "duty").mkdir()
    (manned.root / "duty" / "staffing.toml").write_text(own, encoding="utf-8")
    # One of 30 falls on this year's first local hour, though UTC still has last year's.
    times = ["2025-12-31 23:30"] * 29 + ["2026-01-01 00:30"]
    rows = "".join(f"{t},走私,121.914,29.27\n" for t in times)
    _import(
        manned,
        tmp_path,
        "incident_id,t0,kind,lon,lat\n"
        + "".join(f"I{n},{row}\n" for n, row in enumerate(rows.splitlines())),
        "incidents",
    )
    found = staffing.staffing(manned, TODAY)
    of_section = dict(found.select("object_id", "incidents").iter_rows())
    assert of_section == {"S1": 0, "S2": 29}
    assert found.filter(pl.col("object_id") == "S2")["needed"].to_list() == [5]
    assert not _main(manned.root, "staffing", "--date", "2027-01-02")
    told = capsys.readouterr().out
    assert "东段 应有 10 实有 0 缺 10" in told
    assert "needed 10, there 0, lacking 10" in told


def test_a_rota_is_told_written_and_says_that_it_is_a_specimen(
    manned: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "rota.xlsx"
    args = [manned.root, "rota", "--from", "2026-11-23", "--to", "2026-11-29"]
    assert not _main(*args, "--out", out, "--json")
    said = capsys.readouterr().out
    done = json.loads(said.splitlines()[-1])
    assert done["fair"]
    assert done["made"]
    assert done["counts"]["lacking"] == 0
    assert "班组为样例" in said
    assert "徒步后半夜班" in said
    assert "联防 J1（示例 example 0.0–5.0 km）：与示例邻县，由示例邻县牵头" in said
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["turns", "lacking", "fairness", "leads"]
    assert book["turns"].max_row == len(done["turns"]) + 1
    # A county's own file takes the specimen's place, and what lacks is said.
    own = shipped_file("duty/rota.toml").read_text(encoding="utf-8")
    own = own.replace("made = true\n", "", 1).replace("people = 8", "people = 40")
    own = own[: own.index("[[joint]]")]
    (manned.root / "duty").mkdir()
    (manned.root / "duty" / "rota.toml").write_text(own, encoding="utf-8")
    assert not _main(*args[:-1], "2026-11-23")
    said = capsys.readouterr().out
    assert "样例" not in said.splitlines()[-3]
    assert "徒步后半夜班 缺" in said


@pytest.mark.parametrize("name", ["rota.xlsx", "rota.csv"])
def test_a_rota_goes_on_from_the_file_of_the_one_before(
    manned: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    args = [manned.root, "rota", "--json", "--from"]
    assert not _main(*args, "2026-11-23", "--to", "2026-11-29", "--out", out)
    early = json.loads(capsys.readouterr().out.splitlines()[-1])["turns"]
    assert not _main(*args, "2026-11-28", "--to", "2026-11-29", "--before", out)
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    kept = [one for one in early if one["day"] < "2026-11-28"]
    assert sum(one["had_turns"] for one in done["fairness"]) == len(kept)
    turns = sorted((one["team"], one["start"], one["end"]) for one in kept + done["turns"])
    rests = [
        datetime.fromisoformat(b[1]) - datetime.fromisoformat(a[2])
        for a, b in pairwise(turns)
        if a[0] == b[0]
    ]
    assert min(rests) >= timedelta(hours=10)
    # A row that cannot be read is named: to leave it out would cost somebody's rest.
    csv_file = tmp_path / "bad.csv"
    csv_file.write_text("day,shift,team,end\n2026-11-24,foot_day,F1,soon\n", encoding="utf-8")
    assert _main(*args, "2026-11-25", "--before", csv_file)
    told = capsys.readouterr().err
    assert "row 2: " in told
    assert "前一份值班表有 1 行不能用" in told
    assert "rota --out" in told


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": ["=1+1", "ok"], "b": [["x", "y"], []]})
    assert write({"one": table, "two": table}, tmp_path / "t.csv")[1].name == "t-two.csv"
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [["a", "b"], ["'=1+1", "x, y"], ["ok", ""]]
    with pytest.raises(InputError, match="cannot be written as"):
        write({"one": table}, tmp_path / "t.txt")
