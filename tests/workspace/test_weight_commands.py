"""Weights by command: contradiction, sensitivity, answers, remedies; every figure finite."""

import csv
import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from risk import sensitivity_indices
from risk.indicators import evaluate
from risk.remedy import apply, candidates
from risk.score import score
from risk.sensitivity import known_values
from risk.weights import PILLARS, WeightSet, dump, effective, load
from tests.workspace._sets import people, text
from workspace import eliciting, sensitivity, weighting
from workspace._chinese import chinese
from workspace.evidence import CAMERA_M, inputs
from workspace.folder import Workspace
from workspace.importers import import_file
from workspace.remedies import remedies

Run = Callable[..., tuple[int, str, str]]
Told = Callable[..., dict[str, Any]]
DAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def _floats(value: object) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _floats(one)
    elif isinstance(value, float):
        yield value


@pytest.fixture
def told(run: Run, coast: Workspace) -> Told:
    """Return a function that runs a part of `weights` and gives its JSON, all of it finite."""
    people(coast)

    def call(*words: object) -> dict[str, Any]:
        code, out, err = run("weights", coast.root, *words, "--json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        assert all(map(math.isfinite, _floats(found)))
        return found

    return call


def _one_sided(name: str, *, turned: bool) -> str:
    """Return a set that looks at exposure alone, or at its opposite."""
    shipped = weighting.shipped_set()
    shelter = shipped.indicator("shelter")
    (a, b), *_, (c, d) = shelter.breaks
    breaks = ((a, d), (c, b)) if turned else ((a, b), (c, d))
    others = (shipped.indicator("seasonality"), shipped.indicator("patrol_cover"))
    made = shipped.model_copy(
        update={
            "name": name,
            "version": 1,
            "author": "王研判",
            "pillars": dict(zip(PILLARS, (0.01, 0.98, 0.01), strict=True)),
            "indicators": (others[0], shelter.model_copy(update={"breaks": breaks}), others[1]),
        }
    )
    return dump(made)


def test_two_sets_that_contradict_are_said_to(told: Told, tmp_path: Path) -> None:
    for name, turned in (("避风", False), ("迎风", True)):
        (tmp_path / f"{name}.toml").write_text(_one_sided(name, turned=turned), encoding="utf-8")
        told("add", tmp_path / f"{name}.toml", "--user", "王研判")
    found = told("compare", "避风", "迎风", "--date", DAY)
    assert any("contradict each other" in one["en"] for one in found["said"])
    assert any("互相矛盾" in one["zh"] for one in found["said"])
    assert found["rank_correlation"] < -0.9
    same = told("compare", "避风", "避风", "--date", DAY)
    assert not any("contradict" in one["en"] for one in same["said"])


def test_a_set_is_rejected_by_command(told: Told, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "n.toml"
    path.write_text(text(), encoding="utf-8")
    told("add", path, "--user", "王研判")
    told("propose", "夜间", "--user", "王研判")
    root = tmp_path / "ws"
    for words, said in (
        (("reject", "夜间", "--user", "boss"), "a reason is lacking"),
        (("reject", "夜间", "--user", "chief", "--reason", "x"), "the role section_chief"),
        (("reject", "夜间", "--user", "nobody", "--reason", "x"), "no account 'nobody'"),
        (("reject", "日间", "--user", "boss", "--reason", "x"), "no weight set 日间"),
    ):
        code, _, err = run("weights", root, *words)
        assert (code, said in err.splitlines()[1]) == (1, True), err
        assert err.startswith("错误：")
    told("reject", "夜间", "--user", "boss", "--reason", "断点不对")
    shown = told("show", "夜间")
    assert [(s["step"], s["reason"]) for s in shown["steps"]][-1] == ("rejected", "断点不对")
    assert told("list")["sets"][-1]["state"] == "rejected"
    code, _, err = run("weights", root, "propose", "夜间", "--user", "王研判")
    assert code == 1
    assert "下一个版本" in err


def test_sensitivity_by_command(told: Told, coast: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "s.csv"
    words = ("sensitivity", "--date", DAY, "--draws", 50, "--top", 3)
    found = told(*words, "--out", out)
    assert (found["set"], len(found["shifts"]), len(found["top"])) == ("default:3", 6, 3)
    assert len(found["roles"]) == 3 + len(weighting.shipped_set().ids)
    table = pl.read_csv(out)
    segments = table["segment_id"].n_unique()
    assert table.height == 6 * segments
    assert table["top"].is_between(0.0, 1.0).all()
    # In each draw at least 5 % of the kilometres are in the top.
    in_top = (table["top"] * table["km"]).sum() / table["km"].sum()
    assert in_top >= 0.05
    assert told(*words)["top"] == found["top"]
    assert told(*words, "--seed", 7)["sure_km"] >= 0.0
    one = told(*words, "--shift", "22:00", "--indices", "morris")
    assert one["shifts"] == [f"{DAY}T22:00"]
    assert len(one["indices"]) == len(found["roles"])


def test_the_spread_is_that_of_a_weight_of_two_fifths(coast: Workspace) -> None:
    shipped = weighting.shipped_set()
    pillars = dict(zip(PILLARS, (0.4, 0.3, 0.3), strict=True))
    drawn = sensitivity.draw(
        shipped.model_copy(update={"pillars": pillars}),
        n=20_000,
        concentration=sensitivity.concentration(0.12),
    )
    assert drawn.between[:, 0].std() == pytest.approx(0.12, rel=0.03)


def test_a_pair_is_turned_by_the_weights_that_are_told(told: Told, coast: Workspace) -> None:
    one = sensitivity.tried(coast, weighting.shipped_set(), day=DAY, shift="1", now=NOW)
    order = np.argsort(one.score[:, 0])
    ids = one.shore["segment_id"]
    low, high = int(order[0]), int(order[-1])
    (pair,) = sensitivity.flips(one, ids[low], ids[high])
    if pair.flip is not None:
        turned = score(one.indicators, pair.flip.weights).score[:, 0]
        assert turned[low] > turned[high]
    words = ("sensitivity", "--date", DAY, "--draws", 5, "--shift", "1", "--pair")
    (again,) = told(*words, ids[low], ids[high])["pair"]
    assert again["first"] < again["second"]
    twin = known_values(one.indicators, one.weights)[:, :, 0]
    like = [b for b in range(len(ids)) if b != low and (twin[:, b] == twin[:, low]).all()]
    for b in like[:1]:
        assert sensitivity.flips(one, ids[low], ids[b])[0].flip is None
    for pair_of, said in ((("x", ids[0]), "no segment x"), ((ids[0], ids[0]), "both segments")):
        with pytest.raises(InputError, match=said):
            sensitivity.flips(one, *pair_of)


def test_without_salib_it_says_how_to_get_it(
    run: Run, coast: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensitivity_indices, "find_spec", lambda _: None)
    words = ("weights", coast.root, "sensitivity", "--draws", 5, "--indices", "sobol")
    code, _, err = run(*words)
    assert code == 1
    assert 'pip install "shoregrid[sensitivity]"' in err
    assert "未安装 SALib" in err


def test_bad_choices_of_a_sensitivity_are_named(run: Run, coast: Workspace) -> None:
    root = coast.root
    code, _, err = run("weights", root, "sensitivity", "nothing")
    assert (code, "no weight set nothing" in err) == (1, True)
    code, _, err = run("weights", root, "sensitivity", "--shift", "9")
    assert (code, "there is no shift '9'" in err) == (1, True)
    assert run("weights", root, "sensitivity", "--draws", "0")[0] == 2
    assert run("weights", root, "sensitivity", "--spread", "0.9")[0] == 2


def _filled(path: Path, fill: Callable[[dict[str, str]], None]) -> Path:
    """Fill in a template in place; ``fill`` changes one row, by the English word of its header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    names = [one.rpartition("(")[2].rstrip(")") for one in head]
    with path.open("w", encoding="gb18030", newline="") as file:  # as Excel saves it in China
        writer = csv.writer(file)
        writer.writerow(head)
        for row in rows:
            cells = dict(zip(names, row, strict=True))
            fill(cells)
            writer.writerow(cells.values())
    return path


def _truth(given: WeightSet) -> dict[str, float]:
    return {**given.pillars, **{one.id: one.weight for one in given.indicators}}


@pytest.mark.parametrize("way", ["points", "swing"])
def test_points_give_back_the_weights_they_were_made_from(
    told: Told, tmp_path: Path, way: str
) -> None:
    given = weighting.shipped_set()
    truth, path = _truth(given), tmp_path / "t.csv"
    told(way, "--template", path)
    _filled(path, lambda row: row.update(points=f"{100 * truth[row['id']] / 0.5:.6f}"))
    out = tmp_path / "n.toml"
    words = (way, path, "--name", "访谈", "--author", "李研判", "--out", out)
    found = told(*words)
    made = load(out.read_text("utf-8"), where="n")
    assert (made.name, made.version, made.author) == ("访谈", 1, "李研判")
    assert made.pillars == pytest.approx(given.pillars, abs=1e-4)
    assert effective(made) == pytest.approx(effective(given), rel=1e-3)
    assert found["consistency"] == {}
    told("add", out, "--user", "李研判")
    assert told(*words)["counts"]["indicators"] == len(given.ids)
    assert load(out.read_text("utf-8"), where="n").version == 2


def test_pairs_that_agree_give_back_the_weights(told: Told, tmp_path: Path) -> None:
    worth = {name: 1.0 + k % 3 for k, name in enumerate(weighting.shipped_set().ids)}
    worth |= {"threat": 4.0, "opportunity": 2.0, "guardianship_deficit": 1.0}
    path, out = tmp_path / "p.csv", tmp_path / "p.toml"
    told("pairs", "--template", path)

    def fill(row: dict[str, str]) -> None:
        a, b = worth[row["first"]], worth[row["second"]]
        row["more"] = "甲" if a > b else "乙" if b > a else "相同"
        row["times"] = f"{max(a, b) / min(a, b):g}"

    words = ("pairs", _filled(path, fill), "--name", "对比", "--author", "李研判", "--out", out)
    found = told(*words)
    assert {group["ratio"] for group in found["consistency"].values()} == {0.0}
    assert found["pillars"] == pytest.approx(
        {"threat": 4 / 7, "opportunity": 2 / 7, "guardianship_deficit": 1 / 7}, abs=1e-4
    )
    made = load(out.read_text("utf-8"), where="p")
    for pillar in PILLARS:
        own = {one.id: one.weight for one in made.indicators if one.pillar == pillar}
        total = sum(worth[name] for name in own)
        assert own == pytest.approx({name: worth[name] / total for name in own}, abs=1e-4)


def test_pairs_that_contradict_tell_which_answer_to_revisit(told: Told, tmp_path: Path) -> None:
    path, out = tmp_path / "p.csv", tmp_path / "p.toml"
    told("pairs", "--template", path)
    circle = {("threat", "opportunity"), ("opportunity", "guardianship_deficit")}

    def fill(row: dict[str, str]) -> None:
        pair = (row["first"], row["second"])
        if pair in circle:
            row.update(more="甲", times="5")
        elif pair == ("threat", "guardianship_deficit"):
            row.update(more="乙", times="5")

    words = ("pairs", _filled(path, fill), "--name", "对比", "--author", "李研判", "--out", out)
    found = told(*words)
    assert set(found["consistency"]) == {"pillars"}
    assert found["consistency"]["pillars"]["ratio"] > 0.1
    said = " ".join(one["zh"] + one["en"] for one in found["said"])
    assert "请先重新考虑" in said
    assert "guardianship deficit" in said
    assert "未作答，沿用底本" in said
    shipped = weighting.shipped_set()
    assert found["weights"] == {one.id: one.weight for one in shipped.indicators}


BAD_POINTS = (
    (lambda row: row.update(points="many"), "row 2: `points` was 'many'"),
    (lambda row: row.update(points="-1"), "row 2: `points` was -1"),
    (lambda row: row.update(id="rumours", points="1"), "row 2: there is no indicator"),
    (lambda row: row.update(points=""), "no row is answered"),
    (lambda row: row.update(points="0"), "row 2: a pillar needs more than 0 points"),
)


@pytest.mark.parametrize(("fill", "said"), BAD_POINTS)
def test_bad_points_are_named_with_their_row(
    coast: Workspace, tmp_path: Path, fill: Callable[[dict[str, str]], None], said: str
) -> None:
    given, path = weighting.shipped_set(), tmp_path / "t.csv"
    eliciting.write_template(given, "points", path)
    with pytest.raises(InputError) as error:
        eliciting.elicited(coast, given, "points", _filled(path, fill), name="a", author="b")
    assert said in str(error.value)
    assert "作答不能使用" in chinese(error.value)
    assert "请改正" in chinese(error.value)


def test_a_group_half_answered_is_named_with_its_rows(coast: Workspace, tmp_path: Path) -> None:
    given, path = weighting.shipped_set(), tmp_path / "t.csv"
    eliciting.write_template(given, "points", path)
    _filled(path, lambda row: row.update(points="5" if row["id"] == "threat" else ""))
    with pytest.raises(InputError, match=r"row 3: opportunity has no points.*row 4: guardianship"):
        eliciting.elicited(coast, given, "points", path, name="a", author="b")
    with pytest.raises(InputError, match="file of that name"):
        eliciting.write_template(given, "points", path)


PAIR = "threat,opportunity"
BAD_PAIRS = (
    (f"{PAIR},甲,\n", "row 2: first, but not how many times"),
    (f"{PAIR},,3\n", "row 2: 3 times, but not which"),
    (f"{PAIR},相同,3\n", "row 2: the same, yet 3 times"),
    (f"{PAIR},甲,12\n", "row 2: `times` was 12"),
    (f"{PAIR},丙,2\n", "row 2: `more` was '丙'"),
    ("threat,shelter,甲,2\n", "row 2: threat and shelter are not of one group"),
    ("threat,threat,甲,2\n", "row 2: threat and threat are not of one group"),
    ("threat,rumours,甲,2\n", "row 2: there is no indicator or pillar 'rumours'"),
    (f"{PAIR},甲,2\nopportunity,threat,甲,3\n", "row 3 answers the same as row 2"),
    (f"{PAIR},甲,2\n", "pillars: no answer ties these together"),
    (f"{PAIR},,\n", "no row is answered"),
)


@pytest.mark.parametrize(("rows", "said"), BAD_PAIRS)
def test_bad_pairs_are_named_with_their_row(
    coast: Workspace, tmp_path: Path, rows: str, said: str
) -> None:
    path = tmp_path / "p.csv"
    path.write_text(f"first,second,more,times\n{rows}", encoding="utf-8")
    with pytest.raises(InputError) as error:
        eliciting.elicited(coast, weighting.shipped_set(), "pairs", path, name="a", author="b")
    assert said in str(error.value)


def test_what_an_elicitation_lacks_is_wrong_use(run: Run, coast: Workspace, tmp_path: Path) -> None:
    assert run("weights", coast.root, "points")[0] == 2
    words = ("--name", "a", "--author", "b", "--out", tmp_path / "a.toml")
    code, _, err = run("weights", coast.root, "points", tmp_path / "none.csv", *words)
    assert (code, "there is no such file" in err) == (1, True)


@pytest.fixture
def guarded(coast: Workspace, tmp_path: Path) -> Workspace:
    """The small coast with facilities out of order, overdue places, and a patrol."""
    tables = {
        "facilities": (
            "facility_id,name,name_en,kind,line,status,status_since,lon,lat\n"
            "F1,路口杆,Road bar,height_bar,way_out,broken,2026-11-01,121.914,29.271\n"
            "F2,西摄像头,West camera,camera,wharf,missing,2026-11-10,121.62,29.305\n"
            "F3,灯,Light,light,wharf,working,,121.91,29.25\n"
        ),
        "wharves": (
            "wharf_id,name,name_en,cadence_days,lon,lat\nW1,东门码头,East wharf,7,121.914,29.27\n"
        ),
        "inspections": (
            "inspection_id,object_kind,object_id,t,result\nI1,wharf,W1,2026-10-01 08:00,ok\n"
        ),
    }
    for kind, rows in tables.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(rows, encoding="utf-8")
        import_file(coast, kind, path, now=NOW)
    return coast


def test_remedies_by_command(run: Run, guarded: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "r.csv"
    words = ("remedies", guarded.root, "--date", DAY, "--top", 4, "--out", out, "--json")
    code, told, err = run(*words)
    assert code == 0, err
    found = json.loads(told.splitlines()[-1])
    assert all(map(math.isfinite, _floats(found)))
    assert found["lacking"] == ["effort"]
    assert "没有巡逻记录" in told
    plan = found["plan"]
    assert {"mend:F1", "inspect:W1"} <= {row["measure"] for row in plan}
    together = [row["together"] for row in plan]
    assert together == sorted(together)
    mend = next(row for row in plan if row["measure"] == "mend:F1")
    assert "路口杆" in mend["text_zh"]
    assert "Road bar" in mend["text_en"]
    placed = pl.read_csv(out).filter(pl.col("measure") == "mend:F1").row(0, named=True)
    shore = sensitivity.tried(guarded, weighting.shipped_set(), day=DAY, now=NOW).shore
    at = shore.filter(pl.col("segment_id") == placed["segment_id"]).row(0, named=True)
    assert placed["shoreline_id"] == at["shoreline_id"]
    assert at["from_m"] - 500 <= placed["chainage_m"] <= at["to_m"] + 500


def test_a_remedy_lowers_the_county_by_what_it_says(guarded: Workspace) -> None:
    found = remedies(guarded, DAY, top=1, now=NOW)
    weights = weighting.shipped_set()
    known = inputs(guarded, weights, found.shifts)
    measures = candidates(known, as_of=found.as_of, kinds={"camera": CAMERA_M})
    km = known.segments["length_m"].to_numpy() / 1000.0
    hours = np.array([shift.hours for shift in found.shifts])

    def total(one: Any) -> float:
        evaluated = evaluate(one, found.shifts, as_of=found.as_of, weights=weights)
        return float(km @ score(evaluated, weights).score @ hours)

    best = found.plan.row(0, named=True)
    after = apply(known, measures.only([best["measure"]]), as_of=found.as_of)
    assert total(known) - total(after) == pytest.approx(best["drop"], rel=1e-6)
    assert found.every["drop"][0] == pytest.approx(best["drop"])
    assert found.as_of == NOW
    past = remedies(guarded, DAY, top=1, now=NOW + timedelta(days=30))
    assert past.as_of == past.shifts[0].t0


def test_with_nothing_to_do_remedies_say_so(run: Run, coast: Workspace) -> None:
    code, told, err = run("remedies", coast.root, "--date", DAY)
    assert code == 0, err
    assert "没有能降低分数的措施" in told
    assert "没有设施、巡查记录、巡逻记录" in told
